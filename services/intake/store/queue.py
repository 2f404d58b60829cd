"""A centre's queue: its ticket counters, whose turn it is, and what earlier days left over."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.copies.visits import Day, is_here, is_left_over
from services.chassis.storage.bulk import upsert
from services.contracts.intake import VisitStatus
from services.intake.domain import is_expected_at_desk, may_be_called_next
from services.intake.store import TicketCounter, Visit

_QUEUE = tuple(status.value for status in VisitStatus if may_be_called_next(status))
_EXPECTED = tuple(status.value for status in VisitStatus if is_expected_at_desk(status))


async def count_tickets(session: AsyncSession, wanted: Mapping[tuple[str, date], int]) -> dict[tuple[str, date], int]:
    """Add to the ticket counter of each centre and day. Returns the last number of each.

    The counters stay locked until the commit. They are locked in order of centre and day: the order of locks in
    docs/architecture.md.
    """
    if not wanted:
        return {}
    rows = [{"centre": centre, "day": day, "given": number} for (centre, day), number in sorted(wanted.items())]
    return {(row.centre, row.day): row.given for row in await session.execute(_increment(session), rows)}


@upsert
def _increment(insert: Any) -> Any:
    counters = TicketCounter.metadata.tables["ticket_counters"]
    counted = insert(counters)
    added = {"given": counters.c.given + counted.excluded.given}
    return counted.on_conflict_do_update(index_elements=["centre", "day"], set_=added).returning(
        counters.c.centre, counters.c.day, counters.c.given
    )


async def called_to(session: AsyncSession, day: Day, desk: str) -> Visit | None:
    """The visitor whom this desk called last, and who has not come to it yet."""
    query = sa.select(Visit).where(is_here(Visit, day), col(Visit.status).in_(_EXPECTED), col(Visit.desk) == desk)
    return await session.scalar(query.order_by(col(Visit.called_at).desc(), col(Visit.id)).limit(1))


async def first_waiting(session: AsyncSession, day: Day, area: str | None) -> UUID | None:
    """The visit that has waited longest today (in this area, if given), locked; rows locked by others are skipped."""
    query = sa.select(col(Visit.id)).where(is_here(Visit, day), col(Visit.status).in_(_QUEUE))
    if area is not None:
        query = query.where(col(Visit.area) == area)
    ordered = query.order_by(col(Visit.checked_in_at), col(Visit.id)).limit(1)
    return await session.scalar(ordered.with_for_update(skip_locked=True))


async def left_over(session: AsyncSession, day: Day, limit: int | None) -> Sequence[UUID]:
    """Visits of earlier days that nobody ended, by id: the order of locks in docs/architecture.md."""
    query = sa.select(col(Visit.id)).where(is_left_over(Visit, day))
    return (await session.scalars(query.order_by(col(Visit.id)).limit(limit))).all()
