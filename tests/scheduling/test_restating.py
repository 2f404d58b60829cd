"""What an older store has booked is published again after the update, once."""

import asyncio
from datetime import timedelta
from importlib import import_module
from uuid import UUID

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock
from services.contracts.scheduling import InterviewKind, InterviewRestated, Side
from services.scheduling.actions import guidance, paths, restating
from tests.givens.events import emitted_events
from tests.givens.rows import count
from tests.givens.scheduling import LIEGE, MONDAY, NADIA, Visitor, react

TUESDAY = MONDAY + timedelta(days=1)


async def books(store: Store, days: int = 0) -> UUID:
    """A new person books an interview of an hour."""
    adult = Visitor()
    await react(store, [adult.registered()])
    async with store.work() as work:
        path = await paths.open_path(work, adult.subject_ref, LIEGE, "choose-path")
        await work.session.flush()
        at = TUESDAY + timedelta(days=days)
        interview = await guidance.book(work, path.id, counsellor=NADIA, room=None, starts_at=at, minutes=60)
    return interview.id


async def is_updated(store: Store) -> None:
    """The migration that lists what is booked runs on this store, as on one that an older version left."""

    def once_more(connection: sa.Connection) -> None:
        connection.execute(sa.text("drop table interviews_to_restate"))
        with Operations.context(MigrationContext.configure(connection)):
            import_module("services.scheduling.migrations.versions.0018_interviews_to_restate").upgrade()

    async with store.writer.begin() as connection:
        await connection.run_sync(once_more)


async def restated(store: Store) -> list[InterviewRestated]:
    """All that was restated, after both replicas had their turn."""
    more = await asyncio.gather(*(restating.restate_booked(store) for _ in range(2)))
    while any(more):
        more = [await restating.restate_booked(store)]
    return await emitted_events(store, InterviewRestated)


async def test_after_an_update_what_is_booked_is_restated_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restating, "BATCH", 1)
    here, cancelled, next_week = [await books(store, days) for days in (0, 1, 7)]
    async with store.work() as work:
        interview = await guidance.interview_of(work, cancelled)
        await guidance.cancel(work, interview, by=Side.VISITOR, reason="illness")
    await is_updated(store)
    found = await restated(store)
    assert {one.interview_id for one in found} == {here, next_week}
    (one,) = [one for one in found if one.interview_id == here]
    assert (one.kind, one.centre, one.counsellor, one.starts_at, one.minutes, one.area) == (
        InterviewKind.GUIDANCE,
        LIEGE,
        NADIA,
        TUESDAY,
        60,
        "choose-path",
    )
    assert len(await restated(store)) == 2
    assert await count(store, "interviews_to_restate") == 0


async def test_what_was_booked_or_ended_meanwhile_is_not_restated(store: Store, clock: FixedClock) -> None:
    over, cancelled = [await books(store, days) for days in (0, 2)]
    await is_updated(store)
    await books(store, 3)
    clock.now = TUESDAY + timedelta(minutes=60)
    async with store.work() as work:
        await guidance.cancel(work, await guidance.interview_of(work, cancelled), by=Side.CENTRE, reason="illness")
    assert await restated(store) == []
    assert over != cancelled
