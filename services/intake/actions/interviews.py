"""What a counsellor's interview does to the visitor's visit: it serves the visitor, ends the visit, or is undone.

Interviews of one visitor are separate aggregates, so their events may arrive in any order. One begins only when the one
before is over: of two, the later one decides.
"""

from datetime import datetime
from uuid import UUID

from services.chassis.storage.store import Work
from services.contracts.intake import VisitBeingServed, VisitReturned, VisitStatus
from services.intake.actions.queue import put_on_hold
from services.intake.actions.visits import board, emit_ended
from services.intake.store import Visit


async def begin(work: Work, visit_id: UUID, interview_id: UUID, at: datetime) -> None:
    """The visitor is being served. Ignored if the desk has ended the visit, or a later interview began before.

    After a departure the interview is only noted: who is in one does not come back to the queue.
    """
    visit = await work.find(Visit, visit_id)
    if visit is None:
        return
    if visit.interview_id is None:
        if not _may_begin(VisitStatus(visit.status)):
            return
        visit.before_interview, visit.held_before_interview = visit.status, visit.held_at is not None
    elif visit.interview_since is not None and at < visit.interview_since:
        return
    visit.interview_id, visit.interview_since = interview_id, at
    match VisitStatus(visit.status):
        case VisitStatus.WAITING | VisitStatus.CALLED | VisitStatus.SERVED:
            visit.status, visit.ended_at = VisitStatus.BEING_SERVED.value, None
            visit.closed_by = visit.held_at = None
            visit.served_at = max(at, visit.called_at or at)
            work.emit(visit, VisitBeingServed(visit_id=visit.id, centre=visit.centre, at=visit.served_at))
            work.notify_board(board(visit.centre))
        case VisitStatus.BEING_SERVED | VisitStatus.LEFT | VisitStatus.NO_QUEUE:
            pass


def _may_begin(status: VisitStatus) -> bool:
    match status:
        case VisitStatus.WAITING | VisitStatus.CALLED | VisitStatus.BEING_SERVED | VisitStatus.LEFT:
            return True
        case VisitStatus.SERVED | VisitStatus.NO_QUEUE:
            return False


async def end(work: Work, visit_id: UUID, interview_id: UUID, at: datetime, closed_by: str | None = None) -> None:
    """The visit ends with the interview. Ignored if the desk, or a later interview, has decided otherwise."""
    visit = await work.find(Visit, visit_id)
    _is_over(visit, interview_id)
    if visit is None or visit.interview_id != interview_id or not VisitStatus(visit.status).in_the_room:
        return
    visit.status, visit.closed_by = VisitStatus.SERVED.value, closed_by
    visit.ended_at = max(min(at, work.now), visit.served_at or at)
    emit_ended(work, visit)


async def resume(work: Work, visit_id: UUID, interview_id: UUID) -> None:
    """The interview that ended the visit goes on, and so does the visit. Ignored if the desk has decided otherwise."""
    visit = await work.find(Visit, visit_id)
    if visit is None or visit.interview_id != interview_id or not VisitStatus(visit.status).was_served:
        return
    visit.status, visit.ended_at, visit.closed_by = VisitStatus.BEING_SERVED.value, None, None
    status = VisitStatus.BEING_SERVED
    work.emit(visit, VisitReturned(visit_id=visit.id, centre=visit.centre, at=work.now, status=status))
    work.notify_board(board(visit.centre))


async def undo(work: Work, visit_id: UUID, interview_id: UUID) -> None:
    """The visitor is again where they were before: in the queue at their place, on hold, called, or at the desk."""
    visit = await work.find(Visit, visit_id)
    _is_over(visit, interview_id)
    if visit is None or visit.interview_id != interview_id or visit.before_interview is None:
        return
    before, held = VisitStatus(visit.before_interview), visit.held_before_interview
    visit.interview_id, visit.interview_since, visit.before_interview = None, None, None
    visit.held_before_interview = False
    if VisitStatus(visit.status) is before:
        return
    match before:
        case VisitStatus.WAITING | VisitStatus.CALLED:
            visit.served_at = None
        case VisitStatus.BEING_SERVED | VisitStatus.SERVED | VisitStatus.LEFT | VisitStatus.NO_QUEUE:
            pass
    visit.status, visit.ended_at, visit.closed_by = before.value, None, None
    work.emit(visit, VisitReturned(visit_id=visit.id, centre=visit.centre, at=work.now, status=before))
    if held:
        put_on_hold(work, visit)
    work.notify_board(board(visit.centre))


def _is_over(visit: Visit | None, interview_id: UUID) -> None:
    """A visit that was closed during this interview is not brought back into it."""
    if visit is not None and visit.before_closing and visit.before_closing["interview_id"] == str(interview_id):
        visit.before_closing = None
