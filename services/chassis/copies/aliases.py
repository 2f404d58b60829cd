"""Copies of aliases: which references lead to a person who was registered twice and merged.

Intake decides; every service that keeps rows about persons copies it. Rows keep their own reference, so that a service
looks up all references of a person (`references_of`), and nothing is rewritten when they are separated again.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from services.chassis.storage.store import Work
from services.contracts.persons import VisitorMerged


class AliasCopy(SQLModel):
    """The columns of every copy. `id` is the alias."""

    id: UUID = Field(primary_key=True)
    kept_ref: UUID = Field(index=True)
    """The reference to which it leads, which is no alias itself."""


Copy = TypeVar("Copy", bound=AliasCopy)


async def copy_alias(work: Work, table: type[Copy], merged: VisitorMerged) -> None:
    """Insert or update the copy of an alias."""
    copy = await work.find(table, merged.subject_ref)
    if copy is None:
        work.add(table(id=merged.subject_ref, kept_ref=merged.kept_ref))
    else:
        copy.kept_ref = merged.kept_ref


async def drop_alias(work: Work, table: type[AliasCopy], subject_ref: UUID) -> None:
    """Delete the copy of an alias, if there is one: the persons were separated."""
    if (copy := await work.find(table, subject_ref)) is not None:
        await work.session.delete(copy)


async def erase_aliases(work: Work, table: type[AliasCopy], subject_ref: UUID) -> None:
    """Delete every alias that is this reference, or leads to it."""
    either = sa.or_(col(table.id) == subject_ref, col(table.kept_ref) == subject_ref)
    await work.session.flush()
    await work.session.execute(sa.delete(table).where(either))


async def references_of(session: AsyncSession, table: type[AliasCopy], subject_ref: UUID) -> tuple[UUID, ...]:
    """Every reference of the person: the kept one first, then its aliases. Of who was never merged, this one."""
    return (await groups_of(session, table, {subject_ref}))[subject_ref]


async def groups_of(
    session: AsyncSession, table: type[AliasCopy], refs: Collection[UUID]
) -> dict[UUID, tuple[UUID, ...]]:
    """For each of these references every reference of its person, the kept one first."""
    if not refs:
        return {}
    # Columns, not rows: a row that this session has read before would be the one of then.
    chosen = sa.select(col(table.id), col(table.kept_ref))
    first = {row[0]: row[1] for row in await session.execute(chosen.where(col(table.id).in_(refs)))}
    kept = {first.get(ref, ref) for ref in refs}
    leading = (await session.execute(chosen.where(col(table.kept_ref).in_(kept)))).all()
    return {ref: _group(first.get(ref, ref), leading) for ref in refs}


def _group(kept: UUID, leading: Iterable[Sequence[UUID]]) -> tuple[UUID, ...]:
    return (kept, *sorted(alias for alias, to in leading if to == kept))
