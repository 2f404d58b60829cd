"""What a person has to come: their booked interviews, and their places in workshops."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.scheduling.domain.rules import GUIDANCE_MINUTES
from services.scheduling.domain.states import ACTIVE_SEATS, BOOKED, LAPSED_SEATS, SeatStatus, is_lapsed
from services.scheduling.store.interviews import Interview
from services.scheduling.store.workshops import Seat, Session, Workshop


class ComingWorkshop(NamedTuple):
    """A workshop with a place or a waitlist entry of the person, and its sessions that are not over, in order."""

    seat: Seat
    workshop: Workshop
    sessions: list[Session]


async def interviews_to_come(session: AsyncSession, refs: Collection[UUID], now: datetime) -> Sequence[Interview]:
    """The booked interviews of a person that are not over, in order of time."""
    longest = timedelta(minutes=max(GUIDANCE_MINUTES))
    query = sa.select(Interview).where(
        col(Interview.subject_ref).in_(refs),
        col(Interview.status).in_(BOOKED),
        col(Interview.starts_at) > now - longest,
    )
    found = await session.scalars(query.order_by(col(Interview.starts_at), col(Interview.id)))
    return [one for one in found if one.starts_at + timedelta(minutes=one.minutes) > now]


async def same_appointment(
    session: AsyncSession, refs: Collection[UUID], counsellor: str, starts_at: datetime
) -> UUID | None:
    """The booked interview of this person with this counsellor at this time, or None."""
    query = sa.select(col(Interview.id)).where(
        col(Interview.subject_ref).in_(refs),
        col(Interview.status).in_(BOOKED),
        col(Interview.counsellor) == counsellor,
        col(Interview.starts_at) == starts_at,
    )
    return await session.scalar(query.limit(1)) if refs else None


async def workshops_to_come(session: AsyncSession, refs: Collection[UUID], now: datetime) -> list[ComingWorkshop]:
    """The workshops of a person with sessions that are not over, by the time of the next one.

    Also those that have not begun in which the person did not accept an offer, and has nothing else: they may wait
    again. Under several references a person may have several entries in one workshop.
    """
    active = col(Seat.status).in_([one.value for one in ACTIVE_SEATS])
    lapsed = sa.and_(col(Seat.status).in_([one.value for one in LAPSED_SEATS]), col(Workshop.first_at) > now)
    query = (
        sa.select(Seat, Workshop)
        .join(Workshop, col(Workshop.id) == col(Seat.workshop_id))
        .where(col(Seat.subject_ref).in_(refs), sa.or_(active, lapsed))
        .where(col(Workshop.last_at) > now, col(Workshop.cancelled_at).is_(None))
        .order_by(col(Seat.place))
    )
    rows = _shown([(seat, workshop) for seat, workshop in await session.execute(query)])
    sessions: dict[UUID, list[Session]] = defaultdict(list)
    if rows:
        chosen = sa.select(Session).where(col(Session.workshop_id).in_([workshop.id for _seat, workshop in rows]))
        for one in await session.scalars(chosen.order_by(col(Session.starts_at), col(Session.id))):
            sessions[one.workshop_id].append(one)
    found = [(seat, workshop, sessions_to_come(sessions[workshop.id], now)) for seat, workshop in rows]
    coming = [ComingWorkshop(*one) for one in found if one[2]]
    return sorted(coming, key=lambda one: (one.sessions[0].starts_at, str(one.workshop.id)))


def _shown(rows: Sequence[tuple[Seat, Workshop]]) -> list[tuple[Seat, Workshop]]:
    """All active entries, and the last lapsed one of each workshop without an active one."""
    active = [(seat, workshop) for seat, workshop in rows if not is_lapsed(SeatStatus(seat.status))]
    theirs = {workshop.id for _seat, workshop in active}
    lapsed = {workshop.id: (seat, workshop) for seat, workshop in rows if workshop.id not in theirs}
    return [*active, *lapsed.values()]


def sessions_to_come(sessions: Sequence[Session], now: datetime) -> list[Session]:
    """Those of a workshop's sessions that are not over; the first one may run."""
    return [one for one in sessions if one.starts_at + timedelta(minutes=one.minutes) > now]
