"""Guidance interviews of one or two hours on a path: booked, moved, cancelled, held."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.copies.centres import known_centre
from services.chassis.refusals import msg
from services.chassis.storage.checks import check_version
from services.chassis.storage.store import Work
from services.contracts.scheduling import (
    AppointmentStatus,
    InterviewBooked,
    InterviewCancelled,
    InterviewHeld,
    InterviewKind,
    InterviewMoved,
    Method,
    Side,
)
from services.scheduling.actions.arrivals import emit_started, undo_start
from services.scheduling.actions.availability import NOTHING_ODD, Meant, check_available
from services.scheduling.actions.boards import board
from services.scheduling.actions.booking_rules import check_bookable
from services.scheduling.actions.calendar import (
    calendars,
    free,
    release,
    reserve,
)
from services.scheduling.actions.counsellors import check_counsellor
from services.scheduling.actions.held_early import bring_forward
from services.scheduling.actions.outcomes import set_result
from services.scheduling.actions.path_rules import (
    check_not_booked_already,
    check_one_more,
    check_path,
    check_time_to_reflect,
)
from services.scheduling.actions.rooms import check_room
from services.scheduling.actions.waiting import release_visitor
from services.scheduling.domain import rules, times
from services.scheduling.domain.arrangement import IN_PERSON, Arrangement
from services.scheduling.domain.outcomes import Result
from services.scheduling.domain.times import HORIZON
from services.scheduling.store import Centre, GuidancePath, Interview
from services.scheduling.store.availability import keep_absences
from services.scheduling.store.counted_people import no_other_interview
from services.scheduling.store.interviews import counted_and_numbered


async def interview_of(work: Work, id: UUID) -> Interview:
    """The interview, locked, and its path before it: the order of locks in docs/architecture.md."""
    path_id = await work.session.scalar(sa.select(col(Interview.path_id)).where(col(Interview.id) == id))
    if path_id is not None:
        await work.find(GuidancePath, path_id)
    return await work.load(Interview, id, msg("interview"))


async def book(
    work: Work,
    path_id: UUID,
    *,
    counsellor: str,
    room: str | None,
    starts_at: datetime,
    minutes: int,
    arrangement: Arrangement = IN_PERSON,
    horizon: timedelta = HORIZON,
    meant: Meant = NOTHING_ODD,
    reflection: timedelta = timedelta(),
    id: UUID | None = None,
) -> Interview:
    """Book the next interview of a path, no farther ahead than the horizon, within the counsellor's working hours.

    `meant`: also outside them, or while another calendar is busy, as the team answered. `reflection`: the time between
    it and the others of the path; zero: the team answered that it is sooner. `id`: of the interview, that of its hold.

    Raises `AlreadyBooked`, what `check_one_more` and `check_bookable` raise, `UnknownCounsellor`, `CounsellorInactive`,
    `UnknownRoom`, `RoomInactive`, `RoomAtHome`, `OutsideWorkingHours`, `BusyElsewhere`, `CounsellorAway`, `Overlap`;
    last, as it is a question, `TimeToReflect`.
    """
    path = await work.load(GuidancePath, path_id, msg("path"))
    centre = await known_centre(work.session, Centre, path.centre)
    await check_not_booked_already(work.session, path.subject_ref, counsellor, starts_at, centre.zone)
    counted_as = await check_one_more(work, path, centre.zone)
    await check_bookable(work, centre, starts_at, minutes, horizon)
    await check_counsellor(work.session, path.centre, counsellor)
    await check_available(work.session, centre, counsellor, starts_at, minutes, meant)
    arrangement.check_room(room)
    await check_room(work.session, path.centre, room)
    interview = work.add(
        Interview(
            id=id or uuid4(),
            correlation_id=path.correlation_id,
            kind=InterviewKind.GUIDANCE.value,
            centre=path.centre,
            area=path.area,
            counsellor=counsellor,
            room=room,
            mode=arrangement.mode.value,
            interpreter_language=arrangement.interpreter_language,
            starts_at=starts_at,
            minutes=minutes,
            status=AppointmentStatus.BOOKED.value,
            path_id=path.id,
            method=path.method,
            counted_as=counted_as,
            subject_ref=path.subject_ref,
        )
    )
    taken = await calendars(work.session, path.centre, counsellor, room, path.subject_ref)
    await reserve(work, interview.id, taken, starts_at=starts_at, minutes=minutes, zone=centre.zone)
    await check_time_to_reflect(work.session, interview, centre.zone, reflection)
    _emit_booked(work, interview, path)
    work.notify_board(board(path.centre))
    return interview


def _emit_booked(work: Work, interview: Interview, path: GuidancePath) -> None:
    work.emit(
        interview,
        InterviewBooked(
            interview_id=interview.id,
            kind=InterviewKind.GUIDANCE,
            centre=path.centre,
            counsellor=interview.counsellor,
            room=interview.room,
            starts_at=interview.starts_at,
            minutes=interview.minutes,
            subject_ref=path.subject_ref,
            path_id=path.id,
            method=Method(path.method),
            area=path.area,
            mode=interview.arrangement.mode,
        ),
    )


async def move(
    work: Work,
    interview: Interview,
    *,
    counsellor: str,
    room: str | None,
    starts_at: datetime,
    minutes: int,
    arrangement: Arrangement | None = None,
    by: Side = Side.CENTRE,
    version: int | None = None,
    horizon: timedelta = HORIZON,
    meant: Meant = NOTHING_ODD,
) -> None:
    """Move an interview to another time, counsellor, room or mode, and free its old quarter-hours.

    `arrangement`: None: as it was. Moved to where it is, it stays as it is.
    Raises as `book` does, and `NotBooked`, `Stale`.
    """
    check_version(interview, version)
    rules.check_booked(interview.status)
    centre = await known_centre(work.session, Centre, interview.centre)
    await check_path(work, interview, centre.zone)
    booked = interview.starts_at, interview.starts_at + timedelta(minutes=interview.minutes)
    await check_bookable(work, centre, starts_at, minutes, horizon, booked)
    await check_counsellor(work.session, interview.centre, counsellor)
    before = (interview.counsellor, interview.room, interview.starts_at, interview.minutes)
    held = arrangement or interview.arrangement
    held.check_room(room)
    interview.interpreter_language = held.interpreter_language
    work.notify_board(board(interview.centre))
    if before == (counsellor, room, starts_at, minutes) and held.mode == interview.mode:
        return
    await check_room(work.session, interview.centre, room)
    same_time = before == (counsellor, interview.room, starts_at, minutes)
    if not same_time:
        await check_available(work.session, centre, counsellor, starts_at, minutes, meant)
    if interview.started_at is not None:
        await undo_start(work, interview)
    if not times.same_day(interview.starts_at, starts_at, centre.zone):
        interview.arrived_at = interview.visit_id = None
    # Where it stays, it may lie in an absence that came later; nowhere else.
    freed = await (free if same_time else release)(work, interview.id)
    taken = await calendars(work.session, interview.centre, counsellor, room, interview.subject_ref)
    await reserve(work, interview.id, taken, starts_at=starts_at, minutes=minutes, zone=centre.zone)
    await work.session.flush()
    await keep_absences(work.session, freed)
    interview.counsellor, interview.room, interview.mode = counsellor, room, held.mode.value
    interview.starts_at, interview.minutes, interview.moved_by = starts_at, minutes, by.value
    _emit_moved(work, interview, by)


def _emit_moved(work: Work, interview: Interview, by: Side) -> None:
    work.emit(
        interview,
        InterviewMoved(
            interview_id=interview.id,
            centre=interview.centre,
            counsellor=interview.counsellor,
            room=interview.room,
            starts_at=interview.starts_at,
            minutes=interview.minutes,
            subject_ref=interview.subject_ref,
            area=interview.area,
            moved_by=by,
            mode=interview.arrangement.mode,
        ),
    )


async def cancel(work: Work, interview: Interview, *, by: Side, reason: str, version: int | None = None) -> None:
    """Cancel a booked interview and free its quarter-hours. Raises `NotBooked`, `Stale`."""
    check_version(interview, version)
    rules.check_booked(interview.status)
    interview.status, interview.cancelled_at = AppointmentStatus.CANCELLED.value, work.now
    interview.cancelled_by, interview.reason = by.value, reason
    interview.counted_as = interview.interpreter_language = None
    await release_visitor(work, interview)
    await release(work, interview.id)
    work.emit(
        interview,
        InterviewCancelled(
            interview_id=interview.id,
            kind=InterviewKind(interview.kind),
            centre=interview.centre,
            at=work.now,
            cancelled_by=by,
            reason=reason,
            visit_id=interview.visit_id,
        ),
    )
    work.notify_board(board(interview.centre))


async def hold(
    work: Work,
    interview: Interview,
    version: int | None = None,
    result: Result | None = None,
    began_at: datetime | None = None,
) -> None:
    """Record that the guidance interview took place. If it is booked for later, it counts as just ended.

    `began_at`: earlier on the same day, sooner than it is booked for. None: not stated. What was started began then.
    The visit of a visitor who arrived ends with it. The interpreter's language is kept until that can no longer be
    undone: `no_shows.delete_interpreters`.
    Raises `NotBooked`, `Stale`, `GuidanceNotOffered`, `AreaNotServed`, `InTheFuture`, `NotOfToday`.
    """
    check_version(interview, version)
    rules.check_booked(interview.status)
    centre = await known_centre(work.session, Centre, interview.centre)
    if began_at is not None:
        times.check_earlier_today(began_at, work.now, centre.zone, "began_at")
    began = interview.started_at or began_at
    sooner = began is not None and interview.started_at is None and began < interview.starts_at
    set_result(interview, result, centre)
    if interview.arrived_at is not None and interview.started_at is None:
        at = min(interview.starts_at, work.now, began_at or work.now)
        emit_started(work, interview, max(interview.arrived_at, at))
    await release_visitor(work, interview)
    if interview.path_id is not None:
        _counted, numbers = await counted_and_numbered(work.session, interview.path_id)
        interview.number = rules.first_free(numbers)
    if sooner or interview.starts_at > work.now:
        await bring_forward(work, interview, began or interview.started_at)
    interview.status, interview.ended_at = AppointmentStatus.FULFILLED.value, work.now
    work.emit(
        interview,
        InterviewHeld(
            interview_id=interview.id,
            kind=InterviewKind.GUIDANCE,
            centre=interview.centre,
            area=interview.area,
            counsellor=interview.counsellor,
            starts_at=interview.starts_at,
            minutes=interview.minutes,
            path_id=interview.path_id,
            method=Method(interview.method) if interview.method else None,
            number=interview.number,
            subject_ref=interview.subject_ref,
            visit_id=interview.visit_id,
            mode=interview.arrangement.mode,
            outcome=interview.result,
            first_of_person=await no_other_interview(work.session, interview),
        ),
    )
    work.notify_board(board(interview.centre))
