"""What a day leaves: it stands apart, is called by nobody, and is closed by a press or at night."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from services.chassis.copies.visits import Day, FromEarlierDay, just_left, just_seen
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock, emitted
from services.contracts.intake import VisitLeft, VisitServed
from services.intake.actions import erasure, interviews, visits
from services.intake.actions.end_of_day import BATCH, close_today, end_days
from services.intake.store import Centre, Visit
from services.intake.store.visits import last_visits
from tests.givens.intake import walks_in
from tests.intake.test_persons import registered

TWO_IN_THE_NIGHT = datetime.fromisoformat("2026-03-03T02:00:00+01:00")
BEFORE_THE_SUMMER = datetime.fromisoformat("2026-03-29T01:59:00+01:00")


async def enter(store: Store, centre: str = "liege") -> UUID:
    visit = uuid4()
    async with store.work() as work:
        await walks_in(work, visit, centre=centre)
    return visit


async def act(store: Store, step: str, visit: UUID) -> None:
    async with store.work() as work:
        await (visits.call(work, visit, "desk-1") if step == "call" else getattr(visits, step)(work, visit))


async def kept(store: Store, visit: UUID) -> tuple[str, str | None]:
    async with store.read() as session:
        row = await session.get_one(Visit, visit)
    return row.status, row.closed_by


@pytest.fixture
async def left_over(store: Store) -> dict[str, UUID]:
    """Three visitors of Monday: one waits, one was called, one is being served."""
    left = {state: await enter(store) for state in ("waiting", "called", "being_served")}
    await act(store, "call", left["called"])
    await act(store, "serve", left["being_served"])
    return left


async def test_a_night_closes_what_the_day_left_and_says_that_nobody_saw_it(
    store: Store, left_over: dict[str, UUID], clock: FixedClock
) -> None:
    clock.now = TWO_IN_THE_NIGHT
    assert not await end_days(store)
    assert (await kept(store, left_over["waiting"])) == ("waiting", None), "a visitor may still be there"
    clock.forward(hours=1)
    early = await enter(store)
    await end_days(store)
    assert {state: await kept(store, visit) for state, visit in left_over.items()} == {
        "waiting": ("left", "end-of-day"),
        "called": ("left", "end-of-day"),
        "being_served": ("served", "end-of-day"),
    }
    assert await kept(store, early) == ("waiting", None)
    ended = await emitted(store, VisitLeft, VisitServed)
    assert {(type(one.event), getattr(one.event, "closed_by", "")) for one in ended} == {
        (VisitLeft, "end-of-day"),
        (VisitServed, "end-of-day"),
    }
    await end_days(store)
    assert len(await emitted(store, VisitLeft, VisitServed)) == 3
    async with store.read() as session:
        today = Day.of(await session.get_one(Centre, "liege"), clock.now)
        for figures in (just_seen, just_left):
            assert await figures(session, Visit, today, 10) == [], "nobody saw them go: no departure of today"


@pytest.mark.parametrize("by", ["night", "erasure"])
async def test_where_a_closed_visit_was_is_forgotten(store: Store, clock: FixedClock, by: str) -> None:
    """Its interview would lead to the person whom the visit names no more."""
    person = await registered(store, "Amélie", "Dupré")
    async with store.work() as work:
        visit = (await last_visits(work.session, {person: (person,)}))[person].id
        await interviews.begin(work, visit, uuid4(), clock.now)
    async with store.work() as work:
        await close_today(work, await work.load(Centre, "liege"))
    async with store.read() as session:
        assert (await session.get_one(Visit, visit)).before_closing is not None
    if by == "night":
        clock.forward(days=1)
        await end_days(store)
    else:
        async with store.work() as work:
            await erasure.erase_subject(work, person)
    async with store.read() as session:
        assert (await session.get_one(Visit, visit)).before_closing is None


async def test_an_interview_that_nobody_ended_on_its_day_ends_the_visit_in_the_same_way(
    store: Store, left_over: dict[str, UUID], clock: FixedClock
) -> None:
    visit, interview = left_over["called"], uuid4()
    async with store.work() as work:
        await interviews.begin(work, visit, interview, clock.now)
    clock.forward(days=1)
    async with store.work() as work:
        await interviews.end(work, visit, interview, clock.now, "end-of-day")
    assert await kept(store, visit) == ("served", "end-of-day")


async def test_a_platform_that_slept_through_the_night_catches_up_and_then_waits_for_the_next(
    store: Store, left_over: dict[str, UUID], clock: FixedClock
) -> None:
    clock.now = datetime.fromisoformat("2026-03-05T08:30:00+01:00")
    await end_days(store)
    assert (await kept(store, left_over["called"])) == ("left", "end-of-day")
    async with store.work() as work:
        late = uuid4()
        await visits.check_in(work, visits.Arrival(late, "liege", at=clock.now - timedelta(days=1)))
    await end_days(store)
    assert await kept(store, late) == ("waiting", None), "an offline desk's check-ins stand apart until the night"
    clock.forward(days=1)
    await end_days(store)
    assert await kept(store, late) == ("left", "end-of-day")


async def test_more_than_one_batch_is_closed_round_by_round(store: Store, clock: FixedClock) -> None:
    async with store.work() as work:
        arrivals = [visits.Arrival(uuid4(), "namur") for _ in range(BATCH + 1)]
        await visits.check_in_all(work, arrivals)
    clock.forward(days=1)
    assert await end_days(store)
    assert not await end_days(store)
    assert len(await emitted(store, VisitLeft)) == BATCH + 1


async def test_the_night_of_the_clock_change_has_an_hour_less(store: Store, clock: FixedClock) -> None:
    clock.now = BEFORE_THE_SUMMER - timedelta(hours=4)
    visit = await enter(store)
    clock.now = BEFORE_THE_SUMMER
    await end_days(store)
    assert await kept(store, visit) == ("waiting", None)
    clock.forward(minutes=1)
    await end_days(store)
    assert await kept(store, visit) == ("left", "end-of-day")


async def test_who_came_yesterday_is_not_called_or_served_and_ends_without_being_counted(
    store: Store, left_over: dict[str, UUID], clock: FixedClock
) -> None:
    clock.forward(days=1)
    for step in ("call", "serve"):
        with pytest.raises(FromEarlierDay):
            await act(store, step, left_over["waiting"])
    await act(store, "leave", left_over["waiting"])
    await act(store, "finish", left_over["being_served"])
    assert await kept(store, left_over["waiting"]) == ("left", "end-of-day")
    assert await kept(store, left_over["being_served"]) == ("served", "end-of-day")
