"""What the migrations make is what the tables say, on both stores."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from services.chassis.migrations import alembic_config, newest
from services.chassis.service import Service
from services.chassis.store import Store
from services.chassis.testing import store_of
from services.launcher.catalogue import SERVICES
from tests.parts.postgres import PostgresServer


async def differences(store: Store, service: Service) -> list[object]:
    """What is still to be migrated."""

    def compare(connection: sa.Connection) -> list[object]:
        return list(
            compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), service.metadata)
        )

    async with store.writer.connect() as connection:
        return await connection.run_sync(compare)


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES.keys())
async def test_on_sqlite(service: Service, tmp_path: Path) -> None:
    async with store_of(service, f"sqlite+aiosqlite:///{tmp_path / 'store.db'}") as store:
        assert await differences(store, service) == []


@pytest.mark.postgres
@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES.keys())
async def test_on_postgres(service: Service, postgres: PostgresServer) -> None:
    url = await postgres.create_database(f"migrations_{service.name}")
    async with store_of(service, url.replace("postgresql://", "postgresql+asyncpg://")) as store:
        assert await differences(store, service) == []


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES.keys())
def test_there_is_one_line_of_migrations(service: Service) -> None:
    script = ScriptDirectory.from_config(alembic_config(service.folder / "migrations"))
    assert script.get_heads() == [newest(service.folder / "migrations")]
    assert len(script.get_bases()) == 1
