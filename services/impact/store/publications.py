"""Published counts: what a month's publications say, and what they include."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.storage.bulk import upsert
from services.chassis.storage.store import Work
from services.impact.domain import ALL, Count, Measure, Months, Published
from services.impact.store.tables import CoveredCount, Publication, PublishedCount, Table


async def locked_publications(work: Work, sums: Mapping[str, int]) -> list[Publication]:
    """The publications of these months, locked, in order; `sums` has the sum of each month's counts.

    A month that was not looked at before gets a row.
    """
    rows = [
        {"month": month, "counted": number, "unchanged_since": work.now, "looked_at": work.now}
        for month, number in sorted(sums.items())
    ]
    if not rows:
        return []
    await work.session.execute(_new(work.session), rows)
    chosen = sa.select(Publication).where(col(Publication.month).in_(list(sums))).order_by(col(Publication.month))
    return list(await work.session.scalars(chosen.with_for_update()))


@upsert
def _new(insert: Any) -> Any:
    return insert(Publication).on_conflict_do_nothing()


async def restored_at(session: AsyncSession) -> datetime | None:
    """When the store was last restored from a backup; None: never."""
    return await session.scalar(sa.select(sa.func.max(Table.metadata.tables["epochs"].c.opened_at)))


async def last_look(session: AsyncSession) -> datetime | None:
    """When the months were last looked at; None: never."""
    return await session.scalar(sa.select(sa.func.max(Publication.looked_at)))


async def covered(session: AsyncSession, month: str) -> dict[tuple[str, str, str], int]:
    """How many of a month's counts are published already, by measure, centre and area."""
    rows = await session.scalars(sa.select(CoveredCount).where(col(CoveredCount.month) == month))
    return {(row.measure, row.centre, row.area): row.number for row in rows}


async def cover(work: Work, month: str, measure: Measure, counts: Mapping[tuple[str, str], int]) -> None:
    """Note that these counts, by centre and area, are published now."""
    rows = [
        {"month": month, "measure": measure.value, "centre": centre, "area": area, "number": number}
        for (centre, area), number in counts.items()
    ]
    await work.session.execute(_increment(work.session), rows)


@upsert
def _increment(insert: Any) -> Any:
    new = insert(CoveredCount)
    return new.on_conflict_do_update(
        index_elements=["month", "measure", "centre", "area"],
        set_={"number": col(CoveredCount.number) + new.excluded.number},
    )


async def withdraw(work: Work, month: str, measure: Measure) -> None:
    """Remove what is published of a measure: that it was too small."""
    mine = (col(PublishedCount.month) == month, col(PublishedCount.measure) == measure.value)
    await work.session.execute(sa.delete(PublishedCount).where(*mine))


async def publish(work: Work, month: str, measure: Measure, published: Published) -> None:
    """Add these numbers to what is published of a month's measure. What is withheld once stays so."""
    rows = [
        {
            "month": month,
            "measure": measure.value,
            "centre": centre,
            "area": area,
            "number": number or 0,
            "withheld": number is None,
        }
        for (centre, area), number in published.items()
    ]
    if rows:
        await work.session.execute(_add(work.session), rows)


@upsert
def _add(insert: Any) -> Any:
    new = insert(PublishedCount)
    return new.on_conflict_do_update(
        index_elements=["month", "measure", "centre", "area"],
        set_={
            "number": col(PublishedCount.number) + new.excluded.number,
            "withheld": col(PublishedCount.withheld) | new.excluded.withheld,
        },
    )


async def published_months(session: AsyncSession) -> dict[str, datetime]:
    """The published months in order, and when their figures last changed."""
    chosen = sa.select(Publication).where(col(Publication.published_at).is_not(None)).order_by(col(Publication.month))
    return {row.month: row.published_at for row in await session.scalars(chosen) if row.published_at is not None}


async def published_counts(
    session: AsyncSession, months: Months, centres: Sequence[str], areas: Sequence[str]
) -> list[Count]:
    """The published counts of these months by measure, centre and month; empty lists: all centres, all areas."""
    of_centre = col(PublishedCount.centre).in_(centres) if centres else col(PublishedCount.centre) != ALL
    return await _counts(session, months, of_centre, col(PublishedCount.area).in_(areas or (ALL,)))


async def network_counts(session: AsyncSession, months: Months) -> list[Count]:
    """The published counts of all centres together, by measure and month."""
    return await _counts(session, months, col(PublishedCount.centre) == ALL)


async def _counts(session: AsyncSession, months: Months, *conditions: Any) -> list[Count]:
    within = (col(PublishedCount.month) >= months.since, col(PublishedCount.month) <= months.until)
    chosen = sa.select(PublishedCount).where(*within, *conditions)
    counts: list[Count] = []
    for row in await session.scalars(chosen):
        cell = (Measure(row.measure), row.centre, row.month)
        if row.number:
            counts.append(Count(*cell, row.number))
        if row.withheld:
            counts.append(Count(*cell, None))
    return counts


async def ever_published(session: AsyncSession, area: str) -> bool:
    """Whether anything was ever published of this area."""
    return bool(await session.scalar(sa.select(sa.exists().where(col(PublishedCount.area) == area))))


async def rebuild_is_running(session: AsyncSession) -> bool:
    """Whether the counts are being made again, and so are not complete."""
    rebuilds = Table.metadata.tables["rebuilds"]
    latest = sa.select(rebuilds.c.completed_at).order_by(rebuilds.c.generation.desc()).limit(1)
    row = (await session.execute(latest)).one_or_none()
    return row is not None and row.completed_at is None
