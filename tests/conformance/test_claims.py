"""Claimed rows are processed once, each by one worker, on every store."""

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


async def add_reminders(store: Store, many: int) -> set[UUID]:
    async with store.work() as work:
        return {work.add(Reminder(text=f"Votre entretien, demain à {hour} h")).id for hour in range(many)}


async def all_reminders(store: Store) -> list[Reminder]:
    async with store.read() as session:
        return list(await session.scalars(sa.select(Reminder)))


async def test_workers_at_the_same_time_never_get_the_same_row(producer_store: Store, open_store: StoreOf) -> None:
    waiting = await add_reminders(producer_store, 40)
    stores = [producer_store, open_store("producer"), open_store("producer")]

    async def work_through(store: Store) -> list[UUID]:
        processed: list[UUID] = []
        while rows := await claim(store, Reminder, most=3, lease=LEASE):
            for row in rows:
                async with store.work() as work:
                    await finish(work, row)
                processed.append(row.id)
        return processed

    shares = await asyncio.gather(*(work_through(store) for store in stores))
    sent = [id for share in shares for id in share]
    assert len(sent) == 40
    assert set(sent) == waiting
    assert all(row.done_at and row.attempts == 1 for row in await all_reminders(producer_store))


async def test_a_worker_claims_at_most_the_requested_rows(producer_store: Store) -> None:
    await add_reminders(producer_store, 3)
    assert [len(await claim(producer_store, Reminder, most=2, lease=LEASE)) for _ in range(3)] == [2, 1, 0]


async def test_a_row_of_a_dead_worker_can_be_claimed_after_the_lease(
    producer_store: Store, open_store: StoreOf, clock: FixedClock
) -> None:
    await add_reminders(producer_store, 1)
    await claim(producer_store, Reminder, most=1, lease=LEASE)  # and dies
    other = open_store("producer")
    clock.forward(seconds=119)
    assert await claim(other, Reminder, most=1, lease=LEASE) == []
    clock.forward(seconds=1)
    (row,) = await claim(other, Reminder, most=1, lease=LEASE)
    assert row.attempts == 2


async def test_a_worker_whose_row_was_claimed_again_is_refused_and_changes_nothing(
    producer_store: Store, open_store: StoreOf, clock: FixedClock
) -> None:
    await add_reminders(producer_store, 1)
    (late,) = await claim(producer_store, Reminder, most=1, lease=LEASE)
    clock.forward(minutes=3)
    (row,) = await claim(open_store("producer"), Reminder, most=1, lease=LEASE)
    for end_claim in (finish, release):
        with pytest.raises(ClaimLost, match=f"reminders {row.id}: claimed with {late.claim}, now with {row.claim}"):
            async with producer_store.work() as work:
                await end_claim(work, late)
    async with producer_store.work() as work:
        await finish(work, row)
    with pytest.raises(ClaimLost):
        async with producer_store.work() as work:
            await finish(work, row)  # twice
    assert [(one.done_at, one.claim) for one in await all_reminders(producer_store)] == [(clock.now, None)]


async def test_a_worker_slower_than_its_lease_finishes_a_row_without_another_claim(
    producer_store: Store, clock: FixedClock
) -> None:
    await add_reminders(producer_store, 1)
    (row,) = await claim(producer_store, Reminder, most=1, lease=LEASE)
    clock.forward(minutes=3)
    async with producer_store.work() as work:
        await finish(work, row)
    assert await claim(producer_store, Reminder, most=1, lease=LEASE) == []


async def test_a_released_row_cannot_be_claimed_before_its_delay(producer_store: Store, clock: FixedClock) -> None:
    await add_reminders(producer_store, 1)
    (row,) = await claim(producer_store, Reminder, most=1, lease=LEASE)
    async with producer_store.work() as work:
        await release(work, row, timedelta(minutes=10))
    clock.forward(minutes=9)
    assert await claim(producer_store, Reminder, most=1, lease=LEASE) == []
    clock.forward(minutes=1)
    (again,) = await claim(producer_store, Reminder, most=1, lease=LEASE)
    assert (again.id, again.attempts) == (row.id, 2)
    assert again.claim != row.claim
