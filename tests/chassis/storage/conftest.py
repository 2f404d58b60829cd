"""An empty store of the sample service, on SQLite and on PostgreSQL."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock
from tests.chassis.sample_service import Table
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
