"""Whether a unit of work notices each way to change something, and takes no query for one."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from services.chassis.storage.store import Store, Work
from tests.conformance.sample import Desk, Opening, Table, Tally, Unlucky

ANNA = UUID(int=1)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncGenerator[Store]:
    store = Store(f"sqlite+aiosqlite:///{tmp_path}/changes.db", "sample", Table.metadata)
    async with store.writer.begin() as connection:
        await connection.run_sync(Table.metadata.create_all)
    async with store.work() as work:
        work.start(Tally(id=ANNA, trail=[1]))
    yield store
    await store.close()


async def set_again(work: Work, anna: Tally) -> None:
    anna.trail = [3]


async def add(work: Work, anna: Tally) -> None:
    work.start(Tally(id=uuid4()))


async def insert(work: Work, anna: Tally) -> None:
    await work.insert(Desk, [{"id": uuid4(), "name": "Liège", "seats": 1}])


async def insert_many(work: Work, anna: Tally) -> None:
    await work.insert(Opening, [{"desk": "Liège", "day": str(number), "at": "9:00"} for number in range(50)])


async def update(work: Work, anna: Tally) -> None:
    await work.session.execute(sa.update(Desk).values(seats=2))


async def delete(work: Work, anna: Tally) -> None:
    await work.session.delete(anna)


async def board(work: Work, anna: Tally) -> None:
    work.notify_board("liege")


async def defer(work: Work, anna: Tally) -> None:
    work.before_commit(lambda: add(work, anna))


async def guard(work: Work, anna: Tally) -> None:
    work.guard("desks_name_unique", Unlucky(number=1))


CHANGES: list[Callable[[Work, Any], Awaitable[None]]] = [
    set_again,
    add,
    insert,
    insert_many,
    update,
    delete,
    board,
    defer,
    guard,
]


@pytest.mark.parametrize("change", CHANGES)
async def test_each_change_is_noticed(store: Store, change: Callable[[Work, Tally], Awaitable[None]]) -> None:
    async with store.work() as work:
        anna = await work.load(Tally, ANNA)
        anna.trail = [2]  # by an earlier step
        before = work.changes
        await change(work, anna)
        assert work.changes != before


async def test_what_only_reads_is_no_change(store: Store) -> None:
    async with store.work() as work:
        before = work.changes
        await work.load(Tally, ANNA)
        await work.prefetch(Tally, [uuid4()])
        await work.session.scalars(sa.select(Desk))
        assert work.changes == before
