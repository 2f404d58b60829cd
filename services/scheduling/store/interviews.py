"""Interviews, their paths, and the calendar that prevents double bookings."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, col

from services.chassis.storage.store import Aggregate
from services.contracts.scheduling import AppointmentStatus, Method
from services.scheduling.domain.states import BOOKED, ON_PATH, is_booked, is_held
from services.scheduling.store.table import Table

_ON_A_PATH = sa.text("path_id is not null")
_WITH_SUBJECT = sa.text("subject_ref is not null")


class GuidancePath(Aggregate, Table, table=True):
    """A visitor's guidance path, by one of the two methods. `subject_ref` None: the visitor is erased."""

    __tablename__ = "paths"  # pyright: ignore[reportAssignmentType]

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


class Interview(Aggregate, Table, table=True):
    """An individual interview: information, with a visitor in the room; or guidance, booked on a path."""

    __tablename__ = "interviews"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (
        sa.Index("interviews_of_counsellor", "counsellor", "starts_at"),
        sa.Index("interviews_of_centre", "centre", "starts_at"),
        sa.Index("interviews_of_path", "path_id", postgresql_where=_ON_A_PATH, sqlite_where=_ON_A_PATH),
        sa.Index("interviews_of_person", "subject_ref", postgresql_where=_WITH_SUBJECT, sqlite_where=_WITH_SUBJECT),
    )

    kind: str
    centre: str
    area: str | None = None
    counsellor: str
    room: str | None = None
    starts_at: datetime
    minutes: int
    """Booked or taken; 0 while an information interview runs."""
    status: str
    started_at: datetime | None = None
    ended_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancelled_by: str | None = None
    reason: str | None = None
    visit_id: UUID | None = None
    path_id: UUID | None = None
    method: str | None = None
    number: int | None = None
    """Counts the held interviews of a path from 1."""
    subject_ref: UUID | None = None
    fingerprint: str | None = None
    """Digest of the import line: the same one again changes nothing, a different one is refused."""


class QuarterHour(Table, table=True):
    """A reserved quarter-hour of a counsellor, a room or a visitor. The primary key prevents double bookings."""

    __tablename__ = "quarter_hours"  # pyright: ignore[reportAssignmentType]

    resource: str = Field(primary_key=True)
    """`counsellor:CODE`, `room:CENTRE:CODE` or `person:REFERENCE`."""
    quarter: datetime = Field(primary_key=True)
    holder: UUID = Field(index=True)
    """The interview or workshop session that takes it."""


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


async def booked_from(session: AsyncSession, path_id: UUID, start: datetime) -> Sequence[Interview]:
    """A path's booked interviews that begin after `start`, locked. The path is locked before."""
    query = sa.select(Interview).where(
        col(Interview.path_id) == path_id,
        col(Interview.status).in_(BOOKED),
        col(Interview.starts_at) > start,
    )
    return (await session.scalars(query.order_by(col(Interview.id)).with_for_update())).all()


async def open_individual_path(session: AsyncSession, subject_ref: UUID) -> UUID | None:
    """The visitor's latest open individual path, or None. Imports may have left several open."""
    query = sa.select(col(GuidancePath.id)).where(
        col(GuidancePath.subject_ref) == subject_ref,
        col(GuidancePath.method) == Method.INDIVIDUAL.value,
        col(GuidancePath.closed_at).is_(None),
    )
    return await session.scalar(query.order_by(col(GuidancePath.opened_at).desc()).limit(1))


async def agenda(
    session: AsyncSession,
    centre: str,
    start: datetime,
    end: datetime,
    *,
    counsellor: str | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int = 200,
) -> Sequence[Interview]:
    """Interviews of a centre that begin in [start, end), in order; `after`: only those after this key."""
    query = sa.select(Interview).where(
        col(Interview.centre) == centre, col(Interview.starts_at) >= start, col(Interview.starts_at) < end
    )
    if counsellor is not None:
        query = query.where(col(Interview.counsellor) == counsellor)
    if after is not None:
        at, id = after
        later = sa.or_(col(Interview.starts_at) > at, sa.and_(col(Interview.starts_at) == at, col(Interview.id) > id))
        query = query.where(later)
    return (await session.scalars(query.order_by(col(Interview.starts_at), col(Interview.id)).limit(limit))).all()


async def paths_of_person(session: AsyncSession, subject_ref: UUID) -> Sequence[GuidancePath]:
    """A visitor's paths, latest first."""
    query = sa.select(GuidancePath).where(col(GuidancePath.subject_ref) == subject_ref)
    return (await session.scalars(query.order_by(col(GuidancePath.opened_at).desc()))).all()


async def taken_quarters(
    session: AsyncSession, resources: Sequence[str], start: datetime, end: datetime
) -> list[tuple[str, datetime]]:
    """The reserved quarter-hours of these resources in [start, end)."""
    query = sa.select(col(QuarterHour.resource), col(QuarterHour.quarter)).where(
        col(QuarterHour.resource).in_(resources), col(QuarterHour.quarter) >= start, col(QuarterHour.quarter) < end
    )
    return [(row[0], row[1]) for row in await session.execute(query.order_by(col(QuarterHour.quarter)))]
