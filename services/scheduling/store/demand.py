"""What the figures of `domain.demand` are computed from: a centre's interviews, workshops and calendars in a span."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from services.chassis.storage.bulk import in_list
from services.contracts.scheduling import Method
from services.scheduling.domain import slots
from services.scheduling.domain.slots import Timeline
from services.scheduling.domain.states import ON_PATH, TAKING_TIME, WAITLISTED_SEATS
from services.scheduling.domain.times import QUARTER
from services.scheduling.store.holds import SlotHold
from services.scheduling.store.interviews import GuidancePath, Interview, QuarterHour
from services.scheduling.store.workshops import Attendance, Seat, Session, Workshop


class TakenByInterview(NamedTuple):
    """The time of an interview."""

    kind: str
    mode: str
    status: str
    counsellor: str
    starts_at: datetime
    minutes: int


class TakenBySession(NamedTuple):
    """The time of a session of a workshop."""

    counsellor: str
    starts_at: datetime
    minutes: int


class FirstInterview(NamedTuple):
    """The first interview of a path: its need, when the path was opened, and when it begins."""

    area: str | None
    opened_at: datetime
    starts_at: datetime


_OF_CENTRE = (
    col(Interview.centre) == sa.bindparam("centre"),
    col(Interview.starts_at) >= sa.bindparam("begins"),
    col(Interview.starts_at) < sa.bindparam("ends"),
)
_TAKING_TIME = sa.select(
    *(col(Interview.kind), col(Interview.mode), col(Interview.status)),
    *(col(Interview.counsellor), col(Interview.starts_at), col(Interview.minutes)),
).where(*_OF_CENTRE, col(Interview.status).in_(TAKING_TIME))


async def interviews_taking_time(
    session: AsyncSession, centre: str, begins: datetime, ends: datetime
) -> list[TakenByInterview]:
    """The interviews of a centre that begin in [begins, ends) and were not cancelled. There may be some thousands."""
    return [TakenByInterview(*row) for row in await session.execute(_TAKING_TIME, _span(centre, begins, ends))]


_EARLIER = aliased(Interview)
_FIRST = (
    sa.select(col(Interview.area), col(GuidancePath.opened_at), col(Interview.starts_at))
    .join(GuidancePath, col(GuidancePath.id) == col(Interview.path_id))
    .where(*_OF_CENTRE, col(Interview.status).in_(ON_PATH), col(Interview.fingerprint).is_(None))
    .where(col(GuidancePath.method) == Method.INDIVIDUAL.value)
    .where(
        ~sa.exists().where(
            col(_EARLIER.path_id) == col(Interview.path_id),
            col(_EARLIER.status).in_(ON_PATH),
            col(_EARLIER.starts_at) < col(Interview.starts_at),
        )
    )
)


async def first_interviews(
    session: AsyncSession, centre: str, begins: datetime, ends: datetime
) -> list[FirstInterview]:
    """The first interview, held or booked, of each individual path that has it in [begins, ends).

    Imported ones are not among them: when their paths were opened is not known.
    """
    return [FirstInterview(*row) for row in await session.execute(_FIRST, _span(centre, begins, ends))]


_WORKSHOPS = (
    col(Workshop.centre) == sa.bindparam("centre"),
    col(Workshop.last_at) >= sa.bindparam("begins"),
    col(Workshop.cancelled_at).is_(None),
)
_IN_SPAN = (col(Session.starts_at) >= sa.bindparam("begins"), col(Session.starts_at) < sa.bindparam("ends"))
_SESSIONS = (
    sa.select(col(Workshop.counsellor), col(Session.starts_at), col(Session.minutes))
    .join(Session, col(Session.workshop_id) == col(Workshop.id))
    .where(*_WORKSHOPS, *_IN_SPAN)
)


async def sessions_taking_time(
    session: AsyncSession, centre: str, begins: datetime, ends: datetime
) -> list[TakenBySession]:
    """The sessions of workshops at a centre that begin in [begins, ends)."""
    return [TakenBySession(*row) for row in await session.execute(_SESSIONS, _span(centre, begins, ends))]


_WAITLISTED = (
    sa.select(col(Workshop.first_at), sa.func.count())
    .join(Seat, col(Seat.workshop_id) == col(Workshop.id))
    .where(*_WORKSHOPS, col(Workshop.first_at) >= sa.bindparam("begins"))
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
    .where(*_WORKSHOPS, *_IN_SPAN)
    .group_by(col(Attendance.attended))
)


async def attendance_between(session: AsyncSession, centre: str, begins: datetime, ends: datetime) -> dict[bool, int]:
    """How often a participant attended, and did not attend, a session of a centre in [begins, ends)."""
    rows = await session.execute(_ATTENDED, _span(centre, begins, ends))
    return {bool(row[0]): int(row[1]) for row in rows}


_OTHERWISE = (
    sa.select(col(QuarterHour.resource), sa.func.min(col(QuarterHour.quarter)), sa.func.max(col(QuarterHour.quarter)))
    .where(in_list(col(QuarterHour.resource), "resources"))
    .where(col(QuarterHour.quarter) >= sa.bindparam("begins"), col(QuarterHour.quarter) < sa.bindparam("ends"))
    .where(col(QuarterHour.holder).not_in(sa.select(col(Interview.id)).where(*_OF_CENTRE)))
    .where(col(QuarterHour.holder).not_in(sa.select(col(SlotHold.id))))
    .group_by(col(QuarterHour.resource), col(QuarterHour.holder))
)


async def taken_otherwise(
    session: AsyncSession, timeline: Timeline, centre: str, counsellors: Collection[str]
) -> dict[str, int]:
    """The quarter-hours of these counsellors that no interview of this centre has: absences, workshops, other centres.

    Holds are not among them: a time that is held is open still.
    """
    mine = {f"counsellor:{code}": code for code in counsellors}
    asked = _span(centre, timeline.begins, timeline.ends) | {"resources": sorted(mine)}
    found: dict[str, list[slots.Interval]] = {}
    for resource, first, last in await session.execute(_OTHERWISE, asked):
        found.setdefault(mine[resource], []).append((first, last + QUARTER))
    return {code: timeline.touched(intervals) for code, intervals in found.items()}


def _span(centre: str, begins: datetime, ends: datetime) -> dict[str, Any]:
    return {"centre": centre, "begins": begins, "ends": ends}
