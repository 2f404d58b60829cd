"""The seat with which a collective path began, and what its person has in the workshop besides."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.contracts.scheduling import Method, PathOutcome
from services.scheduling.domain.paths import Ending
from services.scheduling.domain.states import ACTIVE_SEATS, SeatStatus, WorkshopStatus, has_seat, takes_seats
from services.scheduling.store.interviews import GuidancePath
from services.scheduling.store.workshops import Seat, Workshop, seats_of, sessions_of


class KeptSeat(NamedTuple):
    """A seat, or a place on the waitlist, in a workshop with these sessions to come."""

    id: UUID
    workshop_id: UUID
    title: str
    waits: bool
    starts: tuple[datetime, ...]


async def kept_with(
    session: AsyncSession, path: GuidancePath, refs: Collection[UUID], now: datetime
) -> Sequence[KeptSeat]:
    """What the end of a path frees in its workshop: its seat, and where its person (`refs`) waits for one.

    Nothing of a workshop that is closed, or of which every session has begun: its attendance is still recorded.
    """
    workshop = await session.get(Workshop, path.workshop_id) if path.workshop_id is not None else None
    if workshop is None or not takes_seats(WorkshopStatus(workshop.status)):
        return []
    starts = tuple(one.starts_at for one in await sessions_of(session, workshop.id) if one.starts_at > now)
    if not starts:
        return []
    kept: list[KeptSeat] = []
    for seat in await seats_of(session, workshop.id, *ACTIVE_SEATS):
        waits = not has_seat(SeatStatus(seat.status))
        if seat.path_id == path.id or (waits and seat.subject_ref in refs):
            kept.append(KeptSeat(seat.id, workshop.id, workshop.title, waits, starts))
    return kept


async def seat_of(session: AsyncSession, path: GuidancePath) -> Seat | None:
    """The seat with which a collective path began."""
    if path.workshop_id is None:
        return None
    of_path = sa.select(Seat).where(col(Seat.workshop_id) == path.workshop_id, col(Seat.path_id) == path.id)
    return await session.scalar(of_path.order_by(col(Seat.place).desc()).limit(1))


async def end_of_seat(session: AsyncSession, path: GuidancePath) -> Ending | None:
    """How the seat of a collective path, or its workshop, ended. None: it did not."""
    workshop = await session.get(Workshop, path.workshop_id) if path.workshop_id is not None else None
    if workshop is None:
        return None
    if workshop.cancelled_at is not None:
        return PathOutcome.WORKSHOP_CANCELLED, workshop.cancelled_at
    seat = await seat_of(session, path)
    if seat is None or not has_seat(SeatStatus(seat.status)):
        released_at = seat.released_at if seat is not None else None
        return PathOutcome.SEAT_RELEASED, released_at or path.closed_at or path.opened_at
    return None


def end_of(path: GuidancePath) -> Ending | None:
    """How the path ended. None: it is open."""
    if path.closed_at is None or path.closed_because is None:
        return None
    return PathOutcome(path.closed_because), path.closed_at


async def open_path_in(session: AsyncSession, workshop_id: UUID, refs: Collection[UUID]) -> UUID | None:
    """The person's open path by this workshop. Older versions reopened paths whose seat had ended."""
    query = sa.select(col(GuidancePath.id)).where(
        col(GuidancePath.subject_ref).in_(refs),
        col(GuidancePath.method) == Method.COLLECTIVE.value,
        col(GuidancePath.workshop_id) == workshop_id,
        col(GuidancePath.closed_at).is_(None),
    )
    return await session.scalar(query.order_by(col(GuidancePath.opened_at).desc()).limit(1))
