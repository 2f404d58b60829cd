"""A bare FastAPI + SQLModel application, as in their documentation: each request inserts a row.

Tuned as a good engineer would: asynchronous, pooled, nothing refreshed after the commit, uvicorn with uvloop and
httptools. No identity, no idempotence, no ticket, no outbox.
"""

import argparse
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
import uvicorn
from fastapi import Depends, FastAPI
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlmodel import Field, SQLModel


class VisitIn(SQLModel):
    """The body of the request."""

    centre: str
    area: str | None = None
    channel: str = "desk"


class Visit(VisitIn, table=True):
    """The stored row and the answer."""

    __tablename__ = "visits"  # pyright: ignore[reportAssignmentType]

    id: UUID = Field(primary_key=True)
    status: str = "waiting"
    checked_in_at: datetime = Field(default_factory=lambda: datetime.now(UTC))


def application(database: str) -> FastAPI:
    """The application on this database."""
    engine = create_async_engine(
        database, pool_size=10, max_overflow=10, connect_args={"server_settings": {"synchronous_commit": "on"}}
    )
    sessions = async_sessionmaker(engine, expire_on_commit=False)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        async with engine.begin() as connection:
            await connection.run_sync(SQLModel.metadata.tables["visits"].create, checkfirst=True)
        yield
        await engine.dispose()

    async def session() -> AsyncGenerator[AsyncSession]:
        async with sessions() as opened:
            yield opened

    app = FastAPI(lifespan=lifespan)

    @app.put("/visits/{id}")
    async def put_visit(id: UUID, body: VisitIn, session: Annotated[AsyncSession, Depends(session)]) -> Visit:
        visit = Visit(id=id, **body.model_dump())
        session.add(visit)
        await session.commit()
        return visit

    @app.get("/count")
    async def count(session: Annotated[AsyncSession, Depends(session)]) -> int:
        return await session.scalar(sa.select(sa.func.count()).select_from(Visit)) or 0

    _ = put_visit, count
    return app


def main() -> None:
    """Serve until a signal."""
    options = argparse.ArgumentParser(description=__doc__)
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


if __name__ == "__main__":
    main()
