"""A service's own store for one test, made by its migrations and empty, on SQLite and on PostgreSQL."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from services.chassis.runtime.clock import Clock, system_clock
from services.chassis.service.definition import Service
from services.chassis.storage.store import Store
from services.chassis.testing import store_of
from tests.parts.postgres import PostgresServer

BOTH = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))
"""The parameters of a fixture that gives `empty_store`."""

_databases: dict[tuple[PostgresServer, str], str] = {}


@asynccontextmanager
async def empty_store(
    request: pytest.FixtureRequest, service: Service, folder: Path, clock: Clock = system_clock
) -> AsyncGenerator[Store]:
    """The store that the fixture's parameter names; closed afterwards."""
    if request.param == "postgres":
        url = await _database(request.getfixturevalue("postgres"), service)
    else:
        url = f"sqlite+aiosqlite:///{folder / service.name}.db"
    async with store_of(service, url, clock) as store:
        if not store.sqlite:
            await _empty(store)
        yield store


async def _empty(store: Store) -> None:
    """Sent as one text, which is one transaction: apart, the statements take twice the server's time."""
    async with store.writer.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        tables = reversed(store.metadata.sorted_tables)
        await driver.execute("; ".join(f'delete from "{table.name}"' for table in tables))


async def _database(server: PostgresServer, service: Service) -> str:
    """One for all tests of a service: emptying it is ten times faster than creating it."""
    if (server, service.name) not in _databases:
        made = await server.create_database(f"{service.name}_test")
        _databases[server, service.name] = made.replace("postgresql://", "postgresql+asyncpg://")
    return _databases[server, service.name]
