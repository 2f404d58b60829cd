"""Aliases: registered persons who turned out to be another registered person."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, col

from services.chassis.copies.aliases import AliasCopy
from services.intake.store.table import Table


class Alias(AliasCopy, Table, table=True):
    """A registration that is merged with another one. Deleted when the two are separated, and with the person."""

    __tablename__ = "aliases"  # pyright: ignore[reportAssignmentType]

    into_ref: UUID = Field(index=True)
    """With whom it was merged, who may be an alias by now."""
    at: datetime
    by: str = Field(max_length=200)
    """The account (`account/…`) or the machine."""


async def aliases_of(session: AsyncSession, refs: Collection[UUID]) -> Sequence[Alias]:
    """The aliases among these references."""
    chosen = sa.select(Alias).where(col(Alias.id).in_(refs)).order_by(col(Alias.at), col(Alias.id))
    return (await session.scalars(chosen.execution_options(populate_existing=True))).all()


async def erase_alias(session: AsyncSession, subject_ref: UUID) -> None:
    """Delete this reference as an alias, and from every alias that leads to it."""
    await session.flush()
    gone = sa.or_(col(Alias.id) == subject_ref, col(Alias.kept_ref) == subject_ref)
    await session.execute(sa.delete(Alias).where(gone).execution_options(synchronize_session="fetch"))
    through = sa.update(Alias).where(col(Alias.into_ref) == subject_ref).values(into_ref=col(Alias.kept_ref))
    await session.execute(through.execution_options(synchronize_session="fetch"))
