"""The visits that began on a centre's day."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.copies.visits import Day
from services.chassis.storage.tables import in_states
from services.contracts.intake import END_OF_DAY, IN_THE_ROOM
from services.intake.store import OVER, Visit

_COLUMNS = tuple(
    map(
        col,
        (
            *(Visit.area, Visit.status, Visit.checked_in_at, Visit.called_at, Visit.served_at, Visit.closed_by),
            *(Visit.ticket, Visit.rank, Visit.for_area, Visit.for_desk, Visit.for_counsellor),
            *(Visit.recorded_later, Visit.clock_uncertain),
        ),
    )
)


async def visits_begun(session: AsyncSession, centre: str, began: datetime, ended: datetime) -> Sequence[Any]:
    """The visits of a centre that began in this time, whatever became of them: what the figures of a day need.

    Two statements, each with an index of its own: who is in the room, and whose visit is over.
    """
    rows: list[Any] = []
    for states in (in_states(IN_THE_ROOM), OVER):
        query = sa.select(*_COLUMNS).where(
            sa.text(states),
            col(Visit.centre) == centre,
            col(Visit.checked_in_at) >= began,
            col(Visit.checked_in_at) < ended,
        )
        rows += (await session.execute(query)).all()
    return rows


async def was_closed(session: AsyncSession, day: Day) -> bool:
    """Whether the team closed this day and nobody has come since. Not known if nobody was left to close."""
    closed_at = sa.func.max(sa.case((col(Visit.closed_by) == END_OF_DAY, col(Visit.ended_at))))
    query = sa.select(closed_at, sa.func.max(col(Visit.checked_in_at))).where(
        sa.text(OVER), col(Visit.centre) == day.centre, col(Visit.checked_in_at) >= day.began_at
    )
    closed, arrived = (await session.execute(query)).one()
    return closed is not None and closed > arrived
