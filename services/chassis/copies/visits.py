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
from sqlmodel import Field, col

from services.chassis.copies.centres import LocalCentreCopy
from services.chassis.refusals import Refused, msg
from services.chassis.storage.list_order import ListOrder
from services.chassis.storage.store import Aggregate
from services.chassis.storage.tables import in_states
from services.contracts.intake import ENDED, IN_THE_ROOM, JUST_SEEN, SERVED, VisitStatus

_HERE = in_states(IN_THE_ROOM)
_ENDED = f"{in_states(ENDED)} and ticket is not null"
"""A visit that was imported has no ticket, and is in no list of what just ended."""


RANK = 1
"""`rank` of a visit without priority. With priority: 0."""


class QueuedVisit(Aggregate):
    """The columns by which a visit is here, just seen or left over, and by which it has its place in the queue."""

    centre: str
    ticket: str | None = None
    status: str
    checked_in_at: datetime
    ended_at: datetime | None = None
    rank: int = Field(default=RANK, sa_type=sa.SmallInteger, sa_column_kwargs={"server_default": "1"})
    """The lower, the earlier the visitor is called."""
    held_at: datetime | None = None
    """Since when the visitor is on hold: waiting, not called, the place kept."""
    for_area: str | None = Field(default=None, max_length=40)
    """In which area's queue the visitor waits. None: the area of the visit."""
    for_desk: str | None = Field(default=None, max_length=60)
    for_counsellor: str | None = Field(default=None, max_length=60)
    """The only desk, and the only counsellor, that calls the visitor. None: any."""


Visits = TypeVar("Visits", bound=QueuedVisit)


def queue_indexes(table: str) -> tuple[sa.Index, sa.Index]:
    """The indexes of the queries below. Partial: without what was imported."""
    return (
        _partial(f"{table}_in_the_room", _HERE, "rank", "checked_in_at", "id"),
        _partial(f"{table}_ended", _ENDED, "ended_at"),
    )


def _partial(name: str, predicate: str, *columns: str) -> sa.Index:
    return sa.Index(name, "centre", *columns, postgresql_where=sa.text(predicate), sqlite_where=sa.text(predicate))


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


def ended_lately(visit: QueuedVisit, now: datetime) -> bool:
    """Whether a visit ended not longer than `JUST_SEEN` ago, as `has_just_ended` asks the store."""
    return visit.ended_at is not None and visit.ended_at > now - JUST_SEEN


def place(table: type[Visits]) -> tuple[Any, ...]:
    """The order of the queue: who has priority, then first come, first served; a group by the numbers of its tickets.

    Shorter numbers are the smaller ones, and of one length the order of the texts is that of the numbers. The index of
    the queue has no numbers: they sort only those of the same instant.
    """
    number = sa.func.substr(sa.func.coalesce(col(table.ticket), ""), 2)
    return col(table.rank), col(table.checked_in_at), sa.func.length(number), number, col(table.id)


def has_ended(table: type[Visits], day: Day) -> sa.ColumnElement[bool]:
    """The visits with a ticket that began on this day, and have ended since."""
    return sa.and_(
        sa.text(_ENDED),
        col(table.centre) == day.centre,
        col(table.ended_at) >= day.began_at,
        col(table.checked_in_at) >= day.began_at,
    )


async def in_turn(
    session: AsyncSession,
    table: type[Visits],
    which: sa.ColumnElement[bool],
    limit: int,
    *,
    status: VisitStatus | None = None,
    after: UUID | None = None,
) -> Sequence[Visits]:
    """These visits in the order of the queue; `status`: only those; `after`: only those behind this visit."""
    query = sa.select(table).where(which)
    if status is not None:
        query = query.where(col(table.status) == status.value)
    *columns, id = place(table)
    order = ListOrder(*columns, id=id)
    return (await session.scalars(await order.page(session, query, limit, after))).all()


async def just_seen(
    session: AsyncSession, table: type[Visits], day: Day, limit: int, *, after: UUID | None = None
) -> Sequence[Visits]:
    """The visits of visitors who were just seen, the last one first; `after`: only those behind this visit."""
    served = sa.and_(has_just_ended(table, day), sa.text(in_states(SERVED)))
    return await _just_ended(session, table, served, limit, after)


async def just_left(
    session: AsyncSession, table: type[Visits], day: Day, limit: int, *, after: UUID | None = None
) -> Sequence[Visits]:
    """The visits of visitors who just left without being served, the last one first; `after` as above."""
    unserved = sa.and_(has_just_ended(table, day), sa.text(f"not {in_states(SERVED)}"))
    return await _just_ended(session, table, unserved, limit, after)


async def _just_ended(
    session: AsyncSession, table: type[Visits], which: sa.ColumnElement[bool], limit: int, after: UUID | None
) -> Sequence[Visits]:
    order = ListOrder(col(table.ended_at), id=col(table.id), newest_first=True)
    return (await session.scalars(await order.page(session, sa.select(table).where(which), limit, after))).all()


async def counts_of(
    session: AsyncSession, table: type[Visits], which: sa.ColumnElement[bool]
) -> dict[VisitStatus, int]:
    """How many of these visits have each status, counted in the store."""
    query = sa.select(col(table.status), sa.func.count()).select_from(cast(Any, table)).where(which)
    found = await session.execute(query.group_by(col(table.status)))
    return dict.fromkeys(VisitStatus, 0) | {VisitStatus(status): int(number) for status, number in found}
