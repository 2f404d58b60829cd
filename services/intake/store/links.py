"""Visitors' personal links, and their openings."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, col

from services.chassis.storage.list_order import ListOrder
from services.intake.store.table import Table


class PersonalLink(Table, table=True):
    """A visitor's personal link. Of its secret there is only a digest, of its PIN only a slow hash."""

    __tablename__ = "personal_links"  # pyright: ignore[reportAssignmentType]

    id: UUID = Field(primary_key=True)
    subject_ref: UUID = Field(index=True)
    secret: str = Field(max_length=64, unique=True)
    created_at: datetime
    created_by: str = Field(max_length=200)
    expires_at: datetime
    ended_at: datetime | None = None
    """When it was replaced by a new link, or locked."""
    pin: str | None = Field(default=None, max_length=200)
    """None: no PIN has been chosen, and the link shows nothing."""
    tries: int = 0
    """Wrong PINs since the last correct one."""
    locked_at: datetime | None = None


class LinkOpening(Table, table=True):
    """An opening of a personal link, of which the visitor sees time and place."""

    __tablename__ = "link_openings"  # pyright: ignore[reportAssignmentType]

    id: UUID = Field(primary_key=True)
    subject_ref: UUID = Field(index=True)
    link_id: UUID = Field(index=True)
    kind: str = Field(max_length=20)
    at: datetime
    centre: str | None = Field(default=None, max_length=40)
    """The centre whose team was signed in on the same screen. None: elsewhere."""
    ends_at: datetime
    closed_at: datetime | None = None


async def link_with(session: AsyncSession, secret: str) -> PersonalLink | None:
    """The personal link whose secret has this digest."""
    return await session.scalar(sa.select(PersonalLink).where(col(PersonalLink.secret) == secret))


async def current_link(session: AsyncSession, subject_ref: UUID) -> PersonalLink | None:
    """The newest personal link of a visitor, whatever its state."""
    newest = sa.select(PersonalLink).where(col(PersonalLink.subject_ref) == subject_ref)
    return await session.scalar(newest.order_by(col(PersonalLink.created_at).desc(), col(PersonalLink.id)).limit(1))


async def has_chosen_pin(session: AsyncSession, refs: Collection[UUID]) -> bool:
    """Whether a PIN was chosen for any link of a visitor with these references."""
    chosen = sa.exists().where(col(PersonalLink.subject_ref).in_(refs), col(PersonalLink.pin).is_not(None))
    return bool(await session.scalar(sa.select(chosen)))


async def newest_links(session: AsyncSession, refs: Collection[UUID]) -> list[PersonalLink]:
    """The newest personal link under each of these references, whatever its state; the last made first."""
    made = sa.select(PersonalLink).where(col(PersonalLink.subject_ref).in_(refs))
    found: dict[UUID, PersonalLink] = {}
    for link in await session.scalars(made.order_by(col(PersonalLink.created_at).desc(), col(PersonalLink.id))):
        found.setdefault(link.subject_ref, link)
    return list(found.values())


_LAST_OPENING = ListOrder(col(LinkOpening.at), id=col(LinkOpening.id), newest_first=True)


async def openings_of(
    session: AsyncSession, *refs: UUID, after: UUID | None = None, limit: int = 100
) -> Sequence[LinkOpening]:
    """The openings of the links of a visitor with these references, behind the opening `after`, the last one first."""
    query = sa.select(LinkOpening).where(col(LinkOpening.subject_ref).in_(refs))
    return (await session.scalars(await _LAST_OPENING.page(session, query, limit, after))).all()
