"""Counts of people and of workshops."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, col

from services.chassis.storage.bulk import upsert
from services.chassis.storage.store import Work
from services.impact.domain import Fact, Period
from services.impact.store.tables import Table

_PENDING = "fact_tallies"


class FactTally(Table, table=True):
    """The count of a fact on a centre's local day."""

    __tablename__ = "fact_tallies"  # pyright: ignore[reportAssignmentType]

    day: date = Field(primary_key=True)
    centre: str = Field(primary_key=True)
    fact: str = Field(primary_key=True, max_length=40)
    number: int


class _Cell(NamedTuple):
    day: date
    centre: str
    fact: str


def add_facts(work: Work, day: date, centre: str, facts: Sequence[Fact], number: int) -> None:
    """Add to counts. A batch's counts are summed and written once, in key order: the order of their row locks."""
    pending: Counter[_Cell] | None = work.session.info.get(_PENDING)
    if pending is None:
        pending = work.session.info[_PENDING] = Counter[_Cell]()
        work.before_commit(lambda: _write(work, pending))
    for fact in facts:
        pending[_Cell(day, centre, fact.value)] += number


async def _write(work: Work, pending: "Counter[_Cell]") -> None:
    rows = [cell._asdict() | {"number": number} for cell, number in sorted(pending.items()) if number]
    if rows:
        await work.session.execute(_increment(work.session), rows)


@upsert
def _increment(insert: Any) -> Any:
    counted = insert(FactTally)
    return counted.on_conflict_do_update(
        index_elements=["day", "centre", "fact"],
        set_={"number": col(FactTally.number) + counted.excluded.number},
    )


async def facts_counted(session: AsyncSession, period: Period, centres: Sequence[str] = ()) -> dict[Fact, int]:
    """The period's counts at these centres, or at all."""
    query = sa.select(col(FactTally.fact), sa.func.sum(col(FactTally.number))).where(
        col(FactTally.day) >= period.since, col(FactTally.day) <= period.until
    )
    if centres:
        query = query.where(col(FactTally.centre).in_(centres))
    found = await session.execute(query.group_by(col(FactTally.fact)))
    return {Fact(row[0]): int(row[1]) for row in found}
