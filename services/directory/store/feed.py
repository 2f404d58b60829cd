"""The referral feed: every referral event at a fixed position, so that a reader can resume after its cursor.

Why positions come from a locked row. If rows got their number when they are *inserted*, a cursor would skip rows whose
transaction *commits* later than its neighbours' (measured on PostgreSQL: readers lost rows). Here the position comes
from one row, `feed_head`, which stays locked until the commit. So position n + 1 is assigned only after the transaction
of n has ended: the committed feed has no gap that is filled later, and `position > last` skips nothing. The cost: two
transactions that emit referral events commit one after the other, which the low rate of referrals allows.

The lock is acquired last, just before the commit: the order of locks in docs/architecture.md.

Rejected: reading our own topic back from Kafka. That gives the same order per referral, but events could be lost or
duplicated in one more step, and the feed would lag and stop while the broker is unavailable.

No row refers to a person: a query adds the reader's own reference, unless the person was erased.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, col

from services.chassis.storage.tables import BigNumber
from services.directory.store.referrals import Referral
from services.directory.store.table import Table


class FeedHead(Table, table=True):
    """The last assigned position. One row, `id` 1."""

    __tablename__ = "feed_head"  # pyright: ignore[reportAssignmentType]

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    last: int = 0


class ReferralEvent(Table, table=True):
    """One event of the feed. `data` has no reference of a person."""

    __tablename__ = "referral_events"  # pyright: ignore[reportAssignmentType]

    position: int = Field(primary_key=True, sa_type=sa.BigInteger, sa_column_kwargs={"autoincrement": False})
    id: UUID = Field(unique=True)
    type: str
    referral_id: UUID = Field(index=True)
    sequence: int = Field(sa_type=BigNumber)  # pyright: ignore[reportArgumentType]  # an instance works too
    at: datetime
    data: dict[str, Any] = Field(sa_type=sa.JSON)


FeedRow = tuple[ReferralEvent, UUID | None]
"""An event, and its person's reference; None once they were erased."""


_JOINED = sa.select(ReferralEvent, col(Referral.subject_ref)).join(
    Referral, col(Referral.id) == col(ReferralEvent.referral_id)
)


async def events_after(session: AsyncSession, position: int, limit: int) -> list[FeedRow]:
    """The events after a position, in the order of the feed."""
    return await _rows(
        session, _JOINED.where(col(ReferralEvent.position) > position).order_by(col(ReferralEvent.position)), limit
    )


async def latest_events(session: AsyncSession, limit: int) -> list[FeedRow]:
    """The newest events, newest first."""
    return await _rows(session, _JOINED.order_by(col(ReferralEvent.position).desc()), limit)


async def _rows(session: AsyncSession, chosen: "sa.Select[ReferralEvent, UUID | None]", limit: int) -> list[FeedRow]:
    return [(row[0], row[1]) for row in await session.execute(chosen.limit(limit))]
