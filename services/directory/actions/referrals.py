"""Progress of a referral: the provider answers, the centre cancels, or it expires."""

from datetime import timedelta
from uuid import UUID, uuid4

from services.chassis.refusals import msg
from services.chassis.storage.checks import check_version
from services.chassis.storage.store import Work
from services.contracts.directory import ReferralProgressed
from services.contracts.directory import ReferralStatus as Status
from services.directory import domain
from services.directory.actions.feed import emit_referral_event
from services.directory.domain import Party
from services.directory.store import Referral, ReferralStep, overdue


def centre_board(centre: str) -> str:
    """The live board of a centre's referrals."""
    return f"directory:referrals:{centre}"


def inbox_board(organization_id: UUID) -> str:
    """The live board of a provider's inbox."""
    return f"directory:inbox:{organization_id}"


async def progress(
    work: Work,
    referral_id: UUID,
    wanted: Status,
    *,
    party: Party,
    by: str | None,
    reason: str | None = None,
    version: int | None = None,
) -> Referral:
    """Sets the next status of a referral, on behalf of `party`.

    Raises `Stale`, `WrongReferralStep`, `NotYourStep`, `UnknownReason`, `ReasonNotWanted`.
    """
    referral = await work.load(Referral, referral_id, msg("referral"))
    check_version(referral, version)
    domain.check_step(Status(referral.status), wanted, party)
    domain.check_reason(wanted, reason)
    referral.status, referral.status_reason, referral.status_at = wanted.value, reason, work.now
    emit_referral_event(
        work,
        referral,
        ReferralProgressed(
            referral_id=referral.id,
            centre=referral.centre,
            organization_id=referral.organization_id,
            service_id=referral.service_id,
            status=wanted,
            reason=reason,
            plan_id=referral.plan_id,
            action_id=referral.action_id,
            at=work.now,
        ),
    )
    record_step(work, referral, party, by)
    return referral


async def cancel(work: Work, referral_id: UUID, reason: str, *, by: str, version: int | None = None) -> Referral:
    """Cancels a referral on behalf of its centre."""
    return await progress(
        work, referral_id, Status.CANCELLED, party=Party.CENTRE, by=by, reason=reason, version=version
    )


async def expire(work: Work, within: timedelta = domain.ANSWER_WITHIN, limit: int = 500) -> int:
    """Expires referrals without an answer `within` this time, the oldest first, at most `limit`. Returns how many.

    Safe to run concurrently.
    """
    due = await overdue(work.session, work.now - within, limit)
    await work.prefetch(Referral, due)
    expired = 0
    for id in due:
        referral = await work.load(Referral, id, msg("referral"))
        # Checked again under the lock: the provider may have answered in between.
        if Status(referral.status) in domain.UNANSWERED:
            await progress(work, id, Status.EXPIRED, party=Party.PLATFORM, by=None)
            expired += 1
    return expired


def record_step(work: Work, referral: Referral, party: Party, by: str | None) -> None:
    """Adds a step to the history, and notifies the boards of both sides."""
    work.add(
        ReferralStep(
            id=uuid4(),
            referral_id=referral.id,
            number=referral.version,
            status=referral.status,
            reason=referral.status_reason,
            party=party.value,
            by=by,
            at=work.now,
        )
    )
    work.notify_board(centre_board(referral.centre), inbox_board(referral.organization_id))
