"""A series of sessions that is cancelled in its middle: what has begun was held, and its attendance counts."""

from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.contracts.scheduling import AttendanceRecorded, FinalisingSessionDue
from services.scheduling.actions import workshops
from services.scheduling.domain import refusals
from services.scheduling.domain.attendance import ATTENDANCE_CORRECTED_WITHIN
from services.scheduling.domain.todo import Task, ToDoPart
from services.scheduling.store import GuidancePath, Seat, Workshop
from services.scheduling.store.calendars import Subject, session_blocks
from services.scheduling.store.demand import attendance_between, sessions_taking_time
from services.scheduling.store.interviews import QuarterHour
from services.scheduling.store.workshops import sessions_between, sessions_of
from tests.givens.events import emitted_events
from tests.givens.rows import rows_of
from tests.givens.scheduling import LIEGE, NADIA
from tests.scheduling.test_attendance_pages import record as press_save
from tests.scheduling.test_attendance_pages import version
from tests.scheduling.test_outcomes import press
from tests.scheduling.test_todo import listed
from tests.scheduling.test_workshops import SESSIONS, TUESDAY, announce, people, record, take

WEEK = timedelta(days=7)
SPAN = (TUESDAY, TUESDAY + 4 * WEEK)


async def cancelled_in_its_middle(store: Store, clock: FixedClock) -> tuple[Workshop, Seat, Seat]:
    """Two of three sessions were held, the second one is not recorded yet."""
    workshop = await announce(store)
    first, second = [await take(store, workshop, visitor) for visitor in await people(store, 2)]
    clock.now = TUESDAY + timedelta(hours=4)
    await record(store, workshop, 1, [first])
    clock.now = TUESDAY + WEEK + timedelta(hours=4)
    async with store.work() as work:
        await workshops.cancel_workshop(work, await work.load(Workshop, workshop.id), reason="counsellor-away")
    return workshop, first, second


async def test_the_attendance_of_what_was_held_is_kept_recorded_and_corrected(store: Store, clock: FixedClock) -> None:
    workshop, first, second = await cancelled_in_its_middle(store, clock)
    clock.forward(days=1)
    await record(store, workshop, 2, [first, second])
    await record(store, workshop, 1, [first, second])
    recorded = [(one.seat_id, one.attended, one.final) for one in await emitted_events(store, AttendanceRecorded)]
    assert recorded[2:] == [(first.id, True, False), (second.id, True, False), (second.id, True, False)]
    clock.now = TUESDAY + 2 * WEEK + timedelta(hours=1)
    with pytest.raises(refusals.WorkshopClosed):  # the third was not held
        await record(store, workshop, 3, [first])
    clock.now = TUESDAY + WEEK + timedelta(hours=5) + ATTENDANCE_CORRECTED_WITHIN
    with pytest.raises(refusals.AttendanceStays):
        await record(store, workshop, 2, [first])


async def test_it_stands_on_the_to_do_until_its_attendance_is_recorded(store: Store, clock: FixedClock) -> None:
    workshop, first, _second = await cancelled_in_its_middle(store, clock)
    async with store.read() as session:
        held = (await sessions_of(session, workshop.id))[1]
    assert await listed(store, ToDoPart.TODAY) == [(Task.RECORD_ATTENDANCE, held.id)]
    for _ in range(2):
        clock.forward(days=3)
        assert await listed(store, ToDoPart.LEFT_OVER) == [(Task.RECORD_ATTENDANCE, held.id)]
    await record(store, workshop, 2, [first])
    assert await listed(store, ToDoPart.LEFT_OVER) == []


async def test_it_leaves_the_to_do_when_its_attendance_stays(store: Store, clock: FixedClock) -> None:
    await cancelled_in_its_middle(store, clock)
    clock.now += ATTENDANCE_CORRECTED_WITHIN + timedelta(days=1)
    assert await listed(store, ToDoPart.LEFT_OVER) == []


async def test_cancelled_after_its_last_session_it_is_not_finished_by_its_attendance(
    store: Store, clock: FixedClock
) -> None:
    workshop = await announce(store)
    (visitor,) = await people(store, 1)
    seat = await take(store, workshop, visitor)
    clock.now = TUESDAY + 2 * WEEK + timedelta(hours=1)
    async with store.work() as work:
        await workshops.cancel_workshop(work, await work.load(Workshop, workshop.id), reason="counsellor-away")
    await record(store, workshop, 3, [seat])
    assert await emitted_events(store, FinalisingSessionDue) == []
    async with store.read() as session:
        assert (await session.get_one(Workshop, workshop.id)).status == "cancelled"
        assert (await session.get_one(GuidancePath, seat.path_id)).closed_because == "workshop-cancelled"


async def test_what_was_held_stays_in_the_calendars_and_the_figures(store: Store, clock: FixedClock) -> None:
    await cancelled_in_its_middle(store, clock)
    quarters = {one.quarter for one in await rows_of(store, QuarterHour) if one.resource == f"counsellor:{NADIA}"}
    assert {min(quarters), max(quarters)} == {TUESDAY, TUESDAY + WEEK + timedelta(hours=2, minutes=45)}
    async with store.read() as session:
        led = await sessions_taking_time(session, LIEGE, *SPAN)
        assert sorted(one.starts_at for one in led) == [starts_at for starts_at, _minutes in SESSIONS[:2]]
        assert await attendance_between(session, LIEGE, *SPAN) == {True: 1, False: 1}
        blocks = await session_blocks(session, Subject(LIEGE), *SPAN)
        assert sorted((one.starts_at, one.status) for one in blocks) == [
            (TUESDAY, "finished"),
            (TUESDAY + WEEK, "finished"),
            (TUESDAY + 2 * WEEK, "cancelled"),
        ]
        assert len(await sessions_between(session, LIEGE, *SPAN)) == 2
    await announce(store, sessions=SESSIONS[2:])


async def test_the_page_says_before_what_stays_and_has_the_list_afterwards(desk: Client, clock: FixedClock) -> None:
    desk.headers["accept-language"] = "en"
    workshop = await announce(desk.store)
    await take(desk.store, workshop, (await people(desk.store, 1))[0])
    page = f"/scheduling/workshops/{workshop.id}"
    stays = "Sessions that have begun stay"
    assert stays not in unescape((await desk.get(page)).text)
    clock.now = TUESDAY + timedelta(hours=4)
    assert stays in unescape((await desk.get(page)).text)
    form: dict[str, Any] = {"reason": "counsellor-away", "version": await version(desk, workshop.id)}
    assert (await press(desk, f"/workshops/{workshop.id}/cancel", **form)).startswith("done:")
    clock.now = TUESDAY + WEEK - timedelta(hours=8)
    shown = unescape((await desk.get(page)).text)
    assert "Record attendance" in shown
    assert shown.count('name="came"') == 1, "the other sessions were not held"
    assert "This is the last session" not in shown
    async with desk.store.read() as session:
        first = (await sessions_of(session, workshop.id))[0].id
    seen = await version(desk, workshop.id)
    assert (await press_save(desk, workshop.id, first, all="yes", version=seen)).startswith("done:")
