"""What the bare FastAPI + SQLModel applications share: a tuned database, and how they are served.

Asynchronous, pooled, nothing refreshed after the commit, uvicorn with uvloop and httptools.
"""

import argparse
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlmodel import SQLModel


def application_on(database: str, *tables: str) -> tuple[FastAPI, Callable[[], AsyncGenerator[AsyncSession]]]:
    """An application that makes these tables at its start, and the dependency that opens a session."""
    engine = create_async_engine(
        database, pool_size=10, max_overflow=10, connect_args={"server_settings": {"synchronous_commit": "on"}}
    )
    sessions = async_sessionmaker(engine, expire_on_commit=False)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        async with engine.begin() as connection:
            for table in tables:
                await connection.run_sync(SQLModel.metadata.tables[table].create, checkfirst=True)
        yield
        await engine.dispose()

    async def session() -> AsyncGenerator[AsyncSession]:
        async with sessions() as opened:
            yield opened

    return FastAPI(lifespan=lifespan), session


def serve(application: Callable[[str], FastAPI], description: str | None) -> None:
    """Serve the application on `--port` until a signal."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--database", required=True)
    chosen = options.parse_args()
    uvicorn.run(
        application(chosen.database),
        host="127.0.0.1",
        port=chosen.port,
        access_log=False,
        log_level="warning",
        server_header=False,
    )
