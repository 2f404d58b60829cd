"""Fills the stores of a world as years of use do: with copies of what is there, in the past, at twelve centres."""

import math
from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, cast
from uuid import UUID, uuid5

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import UTCDateTime

from services.chassis.storage.store import Store
from services.directory.domain.centres import CENTRES

BOUNDED = {
    "accounts": "the staff and devices of a region",
    "account_emails": "the same",
    "identities": "the same",
    "invitations": "the same",
    "teams": "the same",
    "machine_tokens": "the same",
    "devices": "the browsers and kiosks of the centres",
    "offline_tickets": "31 days",
    "appointments": "those that are still to come",
    "expected_sessions": "the same",
    "past_counsellors": "the same",
    "rooms": "the rooms of the centres",
    "booking_rules": "one row for each centre",
    "working_hours": "one row for each counsellor and centre",
    "counsellor_profiles": "one row for each counsellor",
    "counsellor_feeds": "the same",
    "external_calendars": "the same",
    "external_busy": "the same",
    "slot_holds": "times chosen in the last hour",
    "booking_requests": "at most `CEFO_UNCONFIRMED_BOOKINGS` of each centre, and those of one day",
    "interviews_to_restate": "booked at an update; emptied at the first start",
    "centres": "the twelve centres",
    "waiting_days": "400 days of each centre and area",
    "feed_head": "one row",
    "epochs": "one row for each restore",
    "channel_pauses": "one row for each way to send",
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
    "taxonomies": "the same",
    "taxonomy_terms": "the same",
    "providers": "the same",
    "provider_services": "the same",
}
"""Tables that do not grow with the visits of the years, and why. Every other table grows."""
SETTLED = {
    ("visits", "status"): "served",
    ("waiting", "status"): "served",
    ("interviews", "status"): "fulfilled",
    ("workshops", "status"): "finished",
    ("visitors", "retain_until"): datetime.fromisoformat("2099-01-01T00:00:00+00:00"),
    ("absences", "ends_at"): datetime.fromisoformat("2020-01-01T00:00:00+00:00"),
    ("referrals", "status"): "completed",
    ("dead_letters", "state"): "retried",
    ("erasure_confirmations", "confirmed_at"): datetime.fromisoformat("2020-01-01T00:00:00+00:00"),
    ("outbox", "sent_at"): datetime.fromisoformat("2020-01-01T00:00:00+00:00"),
    ("exact_reads", "form"): "page",
    ("link_openings", "kind"): "opened",
    ("person_accesses", "how"): "visit",
    ("person_accesses", "reason"): "here",
    ("reflections", "moment"): "in-session",
    ("messages", "done_at"): datetime.fromisoformat("2020-01-01T00:00:00+00:00"),
    ("mail", "done_at"): datetime.fromisoformat("2020-01-01T00:00:00+00:00"),
}
"""What the past has in these columns: it is over, and nobody is due to be removed."""
DAYS = 3650
"""Ten years."""
_CODES = [centre.code for centre in CENTRES]


def grows(table: sa.Table) -> bool:
    """Whether the table grows with the visits."""
    return table.name not in BOUNDED


async def fill(store: Store, rows: int, larger: Mapping[str, int] = MappingProxyType({})) -> None:
    """Give each table that grows about so many rows; those in `larger`, by name, so many.

    The store copies by itself, a statement a table, and SQLite makes indexes afterwards: millions of rows in minutes.
    """
    copies: dict[str, int] = {}
    async with store.writer.begin() as connection:
        keys = {key.column for table in _tables(store) for key in table.foreign_keys}
        there = {key: await connection.scalar(sa.select(key).limit(1)) for key in keys}
        for table in filter(grows, _tables(store)):
            made = await _a_row_of(connection, table, there)
            templates = await connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            parents = [copies[key.column.table.name] for key in table.foreign_keys if key.column.table.name in copies]
            by_day = [len(_CODES) * DAYS // templates] if any(_is_a_day(key) for key in table.primary_key) else []
            copies[table.name] = min([math.ceil(larger.get(table.name, rows) / templates), *parents, *by_day])
            # PostgreSQL would not use an index made here while a transaction is open that began before.
            indexes = table.indexes if store.sqlite else ()
            for index in indexes:
                await connection.run_sync(index.drop)
            await connection.exec_driver_sql(_copying(table, templates, copies[table.name], sqlite=store.sqlite))
            for index in indexes:
                await connection.run_sync(index.create)
            if made is not None:
                await connection.execute(sa.delete(table).where(made))
    if not store.sqlite:
        async with store.writer.connect() as connection:
            await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(sa.text("vacuum analyze"))


def _tables(store: Store) -> list[sa.Table]:
    return store.metadata.sorted_tables


async def _a_row_of(
    connection: AsyncConnection, table: sa.Table, there: Mapping[sa.Column[Any], Any]
) -> sa.ColumnElement[bool] | None:
    """Give an empty table a row to copy, of things that are there; returns which. None: it has rows."""
    if await connection.scalar(sa.select(sa.literal(1)).select_from(table).limit(1)):
        return None
    row = {column.name: _value(table, column.type) for column in table.columns if not _is_counted(column)}
    row |= {key.parent.name: there[key.column] for key in table.foreign_keys}
    await connection.execute(sa.insert(table), [row])
    key = (await connection.execute(sa.select(*table.primary_key))).one()
    return sa.and_(*(column == value for column, value in zip(table.primary_key, key, strict=True)))


def _copying(table: sa.Table, templates: int, copies: int, *, sqlite: bool) -> str:
    """The statement that copies each row so often. `copy_`: which copy; `row_`: counts all copies of all rows."""
    columns = [column for column in table.columns if not _is_counted(column)]
    names = ", ".join(f'"{column.name}"' for column in columns)
    key = ", ".join(f'"{column.name}"' for column in table.primary_key)
    copied = ", ".join(_copy(table, column, sqlite=sqlite) for column in columns)
    return (
        f'insert into "{table.name}" ({names})'
        " with recursive copies(copy_) as"
        f" (select 1 union all select copy_ + 1 from copies where copy_ < {copies}),"
        f' templates as (select *, row_number() over (order by {key}) - 1 as nth from "{table.name}"),'
        f" rows_ as (select *, copy_ * {templates} + nth as row_ from templates, copies)"
        # Two days of a centre may have a copy on the same day.
        f" select {copied} from rows_ where true on conflict do nothing"
    )


def _copy(table: sa.Table, column: sa.Column[Any], *, sqlite: bool) -> str:
    """The value of a column in a copy. Ids change alike in all tables, so that they still lead from row to row."""
    name, past = f'"{column.name}"', f"(row_ / {len(_CODES)} % {DAYS} + 1)"
    match getattr(column.type, "impl_instance", column.type):
        case _ if (table.name, column.name) in SETTLED:
            settled: Any = SETTLED[table.name, column.name]
            return f"'{settled:%Y-%m-%d %H:%M:%S.000000}'" if isinstance(settled, datetime) else f"'{settled}'"
        case sa.Uuid() if all(grows(key.column.table) for key in column.foreign_keys):
            copied = _ID[sqlite]
        case sa.DateTime():
            copied = _MOMENT[sqlite]
        case sa.Date():
            copied = _DAY[sqlite]
        case sa.String() if column.name == "centre":
            cases = " ".join(f"when {nth} then '{code}'" for nth, code in enumerate(_CODES))
            copied = f"case row_ % {len(_CODES)} {cases} end"
        case sa.String() as text if _is_unique(table, column):
            copied = f"substr({_HEX[sqlite]} || '-' || {{name}}, 1, {text.length or 1000})"
        case sa.Integer() if _is_unique(table, column):
            copied = "1000000 + row_"
        case _:
            return name
    return f"case when {name} is not null then {copied.format(name=name, past=past)} end"


_ID = {
    True: "substr({name}, 1, 20) || printf('%012x', copy_)",
    False: "md5({name}::text || copy_)::uuid",
}
"""Of SQLite, and of PostgreSQL; so below."""
_MOMENT = {
    True: "strftime('%Y-%m-%d %H:%M:%f000', {name}, '-' || {past} || ' days', '-' || (row_ % 30000) || ' seconds')",
    False: "{name} - make_interval(days => {past}::int, secs => row_ % 30000)",
}
_DAY = {True: "date({name}, '-' || {past} || ' days')", False: "{name} - {past}::int"}
_HEX = {True: "printf('%x', row_)", False: "to_hex(row_)"}


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
