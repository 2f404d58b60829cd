"""A visit's place in the queue: on hold, transferred, with priority, back after leaving. The place is always kept."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.chassis.copies.areas import area_label
from services.chassis.copies.visits import check_today, ended_lately
from services.chassis.refusals import msg
from services.chassis.storage.checks import check_version
from services.chassis.storage.store import Work
from services.contracts.intake import VisitReturned, VisitStatus
from services.contracts.queue import VisitPrioritised, VisitPutOnHold, VisitTransferred
from services.intake.actions.desks import counsellors_of, desks_of
from services.intake.actions.visits import board
from services.intake.domain import check_desk, may_be_called_next, queue
from services.intake.store import Centre, Visit


@dataclass(frozen=True, slots=True)
class Destination:
    """Who alone is to call a visitor: an area, a desk, a counsellor. All None: any desk."""

    area: str | None = None
    desk: str | None = None
    counsellor: str | None = None


async def hold(work: Work, visit_id: UUID, version: int | None = None) -> Visit:
    """Not to be called for now, as when the visitor fills in a form. Raises `WrongStep`, `InAnInterview`."""
    visit = await load_today(work, visit_id, version)
    queue.check_may_wait(VisitStatus(visit.status))
    if visit.held_at is not None:
        return visit
    put_in_queue(visit)
    put_on_hold(work, visit)
    return visit


def emit_destination(work: Work, visit: Visit) -> None:
    """Emit for whom a visitor waits who is about to be back: it may have changed while they were not here."""
    if visit.for_area or visit.for_desk or visit.for_counsellor or visit.rank != queue.order(None):
        about: dict[str, Any] = {"visit_id": visit.id, "centre": visit.centre, "at": work.now}
        moved = VisitTransferred(**about, area=visit.for_area, desk=visit.for_desk, counsellor=visit.for_counsellor)
        work.emit(visit, moved)


def put_on_hold(work: Work, visit: Visit) -> None:
    """A waiting visit is on hold from now on."""
    visit.held_at = work.now
    work.emit(visit, VisitPutOnHold(visit_id=visit.id, centre=visit.centre, at=work.now))


async def come_back(work: Work, visit_id: UUID, version: int | None = None) -> Visit:
    """Waiting again, from hold or after a departure recorded by mistake; after an end just recorded so, at the desk.

    What was to be prepared was deleted with the end (`corrections.correct_needs`). Raises `WrongStep`, `InAnInterview`.
    """
    visit = await load_today(work, visit_id, version)
    status, held, just = VisitStatus(visit.status), visit.held_at is not None, ended_lately(visit, work.now)
    queue.check_may_return(status, held=held, closed_by=visit.closed_by, just_ended=just)
    if status.was_served:
        visit.status = VisitStatus.BEING_SERVED.value
    else:
        put_in_queue(visit)
    visit.ended_at = visit.closed_by = None
    if not status.in_the_room:
        emit_destination(work, visit)
    back = VisitReturned(visit_id=visit.id, centre=visit.centre, at=work.now, status=VisitStatus(visit.status))
    work.emit(visit, back)
    return visit


async def transfer(
    work: Work, visit_id: UUID, to: Destination, version: int | None = None, *, by: str | None = None
) -> Visit:
    """Waiting for another area, desk or counsellor. The same again changes nothing.

    `by`: the desk that transfers; None: the one that called the visitor. If only an area is named, that desk does not
    call the visitor next. Raises `WrongStep`, `InAnInterview`, `NotOfTheCentre`, `UnknownDesk`.
    """
    visit = await load_today(work, visit_id, version)
    queue.check_may_wait(VisitStatus(visit.status))
    centre = await work.session.get_one(Centre, visit.centre)
    if not would_transfer(visit, to):
        return visit
    queue.check_chosen(to.area, {area: area_label(area) for area in centre.areas}, "area")
    desks = await desks_of(work.session, centre.code)
    queue.check_chosen(to.desk, {desk: desk.removeprefix("desk-") for desk in desks}, "desk")
    if to.desk is not None:
        check_desk(to.desk, desks)
    if by is not None:
        check_desk(by, desks, "from_desk")
    queue.check_chosen(to.counsellor, await counsellors_of(work.session, centre.code), "counsellor")
    visit.transferred_by = (by or visit.desk) if to == Destination(area=to.area) and to.area else None
    put_in_queue(visit)
    visit.for_area, visit.for_desk, visit.for_counsellor = to.area, to.desk, to.counsellor
    work.emit(
        visit,
        VisitTransferred(
            visit_id=visit.id,
            centre=visit.centre,
            at=work.now,
            area=to.area,
            desk=to.desk,
            counsellor=to.counsellor,
        ),
    )
    return visit


def would_transfer(visit: Visit, to: Destination) -> bool:
    """Whether a transfer changes anything: not where the visitor waits for just that."""
    waits = may_be_called_next(VisitStatus(visit.status)) and visit.held_at is None
    return not waits or to != Destination(visit.for_area, visit.for_desk, visit.for_counsellor)


async def prioritise(work: Work, visit_id: UUID, priority: queue.Priority | None, version: int | None = None) -> Visit:
    """Before those without priority, or no longer (None). Raises `WrongStep`.

    Who is back after an end has the old rank, but no reason any more: None takes the rank away too.
    """
    visit = await load_today(work, visit_id, version)
    queue.check_waits(VisitStatus(visit.status))
    rank = queue.order(priority)
    if (priority, rank) == (visit.priority, visit.rank):
        return visit
    visit.priority, visit.rank = priority, rank
    work.emit(
        visit,
        VisitPrioritised(visit_id=visit.id, centre=visit.centre, at=work.now, priority=priority is not None),
    )
    return visit


async def load_today(work: Work, visit_id: UUID, version: int | None) -> Visit:
    """The visit, locked. Raises `Stale`, `FromEarlierDay`, `InAnInterview`."""
    visit = await work.load(Visit, visit_id, msg("visit"))
    check_version(visit, version)
    check_today(visit, await work.session.get_one(Centre, visit.centre), work.now)
    if visit.interview_id is not None:
        raise queue.InAnInterview()
    work.notify_board(board(visit.centre))
    return visit


def put_in_queue(visit: Visit) -> None:
    """In the queue, at the place of the check-in. No desk or counsellor has called or received the visitor."""
    visit.status, visit.held_at = VisitStatus.WAITING.value, None
    visit.desk = visit.called_at = visit.served_at = None
