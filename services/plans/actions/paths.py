"""Facts of guidance paths, which scheduling publishes. Their order does not change the outcome: the first fact stores
the path, and its plan opens once the path's person is known *and* the first guidance session was held.
"""

from datetime import datetime
from uuid import UUID

from services.chassis.storage.store import Work
from services.contracts.plans import PlanOpened
from services.contracts.scheduling import Method
from services.plans.actions.erasure import erase_path, is_erased, subject_of
from services.plans.domain import attendance_id_of, first_guidance_session, plan_id_of
from services.plans.store import Attendance, HeldInterview, Path, Plan, Workshop


async def open_path(
    work: Work, path_id: UUID, *, subject_ref: UUID, centre: str, method: Method, at: datetime, workshop_id: UUID | None
) -> None:
    """Stores whose path it is, its centre and its method."""
    path = await _path(work, path_id, subject_ref)
    if path is None:
        return
    path.centre, path.method, path.opened_at = centre, method, at
    if work.cause.correlation_id is not None:
        path.correlation_id = work.cause.correlation_id
    if workshop_id is not None and path.workshop_id is None:
        path.workshop_id = workshop_id
    await _open_plan(work, path)


async def stop_path(work: Work, path_id: UUID, *, at: datetime) -> None:
    """Marks a path that was closed without a confirmed plan, unless it was reopened since."""
    path = await _path(work, path_id, None)
    if path is None or (path.reopened_at is not None and at < path.reopened_at):
        return
    path.stopped_at = max(at, path.stopped_at or at)
    _notify_boards(work, path)


async def reopen_path(work: Work, path_id: UUID, *, at: datetime) -> None:
    """Marks that a path goes on which was closed before; one that was closed since stays so."""
    path = await _path(work, path_id, None)
    if path is None:
        return
    path.reopened_at = max(at, path.reopened_at or at)
    if path.stopped_at is not None and path.stopped_at <= at:
        path.stopped_at = None
    _notify_boards(work, path)


async def count_interview(
    work: Work, interview_id: UUID, *, path_id: UUID, subject_ref: UUID | None, starts_at: datetime, number: int | None
) -> None:
    """Stores a held interview, once. The first one (`number` 1 or None) can open the plan."""
    path = await _path(work, path_id, subject_ref)
    if path is None or await work.find(HeldInterview, interview_id) is not None:
        return
    work.start(HeldInterview(id=interview_id, path_id=path_id, starts_at=starts_at))
    if number in (None, 1):
        path.first_held_at = min(starts_at, path.first_held_at or starts_at)
    await _open_plan(work, path)


async def uncount_interview(work: Work, interview_id: UUID, *, path_id: UUID) -> None:
    """Removes an interview that was not held after all. A plan that it opened stays: the person may write in it."""
    path = await _path(work, path_id, None)
    known = await work.find(HeldInterview, interview_id)
    if path is None or known is None:
        return
    await work.session.delete(known)
    _notify_boards(work, path)


async def take_seat(work: Work, path_id: UUID, *, subject_ref: UUID, workshop_id: UUID, at: datetime) -> None:
    """Stores in which workshop the path's person has a seat. Of several seats, the one taken last counts."""
    path = await _path(work, path_id, subject_ref)
    if path is None:
        return
    if path.seated_at is None or (at, workshop_id) > (path.seated_at, path.workshop_id):
        path.workshop_id, path.seated_at = workshop_id, at
    _notify_boards(work, path)


async def record_attendance(
    work: Work,
    path_id: UUID,
    *,
    subject_ref: UUID,
    workshop_id: UUID,
    session_id: UUID,
    at: datetime,
    attended: bool,
    final: bool,
) -> None:
    """Stores whether the person attended a session, or corrects it. The first attendance can open the plan."""
    path = await _path(work, path_id, subject_ref)
    if path is None:
        return
    id = attendance_id_of(path_id, session_id)
    known = await work.find(Attendance, id)
    if known is None:
        attendance = Attendance(
            id=id,
            path_id=path_id,
            session_id=session_id,
            workshop_id=workshop_id,
            attended=attended,
            final=final,
            at=at,
        )
        work.start(attendance)
    else:
        known.attended, known.final, known.at = attended, final, at
    if attended and path.first_attended_at is None:
        path.first_attended_at = at
    await _open_plan(work, path)


async def mark_finalising_due(work: Work, path_id: UUID, *, subject_ref: UUID, at: datetime) -> None:
    """Marks that the workshop is finished and the individual finalising session is due."""
    path = await _path(work, path_id, subject_ref)
    if path is None:
        return
    path.finalising_due_at = min(at, path.finalising_due_at or at)
    _notify_boards(work, path)


async def withdraw_finalising(work: Work, path_id: UUID, *, subject_ref: UUID) -> None:
    """Marks that the individual finalising session is not due."""
    path = await _path(work, path_id, subject_ref)
    if path is None:
        return
    path.finalising_due_at = None
    _notify_boards(work, path)


async def announce_workshop(work: Work, workshop_id: UUID, sessions: int) -> None:
    """Stores how many sessions a workshop has."""
    known = await work.find(Workshop, workshop_id)
    if known is None:
        work.start(Workshop(id=workshop_id, sessions=sessions))
    else:
        known.sessions = sessions


async def _path(work: Work, path_id: UUID, subject_ref: UUID | None) -> Path | None:
    """The path, inserted if it is new; None if its person was erased."""
    path = await work.find(Path, path_id)
    if path is None:
        path = work.start(Path(id=path_id))
    if path.erased:
        return None
    if subject_ref is not None and path.subject_ref is None:
        if await is_erased(work, subject_ref):
            await erase_path(work, path)
            return None
        path.subject_ref = subject_ref
    return path


async def _open_plan(work: Work, path: Path) -> None:
    """Opens the path's one plan if its first guidance session was held and no plan is open."""
    _notify_boards(work, path)
    if path.method is None or path.centre is None or path.subject_ref is None:
        return
    method = Method(path.method)
    first_at = first_guidance_session(
        method, first_held_at=path.first_held_at, first_attended_at=path.first_attended_at
    )
    if first_at is None or await work.find(Plan, plan_id_of(path.id)) is not None:
        return
    plan = Plan(
        id=plan_id_of(path.id),
        correlation_id=path.correlation_id,
        path_id=path.id,
        subject_ref=path.subject_ref,
        centre=path.centre,
        method=method,
        opened_at=first_at,
        closed_to_centre=(await subject_of(work, path.subject_ref)).plan_is_closed,
    )
    work.emit(
        work.add(plan),
        PlanOpened(
            plan_id=plan.id,
            path_id=path.id,
            subject_ref=plan.subject_ref,
            centre=plan.centre,
            method=method,
            at=first_at,
        ),
    )


def _notify_boards(work: Work, path: Path) -> None:
    work.notify_board(f"plan:{plan_id_of(path.id)}", *([f"plans:{path.centre}"] if path.centre else []))
