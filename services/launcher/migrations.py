"""Writes a service's next migration from its tables: `python -m services.launcher.migrations intake "why"`."""

import asyncio
import sys
import tempfile
from pathlib import Path

import sqlalchemy as sa
from alembic import command

from services.chassis.storage.migrations import alembic_config, migrate
from services.chassis.storage.store import Store
from services.launcher.catalogue import SERVICES


async def write(name: str, message: str) -> None:
    """Compare the tables with what the migrations make, and write the difference as the next migration."""
    service = SERVICES[name]
    versions = service.folder / "migrations" / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite+aiosqlite:///{folder}/{name}.db", name, service.metadata)
        await migrate(store, service.folder / "migrations")
        async with store.writer.begin() as connection:
            await connection.run_sync(_revise, service.folder / "migrations", service.metadata, message)
        await store.close()


def _revise(connection: sa.Connection, folder: Path, metadata: sa.MetaData, message: str) -> None:
    config = alembic_config(folder)
    config.attributes["connection"] = connection
    config.attributes["metadata"] = metadata
    number = len(list((folder / "versions").glob("*.py"))) + 1
    command.revision(config, message=message, autogenerate=True, rev_id=f"{number:04d}")


if __name__ == "__main__":
    asyncio.run(write(sys.argv[1], sys.argv[2]))
