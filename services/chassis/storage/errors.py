"""Classifies the drivers' errors: store unavailable, conflict with another transaction, violated constraint."""

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from services.chassis.runtime.telemetry import log

_log = log(__name__)
_T = TypeVar("_T")

_POSTGRES_UNAVAILABLE = re.compile("08|40|53|57P|58")
"""Classes of SQLSTATE: connection, transaction rollback (conflict), resources, shutdown, system."""

_SQLITE_DATA_ERRORS = frozenset(
    {"SQLITE_ERROR", "SQLITE_TOOBIG", "SQLITE_MISMATCH", "SQLITE_RANGE", "SQLITE_CONSTRAINT"}
)
_SQLITE_UNIQUE = re.compile(r"UNIQUE constraint failed: (.+)")


class UnknownConstraint(LookupError):
    """No table has a unique constraint of this name: it is misspelt or was renamed."""

    def __init__(self, name: str, known: Mapping[str, str]) -> None:
        super().__init__(f"no table has a unique constraint {name!r}; there are {', '.join(sorted(known))}")


class IndistinctConstraints(ValueError):
    """SQLite reports only the columns of a violated constraint: two constraints over the same columns are ambiguous."""

    def __init__(self, one: str, other: str, columns: str) -> None:
        super().__init__(f"{one} and {other} are both unique over {columns}; drop one, or let them differ by a column")


def is_unavailable(error: BaseException) -> bool:
    """Whether the store is unavailable: a retry may succeed, and the data is not the cause."""
    if isinstance(error, OSError | TimeoutError | PoolTimeout):
        return True
    if isinstance(error, RuntimeError) and "the handler is closed" in str(error):
        return True  # uvloop raises this when a connection breaks during a write
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if sqlstate := getattr(cause, "sqlstate", None):
        return bool(_POSTGRES_UNAVAILABLE.match(sqlstate))
    if name := getattr(cause, "sqlite_errorname", None):
        return "_".join(name.split("_")[:2]) not in _SQLITE_DATA_ERRORS
    return isinstance(error, InterfaceError)


def is_conflict(error: DBAPIError) -> bool:
    """Whether it is a unique-key or serialisation conflict with another transaction, or a deadlock."""
    if isinstance(error, IntegrityError):
        return _is_postgres_unique(error) or bool(_SQLITE_UNIQUE.search(str(error.orig)))
    return str(getattr(error.orig, "sqlstate", "")).startswith("40")


async def retry_on_conflict(act: Callable[[], Awaitable[_T]], tries: int = 2) -> _T:
    """Runs a unit of work and retries on a conflict: the retry sees the rows of the other transaction.

    In each conflict another transaction has made progress, so a few tries are enough. The last try's error is raised.
    """
    for _ in range(tries - 1):
        try:
            return await act()
        except DBAPIError as error:
            if not is_conflict(error):
                raise
            _log.info("retried after a conflict", error=repr(error))
    return await act()


def violated_constraint(error: IntegrityError, metadata: sa.MetaData) -> str | None:
    """The primary key, unique constraint or unique index that was violated; None for other constraints.

    PostgreSQL reports its name. SQLite reports columns, whose constraint is looked up in the metadata.
    """
    if _is_postgres_unique(error):
        # SQLAlchemy's adapter wraps the driver's error, except after a COPY.
        reported: list[Any] = [error.orig, error.orig.__cause__] if error.orig else []
        return next((name for one in reported if (name := getattr(one, "constraint_name", None))), None)
    found = _SQLITE_UNIQUE.search(str(error.orig))
    reported_as = unique_constraints(metadata)
    return next((name for name in reported_as if found and reported_as[name] == found[1]), None)


@cache
def unique_constraints(metadata: sa.MetaData) -> Mapping[str, str]:
    """The unique constraints by name, as SQLite reports each: `seats.workshop_id, seats.path_id` or `index 'name'`.

    Raises `IndistinctConstraints`. Call it after all tables are defined.
    """
    names: dict[str, str] = {}
    for table in metadata.tables.values():
        for name, reported in _unique_in(table):
            if names.setdefault(reported, name) != name:
                raise IndistinctConstraints(names[reported], name, reported)
    return {name: reported for reported, name in names.items()}


def _unique_in(table: sa.Table) -> Iterator[tuple[str, str]]:
    """The primary key, unique constraints and unique indexes of a table."""
    for constraint in table.constraints:
        if isinstance(constraint, sa.PrimaryKeyConstraint | sa.UniqueConstraint) and len(constraint.columns):
            yield str(constraint.name), _columns(constraint.columns)
    for index in table.indexes:
        if index.unique:
            plain = all(isinstance(part, sa.Column) for part in index.expressions)
            yield str(index.name), _columns(index.columns) if plain else f"index '{index.name}'"


def _columns(columns: Iterable[sa.Column[Any]]) -> str:
    return ", ".join(f"{column.table.name}.{column.name}" for column in columns)


def _is_postgres_unique(error: IntegrityError) -> bool:
    return getattr(error.orig, "sqlstate", None) == "23505"
