"""Messages to registered persons: queued by what happens, if they agree, each once, and gone with the person."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlmodel import col

from services.chassis.mail.messages import MailState, close, give_up_overdue
from services.chassis.mail.sender import MailSender
from services.chassis.mail.transports import MailFolder, Transports
from services.chassis.runtime.clock import BRUSSELS
from services.chassis.storage.claims import claim, release
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock, quiet_settings
from services.contracts import Event
from services.contracts.directory import ReferralProgressed, ReferralRequested, ReferralStatus
from services.contracts.plans import ActionPlanned
from services.contracts.scheduling import (
    FinalisingSessionDue,
    InterviewBooked,
    InterviewCancelled,
    InterviewHeld,
    InterviewKind,
    InterviewMissed,
    InterviewMoved,
    InterviewRestated,
    Method,
    SeatReleased,
    SeatTaken,
    Side,
    WorkshopAnnounced,
    WorkshopCancelled,
    WorkshopSession,
)
from services.intake.actions import consent, erasure
from services.intake.actions.letters import Letters
from services.intake.actions.messages import end_reminders, remind
from services.intake.domain.messages import send_at
from services.intake.reactions import reactions
from services.intake.store.appointments import Appointment
from services.intake.store.messages import Message, ReferredPerson
from services.intake.store.reminders import Reminder
from tests.givens.events import react_to
from tests.givens.intake import MONDAY
from tests.intake.test_erasure import registered

FRIDAY = MONDAY + timedelta(days=4, hours=1)
NEXT_MONDAY = MONDAY + timedelta(days=7)


def booked(subject_ref: UUID | None, at: datetime = FRIDAY, interview: UUID | None = None) -> InterviewBooked:
    return InterviewBooked(
        interview_id=interview or uuid4(),
        kind=InterviewKind.GUIDANCE,
        centre="liege",
        counsellor="liege-c01",
        room=None,
        starts_at=at,
        minutes=60,
        subject_ref=subject_ref,
        path_id=uuid4(),
        method=Method.INDIVIDUAL,
    )


def moved(one: InterviewBooked, at: datetime, counsellor: str = "liege-c01", minutes: int = 60) -> InterviewMoved:
    return InterviewMoved(
        interview_id=one.interview_id,
        centre="liege",
        counsellor=counsellor,
        room=None,
        starts_at=at,
        minutes=minutes,
        subject_ref=one.subject_ref,
    )


def cancelled(one: InterviewBooked) -> InterviewCancelled:
    return InterviewCancelled(
        interview_id=one.interview_id, kind=one.kind, centre="liege", at=MONDAY, cancelled_by=Side.CENTRE, reason="ill"
    )


def held(one: InterviewBooked, at: datetime) -> InterviewHeld:
    codes: dict[str, Any] = {"centre": "liege", "area": None, "counsellor": "liege-c01"}
    return InterviewHeld(interview_id=one.interview_id, kind=one.kind, starts_at=at, minutes=50, **codes)


def missed(one: InterviewBooked) -> InterviewMissed:
    return InterviewMissed(interview_id=one.interview_id, kind=one.kind, centre="liege", at=MONDAY)


def announced(*starts: datetime) -> WorkshopAnnounced:
    sessions = tuple(WorkshopSession(session_id=uuid4(), starts_at=at, minutes=120) for at in starts)
    return WorkshopAnnounced(
        workshop_id=uuid4(), centre="liege", area=None, counsellor="liege-c01", room=None, seats=8, sessions=sessions
    )


def taken(workshop: WorkshopAnnounced, subject_ref: UUID) -> SeatTaken:
    ids = {"seat_id": uuid4(), "path_id": uuid4()}
    return SeatTaken(workshop_id=workshop.workshop_id, subject_ref=subject_ref, centre="liege", at=MONDAY, **ids)


async def happens(store: Store, *events: Event) -> None:
    await react_to(store, reactions, events)


async def rows(store: Store, table: Any = Message) -> Sequence[Any]:
    async with store.read() as session:
        return (await session.scalars(sa.select(table))).all()


async def waiting(store: Store) -> list[str]:
    """What the messages are for that are to be sent, in order of time."""
    async with store.read() as session:
        query = sa.select(col(Message.purpose)).where(col(Message.done_at).is_(None))
        return list(await session.scalars(query.order_by(col(Message.queued_at), col(Message.purpose))))


async def sent(store: Store) -> list[str]:
    """The same, which are then sent."""
    found = await waiting(store)
    async with store.work() as work:
        await work.session.execute(sa.update(Message).values(done_at=work.now, state="sent"))
    return found


async def reminded(store: Store, clock: FixedClock, at: datetime) -> list[str]:
    """What is due at this time."""
    clock.now = at
    while await remind(store):
        pass
    return await sent(store)


async def agreeing(store: Store) -> UUID:
    return await registered(store, "guidance", "reminders")


async def test_an_appointment_is_confirmed_and_reminded_of_twice(store: Store, clock: FixedClock) -> None:
    one = booked(await agreeing(store))
    await happens(store, one, one)
    assert await sent(store) == ["appointment-booked"]
    assert await reminded(store, clock, FRIDAY - timedelta(hours=48, seconds=1)) == []
    assert await reminded(store, clock, FRIDAY - timedelta(hours=48)) == ["appointment-reminder"]
    assert await reminded(store, clock, FRIDAY - timedelta(hours=2, seconds=1)) == []
    assert await reminded(store, clock, FRIDAY - timedelta(hours=2)) == ["appointment-reminder"]
    assert await reminded(store, clock, FRIDAY + timedelta(days=1)) == []


async def test_one_who_did_not_agree_or_is_not_registered_here_gets_none(store: Store, clock: FixedClock) -> None:
    silent = await registered(store, "guidance")
    await happens(store, booked(silent), booked(uuid4()), booked(None))
    assert await reminded(store, clock, FRIDAY - timedelta(hours=2)) == []
    assert [one.subject_ref for one in await rows(store, Reminder)] == [silent]


async def test_who_agrees_later_is_reminded(store: Store, clock: FixedClock) -> None:
    late = await registered(store, "guidance")
    await happens(store, booked(late))
    async with store.work() as work:
        await consent.give_consent(work, late, ["reminders"], "desk")
    assert await reminded(store, clock, FRIDAY - timedelta(hours=2)) == ["appointment-reminder"]


async def test_a_reminder_whose_time_had_passed_at_the_booking_is_none(store: Store, clock: FixedClock) -> None:
    await happens(store, booked(await agreeing(store), MONDAY + timedelta(hours=24)))
    assert await sent(store) == ["appointment-booked"]
    assert await reminded(store, clock, MONDAY + timedelta(hours=21)) == []
    assert await reminded(store, clock, MONDAY + timedelta(hours=22)) == ["appointment-reminder"]


async def test_after_an_outage_the_next_reminder_alone_is_sent(store: Store, clock: FixedClock) -> None:
    await happens(store, booked(await agreeing(store)))
    await sent(store)
    assert await reminded(store, clock, FRIDAY - timedelta(hours=1)) == ["appointment-reminder"]
    assert await reminded(store, clock, FRIDAY - timedelta(minutes=30)) == []


@pytest.mark.parametrize("leaves", [True, False])
async def test_a_message_that_is_being_sent_as_its_cause_is_cancelled_stays_on_record(
    leaves: bool, store: Store, clock: FixedClock
) -> None:
    one = booked(await agreeing(store))
    await happens(store, one)
    (claimed,) = await claim(store, Message, 10, timedelta(minutes=30))
    await happens(store, cancelled(one))
    async with store.work() as work:
        if leaves:
            await close(work, claimed, MailState.SENT)
        else:
            (await release(work, claimed)).error = "421"
    await give_up_overdue(store, Message)
    found = sorted((row.purpose, row.state, row.error) for row in await rows(store))
    first = ("sent", None) if leaves else ("overdue", "421")
    assert found == [("appointment-booked", *first), ("appointment-cancelled", "queued", None)]


async def test_a_moved_appointment_moves_its_reminders(store: Store, clock: FixedClock) -> None:
    one = booked(await agreeing(store))
    await happens(store, one)
    await sent(store)
    await happens(store, moved(one, FRIDAY, "liege-c02"))
    assert await sent(store) == [], "another counsellor at the same time is no message"
    await happens(store, moved(one, NEXT_MONDAY), moved(one, FRIDAY), moved(one, NEXT_MONDAY))
    assert await waiting(store) == ["appointment-moved"], "the last time alone"
    (message,) = [row for row in await rows(store) if row.done_at is None]
    assert message.edition == 3
    assert message.meetings[0]["starts_at"] == NEXT_MONDAY.isoformat()
    await sent(store)
    assert await reminded(store, clock, FRIDAY - timedelta(hours=2)) == []
    assert await reminded(store, clock, NEXT_MONDAY - timedelta(hours=48)) == ["appointment-reminder"]


async def test_what_a_colleague_takes_over_after_its_beginning_is_no_message(store: Store, clock: FixedClock) -> None:
    """Nor is its length or its mode: the person is there."""
    one = booked(await agreeing(store))
    await happens(store, one)
    await sent(store)
    clock.now = FRIDAY + timedelta(minutes=5)
    await happens(store, moved(one, FRIDAY, "liege-c02", minutes=30))
    assert await waiting(store) == []


async def test_another_length_is_a_message_with_the_new_end(store: Store) -> None:
    """Otherwise the calendar of the person kept the end that it had."""
    one = booked(await agreeing(store))
    await happens(store, one)
    await sent(store)
    await happens(store, moved(one, FRIDAY, minutes=90))
    (message,) = [row for row in await rows(store) if row.done_at is None]
    until = FRIDAY + timedelta(minutes=90)
    assert (message.purpose, message.edition) == ("appointment-moved", 1)
    assert (message.meetings[0]["starts_at"], message.meetings[0]["ends_at"]) == (FRIDAY.isoformat(), until.isoformat())
    assert [row.ends_at for row in await rows(store, Reminder)] == [until]
    assert await sent(store) == ["appointment-moved"]
    await happens(store, moved(one, FRIDAY, "liege-c02", minutes=90))
    assert await sent(store) == [], "the same length"


async def test_an_appointment_from_before_there_were_messages_is_reminded_of_from_its_move_on(
    store: Store, clock: FixedClock
) -> None:
    person = await agreeing(store)
    one, same, past, longer = booked(person), booked(person), booked(person), booked(person)
    await happens(store, one, same, past, longer)
    async with store.work() as work:
        await work.session.execute(sa.delete(Reminder))
        await work.session.execute(sa.delete(Message))
    await happens(store, moved(one, NEXT_MONDAY), moved(same, FRIDAY, "liege-c02"), moved(past, MONDAY))
    await happens(store, moved(longer, FRIDAY, minutes=90))
    await happens(store, moved(booked(None), FRIDAY), moved(booked(uuid4()), FRIDAY))
    assert {row.about for row in await rows(store)} == {one.interview_id, longer.interview_id}
    assert await sent(store) == ["appointment-moved"] * 2
    assert await reminded(store, clock, FRIDAY - timedelta(hours=2)) == ["appointment-reminder"] * 2
    assert await reminded(store, clock, NEXT_MONDAY - timedelta(hours=2)) == ["appointment-reminder"]


async def test_an_appointment_that_is_restated_after_an_update_is_expected_and_reminded_of_without_another_message(
    store: Store, clock: FixedClock
) -> None:
    person = await agreeing(store)
    one = booked(person)
    again = InterviewRestated(**one.model_dump(exclude={"path_id", "method"}))
    stranger = again.model_copy(update={"interview_id": uuid4(), "subject_ref": uuid4()})
    await happens(store, again, again, stranger)
    async with store.read() as session:
        (copy,) = await session.scalars(sa.select(Appointment))
    assert (copy.id, copy.subject_ref, copy.starts_at) == (one.interview_id, person, one.starts_at)
    assert await sent(store) == []
    assert await reminded(store, clock, FRIDAY - timedelta(hours=2)) == ["appointment-reminder"]


async def test_a_cancelled_appointment_is_reminded_of_no_more(store: Store, clock: FixedClock) -> None:
    one = booked(await agreeing(store))
    await happens(store, one)
    clock.now = FRIDAY - timedelta(hours=48)
    await remind(store)
    await happens(store, cancelled(one), cancelled(one))
    assert await sent(store) == ["appointment-cancelled"], "what waited about it is dropped"
    assert await reminded(store, clock, FRIDAY - timedelta(hours=2)) == []


async def test_an_appointment_that_was_held_early_or_missed_is_reminded_of_no_more(
    store: Store, clock: FixedClock
) -> None:
    person = await agreeing(store)
    early, absent, other = (booked(person) for _ in range(3))
    await happens(store, early, absent, other)
    await sent(store)
    clock.now = FRIDAY - timedelta(hours=48)
    await remind(store)
    await happens(store, held(early, FRIDAY - timedelta(hours=5)), missed(absent))
    assert [row.about for row in await rows(store) if row.done_at is None] == [other.interview_id], "no message"
    await sent(store)
    assert await reminded(store, clock, FRIDAY - timedelta(hours=2)) == ["appointment-reminder"], "the other's"


async def test_in_one_batch_too_the_last_change_alone_is_sent(store: Store) -> None:
    person, workshop = await agreeing(store), announced(FRIDAY)
    one, other, seat = booked(person), booked(person), taken(workshop, person)
    released = SeatReleased(
        workshop_id=workshop.workshop_id, seat_id=seat.seat_id, centre="liege", at=MONDAY, cancelled_by=Side.CENTRE
    )
    events = (one, moved(one, NEXT_MONDAY), other, cancelled(other), workshop, seat, released)
    await react_to(store, reactions, events, in_one_batch=True)
    assert await waiting(store) == ["appointment-cancelled", "appointment-moved", "workshop-cancelled"]
    assert [row.starts_at for row in await rows(store, Reminder)] == [NEXT_MONDAY]


async def test_a_batch_locks_persons_before_what_is_theirs(store: Store) -> None:
    """As an erasure does: in another order the two could wait for each other."""
    one, asked = booked(await agreeing(store)), list[str]()
    await happens(store, one)
    event.listen(store.writer.sync_engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    await react_to(
        store, reactions, [cancelled(booked(None)), moved(one, NEXT_MONDAY), held(one, MONDAY)], in_one_batch=True
    )
    tables = [
        found[1]
        for statement in asked
        if (found := re.search(r"FROM (visitors|appointments|reminders) ", statement.replace("\n", " ")))
    ]
    assert list(dict.fromkeys(tables)) == ["visitors", "appointments", "reminders"]


async def test_the_past_is_no_message(store: Store) -> None:
    person, workshop = await agreeing(store), announced(MONDAY - timedelta(days=9))
    past = MONDAY - timedelta(days=3)
    await happens(store, booked(person, past), workshop, taken(workshop, person))
    due = FinalisingSessionDue(
        workshop_id=workshop.workshop_id, path_id=uuid4(), subject_ref=person, centre="liege", at=past
    )
    await happens(store, due)
    assert await waiting(store) == []
    assert await rows(store, Reminder) == []


async def test_a_place_in_a_workshop_is_one_message_with_every_session(store: Store, clock: FixedClock) -> None:
    person, workshop = await agreeing(store), announced(NEXT_MONDAY, FRIDAY)
    seat = taken(workshop, person)
    await happens(store, workshop, seat, seat)
    (message,) = await rows(store)
    assert message.purpose == "workshop-place"
    assert [one["starts_at"] for one in message.meetings] == [FRIDAY.isoformat(), NEXT_MONDAY.isoformat()]
    await sent(store)
    assert await reminded(store, clock, FRIDAY - timedelta(hours=2)) == ["workshop-reminder"]
    released = SeatReleased(
        workshop_id=workshop.workshop_id, seat_id=seat.seat_id, centre="liege", at=MONDAY, cancelled_by=Side.VISITOR
    )
    await happens(store, released)
    assert await sent(store) == ["workshop-left"]
    assert await reminded(store, clock, NEXT_MONDAY - timedelta(hours=2)) == []


async def test_a_cancelled_workshop_is_told_to_everyone_in_it(store: Store) -> None:
    workshop, other = announced(FRIDAY), announced(FRIDAY)
    people = [await agreeing(store) for _ in range(3)]
    await happens(store, workshop, other, *(taken(workshop, one) for one in people[:2]), taken(other, people[2]))
    await sent(store)
    await happens(store, WorkshopCancelled(workshop_id=workshop.workshop_id, centre="liege", at=MONDAY, reason="ill"))
    assert await sent(store) == ["workshop-cancelled"] * 2
    assert [one.subject_ref for one in await rows(store, Reminder)] == people[2:]


async def test_new_actions_of_a_plan_are_one_message_a_day(store: Store) -> None:
    person = await agreeing(store)

    def planned(at: datetime, by: str | None = "counsellor") -> ActionPlanned:
        more: dict[str, Any] = {name: uuid4() for name in ("plan_id", "track_id", "action_id")}
        more |= {"needs_provider": False, "planned_by": by}
        return ActionPlanned(subject_ref=person, centre="liege", area=None, at=at, **more)

    await happens(store, planned(MONDAY, "visitor"))
    assert await sent(store) == [], "what they wrote themselves"
    await happens(store, planned(MONDAY), planned(MONDAY + timedelta(hours=1)))
    assert await sent(store) == ["plan-tasks"]
    await happens(store, planned(MONDAY + timedelta(hours=2)), planned(MONDAY + timedelta(days=1), None))
    assert await sent(store) == ["plan-tasks"]


async def test_the_answer_to_a_referral_is_a_message_without_what_it_is(store: Store) -> None:
    ids: dict[str, Any] = {name: uuid4() for name in ("referral_id", "organization_id", "service_id")}
    person = await agreeing(store)
    asked = ReferralRequested(subject_ref=person, centre="liege", area=None, reason="training", at=MONDAY, **ids)

    def progressed(status: ReferralStatus) -> ReferralProgressed:
        return ReferralProgressed(centre="liege", status=status, at=MONDAY, **ids)

    await happens(store, asked, progressed(ReferralStatus.RECEIVED))
    assert await waiting(store) == []
    await happens(store, progressed(ReferralStatus.ACCEPTED))
    assert await sent(store) == ["referral-answered"]
    await happens(store, progressed(ReferralStatus.COMPLETED))
    assert await sent(store) == []
    assert await rows(store, ReferredPerson) == []


async def test_a_withdrawal_drops_what_waits_and_keeps_what_was_sent(store: Store, clock: FixedClock) -> None:
    person, other = await agreeing(store), await agreeing(store)
    await happens(store, booked(person))
    await sent(store)
    await happens(store, booked(person, NEXT_MONDAY), booked(other))
    async with store.work() as work:
        await consent.withdraw_consent(work, person, ["reminders"], "desk")
    assert [(row.subject_ref, row.state) for row in await rows(store)] in (
        [(person, "sent"), (other, "queued")],
        [(other, "queued"), (person, "sent")],
    )
    await sent(store)
    assert await reminded(store, clock, FRIDAY - timedelta(hours=2)) == ["appointment-reminder"], "the other's"


async def test_an_erasure_leaves_nothing(store: Store) -> None:
    person = await agreeing(store)
    await happens(store, booked(person))
    async with store.work() as work:
        work.add(ReferredPerson(id=uuid4(), subject_ref=person, centre="liege"))
    async with store.work() as work:
        await erasure.erase_subject(work, person)
    assert [*await rows(store), *await rows(store, Reminder), *await rows(store, ReferredPerson)] == []


async def test_the_copy_of_an_appointment_ends_with_it(store: Store, clock: FixedClock) -> None:
    workshop = announced(FRIDAY)
    await happens(store, booked(await agreeing(store)), workshop)
    clock.now = FRIDAY + timedelta(days=2, hours=1)
    await end_reminders(store)
    assert len(await rows(store, Reminder)) == 1
    clock.now += timedelta(hours=1, seconds=1)
    await end_reminders(store)
    assert await rows(store, Reminder) == []


@pytest.mark.parametrize(
    ("at", "starts_at", "sent_at"),
    [
        ("2026-03-02T20:59:59+01:00", "2026-03-06T10:00:00+01:00", "2026-03-02T20:59:59+01:00"),
        ("2026-03-02T21:00:00+01:00", "2026-03-06T10:00:00+01:00", "2026-03-03T07:00:00+01:00"),
        ("2026-03-03T06:59:59+01:00", "2026-03-06T10:00:00+01:00", "2026-03-03T07:00:00+01:00"),
        ("2026-03-03T07:00:00+01:00", "2026-03-06T10:00:00+01:00", "2026-03-03T07:00:00+01:00"),
        ("2026-03-02T22:00:00+01:00", "2026-03-03T08:00:00+01:00", "2026-03-03T07:00:00+01:00"),
        ("2026-03-02T22:00:00+01:00", "2026-03-03T07:59:00+01:00", "2026-03-02T22:00:00+01:00"),
        ("2026-03-28T23:00:00+01:00", "2026-03-30T10:00:00+02:00", "2026-03-29T07:00:00+02:00"),
    ],
)
def test_a_message_that_can_wait_is_sent_in_the_morning(at: str, starts_at: str, sent_at: str) -> None:
    """The clocks are put forward on 29 March."""
    now, until, expected = map(datetime.fromisoformat, (at, starts_at, sent_at))
    assert send_at(now, until, BRUSSELS) == expected


async def test_nothing_leaves_at_night(store: Store, clock: FixedClock, tmp_path: Path) -> None:
    person = await agreeing(store)
    clock.now = MONDAY + timedelta(hours=13)  # 22:00
    await happens(store, booked(person))
    sender = MailSender(
        store, Message, Transports(MailFolder(tmp_path)), Letters(store, quiet_settings(tmp_path)).compose
    )
    await sender.round()
    assert [(row.state, row.attempts) for row in await rows(store)] == [("queued", 0)]
    assert await sender.warning() is None
    clock.now += timedelta(hours=9)
    await sender.round()
    assert [(row.state, row.attempts) for row in await rows(store)] == [("withheld", 1)]
