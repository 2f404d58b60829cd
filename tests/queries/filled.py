"""Fills the stores of a world as years of use do: with copies of what is there, in the past, at twelve centres."""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, cast
from uuid import UUID, uuid5

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import UTCDateTime

from services.chassis.storage.bulk import insert_rows
from services.chassis.storage.store import Store
from services.directory.domain.centres import CENTRES

BOUNDED = {
    "accounts": "the staff and devices of a region",
    "account_emails": "the same",
    "identities": "the same",
    "invitations": "the same",
    "teams": "the same",
    "machine_tokens": "the same",
    "past_counsellors": "the same",
    "centres": "the twelve centres",
    "feed_head": "one row",
    "waiting_boards": "a row for each centre",
    "rebuilds": "a row for each rebuild by an operator",
    "publications": "a row for each month",
    "published_counts": "sums of months: read whole by design",
    "covered_counts": "the same",
    "organizations": "the providers of a region",
    "locations": "the same",
    "phones": "the same",
    "services": "the same",
    "service_at_locations": "the same",
    "schedules": "the same",
    "service_views": "the same",
    "providers": "the same",
    "provider_services": "the same",
}
"""Tables that do not grow with the visits of the years, and why. Every other table grows."""
SETTLED = {
    ("visits", "status"): "served",
    ("waiting", "status"): "served",
    ("interviews", "status"): "fulfilled",
    ("workshops", "status"): "finished",
    ("referrals", "status"): "completed",
    ("dead_letters", "state"): "retried",
    ("erasure_confirmations", "confirmed_at"): datetime.fromisoformat("2020-01-01T00:00:00+00:00"),
    ("outbox", "sent_at"): datetime.fromisoformat("2020-01-01T00:00:00+00:00"),
    ("exact_reads", "form"): "page",
    ("link_openings", "kind"): "opened",
    ("reflections", "moment"): "in-session",
    ("mail", "done_at"): datetime.fromisoformat("2020-01-01T00:00:00+00:00"),
}
"""What the past has in these columns: it is over."""
DAYS = 3650
"""Ten years."""
_CODES = [centre.code for centre in CENTRES]
_CHUNK = 10_000


def grows(table: sa.Table) -> bool:
    """Whether the table grows with the visits."""
    return table.name not in BOUNDED


async def fill(store: Store, rows: int, larger: Mapping[str, int] = MappingProxyType({})) -> None:
    """Give each table that grows about so many rows; those in `larger`, by name, so many."""
    copies: dict[str, int] = {}
    async with store.writer.connect() as connection:
        kept = {table.name: (await connection.execute(sa.select(table))).mappings().all() for table in _tables(store)}
    for table in filter(grows, _tables(store)):
        templates = [dict(row) for row in kept[table.name]] or [_row(table, kept)]
        parents = [copies[key.column.table.name] for key in table.foreign_keys if key.column.table.name in copies]
        by_day = [len(_CODES) * DAYS // len(templates)] if any(_is_a_day(key) for key in table.primary_key) else []
        copies[table.name] = min([math.ceil(larger.get(table.name, rows) / len(templates)), *parents, *by_day])
        for chunk in _chunks(_copies(table, templates, copies[table.name])):
            async with AsyncSession(store.writer, info={"metadata": store.metadata}) as session:
                await insert_rows(session, table, chunk)
                await session.commit()
    if not store.sqlite:
        async with store.writer.connect() as connection:
            await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(sa.text("vacuum analyze"))


def _tables(store: Store) -> list[sa.Table]:
    return store.metadata.sorted_tables


def _copies(table: sa.Table, templates: list[dict[str, Any]], copies: int) -> Iterator[dict[str, Any]]:
    columns = [column for column in table.columns if not _is_counted(column)]
    for number in range(1, copies + 1):
        for nth, template in enumerate(templates):
            row = number * len(templates) + nth
            yield {column.name: _copy(table, column, template[column.name], number, row) for column in columns}


def _copy(table: sa.Table, column: sa.Column[Any], value: Any, number: int, row: int) -> Any:
    """The value of a column in a copy. Ids change alike in all tables, so that they still lead from row to row."""
    past = timedelta(days=row // len(_CODES) % DAYS + 1)
    match value:
        case _ if (table.name, column.name) in SETTLED:
            copied = SETTLED[table.name, column.name]
        case UUID() if all(grows(key.column.table) for key in column.foreign_keys):
            copied = uuid5(value, str(number))
        case datetime():
            copied = value - past - timedelta(seconds=number % 30_000)
        case date():
            copied = value - past
        case str() if column.name == "centre":
            copied = _CODES[row % len(_CODES)]
        case str() if _is_unique(table, column):
            copied = f"{row:x}-{value}"[: getattr(column.type, "length", None)]
        case int() if _is_unique(table, column) and not isinstance(value, bool):
            copied = 1_000_000 + row
        case _:
            copied = value
    return copied


def _is_a_day(column: sa.Column[Any]) -> bool:
    return isinstance(column.type, sa.Date)


def _is_counted(column: sa.Column[Any]) -> bool:
    """Whether the store numbers the rows."""
    return column.identity is not None or (column.primary_key and column.autoincrement is True)


def _is_unique(table: sa.Table, column: sa.Column[Any]) -> bool:
    """Whether a copy needs another value here: the column is in a key in which nothing else changes."""
    keys: list[Any] = [
        table.primary_key,
        *(one for one in table.constraints if isinstance(one, sa.UniqueConstraint)),
        *(one for one in table.indexes if one.unique),
    ]
    return any(column in key.columns.values() and not any(map(_changes, key.columns)) for key in keys)


def _changes(column: sa.Column[Any]) -> bool:
    """Whether each copy has another value here anyway."""
    return column.name == "centre" or isinstance(column.type, sa.Uuid | sa.Date | UTCDateTime)


def _row(table: sa.Table, kept: Mapping[str, Sequence[sa.RowMapping]]) -> dict[str, Any]:
    """A row of a table that is empty, of things that are there."""
    row = {column.name: _value(table, column.type) for column in table.columns}
    parents = {key.parent.name: kept[key.column.table.name][0][key.column.name] for key in table.foreign_keys}
    return row | parents


def _value(table: sa.Table, kind: sa.types.TypeEngine[Any]) -> Any:
    match kind:
        case sa.JSON():
            return []
        case UTCDateTime():
            return datetime.fromisoformat("2026-02-02T10:00:00+00:00")
        case sa.Date():
            return date(2026, 2, 2)
        case sa.Uuid():
            return uuid5(UUID(int=0), table.name)
        case _:
            return {str: "x", int: 1, bool: True, bytes: b"{}"}[
                cast(Any, getattr(kind, "impl_instance", kind)).python_type
            ]


def _chunks(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    chunk: list[dict[str, Any]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
