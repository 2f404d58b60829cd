"""Free seats are offered to the first person on the waitlist, who answers in time or loses the offer to the next one.

Every change of a workshop's seats calls `go_on`, and so does a job. What is read shows what it would do
(`store.offers.queue_at`): no offer depends on when the job runs. Every change holds the workshop's row lock.
`answer`: how long a person has to answer (`domain.offers.answer_until`).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from services.chassis.copies.centres import known_centre
from services.chassis.storage.store import Store, Work
from services.contracts.offers import OfferEnd, SeatOffered, SeatOfferEnded
from services.contracts.scheduling import Side
from services.scheduling.actions.boards import board
from services.scheduling.domain.offers import answer_until, is_over
from services.scheduling.domain.states import OFFERED_SEATS, SeatStatus, WorkshopStatus, takes_seats
from services.scheduling.store import Centre, Seat, Workshop
from services.scheduling.store.offers import workshops_due
from services.scheduling.store.workshops import first_on_waitlist, seats_of

BATCH = 100
"""Workshops whose offers go on in one round."""


async def go_on(work: Work, workshop: Workshop, answer: timedelta) -> Sequence[Seat]:
    """End the offers that are over, and offer each free seat to the first on the waitlist. Returns what is offered now.

    The workshop is locked. One that has begun or is closed offers nothing.
    """
    if not takes_seats(WorkshopStatus(workshop.status)):
        return []
    if workshop.offered:
        for seat in await seats_of(work.session, workshop.id, *OFFERED_SEATS):
            if is_over(seat.offer_until, workshop.first_at, work.now):
                end_offer(work, workshop, seat, OfferEnd.EXPIRED)
    made: list[Seat] = []
    if workshop.free <= 0 or workshop.first_at <= work.now:
        return made
    zone = (await known_centre(work.session, Centre, workshop.centre)).zone
    until = answer_until(work.now, workshop.first_at, answer, zone)
    while until is not None and workshop.free > 0:
        await work.session.flush()
        seat = await first_on_waitlist(work.session, workshop.id)
        if seat is None or seat.subject_ref is None:
            break
        seat.status, seat.offered_at, seat.offer_until = SeatStatus.OFFERED.value, work.now, until
        workshop.offered += 1
        _emit_offered(work, workshop, seat.id, seat.subject_ref, until)
        made.append(seat)
    return made


def _emit_offered(work: Work, workshop: Workshop, seat_id: UUID, subject_ref: UUID, until: datetime) -> None:
    work.notify_board(board(workshop.centre))
    work.emit(
        workshop,
        SeatOffered(
            workshop_id=workshop.id,
            seat_id=seat_id,
            subject_ref=subject_ref,
            centre=workshop.centre,
            at=work.now,
            until=until,
        ),
    )


async def shorten_offers(work: Work, workshop: Workshop, zone: ZoneInfo) -> None:
    """The workshop begins earlier: its offers end in time for another person, and are emitted again until then."""
    for seat in await seats_of(work.session, workshop.id, *OFFERED_SEATS):
        if seat.offer_until is None or seat.subject_ref is None or seat.offer_until <= work.now:
            continue
        until = answer_until(work.now, workshop.first_at, seat.offer_until - work.now, zone) or workshop.first_at
        seat.offer_until = min(seat.offer_until, until)
        _emit_offered(work, workshop, seat.id, seat.subject_ref, seat.offer_until)


def end_offer(work: Work, workshop: Workshop, seat: Seat, because: OfferEnd, by: Side | None = None) -> None:
    """Take back an offer that was not accepted: the seat is free. The entry on the waitlist ends with it."""
    seat.status, seat.released_at = _ended(because).value, work.now
    seat.cancelled_by = by.value if by is not None else None
    workshop.offered -= 1
    work.notify_board(board(workshop.centre))
    if seat.subject_ref is not None:
        work.emit(
            workshop,
            SeatOfferEnded(
                workshop_id=workshop.id,
                seat_id=seat.id,
                subject_ref=seat.subject_ref,
                centre=workshop.centre,
                at=work.now,
                because=because,
                ended_by=by,
            ),
        )


def _ended(because: OfferEnd) -> SeatStatus:
    match because:
        case OfferEnd.EXPIRED:
            return SeatStatus.EXPIRED
        case OfferEnd.DECLINED:
            return SeatStatus.DECLINED
        case OfferEnd.WITHDRAWN:
            return SeatStatus.RELEASED


async def drop_offers(work: Work, workshop: Workshop) -> None:
    """The workshop is cancelled: nothing in it is offered any more. `WaitlistEnded` informs those concerned."""
    for seat in await seats_of(work.session, workshop.id, *OFFERED_SEATS):
        seat.status, seat.released_at, seat.cancelled_by = SeatStatus.RELEASED.value, work.now, Side.CENTRE.value
    workshop.offered = 0


async def offers_go_on(store: Store, answer: timedelta) -> bool:
    """`go_on` in every workshop where it is due. True if there may be more."""
    async with store.read() as session:
        found = await workshops_due(session, store.clock(), BATCH)
    for workshop_id in found:
        async with store.work() as work:
            workshop = await work.find(Workshop, workshop_id)
            if workshop is not None:
                await go_on(work, workshop, answer)
    return len(found) == BATCH
