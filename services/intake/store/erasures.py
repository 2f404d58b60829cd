"""Erased persons, and which services have confirmed that they erased them too."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, col

from services.chassis.storage.list_order import ListOrder
from services.intake.store.table import Table


class ErasedSubject(Table, table=True):
    """An erased visitor's reference, which no replay or restore may bring back. Kept as long as the oldest backup."""

    __tablename__ = "erased_subjects"  # pyright: ignore[reportAssignmentType]

    subject_ref: UUID = Field(primary_key=True)
    erased_at: datetime = Field(index=True)


class ErasureConfirmation(Table, table=True):
    """A service that has to confirm an erasure, and when it did. Written with the erasure."""

    __tablename__ = "erasure_confirmations"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (
        sa.Index(
            "erasure_confirmations_open",
            "service",
            postgresql_where=sa.text("confirmed_at IS NULL"),
            sqlite_where=sa.text("confirmed_at IS NULL"),
        ),
    )

    subject_ref: UUID = Field(primary_key=True)
    service: str = Field(primary_key=True, max_length=40)
    confirmed_at: datetime | None = None
    """None: not yet."""
    found: bool | None = None
    """Whether the service had something about the person. None: not confirmed, or by an earlier version."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """One erasure: when intake erased the person, and when each service confirmed it (None: not yet)."""

    subject_ref: UUID
    erased_at: datetime
    confirmed: dict[str, datetime | None]
    found: dict[str, bool | None]
    """By service, whether it had something about the person. None: not known."""

    @property
    def missing(self) -> list[str]:
        """The services that have not confirmed."""
        return [service for service, at in self.confirmed.items() if at is None]


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """What one service has not confirmed: how many erasures, and when the oldest was."""

    count: int
    since: datetime


_IS_OPEN = col(ErasureConfirmation.confirmed_at).is_(None)


_OLDEST = ListOrder(col(ErasedSubject.erased_at), id=col(ErasedSubject.subject_ref))
_NEWEST = ListOrder(col(ErasedSubject.erased_at), id=col(ErasedSubject.subject_ref), newest_first=True)


async def erasures(
    session: AsyncSession, limit: int, *, unconfirmed: bool = False, after: UUID | None = None
) -> Sequence[Erasure]:
    """The last erasures, the newest first; `after`: those behind this one.

    `unconfirmed`: only those that a service has not confirmed, the oldest first.
    """
    query, order = sa.select(ErasedSubject), _OLDEST if unconfirmed else _NEWEST
    if unconfirmed:
        missing = sa.select(col(ErasureConfirmation.subject_ref)).where(_IS_OPEN)
        query = query.where(col(ErasedSubject.subject_ref).in_(missing))
    rows = (await session.scalars(await order.page(session, query, limit, after))).all()
    confirmed = await _confirmed(session, [row.subject_ref for row in rows])
    return [_erasure(row, confirmed[row.subject_ref]) for row in rows]


async def erasures_waiting_first(session: AsyncSession, limit: int, after: UUID | None) -> Sequence[Erasure]:
    """Those that a service has not confirmed, the oldest first; then the others, the newest first."""
    last = (await _confirmed(session, [after]))[after] if after is not None else []
    if last and all(row.confirmed_at is not None for row in last):
        return await _confirmed_by_all(session, limit, after)
    waiting = await erasures(session, limit, unconfirmed=True, after=after)
    return [*waiting, *await _confirmed_by_all(session, limit - len(waiting), None)]


async def _confirmed_by_all(session: AsyncSession, limit: int, after: UUID | None) -> Sequence[Erasure]:
    # The few that are not confirmed are left out here: no index has the others in their order.
    found: list[Erasure] = []
    while len(found) < limit:
        some = await erasures(session, limit, after=after)
        found += [one for one in some if not one.missing]
        if len(some) < limit:
            break
        after = some[-1].subject_ref
    return found[:limit]


def _erasure(erased: ErasedSubject, rows: Sequence[ErasureConfirmation]) -> Erasure:
    confirmed, found = {row.service: row.confirmed_at for row in rows}, {row.service: row.found for row in rows}
    return Erasure(erased.subject_ref, erased.erased_at, confirmed, found)


async def _confirmed(session: AsyncSession, refs: Sequence[UUID]) -> dict[UUID, list[ErasureConfirmation]]:
    """The confirmations of these erasures, by person."""
    query = sa.select(ErasureConfirmation).where(col(ErasureConfirmation.subject_ref).in_(refs))
    found: dict[UUID, list[ErasureConfirmation]] = defaultdict(list)
    for row in await session.scalars(query.order_by(col(ErasureConfirmation.service))):
        found[row.subject_ref].append(row)
    return found


async def unconfirmed_by_service(session: AsyncSession) -> dict[str, Unconfirmed]:
    """What each service has not confirmed; without those that have confirmed everything."""
    query = (
        sa.select(col(ErasureConfirmation.service), sa.func.count(), sa.func.min(col(ErasedSubject.erased_at)))
        .join(ErasedSubject, col(ErasedSubject.subject_ref) == col(ErasureConfirmation.subject_ref))
        .where(_IS_OPEN)
        .group_by(col(ErasureConfirmation.service))
    )
    return {service: Unconfirmed(count, since) for service, count, since in await session.execute(query)}


async def confirmed_before(session: AsyncSession, before: datetime, limit: int) -> Sequence[UUID]:
    """Those erased before this time, if every service has confirmed it; locked, the oldest first."""
    awaited = sa.exists().where(col(ErasureConfirmation.subject_ref) == col(ErasedSubject.subject_ref), _IS_OPEN)
    old = sa.select(col(ErasedSubject.subject_ref)).where(col(ErasedSubject.erased_at) < before, ~awaited)
    ordered = old.order_by(col(ErasedSubject.erased_at), col(ErasedSubject.subject_ref)).limit(limit)
    return (await session.scalars(ordered.with_for_update(skip_locked=True))).all()


async def erased_without_confirmations(session: AsyncSession) -> dict[UUID, datetime]:
    """Who was erased by a version that did not ask for confirmations, and when."""
    asked = sa.exists().where(col(ErasureConfirmation.subject_ref) == col(ErasedSubject.subject_ref))
    rows = await session.execute(sa.select(col(ErasedSubject.subject_ref), col(ErasedSubject.erased_at)).where(~asked))
    return {row.subject_ref: row.erased_at for row in rows}


async def delete_erasures(session: AsyncSession, refs: Sequence[UUID]) -> None:
    """Delete these references, and who confirmed their erasure."""
    for table in (ErasureConfirmation, ErasedSubject):
        await session.execute(sa.delete(table).where(col(table.subject_ref).in_(refs)))
