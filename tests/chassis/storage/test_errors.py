"""Errors of the stores' drivers: unavailable, a violated constraint, or a faulty statement."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
import uvloop
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from services.chassis.storage.errors import IndistinctConstraints, is_unavailable, violated_constraint
from services.chassis.storage.store import Store
from services.chassis.storage.tables import chassis_metadata
from services.chassis.testing import FixedClock
from tests.chassis.sample_service import Note, Table
from tests.parts.postgres import PostgresServer


async def failing(store: Store, statement: str, values: object = None) -> DBAPIError:
    with pytest.raises(DBAPIError) as caught:
        async with store.work() as work:
            await work.session.execute(sa.text(statement), values)  # pyright: ignore
    return caught.value


async def test_a_faulty_statement_is_not_unavailability(store: Store) -> None:
    """Otherwise an event that meets it would be tried for ever, and everybody behind it would wait."""
    for statement in ("select * from no_such_table", "select nothing from notes", "selct 1"):
        assert not is_unavailable(await failing(store, statement)), statement


async def test_a_violated_rule_is_not_unavailability_and_names_its_constraint(store: Store) -> None:
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
def test_a_connection_error_or_timeout_is_unavailability(error: Exception) -> None:
    assert is_unavailable(error)
    assert not is_unavailable(ValueError("a value"))


def test_uvloops_error_of_a_broken_connection_is_unavailability() -> None:
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


def test_sqlite_is_unavailable_when_busy_full_or_gone() -> None:
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
async def test_a_killed_server_is_unavailable_until_it_is_back(postgres: PostgresServer) -> None:
    url = (await postgres.create_database("chassis_cut")).replace("postgresql://", "postgresql+asyncpg://")
    store = Store(url, "sample", Table.metadata)
    async with store.writer.begin() as connection:
        await connection.run_sync(Table.metadata.create_all)

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
