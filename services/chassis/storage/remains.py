"""Removes what deleted rows leave behind in the files of a store.

`Store.remains` has the tables from which something was deleted: by an erasure, and of the contents of dead letters.
"""

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from services.chassis.storage.store import Store
from services.chassis.storage.tables import CONTENTS, chassis_metadata

REWRITTEN_BYTES = 32 * 1024 * 1024
"""Up to this size a table of PostgreSQL is rewritten, for which it is locked, a second at most."""

LATELY = timedelta(days=1)
"""How long after a deletion a start removes remains again: the process that deleted may have been killed before."""

_SECONDS = 2.0
"""How soon after a deletion its remains are removed on SQLite. On PostgreSQL, where tables are locked for it, once in
a round: many deletions share it."""
_WAIT = 0.1
"""Seconds that SQLite may wait for its readers. Writers wait as long."""
_LOCK_WAIT = "1s"
"""How long PostgreSQL may wait for a table. Who comes later waits behind it."""
_LOCKED = "55P03"


def pause_of(store: Store, round_seconds: float) -> float:
    """Seconds between two rounds of `clean`."""
    return min(_SECONDS, round_seconds) if store.sqlite else round_seconds


async def clean(store: Store) -> bool:
    """Remove what was left since the last round. Returns False: what is in use is left to the next one."""
    tables, store.remains = store.remains, set[str]()
    removed = not tables
    try:
        removed = removed or await remove_remains(store, tables)
    finally:
        store.remains |= set() if removed else tables
    return False


async def mark_deleted_contents(store: Store) -> None:
    """Have `clean` remove the contents of dead letters that were deleted just before a start."""
    letters, now = store.table("dead_letters"), store.clock()
    lately = sa.exists().where(letters.c.sealed.is_(None), letters.c.sealed_until.between(now - LATELY, now))
    async with store.read() as session:
        if await session.scalar(sa.select(lately)):
            store.remains.update(CONTENTS)


async def remove_remains(store: Store, tables: set[str]) -> bool:
    """Remove older versions of these tables' rows from the store's files. False: something is in use, try again later.

    SQLite overwrites them in the file by itself (`secure_delete`): the write-ahead log, which still has them, is
    emptied. PostgreSQL keeps their bytes, after a vacuum too, until other rows need the space: the tables are
    rewritten, and larger ones vacuumed. Of the chassis' own tables only those with contents are: the others have
    references.
    """
    if store.sqlite:
        return await asyncio.to_thread(_empty_wal, store.writer.url.database or "")
    references_only = chassis_metadata().tables.keys() - CONTENTS
    try:
        for name in sorted(tables - references_only):
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
