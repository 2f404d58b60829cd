"""Workshops, their sessions, seats and attendance."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, col

from services.chassis.storage.list_order import ListOrder
from services.chassis.storage.store import Aggregate
from services.chassis.storage.tables import in_states
from services.contracts.consent import Purpose
from services.scheduling.domain.states import (
    ACTIVE_SEATS,
    OFFERED_SEATS,
    OPEN_WORKSHOPS,
    QUEUED_SEATS,
    WAITLISTED_SEATS,
    SeatStatus,
    has_seat,
)
from services.scheduling.store.copies import KnownPerson
from services.scheduling.store.table import Table

_CANCELLED = sa.text("cancelled_at is not null")
_ACTIVE = sa.text(f"{in_states(ACTIVE_SEATS)} and subject_ref is not null")
_QUEUED = sa.text(in_states(QUEUED_SEATS))
IS_OPEN = sa.text(in_states(OPEN_WORKSHOPS))
IS_OFFERED = sa.text(in_states(OFFERED_SEATS))
"""For queries of workshops and of seats: literals, because on SQLite a bound parameter never matches the predicate of a
partial index.
"""


class Workshop(Aggregate, Table, table=True):
    """A series of sessions with seats."""

    __tablename__ = "workshops"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (
        sa.Index("workshops_of_centre", "centre", "last_at"),
        sa.Index("workshops_open", "first_at", postgresql_where=IS_OPEN, sqlite_where=IS_OPEN),
        sa.Index(
            "workshops_open_of_centre",
            "centre",
            "status",
            "first_at",
            postgresql_where=IS_OPEN,
            sqlite_where=IS_OPEN,
        ),
        sa.Index("workshops_cancelled", "cancelled_at", postgresql_where=_CANCELLED, sqlite_where=_CANCELLED),
    )

    centre: str
    area: str | None = None
    title: str
    counsellor: str
    """The first of the facilitators."""
    more_facilitators: list[str] = Field(
        default_factory=list[str], sa_type=sa.JSON, sa_column_kwargs={"server_default": "[]"}
    )
    room: str | None = None
    seats: int
    taken: int = 0
    offered: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """The number of seats that are kept for those to whom they are offered. Never more than `seats` with `taken`."""
    asked: int = 0
    """The number of requests for a seat so far; the next one gets the next `Seat.place`."""
    status: str
    first_at: datetime
    last_at: datetime
    """`first_at`: start of the first session; `last_at`: end of the last."""
    cancelled_at: datetime | None = None
    reason: str | None = None
    fingerprint: str | None = None
    published: bool = Field(default=True, sa_column_kwargs={"server_default": sa.true()})
    """Whether it stands on the centre's public page."""

    @property
    def facilitators(self) -> list[str]:
        """The counsellors who lead it."""
        return [self.counsellor, *self.more_facilitators]

    @property
    def free(self) -> int:
        """The number of seats that are neither taken nor offered. People read `offers.places_left` instead."""
        return self.seats - self.taken - self.offered


class Session(Table, table=True):
    """One session of a workshop. `ordinal` counts from 1."""

    __tablename__ = "workshop_sessions"  # pyright: ignore[reportAssignmentType]

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    workshop_id: UUID = Field(index=True)
    ordinal: int
    starts_at: datetime
    minutes: int
    recorded_at: datetime | None = None


class Seat(Table, table=True):
    """A visitor's seat in a workshop: taken, waitlisted, offered, or one that ended."""

    __tablename__ = "seats"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (
        sa.Index("seats_of_workshop", "workshop_id", "place"),
        sa.Index("seats_queued", "workshop_id", "place", postgresql_where=_QUEUED, sqlite_where=_QUEUED),
        sa.Index("seats_offered", "workshop_id", "offer_until", postgresql_where=IS_OFFERED, sqlite_where=IS_OFFERED),
        sa.Index(
            "seats_once", "workshop_id", "subject_ref", unique=True, postgresql_where=_ACTIVE, sqlite_where=_ACTIVE
        ),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    workshop_id: UUID
    subject_ref: UUID | None = Field(default=None, index=True)
    path_id: UUID | None = None
    """The visitor's collective path; None as long as they have no seat."""
    status: str
    place: int
    """The order of requests, from 1: the waitlist is first come, first served."""
    asked_at: datetime
    offered_at: datetime | None = None
    offer_until: datetime | None = None
    """Until when the visitor can answer the offer."""
    taken_at: datetime | None = None
    released_at: datetime | None = None
    """When it was released, or the offer ended."""
    cancelled_by: str | None = None
    reason: str | None = Field(default=None, max_length=40)


class Attendance(Table, table=True):
    """Whether a visitor attended a session."""

    __tablename__ = "attendance"  # pyright: ignore[reportAssignmentType]

    session_id: UUID = Field(primary_key=True)
    seat_id: UUID = Field(primary_key=True, index=True)
    attended: bool
    recorded_at: datetime


class SessionArrival(Table, table=True):
    """That a visitor with a seat has arrived at the centre for a session. The attendance is recorded afterwards."""

    __tablename__ = "session_arrivals"  # pyright: ignore[reportAssignmentType]

    session_id: UUID = Field(primary_key=True)
    seat_id: UUID = Field(primary_key=True, index=True)
    arrived_at: datetime
    visit_id: UUID


async def arrivals_of(session: AsyncSession, session_ids: Sequence[UUID]) -> dict[tuple[UUID, UUID], datetime]:
    """Who has arrived for these sessions, and when, by (session, seat)."""
    query = sa.select(SessionArrival).where(col(SessionArrival.session_id).in_(session_ids))
    return {(row.session_id, row.seat_id): row.arrived_at for row in await session.scalars(query)}


class SessionToday(NamedTuple):
    """A session of a workshop, and how many of its participants have arrived."""

    workshop_id: UUID
    title: str
    counsellor: str
    more_facilitators: list[str]
    room: str | None
    starts_at: datetime
    minutes: int
    taken: int
    arrived: int


def not_cancelled() -> sa.ColumnElement[bool]:
    """The session was not cancelled: its workshop was not, or it had begun before."""
    return sa.or_(col(Workshop.cancelled_at).is_(None), col(Session.starts_at) <= col(Workshop.cancelled_at))


async def sessions_between(session: AsyncSession, centre: str, start: datetime, end: datetime) -> list[SessionToday]:
    """The sessions of a centre that begin in [start, end) and were not cancelled, in order."""
    arrived = sa.select(sa.func.count()).where(col(SessionArrival.session_id) == col(Session.id)).scalar_subquery()
    query = (
        sa.select(col(Workshop.id), col(Workshop.title), col(Workshop.counsellor), col(Workshop.more_facilitators))
        .add_columns(col(Workshop.room))
        .add_columns(col(Session.starts_at), col(Session.minutes), col(Workshop.taken), arrived)
        .join(Session, col(Session.workshop_id) == col(Workshop.id))
        .where(col(Workshop.centre) == centre, col(Workshop.last_at) >= start, col(Workshop.first_at) < end)
        .where(not_cancelled(), col(Session.starts_at) >= start, col(Session.starts_at) < end)
    )
    rows = await session.execute(query.order_by(col(Session.starts_at), col(Workshop.id)))
    return [SessionToday._make(row) for row in rows]


def led_by(counsellor: str) -> sa.ColumnElement[bool]:
    """The workshops of which this counsellor is a facilitator."""
    others = sa.cast(col(Workshop.more_facilitators), sa.Text())
    return sa.or_(col(Workshop.counsellor) == counsellor, others.contains(f'"{counsellor}"', autoescape=True))


async def sessions_of(session: AsyncSession, workshop_id: UUID) -> Sequence[Session]:
    """A workshop's sessions, in order."""
    query = sa.select(Session).where(col(Session.workshop_id) == workshop_id).order_by(col(Session.ordinal))
    return (await session.scalars(query)).all()


async def sessions_by_workshop(session: AsyncSession, workshop_ids: Sequence[UUID]) -> dict[UUID, list[Session]]:
    """The sessions of these workshops, each in order."""
    found: dict[UUID, list[Session]] = {id: [] for id in workshop_ids}
    query = sa.select(Session).where(col(Session.workshop_id).in_(workshop_ids)).order_by(col(Session.ordinal))
    for one in await session.scalars(query):
        found[one.workshop_id].append(one)
    return found


async def seats_of(session: AsyncSession, workshop_id: UUID, *statuses: SeatStatus) -> Sequence[Seat]:
    """A workshop's seats with these statuses, in order of request."""
    query = sa.select(Seat).where(
        col(Seat.workshop_id) == workshop_id, col(Seat.status).in_([status.value for status in statuses])
    )
    return (await session.scalars(query.order_by(col(Seat.place)))).all()


async def participants_and_waitlist(session: AsyncSession, workshop_id: UUID) -> tuple[list[Seat], list[Seat]]:
    """The taken seats, and those that are waitlisted or offered, each in order of request."""
    active = await seats_of(session, workshop_id, *ACTIVE_SEATS)
    seated = [seat for seat in active if has_seat(SeatStatus(seat.status))]
    return seated, [seat for seat in active if not has_seat(SeatStatus(seat.status))]


async def people_to_inform(session: AsyncSession, workshop_id: UUID) -> int:
    """How many who have a seat in this workshop, or wait for one, agreed to messages."""
    agreed = sa.select(col(KnownPerson.purposes)).join(Seat, col(Seat.subject_ref) == col(KnownPerson.id))
    active = col(Seat.status).in_([status.value for status in ACTIVE_SEATS])
    found = await session.scalars(agreed.where(col(Seat.workshop_id) == workshop_id, active))
    return sum(Purpose.REMINDERS.value in purposes for purposes in found)


async def first_on_waitlist(session: AsyncSession, workshop_id: UUID) -> Seat | None:
    """The first waitlisted seat, or None."""
    query = sa.select(Seat).where(
        col(Seat.workshop_id) == workshop_id, col(Seat.status).in_([status.value for status in WAITLISTED_SEATS])
    )
    return await session.scalar(query.order_by(col(Seat.place)).limit(1))


async def seats_of_person(session: AsyncSession, *refs: UUID) -> Sequence[Seat]:
    """Every seat of a visitor under these references, including waitlisted and released ones."""
    return (await session.scalars(sa.select(Seat).where(col(Seat.subject_ref).in_(refs)))).all()


async def attendance_of(session: AsyncSession, session_ids: Sequence[UUID]) -> dict[tuple[UUID, UUID], Attendance]:
    """The recorded attendance of these sessions, by (session, seat)."""
    rows = (await session.scalars(sa.select(Attendance).where(col(Attendance.session_id).in_(session_ids)))).all()
    return {(row.session_id, row.seat_id): row for row in rows}


async def workshops_of(
    session: AsyncSession, centre: str, since: datetime, after: UUID | None = None, limit: int = 100
) -> Sequence[Workshop]:
    """A centre's workshops that end after `since`, in order of start; `after`: only those behind this workshop."""
    query = sa.select(Workshop).where(col(Workshop.centre) == centre, col(Workshop.last_at) >= since)
    return (await session.scalars(await _BY_START.page(session, query, limit, after))).all()


async def workshops_with(session: AsyncSession, ids: Collection[UUID]) -> Sequence[Workshop]:
    """The workshops with these ids."""
    if not ids:
        return []
    return (await session.scalars(sa.select(Workshop).where(col(Workshop.id).in_(ids)))).all()


async def workshops_ahead(
    session: AsyncSession, centre: str, now: datetime, after: UUID | None = None, limit: int = 100
) -> Sequence[Workshop]:
    """A centre's published workshops that have not begun and are not cancelled, in order of start; `after` as above."""
    query = sa.select(Workshop).where(col(Workshop.centre) == centre, col(Workshop.last_at) > now)
    query = query.where(col(Workshop.first_at) > now, col(Workshop.cancelled_at).is_(None), col(Workshop.published))
    return (await session.scalars(await _BY_START.page(session, query, limit, after))).all()


_BY_START = ListOrder(col(Workshop.first_at), id=col(Workshop.id))
