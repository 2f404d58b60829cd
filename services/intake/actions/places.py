"""A ticket that is taken for an appointment's: where it was before, and how it goes back there."""

from datetime import datetime
from typing import Any

from services.chassis.storage.store import Work
from services.contracts.intake import VisitIdentified, VisitReturned, VisitStatus
from services.contracts.queue import VisitPrioritised, VisitPutOnHold, VisitTransferred
from services.intake.actions.queue import put_on_hold
from services.intake.domain import queue
from services.intake.store import Visit
from services.intake.store.appointments import Appointment

_DESTINATION = ("for_area", "for_desk", "for_counsellor", "transferred_by", "estimate")
_TIMES = ("called_at", "served_at")


def _waits(visit: Visit) -> bool:
    match VisitStatus(visit.status):
        case VisitStatus.WAITING:
            return True
        case (
            VisitStatus.CALLED | VisitStatus.BEING_SERVED | VisitStatus.SERVED | VisitStatus.LEFT | VisitStatus.NO_QUEUE
        ):
            return False


def keep_place(visit: Visit) -> None:
    """Keep where the visit is, until it goes back there or ends."""
    visit.priority_before_link = visit.priority
    visit.before_link = {
        "status": visit.status,
        "desk": visit.desk,
        "rank": visit.rank,
        "held": visit.held_at is not None,
        **{name: getattr(visit, name) for name in _DESTINATION},
        **{name: at.isoformat() if (at := getattr(visit, name)) is not None else None for name in _TIMES},
    }


def _take_appointment_away(visit: Visit, counsellor: str) -> dict[str, Any]:
    """The visit has no priority of an appointment and waits for whom it waited before, unless that was changed since.

    `counsellor`: with whom the appointment is. Returns where a ticket was that was linked.
    """
    before: dict[str, Any] = visit.before_link or {}
    priority, visit.before_link, visit.priority_before_link = visit.priority_before_link, None, None
    if visit.priority in (None, queue.Priority.APPOINTMENT):
        visit.priority, visit.rank = priority, before.get("rank", queue.order(None))
    if (visit.for_area, visit.for_desk, visit.for_counsellor) == (None, None, counsellor):
        for name in _DESTINATION:
            setattr(visit, name, before.get(name))
    return before


async def release_arrival(work: Work, appointment: Appointment) -> None:
    """There is no such appointment any more: who has arrived for it waits as without one, at their place.

    Of who has left, the rank stays as other services have it; `emit_destination` is emitted with their return.
    """
    visit = await work.find(Visit, appointment.visit_id) if appointment.visit_id is not None else None
    if visit is None:
        return
    status, before = VisitStatus(visit.status), (visit.rank, visit.for_area, visit.for_desk, visit.for_counsellor)
    _take_appointment_away(visit, appointment.counsellor)
    if not status.in_the_room:
        visit.rank = before[0]
        return
    if before == (visit.rank, visit.for_area, visit.for_desk, visit.for_counsellor):
        return
    about: dict[str, Any] = {"visit_id": visit.id, "centre": visit.centre, "at": work.now}
    moved = VisitTransferred(**about, area=visit.for_area, desk=visit.for_desk, counsellor=visit.for_counsellor)
    work.emit(visit, moved)
    if visit.rank != before[0]:
        work.emit(visit, VisitPrioritised(**about, priority=visit.rank != queue.order(None)))
    if not _waits(visit):
        work.emit(visit, VisitReturned(**about, status=status))
    elif visit.held_at is not None:  # a transfer ends it
        work.emit(visit, VisitPutOnHold(**about))


def give_back(visit: Visit, counsellor: str) -> bool:
    """The visit is where it was, without the priority of an appointment, as far as nobody has changed it since.

    `counsellor`: with whom the appointment is. Returns whether it is to be on hold again.
    """
    before = _take_appointment_away(visit, counsellor)
    if not before or not _waits(visit) or visit.held_at is not None:
        return False
    visit.status, visit.desk = before["status"], before["desk"]
    for name in _TIMES:
        setattr(visit, name, datetime.fromisoformat(before[name]) if before[name] else None)
    return before["held"]


def emit_given_back(work: Work, visit: Visit, *, held: bool) -> None:
    """Emit where the visit is, after the event by which it is nobody's and waits without priority for anyone."""
    status = VisitStatus(visit.status)
    about: dict[str, Any] = {"visit_id": visit.id, "centre": visit.centre, "at": work.now}
    if visit.subject_ref is not None:
        work.emit(visit, VisitIdentified(**about, subject_ref=visit.subject_ref))
    if not status.in_the_room:
        return
    elsewhere = visit.for_area or visit.for_desk or visit.for_counsellor
    if elsewhere:
        moved = VisitTransferred(**about, area=visit.for_area, desk=visit.for_desk, counsellor=visit.for_counsellor)
        work.emit(visit, moved)
    if visit.rank != queue.order(None):
        work.emit(visit, VisitPrioritised(**about, priority=True))
    if not _waits(visit):
        work.emit(visit, VisitReturned(**about, status=status))
    if held:
        put_on_hold(work, visit)
    elif elsewhere and visit.held_at is not None:  # a transfer ends it
        work.emit(visit, VisitPutOnHold(**about))
