"""Seats of workshops: taken, offered, released."""

from typing import Literal
from uuid import UUID

from services.chassis.identity.ownership import own
from services.chassis.refusals import msg
from services.chassis.web import Router, Running, Working
from services.contracts.scheduling import Side
from services.contracts.values import YesNo
from services.scheduling.actions import seats
from services.scheduling.api.roles import PREFIX, Change, Counsellor
from services.scheduling.api.workshops import SeatOut
from services.scheduling.domain import refusals
from services.scheduling.domain.rules import CancelReason
from services.scheduling.settings import answer_of
from services.scheduling.store import Seat, Workshop

router = Router(f"{PREFIX}/workshops", tags=["workshops"])


class SeatWish(Change):
    """The visitor who wants a seat. `waitlist`: join the waitlist if none is free."""

    subject_ref: UUID
    waitlist: YesNo = False


class Release(Change):
    """Which side releases the seat, and why."""

    cancelled_by: Side
    reason: CancelReason | None = None


@router.post("/{id}/seats", status_code=201)
async def take_seat(id: UUID, body: SeatWish, work: Working, running: Running, person: Counsellor) -> SeatOut:
    """Give a visitor a seat, or a waitlist entry. Nobody gets a seat for which others wait."""
    # Read without a lock: `take_seat` locks the person before the workshop.
    own(await work.session.get(Workshop, id), person, msg("workshop"))
    answer = answer_of(running)
    seat = await seats.take_seat(
        work, id, body.subject_ref, waitlist=body.waitlist, version=body.version, answer=answer
    )
    return SeatOut.model_validate(seat, from_attributes=True)


@router.post("/{id}/seats/{seat_id}/release")
async def release_seat(
    id: UUID, seat_id: UUID, body: Release, work: Working, running: Running, person: Counsellor
) -> SeatOut:
    """Release a seat or a waitlist entry. A released seat is offered to the first on the waitlist."""
    workshop = own(await work.find(Workshop, id), person, msg("workshop"))
    await seats.release_seat(
        work,
        workshop,
        seat_id,
        by=body.cancelled_by,
        reason=body.reason.value if body.reason is not None else None,
        version=body.version,
        answer=answer_of(running),
    )
    return SeatOut.model_validate(await work.load(Seat, seat_id), from_attributes=True)


@router.post("/{id}/seats/{seat_id}/{answer}")
async def answer_offer(
    id: UUID,
    seat_id: UUID,
    answer: Literal["accept", "decline"],
    body: Change,
    work: Working,
    running: Running,
    person: Counsellor,
) -> SeatOut:
    """Answer the offer of a seat in the person's name. A declined one goes on to the next person.

    When it is too late for offers, `accept` gives a free seat to the first who waits.
    """
    # Read without locks: the person is locked before the workshop.
    own(await work.session.get(Workshop, id), person, msg("workshop"))
    known = await work.session.get(Seat, seat_id)
    if known is None or known.workshop_id != id:
        raise refusals.SeatNotTaken()
    if answer == "accept":
        seat = await seats.accept(work, seat_id, answer=answer_of(running), version=body.version)
    else:
        seat = await seats.decline(work, seat_id, by=Side.VISITOR, answer=answer_of(running))
    return SeatOut.model_validate(seat, from_attributes=True)
