"""What the migrations make is what the tables say, on both stores."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from services.chassis.events.dead_letters import dead_letter_row
from services.chassis.service.definition import Service
from services.chassis.storage.migrations import alembic_config, migrate, newest
from services.chassis.storage.store import Store
from services.chassis.storage.tables import DeadLetterState
from services.chassis.testing import store_of
from services.contracts.cloudevents import Record
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


def _upgrade_to(connection: sa.Connection, service: Service, revision: str | None) -> None:
    config = alembic_config(service.folder / "migrations")
    config.attributes.update(connection=connection, metadata=service.metadata)
    command.upgrade(config, revision or "base")


@asynccontextmanager
async def _older_store(service: Service, url: str, revision: str | None) -> AsyncGenerator[Store]:
    """A store as this revision left it."""
    store = Store(url, service.name, service.metadata)
    try:
        async with store.writer.begin() as connection:
            await connection.run_sync(_upgrade_to, service, revision)
        yield store
    finally:
        await store.close()


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES.keys())
async def test_what_waits_in_an_older_store_gets_its_row(service: Service, tmp_path: Path) -> None:
    """A letter that was held or discarded before anything took effect had none."""
    config = alembic_config(service.folder / "migrations")
    rows = "rows_for_what_waits"
    (at,) = [one for one in ScriptDirectory.from_config(config).walk_revisions() if rows in Path(one.path).name]
    before = cast("str | None", at.down_revision)
    async with _older_store(service, f"sqlite+aiosqlite:///{tmp_path / 'store.db'}", before) as store:
        letters, inbox = store.table("dead_letters"), store.table("inbox")
        record = Record("cefo.intake.visits", b"", [], b"")
        async with store.work() as work:
            for subject, state, sequence in (
                ("a", "held", 3),
                ("a", "held", 2),
                ("b", "discarded", 2),
                ("c", "dead", 1),
            ):
                about: dict[str, Any] = {"source": "/intake", "subject": subject, "sequence": sequence}
                kept: dict[str, Any] = {"state": DeadLetterState(state), "reason": "ahead", "detail": "", "attempts": 1}
                await work.session.execute(sa.insert(letters), dead_letter_row(record, at=work.now, **kept, **about))
            known = {"source": "/intake", "subject": "b", "sequence": 1, "heard_at": work.now}
            await work.session.execute(sa.insert(inbox), known)
        await migrate(store, service.folder / "migrations")
        async with store.read() as session:
            found = (await session.execute(sa.select(inbox.c.subject, inbox.c.sequence))).all()
    assert sorted(found) == [("a", 0), ("b", 1)]


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES.keys())
def test_there_is_one_line_of_migrations(service: Service) -> None:
    script = ScriptDirectory.from_config(alembic_config(service.folder / "migrations"))
    assert script.get_heads() == [newest(service.folder / "migrations")]
    assert len(script.get_bases()) == 1
