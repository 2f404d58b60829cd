"""Seats of a workshop: taken, waitlisted, offered, released. Every change holds the workshop's row lock.

`answer`: how long a person has to answer an offer. None: the job offers what is free.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from services.chassis.copies.centres import known_centre
from services.chassis.refusals import NotFound, msg
from services.chassis.storage.checks import check_version
from services.chassis.storage.store import Work
from services.contracts.offers import OfferEnd
from services.contracts.scheduling import PathOutcome, SeatReleased, SeatTaken, Side
from services.scheduling.actions import paths
from services.scheduling.actions.boards import board
from services.scheduling.actions.offers import end_offer, go_on
from services.scheduling.actions.participants import free_seat, reserve_seat
from services.scheduling.actions.people import known_person
from services.scheduling.domain import refusals, rules
from services.scheduling.domain.states import (
    ACTIVE_SEATS,
    TAKEN_SEATS,
    SeatStatus,
    has_seat,
    is_lapsed,
    is_offered,
    is_waitlisted,
)
from services.scheduling.store import Centre, GuidancePath, KnownPerson, Seat, Workshop
from services.scheduling.store.paths import time_of_change
from services.scheduling.store.workshops import first_on_waitlist, seats_of


async def take_seat(
    work: Work,
    workshop_id: UUID,
    subject_ref: UUID,
    *,
    waitlist: bool = False,
    version: int | None = None,
    answer: timedelta | None = None,
) -> Seat:
    """Give a visitor a seat and open their collective path; if none is free and `waitlist`, add them to the waitlist.

    Before the workshop begins, nobody gets a seat for which others wait.
    Raises `PersonUnknown`, `ConsentMissing`, `WorkshopClosed`, `DoubleSeat`, `WorkshopFull`, `Stale`, and
    `OtherAppointment` instead of a seat. Who waits occupies no time yet.
    """
    # The person before the workshop: the order of locks in docs/architecture.md.
    person, refs = await known_person(work, subject_ref)
    workshop = await work.load(Workshop, workshop_id, msg("workshop"))
    check_version(workshop, version)
    rules.check_workshop_open(workshop.status)
    if answer is not None:
        await go_on(work, workshop, answer)
    await work.session.flush()
    active = await seats_of(work.session, workshop_id, *ACTIVE_SEATS)
    if any(seat.subject_ref in refs for seat in active):
        raise refusals.DoubleSeat()
    waited_for = workshop.first_at > work.now and any(is_waitlisted(SeatStatus(seat.status)) for seat in active)
    full = workshop.free <= 0 or waited_for
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
        await reserve_seat(work, workshop, refs)
        await _assign_seat(work, workshop, seat, person, refs)
    return seat


async def release_seat(
    work: Work,
    workshop: Workshop,
    seat_id: UUID,
    *,
    by: Side,
    reason: str | None = None,
    version: int | None = None,
    answer: timedelta | None = None,
) -> Seat | None:
    """Release a seat and close its path, or release a waitlist entry with its offer. Nobody else's seat changes.

    The first on the waitlist is offered a released seat: their entry is returned, or None.
    Raises `SeatNotTaken`, `WorkshopClosed`, `Stale`.
    """
    check_version(workshop, version)
    rules.check_workshop_open(workshop.status)
    seat = await work.find(Seat, seat_id)
    if seat is None or seat.workshop_id != workshop.id or SeatStatus(seat.status) not in ACTIVE_SEATS:
        raise refusals.SeatNotTaken()
    status = SeatStatus(seat.status)
    if is_offered(status):
        end_offer(work, workshop, seat, OfferEnd.WITHDRAWN, by)
    seat.status, seat.released_at = SeatStatus.RELEASED.value, work.now
    seat.cancelled_by, seat.reason = by.value, reason
    if has_seat(status):
        await _free(work, workshop, seat, by, reason)
    offered = await go_on(work, workshop, answer) if answer is not None else ()
    return next(iter(offered), None)


async def _free(work: Work, workshop: Workshop, seat: Seat, by: Side, reason: str | None) -> None:
    """The seat that its visitor had is free, and the path that began with it ends."""
    workshop.taken -= 1
    work.notify_board(board(workshop.centre))
    released = SeatReleased(
        workshop_id=workshop.id,
        seat_id=seat.id,
        centre=workshop.centre,
        at=work.now,
        cancelled_by=by,
        reason=reason,
    )
    work.emit(workshop, released)
    if seat.path_id is not None and (path := await work.find(GuidancePath, seat.path_id)) is not None:
        paths.close(work, path, PathOutcome.SEAT_RELEASED, await time_of_change(work.session, path, work.now))
    await free_seat(work, workshop, seat)


async def accept(
    work: Work, seat_id: UUID, *, answer: timedelta, refs: Collection[UUID] | None = None, version: int | None = None
) -> Seat:
    """The person takes the seat that is offered to them; accepted again, it stays theirs.

    `refs`: the visitor's own references; None: the team answers in their name, and may also give a free seat to the
    first on the waitlist when it is too late for an offer.
    Raises `NotFound`, `PersonUnknown`, `ConsentMissing`, `WorkshopClosed`, `OfferOver`, `NothingOffered`, `Stale`,
    `OtherAppointment`, and `DoubleSeat` if the person has a seat under another reference.
    """
    known = await _entry(work, seat_id, refs)
    if known.subject_ref is None:
        raise refusals.PersonUnknown()
    person, own = await known_person(work, known.subject_ref)
    workshop, seat = await _locked(work, known, version)
    if has_seat(SeatStatus(seat.status)):
        return seat
    if any(one.subject_ref in own for one in await seats_of(work.session, workshop.id, *TAKEN_SEATS)):
        raise refusals.DoubleSeat()
    await go_on(work, workshop, answer)
    if not is_offered(SeatStatus(seat.status)):
        await _check_given_by_team(work, workshop, seat, team=refs is None)
    else:
        workshop.offered -= 1
    await reserve_seat(work, workshop, own)
    await _assign_seat(work, workshop, seat, person, own)
    return seat


async def _check_given_by_team(work: Work, workshop: Workshop, seat: Seat, *, team: bool) -> None:
    """A seat that is not offered may be given by the team: a free one, to the first who waits.

    Raises `OfferOver`, `NothingOffered`.
    """
    status = SeatStatus(seat.status)
    if is_lapsed(status):
        raise refusals.OfferOver(at=await _local(work, workshop, seat.released_at or work.now))
    await work.session.flush()
    first = await first_on_waitlist(work.session, workshop.id)
    if not team or workshop.free <= 0 or first is None or first.id != seat.id:
        raise refusals.NothingOffered()


async def decline(
    work: Work, seat_id: UUID, *, by: Side, answer: timedelta, refs: Collection[UUID] | None = None
) -> Seat:
    """The person does not take the offered seat, which goes on to the next one; declined again, nothing changes.

    `refs` as `accept`. Raises `NotFound`, `WorkshopClosed`, `NothingOffered`.
    """
    workshop, seat = await _locked(work, await _entry(work, seat_id, refs))
    await go_on(work, workshop, answer)
    status = SeatStatus(seat.status)
    if is_lapsed(status):
        return seat
    if not is_offered(status):
        raise refusals.NothingOffered()
    end_offer(work, workshop, seat, OfferEnd.DECLINED, by)
    await go_on(work, workshop, answer)
    return seat


async def wait_again(work: Work, seat_id: UUID, refs: Collection[UUID], *, answer: timedelta) -> Seat:
    """A visitor whose offer ended waits again, at the end; with free seats they get one. Repeating it is safe.

    Once the workshop has begun, only the team gives seats. Raises as `take_seat`, `NotFound`, `SessionHasBegun`, and
    `NothingOffered` if their entry did not end with an offer.
    """
    known = await _entry(work, seat_id, refs)
    if known.subject_ref is None:
        raise refusals.PersonUnknown()
    _person, own = await known_person(work, known.subject_ref)
    workshop, seat = await _locked(work, known)
    await go_on(work, workshop, answer)
    await work.session.flush()
    for other in await seats_of(work.session, workshop.id, *ACTIVE_SEATS):
        if other.subject_ref in own:
            return other
    if not is_lapsed(SeatStatus(seat.status)):
        raise refusals.NothingOffered()
    if workshop.first_at <= work.now:
        raise refusals.SessionHasBegun(at=await _local(work, workshop, workshop.first_at))
    return await take_seat(work, workshop.id, known.subject_ref, waitlist=True, answer=answer)


async def _entry(work: Work, seat_id: UUID, refs: Collection[UUID] | None) -> Seat:
    """The entry, not locked yet, of the visitor with these references. Raises `NotFound`."""
    known = await work.session.get(Seat, seat_id)
    if known is None or (refs is not None and known.subject_ref not in refs):
        raise NotFound(what=msg("place in the workshop"))
    return known


async def _local(work: Work, workshop: Workshop, at: datetime) -> datetime:
    """The time as the workshop's centre says it."""
    return at.astimezone((await known_centre(work.session, Centre, workshop.centre)).zone)


async def _locked(work: Work, known: Seat, version: int | None = None) -> tuple[Workshop, Seat]:
    """The open workshop, locked, and the entry as it is now. Raises `WorkshopClosed`, `Stale`."""
    workshop = await work.load(Workshop, known.workshop_id, msg("workshop"))
    check_version(workshop, version)
    rules.check_workshop_open(workshop.status)
    return workshop, await work.session.get_one(Seat, known.id, populate_existing=True)


async def _assign_seat(work: Work, workshop: Workshop, seat: Seat, person: KnownPerson, refs: Collection[UUID]) -> None:
    """Mark the seat as taken and open its collective path."""
    path_id = await paths.path_by_workshop(work, workshop, person, refs)
    workshop.taken += 1
    work.notify_board(board(workshop.centre))
    seat.status, seat.taken_at, seat.path_id = SeatStatus.TAKEN.value, work.now, path_id
    work.emit(
        workshop,
        SeatTaken(
            workshop_id=workshop.id,
            seat_id=seat.id,
            subject_ref=person.id,
            path_id=path_id,
            centre=workshop.centre,
            at=work.now,
        ),
    )
