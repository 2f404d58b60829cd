"""How paths ended and went on, and which of them are open."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, col

from services.chassis.storage.store import Work
from services.contracts.scheduling import Method
from services.scheduling.domain.states import BOOKED
from services.scheduling.store.interviews import GuidancePath, Interview, open_in
from services.scheduling.store.table import Table


class PathChange(Table, table=True):
    """One end of a path, or that it was reopened. Rows are only added."""

    __tablename__ = "path_changes"  # pyright: ignore[reportAssignmentType]

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    path_id: UUID = Field(index=True)
    at: datetime
    change: str = Field(max_length=20)
    """A `PathOutcome`, or `reopened`."""
    reason: str | None = Field(default=None, max_length=40)
    """Why it was reopened."""
    by: str | None = Field(default=None, max_length=60)
    """The code of the counsellor who did it. None: the service itself, as a plan was confirmed or a seat released."""


def record_change(
    work: Work, path: GuidancePath, change: str, at: datetime, *, reason: str | None = None, by: str | None = None
) -> None:
    """Add a row about this path."""
    work.add(PathChange(path_id=path.id, at=at, change=change, reason=reason, by=by))


async def time_of_change(session: AsyncSession, path: GuidancePath, now: datetime) -> datetime:
    """When a path ends or goes on: now, and behind every earlier change of it, whichever clock had recorded that."""
    recorded = sa.select(sa.func.max(col(PathChange.at))).where(col(PathChange.path_id) == path.id)
    before = [at for at in (await session.scalar(recorded), path.closed_at) if at is not None]
    return max([now, *(at + timedelta(microseconds=1) for at in before)])


async def path_history(session: AsyncSession, path_ids: Collection[UUID]) -> Sequence[PathChange]:
    """How these paths ended and went on, the first change first."""
    query = sa.select(PathChange).where(col(PathChange.path_id).in_(path_ids))
    return (await session.scalars(query.order_by(col(PathChange.at), col(PathChange.id)))).all()


async def other_open_path(session: AsyncSession, path: GuidancePath, refs: Collection[UUID]) -> bool:
    """Whether the path's person has another open path of its method: collective ones at its centre only."""
    query = sa.select(sa.literal(1)).where(
        col(GuidancePath.subject_ref).in_(refs),
        col(GuidancePath.method) == path.method,
        col(GuidancePath.closed_at).is_(None),
        col(GuidancePath.id) != path.id,
    )
    if path.method == Method.COLLECTIVE:
        query = query.where(col(GuidancePath.centre) == path.centre)
    return await session.scalar(query.limit(1)) is not None


async def open_individual_path(session: AsyncSession, refs: Collection[UUID], centre: str | None = None) -> UUID | None:
    """The visitor's latest open individual path, or None. Imports and merges may have left several open.

    `centre`: rather one of this centre.
    """
    query = sa.select(col(GuidancePath.id)).where(
        col(GuidancePath.subject_ref).in_(refs),
        col(GuidancePath.method) == Method.INDIVIDUAL.value,
        col(GuidancePath.closed_at).is_(None),
    )
    elsewhere = [sa.case((col(GuidancePath.centre) == centre, 0), else_=1)] if centre is not None else []
    return await session.scalar(query.order_by(*elsewhere, col(GuidancePath.opened_at).desc()).limit(1))


async def centre_of(session: AsyncSession, path_id: UUID) -> str | None:
    """At which centre the path is."""
    return await session.scalar(sa.select(col(GuidancePath.centre)).where(col(GuidancePath.id) == path_id))


async def paths_of_person(session: AsyncSession, refs: Collection[UUID]) -> Sequence[GuidancePath]:
    """A visitor's paths under these references, latest first."""
    query = sa.select(GuidancePath).where(col(GuidancePath.subject_ref).in_(refs))
    return (await session.scalars(query.order_by(col(GuidancePath.opened_at).desc()))).all()


async def booked_on_closed_paths(session: AsyncSession, after: datetime, limit: int) -> Sequence[UUID]:
    """The closed paths on which interviews are booked for later, by id."""
    later = open_in(BOOKED).where(col(Interview.starts_at) > after, col(Interview.path_id).is_not(None)).subquery()
    closed = sa.select(col(GuidancePath.id)).where(
        col(GuidancePath.id).in_(sa.select(later.c.path_id)), col(GuidancePath.closed_at).is_not(None)
    )
    return (await session.scalars(closed.order_by(col(GuidancePath.id)).limit(limit))).all()
