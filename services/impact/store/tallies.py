"""Counts per measure, day, centre and area: adding one, and the sums of a period."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.storage.bulk import upsert
from services.chassis.storage.store import Work
from services.impact.domain import Count, Measure, Period, month_of
from services.impact.store.tables import Centre, Tally

NO_AREA = ""
Cell = tuple[str, date, str, str]


def add_to_count(work: Work, measure: Measure, day: date, centre: str, area: str | None, number: int) -> None:
    """Add to a count. A batch's counts are summed and written once, in key order: the order of their row locks."""
    pending: Counter[Cell] | None = work.session.info.get("tallies")
    if pending is None:
        pending = work.session.info["tallies"] = Counter[Cell]()
        work.before_commit(lambda: _write_tallies(work, pending))
    pending[(measure.value, day, centre, area or NO_AREA)] += number


async def _write_tallies(work: Work, pending: "Counter[Cell]") -> None:
    rows = [
        {"measure": measure, "day": day, "centre": centre, "area": area, "number": number}
        for (measure, day, centre, area), number in sorted(pending.items())
    ]
    await work.session.execute(_increment(work.session), rows)


@upsert
def _increment(insert: Any) -> Any:
    counted = insert(Tally)
    return counted.on_conflict_do_update(
        index_elements=["day", "centre", "measure", "area"],
        set_={"number": col(Tally.number) + counted.excluded.number},
    )


async def counts(
    session: AsyncSession, period: Period, centres: Sequence[str] = (), areas: Sequence[str] = ()
) -> list[Count]:
    """The period's counts, per measure, centre and month."""
    query = sa.select(Tally).where(col(Tally.day) >= period.since, col(Tally.day) <= period.until)
    if centres:
        query = query.where(col(Tally.centre).in_(centres))
    if areas:
        query = query.where(col(Tally.area).in_(areas))
    columns = query.with_only_columns(
        col(Tally.measure), col(Tally.centre), col(Tally.day), sa.func.sum(col(Tally.number))
    ).group_by(col(Tally.measure), col(Tally.centre), col(Tally.day))
    found = Counter[tuple[str, str, str]]()
    for measure, centre, day, number in await session.execute(columns):
        found[(measure, centre, month_of(day))] += int(number)
    return [Count(Measure(cell[0]), cell[1], cell[2], number) for cell, number in sorted(found.items())]


async def published_areas(session: AsyncSession) -> set[str]:
    """The areas that at least one centre offers."""
    return {area for areas in await session.scalars(sa.select(col(Centre.areas))) for area in areas}


async def ever_counted(session: AsyncSession, area: str) -> bool:
    """Whether anything was ever counted in this area."""
    return bool(await session.scalar(sa.select(sa.exists().where(col(Tally.area) == area))))


async def sums_by_month(session: AsyncSession) -> dict[str, int]:
    """The sum of all counts of each month that has any."""
    by_day = sa.select(col(Tally.day), sa.func.sum(col(Tally.number))).group_by(col(Tally.day))
    found = Counter[str]()
    for day, number in await session.execute(by_day):
        found[month_of(day)] += int(number)
    return dict(found)


async def cells_of(session: AsyncSession, period: Period) -> dict[tuple[str, str, str], int]:
    """The period's counts by measure, centre and area."""
    key = (col(Tally.measure), col(Tally.centre), col(Tally.area))
    within = sa.select(*key, sa.func.sum(col(Tally.number))).where(
        col(Tally.day) >= period.since, col(Tally.day) <= period.until
    )
    found = await session.execute(within.group_by(*key))
    return {(measure, centre, area): int(number) for measure, centre, area, number in found}


async def counted_codes(session: AsyncSession) -> tuple[set[str], set[str]]:
    """The centres and the areas of all counts ever made."""
    centres = await session.scalars(sa.select(col(Tally.centre)).distinct())
    areas = await session.scalars(sa.select(col(Tally.area)).distinct())
    return set(centres), set(areas)


async def known_centres(session: AsyncSession) -> set[str]:
    """The centres that the directory published."""
    return set(await session.scalars(sa.select(col(Centre.code))))
