"""Whom a counsellor takes next, and the interview in which a counsellor is."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.copies.visits import Day, is_here, place
from services.chassis.storage.tables import in_states
from services.scheduling.domain.states import BOOKED, RUNNING, WAITS
from services.scheduling.store.copies import Waiting
from services.scheduling.store.interviews import Interview

_OPEN = sa.text(in_states((*BOOKED, *RUNNING)))
"""Literals, as the index of open interviews has them."""


@dataclass(frozen=True, slots=True)
class Taker:
    """A counsellor who takes people: of these areas and languages; empty: of all."""

    code: str
    areas: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    spoken: frozenset[str] = frozenset()
    """The languages of the centre's counsellors: who needs another one waits for each of them."""


async def in_line(session: AsyncSession, day: Day, taker: Taker, limit: int) -> Sequence[UUID]:
    """The visits that this counsellor takes next, in the order of the queue, not locked.

    As at the desks: nobody who is on hold, called or being served, and nobody who waits for a desk or another
    counsellor. Who waits for this counsellor alone is taken whatever they need; so is who stated no area.
    """
    mine = col(Waiting.for_counsellor) == taker.code
    fits: list[sa.ColumnElement[bool]] = [col(Waiting.for_counsellor).is_(None)]
    if taker.areas:
        area = sa.func.coalesce(col(Waiting.for_area), col(Waiting.area))
        fits.append(sa.or_(area.is_(None), area.in_(taker.areas)))
    if taker.languages:
        language = col(Waiting.interpreter_language)
        others = taker.spoken.difference(taker.languages)
        fits.append(sa.or_(language.is_(None), language.not_in(others)))
    query = sa.select(col(Waiting.id)).where(
        is_here(Waiting, day),
        col(Waiting.status).in_(WAITS),
        col(Waiting.held_at).is_(None),
        col(Waiting.interview_id).is_(None),
        col(Waiting.for_desk).is_(None),
        sa.or_(mine, sa.and_(*fits)),
    )
    return (await session.scalars(query.order_by(*place(Waiting)).limit(limit))).all()


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
