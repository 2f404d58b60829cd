"""Who has arrived for an appointment that is cancelled, or moved to another day, is in the ordinary queue."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock, emitted
from services.contracts.intake import Channel, VisitReturned
from services.contracts.queue import VisitPrioritised, VisitPutOnHold, VisitTransferred
from services.contracts.scheduling import InterviewBooked, InterviewCancelled, InterviewMissed, InterviewStarted, Side
from services.intake.actions import appointments, erasure, linking, queue, visits
from services.intake.reactions import reactions
from services.intake.store import Visit
from services.intake.store.queue import Caller
from tests.givens.appointments import NADIA, TEN, booked, expects, moved, registered
from tests.givens.events import react_to
from tests.givens.intake import LIEGE_DESK, walks_in

GONE = ("cancelled", "missed", "moved")


async def arrived(store: Store) -> tuple[InterviewBooked, Visit]:
    booking = booked(await registered(store))
    await expects(store, booking)
    async with store.work() as work:
        return booking, await appointments.arrive(work, booking.interview_id, Channel.DESK)


async def visit(store: Store, id: Any) -> Visit:
    async with store.read() as session:
        return await session.get_one(Visit, id)


async def goes(store: Store, booking: InterviewBooked, how: str, now: Any, visit_id: Any = None) -> None:
    """The appointment is no more, in this way."""
    about: dict[str, Any] = {"interview_id": booking.interview_id, "kind": booking.kind, "centre": "liege", "at": now}
    why: dict[str, Any] = {"cancelled_by": Side.CENTRE, "reason": "counsellor-away", "visit_id": visit_id}
    match how:
        case "cancelled":
            await react_to(store, reactions, [InterviewCancelled.model_validate(about | why)])
        case "missed":
            await react_to(store, reactions, [InterviewMissed.model_validate(about)])
        case _:
            await expects(store, moved(booking, TEN + timedelta(days=1)))


@pytest.mark.parametrize("how", GONE)
async def test_any_desk_calls_them_at_their_place(store: Store, clock: FixedClock, how: str) -> None:
    booking, here = await arrived(store)
    await goes(store, booking, how, clock.now, here.id)
    events = [one.event for one in await emitted(store)][-2:]
    assert [type(one) for one in events] == [VisitTransferred, VisitPrioritised]
    assert events[0].counsellor is None  # type: ignore[union-attr]
    assert events[1].priority is False  # type: ignore[union-attr]
    async with store.work() as work:
        called = await visits.call_next(work, "liege", Caller("desk-1"))
    assert (called.id, called.area, called.priority, called.ticket) == (here.id, "choose-path", None, here.ticket)


async def test_who_is_erased_while_they_wait_is_called_by_any_desk(store: Store) -> None:
    booking, here = await arrived(store)
    assert booking.subject_ref is not None
    async with store.work() as work:
        await erasure.erase_subject(work, booking.subject_ref)
    async with store.work() as work:
        called = await visits.call_next(work, "liege", Caller("desk-1"))
    assert (called.id, called.subject_ref, called.for_counsellor, called.priority) == (here.id, None, None, None)


async def test_who_is_in_the_interview_that_is_cancelled_waits_for_anyone(store: Store, clock: FixedClock) -> None:
    booking, here = await arrived(store)
    about: dict[str, Any] = {"interview_id": booking.interview_id, "kind": booking.kind, "centre": "liege"}
    started = about | {"at": clock.now, "visit_id": here.id, "area": None, "counsellor": NADIA}
    await react_to(store, reactions, [InterviewStarted.model_validate(started)])
    await goes(store, booking, "cancelled", clock.now, here.id)
    row = await visit(store, here.id)
    assert (row.status, row.for_counsellor, row.priority) == ("waiting", None, None)
    last = [one.event for one in await emitted(store)][-1]
    assert isinstance(last, VisitReturned)
    assert last.status == "waiting"


async def test_on_hold_they_stay_so(store: Store, clock: FixedClock) -> None:
    booking, here = await arrived(store)
    async with store.work() as work:
        await queue.hold(work, here.id)
    await goes(store, booking, "cancelled", clock.now)
    assert (await visit(store, here.id)).held_at is not None
    events = [type(one.event) for one in await emitted(store)][-3:]
    assert events == [VisitTransferred, VisitPrioritised, VisitPutOnHold]


async def test_whom_the_desk_sent_elsewhere_is_still_awaited_there(store: Store, clock: FixedClock) -> None:
    booking, here = await arrived(store)
    async with store.work() as work:
        await queue.transfer(work, here.id, queue.Destination(desk="desk-2"))
    await goes(store, booking, "cancelled", clock.now)
    assert (await visit(store, here.id)).for_desk == "desk-2"


async def test_who_left_and_is_back_is_called_by_any_desk(store: Store, clock: FixedClock) -> None:
    booking, here = await arrived(store)
    async with store.work() as work:
        await visits.leave(work, here.id)
    await goes(store, booking, "cancelled", clock.now)
    async with store.work() as work:
        await queue.come_back(work, here.id)
    events = [one.event for one in await emitted(store)][-2:]
    assert [type(one) for one in events] == [VisitTransferred, VisitReturned]
    assert events[0].counsellor is None  # type: ignore[union-attr]
    async with store.work() as work:
        assert (await visits.call_next(work, "liege", Caller("desk-1"))).id == here.id


async def test_a_ticket_from_before_is_in_its_queue_again(store: Store, clock: FixedClock) -> None:
    booking = booked(await registered(store))
    await expects(store, booking)
    async with store.work() as work:
        taken = await walks_in(work, uuid4(), area="find-job")
    async with store.work() as work:
        await linking.link(work, booking.interview_id, taken.id, LIEGE_DESK)
    await goes(store, booking, "cancelled", clock.now)
    async with store.work() as work:
        called = await visits.call_next(work, "liege", Caller("desk-1"))
    assert (called.ticket, called.area, called.priority, called.before_link) == (taken.ticket, "find-job", None, None)
