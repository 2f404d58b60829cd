"""The end of an interview that was recorded by mistake is undone: it goes on, or is booked as it was."""

from datetime import datetime
from zoneinfo import ZoneInfo

from services.chassis.copies.centres import known_centre
from services.chassis.storage.checks import check_version
from services.chassis.storage.store import Work
from services.contracts.interviews import InterviewResumed
from services.contracts.scheduling import AppointmentStatus, InterviewKind
from services.scheduling.actions import information
from services.scheduling.actions.boards import board
from services.scheduling.actions.calendar import calendars, release, reserve, set_absences_aside
from services.scheduling.actions.kept_times import free_kept_time
from services.scheduling.actions.path_rules import check_consent
from services.scheduling.actions.restating import emit_restated
from services.scheduling.actions.waiting import record_change
from services.scheduling.domain import times
from services.scheduling.domain.earlier import WishEnd
from services.scheduling.domain.outcomes import check_may_resume, check_path_goes_on
from services.scheduling.domain.refusals import AlreadyInInterview, PersonUnknown
from services.scheduling.domain.states import is_booked
from services.scheduling.store import Centre, EarlierWish, GuidancePath, Interview, Waiting
from services.scheduling.store.counted_people import no_other_interview


async def resume(work: Work, interview: Interview, version: int | None = None) -> None:
    """Undo the end of an interview. Repeating it changes nothing.

    One with an appointment is booked, at the time for which it was booked, and goes on if its visitor
    has arrived. Its path has one interview less that was held; what was booked on it meanwhile stays. If it was held
    early, who waited for an earlier time of it waits again.
    Raises `TooLateToUndo`, `AlreadyInInterview`, `Stale`; of one with an appointment `PersonUnknown` of an erased
    person, `HeldOnClosedPath`, and if it was held early, `ConsentMissing` when its time is still to come. That time is
    kept; `Overlap` only if an absence ended that, and something else was booked then.
    """
    if interview.kind == InterviewKind.INFORMATION:
        await information.resume(work, interview, version)
        return
    if is_booked(AppointmentStatus(interview.status)):
        return
    check_version(interview, version)
    check_may_resume(interview.status, interview.ended_at, work.now)
    centre = await known_centre(work.session, Centre, interview.centre)
    path = await work.find(GuidancePath, interview.path_id) if interview.path_id is not None else None
    if path is None or interview.subject_ref is None:
        raise PersonUnknown()
    check_path_goes_on(path.closed_at, path.closed_because, centre.zone)
    if interview.booked_for is not None and interview.booked_for > work.now:
        await check_consent(work, interview.subject_ref)
    waiting = await work.find(Waiting, interview.visit_id) if interview.visit_id else None
    if waiting is not None and waiting.interview_id is not None:
        raise AlreadyInInterview(counsellor=waiting.counsellor)
    await _emit_resumed(work, interview)
    if interview.booked_for is not None and interview.ended_at is not None:
        await _wait_again(work, interview, interview.ended_at)
    interview.status = AppointmentStatus.BOOKED.value
    interview.ended_at = interview.number = interview.outcome = None
    if interview.booked_for is not None:
        await _put_back(work, interview, interview.booked_for, centre.zone)
    emit_restated(work, interview, interview.subject_ref)
    work.notify_board(board(interview.centre))
    if waiting is not None and interview.started_at is not None:
        waiting.counsellor, waiting.interview_id = interview.counsellor, interview.id
        waiting.changed_at = work.now
        record_change(work, waiting)


async def _emit_resumed(work: Work, interview: Interview) -> None:
    """Emit what was held, so that who counted it takes it back."""
    work.emit(
        interview,
        InterviewResumed(
            interview_id=interview.id,
            kind=InterviewKind.GUIDANCE,
            centre=interview.centre,
            area=interview.area,
            counsellor=interview.counsellor,
            starts_at=interview.starts_at,
            at=work.now,
            visit_id=interview.visit_id,
            path_id=interview.path_id,
            mode=interview.arrangement.mode,
            outcome=interview.result,
            last_of_person=await no_other_interview(work.session, interview),
        ),
    )


async def _put_back(work: Work, interview: Interview, starts_at: datetime, zone: ZoneInfo) -> None:
    """Reserve the time for which the interview was booked before it was held early, with its room: it was kept.

    In an absence that was entered since, it stays, as what is booked does.
    """
    await release(work, interview.id)
    await free_kept_time(work, interview.id)
    await set_absences_aside(work, interview.counsellor, times.quarters(starts_at, interview.minutes))
    taken = await calendars(work.session, interview.centre, interview.counsellor, interview.room, interview.subject_ref)
    await reserve(work, interview.id, taken, starts_at=starts_at, minutes=interview.minutes, zone=zone)
    interview.starts_at, interview.booked_for = starts_at, None


async def _wait_again(work: Work, interview: Interview, ended_at: datetime) -> None:
    """Who left the list for earlier times because the interview was held is back in their place."""
    wish = await work.find(EarlierWish, interview.id)
    if wish is None or wish.ended_at is None or wish.ended_at < ended_at or wish.ended_because != WishEnd.OVER:
        return
    wish.ended_at = wish.ended_because = None
