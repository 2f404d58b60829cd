"""Appointments as scheduling decides them: each change is a message to the person, and moves the reminders.

Only those of persons registered here count: imports have others.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col

from services.chassis.storage.store import Work
from services.contracts.earlier import EarlierOfferEnd, EarlierOfferEnded
from services.contracts.offers import SeatOfferEnded
from services.contracts.queue import seat_appointment
from services.intake.actions.messages import queue_about
from services.intake.domain.messages import MailPurpose, Meeting, next_reminder
from services.intake.store import Visitor
from services.intake.store.appointments import Appointment, sessions_of
from services.intake.store.messages import Message, drop_open
from services.intake.store.reminders import Reminder, of_seat, seats_of


async def book(work: Work, subject_ref: UUID, centre: str, meeting: Meeting) -> None:
    """An interview was booked."""
    known = await work.find(Visitor, subject_ref) is None or await work.find(Reminder, meeting.id) is not None
    if known or meeting.starts_at <= work.now:
        return
    keep(work, subject_ref, centre, meeting)
    await queue_about(work, MailPurpose.APPOINTMENT_BOOKED, subject_ref, centre, meeting.id, [meeting], 0)


async def resume(work: Work, subject_ref: UUID, centre: str, meeting: Meeting) -> None:
    """An interview was booked before there were reminders: the person is reminded, and gets no other message."""
    if meeting.starts_at <= work.now or await work.find(Visitor, subject_ref) is None:
        return
    if await work.find(Reminder, meeting.id) is None:
        keep(work, subject_ref, centre, meeting)


async def move(work: Work, subject_ref: UUID | None, centre: str, meeting: Meeting) -> None:
    """An interview was moved. Another counsellor or room at the same time, as long, in the same mode, is no message."""
    kept = await work.find(Reminder, meeting.id)
    if kept is None:
        await _begin(work, subject_ref, centre, meeting)
        return
    if _is_the_same(kept, meeting):
        return
    kept.starts_at, kept.ends_at, kept.mode = meeting.starts_at, meeting.ends_at, meeting.mode.value
    kept.moves += 1
    kept.remind_at = next_reminder(meeting.starts_at, work.now)
    purpose = MailPurpose.APPOINTMENT_MOVED
    await queue_about(work, purpose, kept.subject_ref, kept.centre, kept.id, [meeting], kept.moves)


async def _begin(work: Work, subject_ref: UUID | None, centre: str, meeting: Meeting) -> None:
    """Remind of an interview that was booked before there were messages. How it was before is on its copy."""
    if subject_ref is None or await work.find(Visitor, subject_ref) is None or meeting.starts_at <= work.now:
        return
    keep(work, subject_ref, centre, meeting)
    before = await work.find(Appointment, meeting.id)
    if before is None or not _is_the_same(before, meeting):
        await queue_about(work, MailPurpose.APPOINTMENT_MOVED, subject_ref, centre, meeting.id, [meeting], 0)


def _is_the_same(before: Reminder | Appointment, meeting: Meeting) -> bool:
    """Whether nothing changes for the person: what they have in their calendar, and how it takes place."""
    return (before.starts_at, before.ends_at, before.mode) == (meeting.starts_at, meeting.ends_at, meeting.mode)


async def cancel(work: Work, interview_id: UUID) -> None:
    """An interview was cancelled: its reminders go with it."""
    if (kept := await work.find(Reminder, interview_id)) is not None:
        await _end(work, MailPurpose.APPOINTMENT_CANCELLED, interview_id, [kept])


async def end(work: Work, interview_id: UUID) -> None:
    """An interview was held or missed: nothing about it is sent any more."""
    if (kept := await work.find(Reminder, interview_id)) is not None:
        await work.session.delete(kept)
        await drop_open(work.session, col(Message.about) == interview_id, work.now)


async def take_seat(work: Work, seat_id: UUID, workshop_id: UUID, subject_ref: UUID, centre: str) -> None:
    """A person has a seat in a workshop: theirs, or one that they waited for."""
    if await work.find(Visitor, subject_ref) is None:
        return
    to_come = await _to_come(work, workshop_id, seat_id)
    if not to_come or await work.find(Reminder, to_come[0].id) is not None:
        return
    for one in to_come:
        keep(work, subject_ref, centre, one, seat_id, workshop_id)
    await queue_about(work, MailPurpose.WORKSHOP_PLACE, subject_ref, centre, seat_id, to_come, 0)


async def offer_seat(
    work: Work, seat_id: UUID, workshop_id: UUID, subject_ref: UUID, centre: str, until: datetime
) -> None:
    """A free seat is offered to a person who waits for one. The message is of use as long as they can answer."""
    meetings = await _to_come(work, workshop_id, seat_id)
    if meetings and await work.find(Visitor, subject_ref) is not None:
        purpose = MailPurpose.WORKSHOP_OFFER
        await queue_about(work, purpose, subject_ref, centre, seat_id, meetings, 0, until=until)


async def end_offer(work: Work, ended: SeatOfferEnded, *, by_themselves: bool) -> None:
    """The offer ended without an acceptance. No message if they declined it themselves, or the workshop has begun."""
    seat_id, subject_ref = ended.seat_id, ended.subject_ref
    meetings = await _to_come(work, ended.workshop_id, seat_id)
    begun = len(meetings) < len(await sessions_of(work.session, ended.workshop_id))
    if by_themselves or begun or not meetings:
        await drop_open(work.session, col(Message.about) == seat_id, work.now)
    elif await work.find(Visitor, subject_ref) is not None:
        purpose, until = MailPurpose.WORKSHOP_OFFER_ENDED, meetings[0].starts_at
        await queue_about(work, purpose, subject_ref, ended.centre, seat_id, meetings, 0, until=until)


async def offer_earlier(work: Work, subject_ref: UUID, centre: str, meeting: Meeting, until: datetime) -> None:
    """An earlier time is offered to a person who asked for one. `meeting`: then, under the id of the offer."""
    if await work.find(Visitor, subject_ref) is not None:
        purpose = MailPurpose.EARLIER_OFFER
        await queue_about(work, purpose, subject_ref, centre, meeting.id, [meeting], 0, until=until)


async def end_earlier(work: Work, ended: EarlierOfferEnded, stays: Meeting) -> None:
    """The offer ended: `stays` is the booked time, under the id of the offer. No message if the person ended it."""
    subject_ref, because = ended.subject_ref, ended.because
    if because in (EarlierOfferEnd.DECLINED, EarlierOfferEnd.WITHDRAWN):
        await drop_open(work.session, col(Message.about) == stays.id, work.now)
    elif await work.find(Visitor, subject_ref) is not None:
        purpose = MailPurpose.EARLIER_TAKEN if because is EarlierOfferEnd.TAKEN else MailPurpose.EARLIER_EXPIRED
        purpose = purpose if ended.still_waiting else MailPurpose.EARLIER_LAST
        await queue_about(work, purpose, subject_ref, ended.centre, stays.id, [stays], 0)


async def _to_come(work: Work, workshop_id: UUID, seat_id: UUID) -> list[Meeting]:
    """The sessions of the workshop that are still to come, as this seat's appointments."""
    await work.session.flush()  # the sessions may have been announced in the same batch
    sessions = await sessions_of(work.session, workshop_id)
    meetings = (Meeting(seat_appointment(one.id, seat_id), one.starts_at, one.ends_at) for one in sessions)
    return [one for one in meetings if one.starts_at > work.now]


async def release_seat(work: Work, seat_id: UUID, *, by_themselves: bool = False) -> None:
    """A seat was released, by the person or the centre."""
    await work.session.flush()
    if kept := await of_seat(work.session, seat_id):
        purpose = MailPurpose.WORKSHOP_LEFT if by_themselves else MailPurpose.WORKSHOP_CANCELLED
        await _end(work, purpose, seat_id, kept)


async def cancel_workshop(work: Work, workshop_id: UUID) -> None:
    """A workshop was cancelled: so is every seat in it."""
    await work.session.flush()  # seats may have been taken in the same batch
    for seat_id in await seats_of(work.session, workshop_id):
        await release_seat(work, seat_id)


def keep(
    work: Work,
    subject_ref: UUID,
    centre: str,
    meeting: Meeting,
    seat_id: UUID | None = None,
    workshop_id: UUID | None = None,
    moves: int = 0,
) -> None:
    """Remind a person of this appointment. `moves`: how often its seat got other times before."""
    work.add(
        Reminder(
            id=meeting.id,
            subject_ref=subject_ref,
            centre=centre,
            starts_at=meeting.starts_at,
            ends_at=meeting.ends_at,
            mode=meeting.mode.value,
            seat_id=seat_id,
            workshop_id=workshop_id,
            moves=moves,
            remind_at=next_reminder(meeting.starts_at, work.now),
        )
    )


async def _end(work: Work, purpose: MailPurpose, about: UUID, kept: Sequence[Reminder]) -> None:
    for one in kept:
        await work.session.delete(one)
    meetings = [one.meeting for one in kept if one.starts_at > work.now]
    edition = max(one.moves for one in kept) + 1
    await queue_about(work, purpose, kept[0].subject_ref, kept[0].centre, about, meetings, edition)
