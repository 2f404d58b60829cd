"""A centre's queue: its ticket counters, whose turn it is, and what earlier days left over."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.copies.visits import Day, has_ended, has_just_ended, is_here, place
from services.chassis.storage.bulk import upsert
from services.contracts.intake import END_OF_DAY, VisitStatus
from services.intake.domain import is_expected_at_desk
from services.intake.store import TicketCounter, Visit, is_next

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


class Called(NamedTuple):
    """A visitor who is to come to a desk."""

    id: UUID
    ticket: str | None


async def called_by_desk(session: AsyncSession, day: Day) -> dict[str | None, Called]:
    """For each desk, whom `called_to` finds."""
    query = sa.select(col(Visit.desk), col(Visit.id), col(Visit.ticket)).where(
        is_here(Visit, day), col(Visit.status).in_(_EXPECTED)
    )
    rows = await session.execute(query.order_by(col(Visit.called_at), col(Visit.id).desc()))
    return {row[0]: Called(row[1], row[2]) for row in rows}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: a desk, for these areas or, where none is named, for all; the counsellor at it, if it is one."""

    desk: str
    areas: tuple[str, ...] = ()
    counsellor: str | None = None


async def first_waiting(session: AsyncSession, day: Day, caller: Caller) -> UUID | None:
    """Whose turn it is today among those whom this caller may call, locked; rows locked by others are skipped.

    Who did not state an area is called for each. Whom this desk transferred to an area is for the others.
    """
    query = sa.select(col(Visit.id)).where(
        is_here(Visit, day),
        is_next(),
        sa.or_(col(Visit.for_desk).is_(None), col(Visit.for_desk) == caller.desk),
        sa.or_(col(Visit.for_counsellor).is_(None), col(Visit.for_counsellor) == caller.counsellor),
        sa.or_(col(Visit.transferred_by).is_(None), col(Visit.transferred_by) != caller.desk),
    )
    if caller.areas:
        area = sa.func.coalesce(col(Visit.for_area), col(Visit.area))
        query = query.where(sa.or_(area.is_(None), area.in_(caller.areas)))
    return await session.scalar(query.order_by(*place(Visit)).limit(1).with_for_update(skip_locked=True))


async def number_waiting(session: AsyncSession, day: Day) -> int:
    """How many visitors are called before one who checks in now, if nothing changes."""
    waiting = sa.select(sa.func.count(col(Visit.id))).where(is_here(Visit, day), is_next())
    return int(await session.scalar(waiting) or 0)


class Place(NamedTuple):
    """A ticket of today, and how many visitors are called before it, if nothing changes.

    Of one that waits for a certain desk or counsellor: how many wait before it for the same one, or for none, as they
    may be called there first.
    """

    ticket: str | None
    status: str
    held_at: datetime | None
    desk: str | None
    area: str | None
    for_desk: str | None
    for_counsellor: str | None
    before: int
    only_same: bool
    """It waits for a certain desk or counsellor, and so do all who are before it."""


async def places(session: AsyncSession, day: Day) -> dict[UUID, Place]:
    """Every ticket of this day, by its visit."""
    area = sa.func.coalesce(col(Visit.for_area), col(Visit.area))
    facts: list[Any] = [col(Visit.ticket), col(Visit.status), col(Visit.held_at), col(Visit.desk), area]
    facts += [col(Visit.for_desk), col(Visit.for_counsellor)]
    here = sa.select(col(Visit.id), is_next(), *facts).where(is_here(Visit, day)).order_by(*place(Visit))
    ended = sa.select(col(Visit.id), *facts).where(has_ended(Visit, day))
    found = {row[0]: Place._make((*row[1:], 0, False)) for row in await session.execute(ended)}
    everyone = 0
    by_caller = Counter[tuple[str | None, str | None]]()
    for row in await session.execute(here):
        caller, free = (row.for_desk, row.for_counsellor), by_caller[None, None]
        before = by_caller[caller] + free if any(caller) else everyone
        found[row[0]] = Place._make((*row[2:], before, any(caller) and not free))
        everyone += bool(row[1])
        by_caller[caller] += bool(row[1])
    return found


async def number_before(session: AsyncSession, day: Day, visit: UUID) -> int:
    """How many visitors are called before this one, as its ticket's page says. 0: it does not wait today."""
    found = (await places(session, day)).get(visit)
    return found.before if found is not None else 0


class Closing(NamedTuple):
    """When the day was closed last, and how many of the visits that were closed then may be reopened."""

    at: datetime
    number: int


async def last_closing(session: AsyncSession, day: Day) -> Closing | None:
    """The last closing of this day that may be taken back."""
    query = sa.select(col(Visit.ended_at), sa.func.count()).where(_just_closed(day)).group_by(col(Visit.ended_at))
    row = (await session.execute(query.order_by(col(Visit.ended_at).desc()).limit(1))).one_or_none()
    at = row[0] if row is not None else None
    return Closing(at, int(row[1])) if row is not None and at is not None else None


async def closed_at(session: AsyncSession, day: Day, at: datetime) -> Sequence[UUID]:
    """The visits that a closing of this day closed, by id."""
    query = sa.select(col(Visit.id)).where(_just_closed(day), col(Visit.ended_at) == at)
    return (await session.scalars(query.order_by(col(Visit.id)))).all()


def _just_closed(day: Day) -> sa.ColumnElement[bool]:
    return sa.and_(
        has_just_ended(Visit, day), col(Visit.closed_by) == END_OF_DAY, col(Visit.before_closing).is_not(None)
    )


async def unfinished(session: AsyncSession, which: sa.ColumnElement[bool], limit: int | None) -> Sequence[UUID]:
    """Visits of today or of earlier days that nobody ended, by id: the order of locks in docs/architecture.md."""
    query = sa.select(col(Visit.id)).where(which)
    return (await session.scalars(query.order_by(col(Visit.id)).limit(limit))).all()


async def clear_places(session: AsyncSession, centre: str, since: datetime | None, before: datetime) -> None:
    """Delete where the visits of these days were before a press closed them (`Visit.before_closing`).

    It names an interview: later it would only say whose visit a visit without a reference was.
    """
    days = [col(Visit.centre) == centre, col(Visit.checked_in_at) < before]
    if since is not None:
        days.append(col(Visit.checked_in_at) >= since)
    kept = col(Visit.before_closing).is_not(None)
    await session.execute(sa.update(Visit).where(*days, kept).values(before_closing=sa.null()))
