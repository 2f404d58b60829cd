"""Who is here today, who was just seen, and which visits are left over from earlier days: the one meaning of each.

For the table of visits and for copies of it, so that every board, list and stream shows the same people.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self, TypeVar, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.copies.centres import LocalCentreCopy
from services.chassis.refusals import Refused, msg
from services.chassis.storage.store import Aggregate
from services.chassis.storage.tables import in_states
from services.contracts.intake import ENDED, IN_THE_ROOM, JUST_SEEN, SERVED, VisitStatus

_HERE = in_states(IN_THE_ROOM)
_ENDED = f"{in_states(ENDED)} and ticket is not null"
"""A visit that was imported has no ticket, and is in no list of what just ended."""


class QueuedVisit(Aggregate):
    """The columns by which a visit is here, just seen or left over."""

    centre: str
    ticket: str | None = None
    status: str
    checked_in_at: datetime
    ended_at: datetime | None = None


Visits = TypeVar("Visits", bound=QueuedVisit)


def queue_indexes(table: str) -> tuple[sa.Index, sa.Index]:
    """The indexes of the queries below. Partial: without what was imported."""
    return (
        _partial(f"{table}_in_the_room", "checked_in_at", _HERE),
        _partial(f"{table}_ended", "ended_at", _ENDED),
    )


def _partial(name: str, column: str, predicate: str) -> sa.Index:
    return sa.Index(name, "centre", column, postgresql_where=sa.text(predicate), sqlite_where=sa.text(predicate))


@dataclass(frozen=True, slots=True)
class Day:
    """A centre's local day, from midnight until `now`."""

    centre: str
    began_at: datetime
    now: datetime

    @classmethod
    def of(cls, centre: LocalCentreCopy, now: datetime) -> Self:
        """The centre's day at this time."""
        midnight = now.astimezone(centre.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        return cls(centre.code, midnight, now)

    def has(self, visit: QueuedVisit) -> bool:
        """Whether the visitor checked in on this day."""
        return visit.checked_in_at >= self.began_at


class FromEarlierDay(Refused):
    """A visit of an earlier day is neither called nor served: its visitor is not here."""

    slug = "from-earlier-day"
    message = msg("This visit is of an earlier day: {day}. If the person is here, give them a new ticket.")
    field_name = "visit_id"


def check_today(visit: QueuedVisit, centre: LocalCentreCopy, now: datetime) -> None:
    """The visitor checked in today. Raises `FromEarlierDay`."""
    if not Day.of(centre, now).has(visit):
        raise FromEarlierDay(day=visit.checked_in_at.astimezone(centre.zone).date())


def is_here(table: type[Visits], day: Day) -> sa.ColumnElement[bool]:
    """The visits whose visitor is here today: waiting, called or being served.

    The states are literals: on SQLite, a bound parameter never matches the predicate of a partial index.
    """
    return sa.and_(sa.text(_HERE), col(table.centre) == day.centre, col(table.checked_in_at) >= day.began_at)


def is_left_over(table: type[Visits], day: Day) -> sa.ColumnElement[bool]:
    """The visits of earlier days that nobody ended."""
    return sa.and_(sa.text(_HERE), col(table.centre) == day.centre, col(table.checked_in_at) < day.began_at)


def has_just_ended(table: type[Visits], day: Day) -> sa.ColumnElement[bool]:
    """The visits of today that ended, served or not, not longer than `JUST_SEEN` ago."""
    return sa.and_(
        sa.text(_ENDED),
        col(table.centre) == day.centre,
        col(table.ended_at) > day.now - JUST_SEEN,
        col(table.checked_in_at) >= day.began_at,
    )


async def first_come(
    session: AsyncSession,
    table: type[Visits],
    which: sa.ColumnElement[bool],
    limit: int,
    *,
    status: VisitStatus | None = None,
    after: UUID | None = None,
) -> Sequence[Visits]:
    """These visits in order of check-in; `status`: only those; `after`: only those behind this visit."""
    query = sa.select(table).where(which)
    if status is not None:
        query = query.where(col(table.status) == status.value)
    last = await session.get(table, after) if after is not None else None
    if last is not None:
        at, id = col(table.checked_in_at), col(table.id)
        query = query.where(at >= last.checked_in_at, sa.or_(at > last.checked_in_at, id > last.id))
    ordered = query.order_by(col(table.checked_in_at), col(table.id)).limit(limit)
    return (await session.scalars(ordered)).all()


async def just_seen(session: AsyncSession, table: type[Visits], day: Day, limit: int) -> Sequence[Visits]:
    """The visits of visitors who were just seen, the last one first."""
    served = sa.and_(has_just_ended(table, day), sa.text(in_states(SERVED)))
    return await _just_ended(session, table, served, limit)


async def just_left(session: AsyncSession, table: type[Visits], day: Day, limit: int) -> Sequence[Visits]:
    """The visits of visitors who just left without being served, the last one first."""
    unserved = sa.and_(has_just_ended(table, day), sa.text(f"not {in_states(SERVED)}"))
    return await _just_ended(session, table, unserved, limit)


async def _just_ended(
    session: AsyncSession, table: type[Visits], which: sa.ColumnElement[bool], limit: int
) -> Sequence[Visits]:
    query = sa.select(table).where(which).order_by(col(table.ended_at).desc(), col(table.id)).limit(limit)
    return (await session.scalars(query)).all()


async def counts_of(
    session: AsyncSession, table: type[Visits], which: sa.ColumnElement[bool]
) -> dict[VisitStatus, int]:
    """How many of these visits have each status, counted in the store."""
    query = sa.select(col(table.status), sa.func.count()).select_from(cast(Any, table)).where(which)
    found = await session.execute(query.group_by(col(table.status)))
    return dict.fromkeys(VisitStatus, 0) | {VisitStatus(status): int(number) for status, number in found}
