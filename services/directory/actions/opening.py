"""Opens referrals: by hand, from a plan's action, or from the list of unassigned referrals."""

import secrets
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.refusals import AlreadyDifferent, NotFound, msg
from services.chassis.storage.bulk import upsert
from services.chassis.storage.checks import check_same
from services.chassis.storage.store import Work
from services.contracts.directory import ReferralRequested, ServiceStatus
from services.contracts.directory import ReferralStatus as Status
from services.directory import domain
from services.directory.actions.feed import emit_referral_event
from services.directory.actions.referrals import centre_board, record_step
from services.directory.domain import Party
from services.directory.store import ErasedSubject, Referral, Service, SubjectKey, UnassignedReferral, open_referral


async def refer(
    work: Work,
    id: UUID,
    *,
    subject_ref: UUID,
    centre: str,
    area: str | None,
    service_id: UUID,
    reason: str,
    requested_by: str | None,
) -> Referral:
    """Opens a referral that a counsellor requests by hand. The same request under the same id changes nothing.

    Raises `AlreadyDifferent`, `AlreadyReferred`, `ServiceNotActive`, `UnknownReason`, `NotFound`.
    """
    domain.check_referral_reason(reason)
    if (known := await work.find(Referral, id)) is not None:
        existing = (known.subject_ref, known.service_id, known.centre, known.reason)
        check_same(existing, (subject_ref, service_id, centre, reason), field="id", id=id)
        return known
    service = await _active_service(work, service_id)
    if not await lock_subject(work, subject_ref):
        raise NotFound(about="subject_ref", what=msg("registered person"))
    await _check_not_referred(work, subject_ref, service_id)
    referral = Referral(
        id=id,
        subject_ref=subject_ref,
        centre=centre,
        area=area,
        organization_id=service.organization_id,
        service_id=service_id,
        reason=reason,
        status=Status.REQUESTED.value,
        requested_at=work.now,
        status_at=work.now,
        requested_by=requested_by,
    )
    work.guard("referrals_key", AlreadyDifferent(about="id", id=str(id)))
    return _open(work, work.start(referral), subject_ref, by=requested_by)


async def refer_from_plan(
    work: Work,
    action_id: UUID,
    *,
    subject_ref: UUID,
    centre: str,
    area: str | None,
    service_id: UUID | None,
    reason: str | None,
    plan_id: UUID,
) -> None:
    """Opens a referral for a plan's action. Without a usable service, adds an unassigned referral instead.

    Once per action: a repeated event changes nothing. Opens nothing for an erased person.
    """
    if await work.find(UnassignedReferral, action_id) is not None or await _has_referral(work, action_id):
        return
    if not await lock_subject(work, subject_ref):
        return
    why = reason or "other"
    service = await work.session.get(Service, service_id) if service_id is not None else None
    usable = service is not None and service.status == "active"
    if service is None or not usable or await _open_referral(work, subject_ref, service.id) is not None:
        work.start(
            UnassignedReferral(
                id=action_id,
                subject_ref=subject_ref,
                centre=centre,
                area=area,
                reason=why,
                plan_id=plan_id,
                wanted_service_id=service_id,
                since=work.now,
            )
        )
        work.notify_board(centre_board(centre))
        return
    referral = Referral(
        subject_ref=subject_ref,
        centre=centre,
        area=area,
        organization_id=service.organization_id,
        service_id=service.id,
        reason=why,
        plan_id=plan_id,
        action_id=action_id,
        status=Status.REQUESTED.value,
        requested_at=work.now,
        status_at=work.now,
    )
    _open(work, work.start(referral), subject_ref, by=None)


async def assign(work: Work, action_id: UUID, service_id: UUID, *, requested_by: str) -> Referral:
    """Opens the referral of an unassigned one, to the service that a counsellor chose.

    Raises `NotFound`, `ServiceNotActive`, `AlreadyReferred`.
    """
    service = await _active_service(work, service_id)
    request = await work.session.get(UnassignedReferral, action_id)
    # Locks the person before the unassigned referral: the order of locks in docs/architecture.md.
    if request is None or not await lock_subject(work, request.subject_ref):
        raise NotFound(what=msg("referral without a service"))
    waiting = await work.load(UnassignedReferral, action_id, msg("referral without a service"))
    await _check_not_referred(work, waiting.subject_ref, service_id)
    referral = Referral(
        correlation_id=waiting.correlation_id,
        subject_ref=waiting.subject_ref,
        centre=waiting.centre,
        area=waiting.area,
        organization_id=service.organization_id,
        service_id=service_id,
        reason=waiting.reason,
        plan_id=waiting.plan_id,
        action_id=waiting.id,
        status=Status.REQUESTED.value,
        requested_at=work.now,
        status_at=work.now,
        requested_by=requested_by,
    )
    await work.session.delete(waiting)
    # `add`, not `start`: it keeps the plan's correlation id.
    return _open(work, work.add(referral), waiting.subject_ref, by=requested_by)


async def dismiss(work: Work, action_id: UUID) -> None:
    """Deletes an unassigned referral: the action needs no provider. Raises `NotFound`."""
    waiting = await work.load(UnassignedReferral, action_id, msg("referral without a service"))
    await work.session.delete(waiting)
    work.notify_board(centre_board(waiting.centre))


async def lock_subject(work: Work, subject_ref: UUID) -> bool:
    """Locks the person until the transaction ends, so that opening a referral and erasing them exclude each other.

    False: the person was erased. Creates the key of their partner references if it is missing.
    """
    if await work.session.get(ErasedSubject, subject_ref) is not None:
        return False
    await work.session.execute(_new_key(work.session), {"subject_ref": subject_ref, "key": secrets.token_bytes(32)})
    await work.load(SubjectKey, subject_ref, msg("registered person"))
    # Checked again under the lock: an erasure may have committed in between.
    return await work.session.get(ErasedSubject, subject_ref) is None


@upsert
def _new_key(insert: Any) -> Any:
    return insert(SubjectKey).on_conflict_do_nothing()


def _open(work: Work, referral: Referral, subject_ref: UUID, *, by: str | None) -> Referral:
    work.guard("referrals_open_once", domain.AlreadyReferred())
    emit_referral_event(
        work,
        referral,
        ReferralRequested(
            referral_id=referral.id,
            subject_ref=subject_ref,
            centre=referral.centre,
            area=referral.area,
            organization_id=referral.organization_id,
            service_id=referral.service_id,
            reason=referral.reason,
            plan_id=referral.plan_id,
            action_id=referral.action_id,
            at=work.now,
        ),
    )
    record_step(work, referral, Party.CENTRE, by)
    return referral


async def _active_service(work: Work, service_id: UUID) -> Service:
    service = await work.session.get(Service, service_id)
    if service is None:
        raise NotFound(about="service_id", what=msg("service"))
    if service.status != "active":
        raise domain.ServiceNotActive(service=service.name, status=ServiceStatus(service.status))
    return service


async def _check_not_referred(work: Work, subject_ref: UUID, service_id: UUID) -> None:
    """The person has no open referral to this service. Raises `AlreadyReferred`."""
    if (existing := await _open_referral(work, subject_ref, service_id)) is not None:
        raise domain.AlreadyReferred(referral_id=existing.id)


async def _open_referral(work: Work, subject_ref: UUID, service_id: UUID) -> Referral | None:
    await work.session.flush()
    return await open_referral(work.session, subject_ref, service_id)


async def _has_referral(work: Work, action_id: UUID) -> bool:
    await work.session.flush()
    chosen = sa.select(col(Referral.id)).where(col(Referral.action_id) == action_id).limit(1)
    return await work.session.scalar(chosen) is not None
