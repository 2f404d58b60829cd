"""The store: errors told apart, migrations of replicas that start together, readers that cannot write."""

import asyncio
import gc
import sqlite3
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
import uvloop
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from services.chassis.events.inbox import last_sequences
from services.chassis.storage.bulk import in_list
from services.chassis.storage.errors import IndistinctConstraints, is_unavailable, violated_constraint
from services.chassis.storage.migrations import migrate
from services.chassis.storage.store import Store
from services.chassis.storage.tables import chassis_metadata
from services.chassis.testing import FixedClock
from services.launcher.catalogue import SERVICES
from tests.chassis.sample_service import Note, Table
from tests.parts.postgres import PostgresServer


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'store.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return (await server.create_database("chassis_store")).replace("postgresql://", "postgresql+asyncpg://")


@pytest.fixture
async def store(url: str) -> AsyncGenerator[Store]:
    made = Store(url, "sample", Table.metadata, FixedClock())
    async with made.writer.begin() as connection:
        await connection.run_sync(Table.metadata.create_all)
    yield made
    await made.close()


async def failing(store: Store, statement: str, values: object = None) -> DBAPIError:
    with pytest.raises(DBAPIError) as caught:
        async with store.work() as work:
            await work.session.execute(sa.text(statement), values)  # pyright: ignore
    return caught.value


async def test_what_a_batch_asks_for_goes_with_the_batch(store: Store) -> None:
    """Statements are garbage in cycles: a list of ids in one of them would stay until the collector comes by."""

    async def ask(batches: int) -> int:
        before = sys.getallocatedblocks()
        for _ in range(batches):
            async with store.work() as work:
                await work.prefetch(Note, [uuid4() for _ in range(1000)])
                await last_sequences(
                    work.session, store.table("inbox"), {("/sample", str(uuid4())) for _ in range(1000)}
                )
        return sys.getallocatedblocks() - before

    await ask(2)
    gc.collect()
    gc.disable()
    try:
        assert await ask(20) < 20 * 1000
    finally:
        gc.enable()


@pytest.mark.parametrize(("table", "column"), [("notes", "id"), ("inbox", "subject"), ("outbox", "seq")])
async def test_rows_are_found_by_their_keys_in_a_table_that_nobody_analysed(
    store: Store, table: str, column: str
) -> None:
    chosen = store.table(table).c[column]
    statement = sa.select(chosen).where(in_list(chosen, "wanted")).compile(dialect=store.writer.dialect)
    explained = "explain query plan " if store.sqlite else "explain "
    wanted: Any = "[]" if store.sqlite else []
    async with store.work() as work:
        connection = await work.session.connection()
        plan = [str(row) for row in await connection.exec_driver_sql(f"{explained}{statement}", (wanted,))]
    by_key = "SEARCH" if store.sqlite else "Index Only Scan"
    assert by_key in plan[0], plan
    assert not [line for line in plan if "Seq Scan" in line], plan


async def test_a_mistake_of_ours_is_not_an_absence(store: Store) -> None:
    """Otherwise an event that meets it would be tried for ever, and everybody behind it would wait."""
    for statement in ("select * from no_such_table", "select nothing from notes", "selct 1"):
        assert not is_unavailable(await failing(store, statement)), statement


async def test_a_broken_rule_is_not_an_absence_and_names_its_constraint(store: Store) -> None:
    async with store.work() as work:
        work.add(Note(words="once"))
    insert = "insert into notes (id, version, correlation_id, words) select {0}, 0, id, {1} from notes"
    twice = await failing(store, insert.format("correlation_id", "words"))
    empty = await failing(store, insert.format("correlation_id", "null"))
    for error in (twice, empty):
        assert isinstance(error, IntegrityError)
        assert not is_unavailable(error)
    assert isinstance(twice, IntegrityError)
    assert violated_constraint(twice, Table.metadata) == "notes_words_unique"
    assert isinstance(empty, IntegrityError)
    assert violated_constraint(empty, Table.metadata) is None


async def test_a_unique_index_of_an_expression_is_found_by_its_name(url: str) -> None:
    words = sa.Table("words", chassis_metadata(), sa.Column("word", sa.String(20), primary_key=True))
    sa.Index("words_once", sa.func.lower(words.c.word), unique=True)
    store = Store(url, "sample", words.metadata, FixedClock())
    async with store.writer.begin() as connection:
        await connection.run_sync(words.metadata.create_all)
    twice = await failing(store, "insert into words (word) values ('Liège'), ('LIèGE')")
    await store.close()
    assert isinstance(twice, IntegrityError)
    assert violated_constraint(twice, words.metadata) == "words_once"


async def test_two_constraints_that_sqlite_cannot_tell_apart_are_refused_at_the_start(tmp_path: Path) -> None:
    metadata = chassis_metadata()
    seats = sa.Table("seats", metadata, sa.Column("person", sa.String(20), unique=True), sa.Column("status", sa.String))
    sa.Index("seats_taken_once", seats.c.person, unique=True, sqlite_where=seats.c.status == "taken")
    with pytest.raises(IndistinctConstraints, match=r"seats_person_unique and seats_taken_once .* seats\.person"):
        Store(f"sqlite+aiosqlite:///{tmp_path / 'store.db'}", "sample", metadata)


@pytest.mark.parametrize("error", [ConnectionRefusedError(), TimeoutError(), PoolTimeout("no connection")])
def test_what_cannot_be_reached_is_away(error: Exception) -> None:
    assert is_unavailable(error)
    assert not is_unavailable(ValueError("a value"))


def test_what_the_quicker_loop_says_of_a_broken_connection_is_away() -> None:
    """No driver expects this of a write: the error comes out as it is."""

    async def write_after_it_broke() -> None:
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        async with server:
            _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.transport.abort()
            await asyncio.sleep(0.01)
            writer.write(b"select 1")

    with pytest.raises(RuntimeError) as broke:
        uvloop.run(write_after_it_broke())
    assert is_unavailable(broke.value)
    assert not is_unavailable(RuntimeError("something else"))


def test_sqlite_says_busy_full_or_gone() -> None:
    for name, away in (
        ("SQLITE_BUSY", True),
        ("SQLITE_BUSY_SNAPSHOT", True),
        ("SQLITE_FULL", True),
        ("SQLITE_IOERR_WRITE", True),
        ("SQLITE_CANTOPEN", True),
        ("SQLITE_ERROR", False),
        ("SQLITE_CONSTRAINT_UNIQUE", False),
        ("SQLITE_TOOBIG", False),
    ):
        orig = sqlite3.OperationalError(name)
        orig.sqlite_errorname = name
        assert is_unavailable(sa.exc.OperationalError("select", {}, orig)) is away, name  # pyright: ignore


@pytest.mark.postgres
async def test_a_server_that_was_cut_off_is_away_and_then_back(postgres: PostgresServer) -> None:
    url = (await postgres.create_database("chassis_cut")).replace("postgresql://", "postgresql+asyncpg://")
    store = Store(url, "sample", Table.metadata)

    async def work_through_a_cut() -> None:
        async with store.work() as work:
            await work.session.execute(sa.text("select 1"))
            await asyncio.to_thread(postgres.kill)
            await work.session.execute(sa.text("select 1"))

    with pytest.raises(Exception) as cut:  # noqa: PT011 - that it is one is what is asked
        await work_through_a_cut()
    with pytest.raises(Exception) as gone:  # noqa: PT011
        async with store.read() as session:
            await session.execute(sa.text("select 1"))
    assert is_unavailable(cut.value)
    assert is_unavailable(gone.value)
    await asyncio.to_thread(postgres.start_again)
    async with store.read() as session:
        assert await session.scalar(sa.text("select 1")) == 1
    await store.close()


async def test_replicas_that_start_together_migrate_once(url: str) -> None:
    service = SERVICES["intake"]
    stores = [Store(url, service.name, service.metadata) for _ in range(3)]
    await asyncio.gather(*(migrate(store, service.folder / "migrations") for store in stores))
    async with stores[0].read() as session:
        assert await session.scalar(sa.text("select count(*) from alembic_version")) == 1
    for store in stores:
        await store.close()


async def test_whoever_writes_first_in_a_new_file_is_waited_for(tmp_path: Path) -> None:
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


async def test_readers_neither_wait_for_a_writer_nor_see_what_is_not_committed(store: Store) -> None:
    async with store.work() as work:
        work.add(Note(words="draft"))
        await work.session.flush()
        async with asyncio.timeout(2), store.read() as session:
            assert await session.scalar(sa.select(sa.func.count()).select_from(Note)) == 0
    async with store.read() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Note)) == 1


async def test_what_a_reader_would_write_is_refused_by_the_store(store: Store) -> None:
    with pytest.raises(DBAPIError, match=r"read-?only"):
        async with store.read() as session:
            await session.execute(sa.text("delete from notes"))


async def test_boards_and_relay_are_told_only_after_the_commit(store: Store) -> None:
    touched: list[set[str]] = []
    store.on_boards_changed = touched.append

    async def change(fail: bool) -> None:
        async with store.work() as work:
            work.add(Note(words=f"fail {fail}"))
            work.notify_board("intake:huy")
            if fail:
                raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        await change(fail=True)
    assert touched == []
    await change(fail=False)
    assert touched == [{"intake:huy"}]
    assert not store.emitted.is_set()


async def test_what_is_cancelled_leaves_nothing_and_blocks_nobody(store: Store) -> None:
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
