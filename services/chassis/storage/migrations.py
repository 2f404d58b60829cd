"""Migrates a store with alembic, from the service's `migrations/versions`."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from services.chassis.storage.store import Store

if TYPE_CHECKING:
    from alembic.config import Config

_LOCK = 5_060_842  # any number, the same for all replicas of a service


def alembic_config(folder: Path) -> "Config":
    """alembic's configuration, with the service's scripts."""
    from alembic.config import Config  # noqa: PLC0415 - most starts have nothing to migrate

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "alembic"))
    config.set_main_option("version_locations", str(folder / "versions"))
    config.set_main_option("path_separator", "os")
    return config


async def migrate(store: Store, folder: Path, to: str = "head") -> None:
    """Apply missing migrations up to the revision `to`; replicas that start together wait for each other."""
    if store.sqlite:
        await asyncio.to_thread(Path(store.writer.url.database or "").parent.mkdir, parents=True, exist_ok=True)
    async with store.writer.begin() as connection:
        if not store.sqlite:
            await connection.execute(sa.text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        await connection.run_sync(_upgrade, folder, store.metadata, to)


def newest(folder: Path) -> str:
    """The latest revision: the highest number of a migration's file name."""
    return max(file.name for file in (folder / "versions").glob("[0-9]*.py")).split("_")[0]


def _upgrade(connection: sa.Connection, folder: Path, metadata: sa.MetaData, to: str) -> None:
    if sa.inspect(connection).has_table("alembic_version"):
        kept = connection.scalar(sa.text("select version_num from alembic_version"))
        if kept == newest(folder):
            return
    from alembic import command  # noqa: PLC0415 - most starts have nothing to migrate

    config = alembic_config(folder)
    config.attributes["connection"] = connection
    config.attributes["metadata"] = metadata
    command.upgrade(config, to)
