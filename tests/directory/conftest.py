"""A store of the directory for each test, on SQLite and on PostgreSQL, with its centres and two invented providers."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.chassis.store import Store
from services.directory import actions
from services.directory.store import Table
from tests.directory.told import Clock, atelier, passerelle
from tests.directory.web import Site
from tests.parts.postgres import PostgresServer

_databases: dict[PostgresServer, str] = {}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> AsyncGenerator[Store]:
    if request.param == "postgres":
        url = await _postgres_url(request.getfixturevalue("postgres"))
    else:
        url = f"sqlite+aiosqlite:///{tmp_path / 'directory.db'}"
    made = Store(url, "directory", Table.metadata, clock)
    async with made.writer.begin() as connection:
        await connection.run_sync(Table.metadata.create_all)
        for table in reversed(Table.metadata.sorted_tables):
            await connection.execute(sa.delete(table))
    async with made.work() as work:
        await actions.open_feed(work)
    yield made
    await made.close()


@pytest.fixture
async def town(store: Store) -> Store:
    """The store with the network's centres and two providers."""
    async with store.work() as work:
        await actions.publish_centres(work)
        await actions.keep_provider(work, *atelier())
        await actions.keep_provider(work, *passerelle())
    return store


async def _postgres_url(server: PostgresServer) -> str:
    """One database for all tests here: to empty it is ten times faster than to make it."""
    if server not in _databases:
        made = await server.create_database("directory_test")
        _databases[server] = made.replace("postgresql://", "postgresql+asyncpg://")
    return _databases[server]


@pytest.fixture
async def site(tmp_path: Path, clock: Clock) -> AsyncGenerator[Site]:
    """The directory as a process would run it, on SQLite, by its migrations."""
    made = Site(tmp_path, clock)
    await made.open()
    yield made
    await made.close()
