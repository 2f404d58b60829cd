"""Workshops that change: who is expected when, and what their people learn of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.copies.centres import known_centre
from services.chassis.storage.store import Work
from services.contracts.queue import seat_appointment
from services.intake.actions import visits
from services.intake.actions.appointments import Booking, expect_in_workshop
from services.intake.actions.messages import queue_about
from services.intake.actions.reminders import keep
from services.intake.domain.messages import MailPurpose, Meeting, next_reminder
from services.intake.store import Centre, Visitor
from services.intake.store.appointments import Appointment, WorkshopSession, delete_where, sessions_of
from services.intake.store.messages import Message, drop_open, open_about, waiting_until
from services.intake.store.reminders import of_seat


async def change_workshop(
    work: Work, workshop_id: UUID, centre: str, sessions: Mapping[UUID, Booking], at: datetime
) -> None:
    """Copy a workshop's sessions again, by their ids. Those that had begun then (`at`) stay as they were held.

    The appointments of its people get its counsellor and room; their times follow by `reschedule_seat`.
    """
    await work.session.flush()
    kept = {one.id: one for one in await sessions_of(work.session, workshop_id)}
    for id, one in kept.items():
        if id not in sessions:
            await work.session.delete(one)
    for id, booking in sessions.items():
        known = kept.get(id)
        if known is None and booking.ends_at > work.now:
            work.add(WorkshopSession(id=id, workshop_id=workshop_id, **asdict(booking)))
        elif known is not None and known.starts_at > at:
            for name, value in asdict(booking).items():
                setattr(known, name, value)
            where = {"area": booking.area, "counsellor": booking.counsellor, "room": booking.room}
            theirs = sa.update(Appointment).where(col(Appointment.session_id) == id).values(where)
            await work.session.execute(theirs.execution_options(synchronize_session="fetch"))
    work.notify_board(visits.board(centre))


async def reschedule_seat(
    work: Work, workshop_id: UUID, seat_id: UUID, subject_ref: UUID, centre: str, at: datetime, *, waits: bool
) -> None:
    """The sessions of a person's workshop have changed: they are expected at other times, and learn it.

    `waits`: they are on its waitlist, and are only informed. Ignored if the person is not registered here.
    """
    if await work.find(Visitor, subject_ref) is None:
        return
    await work.session.flush()
    if waits:
        await _inform_waitlist(work, MailPurpose.WAITLIST_CHANGED, workshop_id, seat_id, subject_ref, centre, at)
        return
    await _expect_anew(work, workshop_id, seat_id, subject_ref)
    await _remind_anew(work, workshop_id, seat_id, subject_ref, centre)


async def end_waitlist(
    work: Work, workshop_id: UUID, seat_id: UUID, subject_ref: UUID, centre: str, at: datetime
) -> None:
    """The workshop is cancelled for which a person waits."""
    if await work.find(Visitor, subject_ref) is not None:
        await work.session.flush()
        await _inform_waitlist(work, MailPurpose.WAITLIST_CANCELLED, workshop_id, seat_id, subject_ref, centre, at)


async def _inform_waitlist(
    work: Work,
    purpose: MailPurpose,
    workshop_id: UUID,
    seat_id: UUID,
    subject_ref: UUID,
    centre: str,
    at: datetime,
) -> None:
    meetings = await _to_come(work, workshop_id, seat_id)
    if not meetings:
        return
    until = await waiting_until(work.session, seat_id, MailPurpose.WORKSHOP_OFFER, work.now)
    if purpose is MailPurpose.WAITLIST_CHANGED and until is not None:
        purpose = MailPurpose.WORKSHOP_OFFER  # not sent yet: with the new times it says all
        until = min(until, meetings[0].starts_at)
    else:
        until = None
    await queue_about(work, purpose, subject_ref, centre, seat_id, meetings, 0, at.isoformat(), until)


async def _to_come(work: Work, workshop_id: UUID, seat_id: UUID) -> list[Meeting]:
    """The sessions that have not begun, as a seat's appointments."""
    return [
        Meeting(seat_appointment(one.id, seat_id), one.starts_at, one.ends_at)
        for one in await sessions_of(work.session, workshop_id)
        if one.starts_at > work.now
    ]


async def _expect_anew(work: Work, workshop_id: UUID, seat_id: UUID, subject_ref: UUID) -> None:
    """The appointments of a seat follow its sessions. Of another day, the person has not arrived yet."""
    sessions = {one.id: one for one in await sessions_of(work.session, workshop_id)}
    theirs = sa.select(Appointment).where(col(Appointment.seat_id) == seat_id).with_for_update()
    for known in await work.session.scalars(theirs):
        one = sessions.get(known.session_id) if known.session_id is not None else None
        if one is None:
            if known.starts_at > work.now:
                await delete_where(work.session, col(Appointment.id) == known.id)
            continue
        zone = (await known_centre(work.session, Centre, known.centre)).zone
        if known.starts_at.astimezone(zone).date() != one.starts_at.astimezone(zone).date():
            known.arrived_at = known.visit_id = known.linked_at = None
            known.identified_visit = True
        known.starts_at, known.ends_at = one.starts_at, one.ends_at
    await expect_in_workshop(work, workshop_id, seat_id, subject_ref)


async def _remind_anew(work: Work, workshop_id: UUID, seat_id: UUID, subject_ref: UUID, centre: str) -> None:
    """The reminders of a seat follow its sessions. One message has those to come, one those that are gone.

    What waits to be sent lists no session that is gone.
    """
    kept = {one.id: one for one in await of_seat(work.session, seat_id)}
    coming = await _to_come(work, workshop_id, seat_id)
    edition = max((one.moves for one in kept.values()), default=0) + 1
    now = {one.id for one in coming}
    gone = [one for id, one in kept.items() if id not in now and one.starts_at > work.now]
    changed = set[UUID]()
    for meeting in coming:
        known = kept.get(meeting.id)
        if known is None:
            keep(work, subject_ref, centre, meeting, seat_id, workshop_id, edition)
        elif (known.starts_at, known.ends_at) != (meeting.starts_at, meeting.ends_at):
            known.starts_at, known.ends_at = meeting.starts_at, meeting.ends_at
            known.remind_at = next_reminder(meeting.starts_at, work.now)
        else:
            continue
        changed.add(meeting.id)
    for one in kept.values():
        one.moves = edition
    waiting = await open_about(work.session, seat_id)
    stale = await _drop_reminders(work, waiting, {one.id for one in gone})
    if changed or stale:
        purpose, meetings = _replacing(waiting, coming, changed)
        await queue_about(work, purpose, subject_ref, centre, seat_id, meetings, edition)
    if gone:
        meetings = [one.meeting for one in gone]
        purpose = MailPurpose.WORKSHOP_SESSION_CANCELLED
        await queue_about(work, purpose, subject_ref, centre, gone[0].id, meetings, edition)
    for one in gone:
        await work.session.delete(one)


async def _drop_reminders(work: Work, waiting: Sequence[Message], gone: Collection[UUID]) -> bool:
    """Drop the reminders of these sessions. Whether another message that waits lists one of them."""
    listing = [one for one in waiting if any(Meeting.of(meeting).id in gone for meeting in one.meetings)]
    reminders = [one.id for one in listing if one.purpose == MailPurpose.WORKSHOP_REMINDER]
    if reminders:
        await drop_open(work.session, col(Message.id).in_(reminders), work.now)
    return len(listing) > len(reminders)


def _replacing(
    waiting: Sequence[Message], coming: Sequence[Meeting], changed: Collection[UUID]
) -> tuple[MailPurpose, list[Meeting]]:
    """What is sent instead of what waits, with the first of the changed sessions in front.

    Who has no message about their place yet gets that one.
    """
    if any(one.purpose == MailPurpose.WORKSHOP_PLACE for one in waiting):
        return MailPurpose.WORKSHOP_PLACE, list(coming)
    unsaid = {Meeting.of(one.meetings[0]).id for one in waiting if one.purpose == MailPurpose.WORKSHOP_CHANGED}
    return MailPurpose.WORKSHOP_CHANGED, sorted(coming, key=lambda one: one.id not in {*changed, *unsaid})


async def record_presence(work: Work, session_id: UUID, seat_id: UUID, at: datetime, *, attended: bool) -> None:
    """The counsellor recorded whether the visitor came to a session. An arrival that was recorded stays as it is."""
    known = await work.find(Appointment, seat_appointment(session_id, seat_id))
    if known is None or known.visit_id is not None:
        return
    known.arrived_at = at if attended else None
    work.notify_board(visits.board(known.centre))
