"""Seats of a workshop: taken, waitlisted, released. Every change holds the workshop's row lock."""

from uuid import UUID, uuid4

from services.chassis.refusals import msg
from services.chassis.storage.checks import check_version
from services.chassis.storage.store import Work
from services.contracts.scheduling import Method, PathOutcome, SeatReleased, SeatTaken, Side
from services.scheduling.actions import paths
from services.scheduling.actions.people import known_person
from services.scheduling.domain import refusals, rules
from services.scheduling.domain.states import ACTIVE_SEATS, SeatStatus, has_seat
from services.scheduling.store import GuidancePath, Seat, Workshop
from services.scheduling.store.paths import time_of_change
from services.scheduling.store.workshops import first_on_waitlist, seats_of


async def take_seat(
    work: Work, workshop_id: UUID, subject_ref: UUID, *, waitlist: bool = False, version: int | None = None
) -> Seat:
    """Give a visitor a seat and open their collective path; if none is free and `waitlist`, add them to the waitlist.

    Raises `PersonUnknown`, `ConsentMissing`, `WorkshopClosed`, `DoubleSeat`, `WorkshopFull`, `Stale`.
    """
    # The person before the workshop: the order of locks in docs/architecture.md.
    person, refs = await known_person(work, subject_ref)
    workshop = await work.load(Workshop, workshop_id, msg("workshop"))
    check_version(workshop, version)
    rules.check_workshop_open(workshop.status)
    active = await seats_of(work.session, workshop_id, *ACTIVE_SEATS)
    if any(seat.subject_ref in refs for seat in active):
        raise refusals.DoubleSeat()
    full = workshop.taken >= workshop.seats
    if full and not waitlist:
        raise refusals.WorkshopFull()
    workshop.asked += 1
    work.guard("seats_once", refusals.DoubleSeat())
    seat = work.add(
        Seat(
            id=uuid4(),
            workshop_id=workshop_id,
            subject_ref=subject_ref,
            status=SeatStatus.WAITLISTED.value,
            place=workshop.asked,
            asked_at=work.now,
        )
    )
    if not full:
        _assign_seat(work, workshop, seat, subject_ref, person.correlation_id)
    return seat


async def release_seat(
    work: Work, workshop: Workshop, seat_id: UUID, *, by: Side, version: int | None = None
) -> Seat | None:
    """Release a seat and close its path, or release a waitlist entry.

    The first on the waitlist gets a released seat: their seat is returned, or None.
    Raises `SeatNotTaken`, `WorkshopClosed`, `Stale`.
    """
    check_version(workshop, version)
    rules.check_workshop_open(workshop.status)
    seat = await work.find(Seat, seat_id)
    if seat is None or seat.workshop_id != workshop.id or SeatStatus(seat.status) not in ACTIVE_SEATS:
        raise refusals.SeatNotTaken()
    was_taken = has_seat(SeatStatus(seat.status))
    seat.status, seat.released_at, seat.cancelled_by = SeatStatus.RELEASED.value, work.now, by.value
    if not was_taken:
        return None
    workshop.taken -= 1
    work.emit(
        workshop,
        SeatReleased(workshop_id=workshop.id, seat_id=seat.id, centre=workshop.centre, at=work.now, cancelled_by=by),
    )
    if seat.path_id is not None and (path := await work.find(GuidancePath, seat.path_id)) is not None:
        paths.close(work, path, PathOutcome.SEAT_RELEASED, await time_of_change(work.session, path, work.now))
    next_seat = await first_on_waitlist(work.session, workshop.id)
    if next_seat is None or next_seat.subject_ref is None:
        return None
    _assign_seat(work, workshop, next_seat, next_seat.subject_ref, None)
    return next_seat


def _assign_seat(work: Work, workshop: Workshop, seat: Seat, subject_ref: UUID, correlation_id: UUID | None) -> None:
    """Mark the seat as taken and open its collective path."""
    path = work.add(
        GuidancePath(
            id=uuid4(),
            correlation_id=correlation_id or workshop.correlation_id,
            subject_ref=subject_ref,
            centre=workshop.centre,
            area=workshop.area,
            method=Method.COLLECTIVE.value,
            opened_at=work.now,
            workshop_id=workshop.id,
        )
    )
    paths.emit_opened(work, path, subject_ref)
    workshop.taken += 1
    seat.status, seat.taken_at, seat.path_id = SeatStatus.TAKEN.value, work.now, path.id
    work.emit(
        workshop,
        SeatTaken(
            workshop_id=workshop.id,
            seat_id=seat.id,
            subject_ref=subject_ref,
            path_id=path.id,
            centre=workshop.centre,
            at=work.now,
        ),
    )
