"""Whom a counsellor takes next, and the interview in which a counsellor is."""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.copies.visits import Day, is_here, place
from services.chassis.storage.tables import in_states
from services.scheduling.domain.line import Wanted
from services.scheduling.domain.states import BOOKED, RUNNING, WAITS
from services.scheduling.store.copies import Waiting
from services.scheduling.store.interviews import Interview

_OPEN = sa.text(in_states((*BOOKED, *RUNNING)))
"""Literals, as the index of open interviews has them."""


async def in_line(
    session: AsyncSession, day: Day, counsellor: str, takes: Callable[[Wanted], bool], limit: int | None
) -> Sequence[UUID]:
    """The visits that this counsellor takes next, in the order of the queue, not locked. `limit` None: all.

    As at the desks: nobody who is on hold, called or being served, and nobody who waits for a desk or another
    counsellor. Who waits for this counsellor alone is taken whatever they need.
    """
    mine = col(Waiting.for_counsellor)
    needs = (col(Waiting.for_area), col(Waiting.area), col(Waiting.other_areas), col(Waiting.interpreter_language))
    query = sa.select(col(Waiting.id), mine, *needs).where(
        is_here(Waiting, day),
        col(Waiting.status).in_(WAITS),
        col(Waiting.held_at).is_(None),
        col(Waiting.interview_id).is_(None),
        col(Waiting.for_desk).is_(None),
        sa.or_(mine == counsellor, mine.is_(None)),
    )
    rows = await session.execute(query.order_by(*place(Waiting)))
    taken = (row.id for row in rows if row.for_counsellor is not None or takes(_wanted(row)))
    return list(islice(taken, limit))


def _wanted(row: Any) -> Wanted:
    """What the person needs; whom the desk sent on to an area, that area alone."""
    areas = [row.for_area] if row.for_area is not None else [row.area, *row.other_areas]
    return Wanted(frozenset(one for one in areas if one is not None), row.interpreter_language)


async def interview_under_way(session: AsyncSession, day: Day, counsellor: str) -> UUID | None:
    """The interview in which this counsellor is today at this centre, or None."""
    query = sa.select(col(Interview.id)).where(
        _OPEN,
        col(Interview.centre) == day.centre,
        col(Interview.status).in_((*BOOKED, *RUNNING)),
        col(Interview.counsellor) == counsellor,
        col(Interview.started_at) >= day.began_at,
    )
    return await session.scalar(query.limit(1))
