"""Impact's tables: counts per measure, day, centre and area; and the centres' names."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from services.chassis.copies.accounts import AccountCopy
from services.chassis.copies.centres import CentreCopy
from services.chassis.storage.bulk import upsert
from services.chassis.storage.store import Work
from services.chassis.storage.tables import read_model_metadata
from services.impact.domain import Count, Measure, Period

NO_AREA = ""
Cell = tuple[str, date, str, str]


class Table(SQLModel):
    """Impact's own tables."""

    metadata = read_model_metadata()


class Tally(Table, table=True):
    """The count of one measure on a centre's local day, in an area (`""`: no area)."""

    __tablename__ = "tallies"  # pyright: ignore[reportAssignmentType]

    day: date = Field(primary_key=True)
    centre: str = Field(primary_key=True)
    measure: str = Field(primary_key=True)
    area: str = Field(primary_key=True)
    number: int


class Centre(CentreCopy, Table, table=True):
    """A centre's name, as the directory published it."""

    __tablename__ = "centres"  # pyright: ignore[reportAssignmentType]


class Account(AccountCopy, Table, table=True):
    """An account, as the directory published it."""

    __tablename__ = "accounts"  # pyright: ignore[reportAssignmentType]


def count_one(work: Work, measure: Measure, day: date, centre: str, area: str | None) -> None:
    """Add one to a count. A batch's counts are summed and written once, in key order: the order of their row locks."""
    pending: Counter[Cell] | None = work.session.info.get("tallies")
    if pending is None:
        pending = work.session.info["tallies"] = Counter[Cell]()
        work.before_commit(lambda: _write_tallies(work, pending))
    pending[(measure.value, day, centre, area or NO_AREA)] += 1


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
        found[(measure, centre, f"{day:%Y-%m}")] += int(number)
    return [Count(Measure(cell[0]), cell[1], cell[2], number) for cell, number in sorted(found.items())]


async def published_areas(session: AsyncSession) -> set[str]:
    """The areas that at least one centre offers."""
    return {area for areas in await session.scalars(sa.select(col(Centre.areas))) for area in areas}


async def ever_counted(session: AsyncSession, area: str) -> bool:
    """Whether anything was ever counted in this area."""
    return bool(await session.scalar(sa.select(sa.exists().where(col(Tally.area) == area))))
