"""The attendance of a workshop's sessions: recorded, and corrected.

Until the workshop is finished or cancelled it can be corrected at any time, afterwards for
`ATTENDANCE_CORRECTED_WITHIN`.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from services.chassis.copies.centres import known_centre
from services.chassis.refusals import NotFound, msg
from services.chassis.storage.checks import check_version
from services.chassis.storage.store import Work
from services.contracts.scheduling import AttendanceRecorded, FinalisingSessionDue
from services.contracts.workshops import FinalisingSessionWithdrawn
from services.scheduling.actions.boards import board
from services.scheduling.domain import refusals, rules
from services.scheduling.domain.attendance import check_no_final_interview, check_recordable, ended_at
from services.scheduling.domain.states import TAKEN_SEATS, WorkshopStatus, is_finished
from services.scheduling.domain.times import same_day
from services.scheduling.store import Attendance, Centre, GuidancePath, Seat, Session, Workshop
from services.scheduling.store.counted_people import no_other_presence
from services.scheduling.store.interviews import counted_on
from services.scheduling.store.path_seats import seat_of
from services.scheduling.store.workshops import arrivals_of, attendance_of, seats_of, sessions_of


async def record_attendance(
    work: Work, workshop: Workshop, session_id: UUID, came: Collection[UUID], version: int | None = None
) -> None:
    """Record a session's attendance (`came`: the seats present), or correct it.

    The last session's attendance finishes the workshop: for each participant who attended it, the finalising session
    becomes due, unless their path was stopped. A correction of it makes the session due, or withdraws it as long as
    none is booked or held.
    Raises `NotYet` before the session, `SeatNotTaken`, `SeatHasArrived` on the day of the session, `AttendanceStays`
    when it is too late, `WorkshopClosed` of a session that was cancelled, `FinalInterviewBooked`, `FinalInterviewHeld`,
    `PathIsClosed`, `Stale`.
    """
    check_version(workshop, version)
    centre = await known_centre(work.session, Centre, workshop.centre)
    meetings = await sessions_of(work.session, workshop.id)
    meeting = next((one for one in meetings if one.id == session_id), None)
    if meeting is None:
        raise NotFound(what=msg("session of this workshop"))
    ended = ended_at(workshop.cancelled_at, meeting.starts_at, meetings[-1].recorded_at)
    check_recordable(workshop.status, ended, work.now, centre.zone)
    rules.check_begun(meeting.starts_at, work.now, centre.zone)
    seats = await seats_of(work.session, workshop.id, *TAKEN_SEATS)
    if not {seat.id for seat in seats}.issuperset(came):
        raise refusals.SeatNotTaken()
    arrived = {seat: at for (_, seat), at in (await arrivals_of(work.session, [session_id])).items()}
    if same_day(meeting.starts_at, work.now, centre.zone):  # later, no arrival can be undone: the list says who came
        rules.check_present([seat.id for seat in seats], came, arrived, centre.zone)
    final = meeting is meetings[-1] and workshop.cancelled_at is None
    finished = is_finished(WorkshopStatus(workshop.status))
    known = await attendance_of(work.session, [session_id])
    changed = [seat for seat in seats if _attended(known.get((session_id, seat.id))) is not (seat.id in came)]
    if final and finished:
        await _correct_due(work, workshop, changed, came, centre.zone)
    opens = _Opens(meeting.recorded_at is None, all(one.recorded_at is None for one in meetings))
    for seat in changed:
        before = known.get((session_id, seat.id))
        recorded = await _record(work, workshop, session_id, seat, before, opens, attended=seat.id in came, final=final)
        opens = _OPENS_NOTHING if recorded else opens
    if meeting.recorded_at is None or not finished:  # that of the last session stays: its week begins with it
        meeting.recorded_at = work.now
    if final and not finished:
        await _finish(work, workshop, [seat for seat in seats if seat.id in came])
    work.notify_board(board(workshop.centre))


class _Opens(NamedTuple):
    """Whether the next attendance is the first of its session, and of its workshop."""

    session: bool = False
    workshop: bool = False


_OPENS_NOTHING = _Opens()


def _attended(row: Attendance | None) -> bool | None:
    return None if row is None else row.attended


async def _correct_due(
    work: Work, workshop: Workshop, changed: Sequence[Seat], came: Collection[UUID], zone: ZoneInfo
) -> None:
    """Of those whose attendance of the last session changes, the finalising session is due or is not.

    Raises `PathIsClosed`, `FinalInterviewBooked`, `FinalInterviewHeld`.
    """
    ids = sorted(seat.path_id for seat in changed if seat.path_id is not None and seat.subject_ref is not None)
    await work.prefetch(GuidancePath, ids)
    finals = await counted_on(work.session, ids)
    for id in ids:
        path = await work.find(GuidancePath, id)
        if path is not None:
            rules.check_path_open(path.closed_at, path.closed_because, zone)
        if (final := finals.get(id)) is not None:
            check_no_final_interview(final.status, final.starts_at, zone)
    await _emit_finalising_due(work, workshop, [seat for seat in changed if seat.id in came])
    for seat in changed:
        if seat.id not in came:
            await _withdraw_finalising(work, workshop, seat)


async def _withdraw_finalising(work: Work, workshop: Workshop, seat: Seat) -> None:
    path = await work.find(GuidancePath, seat.path_id) if seat.path_id else None
    if path is None or path.finalising_due_at is None:
        return
    path.finalising_due_at = None
    if seat.subject_ref is not None:
        work.emit(
            workshop,
            FinalisingSessionWithdrawn(
                workshop_id=workshop.id,
                path_id=path.id,
                subject_ref=seat.subject_ref,
                centre=workshop.centre,
                at=work.now,
            ),
        )


async def finish_if_over(work: Work, workshop: Workshop, sessions: Sequence[Session]) -> None:
    """Finish a workshop whose last session, of those that are left, has its attendance: no other one will do it.

    The absence of who missed it is emitted as final. Who came has the event of the finalising session, and is not
    counted twice.
    """
    last = sessions[-1]
    if last.recorded_at is None:
        return
    seats = await seats_of(work.session, workshop.id, *TAKEN_SEATS)
    known = await attendance_of(work.session, [last.id])
    recorded = [(seat, known[last.id, seat.id].attended) for seat in seats if (last.id, seat.id) in known]
    for seat in (seat for seat, attended in recorded if not attended):
        event = _attendance(work, workshop, last.id, seat, attended=False, final=True)
        if event is not None:
            work.emit(workshop, event.model_copy(update={"repeated": True}))
    await _finish(work, workshop, [seat for seat, attended in recorded if attended])


async def due_if_finished(work: Work, workshop: Workshop, path: GuidancePath) -> None:
    """A path that was closed when its workshop was finished goes on: its finalising session is due, as if it were open.

    Locks as `record_attendance`.
    """
    seat = await seat_of(work.session, path)
    if seat is None or not is_finished(WorkshopStatus(workshop.status)):
        return
    last = (await sessions_of(work.session, workshop.id))[-1]
    if _attended((await attendance_of(work.session, [last.id])).get((last.id, seat.id))):
        await _emit_finalising_due(work, workshop, [seat])


async def _finish(work: Work, workshop: Workshop, attended: Sequence[Seat]) -> None:
    workshop.status = WorkshopStatus.FINISHED.value
    await _emit_finalising_due(work, workshop, attended)


async def _record(
    work: Work,
    workshop: Workshop,
    session_id: UUID,
    seat: Seat,
    before: Attendance | None,
    opens: _Opens,
    *,
    attended: bool,
    final: bool,
) -> bool:
    """Record it, and say so. False: an erased visitor's attendance is stored, but not emitted."""
    since = before.recorded_at if before is not None else None
    if before is None:
        work.add(Attendance(session_id=session_id, seat_id=seat.id, attended=attended, recorded_at=work.now))
    else:
        before.attended, before.recorded_at = attended, work.now
    event = _attendance(work, workshop, session_id, seat, attended=attended, final=final)
    if event is None:
        return False
    counted_at = work.now if attended else since
    only = None
    if counted_at is not None:
        only = await no_other_presence(work.session, workshop.centre, seat, session_id, counted_at)
    facts = {
        "present_since": None if attended else since,
        "absent_since": since if attended else None,
        "first_of_person": only if attended else None,
        "last_of_person": None if attended else only,
        "opens_session": opens.session,
        "opens_workshop": opens.workshop,
    }
    work.emit(workshop, event.model_copy(update=facts))
    return True


def _attendance(
    work: Work, workshop: Workshop, session_id: UUID, seat: Seat, *, attended: bool, final: bool
) -> AttendanceRecorded | None:
    if seat.subject_ref is None or seat.path_id is None:
        return None
    return AttendanceRecorded(
        workshop_id=workshop.id,
        session_id=session_id,
        seat_id=seat.id,
        subject_ref=seat.subject_ref,
        path_id=seat.path_id,
        centre=workshop.centre,
        at=work.now,
        attended=attended,
        final=final,
    )


async def _emit_finalising_due(work: Work, workshop: Workshop, attended: Sequence[Seat]) -> None:
    await work.prefetch(GuidancePath, [seat.path_id for seat in attended if seat.path_id])
    for seat in attended:
        path = await work.find(GuidancePath, seat.path_id) if seat.path_id else None
        if path is None or path.finalising_due_at is not None or seat.subject_ref is None:
            continue
        if path.closed_at is not None:
            continue  # nobody can book it
        path.finalising_due_at = work.now
        work.emit(
            workshop,
            FinalisingSessionDue(
                workshop_id=workshop.id,
                path_id=path.id,
                subject_ref=seat.subject_ref,
                centre=workshop.centre,
                at=work.now,
            ),
        )
