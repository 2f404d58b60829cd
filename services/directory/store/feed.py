"""The referral feed: every referral event at a place that never changes, so that a reader can go on where it stopped.

Why a table of our own, written with the event. A cursor over rows that get their number when they are *written* skips
those whose transaction *commits* later than its neighbours' (measured on PostgreSQL: rows lost to the reader). Here the
number is taken from one row, `feed_head`, locked until the commit. So place n + 1 is given only after the transaction
holding n has ended: the committed feed is always 1 … n without a hole, and `position > last` skips nothing. It costs
that two transactions which say something about referrals end one after the other; referrals are counted per day.

The lock is taken last, just before the commit: the order of locks in docs/architecture.md.

Rejected: reading our own topic back from Kafka. That gives the same order per referral, but another way for an event
to be lost or doubled, a delay, and a feed that stands still while the broker is away.

No row says who: a reader's own reference of the person is added when it is read, and cannot be once they were erased.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, col

from services.directory.store.referrals import Referral
from services.directory.store.table import Table


class FeedHead(Table, table=True):
    """The place given last. One row, `id` 1."""

    __tablename__ = "feed_head"  # pyright: ignore[reportAssignmentType]

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    last: int = 0


class ReferralEvent(Table, table=True):
    """One event of the feed. `data` holds what was said, without any reference that leads to a person."""

    __tablename__ = "referral_events"  # pyright: ignore[reportAssignmentType]

    position: int = Field(primary_key=True, sa_type=sa.BigInteger, sa_column_kwargs={"autoincrement": False})
    id: UUID = Field(unique=True)
    type: str
    referral_id: UUID = Field(index=True)
    sequence: int
    at: datetime
    data: dict[str, Any] = Field(sa_type=sa.JSON)


FeedRow = tuple[ReferralEvent, UUID | None]
"""An event, and the person it is about as long as they are known."""


_JOINED = sa.select(ReferralEvent, col(Referral.subject_ref)).join(
    Referral, col(Referral.id) == col(ReferralEvent.referral_id)
)


async def events_after(session: AsyncSession, position: int, limit: int) -> list[FeedRow]:
    """The events after a place, in the order of the feed."""
    return await _rows(
        session, _JOINED.where(col(ReferralEvent.position) > position).order_by(col(ReferralEvent.position)), limit
    )


async def latest_events(session: AsyncSession, limit: int) -> list[FeedRow]:
    """The newest events, newest first."""
    return await _rows(session, _JOINED.order_by(col(ReferralEvent.position).desc()), limit)


async def _rows(session: AsyncSession, chosen: "sa.Select[ReferralEvent, UUID | None]", limit: int) -> list[FeedRow]:
    return [(row[0], row[1]) for row in await session.execute(chosen.limit(limit))]
