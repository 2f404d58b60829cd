"""Intake's store on SQLite and on PostgreSQL, and its web, each with Liège and Namur in it."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.chassis.store import Store
from services.chassis.testing import Client, FixedClock, client_of, store_of
from services.intake.app import SERVICE
from services.intake.store import Table
from tests.intake.people import LIEGE_DESK, MONDAY, open_centres
from tests.parts.postgres import PostgresServer

_databases: dict[PostgresServer, str] = {}


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MONDAY)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock) -> AsyncGenerator[Store]:
    if request.param == "postgres":
        url = await _postgres_url(request.getfixturevalue("postgres"))
    else:
        url = f"sqlite+aiosqlite:///{tmp_path / 'intake.db'}"
    async with store_of(SERVICE, url, clock) as made:
        async with made.writer.begin() as connection:
            for table in reversed(Table.metadata.sorted_tables):
                await connection.execute(sa.delete(table))
        await open_centres(made)
        yield made


async def _postgres_url(server: PostgresServer) -> str:
    """One database for all tests here: to empty it is ten times faster than to make it."""
    if server not in _databases:
        made = await server.create_database("intake_test")
        _databases[server] = made.replace("postgresql://", "postgresql+asyncpg://")
    return _databases[server]


@pytest.fixture
async def client(tmp_path: Path, clock: FixedClock) -> AsyncGenerator[Client]:
    """A browser at Liège's desk."""
    async with client_of(SERVICE, tmp_path, person=LIEGE_DESK, clock=clock) as made:
        await open_centres(made.store)
        yield made
