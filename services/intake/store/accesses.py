"""The log of opened persons."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.storage.list_order import ListOrder
from services.intake.store.persons import PersonAccess

_NEWEST = ListOrder(col(PersonAccess.at), id=col(PersonAccess.id), newest_first=True)


async def newest_accesses(session: AsyncSession, limit: int, after: UUID | None) -> Sequence[PersonAccess]:
    """The last entries behind the entry `after`, the newest first."""
    return (await session.scalars(await _NEWEST.page(session, sa.select(PersonAccess), limit, after))).all()
