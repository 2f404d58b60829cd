"""A store of scheduling of its own for each test, on SQLite and on PostgreSQL, with Liège in it."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.chassis.store import Store
from services.chassis.testing import Client, client_of
from services.scheduling.app import SERVICE
from services.scheduling.store import Table
from tests.parts.postgres import PostgresServer
from tests.scheduling.told import COUNSELLOR, Clock, Somebody, liege, tell

_databases: dict[PostgresServer, str] = {}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> AsyncGenerator[Store]:
    if request.param == "postgres":
        url = await _postgres_url(request.getfixturevalue("postgres"))
    else:
        url = f"sqlite+aiosqlite:///{tmp_path / 'scheduling.db'}"
    made = Store(url, "scheduling", Table.metadata, clock)
    async with made.writer.begin() as connection:
        await connection.run_sync(Table.metadata.create_all)
        for table in reversed(Table.metadata.sorted_tables):
            await connection.execute(sa.delete(table))
    await tell(made, [liege()])
    yield made
    await made.close()


async def _postgres_url(server: PostgresServer) -> str:
    """One database for all tests here: to empty it is ten times faster than to make it."""
    if server not in _databases:
        made = await server.create_database("scheduling_test")
        _databases[server] = made.replace("postgresql://", "postgresql+asyncpg://")
    return _databases[server]


@pytest.fixture
async def adult(store: Store) -> Somebody:
    """Somebody who agreed to be known, to book guidance."""
    somebody = Somebody()
    await tell(store, [somebody.registered()])
    return somebody


@pytest.fixture
async def desk(tmp_path: Path, clock: Clock) -> AsyncGenerator[Client]:
    """A browser in front of scheduling, signed in as Nadia, counsellor in Liège."""
    async with client_of(SERVICE, tmp_path, person=COUNSELLOR, clock=clock) as client:
        await tell(client.store, [liege()])
        client.headers["accept-language"] = "fr"
        yield client


@pytest.fixture
async def known(desk: Client) -> Somebody:
    """Somebody who waits in Liège and agreed to be known, to book guidance."""
    somebody = Somebody()
    await tell(desk.store, [somebody.checks_in(), somebody.registered(), somebody.is_identified()])
    return somebody
