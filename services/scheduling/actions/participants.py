"""The calendars of those who have a seat in a workshop. Each session occupies them, as an interview does.

The session holds the quarter-hours. Of a person with several references all calendars are occupied. Who waits for a
seat, or is offered one, occupies none; nor does a session that has begun when the seat is taken.
"""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.copies.aliases import groups_of, references_of
from services.chassis.copies.centres import known_centre
from services.chassis.refusals import msg
from services.chassis.storage.store import Work
from services.scheduling.actions.calendar import person_resource
from services.scheduling.domain import refusals, times
from services.scheduling.domain.states import TAKEN_SEATS
from services.scheduling.store import Alias, Centre, Interview, QuarterHour, Seat, Session, Workshop
from services.scheduling.store.holds import drop_expired
from services.scheduling.store.quarters import taken_in
from services.scheduling.store.workshops import seats_of, sessions_of


async def reserve_seat(work: Work, workshop: Workshop, refs: Sequence[UUID]) -> None:
    """Reserve the coming sessions of a workshop for a person with these references. Raises `OtherAppointment`."""
    holders = {
        quarter: one.id
        for one in await sessions_of(work.session, workshop.id)
        if one.starts_at > work.now
        for quarter in times.quarters(one.starts_at, one.minutes)
    }
    if not holders:
        return
    keys, first, last = sorted(person_resource(ref) for ref in refs), min(holders), max(holders)
    zone = (await known_centre(work.session, Centre, workshop.centre)).zone
    await drop_expired(work.session, keys, first, last + times.QUARTER, work.now)
    for quarter, holder in await taken_in(work.session, keys, first, last + times.QUARTER):
        if quarter in holders:
            other: Interview | Session | None = await work.session.get(Session, holder)
            what = msg("workshop") if other is not None else msg("interview")
            other = other or await work.session.get(Interview, holder)
            at = other.starts_at if other is not None else quarter
            raise refusals.OtherAppointment(what=what, at=at.astimezone(zone))
    work.guard("quarter_hours_key", refusals.OtherAppointment(what=msg("interview"), at=first.astimezone(zone)))
    for key in keys:
        for quarter, session_id in sorted(holders.items()):
            work.add(QuarterHour(resource=key, quarter=quarter, holder=session_id))


async def free_seat(work: Work, workshop: Workshop, seat: Seat) -> None:
    """The sessions of the workshop no longer occupy the person who had this seat."""
    if seat.subject_ref is None:
        return
    refs = await references_of(work.session, Alias, seat.subject_ref)
    await work.session.flush()
    others = set[UUID | None]()
    if len(refs) > 1:  # two persons who had a seat each before they were merged
        others = {one.subject_ref for one in await seats_of(work.session, workshop.id, *TAKEN_SEATS)}
    sessions = sa.select(col(Session.id)).where(col(Session.workshop_id) == workshop.id)
    await work.session.execute(
        sa.delete(QuarterHour).where(
            col(QuarterHour.resource).in_([person_resource(ref) for ref in refs if ref not in others]),
            col(QuarterHour.holder).in_(sessions),
        )
    )


async def calendars_of_participants(session: AsyncSession, workshop: Workshop) -> dict[str, UUID]:
    """The calendars of those who have a seat, under all of their references, and whose each is."""
    refs = {one.subject_ref for one in await seats_of(session, workshop.id, *TAKEN_SEATS)} - {None}
    groups = await groups_of(session, Alias, {ref for ref in refs if ref is not None})
    return {person_resource(ref): group[0] for group in groups.values() for ref in group}


def check_participants_free(busy: Iterable[Collection[str]], participants: dict[str, UUID]) -> None:
    """Nobody who has a seat has something else at the time of a session. Raises `ParticipantsBusy`, once for all.

    `busy`: the calendars that were not free, by session.
    """
    people = {participants[key] for keys in busy for key in keys}
    if people:
        raise refusals.ParticipantsBusy(people=len(people))


async def separate_calendars(work: Work, refs: Collection[UUID]) -> None:
    """Free what occupied these references together, and no longer does: they may be of different persons now."""
    if len(refs) < 2:
        return
    await work.session.flush()
    groups = await groups_of(work.session, Alias, set(refs))
    own = {person_resource(ref): group for ref, group in groups.items()}
    taken = sa.select(col(QuarterHour.resource), col(QuarterHour.holder)).where(col(QuarterHour.resource).in_(own))
    found = {(row[0], row[1]) for row in await work.session.execute(taken.distinct())}
    holders = {holder for _key, holder in found}
    interviews = sa.select(col(Interview.id), col(Interview.subject_ref)).where(col(Interview.id).in_(holders))
    seated = (
        sa.select(col(Session.id), col(Seat.subject_ref))
        .join(Seat, col(Seat.workshop_id) == col(Session.workshop_id))
        .where(col(Session.id).in_(holders), col(Seat.status).in_([one.value for one in TAKEN_SEATS]))
    )
    whose = {(row[0], row[1]) for query in (interviews, seated) for row in await work.session.execute(query)}
    known = {holder for holder, _ref in whose}  # not the holds
    for key, holder in sorted(found):
        if holder in known and not any((holder, ref) in whose for ref in own[key]):
            await work.session.execute(
                sa.delete(QuarterHour).where(col(QuarterHour.resource) == key, col(QuarterHour.holder) == holder)
            )
