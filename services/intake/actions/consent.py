"""Gives and withdraws a registered visitor's consent, purpose by purpose. Withdrawn consents stay as a record."""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.refusals import msg
from services.chassis.storage.store import Work
from services.contracts.consent import Purpose
from services.contracts.intake import VisitorConsentGiven, VisitorConsentWithdrawn
from services.intake import domain
from services.intake.actions.references import lock_references
from services.intake.store import Consent, Visitor
from services.intake.store.messages import Message, drop_open


async def give_consent(
    work: Work, subject_ref: UUID, purposes: list[str], recorded_by: str, *, by_representative: bool = False
) -> None:
    """Record consent to these purposes under this reference; those in force already are ignored.

    One that only another reference of the person gave is recorded, and not published again.

    `by_representative`: a parent or representative consents. Raises `UnknownPurpose`.
    """
    domain.check_purposes(purposes)
    await _give(work, subject_ref, purposes, recorded_by, by_representative=by_representative)


async def give_own_consent(
    work: Work, subject_ref: UUID, purposes: list[str], *, by_representative: bool = False
) -> None:
    """Record consent that a visitor gives themselves: under every reference of theirs. Raises `UnknownPurpose`."""
    domain.check_purposes(purposes)
    for ref in (await lock_references(work, subject_ref))[subject_ref]:
        await _give(work, ref, purposes, _by_visitor(subject_ref), by_representative=by_representative)


async def end_consents_of_others(work: Work, refs: Collection[UUID], others: Collection[UUID], ended_by: str) -> None:
    """Withdraw what visitors with the references `others` gave themselves under one of `refs`: it was not theirs.

    A purpose that the person themselves or the desk recorded too stays in force.
    """
    strangers = {_by_visitor(other) for other in others}
    for ref in sorted(refs):
        in_force = await consents_in_force(work.session, ref)
        given = [one for one in in_force if one.recorded_by in strangers]
        kept = {one.purpose for one in in_force if one.recorded_by not in strangers}
        for one in given:
            if one.purpose in kept:
                one.withdrawn_at, one.withdrawn_by = work.now, ended_by
        if ended := [one.purpose for one in given if one.purpose not in kept]:
            await withdraw_under(work, await work.load(Visitor, ref, msg("registered person")), ended, ended_by)


def _by_visitor(subject_ref: UUID) -> str:
    """`recorded_by` of what a visitor did on their own page (`Person.subject`)."""
    return f"visitor/{subject_ref}"


def _by_another(recorded_by: str, subject_ref: UUID) -> bool:
    """Whether a visitor recorded it on their own page, under another reference than this one."""
    return recorded_by.startswith("visitor/") and recorded_by != _by_visitor(subject_ref)


async def _give(
    work: Work, subject_ref: UUID, purposes: Iterable[str], recorded_by: str, *, by_representative: bool = False
) -> None:
    """Record what is not in force yet, and what is only as another reference gave it: a separation ends that."""
    visitor = await work.load(Visitor, subject_ref, msg("registered person"))
    in_force = await consents_in_force(work.session, subject_ref)
    before = {one.purpose for one in in_force}
    own = {one.purpose for one in in_force if not _by_another(one.recorded_by, subject_ref)}
    known = before if _by_another(recorded_by, subject_ref) else own
    record(work, subject_ref, sorted(set(purposes) - known), recorded_by, by_representative=by_representative)
    given = sorted(set(purposes) - before)
    if not given:
        return
    work.emit(
        visitor,
        VisitorConsentGiven(
            subject_ref=subject_ref,
            centre=visitor.centre,
            at=work.now,
            purposes=tuple(given),
            in_force=tuple(sorted(before | set(given))),
        ),
    )


async def withdraw_consent(work: Work, subject_ref: UUID, purposes: list[str], recorded_by: str) -> None:
    """Withdraw consent to these purposes under every reference of the person; those without consent are ignored.

    Raises `UnknownPurpose`.
    """
    domain.check_purposes(purposes)
    refs = (await lock_references(work, subject_ref))[subject_ref]
    await work.load(Visitor, subject_ref, msg("registered person"))
    for ref in refs:
        await withdraw_under(work, await work.load(Visitor, ref, msg("registered person")), purposes, recorded_by)


async def withdraw_under(work: Work, visitor: Visitor, purposes: list[str], recorded_by: str) -> None:
    """Withdraw consent to these purposes under this reference alone. Without consent to them, nothing changes."""
    subject_ref = visitor.id
    before = await consents_in_force(work.session, subject_ref)
    withdrawn = [consent for consent in before if consent.purpose in purposes]
    if not withdrawn:
        return
    for consent in withdrawn:
        consent.withdrawn_at, consent.withdrawn_by = work.now, recorded_by
    ended = {consent.purpose for consent in withdrawn}
    if Purpose.REMINDERS in ended:
        await drop_open(work.session, col(Message.subject_ref) == subject_ref, work.now)
    work.emit(
        visitor,
        VisitorConsentWithdrawn(
            subject_ref=subject_ref,
            at=work.now,
            purposes=tuple(sorted(ended)),
            in_force=tuple(sorted({consent.purpose for consent in before} - ended)),
        ),
    )


def record(
    work: Work, subject_ref: UUID, purposes: Iterable[str], recorded_by: str, *, by_representative: bool = False
) -> None:
    """Add the record of a consent to each of these purposes."""
    for purpose in purposes:
        work.add(
            Consent(
                id=uuid4(),
                subject_ref=subject_ref,
                purpose=purpose,
                given_at=work.now,
                recorded_by=recorded_by,
                by_representative=by_representative,
            )
        )


async def consents_of(session: AsyncSession, *refs: UUID) -> Sequence[Consent]:
    """A visitor's consents under these references, withdrawn ones too, the last one first."""
    query = sa.select(Consent).where(col(Consent.subject_ref).in_(refs))
    # Of two that were given at the same time, the one in force is the last.
    last_first = (col(Consent.given_at).desc(), col(Consent.withdrawn_at).is_not(None), col(Consent.id))
    return (await session.scalars(query.order_by(*last_first))).all()


async def consents_in_force(session: AsyncSession, subject_ref: UUID) -> Sequence[Consent]:
    """A visitor's consents that were not withdrawn, by purpose."""
    await session.flush()
    query = sa.select(Consent).where(col(Consent.subject_ref) == subject_ref, col(Consent.withdrawn_at).is_(None))
    return (await session.scalars(query.order_by(col(Consent.purpose)))).all()
