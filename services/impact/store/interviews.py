"""Counts of held interviews by how they took place and by their outcome."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, col

from services.chassis.storage.bulk import upsert
from services.chassis.storage.store import Work
from services.impact.domain import InterviewSort, Period
from services.impact.store.tables import Table

_PENDING = "interview_tallies"


class InterviewTally(Table, table=True):
    """The held interviews of a centre's local day, of one kind, mode and outcome (`""`: not stated)."""

    __tablename__ = "interview_tallies"  # pyright: ignore[reportAssignmentType]

    day: date = Field(primary_key=True)
    centre: str = Field(primary_key=True)
    kind: str = Field(primary_key=True, max_length=20)
    mode: str = Field(primary_key=True, max_length=20)
    next_step: str = Field(primary_key=True, max_length=40)
    guidance: str = Field(primary_key=True, max_length=20)
    number: int


class _Cell(NamedTuple):
    day: date
    centre: str
    sort: InterviewSort


def add_interviews(work: Work, day: date, centre: str, sort: InterviewSort, number: int) -> None:
    """Add to a count. A batch's counts are summed and written once, in key order: the order of their row locks."""
    pending: Counter[_Cell] | None = work.session.info.get(_PENDING)
    if pending is None:
        pending = work.session.info[_PENDING] = Counter[_Cell]()
        work.before_commit(lambda: _write(work, pending))
    pending[_Cell(day, centre, sort)] += number


async def _write(work: Work, pending: "Counter[_Cell]") -> None:
    rows = [
        {"day": cell.day, "centre": cell.centre, **cell.sort._asdict(), "number": number}
        for cell, number in sorted(pending.items())
        if number
    ]
    if rows:
        await work.session.execute(_increment(work.session), rows)


@upsert
def _increment(insert: Any) -> Any:
    counted = insert(InterviewTally)
    return counted.on_conflict_do_update(
        index_elements=["day", "centre", "kind", "mode", "next_step", "guidance"],
        set_={"number": col(InterviewTally.number) + counted.excluded.number},
    )


async def interviews_held(
    session: AsyncSession, period: Period, centres: Sequence[str] = ()
) -> list[tuple[InterviewSort, int]]:
    """The period's held interviews of these centres, or of all; of each kind, mode and outcome."""
    columns = [getattr(InterviewTally, name) for name in InterviewSort._fields]
    query = sa.select(*columns, sa.func.sum(col(InterviewTally.number))).where(
        col(InterviewTally.day) >= period.since, col(InterviewTally.day) <= period.until
    )
    if centres:
        query = query.where(col(InterviewTally.centre).in_(centres))
    found = await session.execute(query.group_by(*columns))
    return [(InterviewSort(*row[:-1]), int(row[-1])) for row in found]
