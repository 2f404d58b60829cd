"""Copies of scheduling's appointments, to know who is expected today: interviews, and seats in a workshop's sessions.

No name is in them: `Visitor` has it, where the person is registered.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, col

from services.chassis.copies.visits import Day
from services.chassis.storage.list_order import ListOrder
from services.chassis.storage.store import Aggregate
from services.contracts.appointments import AppointmentMode
from services.intake.domain.appointments import AppointmentKind, Timing, end_of_day, timing
from services.intake.store import Alias, Centre, Consent, Visit, Visitor
from services.intake.store.table import Table


class Appointment(Aggregate, Table, table=True):
    """An appointment that is booked, of a person who is registered here. Deleted when it is over or cancelled.

    `id` is the interview's, or that of `contracts.queue.seat_appointment`.
    """

    __tablename__ = "appointments"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (sa.Index("appointments_of_centre", "centre", "starts_at", "id"),)

    kind: str = Field(max_length=20)
    centre: str = Field(max_length=40)
    area: str | None = Field(default=None, max_length=40)
    subject_ref: UUID = Field(index=True)
    counsellor: str = Field(max_length=60)
    room: str | None = Field(default=None, max_length=60)
    mode: str = Field(
        default=AppointmentMode.IN_PERSON.value,
        max_length=20,
        sa_column_kwargs={"server_default": AppointmentMode.IN_PERSON.value},
    )
    starts_at: datetime
    ends_at: datetime
    code: str = Field(max_length=20, unique=True)
    """Random; known to the visitor, who checks in with it."""
    workshop_id: UUID | None = Field(default=None, index=True)
    session_id: UUID | None = None
    seat_id: UUID | None = Field(default=None, index=True)
    arrived_at: datetime | None = None
    """When the visitor arrived; without `visit_id`: when the counsellor recorded that they are there."""
    visit_id: UUID | None = None
    """The visit of the arrival. None: no arrival was recorded."""
    linked_at: datetime | None = None
    """Since when a ticket that was taken before is the arrival. None: the arrival was a check-in of its own."""
    identified_visit: bool = Field(default=True, sa_column_kwargs={"server_default": sa.true()})
    """Whether the visit is this person's by the arrival. False: that was known before."""

    @property
    def at_the_centre(self) -> bool:
        """Whether the visitor comes to the centre, or has come all the same."""
        return self.mode == AppointmentMode.IN_PERSON or self.arrived_at is not None

    @property
    def present(self) -> bool:
        """Whether the counsellor recorded the visitor as present, without an arrival at the desk."""
        return self.arrived_at is not None and self.visit_id is None

    def timing(self, now: datetime) -> Timing:
        """Whether the visitor is early, late or expected. Of who is `present`, nobody knows when they came."""
        return Timing.ARRIVED if self.present else timing(self.starts_at, self.ends_at, self.arrived_at, now)

    @property
    def queues(self) -> bool:
        """Whether the visitor waits to be called: not who goes to a workshop's room."""
        return self.kind == AppointmentKind.INTERVIEW


class WorkshopSession(Table, table=True):
    """A session of a workshop that was announced and has not been cancelled."""

    __tablename__ = "expected_sessions"  # pyright: ignore[reportAssignmentType]

    id: UUID = Field(primary_key=True)
    workshop_id: UUID = Field(index=True)
    centre: str = Field(max_length=40)
    area: str | None = Field(default=None, max_length=40)
    counsellor: str = Field(max_length=60)
    room: str | None = Field(default=None, max_length=60)
    starts_at: datetime
    ends_at: datetime


class RoomName(Table, table=True):
    """What a centre calls a room, as scheduling published it: appointments keep its code."""

    __tablename__ = "room_names"  # pyright: ignore[reportAssignmentType]

    centre: str = Field(primary_key=True, max_length=40)
    code: str = Field(primary_key=True, max_length=60)
    name: str = Field(max_length=120)


class Expected(NamedTuple):
    """An appointment, its visitor's name where this centre may see it, the ticket of the arrival, the room's name."""

    appointment: Appointment
    given_name: str | None
    family_name: str | None
    ticket: str | None
    room_name: str | None

    @property
    def room(self) -> str | None:
        """What people call the room; of a code that has no name, the code. None: no room is chosen."""
        return self.room_name or self.appointment.room

    @property
    def name(self) -> str | None:
        """None: the person is registered elsewhere, or has withdrawn every consent."""
        return f"{self.given_name} {self.family_name}" if self.given_name is not None else None


_AGREED = sa.exists().where(col(Consent.subject_ref) == col(Visitor.id), col(Consent.withdrawn_at).is_(None))
_NAMED = sa.and_(
    col(Visitor.id) == col(Appointment.subject_ref), col(Visitor.centre) == col(Appointment.centre), _AGREED
)
_EXPECTED = (
    sa.select(Appointment, col(Visitor.given_name), col(Visitor.family_name), col(Visit.ticket), col(RoomName.name))
    .select_from(Appointment)
    .outerjoin(Visitor, _NAMED)
    .outerjoin(Visit, col(Visit.id) == col(Appointment.visit_id))
    .outerjoin(
        RoomName, sa.and_(col(RoomName.centre) == col(Appointment.centre), col(RoomName.code) == col(Appointment.room))
    )
)
_AT_THE_CENTRE = sa.or_(
    col(Appointment.mode) == AppointmentMode.IN_PERSON.value, col(Appointment.arrived_at).is_not(None)
)
"""Nobody is expected at the centre for the others; who comes all the same has arrived."""
_BY_TIME = ListOrder(col(Appointment.starts_at), id=col(Appointment.id))


def is_of_day(centre: Centre, now: datetime) -> sa.ColumnElement[bool]:
    """The appointments of a centre's day to which people come."""
    began = Day.of(centre, now).began_at
    return sa.and_(
        col(Appointment.centre) == centre.code,
        col(Appointment.starts_at) >= began,
        col(Appointment.starts_at) < end_of_day(now, centre.zone),
        _AT_THE_CENTRE,
    )


def has_appointment(which: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """The persons who have one of these appointments, under any reference of theirs."""
    alias_of = sa.select(col(Alias.kept_ref)).where(col(Alias.id) == col(Visitor.id)).correlate(Visitor)
    kept = sa.func.coalesce(alias_of.scalar_subquery(), col(Visitor.id))
    theirs = sa.select(sa.func.coalesce(col(Alias.kept_ref), col(Appointment.subject_ref))).select_from(Appointment)
    return kept.in_(theirs.outerjoin(Alias, col(Alias.id) == col(Appointment.subject_ref)).where(which))


async def expected_visitors(
    session: AsyncSession, which: sa.ColumnElement[bool], limit: int, *, after: UUID | None = None
) -> list[Expected]:
    """These appointments in order of time; `after`: only those behind this one."""
    rows = await session.execute(await _BY_TIME.page(session, _EXPECTED.where(which), limit, after))
    return [Expected._make(row) for row in rows]


async def coming_appointments(
    session: AsyncSession, refs: Collection[UUID], centres: Collection[str], now: datetime, limit: int
) -> list[Expected]:
    """What a person with these references still has at these centres, in order of time."""
    which = sa.and_(col(Appointment.subject_ref).in_(refs), col(Appointment.ends_at) > now)
    return await expected_visitors(session, sa.and_(which, col(Appointment.centre).in_(centres)), limit)


async def numbers_expected(session: AsyncSession, centre: Centre, now: datetime) -> tuple[int, int]:
    """How many of today's visitors have not arrived and are still expected, and how many of these are late."""
    late = sa.func.count(sa.case((col(Appointment.starts_at) < now, 1)))
    missing = sa.select(sa.func.count(), late).where(is_of_day(centre, now), is_awaited(now))
    row = (await session.execute(missing)).one()
    return int(row[0]), int(row[1])


def is_awaited(now: datetime) -> sa.ColumnElement[bool]:
    """The appointments whose visitor has not arrived and which are not over."""
    return sa.and_(col(Appointment.arrived_at).is_(None), col(Appointment.ends_at) > now)


async def appointment_with(session: AsyncSession, centre: str, code: str) -> UUID | None:
    """The appointment at this centre that has this code, or None."""
    query = sa.select(col(Appointment.id)).where(col(Appointment.code) == code, col(Appointment.centre) == centre)
    return await session.scalar(query)


async def arrival_with(session: AsyncSession, visit_id: UUID) -> Expected | None:
    """The appointment for which the visit is the arrival, or None."""
    row = (await session.execute(_EXPECTED.where(col(Appointment.visit_id) == visit_id))).one_or_none()
    return None if row is None else Expected._make(row)


async def awaited_interviews(
    session: AsyncSession, centre: Centre, now: datetime, refs: Collection[UUID] | None, limit: int
) -> list[Expected]:
    """Today's interviews whose visitor has not arrived, in order of time. `refs`: of this person alone."""
    which = sa.and_(is_of_day(centre, now), is_awaited(now), col(Appointment.kind) == AppointmentKind.INTERVIEW.value)
    if refs is not None:
        which = sa.and_(which, col(Appointment.subject_ref).in_(refs))
    return await expected_visitors(session, which, limit)


async def is_arrival(session: AsyncSession, visit_id: UUID) -> bool:
    """Whether the visit is the arrival for an appointment."""
    found = await session.scalar(sa.select(col(Appointment.id)).where(col(Appointment.visit_id) == visit_id))
    return found is not None


async def is_taken(session: AsyncSession, code: str) -> bool:
    """Whether an appointment has this code."""
    found = await session.scalar(sa.select(col(Appointment.id)).where(col(Appointment.code) == code))
    return found is not None


async def sessions_of(session: AsyncSession, workshop_id: UUID) -> Sequence[WorkshopSession]:
    """The sessions of a workshop, in order."""
    query = sa.select(WorkshopSession).where(col(WorkshopSession.workshop_id) == workshop_id)
    return (await session.scalars(query.order_by(col(WorkshopSession.starts_at), col(WorkshopSession.id)))).all()


async def next_of_person(
    session: AsyncSession, refs: Collection[UUID], now: datetime, *, at_the_centre: bool = False
) -> Sequence[Appointment]:
    """The appointments of a person with these references that are not over, in order of time.

    `at_the_centre`: only those with a code for the arrival.
    """
    query = sa.select(Appointment).where(col(Appointment.subject_ref).in_(refs), col(Appointment.ends_at) > now)
    if at_the_centre:
        query = query.where(_AT_THE_CENTRE)
    return (await session.scalars(query.order_by(col(Appointment.starts_at), col(Appointment.id)))).all()


async def arrived_for(session: AsyncSession, subject_ref: UUID) -> Sequence[Appointment]:
    """The appointments for which the person has arrived, locked, by id."""
    query = sa.select(Appointment).where(
        col(Appointment.subject_ref) == subject_ref, col(Appointment.visit_id).is_not(None)
    )
    return (await session.scalars(query.order_by(col(Appointment.id)).with_for_update())).all()


async def delete_where(session: AsyncSession, which: sa.ColumnElement[bool]) -> None:
    """Delete these appointments."""
    await session.execute(sa.delete(Appointment).where(which).execution_options(synchronize_session="fetch"))


async def delete_over(session: AsyncSession, centre: str, before: datetime) -> None:
    """Delete the appointments and sessions of a centre that were over before its day began."""
    await delete_where(session, sa.and_(col(Appointment.centre) == centre, col(Appointment.ends_at) < before))
    old = sa.and_(col(WorkshopSession.centre) == centre, col(WorkshopSession.ends_at) < before)
    await session.execute(sa.delete(WorkshopSession).where(old).execution_options(synchronize_session=False))
