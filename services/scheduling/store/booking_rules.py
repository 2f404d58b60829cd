"""The booking rules of the centres. A centre that has none books by the settings."""

from collections.abc import Collection
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, col

from services.chassis.storage.bulk import in_list
from services.scheduling.domain.availability import BookingRules
from services.scheduling.store.table import Table


class CentreRules(Table, table=True):
    """How a centre books interviews."""

    __tablename__ = "booking_rules"  # pyright: ignore[reportAssignmentType]

    centre: str = Field(primary_key=True, max_length=40)
    version: int = 1
    horizon_days: int
    notice_hours: int
    visitor_notice_hours: int
    pause_minutes: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    public: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    video_address: str | None = Field(default=None, max_length=500)

    def rules(self, most: timedelta) -> BookingRules:
        """The rules. `most`: the horizon of the settings, up to which public holidays are known."""
        return BookingRules(
            horizon=min(timedelta(days=self.horizon_days), most),
            notice=timedelta(hours=self.notice_hours),
            visitor_notice=timedelta(hours=self.visitor_notice_hours),
            pause=timedelta(minutes=self.pause_minutes),
            public=self.public,
            video_address=self.video_address,
        )


async def rules_of(session: AsyncSession, centre: str, settings: BookingRules) -> BookingRules:
    """The rules of a centre. `settings`: those of a centre that has none."""
    row = await session.get(CentreRules, centre)
    return row.rules(settings.horizon) if row is not None else settings


async def rules_at(session: AsyncSession, centres: Collection[str], settings: BookingRules) -> dict[str, BookingRules]:
    """The rules of each of these centres, in one query."""
    query = sa.select(CentreRules).where(in_list(col(CentreRules.centre), "centres"))
    rows = await session.scalars(query, {"centres": sorted(centres)})
    return dict.fromkeys(centres, settings) | {row.centre: row.rules(settings.horizon) for row in rows}


async def visitor_notice(session: AsyncSession, centre: str, usual: timedelta) -> timedelta:
    """How long before an appointment at this centre visitors can still change it. `usual`: without rules."""
    return (await rules_of(session, centre, BookingRules(visitor_notice=usual))).visitor_notice
