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
    OPEN_WORKSHOPS,
    QUEUED_SEATS,
    WAITLISTED_SEATS,
    SeatStatus,
    WorkshopStatus,
    is_offered,
    is_waitlisted,
    takes_seats,
)
from services.scheduling.store.copies import Centre
from services.scheduling.store.workshops import IS_OFFERED, IS_OPEN, Seat, Workshop, seats_of

_ITS_WORKSHOP = col(Seat.workshop_id) == col(Workshop.id)


def _over(now: datetime) -> sa.Select[UUID]:
    """Open workshops with an offer that is over. Of the seats, only those that are offered are read."""
    passed = sa.or_(col(Seat.offer_until) <= now, col(Workshop.first_at) <= now)
    still_open = sa.exists().where(_ITS_WORKSHOP, col(Workshop.status).in_(OPEN_WORKSHOPS), passed)
    workshop = col(Seat.workshop_id)
    return sa.select(workshop).where(IS_OFFERED, still_open).distinct().order_by(workshop)


def _free(now: datetime) -> sa.Select[UUID]:
    """Open workshops with a free seat and a person who waits for it. Of the workshops, only coming ones are read."""
    waits = sa.exists().where(_ITS_WORKSHOP, col(Seat.status).in_([status.value for status in WAITLISTED_SEATS]))
    ahead = (IS_OPEN, col(Workshop.first_at) > now + LAST_OFFER)
    free = col(Workshop.taken) + col(Workshop.offered) < col(Workshop.seats)
    return sa.select(col(Workshop.id)).where(*ahead, free, waits).order_by(col(Workshop.first_at))


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


async def places_left(
    session: AsyncSession, workshops: Sequence[Workshop], now: datetime, answer: timedelta
) -> dict[UUID, int]:
    """How many seats of each of these workshops a newcomer can have now: none as long as others wait for one.

    As `actions.seats.take_seat` decides; `answer`: how long an offer can be answered.
    """
    queued: dict[UUID, list[Seat]] = {one.id: [] for one in workshops}
    if not queued:
        return {}
    states = [status.value for status in QUEUED_SEATS]
    query = sa.select(Seat).where(col(Seat.workshop_id).in_(queued), col(Seat.status).in_(states))
    for seat in await session.scalars(query.order_by(col(Seat.place))):
        queued[seat.workshop_id].append(seat)
    found: dict[UUID, int] = {}
    for one in workshops:
        stands = [standing.status for standing in (await queue_at(session, one, queued[one.id], now, answer)).values()]
        waited_for = one.first_at > now and any(is_waitlisted(status) for status in stands)
        kept = sum(is_offered(status) for status in stands)
        found[one.id] = 0 if waited_for else max(one.seats - one.taken - kept, 0)
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
    over = (await session.scalars(_over(now).limit(limit))).all()
    free = (await session.scalars(_free(now).limit(limit))).all()
    return list(dict.fromkeys((*over, *free)))[:limit]
