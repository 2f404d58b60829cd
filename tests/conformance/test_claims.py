"""Rows that are handled once: each by one worker, on every store."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from services.chassis.storage.claims import Claimable, ClaimLost, claim, finish, open_rows, release
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock
from tests.conformance.conftest import StoreOf
from tests.conformance.sample import Table

LEASE = timedelta(minutes=2)


class Reminder(Claimable, Table, table=True):
    """A message to a visitor, to be sent once."""

    __tablename__ = "reminders"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (open_rows("reminders"),)

    text: str


async def written(store: Store, many: int) -> set[UUID]:
    async with store.work() as work:
        return {work.add(Reminder(text=f"Votre entretien, demain à {hour} h")).id for hour in range(many)}


async def kept(store: Store) -> list[Reminder]:
    async with store.read() as session:
        return list(await session.scalars(sa.select(Reminder)))


async def test_workers_at_the_same_time_never_get_the_same_row(speaker: Store, open_store: StoreOf) -> None:
    waiting = await written(speaker, 40)
    stores = [speaker, open_store("speaker"), open_store("speaker")]

    async def work_through(store: Store) -> list[UUID]:
        mine: list[UUID] = []
        while rows := await claim(store, Reminder, most=3, lease=LEASE):
            for row in rows:
                async with store.work() as work:
                    await finish(work, row)
                mine.append(row.id)
        return mine

    shares = await asyncio.gather(*(work_through(store) for store in stores))
    sent = [id for share in shares for id in share]
    assert len(sent) == 40
    assert set(sent) == waiting
    assert all(row.done_at and row.attempts == 1 for row in await kept(speaker))


async def test_one_worker_takes_no_more_than_asked_for(speaker: Store) -> None:
    await written(speaker, 3)
    assert [len(await claim(speaker, Reminder, most=2, lease=LEASE)) for _ in range(3)] == [2, 1, 0]


async def test_what_a_dead_worker_held_comes_to_the_next_after_the_lease(
    speaker: Store, open_store: StoreOf, clock: FixedClock
) -> None:
    await written(speaker, 1)
    await claim(speaker, Reminder, most=1, lease=LEASE)  # and dies
    other = open_store("speaker")
    clock.forward(seconds=119)
    assert await claim(other, Reminder, most=1, lease=LEASE) == []
    clock.forward(seconds=1)
    (row,) = await claim(other, Reminder, most=1, lease=LEASE)
    assert row.attempts == 2


async def test_a_worker_that_comes_back_late_is_refused_and_changes_nothing(
    speaker: Store, open_store: StoreOf, clock: FixedClock
) -> None:
    await written(speaker, 1)
    (late,) = await claim(speaker, Reminder, most=1, lease=LEASE)
    clock.forward(minutes=3)
    (row,) = await claim(open_store("speaker"), Reminder, most=1, lease=LEASE)
    for give_up in (finish, release):
        with pytest.raises(ClaimLost, match=f"reminders {row.id}: claimed with {late.claim}, now with {row.claim}"):
            async with speaker.work() as work:
                await give_up(work, late)
    async with speaker.work() as work:
        await finish(work, row)
    with pytest.raises(ClaimLost):
        async with speaker.work() as work:
            await finish(work, row)  # twice
    assert [(one.done_at, one.claim) for one in await kept(speaker)] == [(clock.now, None)]


async def test_a_worker_slower_than_its_lease_finishes_what_nobody_else_took(speaker: Store, clock: FixedClock) -> None:
    await written(speaker, 1)
    (row,) = await claim(speaker, Reminder, most=1, lease=LEASE)
    clock.forward(minutes=3)
    async with speaker.work() as work:
        await finish(work, row)
    assert await claim(speaker, Reminder, most=1, lease=LEASE) == []


async def test_what_is_given_back_waits_for_its_pause(speaker: Store, clock: FixedClock) -> None:
    await written(speaker, 1)
    (row,) = await claim(speaker, Reminder, most=1, lease=LEASE)
    async with speaker.work() as work:
        await release(work, row, timedelta(minutes=10))
    clock.forward(minutes=9)
    assert await claim(speaker, Reminder, most=1, lease=LEASE) == []
    clock.forward(minutes=1)
    (again,) = await claim(speaker, Reminder, most=1, lease=LEASE)
    assert (again.id, again.attempts) == (row.id, 2)
    assert again.claim != row.claim
