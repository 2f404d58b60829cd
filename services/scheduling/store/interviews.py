"""Interviews, their paths, and the calendar that prevents double bookings."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, col

from services.chassis.copies.visits import Day
from services.chassis.storage.list_order import ListOrder
from services.chassis.storage.store import Aggregate
from services.chassis.storage.tables import in_states
from services.contracts.appointments import AppointmentMode
from services.contracts.outcomes import InterviewOutcome
from services.contracts.scheduling import AppointmentStatus
from services.scheduling.domain.arrangement import Arrangement
from services.scheduling.domain.rules import GUIDANCE_MINUTES, PATH_LIMIT
from services.scheduling.domain.states import BOOKED, ON_PATH, RUNNING, is_booked, is_held
from services.scheduling.store.table import Table

_ON_A_PATH = sa.text("path_id is not null")
_INTERPRETED = sa.text("interpreter_language is not null")
_WITH_SUBJECT = sa.text("subject_ref is not null")
_COUNTED = sa.text(f"{in_states(ON_PATH)} and path_id is not null")
_NUMBERED = sa.text("number is not null and path_id is not null")
_NOT_CLOSED = sa.text("closed_at is null")
_DUE = sa.text("finalising_due_at is not null and closed_at is null")
_OPEN = sa.text(in_states((*BOOKED, *RUNNING)))
"""Literals: on SQLite, a bound parameter never matches the predicate of a partial index.

The status is in the index too: without it, SQLite prefers the one that has every interview of the centre.
"""
IS_OPEN_INTERVIEW = sa.text(f"interviews.{in_states((*BOOKED, *RUNNING))}")
"""For queries of other tables too that have a status."""


class GuidancePath(Aggregate, Table, table=True):
    """A visitor's guidance path, by one of the two methods. `subject_ref` None: the visitor is erased."""

    __tablename__ = "paths"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (
        sa.Index("paths_due", "centre", "finalising_due_at", postgresql_where=_DUE, sqlite_where=_DUE),
        sa.Index("paths_open", "centre", "opened_at", postgresql_where=_NOT_CLOSED, sqlite_where=_NOT_CLOSED),
    )

    subject_ref: UUID | None = Field(default=None, index=True)
    centre: str
    area: str | None = None
    method: str
    opened_at: datetime
    workshop_id: UUID | None = None
    finalising_due_at: datetime | None = None
    """Collective: since when its finalising session is due."""
    closed_at: datetime | None = None
    closed_because: str | None = Field(default=None, max_length=20)
    """A `PathOutcome`; None while the path is open."""


def path_checks() -> Iterator[sa.CheckConstraint]:
    """The rules of a path that the store keeps: lengths, and how many interviews (brochure, p. 28)."""
    most = f"case when method = 'collective' then 1 else {PATH_LIMIT} end"
    yield sa.CheckConstraint(f"kind <> 'guidance' or minutes in {GUIDANCE_MINUTES}", "length")
    yield sa.CheckConstraint(f"number is null or number between 1 and {PATH_LIMIT}", "number_range")
    yield sa.CheckConstraint(f"counted_as is null or counted_as between 1 and {most}", "limit")


class Interview(Aggregate, Table, table=True):
    """An individual interview: information, with a visitor in the room; or guidance, booked on a path."""

    __tablename__ = "interviews"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (
        sa.Index("interviews_of_counsellor", "counsellor", "starts_at"),
        sa.Index("interviews_of_centre", "centre", "starts_at"),
        sa.Index("interviews_of_path", "path_id", "starts_at", postgresql_where=_ON_A_PATH, sqlite_where=_ON_A_PATH),
        sa.Index("interviews_of_person", "subject_ref", postgresql_where=_WITH_SUBJECT, sqlite_where=_WITH_SUBJECT),
        sa.Index("interviews_open", "centre", "status", "starts_at", postgresql_where=_OPEN, sqlite_where=_OPEN),
        sa.Index(
            "interviews_open_of_counsellor",
            "counsellor",
            "status",
            "centre",
            "starts_at",
            postgresql_where=_OPEN,
            sqlite_where=_OPEN,
        ),
        sa.Index("interviews_with_interpreter", "starts_at", postgresql_where=_INTERPRETED, sqlite_where=_INTERPRETED),
        sa.Index("interviews_of_visit", "visit_id", postgresql_where=_OPEN, sqlite_where=_OPEN),
        sa.Index(
            "interviews_counted_once",
            "path_id",
            "counted_as",
            unique=True,
            postgresql_where=_COUNTED,
            sqlite_where=_COUNTED,
        ),
        sa.Index(
            "interviews_numbered_once",
            "path_id",
            "number",
            unique=True,
            postgresql_where=_NUMBERED,
            sqlite_where=_NUMBERED,
        ),
        *path_checks(),
    )

    kind: str
    centre: str
    area: str | None = None
    counsellor: str
    room: str | None = None
    mode: str = Field(
        default=AppointmentMode.IN_PERSON.value,
        max_length=20,
        sa_column_kwargs={"server_default": AppointmentMode.IN_PERSON.value},
    )
    interpreter_language: str | None = Field(default=None, max_length=3)
    """Of the interpreter whom the visitor needs; deleted when it is cancelled, held for good, or a no-show for good."""
    starts_at: datetime
    minutes: int
    """Booked or taken; 0 while an information interview runs."""
    status: str
    started_at: datetime | None = None
    ended_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancelled_by: str | None = None
    moved_by: str | None = Field(default=None, max_length=20)
    """The side that moved it last. None: it was not moved, or before that was recorded."""
    booked_for: datetime | None = None
    """When it was to begin, if it was held before that: what undoes the end reserves that time again."""
    closed_by: str | None = Field(default=None, max_length=40)
    """`END_OF_DAY`: nobody ended the interview on its day."""
    reason: str | None = None
    visit_id: UUID | None = None
    arrived_at: datetime | None = None
    """When the visitor of an appointment arrived, with `visit_id`. None: not yet."""
    path_id: UUID | None = None
    method: str | None = None
    number: int | None = None
    """Counts the held interviews of a path from 1."""
    counted_as: int | None = None
    """Which of the interviews that its path allows it takes, from 1; no other one has it. None: it does not count."""
    subject_ref: UUID | None = None
    outcome: dict[str, Any] | None = Field(default=None, sa_type=sa.JSON(none_as_null=True))
    """The fields of `InterviewOutcome`. None: not stated, or not held."""
    fingerprint: str | None = None
    """Digest of the import line: the same one again changes nothing, a different one is refused."""

    @property
    def arrangement(self) -> Arrangement:
        """How it takes place."""
        return Arrangement(AppointmentMode(self.mode), self.interpreter_language)

    @property
    def result(self) -> InterviewOutcome | None:
        """Its outcome, if it was stated."""
        return None if self.outcome is None else InterviewOutcome.model_validate(self.outcome)


class QuarterHour(Table, table=True):
    """A reserved quarter-hour of a counsellor, a room or a visitor. The primary key prevents double bookings."""

    __tablename__ = "quarter_hours"  # pyright: ignore[reportAssignmentType]

    resource: str = Field(primary_key=True)
    """`counsellor:CODE`, `room:CENTRE:CODE` of `rooms` or `person:REFERENCE`."""
    quarter: datetime = Field(primary_key=True)
    holder: UUID = Field(index=True)
    """The interview, the workshop session, the counsellor's absence or the hold that takes it.

    A session has the calendars of its facilitators, its room and everyone with a seat.
    """


class UnrestatedInterview(Table, table=True):
    """A booked interview of an older store that others have no copy of. The migration that made the table filled it."""

    __tablename__ = "interviews_to_restate"  # pyright: ignore[reportAssignmentType]

    id: UUID = Field(primary_key=True)


async def unrestated(session: AsyncSession, limit: int) -> Sequence[UUID]:
    """The interviews that are still to be restated, by id."""
    ids = col(UnrestatedInterview.id)
    return (await session.scalars(sa.select(ids).order_by(ids).limit(limit))).all()


async def on_path(session: AsyncSession, path_id: UUID) -> Sequence[Interview]:
    """A path's interviews, in order of time."""
    query = sa.select(Interview).where(col(Interview.path_id) == path_id).order_by(col(Interview.starts_at))
    return (await session.scalars(query)).all()


async def counted_on(session: AsyncSession, path_ids: Collection[UUID]) -> dict[UUID, Interview]:
    """The last interview of each of these paths that counts towards its limit: held or booked."""
    query = sa.select(Interview).where(col(Interview.path_id).in_(path_ids), col(Interview.status).in_(ON_PATH))
    found = await session.scalars(query.order_by(col(Interview.starts_at)))
    return {one.path_id: one for one in found if one.path_id is not None}


async def held_and_booked(session: AsyncSession, path_id: UUID) -> tuple[int, int]:
    """How many interviews of a path are held, and how many booked."""
    query = (
        sa.select(col(Interview.status), sa.func.count())
        .where(col(Interview.path_id) == path_id)
        .group_by(col(Interview.status))
    )
    counts = {AppointmentStatus(row[0]): int(row[1]) for row in await session.execute(query)}
    held = sum(number for status, number in counts.items() if is_held(status))
    return held, sum(number for status, number in counts.items() if is_booked(status))


async def counted_and_numbered(session: AsyncSession, path_id: UUID) -> tuple[set[int], set[int]]:
    """Which of the interviews that a path allows are taken, and which numbers those have that were held."""
    query = sa.select(col(Interview.counted_as), col(Interview.number)).where(
        col(Interview.path_id) == path_id, col(Interview.status).in_(ON_PATH)
    )
    rows = [(row[0], row[1]) for row in await session.execute(query)]
    return {row[0] for row in rows if row[0]}, {row[1] for row in rows if row[1]}


async def counted_starts(session: AsyncSession, path_id: UUID, besides: UUID | None = None) -> list[datetime]:
    """When the booked and held interviews of a path begin. `besides`: not this one."""
    query = sa.select(col(Interview.starts_at)).where(
        col(Interview.path_id) == path_id, col(Interview.status).in_(ON_PATH)
    )
    if besides is not None:
        query = query.where(col(Interview.id) != besides)
    return list(await session.scalars(query))


async def booked_from(session: AsyncSession, path_id: UUID, start: datetime) -> Sequence[Interview]:
    """A path's booked interviews that begin after `start`, locked. The path is locked before."""
    query = sa.select(Interview).where(
        col(Interview.path_id) == path_id,
        col(Interview.status).in_(BOOKED),
        col(Interview.starts_at) > start,
    )
    return (await session.scalars(query.order_by(col(Interview.id)).with_for_update())).all()


async def booked_for(session: AsyncSession, visits: Collection[UUID]) -> dict[UUID | None, UUID]:
    """The booked interviews to which these visits' people have come, by visit."""
    query = sa.select(col(Interview.visit_id), col(Interview.id)).where(
        _OPEN, col(Interview.status).in_(BOOKED), col(Interview.visit_id).in_(visits)
    )
    return {row[0]: row[1] for row in await session.execute(query)} if visits else {}


async def running_before(session: AsyncSession, day: Day) -> Sequence[Interview]:
    """The interviews of earlier days that nobody ended, at this centre."""
    query = open_in(RUNNING).where(col(Interview.centre) == day.centre, col(Interview.starts_at) < day.began_at)
    return (await session.scalars(query.order_by(col(Interview.starts_at), col(Interview.id)))).all()


async def running_anywhere(session: AsyncSession) -> Sequence[Interview]:
    """Every interview that nobody has ended, at all centres, by id."""
    found = (await session.scalars(open_in(RUNNING))).all()
    return sorted(found, key=lambda one: one.id)  # not by SQLite: it would read every interview in that order


def open_in(states: Sequence[str]) -> sa.Select[Interview]:
    """The interviews in these states, of those that are booked or take place, by their own index."""
    return sa.select(Interview).where(_OPEN, col(Interview.status).in_(states))


async def agenda(
    session: AsyncSession,
    centre: str,
    start: datetime,
    end: datetime,
    *,
    counsellor: str | None = None,
    after: UUID | None = None,
    limit: int = 200,
) -> Sequence[Interview]:
    """Interviews of a centre that begin in [start, end), in order; `after`: only those behind this interview."""
    query = sa.select(Interview).where(
        col(Interview.centre) == centre, col(Interview.starts_at) >= start, col(Interview.starts_at) < end
    )
    if counsellor is not None:
        query = query.where(col(Interview.counsellor) == counsellor)
    return (await session.scalars(await _BY_START.page(session, query, limit, after))).all()


_BY_START = ListOrder(col(Interview.starts_at), id=col(Interview.id))
