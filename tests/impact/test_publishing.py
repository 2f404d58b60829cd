"""Months are published once, some days after their end; what was counted later does not move their figures."""

from datetime import date

import pytest
import sqlalchemy as sa

from services.chassis.events.restoring import Seen, open_epoch
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock
from services.impact import actions
from services.impact.app import SERVICE
from services.impact.domain import FiguresRebuilding, Measure, MonthNotEnded, Months, PublishedBefore
from services.impact.store import PublishedCount
from tests.givens.impact import count, publish_now

DAYS = 10
FEBRUARY, MARCH = date(2026, 2, 5), date(2026, 3, 2)
"""The clock of these tests says 2 March 2026, so that February has just ended."""
VISITS = Measure.VISITORS


async def published(store: Store) -> dict[tuple[str, str, str], tuple[int, bool]]:
    """Month, centre and area of each published count of visits: its number, and whether a part is withheld."""
    async with store.read() as session:
        rows = await session.scalars(sa.select(PublishedCount).where(sa.column("measure") == VISITS.value))
        return {(row.month, row.centre, row.area): (row.number, row.withheld) for row in rows}


async def look(store: Store, clock: FixedClock, days: int) -> list[str]:
    """What the job does once a day, for so many days. Returns the months that it published."""
    done: list[str] = []
    for _ in range(days):
        async with store.work() as work:
            done += await actions.publish_due(work, DAYS)
        clock.forward(days=1)
    return done


async def test_a_month_is_published_days_after_its_end(store: Store, clock: FixedClock) -> None:
    await count(store, {(FEBRUARY, "liege", VISITS, "find-job"): 60, (MARCH, "liege", VISITS, "find-job"): 60})
    assert await look(store, clock, DAYS) == []
    assert await published(store) == {}
    assert await look(store, clock, 2) == ["2026-02"]
    assert await published(store) == {
        ("2026-02", "*", "*"): (60, False),
        ("2026-02", "liege", "*"): (60, False),
        ("2026-02", "liege", "find-job"): (60, False),
    }
    assert await look(store, clock, 15) == [], "March goes on, and February is published once"


async def test_a_month_is_published_days_after_its_last_change(store: Store, clock: FixedClock) -> None:
    """An import of the past takes days."""
    past = {(date(2017, 3, 27), "liege", VISITS, ""): 50}
    for _ in range(4):
        await count(store, past)
        assert await look(store, clock, DAYS - 1) == []
    assert await look(store, clock, 2) == ["2017-03"]
    assert (await published(store))["2017-03", "*", "*"] == (200, False)


async def test_a_pause_of_the_service_is_no_proof_that_nothing_changed(store: Store, clock: FixedClock) -> None:
    await count(store, {(FEBRUARY, "liege", VISITS, ""): 60})
    assert await look(store, clock, 2) == []
    clock.forward(days=60)
    assert await look(store, clock, DAYS) == []
    assert await look(store, clock, 1) == ["2026-02"]


async def test_late_events_move_nothing_until_the_yearly_revision(store: Store, clock: FixedClock) -> None:
    await count(store, {(FEBRUARY, "liege", VISITS, ""): 60, (FEBRUARY, "mons", VISITS, ""): 40})
    assert await look(store, clock, DAYS + 2) == ["2026-02"]
    before = await published(store)
    await count(store, {(FEBRUARY, "liege", VISITS, ""): 7})
    assert await look(store, clock, DAYS + 2) == []
    clock.forward(days=330)
    assert await look(store, clock, DAYS + 2) == []
    assert await published(store) == before
    clock.forward(days=10)
    assert await look(store, clock, DAYS + 2) == ["2026-02"]
    after = await published(store)
    assert after["2026-02", "*", "*"] == (107, False)
    assert after["2026-02", "liege", "*"] == (67, False)
    assert after["2026-02", "mons", "*"] == (40, False)


async def test_fewer_than_five_late_events_wait_for_more(store: Store) -> None:
    """Else a revision would show, by the difference, that one person came."""
    await count(store, {(FEBRUARY, "liege", VISITS, ""): 60})
    await publish_now(store, "2026-02", "2026-02")
    for expected in (60, 60, 66):
        await count(store, {(FEBRUARY, "liege", VISITS, ""): 2})
        await publish_now(store, "2026-02", "2026-02")
        assert (await published(store))["2026-02", "*", "*"] == (expected, False)


async def test_the_late_events_of_a_centre_are_withheld_like_any_small_number(store: Store) -> None:
    await count(store, {(FEBRUARY, "liege", VISITS, ""): 60, (FEBRUARY, "mons", VISITS, ""): 40})
    await publish_now(store, "2026-02", "2026-02")
    await count(store, {(FEBRUARY, "liege", VISITS, ""): 60, (FEBRUARY, "mons", VISITS, ""): 1})
    await publish_now(store, "2026-02", "2026-02")
    after = await published(store)
    assert after["2026-02", "*", "*"] == (161, False)
    assert after["2026-02", "liege", "*"] == (60, True)
    assert after["2026-02", "mons", "*"] == (40, True)


async def test_a_month_with_too_few_is_published_without_its_number(store: Store) -> None:
    await count(store, {(FEBRUARY, "liege", VISITS, ""): 3})
    await publish_now(store, "2026-02", "2026-02")
    shown = await published(store)
    assert shown["2026-02", "*", "*"] == (0, True)
    assert shown["2026-02", "mons", "*"] == (0, True), "not even where nobody came"
    await count(store, {(FEBRUARY, "liege", VISITS, ""): 3})
    await publish_now(store, "2026-02", "2026-02")
    assert (await published(store))["2026-02", "*", "*"] == (6, False)


async def test_nothing_is_published_of_a_month_that_goes_on_nor_during_a_rebuild(store: Store) -> None:
    await count(store, {(FEBRUARY, "liege", VISITS, ""): 60})
    with pytest.raises(MonthNotEnded):
        async with store.work() as work:
            await actions.publish_months(work, Months("2026-02", "2026-03"))
    rebuilds = SERVICE.metadata.tables["rebuilds"]
    async with store.work() as work:
        row = {"generation": 1, "started_at": work.now, "started_by": "test", "events": 1}
        await work.session.execute(sa.insert(rebuilds), row)
    with pytest.raises(FiguresRebuilding):
        async with store.work() as work:
            await actions.publish_months(work, Months("2026-02", "2026-02"))
    async with store.work() as work:
        assert await actions.publish_due(work, 0) == []
    assert await published(store) == {}


async def test_a_restored_store_leaves_what_may_have_been_published_to_an_operator(
    store: Store, clock: FixedClock
) -> None:
    """February may have been published after the backup, with other numbers; nobody has them any more."""
    await count(store, {(FEBRUARY, "liege", VISITS, ""): 60, (MARCH, "liege", VISITS, ""): 60})
    assert (await open_epoch(store, Seen(), actions.count_held_months)).ended == {"months": 1}
    assert await look(store, clock, 45) == ["2026-03"]
    with pytest.raises(PublishedBefore):
        await publish_now(store, "2026-02", "2026-02")
    async with store.work() as work:
        months = Months("2026-02", "2026-02")
        assert await actions.publish_months(work, months, after_restore=True) == ["2026-02"]
    assert await publish_now(store, "2026-02", "2026-02") == ["2026-02"], "accepted once"
