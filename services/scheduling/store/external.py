"""Calendars of counsellors in other programs: their addresses, and the quarter-hours in which they are busy."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, col

from services.chassis.storage.bulk import in_list
from services.chassis.storage.claims import Claimable, open_rows
from services.scheduling.domain.slots import Timeline, number_of
from services.scheduling.domain.times import Interval
from services.scheduling.store.table import Table


class ExternalCalendar(Claimable, Table, table=True):
    """A counsellor's calendar in another program: one at most. It is claimed to be read, again and again."""

    __tablename__ = "external_calendars"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (open_rows("external_calendars"),)

    counsellor: str = Field(max_length=60, unique=True)
    address: bytes
    """Encrypted: who knows it reads the whole calendar."""
    etag: str | None = Field(default=None, max_length=200)
    asked_at: datetime | None = None
    """When it was last asked."""
    fetched_at: datetime | None = None
    """When it was last there, changed or not."""
    read_at: datetime | None = None
    """When its busy times were last computed."""
    failed: str | None = Field(default=None, max_length=40)
    """Why it could not be read when it was last asked: a code of `domain.external`."""
    unread: int = 0
    """How many of its entries could not be read."""


class ExternalBusy(Table, table=True):
    """The quarter-hours in which a counsellor's other calendar is busy."""

    __tablename__ = "external_busy"  # pyright: ignore[reportAssignmentType]

    counsellor: str = Field(primary_key=True, max_length=60)
    origin: int
    """The quarter-hour of the first bit, counted from 1970."""
    bits: bytes
    """A bit for each quarter-hour, the lowest byte first: nothing else of the calendar is kept."""

    @classmethod
    def of(cls, counsellor: str, timeline: Timeline, intervals: Collection[Interval]) -> "ExternalBusy":
        """The quarter-hours of a timeline that any of these intervals touches."""
        bits = timeline.touched(intervals)
        packed = bits.to_bytes((bits.bit_length() + 7) // 8, "little")
        return cls(counsellor=counsellor, origin=timeline.origin, bits=packed)

    def within(self, timeline: Timeline) -> int:
        """The bits of this timeline."""
        bits, by = int.from_bytes(self.bits, "little"), self.origin - timeline.origin
        return (bits << by if by >= 0 else bits >> -by) & ((1 << timeline.size) - 1)


_BUSY = sa.select(ExternalBusy).where(in_list(col(ExternalBusy.counsellor), "counsellors"))


async def busy_bits(session: AsyncSession, timeline: Timeline, counsellors: Collection[str]) -> dict[str, int]:
    """The quarter-hours in which other calendars of these counsellors are busy, of each who has any."""
    rows = await session.scalars(_BUSY, {"counsellors": sorted(counsellors)})
    return {row.counsellor: row.within(timeline) for row in rows}


async def external_calendar(session: AsyncSession, counsellor: str) -> ExternalCalendar | None:
    """The other calendar of a counsellor, or None."""
    return await session.scalar(sa.select(ExternalCalendar).where(col(ExternalCalendar.counsellor) == counsellor))


async def busy_to_come(session: AsyncSession, counsellor: str, now: datetime) -> int | None:
    """How many busy times of a counsellor's other calendar are to come or under way. None: none are known."""
    row = await session.get(ExternalBusy, counsellor)
    if row is None:
        return None
    left = int.from_bytes(row.bits, "little") >> max(number_of(now) - row.origin, 0)
    return (left & ~(left << 1)).bit_count()


async def outdated_before(session: AsyncSession, moment: datetime, most: int) -> list[str]:
    """The counsellors with busy times whose other calendar was last there before this moment."""
    last = sa.select(col(ExternalCalendar.counsellor)).where(col(ExternalCalendar.fetched_at) < moment)
    query = sa.select(col(ExternalBusy.counsellor)).where(col(ExternalBusy.counsellor).in_(last))
    return list(await session.scalars(query.order_by(col(ExternalBusy.counsellor)).limit(most)))


async def delete_busy(session: AsyncSession, counsellor: str) -> None:
    """Delete when a counsellor's other calendar is busy."""
    theirs = sa.delete(ExternalBusy).where(col(ExternalBusy.counsellor) == counsellor)
    await session.execute(theirs.execution_options(synchronize_session=False))
