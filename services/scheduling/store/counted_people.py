"""Whether a person counts with an interview or an attendance: their first of a month at a centre, or their only one.

A month is that of Brussels, in which the figures are counted. What was imported counts nobody: the other software's
references are no persons of this platform until they come.
"""

from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.copies.aliases import references_of
from services.chassis.runtime.clock import BRUSSELS
from services.scheduling.domain.states import HELD
from services.scheduling.domain.times import local_day
from services.scheduling.store.interviews import Interview
from services.scheduling.store.persons import Alias
from services.scheduling.store.workshops import Attendance, Seat, Session, Workshop


async def no_other_interview(session: AsyncSession, interview: Interview) -> bool | None:
    """Whether the person had no other interview of its kind held at its centre in its month. None: nobody is known."""
    if interview.subject_ref is None:
        return None
    refs = await references_of(session, Alias, interview.subject_ref)
    begins, ends = month_around(interview.starts_at)
    others = sa.select(col(Interview.id)).where(
        col(Interview.subject_ref).in_(refs),
        col(Interview.id) != interview.id,
        col(Interview.kind) == interview.kind,
        col(Interview.centre) == interview.centre,
        col(Interview.status).in_(HELD),
        col(Interview.fingerprint).is_(None),
        col(Interview.starts_at) >= begins,
        col(Interview.starts_at) < ends,
    )
    with session.no_autoflush:
        return await session.scalar(others.limit(1)) is None


async def no_other_presence(
    session: AsyncSession, centre: str, seat: Seat, session_id: UUID, at: datetime
) -> bool | None:
    """Whether no other presence of the person at workshops of this centre was recorded in the month of `at`.

    None: nobody is known.
    """
    if seat.subject_ref is None:
        return None
    refs = await references_of(session, Alias, seat.subject_ref)
    begins, ends = month_around(at)
    others = (
        sa.select(col(Attendance.session_id))
        .join(Seat, col(Seat.id) == col(Attendance.seat_id))
        .join(Session, col(Session.id) == col(Attendance.session_id))
        .join(Workshop, col(Workshop.id) == col(Session.workshop_id))
        .where(col(Seat.subject_ref).in_(refs), col(Workshop.centre) == centre, col(Workshop.fingerprint).is_(None))
        .where(col(Attendance.attended), col(Attendance.recorded_at) >= begins, col(Attendance.recorded_at) < ends)
        .where(sa.or_(col(Attendance.session_id) != session_id, col(Attendance.seat_id) != seat.id))
    )
    return await session.scalar(others.limit(1)) is None


def month_around(at: datetime) -> tuple[datetime, datetime]:
    """The beginning and the end of the month in which a moment lies, in UTC."""
    first = at.astimezone(BRUSSELS).date().replace(day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    return local_day(first, BRUSSELS)[0], local_day(following, BRUSSELS)[0]
