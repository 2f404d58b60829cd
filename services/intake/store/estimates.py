"""What the days that are over say about waiting, and how right their estimates were: a row for each day and area."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, col

from services.chassis.copies.visits import Day, has_ended
from services.intake.domain.estimates import EVERY_AREA, KEPT, LOOK_BACK
from services.intake.store import Visit
from services.intake.store.table import Table


class WaitingDay(Table, table=True):
    """How long visitors waited at a centre on a day that is over; `area` empty: in all."""

    __tablename__ = "waiting_days"  # pyright: ignore[reportAssignmentType]

    centre: str = Field(primary_key=True, max_length=40)
    area: str = Field(primary_key=True, max_length=40)
    day: date = Field(primary_key=True)
    paces: list[int] = Field(sa_type=sa.JSON)
    """Seconds for each place in the queue, some of the visits."""
    given: int = 0
    """Visits that were called in their turn and had an estimate at check-in."""
    right: int = 0
    """Of these, how many waited within its range."""
    errors: list[int] = Field(default_factory=list[int], sa_type=sa.JSON)
    """Of these, by how many minutes the wait differed from its median."""


async def visits_of(session: AsyncSession, day: Day) -> Sequence[Any]:
    """The visits with a ticket that began on this day and have ended, if only in its night; `day.now` is its end."""
    columns = (
        *(Visit.area, Visit.checked_in_at, Visit.called_at, Visit.served_at, Visit.ended_at, Visit.closed_by),
        *(Visit.rank, Visit.for_area, Visit.for_desk, Visit.for_counsellor, Visit.estimate),
        *(Visit.recorded_later, Visit.clock_uncertain, Visit.ticket),
    )
    that_day = sa.and_(has_ended(Visit, day), col(Visit.checked_in_at) < day.now)
    return (await session.execute(sa.select(*map(col, columns)).where(that_day))).all()


async def known_days(session: AsyncSession, centre: str, before: date) -> Sequence[WaitingDay]:
    """The days of a centre that are not older than `LOOK_BACK`."""
    query = sa.select(WaitingDay).where(col(WaitingDay.centre) == centre, col(WaitingDay.day) >= before - LOOK_BACK)
    return (await session.scalars(query)).all()


async def measured_days(session: AsyncSession, centre: str, since: date) -> Sequence[WaitingDay]:
    """The days since then on which estimates were given."""
    query = sa.select(WaitingDay).where(
        col(WaitingDay.centre) == centre,
        col(WaitingDay.area) == EVERY_AREA,
        col(WaitingDay.day) >= since,
        col(WaitingDay.given) > 0,
    )
    return (await session.scalars(query.order_by(col(WaitingDay.day).desc()))).all()


async def delete_days(session: AsyncSession, centre: str, today: date) -> None:
    """Delete the days of a centre that are older than `KEPT`."""
    old = sa.and_(col(WaitingDay.centre) == centre, col(WaitingDay.day) < today - KEPT)
    await session.execute(sa.delete(WaitingDay).where(old))
