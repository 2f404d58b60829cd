"""Erases a visitor: ends what is booked, and keeps past interviews and attendance without their reference."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.copies.aliases import erase_aliases, references_of
from services.chassis.copies.visitors import erase_visitor
from services.chassis.events.dead_letters import erase_dead_letters
from services.chassis.storage.store import Work
from services.contracts.erasure import SchedulingPurged
from services.scheduling.actions.calendar import person_resource
from services.scheduling.actions.consent import end_bookings
from services.scheduling.actions.feeds import end_visitor_feed
from services.scheduling.actions.holds import give_back
from services.scheduling.actions.waiting import record_change
from services.scheduling.domain.holds import owner_of_person
from services.scheduling.domain.outcomes import needs_visit
from services.scheduling.store import Alias, GuidancePath, Interview, KnownPerson, QuarterHour, Visitor, Waiting
from services.scheduling.store.workshops import seats_of_person


async def erase_subject(work: Work, subject_ref: UUID, at: datetime) -> None:
    """Erase a visitor and emit `SchedulingPurged`. Interviews and attendance stay, without the reference."""
    await erase_dead_letters(work, subject_ref)
    person = await work.find(KnownPerson, subject_ref)
    found = person is not None and person.erased_at is None
    if person is None:
        person = work.start(KnownPerson(id=subject_ref, centre="", purposes=[], registered_at=at))
    kept, *_others = await references_of(work.session, Alias, subject_ref)
    await give_back(work, owner_of_person(kept))
    await end_bookings(work, subject_ref)
    await end_visitor_feed(work, [subject_ref])
    found = await _erase_references(work, subject_ref) or found
    await work.session.execute(sa.delete(QuarterHour).where(col(QuarterHour.resource) == person_resource(subject_ref)))
    person.purposes, person.centre, person.erased_at = [], "", work.now
    await erase_visitor(work, Visitor, subject_ref)
    await erase_aliases(work, Alias, subject_ref)
    work.erased.add(subject_ref)
    work.emit(person, SchedulingPurged(subject_ref=subject_ref, at=work.now, found=found))


async def _erase_references(work: Work, subject_ref: UUID) -> bool:
    """Take the reference out of seats, paths, interviews and visits, which `end_bookings` has locked or are past.

    The visit, which is nobody's then, still ends with an interview that has begun, and goes on if its end is undone.
    Returns whether there were any.
    """
    seats = await seats_of_person(work.session, subject_ref)
    for seat in seats:
        seat.subject_ref = None
    of_person = sa.select(GuidancePath).where(col(GuidancePath.subject_ref) == subject_ref)
    paths = (await work.session.scalars(of_person.order_by(col(GuidancePath.id)).with_for_update())).all()
    for path in paths:
        path.subject_ref = None
    held = sa.select(Interview).where(col(Interview.subject_ref) == subject_ref)
    interviews = (await work.session.scalars(held.order_by(col(Interview.id)).with_for_update())).all()
    for interview in interviews:
        interview.subject_ref = interview.interpreter_language = None
        if not needs_visit(interview.status, interview.ended_at, work.now):
            interview.visit_id = None
    visits = sa.select(Waiting).where(col(Waiting.subject_ref) == subject_ref)
    waiting = (await work.session.scalars(visits.order_by(col(Waiting.id)).with_for_update())).all()
    for row in waiting:
        row.subject_ref, row.changed_at = None, work.now
        record_change(work, row)
    return bool(seats or paths or interviews or waiting)
