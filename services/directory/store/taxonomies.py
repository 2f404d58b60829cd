"""Taxonomies and terms that an import of HSDS brought. The directory's own are in `domain.taxonomies`."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, col

from services.contracts.text import words_of
from services.directory.store.table import Table


class Taxonomy(Table, table=True):
    """A taxonomy that terms of imported services belong to."""

    __tablename__ = "taxonomies"  # pyright: ignore[reportAssignmentType]

    id: UUID = Field(primary_key=True)
    folded: str
    """Its name and description, for searches."""
    hsds: dict[str, Any] = Field(sa_type=sa.JSON)


class TaxonomyTerm(Table, table=True):
    """A term by which imported services are classified."""

    __tablename__ = "taxonomy_terms"  # pyright: ignore[reportAssignmentType]

    id: UUID = Field(primary_key=True)
    taxonomy_id: UUID | None = Field(default=None, index=True)
    parent_id: UUID | None = Field(default=None, index=True)
    folded: str
    """Its name, code and description, for searches."""
    hsds: dict[str, Any] = Field(sa_type=sa.JSON)


async def page_of(
    session: AsyncSession,
    table: type[Taxonomy | TaxonomyTerm],
    words: str,
    start: int,
    limit: int,
    **equal: UUID | None,
) -> tuple[int, Sequence[dict[str, Any]]]:
    """How many rows have these words and values, and some of them in the order of their ids. None: any value."""
    sought = words_of(words)
    if words and not sought:
        return 0, []
    conditions = [col(getattr(table, name)) == value for name, value in equal.items() if value is not None]
    conditions += [col(table.folded).contains(word, autoescape=True) for word in sought]
    total = await session.scalar(sa.select(sa.func.count()).select_from(table).where(*conditions))
    chosen = sa.select(col(table.hsds)).where(*conditions).order_by(col(table.id)).offset(start).limit(limit)
    return total or 0, (await session.scalars(chosen)).all()
