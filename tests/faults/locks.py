"""Locks in PostgreSQL that hold a service in the middle of its work."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, cast

import asyncpg

_WAITING = "select pid from pg_stat_activity where $1 = any(pg_blocking_pids(pid))"


@asynccontextmanager
async def connected(url: str) -> AsyncGenerator[Any]:
    """A separate connection to a store."""
    connection = cast(Any, await asyncpg.connect(url))
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def locked(url: str, table: str) -> AsyncGenerator[Any]:
    """Lock this table against reads and writes until the block ends."""
    async with connected(url) as connection, connection.transaction():
        await connection.execute(f"lock table {table} in access exclusive mode")
        yield connection


async def wait_until_blocked(connection: Any, holder: int | None = None) -> int:
    """Wait until a transaction waits for a lock of session `holder` (default: this one). Returns its process id."""
    async with asyncio.timeout(60):
        while not (pid := await connection.fetchval(_WAITING, holder or connection.get_server_pid())):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return pid
