"""Removes what deleted rows leave behind in the files of a store."""

import asyncio
import sqlite3
from contextlib import closing

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from services.chassis.storage.store import Store
from services.chassis.storage.tables import chassis_metadata

REWRITTEN_BYTES = 32 * 1024 * 1024
"""Up to this size a table of PostgreSQL is rewritten, for which it is locked, a second at most."""

_WAIT = 0.1
"""Seconds that SQLite may wait for its readers. Writers wait as long."""
_LOCK_WAIT = "1s"
"""How long PostgreSQL may wait for a table. Who comes later waits behind it."""
_LOCKED = "55P03"


async def remove_remains(store: Store) -> bool:
    """Remove older versions of rows from the store's files. False: something is in use, try again later.

    SQLite overwrites them in the file by itself (`secure_delete`): the write-ahead log, which still has them, is
    emptied. PostgreSQL keeps their bytes, after a vacuum too, until other rows need the space: the service's own
    tables are rewritten, and larger ones vacuumed.
    """
    if store.sqlite:
        return await asyncio.to_thread(_empty_wal, store.writer.url.database or "")
    references_only = chassis_metadata().tables.keys() - {"dead_letters"}
    try:
        for name in store.metadata.tables.keys() - references_only:
            await _vacuum(store, name)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _LOCKED:
            raise
        return False
    return True


async def _vacuum(store: Store, table: str) -> None:
    async with store.writer.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        size = await connection.scalar(sa.text("select pg_table_size(cast(:name as regclass))"), {"name": table})
        how = "full" if size is not None and size <= REWRITTEN_BYTES else "index_cleanup on"
        await connection.execute(sa.text(f"set lock_timeout = '{_LOCK_WAIT}'"))
        try:
            await connection.execute(sa.text(f'vacuum ({how}) "{table}"'))
        finally:
            await connection.execute(sa.text("reset lock_timeout"))


def _empty_wal(path: str) -> bool:
    # A connection of its own: the store's writer would wait with it.
    with closing(sqlite3.connect(path, timeout=_WAIT)) as connection:
        busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy
