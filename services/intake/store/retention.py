"""Visitors by the end of their retention."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from services.chassis.storage.list_order import ListOrder
from services.intake.store import Alias, Visitor


async def due_visitors(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """The references of visitors whose retention has ended, the longest ended first."""
    due = sa.select(col(Visitor.id)).where(_ends_by(now))
    return (await session.scalars(due.order_by(col(Visitor.retain_until), col(Visitor.id)).limit(limit))).all()


async def ending_by(
    session: AsyncSession, until: datetime, centres: Collection[str] | None, *, limit: int, after: UUID | None
) -> Sequence[Visitor]:
    """The visitors whose retention ends by then, the first one first. `centres` None: of every centre.

    `after`: the last visitor of the page before.
    """
    query = sa.select(Visitor).where(_ends_by(until))
    if centres is not None:
        query = query.where(col(Visitor.centre).in_(centres))
    return (await session.scalars(await _FIRST_ENDING.page(session, query, limit, after))).all()


def _ends_by(until: datetime) -> sa.ColumnElement[bool]:
    """The retention ends by then, and that of every other reference of the person too."""
    first, other = aliased(Visitor), aliased(Visitor)
    alias_of = sa.select(col(Alias.kept_ref)).where(col(Alias.id) == col(Visitor.id))
    itself = alias_of.correlate(Visitor).scalar_subquery()
    kept = sa.func.coalesce(itself, col(Visitor.id))
    longer = sa.exists().where(col(first.id) == kept, col(first.retain_until) > until).correlate(Visitor)
    leads = aliased(Alias)
    of_person = (col(leads.kept_ref) == kept, col(other.id) == col(leads.id))
    alias_longer = sa.exists().where(*of_person, col(other.retain_until) > until).correlate(Visitor)
    return sa.and_(col(Visitor.retain_until) <= until, ~longer, ~alias_longer)


_FIRST_ENDING = ListOrder(col(Visitor.retain_until), id=col(Visitor.id))
