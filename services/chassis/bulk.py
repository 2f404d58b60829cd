"""Many rows at once: what a batch keeps and asks for, at the speed of the driver and in the transaction of the work.

PostgreSQL takes the rows by COPY and a list of keys as one array; SQLite takes prepared tuples, and the list as JSON.
Both check every rule of the store as an ordinary insert does.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, cast

import asyncpg
import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

FEW = 20
"""So many rows are inserted in the ordinary way: the fast one has a cost of its own."""

Processor = Callable[[Any], Any] | None


async def insert_rows(session: AsyncSession, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert these rows; all of them name the same columns. Raises what an ordinary insert raises."""
    if not rows:
        return
    columns = tuple(rows[0])
    if len(rows) <= FEW or any(column.default is not None for column in table.c if column.key not in columns):
        await session.execute(sa.insert(table), rows)
        return
    dialect = session.get_bind().dialect
    kept = [_stored([row[name] for row in rows], process) for name, process in _processors(table, columns, dialect)]
    tuples = list(zip(*kept, strict=True))
    if dialect.name == "sqlite":
        places = ", ".join("?" * len(columns))
        names = ", ".join(f'"{name}"' for name in columns)
        statement = f'insert into "{table.name}" ({names}) values ({places})'  # noqa: S608 - names of our own tables
        await (await session.connection()).exec_driver_sql(statement, tuples)
    else:
        await _copy(session, table.name, columns, tuples)


def insert_into(session: AsyncSession, table: Any) -> Any:
    """An insert that may say what becomes of a row that is there already: `on_conflict_do_…`."""
    return (sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgres_insert)(table)


def among(store: AsyncSession | AsyncEngine, column: Any, name: str) -> sa.ColumnElement[bool]:
    """Whether the column holds one of the values of a list, which the statement is given under this name.

    One statement for any number of values; and none of them stays in it, because statements are garbage in cycles,
    which the collector leaves for long.
    """
    bind = store.get_bind() if isinstance(store, AsyncSession) else store
    if bind.dialect.name == "sqlite":
        listed = sa.bindparam(name, type_=_JsonList(column.type))
        return column.in_(sa.select(sa.func.json_each(listed).table_valued("value").c.value))
    return column == sa.any_(sa.bindparam(name, type_=ARRAY(column.type)))


class _JsonList(sa.types.TypeDecorator[list[Any]]):
    """A list of values as SQLite reads it: JSON, each value as its column keeps it."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, kept: sa.types.TypeEngine[Any]) -> None:
        super().__init__()
        self.kept = kept

    def process_bind_param(self, value: list[Any] | None, dialect: sa.Dialect) -> str:
        process = self.kept.dialect_impl(dialect).bind_processor(dialect)
        return orjson.dumps([process(one) for one in value or ()] if process else value).decode()


def forget_values(error: BaseException | None) -> None:
    """Errors are logged; the values that PostgreSQL quotes in their details, perhaps somebody's name, are not."""
    while error is not None:
        if isinstance(error, asyncpg.PostgresError):
            error.detail = None  # pyright: ignore[reportAttributeAccessIssue]
        error.args = tuple(text.split("\nDETAIL:")[0] if isinstance(text, str) else text for text in error.args)
        error = error.__cause__


async def _copy(session: AsyncSession, table: str, columns: tuple[str, ...], tuples: list[tuple[Any, ...]]) -> None:
    # The driver opens its transaction with the first statement; COPY goes past it.
    await session.execute(sa.text("select 1"))
    raw = await (await session.connection()).get_raw_connection()
    try:
        await cast(Any, raw.driver_connection).copy_records_to_table(table, columns=columns, records=tuples)
    except asyncpg.PostgresError as error:
        forget_values(error)
        broken = isinstance(error, asyncpg.IntegrityConstraintViolationError)
        raise (IntegrityError if broken else DBAPIError)(f"copy {table}", None, error) from error


def _stored(values: list[Any], process: Processor) -> list[Any]:
    """A column's values as the driver takes them."""
    if process is None:
        return values
    first = values[0]
    if all(value is first for value in values):  # a batch has one moment
        return [process(first)] * len(values)
    return [process(value) for value in values]


@cache
def _processors(table: sa.Table, columns: tuple[str, ...], dialect: sa.Dialect) -> list[tuple[str, Processor]]:
    """How the dialect writes each column's values; None: as they are."""
    return [(name, table.c[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in columns]
