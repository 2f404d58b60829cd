"""Information interviews: with a visitor in the room, without appointment."""

from uuid import UUID, uuid4

from services.chassis.copies.centres import known_centre
from services.chassis.copies.visits import Day, check_today
from services.chassis.refusals import msg
from services.chassis.storage.checks import check_version
from services.chassis.storage.store import Work
from services.contracts.intake import END_OF_DAY, VisitStatus
from services.contracts.interviews import InterviewResumed, InterviewUndone
from services.contracts.scheduling import (
    AppointmentStatus,
    InterviewHeld,
    InterviewKind,
    InterviewStarted,
)
from services.scheduling.actions.boards import board
from services.scheduling.actions.outcomes import set_result
from services.scheduling.actions.waiting import end_copy, record_change, release_visitor
from services.scheduling.domain import rules, times
from services.scheduling.domain.outcomes import Result, check_may_resume, check_may_undo
from services.scheduling.domain.refusals import AlreadyInInterview, HasAppointment
from services.scheduling.domain.states import is_held, is_running
from services.scheduling.store import Centre, Interview, Waiting
from services.scheduling.store.counted_people import no_other_interview
from services.scheduling.store.interviews import booked_for


async def start(work: Work, visit_id: UUID, counsellor: str) -> Interview:
    """Start an interview. Of two concurrent counsellors one gets the visitor; repeating it changes nothing.

    Raises `NotInTheRoom`, `FromEarlierDay`, `AlreadyInInterview` or `HasAppointment`.
    """
    waiting = await work.load(Waiting, visit_id, msg("visit of a person who is here"))
    rules.check_in_the_room(waiting.status, waiting.counsellor, counsellor)
    check_today(waiting, await known_centre(work.session, Centre, waiting.centre), work.now)
    if waiting.interview_id is not None:
        return await work.session.get_one(Interview, waiting.interview_id)
    if await booked_for(work.session, [visit_id]):
        raise HasAppointment()
    interview = work.add(
        Interview(
            id=uuid4(),
            correlation_id=waiting.correlation_id,
            kind=InterviewKind.INFORMATION.value,
            centre=waiting.centre,
            area=waiting.for_area or waiting.area,
            counsellor=counsellor,
            starts_at=work.now,
            minutes=0,
            status=AppointmentStatus.ARRIVED.value,
            started_at=work.now,
            visit_id=visit_id,
            subject_ref=waiting.subject_ref,
        )
    )
    work.emit(
        interview,
        InterviewStarted(
            interview_id=interview.id,
            kind=InterviewKind.INFORMATION,
            centre=interview.centre,
            area=interview.area,
            counsellor=counsellor,
            at=work.now,
            visit_id=visit_id,
        ),
    )
    waiting.counsellor, waiting.interview_id, waiting.changed_at = counsellor, interview.id, work.now
    record_change(work, waiting)
    return interview


async def finish(work: Work, interview: Interview, version: int | None = None, result: Result | None = None) -> None:
    """Finish the interview, its minutes rounded up, and with it the visit.

    Raises `NotRunning`, `Stale`, `GuidanceNotOffered`, `AreaNotServed`.

    Of one from an earlier day nobody observed the end: its minutes last until the centre closed.
    """
    check_version(interview, version)
    rules.check_running(interview.status)
    began = interview.started_at or interview.starts_at
    centre = await known_centre(work.session, Centre, interview.centre)
    set_result(interview, result, centre)
    interview.status, interview.ended_at = AppointmentStatus.FULFILLED.value, work.now
    if began < Day.of(centre, work.now).began_at:
        interview.closed_by = END_OF_DAY
        interview.minutes = times.minutes_until_closing(centre.hours, began, work.now)
    else:
        interview.minutes = times.duration_minutes(began, work.now)
    work.emit(
        interview,
        InterviewHeld(
            interview_id=interview.id,
            kind=InterviewKind.INFORMATION,
            centre=interview.centre,
            area=interview.area,
            counsellor=interview.counsellor,
            starts_at=interview.starts_at,
            minutes=interview.minutes,
            visit_id=interview.visit_id,
            subject_ref=interview.subject_ref,
            closed_by=interview.closed_by,
            outcome=interview.result,
            first_of_person=await no_other_interview(work.session, interview),
        ),
    )
    waiting = await release_visitor(work, interview)
    if waiting is not None and VisitStatus(waiting.status).in_the_room:
        # Without waiting for the event of it: nobody else can start an interview meanwhile.
        waiting.status = VisitStatus.SERVED.value
        end_copy(waiting, work.now)


async def resume(work: Work, interview: Interview, version: int | None = None) -> None:
    """The end was recorded by mistake: the interview goes on with its visitor, and has no outcome yet.

    The visit goes on once intake says so. Repeating it changes nothing.
    Raises `TooLateToUndo`, `AlreadyInInterview`, `Stale`.
    """
    if is_running(AppointmentStatus(interview.status)):
        return
    check_version(interview, version)
    check_may_resume(interview.status, interview.ended_at, work.now)
    waiting = await work.find(Waiting, interview.visit_id) if interview.visit_id else None
    if waiting is not None and waiting.interview_id is not None:
        raise AlreadyInInterview(counsellor=waiting.counsellor)
    outcome = interview.result
    interview.status, interview.minutes = AppointmentStatus.ARRIVED.value, 0
    interview.ended_at = interview.closed_by = interview.outcome = None
    work.emit(
        interview,
        InterviewResumed(
            interview_id=interview.id,
            kind=InterviewKind.INFORMATION,
            centre=interview.centre,
            area=interview.area,
            counsellor=interview.counsellor,
            starts_at=interview.starts_at,
            at=work.now,
            visit_id=interview.visit_id,
            outcome=outcome,
            last_of_person=await no_other_interview(work.session, interview),
        ),
    )
    work.notify_board(board(interview.centre))
    if waiting is not None:
        waiting.counsellor, waiting.interview_id = interview.counsellor, interview.id
        waiting.changed_at = work.now
        record_change(work, waiting)


async def undo(work: Work, interview: Interview, version: int | None = None) -> None:
    """Undo an interview that was started by mistake, while it runs or shortly after its end.

    The visitor returns to where they were, once intake says so. Raises `TooLateToUndo`, `Stale`.
    """
    check_version(interview, version)
    held = is_held(AppointmentStatus(interview.status))
    check_may_undo(interview.status, interview.ended_at, work.now)
    outcome = interview.result
    interview.status, interview.cancelled_at = AppointmentStatus.ENTERED_IN_ERROR.value, work.now
    interview.outcome = None
    work.emit(
        interview,
        InterviewUndone(
            interview_id=interview.id,
            kind=InterviewKind.INFORMATION,
            centre=interview.centre,
            area=interview.area,
            counsellor=interview.counsellor,
            starts_at=interview.starts_at,
            at=work.now,
            held=held,
            visit_id=interview.visit_id,
            outcome=outcome,
            last_of_person=await no_other_interview(work.session, interview) if held else None,
        ),
    )
    await release_visitor(work, interview)
