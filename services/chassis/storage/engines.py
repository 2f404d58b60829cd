"""The engines of a store: PostgreSQL in production, SQLite embedded. Both are durable: a commit is on disk."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import aiosqlite
import sqlalchemy as sa
import stamina
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from services.chassis.runtime.tls import tls_context
from services.chassis.storage.bulk import strip_values

_TLS = ("sslmode", "sslrootcert", "sslcert", "sslkey")
"""libpq's parameters of an encrypted connection; SQLAlchemy does not know them."""


def postgres_address(url: str) -> tuple[sa.URL, dict[str, Any]]:
    """The address of a PostgreSQL database without its TLS parameters, and these as an argument of asyncpg.

    Of libpq's modes, only `disable` and `verify-full` are possible. Raises `ValueError` for another one, and `OSError`
    for a certificate that cannot be read.
    """
    address = sa.make_url(url)
    mode, *files = (str(address.query[name]) if name in address.query else None for name in _TLS)
    address = address.difference_update_query(_TLS)
    match mode:
        case None:
            return address, {}
        case "disable":
            return address, {"ssl": False}
        case "verify-full":
            return address, {"ssl": tls_context(*(Path(file) if file else None for file in files))}
        case _:
            raise ValueError(f"sslmode={mode} is not possible: verify-full or disable")


def postgres_engine(url: str, *, writer: bool) -> AsyncEngine:
    """The engine of a PostgreSQL database for writers or for readers.

    Readers use autocommit: at read committed, a transaction around several statements would give the same isolation,
    and cost two more round trips. The server refuses writes of a reader.
    """
    # A generic plan, made while a table was small, would compare each row with each of two thousand keys for good.
    settings = {"synchronous_commit": "on", "jit": "off", "plan_cache_mode": "force_custom_plan"}
    if writer:
        # Units of work find rows by key. While a table grows faster than it is analysed, as in an import into a new
        # store, PostgreSQL would choose sequential scans.
        settings |= {"enable_seqscan": "off", "enable_bitmapscan": "off"}
    else:
        settings |= {"default_transaction_read_only": "on"}
    address, tls = postgres_address(url)
    engine = create_async_engine(
        address,
        # Ten stay open. Overflow connections are opened and closed each time, which costs more than waiting for one.
        pool_size=10,
        max_overflow=10 if writer else 5,
        pool_timeout=5,
        hide_parameters=True,  # errors are logged, personal data is not
        connect_args={
            "timeout": 5,
            "server_settings": settings,
            **tls,
        },
        **({} if writer else {"isolation_level": "AUTOCOMMIT"}),
    )

    def on_checkout(connection: Any, _record: Any, _proxy: Any) -> None:
        # The driver notices at once when the server closes a connection; `pool_pre_ping` would cost three more round
        # trips per unit of work. After this error the pool opens a new connection.
        if connection.driver_connection.is_closed():
            raise DisconnectionError()

    event.listen(engine.sync_engine, "checkout", on_checkout)
    event.listen(engine.sync_engine, "handle_error", _strip_values)
    return engine


class _Connection(sqlite3.Connection):
    """Cancelling inside a transaction closes the connection; `close` rolls back first.

    SQLite keeps a closed connection, and its lock, for as long as one of its statements is referenced.
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
    """Enable write-ahead logging; retries while another process creates the same file.

    SQLite's `busy_timeout` does not apply to this lock. Raises `sqlite3.OperationalError` after about 5 s.
    """
    async with driver.execute("PRAGMA journal_mode=WAL"):
        pass  # an open statement would keep the lock


def sqlite_engine(url: str, *, writer: bool) -> AsyncEngine:
    """The engine of a SQLite file for its one writer or for readers."""
    engine = create_async_engine(
        url,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=1 if writer else 4,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"factory": _Connection},
    )

    def on_connect(connection: Any, _record: Any) -> None:
        # The driver does not begin transactions; `on_begin` does.
        connection.isolation_level = None
        cursor = connection.cursor()
        connection.run_async(_enable_wal)
        for pragma in (
            "synchronous=FULL",
            "busy_timeout=10000",
            "foreign_keys=ON",
            "secure_delete=ON",  # what is deleted is overwritten
            f"query_only={'OFF' if writer else 'ON'}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def on_begin(connection: sa.Connection) -> None:
        # A deferred transaction that reads first fails at its first write if another transaction is writing.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")

    event.listen(engine.sync_engine, "connect", on_connect)
    event.listen(engine.sync_engine, "begin", on_begin)
    return engine
