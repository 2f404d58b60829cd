"""Information interviews: with a visitor in the room, without appointment."""

from uuid import UUID, uuid4

from services.chassis.refusals import msg
from services.chassis.storage.checks import check_version
from services.chassis.storage.store import Work
from services.contracts.scheduling import (
    AppointmentStatus,
    InterviewHeld,
    InterviewKind,
    InterviewStarted,
)
from services.scheduling.actions.boards import board
from services.scheduling.actions.waiting import record_change
from services.scheduling.domain import rules, times
from services.scheduling.store import Interview, Waiting


async def start(work: Work, visit_id: UUID, counsellor: str) -> Interview:
    """Start an interview. Of two concurrent counsellors one gets the visitor; repeating it changes nothing.

    Raises `NotInTheRoom` or `AlreadyInInterview`.
    """
    waiting = await work.load(Waiting, visit_id, msg("visit of a person who is here"))
    rules.check_in_the_room(waiting.status, waiting.counsellor, counsellor)
    if waiting.interview_id is not None:
        return await work.session.get_one(Interview, waiting.interview_id)
    interview = work.add(
        Interview(
            id=uuid4(),
            correlation_id=waiting.correlation_id,
            kind=InterviewKind.INFORMATION.value,
            centre=waiting.centre,
            area=waiting.area,
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


async def finish(work: Work, interview: Interview, version: int | None = None) -> None:
    """Finish the interview, its minutes rounded up. Raises `NotRunning`, `Stale`."""
    check_version(interview, version)
    rules.check_running(interview.status)
    interview.status, interview.ended_at = AppointmentStatus.FULFILLED.value, work.now
    interview.minutes = times.duration_minutes(interview.started_at or interview.starts_at, work.now)
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
        ),
    )
    await release_visitor(work, interview)


async def release_visitor(work: Work, interview: Interview) -> None:
    """Record that the visitor is no longer in this interview."""
    work.notify_board(board(interview.centre))
    waiting = await work.find(Waiting, interview.visit_id) if interview.visit_id else None
    if waiting is not None and waiting.interview_id == interview.id:
        waiting.counsellor, waiting.interview_id, waiting.changed_at = None, None, work.now
        record_change(work, waiting)
