"""Bookings on the public pages whose contact is to be confirmed, or was confirmed lately."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, col

from services.chassis.storage.store import Aggregate
from services.intake.store.messages import Message
from services.intake.store.table import Table


class BookingRequest(Aggregate, Table, table=True):
    """A request for the time of a hold; `id` is the hold's. Name and contact are emptied once it is confirmed."""

    __tablename__ = "booking_requests"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (sa.Index("booking_requests_of_centre", "centre", "ends_at"),)

    code: UUID = Field(unique=True)
    """What the link in the message stands for. A request with another contact has another one."""
    subject_ref: UUID = Field(index=True)
    """Random, until the request is confirmed: then the person's."""
    centre: str = Field(max_length=40)
    held: dict[str, Any] = Field(sa_type=sa.JSON)
    """The `HeldTime`."""
    given_name: str | None = Field(default=None, max_length=200)
    family_name: str | None = Field(default=None, max_length=200)
    contact: str | None = Field(default=None, max_length=254)
    contact_key: str | None = Field(default=None, max_length=254, index=True)
    language: str = Field(max_length=2)
    purposes: list[str] = Field(sa_type=sa.JSON)
    requested_at: datetime
    ends_at: datetime = Field(index=True)
    """When the row is deleted. Until then the link works: to confirm, or afterwards to see the appointment."""
    confirmed_at: datetime | None = None
    is_new: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    """The person was registered by this request."""


async def request_with(session: AsyncSession, codes: Collection[UUID]) -> BookingRequest | None:
    """The request of one of these codes."""
    return await session.scalar(sa.select(BookingRequest).where(col(BookingRequest.code).in_(codes)))


async def unconfirmed_at(session: AsyncSession, centre: str, now: datetime) -> int:
    """How many requests wait for a confirmation at a centre."""
    waiting = sa.select(sa.func.count()).where(
        col(BookingRequest.centre) == centre,
        col(BookingRequest.ends_at) > now,
        col(BookingRequest.confirmed_at).is_(None),
    )
    return await session.scalar(waiting) or 0


async def lock_requests_of(session: AsyncSession, contact_key: str) -> None:
    """Lock the requests with this contact: of two that are confirmed at once, the second finds the person."""
    ids = sa.select(col(BookingRequest.id)).where(col(BookingRequest.contact_key) == contact_key)
    await session.execute(ids.order_by(col(BookingRequest.id)).with_for_update())


async def ended_requests(session: AsyncSession, now: datetime, limit: int) -> Sequence[BookingRequest]:
    """The requests that are to be deleted, locked."""
    ended = sa.select(BookingRequest).where(col(BookingRequest.ends_at) <= now)
    query = ended.order_by(col(BookingRequest.id)).limit(limit).with_for_update(skip_locked=True)
    return (await session.scalars(query)).all()


async def requests_of(session: AsyncSession, subject_ref: UUID, contact_key: str | None) -> Sequence[BookingRequest]:
    """The requests of a person, and those with their contact, locked."""
    theirs = col(BookingRequest.subject_ref) == subject_ref
    if contact_key is not None:
        theirs = sa.or_(theirs, col(BookingRequest.contact_key) == contact_key)
    query = sa.select(BookingRequest).where(theirs).order_by(col(BookingRequest.id)).with_for_update()
    return (await session.scalars(query)).all()


async def delete_requests(session: AsyncSession, rows: Collection[BookingRequest]) -> None:
    """Delete requests, and the messages of those that nobody confirmed: these are about nobody known."""
    unconfirmed = [one.id for one in rows if one.confirmed_at is None]
    if unconfirmed:
        await session.execute(sa.delete(Message).where(col(Message.about).in_(unconfirmed)))
    for one in rows:
        await session.delete(one)
