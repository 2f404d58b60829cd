"""A backup of a store, as a dump has it, and what its service emitted after it."""

from typing import Any

import sqlalchemy as sa

from services.chassis.events.restoring import Seen
from services.chassis.storage.store import Store
from services.chassis.testing import emitted

Backup = dict[str, list[dict[str, Any]]]
"""The rows of every table."""


async def backup_of(store: Store) -> Backup:
    """Every row of a store."""
    async with store.read() as session:
        return {
            table.name: [dict(row) for row in (await session.execute(sa.select(table))).mappings()]
            for table in store.metadata.sorted_tables
        }


async def put_back(store: Store, backup: Backup) -> Seen:
    """The store has the rows of the backup and no others. Returns what its topics show that it lost."""
    before = await emitted(store)
    async with store.writer.begin() as connection:
        for table in reversed(store.metadata.sorted_tables):
            await connection.execute(sa.delete(table))
        for table in store.metadata.sorted_tables:
            if backup[table.name]:
                await connection.execute(sa.insert(table), backup[table.name])
    kept = {one.id for one in await emitted(store)}
    return Seen([one for one in before if one.id not in kept], complete=True)
