"""Bulk inserts, and queries by a list of keys, in the transaction of the unit of work.

PostgreSQL inserts rows by COPY and takes a list as one array; SQLite takes prepared tuples, and a list as JSON. Both
check every constraint, as an ordinary insert does.
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
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

MAX_PLAIN_INSERT = 20
"""Most rows that are inserted by an ordinary statement: for few rows, COPY is slower."""

Processor = Callable[[Any], Any] | None


async def insert_rows(session: AsyncSession, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert these rows, all with the same columns. Raises what an ordinary insert raises."""
    if not rows:
        return
    columns = tuple(rows[0])
    if len(rows) <= MAX_PLAIN_INSERT or any(
        column.default is not None for column in table.c if column.key not in columns
    ):
        await session.execute(sa.insert(table), rows)
        return
    dialect = session.get_bind().dialect
    converted = [
        _stored([row[name] for row in rows], process) for name, process in _processors(table, columns, dialect)
    ]
    tuples = list(zip(*converted, strict=True))
    if dialect.name == "sqlite":
        placeholders = ", ".join("?" * len(columns))
        names = ", ".join(f'"{name}"' for name in columns)
        statement = f'insert into "{table.name}" ({names}) values ({placeholders})'  # noqa: S608 - names of our own tables
        await (await session.connection()).exec_driver_sql(statement, tuples)
    else:
        await _copy(session, table.name, columns, tuples)


def upsert(build: Callable[[Callable[[Any], Any]], Any]) -> Callable[[AsyncSession], Any]:
    """An insert statement with a conflict clause, built once per dialect::

    @upsert
    def _counted(insert):
        return insert(Tally).on_conflict_do_nothing()

    await session.execute(_counted(session), rows)
    """

    @cache
    def built(dialect: str) -> Any:
        return build(sqlite_insert if dialect == "sqlite" else postgres_insert)

    return lambda session: built(session.get_bind().dialect.name)


class in_list(FunctionElement[bool]):  # noqa: N801 - read as a function, like SQLAlchemy's own
    """Whether the column is one of the values of a list, which is the statement's parameter `name`.

    One statement, built once, serves any number of values on any store. It holds no values: SQLAlchemy's statements
    have reference cycles, so that values in them stay in memory until a garbage collection.
    """

    type = sa.Boolean()
    inherit_cache = True

    def __init__(self, column: Any, name: str) -> None:
        super().__init__(column, sa.bindparam(name, type_=_List(column.type)))

    def self_group(self, against: Any = None) -> "in_list":
        """Unchanged: it has its own brackets. Otherwise SQLAlchemy adds `= 1` on SQLite, which disables the index."""
        return self


@compiles(in_list)
def _any_of(element: in_list, compiler: Any, **how: Any) -> str:
    column, listed = (compiler.process(one, **how) for one in element.clauses)
    return f"({column} = any ({listed}))"


@compiles(in_list, "sqlite")
def _in_json(element: in_list, compiler: Any, **how: Any) -> str:
    column, listed = (compiler.process(one, **how) for one in element.clauses)
    return f"({column} in (select value from json_each({listed})))"  # noqa: S608 - compiled, values are bound


class _List(sa.types.TypeDecorator[list[Any]]):
    """A list of values: an array, or on SQLite JSON, each value as its column stores it."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, kept: sa.types.TypeEngine[Any]) -> None:
        super().__init__()
        self.kept = kept

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(sa.Text() if dialect.name == "sqlite" else cast(Any, ARRAY(self.kept)))

    def process_bind_param(self, value: list[Any] | None, dialect: sa.Dialect) -> Any:
        if dialect.name != "sqlite":
            return value
        process = self.kept.dialect_impl(dialect).bind_processor(dialect)
        return orjson.dumps([process(one) for one in value or ()] if process else value).decode()


def strip_values(error: BaseException | None) -> None:
    """Remove the values that PostgreSQL quotes in error details: they may be personal data, and errors are logged."""
    while error is not None:
        if isinstance(error, asyncpg.PostgresError):
            error.detail = None  # pyright: ignore[reportAttributeAccessIssue]
        error.args = tuple(text.split("\nDETAIL:")[0] if isinstance(text, str) else text for text in error.args)
        error = error.__cause__


async def _copy(session: AsyncSession, table: str, columns: tuple[str, ...], tuples: list[tuple[Any, ...]]) -> None:
    # The adapter opens its transaction with the first statement; COPY bypasses the adapter.
    await session.execute(sa.text("select 1"))
    raw = await (await session.connection()).get_raw_connection()
    try:
        await cast(Any, raw.driver_connection).copy_records_to_table(table, columns=columns, records=tuples)
    except asyncpg.PostgresError as error:
        strip_values(error)
        broken = isinstance(error, asyncpg.IntegrityConstraintViolationError)
        raise (IntegrityError if broken else DBAPIError)(f"copy {table}", None, error) from error


def _stored(values: list[Any], process: Processor) -> list[Any]:
    """A column's values, converted for the driver."""
    if process is None:
        return values
    first = values[0]
    if all(value is first for value in values):  # for example the time of a batch
        return [process(first)] * len(values)
    return [process(value) for value in values]


@cache
def _processors(table: sa.Table, columns: tuple[str, ...], dialect: sa.Dialect) -> list[tuple[str, Processor]]:
    """The dialect's conversion of each column's values; None: unchanged."""
    return [(name, table.c[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in columns]
