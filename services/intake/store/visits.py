"""The visits of a person."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.storage.list_order import ListOrder
from services.intake.store import Visit

_NEWEST = ListOrder(col(Visit.checked_in_at), id=col(Visit.id), newest_first=True)


async def visits_of_person(
    session: AsyncSession, refs: Collection[UUID], centres: Collection[str], limit: int, after: UUID | None
) -> Sequence[Visit]:
    """The visits of a person with these references at these centres behind the visit `after`, the last one first."""
    query = sa.select(Visit).where(col(Visit.subject_ref).in_(refs), col(Visit.centre).in_(centres))
    return (await session.scalars(await _NEWEST.page(session, query, limit, after))).all()


async def tickets_since(session: AsyncSession, refs: Collection[UUID], since: datetime) -> Sequence[Visit]:
    """The visits of a person with these references, with a ticket, that began since then, the last one first."""
    query = sa.select(Visit).where(
        col(Visit.subject_ref).in_(refs), col(Visit.checked_in_at) >= since, col(Visit.ticket).is_not(None)
    )
    return (await session.scalars(query.order_by(col(Visit.checked_in_at).desc(), col(Visit.id)))).all()


async def last_visits(session: AsyncSession, centre: str, refs: Collection[UUID]) -> dict[UUID, datetime]:
    """When each of these persons last came to this centre; without those who have not come."""
    if not refs:
        return {}
    query = (
        sa.select(col(Visit.subject_ref), sa.func.max(col(Visit.checked_in_at)))
        .where(col(Visit.subject_ref).in_(refs), col(Visit.centre) == centre)
        .group_by(col(Visit.subject_ref))
    )
    return {ref: at for ref, at in await session.execute(query) if ref is not None}
