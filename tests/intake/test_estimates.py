"""The waiting time is estimated from the centre's own days, and compared with what happened."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock, client_of
from services.contracts.intake import END_OF_DAY
from services.contracts.roles import Role
from services.intake.actions.end_of_day import end_days
from services.intake.actions.visits import Arrival, call, check_in, check_in_all, finish, serve
from services.intake.app import SERVICE
from services.intake.domain import estimates
from services.intake.domain.estimates import Waited
from services.intake.store import Centre, Visit
from services.intake.store.estimates import WaitingDay
from tests.givens.intake import LIEGE_DESK, MONDAY, open_centres

MANAGER = LIEGE_DESK.model_copy(update={"subject": "test/manager", "roles": frozenset({Role.MANAGER})})
TUESDAY = date(2026, 3, 3)
PAGE = {"accept": "text/html", "accept-language": "en"}


def a_day(minutes: list[int]) -> list[Waited]:
    """Visitors who all came at nine, and were called one after the other, after so many minutes each."""
    times = [MONDAY + timedelta(minutes=sum(minutes[: n + 1])) for n in range(len(minutes))]
    return [Waited("find-job", MONDAY + timedelta(seconds=n), at, counts=True) for n, at in enumerate(times)]


def test_the_pace_is_the_wait_for_each_place() -> None:
    paces = estimates.paces_of(a_day([6, 6, 6]))
    assert paces.keys() == {"", "find-job"}
    assert all(355 <= pace <= 360 for pace in paces[""])


@given(st.lists(st.integers(0, 90), min_size=1, max_size=400))
def test_of_a_long_day_some_paces_are_kept_and_none_is_negative(minutes: list[int]) -> None:
    kept = estimates.paces_of(a_day(minutes))[""]
    assert 1 <= len(kept) <= estimates.MOST_SAMPLES
    assert min(kept) >= 0


def test_nothing_is_estimated_from_a_few_days_and_equal_weekdays_count_alone_once_there_are_enough() -> None:
    days = {TUESDAY - timedelta(days=n): [600, 600] for n in range(1, 5)}
    assert estimates.pace_for(TUESDAY, days) is None
    days |= {TUESDAY - timedelta(days=5): [600]}
    assert estimates.pace_for(TUESDAY, days) == [600, 600, 600]
    days |= {TUESDAY - timedelta(weeks=n): [60, 60] for n in range(1, 5)}
    assert estimates.pace_for(TUESDAY, days) == [60, 60, 60]


@given(pace=st.lists(st.integers(0, 100), min_size=3, max_size=3).map(sorted), before=st.integers(0, 99))
def test_the_range_holds_the_median_and_grows_with_the_queue(pace: list[int], before: int) -> None:
    found = estimates.estimate({"": pace}, "find-job", before)
    later = estimates.estimate({"": pace}, None, before + 1)
    assert found is not None
    assert later is not None
    assert found.low <= found.typical <= found.high
    assert (later.low, later.high) >= (found.low, found.high)
    assert found.low % 5 == found.high % 5 == 0 < found.high


async def a_served_day(store: Store, clock: FixedClock, wait: timedelta, people: int = 3) -> None:
    """Each is received before the next one comes, after the same wait. Then a night passes."""
    for _ in range(people):
        visit = uuid4()
        async with store.work() as work:
            await check_in(work, Arrival(visit, "liege", "find-job"))
        clock.now += wait
        async with store.work() as work:
            await serve(work, visit)
        async with store.work() as work:
            await finish(work, visit)
    clock.now = datetime.combine(clock.now.date() + timedelta(days=1), MONDAY.timetz())
    await end_days(store)


async def test_days_that_are_over_teach_the_pace_and_an_estimate_is_compared_with_the_wait(
    store: Store, clock: FixedClock
) -> None:
    for _ in range(estimates.DAYS_NEEDED):
        await a_served_day(store, clock, timedelta(minutes=12))
    async with store.read() as session:
        centre = await session.get_one(Centre, "liege")
        assert centre.paces == {"": [720, 720, 720], "find-job": [720, 720, 720]}
        assert (await session.get_one(Centre, "namur")).paces == {}
    day = clock.now.date()
    await a_served_day(store, clock, timedelta(minutes=12))
    await a_served_day(store, clock, timedelta(minutes=40))
    await end_days(store)
    async with store.read() as session:
        good, bad = [await session.get_one(WaitingDay, ("liege", "", day + timedelta(days=n))) for n in (0, 1)]
    assert (good.given, good.right, good.errors) == (3, 3, [0, 0, 0])
    assert (bad.given, bad.right, bad.errors) == (3, 0, [28, 28, 28])


async def test_a_wait_that_a_call_ended_teaches_the_pace_although_the_night_closed_the_visit(
    store: Store, clock: FixedClock
) -> None:
    called, waiting = uuid4(), uuid4()
    for visit in (called, waiting):
        async with store.work() as work:
            await check_in(work, Arrival(visit, "liege", "find-job"))
        clock.forward(seconds=1)
    clock.forward(minutes=12)
    async with store.work() as work:
        await call(work, called, "desk-1")
    clock.now = MONDAY + timedelta(days=1)
    async with store.work() as work:  # of today: it says nothing about yesterday
        await check_in(work, Arrival(uuid4(), "liege"))
    await end_days(store)
    async with store.read() as session:
        assert (await session.get_one(Visit, called)).closed_by == END_OF_DAY
        assert (await session.get_one(WaitingDay, ("liege", "", MONDAY.date()))).paces == [722]
        assert (await session.get_one(WaitingDay, ("liege", "find-job", MONDAY.date()))).paces == [722]


async def test_desk_wall_and_ticket_say_the_estimate_and_the_manager_sees_how_right_it_was(
    tmp_path: Path, clock: FixedClock
) -> None:
    async with client_of(SERVICE, tmp_path, person=LIEGE_DESK, clock=clock) as desk:
        await open_centres(desk.store)
        assert "Estimated wait" not in (await desk.get("/intake/desk/liege", headers=PAGE)).text
        for _ in range(estimates.DAYS_NEEDED + 1):
            await a_served_day(desk.store, clock, timedelta(minutes=12), people=2)
        async with desk.store.work() as work:  # of yesterday, from a desk that was offline
            await check_in_all(work, [Arrival(uuid4(), "liege", at=clock() - timedelta(hours=20)) for _ in range(120)])
        first = await _arrives(desk)
        clock.forward(seconds=1)
        second = await _arrives(desk)
        assert (first["estimate"], second["estimate"]) == ([10, 12, 15], [20, 24, 25])
        page = "/intake/t/" + second["ticket_page"].rpartition("/")[2]
        assert "Estimated wait: 20 to 25 min" in (await desk.get(page, headers=PAGE)).text
        for board in ("/intake/desk/liege", "/intake/waiting-room/liege"):
            assert "Estimated wait: 35 to 40 min" in (await desk.get(board, headers=PAGE)).text
        await desk.post(f"/intake/api/v1/visits/{first['id']}/hold", json={})
        for board in ("/intake/desk/liege", "/intake/waiting-room/liege"):
            assert "Estimated wait: 20 to 25 min" in (await desk.get(board, headers=PAGE)).text
        assert "Estimated wait: 10 to 15 min" in (await desk.get(page, headers=PAGE)).text
        assert (await _arrives(desk))["estimate"] == [20, 24, 25]
        shown = (await desk.signed_in(MANAGER).get("/intake/waiting-times", headers=PAGE)).text
        assert "March 2026" in shown
        assert "100 %" in shown
        async with desk.store.read() as session:
            assert (await session.get_one(Visit, second["uuid"])).estimate == [20, 24, 25]


async def _arrives(desk: Client) -> dict[str, Any]:
    visit = uuid4()
    body = {"centre": "liege", "area": "find-job"}
    return (await desk.put(f"/intake/api/v1/visits/{visit}", json=body)).json() | {"uuid": visit}
