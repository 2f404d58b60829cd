"""Visitors with an appointment, an interview or a workshop: their arrival, as intake recorded it, and the start.

It is shown on the counsellor's board at once. Who has arrived is no no-show. Each arrival is a visit of its own, so the
events of two arrivals for one appointment may overtake each other: the later arrival is kept until it is itself undone.
"""

from datetime import datetime
from uuid import UUID

from services.chassis.copies.centres import known_centre
from services.chassis.storage.checks import check_version
from services.chassis.storage.store import Work
from services.contracts.interviews import InterviewUndone
from services.contracts.scheduling import AppointmentStatus, InterviewKind, InterviewStarted
from services.scheduling.actions.boards import board
from services.scheduling.actions.waiting import await_counsellor, await_nobody, record_change, release_visitor
from services.scheduling.domain import rules
from services.scheduling.domain.refusals import AlreadyInInterview, NotRunning
from services.scheduling.domain.states import is_booked
from services.scheduling.domain.times import same_day
from services.scheduling.store import Centre, Interview, SessionArrival, Waiting


async def arrive_for_interview(work: Work, interview_id: UUID, visit_id: UUID, counsellor: str, at: datetime) -> None:
    """The visitor of an interview has arrived, and waits for the counsellor.

    The interview does not change if it was moved to another day meanwhile, or is no longer booked.
    """
    interview = await work.find(Interview, interview_id)
    if interview is not None and is_booked(AppointmentStatus(interview.status)):
        centre = await known_centre(work.session, Centre, interview.centre)
        is_latest = interview.arrived_at is None or at >= interview.arrived_at
        if is_latest and same_day(interview.starts_at, at, centre.zone):
            if interview.visit_id != visit_id:
                await _await_arrival(work, interview)
            interview.arrived_at, interview.visit_id = at, visit_id
            work.notify_board(board(interview.centre))
    await await_counsellor(work, visit_id, counsellor, at)


async def undo_for_interview(work: Work, interview_id: UUID, visit_id: UUID, at: datetime) -> None:
    """The arrival was recorded by mistake."""
    interview = await work.find(Interview, interview_id)
    if interview is not None and interview.visit_id == visit_id:
        await _await_arrival(work, interview)
        work.notify_board(board(interview.centre))
    await await_nobody(work, visit_id, at)


async def _await_arrival(work: Work, interview: Interview) -> None:
    """Nobody has arrived; so an appointment that was started was not, and can be with who arrives later."""
    if interview.started_at is not None and is_booked(AppointmentStatus(interview.status)):
        await undo_start(work, interview)
    interview.arrived_at = interview.visit_id = None


async def arrive_for_session(work: Work, centre: str, seat: tuple[UUID, UUID], visit_id: UUID, at: datetime) -> None:
    """The visitor with this seat has arrived for a workshop's session. `seat`: the session and the seat."""
    work.notify_board(board(centre))
    known = await work.find(SessionArrival, seat)
    if known is None:
        work.add(SessionArrival(session_id=seat[0], seat_id=seat[1], arrived_at=at, visit_id=visit_id))
    elif at >= known.arrived_at:
        known.arrived_at, known.visit_id = at, visit_id


async def undo_for_session(work: Work, centre: str, seat: tuple[UUID, UUID], visit_id: UUID) -> None:
    """The arrival was recorded by mistake."""
    work.notify_board(board(centre))
    known = await work.find(SessionArrival, seat)
    if known is not None and known.visit_id == visit_id:
        await work.session.delete(known)


async def receive(work: Work, interview: Interview, version: int | None = None) -> None:
    """Start an appointment with its visitor, who has arrived. Repeating it changes nothing.

    Raises `NotBooked`, `NotArrived`, `AlreadyInInterview`, `Stale`.
    """
    check_version(interview, version)
    rules.check_booked(interview.status)
    rules.check_arrived(interview.arrived_at)
    if interview.started_at is not None:
        return
    row = await work.find(Waiting, interview.visit_id) if interview.visit_id else None
    if row is not None and row.interview_id is not None:
        raise AlreadyInInterview(counsellor=row.counsellor)
    emit_started(work, interview, work.now)
    work.notify_board(board(interview.centre))
    if row is not None:
        row.counsellor, row.interview_id, row.changed_at = interview.counsellor, interview.id, work.now
        record_change(work, row)


async def undo_start(work: Work, interview: Interview, version: int | None = None) -> None:
    """The appointment was started by mistake: its visitor is where they were before. Raises `NotRunning`, `Stale`."""
    check_version(interview, version)
    if not is_booked(AppointmentStatus(interview.status)) or interview.started_at is None:
        raise NotRunning(status=AppointmentStatus(interview.status))
    starts_at, interview.started_at = interview.started_at, None
    work.emit(
        interview,
        InterviewUndone(
            interview_id=interview.id,
            kind=InterviewKind.GUIDANCE,
            centre=interview.centre,
            area=interview.area,
            counsellor=interview.counsellor,
            starts_at=starts_at,
            at=work.now,
            held=False,
            visit_id=interview.visit_id,
            mode=interview.arrangement.mode,
        ),
    )
    await release_visitor(work, interview)


def emit_started(work: Work, interview: Interview, at: datetime) -> None:
    """Emit that an interview started with the visitor who arrived, so that the visit is served."""
    interview.started_at = at
    work.emit(
        interview,
        InterviewStarted(
            interview_id=interview.id,
            kind=InterviewKind.GUIDANCE,
            centre=interview.centre,
            area=interview.area,
            counsellor=interview.counsellor,
            at=at,
            visit_id=interview.visit_id,
        ),
    )
