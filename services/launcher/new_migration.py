"""Writes a service's next migration from its tables: `make migration SERVICE=scheduling MESSAGE="a path closes"`."""

import argparse
import asyncio
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import sqlalchemy as sa
from alembic import command

from services.chassis.storage.migrations import alembic_config, migrate, newest
from services.chassis.storage.schema_comparison import differences
from services.chassis.storage.store import Store
from services.launcher.catalogue import NAMES, SERVICES

_SETTINGS = Path(__file__).parents[2] / "pyproject.toml"


async def write_migration(folder: Path, metadata: sa.MetaData, message: str) -> Path | None:
    """Write the next migration: what `folder`'s migrations lack of these tables. None if they lack nothing.

    Its revision is the newest file's plus one. ruff formats it.
    """
    with tempfile.TemporaryDirectory() as temporary:
        store = Store(f"sqlite+aiosqlite:///{temporary}/new.db", "new", metadata)
        try:
            await migrate(store, folder)
            async with store.writer.begin() as connection:
                return await connection.run_sync(_write, folder, metadata, message)
        finally:
            await store.close()


def _write(connection: sa.Connection, folder: Path, metadata: sa.MetaData, message: str) -> Path | None:
    if not differences(connection, metadata):
        return None
    before = set((folder / "versions").glob("*.py"))
    config = alembic_config(folder)
    config.cmd_opts = argparse.Namespace(quiet=True)
    config.attributes["connection"] = connection
    config.attributes["metadata"] = metadata
    command.revision(config, message=message, autogenerate=True, rev_id=f"{int(newest(folder)) + 1:04d}")
    (path,) = set((folder / "versions").glob("*.py")) - before
    _format(path)
    return path


def _format(path: Path) -> None:
    """Remove unused imports, and format the file with ruff."""
    ruff = Path(sys.executable).with_name("ruff")
    for step in (["check", "--quiet", "--select", "F401", "--fix"], ["format", "--quiet"]):
        subprocess.run([ruff, *step, "--config", _SETTINGS, path], check=True)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="make migration", description=__doc__)
    parser.add_argument("service", choices=NAMES, metavar="SERVICE", help=", ".join(NAMES))
    parser.add_argument("message", metavar="MESSAGE", help="what changes, in a few words")
    args = parser.parse_args()
    if not re.fullmatch(r'[^"\\\n]*\w[^"\\\n]*', args.message):
        parser.error(f"MESSAGE is {args.message!r}: describe the change in one line, without quotes and backslashes")
    service = SERVICES[args.service]
    path = asyncio.run(write_migration(service.folder / "migrations", service.metadata, args.message))
    print(f"Wrote {path}" if path else f"No difference: the migrations of {service.name} create all of its tables.")


if __name__ == "__main__":
    main()
