"""Workshops that change: who is expected when, what they are reminded of, and which messages they get."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock
from services.contracts.queue import seat_appointment
from services.contracts.scheduling import SeatTaken, WorkshopAnnounced, WorkshopCancelled, WorkshopSession
from services.contracts.workshops import SeatRescheduled, WaitlistEnded, WorkshopChanged
from services.intake.reactions import reactions
from services.intake.store.appointments import Appointment
from services.intake.store.appointments import WorkshopSession as ExpectedSession
from services.intake.store.reminders import Reminder
from tests.givens.events import react_to
from tests.givens.intake import MONDAY
from tests.intake.test_messages import FRIDAY, NEXT_MONDAY, agreeing, announced, happens, rows, sent, taken


def changed(workshop: WorkshopAnnounced, times: Mapping[UUID, datetime], **facts: str | None) -> WorkshopChanged:
    sessions = tuple(WorkshopSession(session_id=id, starts_at=at, minutes=120) for id, at in times.items())
    now = {"area": None, "counsellor": "liege-c02", "room": "salle-3"} | facts
    return WorkshopChanged.model_validate(
        {
            "workshop_id": workshop.workshop_id,
            "centre": "liege",
            "at": MONDAY,
            "facilitators": ("liege-c02",),
            "seats": 8,
            "sessions": sessions,
            "published": True,
        }
        | now
    )


def rescheduled(seat: SeatTaken, *, waits: bool = False) -> SeatRescheduled:
    return SeatRescheduled(
        workshop_id=seat.workshop_id,
        seat_id=seat.seat_id,
        subject_ref=seat.subject_ref,
        centre="liege",
        at=MONDAY,
        waits=waits,
    )


async def test_another_room_is_no_message(store: Store) -> None:
    workshop, person = announced(FRIDAY), await agreeing(store)
    await happens(store, workshop, taken(workshop, person))
    await sent(store)
    await happens(store, changed(workshop, {workshop.sessions[0].session_id: FRIDAY}))
    assert await sent(store) == []
    (expected,) = await rows(store, Appointment)
    assert (expected.counsellor, expected.room, expected.starts_at) == ("liege-c02", "salle-3", FRIDAY)


async def test_other_times_are_a_message_with_all_of_them(store: Store) -> None:
    workshop, person = announced(FRIDAY, NEXT_MONDAY), await agreeing(store)
    seat = taken(workshop, person)
    await happens(store, workshop, seat)
    await sent(store)
    first, second = (one.session_id for one in workshop.sessions)
    added, later = uuid4(), FRIDAY + timedelta(days=20)
    times = {first: FRIDAY + timedelta(days=1), second: NEXT_MONDAY, added: later}
    await react_to(store, reactions, [changed(workshop, times), rescheduled(seat)], in_one_batch=True)
    waiting = [row for row in await rows(store) if row.done_at is None]
    assert [row.purpose for row in waiting] == ["workshop-changed"]
    assert sorted(one["starts_at"] for one in waiting[0].meetings) == sorted(at.isoformat() for at in times.values())
    assert waiting[0].edition == 1, "it replaces what the person has in their calendar"
    expected = {one.id: one.starts_at for one in await rows(store, Appointment)}
    assert expected == {seat_appointment(id, seat.seat_id): at for id, at in times.items()}
    assert {one.id: one.starts_at for one in await rows(store, Reminder)} == expected
    await happens(store, WorkshopCancelled(workshop_id=workshop.workshop_id, centre="liege", at=MONDAY, reason="ill"))
    assert await sent(store) == ["workshop-cancelled"]
    assert await rows(store, Appointment) == await rows(store, Reminder) == await rows(store, ExpectedSession) == []


async def test_a_session_that_is_no_more_is_a_message_of_its_own(store: Store) -> None:
    workshop, person = announced(FRIDAY, NEXT_MONDAY), await agreeing(store)
    seat = taken(workshop, person)
    await happens(store, workshop, seat)
    await sent(store)
    first = min(workshop.sessions, key=lambda one: one.starts_at)
    change = changed(workshop, {first.session_id: first.starts_at})
    await happens(store, change, rescheduled(seat))
    waiting = [row for row in await rows(store) if row.done_at is None]
    assert [row.purpose for row in waiting] == ["workshop-session-cancelled"]
    assert [one["starts_at"] for one in waiting[0].meetings] == [NEXT_MONDAY.isoformat()]
    assert [one.starts_at for one in await rows(store, Appointment)] == [first.starts_at]
    assert [one.starts_at for one in await rows(store, Reminder)] == [first.starts_at]


async def test_who_waits_learns_of_other_times_and_of_the_end(store: Store) -> None:
    workshop, person = announced(FRIDAY), await agreeing(store)
    waits = taken(workshop, person)
    await happens(store, workshop)
    for days in (1, 2):
        times = {workshop.sessions[0].session_id: FRIDAY + timedelta(days=days)}
        informed = rescheduled(waits, waits=True).model_copy(update={"at": MONDAY + timedelta(minutes=days)})
        await happens(store, changed(workshop, times), informed)
        assert await sent(store) == ["waitlist-changed"]
    assert await rows(store, Appointment) == await rows(store, Reminder) == []
    ended = WaitlistEnded(
        workshop_id=workshop.workshop_id, seat_id=waits.seat_id, subject_ref=person, centre="liege", at=MONDAY
    )
    cancelled = WorkshopCancelled(workshop_id=workshop.workshop_id, centre="liege", at=MONDAY, reason="ill")
    await react_to(store, reactions, [ended, cancelled], in_one_batch=True)
    assert await sent(store) == ["waitlist-cancelled"]


async def test_who_arrived_for_a_session_that_is_on_another_day_is_expected_again(
    store: Store, clock: FixedClock
) -> None:
    workshop, person = announced(FRIDAY), await agreeing(store)
    seat = taken(workshop, person)
    await happens(store, workshop, seat)
    (session,) = workshop.sessions
    for by, stays in ((timedelta(hours=1), True), (timedelta(days=1), False)):
        async with store.work() as work:
            row = await work.load(Appointment, seat_appointment(session.session_id, seat.seat_id))
            row.arrived_at, row.visit_id = clock(), uuid4()
        await happens(store, changed(workshop, {session.session_id: FRIDAY + by}), rescheduled(seat))
        (expected,) = await rows(store, Appointment)
        assert (expected.visit_id is not None) is stays
        assert expected.starts_at == FRIDAY + by


async def test_people_who_are_not_registered_here_are_ignored(store: Store) -> None:
    workshop = announced(FRIDAY)
    seat = taken(workshop, uuid4())
    await happens(store, workshop, changed(workshop, {workshop.sessions[0].session_id: NEXT_MONDAY}), rescheduled(seat))
    await happens(store, rescheduled(seat, waits=True))
    assert await rows(store) == await rows(store, Appointment) == []
