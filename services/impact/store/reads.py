"""The log of who read exact figures."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.storage.store import Work
from services.impact.store.tables import Account, ExactRead


async def newest_reads(session: AsyncSession, most: int) -> list[ExactRead]:
    """The newest entries, newest first."""
    return list(await session.scalars(sa.select(ExactRead).order_by(col(ExactRead.at).desc()).limit(most)))


async def names_of_accounts(session: AsyncSession, ids: set[UUID]) -> dict[UUID, str]:
    """The display names of these accounts, or their codes."""
    rows = await session.scalars(sa.select(Account).where(col(Account.id).in_(ids)))
    return {row.id: name for row in rows if (name := row.display_name or row.code)}


async def remove_reads(work: Work, before: datetime) -> None:
    """Remove entries that are older."""
    await work.session.execute(sa.delete(ExactRead).where(col(ExactRead.at) < before))
