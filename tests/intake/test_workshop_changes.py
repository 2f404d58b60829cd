"""Workshops that change: who is expected when, what they are reminded of, and which messages they get."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock
from services.contracts.offers import SeatOffered
from services.contracts.queue import seat_appointment
from services.contracts.scheduling import (
    FinalisingSessionDue,
    SeatTaken,
    WorkshopAnnounced,
    WorkshopCancelled,
    WorkshopSession,
)
from services.contracts.workshops import FinalisingSessionWithdrawn, SeatRescheduled, WaitlistEnded, WorkshopChanged
from services.intake.actions.letters import Addresses, body_of, sms_of, values_of
from services.intake.actions.message_texts import built_in
from services.intake.actions.messages import remind
from services.intake.domain.message_texts import filled
from services.intake.domain.messages import MailPurpose, Meeting
from services.intake.reactions import reactions
from services.intake.store import Centre
from services.intake.store.appointments import Appointment
from services.intake.store.appointments import WorkshopSession as ExpectedSession
from services.intake.store.reminders import Reminder
from tests.givens.events import react_to
from tests.givens.intake import MONDAY
from tests.intake.test_letters import words
from tests.intake.test_messages import FRIDAY, NEXT_MONDAY, agreeing, announced, happens, registered, rows, sent, taken

__all__ = ["words"]


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


async def waiting(store: Store) -> dict[str, list[str]]:
    """The messages that are to be sent, with the days of their sessions."""
    open_ = [row for row in await rows(store) if row.done_at is None]
    return {row.purpose: [one["starts_at"] for one in row.meetings] for row in open_}


async def test_the_session_that_changed_is_the_one_that_is_named(store: Store) -> None:
    workshop, person = announced(FRIDAY, NEXT_MONDAY), await agreeing(store)
    seat = taken(workshop, person)
    await happens(store, workshop, seat)
    await sent(store)
    first, second = (one.session_id for one in workshop.sessions)
    tuesday, added = NEXT_MONDAY + timedelta(days=1), uuid4()
    await happens(store, changed(workshop, {first: FRIDAY, second: tuesday}), rescheduled(seat))
    assert await waiting(store) == {"workshop-changed": [tuesday.isoformat(), FRIDAY.isoformat()]}
    third = tuesday + timedelta(days=7)
    await happens(store, changed(workshop, {first: FRIDAY, second: tuesday, added: third}), rescheduled(seat))
    days = [tuesday.isoformat(), third.isoformat(), FRIDAY.isoformat()]
    assert await waiting(store) == {"workshop-changed": days}, "the one before was never sent"


async def test_what_waits_for_the_morning_lists_no_session_that_is_gone(store: Store) -> None:
    workshop, person = announced(FRIDAY, NEXT_MONDAY), await agreeing(store)
    seat = taken(workshop, person)
    first, second = (one.session_id for one in workshop.sessions)
    await happens(store, workshop, seat)
    await happens(store, changed(workshop, {first: FRIDAY}), rescheduled(seat))
    gone = {"workshop-session-cancelled": [NEXT_MONDAY.isoformat()]}
    assert await waiting(store) == gone | {"workshop-place": [FRIDAY.isoformat()]}
    later = FRIDAY + timedelta(days=1)
    await happens(store, changed(workshop, {first: later}), rescheduled(seat))
    assert await waiting(store) == gone | {"workshop-place": [later.isoformat()]}, "they learn that they have one"
    await sent(store)
    await happens(store, changed(workshop, {first: FRIDAY, second: NEXT_MONDAY}), rescheduled(seat))
    await happens(store, changed(workshop, {first: FRIDAY}), rescheduled(seat))
    assert await waiting(store) == gone | {"workshop-changed": [FRIDAY.isoformat()]}


async def test_a_reminder_that_waits_goes_with_its_session(store: Store, clock: FixedClock) -> None:
    workshop, person = announced(FRIDAY, NEXT_MONDAY), await agreeing(store)
    seat = taken(workshop, person)
    first, second = (one.session_id for one in workshop.sessions)
    await happens(store, workshop, seat)
    await sent(store)
    for at, left in ((FRIDAY, {second: NEXT_MONDAY}), (NEXT_MONDAY, {})):
        clock.now = at - timedelta(hours=47)
        await remind(store)
        assert await waiting(store) == {"workshop-reminder": [at.isoformat()]}
        change = changed(workshop, left).model_copy(update={"at": clock.now})
        await happens(store, change, rescheduled(seat))
        assert await waiting(store) == {"workshop-session-cancelled": [at.isoformat()]}
        await sent(store)
    assert first != second


async def test_an_offer_that_waits_for_the_morning_stays_one_with_the_new_times(store: Store) -> None:
    workshop, person = announced(FRIDAY), await agreeing(store)
    waits = taken(workshop, person)
    facts = waits.model_dump(include={"workshop_id", "seat_id", "subject_ref", "centre", "at"})
    await happens(store, workshop, SeatOffered(**facts, until=MONDAY + timedelta(hours=20)))
    later = FRIDAY + timedelta(days=1)
    change = changed(workshop, {workshop.sessions[0].session_id: later})
    await happens(store, change, rescheduled(waits, waits=True))
    assert await waiting(store) == {"workshop-offer": [later.isoformat()]}
    (row,) = await rows(store)
    assert row.useful_until == MONDAY + timedelta(hours=20)


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


async def test_the_text_message_names_the_session_that_changed_and_the_letter_lists_all(
    store: Store, words: None
) -> None:
    async with store.read() as session:
        centre = await session.get_one(Centre, "liege")
    tuesday = NEXT_MONDAY + timedelta(days=1)
    meetings = [Meeting(uuid4(), at, at + timedelta(hours=2)) for at in (tuesday, FRIDAY)]

    def text_of(purpose: MailPurpose, *, short: bool, several: bool = False) -> str:
        texts = built_in(purpose, "fr", several=several)
        values = values_of(centre, meetings, Addresses(None, "stop"), "fr", until=tuesday, short=short)
        return sms_of(texts, values) if short else f"{filled(texts.subject, values)}\n{body_of(texts, values)}"

    text = text_of(MailPurpose.WORKSHOP_CHANGED, short=True)
    assert text.startswith("Les dates de votre atelier ont changé. Première séance concernée\u00a0: 10/03")
    assert "06/03" not in text
    letter = text_of(MailPurpose.WORKSHOP_CHANGED, short=False)
    assert letter.startswith("Les dates de votre atelier ont changé\n")
    assert letter.index("6 mars") < letter.index("10 mars")
    cancelled = MailPurpose.WORKSHOP_SESSION_CANCELLED
    assert text_of(cancelled, short=False).startswith("Annulée\u00a0: une séance")
    assert text_of(cancelled, short=False, several=True).startswith("Annulées\u00a0: des séances")
    assert text_of(cancelled, short=True, several=True).startswith("Plusieurs séances de votre atelier sont annulées.")


async def test_a_final_interview_that_is_not_due_any_more_is_announced_to_nobody(store: Store) -> None:
    ids: dict[str, Any] = {"workshop_id": uuid4(), "path_id": uuid4(), "subject_ref": await agreeing(store)}
    due = FinalisingSessionDue(centre="liege", at=MONDAY, **ids)
    corrected = FinalisingSessionWithdrawn(centre="liege", at=MONDAY, **ids)
    await happens(store, due, corrected)
    assert await sent(store) == []
    await happens(store, due)
    assert await sent(store) == ["finalising-due"]
    await happens(store, corrected, due)
    assert await sent(store) == [], "the person knows it"


async def test_who_withdrew_what_a_final_interview_needs_is_not_asked_to_book_it(store: Store) -> None:
    person = await registered(store, "reminders")
    ids: dict[str, Any] = {"workshop_id": uuid4(), "path_id": uuid4(), "subject_ref": person}
    await happens(store, FinalisingSessionDue(centre="liege", at=MONDAY, **ids))
    assert await sent(store) == []
