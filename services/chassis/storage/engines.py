"""The connections to a store: PostgreSQL in production, SQLite embedded. Both durable: committed means on disk."""

import contextlib
import sqlite3
from typing import Any

import aiosqlite
import sqlalchemy as sa
import stamina
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from services.chassis.storage.bulk import strip_values


def postgres_engine(url: str, *, writer: bool) -> AsyncEngine:
    """The writers of one PostgreSQL database, or its readers.

    Each statement of a reader is a transaction of its own: in a common one it would see no less of what others commit,
    and it saves two round trips. What a reader would write, the server refuses.
    """
    # A plan made for any keys while a table was small compares each row with each of two thousand keys ever after.
    settings = {"synchronous_commit": "on", "jit": "off", "plan_cache_mode": "force_custom_plan"}
    if writer:
        # Work finds its rows by their keys. As long as a table has grown faster than it was analysed, as in an import
        # into a new store, PostgreSQL would read all of it for them.
        settings |= {"enable_seqscan": "off", "enable_bitmapscan": "off"}
    else:
        settings |= {"default_transaction_read_only": "on"}
    engine = create_async_engine(
        url,
        # Ten stay open. What a moment needs above them is opened and closed each time, which costs more than the wait.
        pool_size=10,
        max_overflow=10 if writer else 5,
        pool_timeout=5,
        hide_parameters=True,  # errors are logged; what people told us is not
        connect_args={
            "timeout": 5,
            "server_settings": settings,
        },
        **({} if writer else {"isolation_level": "AUTOCOMMIT"}),
    )

    def on_checkout(connection: Any, _record: Any, _proxy: Any) -> None:
        # The driver learns at once when the server closes a connection, so there is no need to ask the server
        # (`pool_pre_ping`: three more round trips for each unit of work). The pool connects anew.
        if connection.driver_connection.is_closed():
            raise DisconnectionError()

    event.listen(engine.sync_engine, "checkout", on_checkout)
    event.listen(engine.sync_engine, "handle_error", _strip_values)
    return engine


class _Connection(sqlite3.Connection):
    """Whoever is cancelled in the middle of a transaction closes the connection; that must end the transaction too.

    SQLite keeps a closed connection, and its lock, for as long as any statement of it is remembered somewhere.
    """

    def close(self) -> None:
        with contextlib.suppress(sqlite3.ProgrammingError):  # closed already
            if self.in_transaction:
                self.rollback()
        super().close()


def _strip_values(context: sa.ExceptionContext) -> None:
    strip_values(context.original_exception)
    strip_values(context.sqlalchemy_exception)


def _is_busy(error: Exception) -> bool:
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode == sqlite3.SQLITE_BUSY


@stamina.retry(on=_is_busy, attempts=None, timeout=5, wait_initial=0.05, wait_max=0.05, wait_jitter=0)
async def _enable_wal(driver: aiosqlite.Connection) -> None:
    """Write-ahead logging; whoever else makes the same new file at this moment is waited for.

    SQLite waits for any other lock (`busy_timeout`), but not for this one. Raises as SQLite does after some 5 s.
    """
    async with driver.execute("PRAGMA journal_mode=WAL"):
        pass  # a statement that stays open would keep the lock


def sqlite_engine(url: str, *, writer: bool) -> AsyncEngine:
    """The one writer of a SQLite file, or its readers."""
    engine = create_async_engine(
        url,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=1 if writer else 4,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"factory": _Connection},
    )

    def on_connect(connection: Any, _record: Any) -> None:
        # The driver begins no transactions of its own; ours begin below.
        connection.isolation_level = None
        cursor = connection.cursor()
        connection.run_async(_enable_wal)
        for pragma in (
            "synchronous=FULL",
            "busy_timeout=10000",
            "foreign_keys=ON",
            f"query_only={'OFF' if writer else 'ON'}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def on_begin(connection: sa.Connection) -> None:
        # A transaction that starts by reading cannot become a writer while another writes: it fails at once.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")

    event.listen(engine.sync_engine, "connect", on_connect)
    event.listen(engine.sync_engine, "begin", on_begin)
    return engine
