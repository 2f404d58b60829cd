"""A visitor took a ticket before they spoke of their appointment: the visit becomes the arrival, with that ticket."""

from uuid import UUID

from services.chassis.copies.centres import known_centre
from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.storage.store import Work
from services.contracts.intake import VisitStatus
from services.contracts.queue import VisitorArrived, VisitTransferred
from services.intake.actions import people, visits
from services.intake.actions.accesses import log_access
from services.intake.actions.places import keep_place
from services.intake.actions.queue import load_today, put_in_queue
from services.intake.actions.references import references_of
from services.intake.domain import appointments as rules
from services.intake.domain import queue
from services.intake.domain.accesses import AccessKind
from services.intake.store import Centre, Visit
from services.intake.store.appointments import Appointment, is_arrival


async def link(work: Work, id: UUID, visit_id: UUID, by: Person) -> Visit:
    """Record the arrival for an interview with a visit that is in the room. The same again changes nothing.

    The visit keeps its ticket and its place in the queue, gets the priority, and waits for the counsellor.
    `undo_arrival` gives it back as it was: where in the queue, whose, and counted. Raises `NotFound`, `AlreadyArrived`,
    `NotAnInterview`, `IsAnArrival`, `AlreadyKnown`, `WrongStep`, `InAnInterview`, `NotToday`, `AppointmentOver`.
    """
    appointment = await work.load(Appointment, id, msg("appointment"))
    visit = await work.load(Visit, visit_id, msg("visit"))
    if appointment.visit_id == visit.id:
        return visit
    if appointment.visit_id is not None:
        raise rules.AlreadyArrived()
    if not appointment.queues:
        raise rules.NotAnInterview()
    if visit.centre != appointment.centre:
        raise NotFound(what=msg("visit"))
    if await is_arrival(work.session, visit.id):
        raise rules.IsAnArrival()
    centre = await known_centre(work.session, Centre, appointment.centre)
    rules.check_may_arrive(appointment.starts_at, appointment.ends_at, work.now, centre.zone)
    await load_today(work, visit.id, None)
    queue.check_may_wait(VisitStatus(visit.status))
    refs = await references_of(work.session, visit.subject_ref) if visit.subject_ref is not None else ()
    known = appointment.subject_ref in refs
    if not known:
        people.identify(work, visit, appointment.subject_ref)
        log_access(work, appointment.subject_ref, by, AccessKind.VISIT)
    _await(work, visit, appointment.counsellor)
    appointment.arrived_at = appointment.linked_at = work.now
    appointment.visit_id, appointment.identified_visit = visit.id, not known
    work.emit(
        visit,
        VisitorArrived(
            visit_id=visit.id,
            centre=visit.centre,
            at=work.now,
            counsellor=appointment.counsellor,
            interview_id=appointment.id,
        ),
    )
    work.notify_board(visits.board(visit.centre))
    return visit


def _await(work: Work, visit: Visit, counsellor: str) -> None:
    """Back in the queue, for this counsellor alone, before those without priority."""
    keep_place(visit)
    put_in_queue(visit)
    visit.priority, visit.rank = queue.Priority.APPOINTMENT, queue.order(queue.Priority.APPOINTMENT)
    visit.for_area = visit.for_desk = visit.transferred_by = visit.estimate = None
    visit.for_counsellor = counsellor
    moved = VisitTransferred(visit_id=visit.id, centre=visit.centre, at=work.now, counsellor=counsellor)
    work.emit(visit, moved)
