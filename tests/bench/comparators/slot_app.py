"""A bare FastAPI + SQLModel application whose calendar is a table of quarter-hours, and whose slots are rows.

A booking inserts the quarter-hours of a counsellor and of a person; the primary key refuses what is taken: the same
constraint as cefo's. A page of slots is inserted with one statement. Tuned as `insert_app`; no identity, no rules, no
outbox, and who lost gets no other times.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID, uuid4

import sqlalchemy as sa
from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import DateTime, Field, SQLModel

from tests.bench.comparators.served import application_on, serve

QUARTER = timedelta(minutes=15)
PAGE = 200
"""Slots of a request."""


class BookingIn(SQLModel):
    """The body of the request."""

    counsellor: str
    person: UUID
    starts_at: datetime
    minutes: int


class TakenQuarter(SQLModel, table=True):
    """A quarter-hour of a calendar that is taken."""

    __tablename__ = "taken_quarters"  # pyright: ignore[reportAssignmentType]

    resource: str = Field(primary_key=True)
    quarter: datetime = Field(primary_key=True, sa_type=DateTime(timezone=True))
    holder: UUID


class StoredSlot(SQLModel, table=True):
    """A time at which a counsellor is free."""

    __tablename__ = "stored_slots"  # pyright: ignore[reportAssignmentType]

    counsellor: str = Field(primary_key=True)
    starts_at: datetime = Field(primary_key=True, sa_type=DateTime(timezone=True))
    ends_at: datetime = Field(sa_type=DateTime(timezone=True))


def application(database: str) -> FastAPI:
    """The application on this database."""
    app, session = application_on(database, "taken_quarters", "stored_slots")

    @app.post("/bookings", status_code=201)
    async def book(body: BookingIn, session: Annotated[AsyncSession, Depends(session)]) -> BookingIn:
        holder, keys = uuid4(), (f"counsellor:{body.counsellor}", f"person:{body.person}")
        quarters = [body.starts_at + number * QUARTER for number in range(body.minutes // 15)]
        session.add_all(
            [TakenQuarter(resource=key, quarter=quarter, holder=holder) for key in keys for quarter in quarters]
        )
        try:
            await session.commit()
        except IntegrityError:
            raise HTTPException(409, "taken") from None
        return body

    @app.post("/slots/{calendar}", status_code=201)
    async def put_slots(calendar: UUID, session: Annotated[AsyncSession, Depends(session)]) -> int:
        first = datetime(2026, 3, 2, 8, tzinfo=UTC)
        starts = [first + number * QUARTER for number in range(PAGE)]
        rows = [{"counsellor": str(calendar), "starts_at": at, "ends_at": at + 4 * QUARTER} for at in starts]
        await session.execute(sa.insert(StoredSlot), rows)
        await session.commit()
        return len(rows)

    @app.get("/count")
    async def count() -> int:
        return 0

    _ = book, put_slots, count
    return app


if __name__ == "__main__":
    serve(application, __doc__)
