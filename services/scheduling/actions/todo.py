"""A counsellor's to-do at a centre: `domain.todo` says what each part of it lists."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.copies.visits import Day
from services.scheduling.domain.line import taken_by
from services.scheduling.domain.times import local_day
from services.scheduling.domain.todo import NothingToCome, Task, ToDoPart, task_of_interview, task_of_session
from services.scheduling.store import Centre, Waiting
from services.scheduling.store import todo as rows
from services.scheduling.store.accepted import Accepted, accepted_without_path
from services.scheduling.store.availability import advice_at
from services.scheduling.store.copies import tickets_of, visits_of
from services.scheduling.store.counsellors import counsellors_of
from services.scheduling.store.finalising import FinalInterview
from services.scheduling.store.interviews import booked_for
from services.scheduling.store.line import in_line, interview_under_way
from services.scheduling.store.open_paths import OpenPath, open_paths
from services.scheduling.store.todo import Counted, OpenAppointment


@dataclass(frozen=True, slots=True)
class Desk:
    """Whose to-do it is, at which centre, and when."""

    centre: Centre
    counsellor: str
    now: datetime

    @property
    def day(self) -> Day:
        """The centre's present day."""
        return Day.of(self.centre, self.now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing to do. `at`: when it begins or began, or since when it is to be done."""

    id: UUID
    """Of the visit, the interview, the session, the path or the entry on the waitlist: behind which a page begins."""
    task: Task
    at: datetime
    until: datetime | None = None
    """Until when an offer can be answered."""
    minutes: int | None = None
    area: str | None = None
    other_areas: list[str] = field(default_factory=list[str])
    interpreter_language: str | None = None
    """Of the interpreter whom the person needs."""
    priority: bool = False
    ticket: str | None = None
    title: str | None = None
    """Of the workshop."""
    room: str | None = None
    kind: str | None = None
    method: str | None = None
    mode: str | None = None
    version: int | None = None
    """Of the interview, which its start names."""
    subject_ref: UUID | None = None
    visit_id: UUID | None = None
    interview_id: UUID | None = None
    path_id: UUID | None = None
    workshop_id: UUID | None = None
    none_yet: bool = False
    """A path whose appointments were all cancelled: `at` is the time of the last of them."""
    why: NothingToCome | None = None
    """Why an open path has nothing to come."""
    empty: bool = False
    """A workshop in which nobody has a place."""


@dataclass(frozen=True, slots=True)
class ToDo:
    """The first lines of each part, and how many it has. `under_way`: the interview in which the counsellor is."""

    parts: Mapping[ToDoPart, Counted[Line]]
    under_way: UUID | None


async def to_do(session: AsyncSession, desk: Desk, limit: int) -> ToDo:
    """Everything that a counsellor has to do at a centre. `limit`: of each part, at most so many lines."""
    parts = {part: await lines_of(session, part, desk, limit=limit) for part in ToDoPart}
    return ToDo(parts, await interview_under_way(session, desk.day, desk.counsellor))


async def lines_of(
    session: AsyncSession, part: ToDoPart, desk: Desk, after: UUID | None = None, limit: int = 100
) -> Counted[Line]:
    """One part of it. `after`: only behind this line; then the number is of those that are left."""
    if part is ToDoPart.WAITING:
        return await _waiting(session, desk, after, limit)
    if part is ToDoPart.ACCEPTED:
        accepted, total = await accepted_without_path(
            session, desk.centre.code, desk.counsellor, desk.now, after, limit
        )
        return Counted([_accepted(one) for one in accepted], total)
    if part is ToDoPart.OPEN_PATHS:
        team = [one.code for one in await counsellors_of(session, desk.centre.code)]
        left = await open_paths(session, desk.centre.code, desk.counsellor, team, desk.now, after, limit)
        return Counted([_open_path(one) for one in left.rows], left.total)
    return await _open_lines(session, part, desk, after, limit)


async def _open_lines(
    session: AsyncSession,
    part: Literal[ToDoPart.TODAY, ToDoPart.LEFT_OVER, ToDoPart.FINAL_INTERVIEWS, ToDoPart.PATHS, ToDoPart.OFFERS],
    desk: Desk,
    after: UUID | None,
    limit: int,
) -> Counted[Line]:
    """Those that one statement lists and counts."""
    today, tomorrow = local_day(desk.now.astimezone(desk.centre.zone).date(), desk.centre.zone)
    centre, counsellor = desk.centre.code, desk.counsellor
    match part:
        case ToDoPart.TODAY:
            found = await rows.open_appointments(session, centre, counsellor, tomorrow, today, after, limit)
            return await _appointments(session, found, desk.now, today=True)
        case ToDoPart.LEFT_OVER:
            found = await rows.open_appointments(session, centre, counsellor, today, None, after, limit)
            return await _appointments(session, found, desk.now, today=False)
        case ToDoPart.FINAL_INTERVIEWS:
            finals = await rows.open_finals(session, centre, counsellor, after, limit)
            return Counted([_final(one) for one in finals.rows], finals.total)
        case ToDoPart.PATHS:
            paths = await rows.waiting_paths(session, centre, counsellor, desk.now, after, limit)
            return Counted([_path(one) for one in paths.rows], paths.total)
        case ToDoPart.OFFERS:
            offers = await rows.open_offers(session, centre, counsellor, desk.now, after, limit)
            return Counted([_offer(one) for one in offers.rows], offers.total)


async def _waiting(session: AsyncSession, desk: Desk, after: UUID | None, limit: int) -> Counted[Line]:
    """As `actions.taking` takes them, of the needs and languages in which the counsellor advises."""
    team = await advice_at(session, desk.centre.code, desk.counsellor)
    takes = taken_by(team[desk.counsellor], list(team.values()))
    line = list(await in_line(session, desk.day, desk.counsellor, takes, None))
    if after is not None and after in line:
        line = line[line.index(after) + 1 :]
    visits = await visits_of(session, line[:limit])
    booked = await booked_for(session, [one.id for one in visits if one.for_counsellor is not None])
    return Counted([_visit(one, booked.get(one.id)) for one in visits], len(line))


def _visit(visit: Waiting, interview_id: UUID | None) -> Line:
    return Line(
        id=visit.id,
        task=Task.TAKE,
        at=visit.checked_in_at,
        area=visit.for_area or visit.area,
        other_areas=[] if visit.for_area else visit.other_areas,
        interpreter_language=visit.interpreter_language,
        priority=visit.rank == 0,
        ticket=visit.ticket,
        subject_ref=visit.subject_ref,
        visit_id=visit.id,
        interview_id=interview_id,
    )


async def _appointments(
    session: AsyncSession, found: Counted[OpenAppointment], now: datetime, *, today: bool
) -> Counted[Line]:
    tickets = await tickets_of(session, [one.visit_id for one in found.rows if one.visit_id is not None])
    return Counted([_appointment(one, tickets, now, today=today) for one in found.rows], found.total)


def _appointment(one: OpenAppointment, tickets: Mapping[UUID, str | None], now: datetime, *, today: bool) -> Line:
    ends_at = one.starts_at + timedelta(minutes=one.minutes)
    if one.kind is None or one.status is None:
        task, interview_id = task_of_session(one.starts_at, one.taken or 0, now), None
    else:
        task = task_of_interview(one.kind, one.status, one.started_at, one.arrived_at, ends_at, now, today=today)
        interview_id = one.id
    return Line(
        id=one.id,
        task=task,
        at=one.starts_at,
        minutes=one.minutes,
        area=one.area,
        ticket=tickets.get(one.visit_id) if one.visit_id is not None else None,
        title=one.title,
        room=one.room,
        version=one.version,
        kind=one.kind,
        method=one.method,
        mode=one.mode,
        interpreter_language=one.interpreter_language,
        subject_ref=one.subject_ref,
        visit_id=one.visit_id,
        interview_id=interview_id,
        path_id=one.path_id,
        workshop_id=one.workshop_id,
        empty=one.taken == 0,
    )


def _final(one: FinalInterview) -> Line:
    booked = one.interview_id is not None
    return Line(
        id=one.id,
        task=Task.HOLD_FINAL_INTERVIEW if booked else Task.BOOK_FINAL_INTERVIEW,
        at=one.starts_at or one.due_since,
        minutes=one.minutes,
        title=one.title,
        subject_ref=one.subject_ref,
        interview_id=one.interview_id,
        path_id=one.id,
        workshop_id=one.workshop_id,
    )


def _accepted(one: Accepted) -> Line:
    return Line(
        id=one.id,
        task=Task.REGISTER if one.subject_ref is None else Task.BOOK_FIRST,
        at=one.starts_at,
        area=one.area,
        ticket=one.ticket,
        subject_ref=one.subject_ref,
        visit_id=one.visit_id,
    )


def _path(one: rows.WaitingPath) -> Line:
    return Line(
        id=one.id,
        task=Task.BOOK_NEXT,
        at=one.last_at or one.ended_at,
        area=one.area,
        subject_ref=one.subject_ref,
        path_id=one.id,
        none_yet=one.last_at is None,
    )


def _open_path(one: OpenPath) -> Line:
    return Line(
        id=one.id,
        task=Task.DECIDE_ON_PATH,
        at=one.at,
        area=one.area,
        title=one.title,
        subject_ref=one.subject_ref,
        path_id=one.id,
        workshop_id=one.workshop_id,
        why=NothingToCome(one.why),
    )


def _offer(one: rows.OpenOffer) -> Line:
    return Line(
        id=one.id,
        task=Task.ANSWER_OFFER,
        at=one.first_at,
        until=one.until,
        title=one.title,
        subject_ref=one.subject_ref,
        workshop_id=one.workshop_id,
    )
