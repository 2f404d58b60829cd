"""Whatever happens to a path, in any order: a closed one reserves no time to come, and none has a fifth interview."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col

from services.chassis.refusals import Refused
from services.chassis.storage.store import Store, Work
from services.chassis.testing import FixedClock, store_of
from services.contracts.scheduling import Side
from services.scheduling.actions import guidance, no_shows, paths, stopping
from services.scheduling.actions.reopening import reopen
from services.scheduling.app import SERVICE
from services.scheduling.domain.paths import ReopenReason
from services.scheduling.store import GuidancePath, Interview, QuarterHour, SlotHold
from tests.givens.rows import rows_of
from tests.givens.scheduling import LIEGE, MONDAY, NADIA, Visitor, open_liege, react
from tests.scheduling.test_paths import plan_confirmed

TUESDAY = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
ENDS = ("give-up", "give-up-unseen", "reopen", "confirm")
ACTS = ("book", "book", "book", "hold", "miss", "cancel", "move", "wait", "begin", *ENDS)
STEPS = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 7)), min_size=1, max_size=25)


@given(steps=STEPS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_history_keeps_the_rules(tmp_path_factory: Any, steps: list[tuple[str, int]]) -> None:
    asyncio.run(_live(tmp_path_factory.mktemp("history"), steps))


async def _live(folder: Path, steps: list[tuple[str, int]]) -> None:
    clock, adult = FixedClock(MONDAY), Visitor()
    async with store_of(SERVICE, f"sqlite+aiosqlite:///{folder / 'store.db'}", clock) as store:
        await open_liege(store)
        await react(store, [adult.registered()])
        async with store.work() as work:
            path = (await paths.open_path(work, adult.subject_ref, LIEGE)).id
        for act, number in steps:
            with suppress(Refused):
                await _do(store, clock, adult, path, act, number)
            await _check(store, path)


async def _do(store: Store, clock: FixedClock, adult: Visitor, path: UUID, act: str, number: int) -> None:
    if act == "wait":
        clock.forward(hours=6)
        return
    if act == "begin":
        booked = [one.starts_at for one in await rows_of(store, Interview) if one.status == "booked"]
        clock.now = max(clock.now, min(booked, default=clock.now) + timedelta(minutes=1))
        return
    if act == "confirm":
        await react(store, [plan_confirmed(path, adult)])
        return
    starts_at = TUESDAY + timedelta(days=number % 4 + 7 * (number // 4))
    async with store.work() as work:
        if act == "book":
            await guidance.book(work, path, counsellor=NADIA, room=None, starts_at=starts_at, minutes=60)
        elif act == "reopen":
            await reopen(work, path, ReopenReason.OTHER)
        elif act.startswith("give-up"):
            freed = None if act == "give-up" else ()
            await stopping.give_up(work, path, freed=freed)
        else:
            await _change(work, path, act, number, starts_at)


async def _change(work: Work, path: UUID, act: str, number: int, starts_at: datetime) -> None:
    ids = (await work.session.scalars(sa.select(col(Interview.id)).where(col(Interview.path_id) == path))).all()
    if not ids:
        return
    interview = await guidance.interview_of(work, sorted(ids)[number % len(ids)])
    if act == "hold":
        await guidance.hold(work, interview)
    elif act == "miss":
        await no_shows.miss(work, interview)
    elif act == "cancel":
        await guidance.cancel(work, interview, by=Side.VISITOR, reason="transport")
    else:
        await guidance.move(work, interview, counsellor=NADIA, room=None, starts_at=starts_at, minutes=120)


async def _check(store: Store, id: UUID) -> None:
    interviews = {one.id: one for one in await rows_of(store, Interview)}
    counted = [one for one in interviews.values() if one.status in ("booked", "fulfilled")]
    assert len(counted) <= 4
    assert sorted(one.counted_as or 0 for one in counted) == sorted({one.counted_as or 0 for one in counted})
    held = [one.number for one in counted if one.status == "fulfilled"]
    assert len(held) == len(set(held))
    kept = {one.id for one in await rows_of(store, SlotHold)}  # of what was held early, as long as that can be undone
    reserved = {one.holder for one in await rows_of(store, QuarterHour)} - kept
    assert reserved <= {one.id for one in interviews.values() if one.status in ("booked", "fulfilled", "noshow")}
    async with store.read() as session:
        path = await session.get_one(GuidancePath, id)
    if path.closed_at is not None:
        later = [one for one in counted if one.status == "booked" and one.starts_at > store.clock()]
        assert later == []
