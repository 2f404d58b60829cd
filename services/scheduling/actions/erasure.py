"""Erases a visitor: cancels what is planned, and keeps past interviews and attendance without their reference."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.storage.store import Work
from services.contracts.scheduling import AppointmentStatus, SchedulingPurged, Side
from services.scheduling.actions import guidance, seats
from services.scheduling.actions.calendar import person_resource
from services.scheduling.actions.waiting import record_change
from services.scheduling.domain.rules import CONSENT_ENDED, NEEDED_PURPOSE
from services.scheduling.domain.states import ACTIVE_SEATS, SeatStatus, WorkshopStatus, is_booked, takes_seats
from services.scheduling.store import GuidancePath, Interview, KnownPerson, QuarterHour, Waiting, Workshop
from services.scheduling.store.workshops import seats_of_person


async def withdraw(work: Work, subject_ref: UUID, purposes: list[str]) -> None:
    """Withdraw consent to these purposes. Without consent to guidance, the visitor is erased here."""
    person = await work.find(KnownPerson, subject_ref)
    if person is None or person.erased_at is not None:
        return
    person.purposes = [purpose for purpose in person.purposes if purpose not in purposes]
    if NEEDED_PURPOSE not in person.purposes:
        await erase_subject(work, subject_ref, work.now)


async def erase_subject(work: Work, subject_ref: UUID, at: datetime) -> None:
    """Erase a visitor and emit `SchedulingPurged`. Interviews and attendance stay, without the reference."""
    person = await work.find(KnownPerson, subject_ref)
    if person is None:
        person = work.start(KnownPerson(id=subject_ref, centre="", purposes=[], registered_at=at))
    # What this unit of work changed so far must be visible to the statements below.
    await work.session.flush()
    # Workshops before the paths of their seats: the order of locks in docs/architecture.md.
    await _erase_seats(work, subject_ref)
    await work.session.flush()
    await _erase_paths(work, subject_ref)
    await _erase_visits(work, subject_ref)
    await work.session.execute(sa.delete(QuarterHour).where(col(QuarterHour.resource) == person_resource(subject_ref)))
    person.purposes, person.centre, person.erased_at = [], "", work.now
    work.emit(person, SchedulingPurged(subject_ref=subject_ref, at=work.now))


async def _erase_paths(work: Work, subject_ref: UUID) -> None:
    paths = sa.select(GuidancePath).where(col(GuidancePath.subject_ref) == subject_ref)
    for path in (await work.session.scalars(paths.order_by(col(GuidancePath.id)).with_for_update())).all():
        path.subject_ref = None
    query = sa.select(Interview).where(col(Interview.subject_ref) == subject_ref)
    found: Sequence[Interview] = (await work.session.scalars(query.order_by(col(Interview.id)).with_for_update())).all()
    for interview in found:
        if is_booked(AppointmentStatus(interview.status)):
            await guidance.cancel(work, interview, by=Side.VISITOR, reason=CONSENT_ENDED)
        interview.subject_ref, interview.visit_id = None, None


async def _erase_visits(work: Work, subject_ref: UUID) -> None:
    query = sa.select(Waiting).where(col(Waiting.subject_ref) == subject_ref)
    for row in (await work.session.scalars(query.order_by(col(Waiting.id)).with_for_update())).all():
        row.subject_ref, row.changed_at = None, work.now
        record_change(work, row)


async def _erase_seats(work: Work, subject_ref: UUID) -> None:
    kept = await seats_of_person(work.session, subject_ref)
    for seat in sorted(kept, key=lambda seat: seat.workshop_id):
        workshop = await work.load(Workshop, seat.workshop_id)
        await work.session.refresh(seat)
        if takes_seats(WorkshopStatus(workshop.status)) and SeatStatus(seat.status) in ACTIVE_SEATS:
            await seats.release_seat(work, workshop, seat.id, by=Side.VISITOR)
        seat.subject_ref = None
