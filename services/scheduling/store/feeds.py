"""Calendars that other programs subscribe to: whose each is, and the appointments in it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from services.chassis.storage.bulk import in_list
from services.contracts.scheduling import AppointmentStatus, InterviewKind
from services.scheduling.domain.feeds import CANCELLED_FOR
from services.scheduling.domain.states import TAKEN_SEATS
from services.scheduling.store.interviews import Interview, QuarterHour
from services.scheduling.store.table import Table
from services.scheduling.store.workshops import Seat, Session, Workshop


class _Feed(SQLModel):
    """The columns of both kinds. `id` is chosen with the form that makes it, so that sent twice it ends nothing."""

    id: UUID
    secret: str = Field(max_length=64, unique=True)
    """A digest: the secret is stored nowhere."""
    language: str = Field(max_length=2)
    made_at: datetime


class CounsellorFeed(_Feed, Table, table=True):
    """The calendar of a counsellor, by their code: one at most."""

    __tablename__ = "counsellor_feeds"  # pyright: ignore[reportAssignmentType]

    counsellor: str = Field(primary_key=True, max_length=60)


class VisitorFeed(_Feed, Table, table=True):
    """The calendar of a registered visitor: one at most."""

    __tablename__ = "visitor_feeds"  # pyright: ignore[reportAssignmentType]

    subject_ref: UUID = Field(primary_key=True)


class FedSession(NamedTuple):
    """A session of a workshop in a calendar; of a visitor's with their seat."""

    session: Session
    workshop: Workshop
    seat: Seat | None = None


async def counsellor_feed(session: AsyncSession, secret: str) -> CounsellorFeed | None:
    """The counsellor's calendar with this digest, or None."""
    return await session.scalar(sa.select(CounsellorFeed).where(col(CounsellorFeed.secret) == secret))


async def visitor_feed(session: AsyncSession, secret: str) -> VisitorFeed | None:
    """The visitor's calendar with this digest, or None."""
    return await session.scalar(sa.select(VisitorFeed).where(col(VisitorFeed.secret) == secret))


async def feed_of_person(session: AsyncSession, refs: Collection[UUID]) -> VisitorFeed | None:
    """The calendar of the person with these references, or None; the one made last, if each of two had one."""
    theirs = sa.select(VisitorFeed).where(col(VisitorFeed.subject_ref).in_(refs))
    return await session.scalar(theirs.order_by(col(VisitorFeed.made_at).desc()).limit(1))


def _shown(now: datetime) -> sa.ColumnElement[bool]:
    """Guidance interviews that were booked, also those that took place or were missed; cancelled ones for a while."""
    cancelled = AppointmentStatus.CANCELLED.value
    lasting = (AppointmentStatus.BOOKED.value, AppointmentStatus.FULFILLED.value, AppointmentStatus.NOSHOW.value)
    lately = sa.and_(col(Interview.status) == cancelled, col(Interview.cancelled_at) > now - CANCELLED_FOR)
    return sa.and_(
        col(Interview.kind) == InterviewKind.GUIDANCE.value, sa.or_(col(Interview.status).in_(lasting), lately)
    )


async def interviews_of_counsellor(
    session: AsyncSession, counsellor: str, start: datetime, end: datetime, now: datetime
) -> Sequence[Interview]:
    """A counsellor's guidance interviews that begin in [start, end), at all centres."""
    query = sa.select(Interview).where(
        col(Interview.counsellor) == counsellor,
        col(Interview.starts_at) >= start,
        col(Interview.starts_at) < end,
        _shown(now),
    )
    return (await session.scalars(query.order_by(col(Interview.starts_at), col(Interview.id)))).all()


async def held_for_counsellor(
    session: AsyncSession, counsellor: str, start: datetime, end: datetime
) -> tuple[Sequence[Interview], list[FedSession]]:
    """What has quarter-hours of a counsellor in [start, end): interviews under an earlier code too, and sessions."""
    holders = (
        sa.select(col(QuarterHour.holder))
        .where(col(QuarterHour.resource) == f"counsellor:{counsellor}")
        .where(col(QuarterHour.quarter) >= start, col(QuarterHour.quarter) < end)
    )
    ids = sorted(set(await session.scalars(holders)))
    under_another = sa.select(Interview).where(
        in_list(col(Interview.id), "ids"), col(Interview.counsellor) != counsellor
    )
    interviews = (await session.scalars(under_another.order_by(col(Interview.id)), {"ids": ids})).all()
    theirs = (
        sa.select(Session, Workshop)
        .join(Workshop, col(Workshop.id) == col(Session.workshop_id))
        .where(in_list(col(Session.id), "ids"))
    )
    rows = await session.execute(theirs.order_by(col(Session.starts_at), col(Session.id)), {"ids": ids})
    return interviews, [FedSession(one, workshop) for one, workshop in rows]


async def cancelled_sessions(
    session: AsyncSession, counsellor: str, start: datetime, end: datetime, now: datetime
) -> list[FedSession]:
    """The sessions in [start, end) of a counsellor's workshops that were cancelled not long ago, before they began."""
    query = (
        sa.select(Session, Workshop)
        .join(Workshop, col(Workshop.id) == col(Session.workshop_id))
        .where(col(Workshop.cancelled_at) > now - CANCELLED_FOR, col(Session.starts_at) > col(Workshop.cancelled_at))
        .where(col(Session.starts_at) >= start, col(Session.starts_at) < end)
    )
    rows = await session.execute(query.order_by(col(Session.starts_at), col(Session.id)))
    return [FedSession(one, workshop) for one, workshop in rows if counsellor in workshop.facilitators]


async def interviews_of_person(
    session: AsyncSession, refs: Collection[UUID], start: datetime, end: datetime, now: datetime
) -> Sequence[Interview]:
    """The guidance interviews in [start, end) of the person with these references."""
    query = sa.select(Interview).where(
        col(Interview.subject_ref).in_(refs),
        col(Interview.starts_at) >= start,
        col(Interview.starts_at) < end,
        _shown(now),
    )
    return (await session.scalars(query.order_by(col(Interview.starts_at), col(Interview.id)))).all()


async def sessions_of_person(
    session: AsyncSession, refs: Collection[UUID], start: datetime, end: datetime, now: datetime
) -> list[FedSession]:
    """The sessions in [start, end) of workshops in which the person has a seat, or had one that ended not long ago."""
    since = now - CANCELLED_FOR
    seated = col(Seat.status).in_([status.value for status in TAKEN_SEATS])
    left = sa.and_(col(Seat.taken_at).is_not(None), col(Seat.released_at) > since)
    query = (
        sa.select(Session, Workshop, Seat)
        .join(Workshop, col(Workshop.id) == col(Session.workshop_id))
        .join(Seat, col(Seat.workshop_id) == col(Workshop.id))
        .where(col(Seat.subject_ref).in_(refs), sa.or_(seated, left))
        .where(sa.or_(col(Workshop.cancelled_at).is_(None), col(Workshop.cancelled_at) > since))
        .where(col(Session.starts_at) >= start, col(Session.starts_at) < end)
    )
    rows = await session.execute(query.order_by(col(Session.starts_at), col(Session.id)))
    return [FedSession(one, workshop, seat) for one, workshop, seat in rows]
