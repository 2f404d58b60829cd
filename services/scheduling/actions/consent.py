"""A visitor's consent, and the end of what is booked for them: without consent to guidance, and at their erasure."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.storage.store import Work
from services.contracts.consent import CONSENT_ENDED, purposes_left
from services.contracts.scheduling import AppointmentStatus, Side
from services.scheduling.actions import earlier, guidance, people, seats
from services.scheduling.domain.rules import NEEDED_PURPOSE
from services.scheduling.domain.states import ACTIVE_SEATS, SeatStatus, WorkshopStatus, has_seat, is_booked, takes_seats
from services.scheduling.store import GuidancePath, Interview, KnownPerson, Workshop
from services.scheduling.store.workshops import seats_of_person, sessions_of


async def give(work: Work, subject_ref: UUID, centre: str, in_force: list[str], at: datetime) -> None:
    """Store the purposes after a later consent. An erased visitor stays erased."""
    person = await work.find(KnownPerson, subject_ref)
    if person is None:
        await people.register(work, subject_ref, centre, in_force, at)
    elif person.erased_at is None:
        person.purposes = in_force


async def withdraw(work: Work, subject_ref: UUID, purposes: Iterable[str], in_force: Iterable[str] | None) -> None:
    """Store the purposes after a withdrawal. Without guidance, nothing of the visitor stays booked."""
    person = await work.find(KnownPerson, subject_ref)
    if person is None or person.erased_at is not None:
        return
    person.purposes = purposes_left(person.purposes, purposes, in_force)
    if NEEDED_PURPOSE not in person.purposes:
        await end_bookings(work, subject_ref)


async def end_bookings(work: Work, subject_ref: UUID) -> None:
    """Release a visitor's seats and waitlist entries, and cancel their booked interviews.

    What took place stays. So does what has begun and is not recorded yet: the team can still record it, and the figures
    count it.
    Locks workshops before the paths of their seats: the order of locks in docs/architecture.md.
    """
    # What this unit of work changed so far must be visible to the statements below.
    await work.session.flush()
    await _release_seats(work, subject_ref)
    await work.session.flush()
    await _cancel_interviews(work, subject_ref)
    await work.session.flush()


async def _release_seats(work: Work, subject_ref: UUID) -> None:
    kept = await seats_of_person(work.session, subject_ref)
    for seat in sorted(kept, key=lambda seat: seat.workshop_id):
        workshop = await work.load(Workshop, seat.workshop_id)
        await work.session.refresh(seat)
        if not takes_seats(WorkshopStatus(workshop.status)) or SeatStatus(seat.status) not in ACTIVE_SEATS:
            continue
        last = (await sessions_of(work.session, workshop.id))[-1]
        if last.starts_at > work.now or not has_seat(SeatStatus(seat.status)):
            await seats.release_seat(work, workshop, seat.id, by=Side.VISITOR, reason=CONSENT_ENDED)


async def _cancel_interviews(work: Work, subject_ref: UUID) -> None:
    # A booking locks its path: after this, none is under way.
    paths = sa.select(col(GuidancePath.id)).where(col(GuidancePath.subject_ref) == subject_ref)
    await work.session.execute(paths.order_by(col(GuidancePath.id)).with_for_update())
    query = sa.select(Interview).where(col(Interview.subject_ref) == subject_ref)
    found = (await work.session.scalars(query.order_by(col(Interview.id)).with_for_update())).all()
    await earlier.drop(work, found)
    for interview in found:
        begun = interview.started_at is not None or interview.starts_at <= work.now
        if is_booked(AppointmentStatus(interview.status)) and not begun:
            await guidance.cancel(work, interview, by=Side.VISITOR, reason=CONSENT_ENDED)
