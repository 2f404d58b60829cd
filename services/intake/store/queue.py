"""A centre's queue: its ticket counters, and its visits in the room."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.storage.bulk import upsert
from services.contracts.intake import IN_THE_ROOM, VisitStatus
from services.intake.domain import may_be_called_next, start_of_day
from services.intake.store import Centre, TicketCounter, Visit

_QUEUE = tuple(status.value for status in VisitStatus if may_be_called_next(status))


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


async def in_the_room(
    session: AsyncSession,
    centre: str,
    limit: int = 200,
    *,
    since: datetime | None = None,
    before: datetime | None = None,
) -> Sequence[Visit]:
    """A centre's waiting, called and being-served visits, in order of check-in: from `since`, and before `before`."""
    query = sa.select(Visit).where(col(Visit.centre) == centre, col(Visit.status).in_(IN_THE_ROOM))
    if since is not None:
        query = query.where(col(Visit.checked_in_at) >= since)
    if before is not None:
        query = query.where(col(Visit.checked_in_at) < before)
    return (await session.scalars(query.order_by(col(Visit.checked_in_at), col(Visit.id)).limit(limit))).all()


async def recently_ended(session: AsyncSession, centre: str, since: datetime, limit: int = 10) -> Sequence[Visit]:
    """The visits that ended since then, latest first."""
    query = (
        sa.select(Visit)
        .where(
            col(Visit.centre) == centre,
            col(Visit.ended_at) >= since,
            col(Visit.checked_in_at) >= since - timedelta(days=1),
        )
        .order_by(col(Visit.ended_at).desc())
        .limit(limit)
    )
    return (await session.scalars(query)).all()


async def first_waiting(session: AsyncSession, centre: str, area: str | None, now: datetime) -> UUID | None:
    """The visit that has waited longest today (in this area, if given), locked; rows locked by others are skipped."""
    centre_copy = await session.get(Centre, centre)
    if centre_copy is None:
        return None
    query = sa.select(col(Visit.id)).where(
        col(Visit.centre) == centre,
        col(Visit.status).in_(_QUEUE),
        col(Visit.checked_in_at) >= start_of_day(now, ZoneInfo(centre_copy.timezone)),
    )
    if area is not None:
        query = query.where(col(Visit.area) == area)
    ordered = query.order_by(col(Visit.checked_in_at), col(Visit.id)).limit(1)
    return await session.scalar(ordered.with_for_update(skip_locked=True))
