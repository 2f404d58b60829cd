"""Visitors by the end of their retention."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.intake.store import Visit, Visitor


async def due_visitors(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """The references of visitors whose retention has ended, the longest ended first."""
    due = sa.select(col(Visitor.id)).where(col(Visitor.retain_until) <= now)
    return (await session.scalars(due.order_by(col(Visitor.retain_until), col(Visitor.id)).limit(limit))).all()


async def ending_by(
    session: AsyncSession, until: datetime, centres: Collection[str] | None, limit: int
) -> Sequence[Visitor]:
    """The visitors whose retention ends by then, the first one first. `centres` None: of every centre."""
    query = sa.select(Visitor).where(col(Visitor.retain_until) <= until)
    if centres is not None:
        query = query.where(col(Visitor.centre).in_(centres))
    return (await session.scalars(query.order_by(col(Visitor.retain_until), col(Visitor.id)).limit(limit))).all()


async def last_visits(session: AsyncSession, refs: Collection[UUID]) -> dict[UUID, UUID]:
    """The last visit of each of these persons."""
    query = sa.select(col(Visit.subject_ref), col(Visit.id)).where(col(Visit.subject_ref).in_(refs))
    found = await session.execute(query.order_by(col(Visit.checked_in_at), col(Visit.id)))
    return {subject_ref: id for subject_ref, id in found if subject_ref is not None}
