"""The visits of a person."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.storage.list_order import ListOrder
from services.intake.store import Visit

_NEWEST = ListOrder(col(Visit.checked_in_at), id=col(Visit.id), newest_first=True)


async def visits_of_person(
    session: AsyncSession, refs: Collection[UUID], centres: Collection[str], limit: int, after: UUID | None
) -> Sequence[Visit]:
    """The visits of a person with these references at these centres behind the visit `after`, the last one first."""
    query = sa.select(Visit).where(col(Visit.subject_ref).in_(refs), col(Visit.centre).in_(centres))
    return (await session.scalars(await _NEWEST.page(session, query, limit, after))).all()


async def tickets_since(session: AsyncSession, refs: Collection[UUID], since: datetime) -> Sequence[Visit]:
    """The visits of a person with these references, with a ticket, that began since then, the last one first."""
    query = sa.select(Visit).where(
        col(Visit.subject_ref).in_(refs), col(Visit.checked_in_at) >= since, col(Visit.ticket).is_not(None)
    )
    return (await session.scalars(query.order_by(col(Visit.checked_in_at).desc(), col(Visit.id)))).all()


class LastVisit(NamedTuple):
    """The visit with which a person came last."""

    id: UUID
    at: datetime


async def last_visits(
    session: AsyncSession, persons: Mapping[UUID, Collection[UUID]], centre: str | None = None
) -> dict[UUID, LastVisit]:
    """The last visit of each of these persons, each with every reference of theirs; without those who have not come.

    `centre`: the last one there.
    """
    refs = {ref for those in persons.values() for ref in those}
    newest = (col(Visit.checked_in_at).desc(), col(Visit.id).desc())
    place = sa.func.row_number().over(partition_by=col(Visit.subject_ref), order_by=newest).label("place")
    there = sa.true() if centre is None else col(Visit.centre) == centre
    chosen = sa.select(col(Visit.subject_ref), col(Visit.id), col(Visit.checked_in_at), place)
    visits = chosen.where(col(Visit.subject_ref).in_(refs), there).subquery()
    last = sa.select(visits.c.subject_ref, visits.c.id, visits.c.checked_in_at).where(visits.c.place == 1)
    found = {ref: LastVisit(id, at) for ref, id, at in await session.execute(last)} if refs else {}
    theirs = {person: [found[ref] for ref in refs if ref in found] for person, refs in persons.items()}
    return {person: max(those, key=lambda one: (one.at, one.id)) for person, those in theirs.items() if those}
