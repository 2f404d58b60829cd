"""How offers stand at a moment, and in which workshops one is over or a free seat is not offered yet."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.scheduling.domain.offers import LAST_OFFER, answer_until, is_over
from services.scheduling.domain.states import (
    OFFERED_SEATS,
    QUEUED_SEATS,
    WAITLISTED_SEATS,
    SeatStatus,
    WorkshopStatus,
    is_offered,
    is_waitlisted,
    takes_seats,
)
from services.scheduling.store.copies import Centre
from services.scheduling.store.workshops import Seat, Workshop, seats_of

_OPEN = [status.value for status in WorkshopStatus if takes_seats(status)]


def _due(now: datetime) -> sa.Select[UUID]:
    over = sa.and_(
        col(Seat.status).in_([status.value for status in OFFERED_SEATS]),
        sa.or_(col(Seat.offer_until) <= now, col(Workshop.first_at) <= now),
    )
    waits = sa.and_(
        col(Seat.status).in_([status.value for status in WAITLISTED_SEATS]),
        col(Workshop.first_at) > now + LAST_OFFER,
        col(Workshop.taken) + col(Workshop.offered) < col(Workshop.seats),
    )
    joined = sa.select(col(Workshop.id)).join(Seat, col(Seat.workshop_id) == col(Workshop.id))
    return joined.where(col(Workshop.status).in_(_OPEN), sa.or_(over, waits))


class Standing(NamedTuple):
    """How an entry stands at a moment. `until`: until when an offer can be answered."""

    status: SeatStatus
    until: datetime | None = None


async def queue_at(
    session: AsyncSession, workshop: Workshop, queued: Sequence[Seat], now: datetime, answer: timedelta
) -> dict[UUID, Standing]:
    """How those of a workshop who have no seat stand now, in order: as if `actions.offers.go_on` had just run."""
    found = {seat.id: Standing(SeatStatus(seat.status), seat.offer_until) for seat in queued}
    if not takes_seats(WorkshopStatus(workshop.status)):
        return found
    offered = [seat for seat in queued if is_offered(SeatStatus(seat.status))]
    over = [seat.id for seat in offered if is_over(seat.offer_until, workshop.first_at, now)]
    found |= {id: Standing(SeatStatus.EXPIRED) for id in over}
    free = workshop.free + len(over)
    waiting = [seat.id for seat in queued if is_waitlisted(SeatStatus(seat.status))]
    if free > 0 and waiting and now < workshop.first_at:
        zone = (await session.get_one(Centre, workshop.centre)).zone
        until = answer_until(now, workshop.first_at, answer, zone)
        if until is not None:
            found |= {id: Standing(SeatStatus.OFFERED, until) for id in waiting[:free]}
    return found


async def standing_of(
    session: AsyncSession, workshop: Workshop, seat: Seat, now: datetime, answer: timedelta
) -> Standing:
    """How one entry stands now."""
    queued = await seats_of(session, workshop.id, *QUEUED_SEATS)
    found = await queue_at(session, workshop, queued, now, answer)
    return found.get(seat.id, Standing(SeatStatus(seat.status)))


async def workshops_due(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """The workshops in which something is due, some of them at once."""
    return (await session.scalars(_due(now).distinct().order_by(col(Workshop.id)).limit(limit))).all()
