"""Statements are compiled once in a process, and not once for each store: most tests have a store of their own.

SQLAlchemy keeps what it compiled by engine and dialect, where each engine has its own dialect. The tests' engines of
one database share both: the key of a statement holds everything else that its text depends on.
"""

from typing import Any, cast

from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import LRUCache

from services.chassis.storage import engines

_compiled: LRUCache[Any, Any] = LRUCache(2_000)


def share_compiled_statements() -> None:
    """From now on, the stores of this process share what is compiled."""
    for dialect in (SQLiteDialect_aiosqlite, PGDialect_asyncpg):
        either = cast(Any, dialect)
        either.__eq__ = _are_alike
        either.__hash__ = lambda one: hash(type(one))  # pyright: ignore
    engines.create_async_engine = _engine


def _are_alike(one: object, other: object) -> bool:
    return type(one) is type(other)


def _engine(*place: Any, **options: Any) -> AsyncEngine:
    made = create_async_engine(*place, **options)
    made.sync_engine.update_execution_options(compiled_cache=_compiled)
    return made
