"""What the same actions put into every new store: done in the first one, copied from it into the others."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from services.chassis.storage.store import Store

Fill = Callable[[Store], Awaitable[None]]
Rows = list[tuple[str, list[tuple[Any, ...]]]]
"""Statements that insert, each with the rows as the database keeps them."""

_made: dict[tuple[Fill, str, bool, datetime], Rows] = {}


async def filled(store: Store, fill: Fill) -> None:
    """Have in this new store what `fill` does at the time of its clock, with the same ids as in other stores."""
    key = (fill, store.service, store.sqlite, store.clock())
    if key not in _made:
        assert not await _rows_of(store), "only a new store is like another one"
        await fill(store)
        _made[key] = await _rows_of(store)
        return
    async with store.writer.begin() as connection:
        for insert, rows in _made[key]:
            await connection.exec_driver_sql(insert, rows)


async def _rows_of(store: Store) -> Rows:
    found: Rows = []
    async with store.writer.connect() as connection:
        for table in store.metadata.sorted_tables:
            names = [f'"{column.name}"' for column in table.c]
            read, marks = names, ["?" for _ in names]
            if not store.sqlite:  # whose driver converts what it reads, but no text
                types = [column.type.compile(connection.dialect) for column in table.c]
                read = [f"{name}::text" for name in names]
                marks = [f"${number}::text::{kind}" for number, kind in enumerate(types, 1)]
            kept = (await connection.exec_driver_sql(f'select {", ".join(read)} from "{table.name}"')).all()
            if kept:
                insert = f'insert into "{table.name}" ({", ".join(names)}) values ({", ".join(marks)})'
                found.append((insert, [tuple(row) for row in kept]))
    return found
