"""Who is expected with an appointment, as scheduling says; and their arrival, which is a visit with priority.

The copies are of registered people alone: an erasure ends them, and no event brings them back.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlmodel import col

from services.chassis.copies.centres import known_centre
from services.chassis.identity.people import Person
from services.chassis.refusals import Stale, msg
from services.chassis.storage.store import Work
from services.contracts.appointments import AppointmentMode
from services.contracts.intake import Channel, VisitReturned, VisitStatus
from services.contracts.queue import (
    BY_MISTAKE,
    VisitorArrivalUndone,
    VisitorArrived,
    VisitPutOnHold,
    VisitTransferred,
    seat_appointment,
)
from services.intake.actions import people, visits
from services.intake.actions import queue as turns
from services.intake.actions.accesses import log_access
from services.intake.actions.places import emit_given_back, give_back, release_arrival
from services.intake.domain import appointments as rules
from services.intake.domain import may_be_called_next, queue
from services.intake.domain.accesses import AccessKind
from services.intake.domain.appointments import AppointmentKind
from services.intake.store import Centre, Visit, Visitor
from services.intake.store.appointments import (
    Appointment,
    RoomName,
    WorkshopSession,
    appointment_with,
    delete_where,
    is_taken,
    sessions_of,
)


@dataclass(frozen=True, slots=True)
class Booking:
    """When and with whom an appointment is."""

    centre: str
    area: str | None
    counsellor: str
    room: str | None
    starts_at: datetime
    ends_at: datetime


async def expect_interview(
    work: Work,
    interview_id: UUID,
    subject_ref: UUID,
    booking: Booking,
    mode: AppointmentMode = AppointmentMode.IN_PERSON,
) -> None:
    """Copy an interview that was booked, or moved.

    Moved to another day, its visitor has not arrived yet; who is here waits as without an appointment.
    Ignored if the person is not registered here: imported, or erased.
    """
    if await work.find(Visitor, subject_ref) is None:
        return
    known = await work.find(Appointment, interview_id)
    if known is None:
        added = await _add(work, interview_id, AppointmentKind.INTERVIEW, subject_ref, booking)
        added.mode = mode.value
        return
    centre = await known_centre(work.session, Centre, known.centre)
    if known.starts_at.astimezone(centre.zone).date() != booking.starts_at.astimezone(centre.zone).date():
        await release_arrival(work, known)
        known.arrived_at = known.visit_id = known.linked_at = None
        known.identified_visit = True
    await _await_other(work, known, booking.counsellor)
    known.counsellor, known.room, known.mode = booking.counsellor, booking.room, mode.value
    known.starts_at, known.ends_at = booking.starts_at, booking.ends_at
    work.notify_board(visits.board(known.centre))


async def restore_arrival(work: Work, interview_id: UUID, visit_id: UUID, at: datetime) -> None:
    """The visitor of an interview whose end was undone has arrived. A ticket that was taken before stays a visit."""
    known, visit = await work.find(Appointment, interview_id), await work.find(Visit, visit_id)
    if known is None or visit is None or known.visit_id is not None:
        return
    known.arrived_at, known.visit_id = at, visit_id
    if visit.checked_in_at < at:
        known.linked_at, known.identified_visit = at, False
    work.notify_board(visits.board(known.centre))


async def _await_other(work: Work, appointment: Appointment, counsellor: str) -> None:
    """A visitor who has arrived waits for the counsellor who now has the appointment; who was called, when put back."""
    visit = await work.find(Visit, appointment.visit_id) if appointment.visit_id is not None else None
    if visit is None or counsellor == visit.for_counsellor:
        return
    status = VisitStatus(visit.status)
    waits = may_be_called_next(status)
    if not waits and visit.for_counsellor != appointment.counsellor:
        return
    visit.for_counsellor = counsellor
    if not status.in_the_room:
        return
    work.emit(
        visit,
        VisitTransferred(
            visit_id=visit.id,
            centre=visit.centre,
            at=work.now,
            area=visit.for_area,
            desk=visit.for_desk,
            counsellor=counsellor,
        ),
    )
    if not waits:
        work.emit(visit, VisitReturned(visit_id=visit.id, centre=visit.centre, at=work.now, status=status))
    elif visit.held_at is not None:  # a transfer ends it
        work.emit(visit, VisitPutOnHold(visit_id=visit.id, centre=visit.centre, at=work.now))


async def expect_no_more(work: Work, interview_id: UUID, *, held: bool = False) -> None:
    """The interview was held, missed or cancelled: nobody is expected for it, and its code is gone.

    Unless it was held, who has arrived for it waits as without an appointment.
    """
    known = await work.find(Appointment, interview_id)
    if known is not None:
        if not held:
            await release_arrival(work, known)
        await work.session.delete(known)
        work.notify_board(visits.board(known.centre))


async def name_room(work: Work, centre: str, code: str, name: str) -> None:
    """Keep what people call a room, also of appointments that are copied already."""
    known = await work.find(RoomName, (centre, code))
    if known is None:
        work.add(RoomName(centre=centre, code=code, name=name))
    else:
        known.name = name
    work.notify_board(visits.board(centre))


async def announce_workshop(work: Work, workshop_id: UUID, sessions: Mapping[UUID, Booking]) -> None:
    """Copy the sessions of a workshop that are not over, by their ids."""
    for id, one in sessions.items():
        if one.ends_at > work.now and await work.find(WorkshopSession, id) is None:
            work.add(WorkshopSession(id=id, workshop_id=workshop_id, **asdict(one)))


async def expect_in_workshop(work: Work, workshop_id: UUID, seat_id: UUID, subject_ref: UUID) -> None:
    """Copy a seat: an appointment for each session that is not over. Ignored as in `expect_interview`."""
    if await work.find(Visitor, subject_ref) is None:
        return
    await work.session.flush()
    for one in await sessions_of(work.session, workshop_id):
        id = seat_appointment(one.id, seat_id)
        if one.ends_at > work.now and await work.find(Appointment, id) is None:
            booking = Booking(one.centre, one.area, one.counsellor, one.room, one.starts_at, one.ends_at)
            row = await _add(work, id, AppointmentKind.WORKSHOP, subject_ref, booking)
            row.workshop_id, row.session_id, row.seat_id = workshop_id, one.id, seat_id


async def release_seat(work: Work, seat_id: UUID, centre: str) -> None:
    """A seat was released: its visitor is expected no more."""
    await work.session.flush()
    await delete_where(work.session, col(Appointment.seat_id) == seat_id)
    work.notify_board(visits.board(centre))


async def cancel_workshop(work: Work, workshop_id: UUID, centre: str) -> None:
    """A workshop was cancelled: nobody is expected for it."""
    await work.session.flush()
    await delete_where(work.session, col(Appointment.workshop_id) == workshop_id)
    for one in await sessions_of(work.session, workshop_id):
        await work.session.delete(one)
    work.notify_board(visits.board(centre))


async def _add(work: Work, id: UUID, kind: AppointmentKind, subject_ref: UUID, booking: Booking) -> Appointment:
    code = rules.new_code()
    while await is_taken(work.session, code):
        code = rules.new_code()
    work.notify_board(visits.board(booking.centre))
    return work.start(Appointment(id=id, kind=kind.value, subject_ref=subject_ref, code=code, **asdict(booking)))


async def arrive(work: Work, id: UUID, channel: Channel, *, by: Person | None = None) -> Visit:
    """Check in the visitor of an appointment. Again, the answer is the same visit; who left meanwhile is back in it.

    To an interview comes a ticket with priority, which waits for the counsellor. Who comes to a workshop gets none.
    `by`: who says whose visit it is; None: the code does. Raises `NotToday`, `AppointmentOver`, `AlreadyReceived`.
    """
    appointment = await work.load(Appointment, id, msg("appointment"))
    if appointment.visit_id is not None:
        return await _arrive_again(work, appointment.visit_id, appointment.ends_at)
    centre = await known_centre(work.session, Centre, appointment.centre)
    rules.check_may_arrive(appointment.starts_at, appointment.ends_at, work.now, centre.zone)
    area = appointment.area if appointment.area in centre.areas else None
    visit = await visits.check_in(work, visits.Arrival(uuid4(), centre.code, area, channel, queue=appointment.queues))
    people.identify(work, visit, appointment.subject_ref)
    if by is not None:
        log_access(work, appointment.subject_ref, by, AccessKind.VISIT)
    if appointment.queues:
        visit.priority, visit.rank = queue.Priority.APPOINTMENT, queue.order(queue.Priority.APPOINTMENT)
        visit.for_counsellor, visit.estimate = appointment.counsellor, None
    appointment.arrived_at, appointment.visit_id = visit.checked_in_at, visit.id
    work.emit(
        visit,
        VisitorArrived(
            visit_id=visit.id,
            centre=centre.code,
            at=visit.checked_in_at,
            counsellor=appointment.counsellor,
            **_which(appointment),
        ),
    )
    return visit


async def _arrive_again(work: Work, visit_id: UUID, ends_at: datetime) -> Visit:
    """The visit of an arrival, not ended: nobody could call its ticket. Raises as `arrive` and `queue.come_back` do."""
    visit = await work.load(Visit, visit_id, msg("visit"))
    match VisitStatus(visit.status):
        case VisitStatus.SERVED:
            raise rules.AlreadyReceived()
        case VisitStatus.LEFT:
            rules.check_not_over(ends_at, work.now)
            return await turns.come_back(work, visit_id)
        case VisitStatus.WAITING | VisitStatus.CALLED | VisitStatus.BEING_SERVED | VisitStatus.NO_QUEUE:
            return visit


async def arrive_with(work: Work, centre: str, code: str, channel: Channel, *, by: Person | None = None) -> Visit:
    """Check in the visitor who has this code. Raises `UnknownCode`, and as `arrive`."""
    id = await appointment_with(work.session, centre, code)
    appointment = await work.find(Appointment, id) if id is not None else None
    if appointment is None or appointment.ends_at <= work.now:
        raise rules.UnknownCode()
    return await arrive(work, appointment.id, channel, by=by)


async def undo_arrival(work: Work, id: UUID, visit_id: UUID) -> Appointment:
    """The arrival was recorded by mistake: the visitor is expected again, and the visit is ended and not counted.

    A ticket that was linked (`linking`) is where it was, whose it was, and counts.
    `visit_id`: the arrival that the caller saw. Without an arrival, nothing changes. Raises `Stale` if it is another
    one by now, `TooLateToUndoArrival`.
    """
    appointment = await work.load(Appointment, id, msg("appointment"))
    if appointment.visit_id is None:
        return appointment
    if appointment.visit_id != visit_id:
        raise Stale()
    visit = await work.load(Visit, visit_id, msg("visit"))
    status = VisitStatus(visit.status)
    rules.check_may_undo_arrival(status, in_an_interview=visit.interview_id is not None)
    stays = appointment.linked_at is not None
    known = stays and not appointment.identified_visit
    appointment.arrived_at = appointment.visit_id = appointment.linked_at = None
    visit.subject_ref, appointment.identified_visit = visit.subject_ref if known else None, True
    held = stays and give_back(visit, appointment.counsellor)
    if not stays:
        visit.rank, visit.for_counsellor, visit.closed_by = queue.order(None), None, BY_MISTAKE
    work.emit(
        visit,
        VisitorArrivalUndone(
            visit_id=visit.id,
            centre=visit.centre,
            at=work.now,
            checked_in_at=visit.checked_in_at,
            area=visit.area,
            visit_stays=stays,
            **_which(appointment),
        ),
    )
    if stays:
        emit_given_back(work, visit, held=held)
    elif status.in_the_room:
        visit.status, visit.ended_at = VisitStatus.LEFT.value, work.now
        visits.emit_ended(work, visit)
    work.notify_board(visits.board(visit.centre))
    return appointment


def _which(appointment: Appointment) -> dict[str, UUID | None]:
    """The appointment, as scheduling knows it."""
    if appointment.queues:
        return {"interview_id": appointment.id}
    return {"session_id": appointment.session_id, "seat_id": appointment.seat_id}
