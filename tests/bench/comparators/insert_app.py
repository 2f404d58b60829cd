"""A bare FastAPI + SQLModel application, as in their documentation: each request inserts a row.

Tuned as a good engineer would: asynchronous, pooled, nothing refreshed after the commit, uvicorn with uvloop and
httptools. No identity, no idempotence, no ticket, no outbox.
"""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from fastapi import Depends, FastAPI
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel

from tests.bench.comparators.served import application_on, serve


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
    app, session = application_on(database, "visits")

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


if __name__ == "__main__":
    serve(application, __doc__)
