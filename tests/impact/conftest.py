"""Impact's store on SQLite and on PostgreSQL, and its web, each with Liège and Mons in it."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.chassis.store import Store
from services.chassis.testing import Client, FixedClock, client_of, store_of
from services.impact.app import SERVICE
from services.impact.store import Table
from tests.impact.told import centre, take
from tests.parts.postgres import PostgresServer

_databases: dict[PostgresServer, str] = {}


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Store]:
    if request.param == "postgres":
        url = await _postgres_url(request.getfixturevalue("postgres"))
    else:
        url = f"sqlite+aiosqlite:///{tmp_path / 'impact.db'}"
    async with store_of(SERVICE, url, FixedClock()) as made:
        async with made.writer.begin() as connection:
            for table in reversed(Table.metadata.sorted_tables):
                await connection.execute(sa.delete(table))
        await take(made, centre("liege"), centre("mons"))
        yield made


async def _postgres_url(server: PostgresServer) -> str:
    """One database for all tests here: to empty it is ten times faster than to make it."""
    if server not in _databases:
        made = await server.create_database("impact_test")
        _databases[server] = made.replace("postgresql://", "postgresql+asyncpg://")
    return _databases[server]


@pytest.fixture
async def client(tmp_path: Path) -> AsyncGenerator[Client]:
    """Anybody's browser: the figures are open."""
    async with client_of(SERVICE, tmp_path, clock=FixedClock()) as made:
        await take(made.store, centre("liege"), centre("mons"))
        yield made
