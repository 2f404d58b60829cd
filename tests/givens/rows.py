"""Reads the rows of a store, to compare them before and after, or to look for what must not be in them."""

from collections.abc import Sequence
from typing import Any, TypeVar

import orjson
import sqlalchemy as sa

from services.chassis.storage.store import Store

Row = TypeVar("Row")


async def count(store: Store, table: str) -> int:
    """How many rows a table has."""
    async with store.read() as session:
        return await session.scalar(sa.select(sa.func.count()).select_from(store.table(table))) or 0


async def all_rows(store: Store) -> dict[str, list[str]]:
    """Every row of every table, the outbox too, each as text."""
    async with store.read() as session:
        return {
            table.name: sorted(str(tuple(row)) for row in await session.execute(sa.select(table)))
            for table in store.metadata.sorted_tables
        }


async def rows_of(store: Store, table: type[Row]) -> list[Row]:
    """Every row of one table."""
    async with store.read() as session:
        return list(await session.scalars(sa.select(table)))


async def domain_rows(store: Store, *, without: Sequence[str] = ()) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the service's own tables, without the correlation ids, which differ in each run."""
    chassis = {"outbox", "inbox", "dead_letters", "alembic_version", *without}
    found: dict[str, list[tuple[Any, ...]]] = {}
    async with store.read() as session:
        for name, table in store.metadata.tables.items():
            if name not in chassis:
                columns = [column for column in table.columns if column.name != "correlation_id"]
                rows = await session.execute(sa.select(*columns))
                found[name] = sorted((tuple(row) for row in rows), key=repr)
    return found


async def store_text(store: Store) -> str:
    """Every value of every row, as one text; what is not in it is not in the store."""
    parts: list[str] = []
    async with store.read() as session:
        for table in store.metadata.sorted_tables:
            rows = await session.execute(sa.select(table))
            parts.extend(orjson.dumps([str(value) for value in row]).decode() for row in rows)
    return "\n".join(parts)
