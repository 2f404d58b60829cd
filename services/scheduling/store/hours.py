"""The working hours of counsellors at each centre, by their codes."""

from collections.abc import Collection
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, col

from services.chassis.storage.bulk import in_list
from services.contracts.directory import WEEKDAYS
from services.scheduling.domain.availability import WorkingHours
from services.scheduling.domain.changed_days import ChangedDays, hours_that_count
from services.scheduling.store.copies import Centre
from services.scheduling.store.table import Table


class CounsellorHours(Table, table=True):
    """The working hours of a counsellor at a centre. Without rows, the centre's opening hours count."""

    __tablename__ = "working_hours"  # pyright: ignore[reportAssignmentType]

    counsellor: str = Field(primary_key=True, max_length=60)
    centre: str = Field(primary_key=True, max_length=40)
    version: int = 1
    rows: list[dict[str, Any]] = Field(default_factory=list[dict[str, Any]], sa_type=sa.JSON)
    """The fields of `WorkingHours` without the zone, dates in ISO."""
    changes: list[dict[str, Any]] = Field(
        default_factory=list[dict[str, Any]], sa_type=sa.JSON, sa_column_kwargs={"server_default": "[]"}
    )
    """The fields of `ChangedDays` without the zone, dates in ISO, weekdays as RFC 5545 names them."""

    def hours(self, zone: ZoneInfo) -> list[WorkingHours]:
        """The working hours that count: the usual ones, and others on changed days. The zone is the centre's."""
        return hours_that_count(self.usual(zone), self.changed(zone))

    def changed(self, zone: ZoneInfo) -> list[ChangedDays]:
        """The days on which others count than the usual hours."""
        return [
            ChangedDays(
                first=date.fromisoformat(change["first"]),
                last=date.fromisoformat(change["last"]),
                weekdays=tuple(WEEKDAYS.index(name) for name in change["weekdays"]),
                spans=tuple((span["begins"], span["ends"]) for span in change["spans"]),
                zone=zone,
            )
            for change in self.changes
        ]

    def usual(self, zone: ZoneInfo) -> list[WorkingHours]:
        """The usual hours, as they are entered."""
        return [
            WorkingHours(
                starts_on=date.fromisoformat(row["starts_on"]),
                rrule=row["rrule"],
                begins=row["begins"],
                ends=row["ends"],
                except_on=frozenset(map(date.fromisoformat, row["except_on"])),
                zone=zone,
            )
            for row in self.rows
        ]


def row_fields(row: WorkingHours) -> dict[str, Any]:
    """Working hours as `CounsellorHours.rows` has them."""
    return {
        "starts_on": row.starts_on.isoformat(),
        "rrule": row.rule.text,
        "begins": row.begins,
        "ends": row.ends,
        "except_on": sorted(day.isoformat() for day in row.except_on),
    }


def change_fields(change: ChangedDays) -> dict[str, Any]:
    """Changed days as `CounsellorHours.changes` has them."""
    return {
        "first": change.first.isoformat(),
        "last": change.last.isoformat(),
        "weekdays": [WEEKDAYS[one] for one in change.weekdays],
        "spans": [{"begins": begins, "ends": ends} for begins, ends in sorted(change.spans)],
    }


async def working_hours(session: AsyncSession, centre: Centre, counsellor: str) -> list[WorkingHours]:
    """The working hours of a counsellor at a centre; none: the opening hours count."""
    row = await session.get(CounsellorHours, (counsellor, centre.code))
    return row.hours(centre.zone) if row is not None else []


async def hours_at(session: AsyncSession, centres: Collection[Centre]) -> dict[tuple[str, str], list[WorkingHours]]:
    """The working hours of the counsellors of these centres who have entered any, by code and centre."""
    zones = {centre.code: centre.zone for centre in centres}
    query = sa.select(CounsellorHours).where(in_list(col(CounsellorHours.centre), "centres"))
    found = await session.scalars(query, {"centres": sorted(zones)})
    return {(row.counsellor, row.centre): row.hours(zones[row.centre]) for row in found if row.rows}


async def hours_of(session: AsyncSession, counsellor: str) -> dict[str, CounsellorHours]:
    """What a counsellor has entered, by centre."""
    found = await session.scalars(sa.select(CounsellorHours).where(col(CounsellorHours.counsellor) == counsellor))
    return {row.centre: row for row in found}
