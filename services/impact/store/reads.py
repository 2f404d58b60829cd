"""The log of who read exact figures."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.storage.list_order import ListOrder
from services.chassis.storage.store import Work
from services.impact.store.tables import ExactRead

_NEWEST = ListOrder(col(ExactRead.at), id=col(ExactRead.id), newest_first=True)


async def newest_reads(session: AsyncSession, limit: int, after: UUID | None = None) -> list[ExactRead]:
    """The entries behind the entry `after`, the newest first."""
    return list(await session.scalars(await _NEWEST.page(session, sa.select(ExactRead), limit, after)))


async def remove_reads(work: Work, before: datetime) -> None:
    """Remove entries that are older."""
    await work.session.execute(sa.delete(ExactRead).where(col(ExactRead.at) < before))
