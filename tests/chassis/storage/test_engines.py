"""Connections to both stores: readers beside a writer, locks, cancellation."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from services.chassis.storage.store import Store
from tests.chassis.sample_service import Note


async def test_a_connection_waits_for_the_first_writer_of_a_new_file(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "new.db", isolation_level=None)
    other.execute("begin immediate")
    store = Store(f"sqlite+aiosqlite:///{tmp_path}/new.db", "sample", Note.metadata)

    async def ask() -> object:
        async with store.read() as session:
            return await session.scalar(sa.text("pragma journal_mode"))

    asked = asyncio.create_task(ask())
    done, _ = await asyncio.wait({asked}, timeout=0.3)
    assert not done
    other.execute("commit")
    assert await asked == "wal"
    other.close()
    await store.close()


async def test_readers_neither_wait_for_a_writer_nor_see_uncommitted_rows(store: Store) -> None:
    async with store.work() as work:
        work.add(Note(words="draft"))
        await work.session.flush()
        async with asyncio.timeout(2), store.read() as session:
            assert await session.scalar(sa.select(sa.func.count()).select_from(Note)) == 0
    async with store.read() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Note)) == 1


async def test_the_store_refuses_a_write_of_a_reader(store: Store) -> None:
    with pytest.raises(DBAPIError, match=r"read-?only"):
        async with store.read() as session:
            await session.execute(sa.text("delete from notes"))


async def test_a_cancelled_unit_of_work_leaves_no_row_and_no_lock(store: Store) -> None:
    """A browser that goes away in the middle must not keep the only writer."""

    async def slow() -> None:
        async with store.work() as work:
            work.add(Note(words="half"))
            await work.session.flush()
            await asyncio.sleep(30)

    for _ in range(3):
        task = asyncio.create_task(slow())
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    async with asyncio.timeout(5), store.work() as work:
        work.add(Note(words="whole"))
    async with store.read() as session:
        assert (await session.scalars(sa.select(Note))).one().words == "whole"
