"""Times that are held for who chose them. The quarter-hours of a hold are among those that prevent double bookings."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, col

from services.chassis.storage.bulk import upsert
from services.scheduling.domain.times import QUARTER
from services.scheduling.store.interviews import QuarterHour
from services.scheduling.store.table import Table


class SlotHold(Table, table=True):
    """The time that one browser, account or visitor holds: one at most, because the owner is the key."""

    __tablename__ = "slot_holds"  # pyright: ignore[reportAssignmentType]

    owner: str = Field(primary_key=True, max_length=64)
    """A digest: of a browser's secret, an account or a visitor's reference."""
    id: UUID = Field(unique=True)
    """The holder of the quarter-hours, and the id of the interview that is booked from it."""
    centre: str = Field(max_length=40)
    counsellor: str = Field(max_length=60)
    area: str | None = None
    starts_at: datetime
    minutes: int
    made_at: datetime
    expires_at: datetime = Field(index=True)


def expired_holders() -> sa.Select[UUID]:
    """The ids of the holds that are over at the parameter `now`: their quarter-hours are free."""
    return sa.select(col(SlotHold.id)).where(col(SlotHold.expires_at) <= sa.bindparam("now"))


async def insert_hold(session: AsyncSession, hold: SlotHold) -> None:
    """Insert this hold unless its owner has one; two at once wait for each other."""
    await session.execute(_first(session), [hold.model_dump()])


_first = upsert(lambda insert: insert(SlotHold).on_conflict_do_nothing())


async def drop_expired(
    session: AsyncSession, resources: Collection[str], start: datetime, end: datetime, now: datetime
) -> None:
    """Free the quarter-hours of these resources in [start, end) that only expired holds have."""
    await session.execute(
        sa.delete(QuarterHour).where(
            col(QuarterHour.resource).in_(resources),
            col(QuarterHour.quarter) >= start,
            col(QuarterHour.quarter) < end,
            col(QuarterHour.holder).in_(expired_holders()),
        ),
        {"now": now},
    )


async def holds_between(session: AsyncSession, resource: str, start: datetime, end: datetime) -> Sequence[UUID]:
    """The holds, also expired ones, with quarter-hours of this resource in [start, end); locked."""
    holders = sa.select(col(QuarterHour.holder)).where(
        col(QuarterHour.resource) == resource, col(QuarterHour.quarter) >= start, col(QuarterHour.quarter) < end
    )
    held = sa.select(col(SlotHold.id)).where(col(SlotHold.id).in_(holders))
    return (await session.scalars(held.order_by(col(SlotHold.id)).with_for_update())).all()


async def has_quarter_hours(session: AsyncSession, hold: SlotHold) -> bool:
    """Whether a hold still has all its quarter-hours, which are locked: what expired is another one's to take."""
    theirs = sa.select(col(QuarterHour.quarter)).where(col(QuarterHour.holder) == hold.id).with_for_update()
    counsellors = theirs.where(col(QuarterHour.resource) == f"counsellor:{hold.counsellor}")
    return len((await session.scalars(counsellors)).all()) * QUARTER >= timedelta(minutes=hold.minutes)


async def expired_before(session: AsyncSession, moment: datetime, limit: int) -> Sequence[str]:
    """The owners of holds that expired before this moment."""
    query = sa.select(col(SlotHold.owner)).where(col(SlotHold.expires_at) < moment)
    return (await session.scalars(query.order_by(col(SlotHold.expires_at)).limit(limit))).all()
