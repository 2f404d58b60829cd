"""What the figures of `domain.demand` are computed from: a centre's interviews, workshops and calendars in a span."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from services.chassis.storage.gathered import gathered
from services.contracts.scheduling import InterviewKind, Method
from services.scheduling.domain.demand import WEEKS
from services.scheduling.domain.states import ON_PATH, TAKING_TIME, WAITLISTED_SEATS
from services.scheduling.store.interviews import GuidancePath, Interview
from services.scheduling.store.workshops import Attendance, Seat, Session, Workshop, not_cancelled


class TakenByInterviews(NamedTuple):
    """The time of interviews that are alike, in one part of a span."""

    kind: str
    mode: str
    status: str
    counsellor: str
    part: int
    """From 0."""
    number: int
    minutes: int
    """Of all of them."""
    each: int
    """Minutes of each guidance interview; of information interviews 0."""
    starts_at: Sequence[str | datetime]
    """When guidance interviews begin, as `gathered` has it; of information interviews nothing."""


class TakenBySession(NamedTuple):
    """The time of a session of a workshop, for one of those who lead it."""

    counsellor: str
    starts_at: datetime
    minutes: int


class FirstInterviews(NamedTuple):
    """The first interviews of the paths with one need: when each path was opened, and when the interview begins."""

    area: str | None
    opened_at: Sequence[str | datetime]
    starts_at: Sequence[str | datetime]
    """In the order of the paths. Moments as `gathered` has them."""


PARTS = 2 * WEEKS + 1
"""The weeks, with the present one in two parts: before now, and from now on."""
_OF_CENTRE = (
    col(Interview.centre) == sa.bindparam("centre"),
    col(Interview.starts_at) >= sa.bindparam("begins"),
    col(Interview.starts_at) < sa.bindparam("ends"),
)


def _part(least: int = 0, most: int = PARTS - 1) -> sa.ColumnElement[int]:
    """The part in which an interview begins, of those from `least` to `most`: one comparison halves them."""
    if least == most:
        return sa.literal_column(str(least), sa.Integer())
    middle = (least + most + 1) // 2
    before = col(Interview.starts_at) < sa.bindparam(f"part_{middle}")
    return sa.case((before, _part(least, middle - 1)), else_=_part(middle, most))


_IS_GUIDANCE = col(Interview.kind) == InterviewKind.GUIDANCE.value
_TIMES = (
    sa.select(
        *(col(Interview.kind), col(Interview.mode), col(Interview.status), col(Interview.counsellor)),
        _part().label("part"),
        sa.case((_IS_GUIDANCE, col(Interview.minutes)), else_=0).label("each"),
        *(col(Interview.minutes), col(Interview.starts_at)),
    )
    .where(*_OF_CENTRE, col(Interview.status).in_(TAKING_TIME))
    .subquery()
)
_ALIKE = [_TIMES.c[name] for name in ("kind", "mode", "status", "counsellor", "part")]
_STARTS = gathered(sa.case((_TIMES.c.kind == InterviewKind.GUIDANCE.value, _TIMES.c.starts_at)))
_TAKING_TIME = sa.select(*_ALIKE, sa.func.count(), sa.func.sum(_TIMES.c.minutes), _TIMES.c.each, _STARTS).group_by(
    *_ALIKE, _TIMES.c.each
)


async def interviews_taking_time(
    session: AsyncSession, centre: str, begins: Sequence[datetime], ends: datetime
) -> list[TakenByInterviews]:
    """The interviews of a centre that were not cancelled, in each part of a span. `begins`: of the `PARTS` parts.

    The store counts them: there may be ten thousand. It reads each once.
    """
    asked = _span(centre, begins[0], ends) | {f"part_{number}": at for number, at in enumerate(begins)}
    return [TakenByInterviews(*row) for row in await session.execute(_TAKING_TIME, asked)]


_EARLIER = aliased(Interview)
_FIRST = (
    sa.select(col(Interview.area), gathered(col(GuidancePath.opened_at)), gathered(col(Interview.starts_at)))
    .join(GuidancePath, col(GuidancePath.id) == col(Interview.path_id))
    .where(*_OF_CENTRE, col(Interview.status).in_(ON_PATH), col(Interview.fingerprint).is_(None))
    .where(col(GuidancePath.method) == Method.INDIVIDUAL.value)
    .where(
        ~sa.exists().where(
            col(_EARLIER.path_id) == col(GuidancePath.id),
            col(_EARLIER.status).in_(ON_PATH),
            col(_EARLIER.starts_at) < col(Interview.starts_at),
        )
    )
    .group_by(col(Interview.area))
)


async def first_interviews(
    session: AsyncSession, centre: str, begins: datetime, ends: datetime
) -> list[FirstInterviews]:
    """By need, the first interview, held or booked, of each individual path that has it in [begins, ends).

    Imported ones are not among them: when their paths were opened is not known.
    """
    return [FirstInterviews(*row) for row in await session.execute(_FIRST, _span(centre, begins, ends))]


_WORKSHOPS = (
    col(Workshop.centre) == sa.bindparam("centre"),
    col(Workshop.last_at) >= sa.bindparam("begins"),
)
_IN_SPAN = (col(Session.starts_at) >= sa.bindparam("begins"), col(Session.starts_at) < sa.bindparam("ends"))
_SESSIONS = (
    sa.select(col(Workshop.counsellor), col(Workshop.more_facilitators), col(Session.starts_at), col(Session.minutes))
    .join(Session, col(Session.workshop_id) == col(Workshop.id))
    .where(*_WORKSHOPS, not_cancelled(), *_IN_SPAN)
)


async def sessions_taking_time(
    session: AsyncSession, centre: str, begins: datetime, ends: datetime
) -> list[TakenBySession]:
    """The sessions of workshops at a centre that begin in [begins, ends), one for each of those who lead it."""
    return [
        TakenBySession(leader, starts_at, minutes)
        for first, others, starts_at, minutes in await session.execute(_SESSIONS, _span(centre, begins, ends))
        for leader in dict.fromkeys((first, *others))
    ]


_WAITLISTED = (
    sa.select(col(Workshop.first_at), sa.func.count())
    .join(Seat, col(Seat.workshop_id) == col(Workshop.id))
    .where(*_WORKSHOPS, col(Workshop.cancelled_at).is_(None), col(Workshop.first_at) >= sa.bindparam("begins"))
    .where(col(Workshop.first_at) < sa.bindparam("ends"))
    .where(col(Seat.status).in_([one.value for one in WAITLISTED_SEATS]))
    .group_by(col(Workshop.id), col(Workshop.first_at))
)


async def people_on_waitlists(
    session: AsyncSession, centre: str, begins: datetime, ends: datetime
) -> list[tuple[datetime, int]]:
    """When each workshop with a waitlist begins, in [begins, ends), and how many people are on it."""
    return [(row[0], int(row[1])) for row in await session.execute(_WAITLISTED, _span(centre, begins, ends))]


_ATTENDED = (
    sa.select(col(Attendance.attended), sa.func.count())
    .join(Session, col(Session.id) == col(Attendance.session_id))
    .join(Workshop, col(Workshop.id) == col(Session.workshop_id))
    .where(*_WORKSHOPS, not_cancelled(), *_IN_SPAN)
    .group_by(col(Attendance.attended))
)


async def attendance_between(session: AsyncSession, centre: str, begins: datetime, ends: datetime) -> dict[bool, int]:
    """How often a participant attended, and did not attend, a session of a centre in [begins, ends)."""
    rows = await session.execute(_ATTENDED, _span(centre, begins, ends))
    return {bool(row[0]): int(row[1]) for row in rows}


def _span(centre: str, begins: datetime, ends: datetime) -> dict[str, Any]:
    return {"centre": centre, "begins": begins, "ends": ends}
