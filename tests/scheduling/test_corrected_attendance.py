"""The attendance of a finished workshop is corrected: what follows from it is due, or is not, on both stores."""

import re
from datetime import timedelta
from html import unescape
from uuid import UUID

import pytest

from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.contracts.scheduling import AttendanceRecorded, FinalisingSessionDue, Side
from services.contracts.workshops import FinalisingSessionWithdrawn
from services.scheduling.actions import guidance, no_shows, stopping, workshops
from services.scheduling.domain import refusals
from services.scheduling.domain.attendance import ATTENDANCE_CORRECTED_WITHIN
from services.scheduling.store import GuidancePath, Seat, Workshop
from services.scheduling.store.finalising import count_to_book
from services.scheduling.store.workshops import sessions_of
from tests.givens.events import emitted_events
from tests.givens.rows import all_rows
from tests.givens.scheduling import LIEGE, NADIA
from tests.scheduling.test_attendance_pages import record as press_save
from tests.scheduling.test_attendance_pages import version
from tests.scheduling.test_guidance import change
from tests.scheduling.test_workshops import TUESDAY, announce, people, record, take

OVER = TUESDAY + timedelta(days=14, hours=3)
LATER = TUESDAY + timedelta(days=21)


async def finished(store: Store, clock: FixedClock) -> tuple[Workshop, Seat, Seat]:
    """A workshop, and of its two participants the one who came to the last session, and the one who did not."""
    workshop = await announce(store)
    came, missed = [await take(store, workshop, visitor) for visitor in await people(store, 2)]
    clock.now = OVER
    await record(store, workshop, 3, [came])
    return workshop, came, missed


async def book_final(store: Store, seat: Seat) -> UUID:
    async with store.work() as work:
        assert seat.path_id is not None
        made = await guidance.book(work, seat.path_id, counsellor=NADIA, room=None, starts_at=LATER, minutes=60)
        return made.id


async def cancel(store: Store, interview: UUID) -> None:
    async with store.work() as work:
        one = await guidance.interview_of(work, interview)
        await guidance.cancel(work, one, by=Side.CENTRE, reason="other")


async def due(store: Store, *seats: Seat) -> list[bool]:
    """Of whom the final interview is due."""
    async with store.read() as session:
        found = [await session.get_one(GuidancePath, seat.path_id) for seat in seats]
        assert await count_to_book(session, LIEGE) == sum(one.finalising_due_at is not None for one in found)
        return [one.finalising_due_at is not None for one in found]


async def test_the_wrong_line_is_corrected_and_the_final_interview_is_due_of_who_came(
    store: Store, clock: FixedClock
) -> None:
    workshop, came, missed = await finished(store, clock)
    assert await due(store, came, missed) == [True, False]
    clock.now = OVER + timedelta(days=1)
    await record(store, workshop, 3, [missed])
    assert await due(store, came, missed) == [False, True]
    (withdrawn,) = await emitted_events(store, FinalisingSessionWithdrawn)
    assert (withdrawn.path_id, withdrawn.subject_ref) == (came.path_id, came.subject_ref)
    assert [one.path_id for one in await emitted_events(store, FinalisingSessionDue)] == [came.path_id, missed.path_id]
    said = [(one.seat_id, one.attended, one.present_since) for one in await emitted_events(store, AttendanceRecorded)]
    assert said[2:] == [(came.id, False, OVER), (missed.id, True, None)], "who counted the presence takes it back"
    with pytest.raises(refusals.FinalisingNotDue):
        await book_final(store, came)
    await book_final(store, missed)
    before = await all_rows(store)
    await record(store, workshop, 3, [missed])
    after = await all_rows(store)
    assert {name for name in before if before[name] != after[name]} <= {"workshops"}, "the same again changes nothing"


async def test_who_is_present_again_is_due_again_once(store: Store, clock: FixedClock) -> None:
    workshop, came, missed = await finished(store, clock)
    for present in ([], [came], [came], [came, missed]):
        await record(store, workshop, 3, present)
    assert await due(store, came, missed) == [True, True]
    assert [one.path_id for one in await emitted_events(store, FinalisingSessionDue)] == [
        *(came.path_id, came.path_id),
        missed.path_id,
    ]


async def test_an_earlier_session_of_a_finished_workshop_makes_nothing_due(store: Store, clock: FixedClock) -> None:
    workshop, came, missed = await finished(store, clock)
    clock.now = later = OVER + timedelta(hours=1)
    await record(store, workshop, 1, [missed])
    clock.now += timedelta(hours=1)
    await record(store, workshop, 1, [came])
    await record(store, workshop, 3, [came])
    assert await due(store, came, missed) == [True, False]
    async with store.read() as session:
        recorded = [one.recorded_at for one in await sessions_of(session, workshop.id)]
    assert recorded == [later, None, OVER], "it is recorded, as is not what nobody entered; the week stays"
    assert [one.final for one in await emitted_events(store, AttendanceRecorded)] == [True] * 2 + [False] * 4


async def test_who_has_a_final_interview_stays_present(store: Store, clock: FixedClock) -> None:
    workshop, came, missed = await finished(store, clock)
    interview = await book_final(store, came)
    before = await all_rows(store)
    with pytest.raises(refusals.FinalInterviewBooked) as refused:
        await record(store, workshop, 3, [missed])
    assert refused.value.values["at"] == LATER
    assert await all_rows(store) == before, "nobody is corrected when one cannot be"
    await record(store, workshop, 3, [came, missed])
    await cancel(store, interview)
    await record(store, workshop, 3, [missed])
    assert await due(store, came, missed) == [False, True]


async def test_who_had_the_final_interview_attended(store: Store, clock: FixedClock) -> None:
    workshop, came, _missed = await finished(store, clock)
    interview = await book_final(store, came)
    clock.now = LATER + timedelta(hours=1)
    await change(store, interview, guidance.hold)
    with pytest.raises(refusals.FinalInterviewHeld):
        await record(store, workshop, 3, [])
    assert await emitted_events(store, FinalisingSessionWithdrawn) == []


async def test_a_missed_final_interview_is_not_restored_when_none_is_due(store: Store, clock: FixedClock) -> None:
    workshop, came, _missed = await finished(store, clock)
    interview = await book_final(store, came)
    clock.now = LATER
    await change(store, interview, no_shows.miss)
    clock.now = OVER + ATTENDANCE_CORRECTED_WITHIN
    await record(store, workshop, 3, [])
    with pytest.raises(refusals.FinalisingNotDue):
        await change(store, interview, no_shows.undo_miss)


async def test_it_is_too_late_after_a_week(store: Store, clock: FixedClock) -> None:
    workshop, came, missed = await finished(store, clock)
    clock.now = OVER + ATTENDANCE_CORRECTED_WITHIN
    await record(store, workshop, 3, [missed])
    clock.now += timedelta(seconds=1)
    for ordinal in (1, 3):
        with pytest.raises(refusals.AttendanceStays):
            await record(store, workshop, ordinal, [came])
    assert await due(store, came, missed) == [False, True]


async def test_a_closed_path_and_a_cancelled_workshop_stay(store: Store, clock: FixedClock) -> None:
    workshop, came, missed = await finished(store, clock)
    async with store.work() as work:
        assert missed.path_id is not None
        await stopping.give_up(work, missed.path_id)
    with pytest.raises(refusals.PathIsClosed):
        await record(store, workshop, 3, [came, missed])
    other = await announce(store, sessions=[(OVER + timedelta(days=1, hours=21), 60)])
    async with store.work() as work:
        await workshops.cancel_workshop(work, await work.load(Workshop, other.id), reason="ill")
    clock.now = OVER + timedelta(days=3)
    with pytest.raises(refusals.WorkshopClosed):
        await record(store, other, 1, [])


async def test_the_page_corrects_as_long_as_it_can(desk: Client, clock: FixedClock) -> None:
    workshop, came, missed = await finished(desk.store, clock)
    async with desk.store.read() as session:
        last = (await sessions_of(session, workshop.id))[-1].id
    address = f"/scheduling/workshops/{workshop.id}"
    form = re.compile(rf'<form [^>]*action="{address}/sessions/{last}".*?</form>', re.S)

    async def shown() -> str:
        return unescape((await desk.get(address)).text)

    ticked = re.findall(r'value="([0-9a-f-]{36})" checked', form.findall(await shown())[0])
    assert ticked == [str(came.id)]
    interview = await book_final(desk.store, came)
    seen = await version(desk, workshop.id)
    answer = await press_save(desk, workshop.id, last, came=str(missed.id), version=seen)
    assert re.match("error:.*Annulez d’abord cet entretien", answer)
    await cancel(desk.store, interview)
    answer = await press_save(desk, workshop.id, last, came=str(missed.id), version=await version(desk, workshop.id))
    assert answer == "done:Présences enregistrées."
    assert await due(desk.store, came, missed) == [False, True]
    clock.now = OVER + ATTENDANCE_CORRECTED_WITHIN + timedelta(seconds=1)
    assert not form.search(await shown())
