"""Who is expected, and how they arrive: once, with priority, waiting for their counsellor."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.chassis.copies.visits import Day, in_turn, is_here
from services.chassis.refusals import Refused, Stale
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock, emitted
from services.contracts.intake import Channel, VisitIdentified, VisitLeft, VisitReturned
from services.contracts.interviews import InterviewResumed, InterviewUndone
from services.contracts.queue import VisitorArrivalUndone, VisitorArrived, VisitPutOnHold, VisitTransferred
from services.contracts.scheduling import (
    InterviewCancelled,
    InterviewHeld,
    InterviewKind,
    InterviewMissed,
    InterviewRestated,
    InterviewStarted,
    SeatReleased,
    Side,
    WorkshopCancelled,
)
from services.intake.actions import appointments, erasure, linking, people, queue, visits
from services.intake.actions.corrections import correct_area
from services.intake.actions.end_of_day import close_today, end_days
from services.intake.actions.reopening import reopen_today
from services.intake.domain.appointments import code_in, in_groups
from services.intake.reactions import reactions
from services.intake.store import Centre, Visit
from services.intake.store.appointments import expected_visitors, is_of_day
from services.intake.store.queue import Caller
from tests.givens.appointments import (
    NADIA,
    TEN,
    appointment,
    booked,
    expects,
    moved,
    registered,
    workshop_with,
)
from tests.givens.events import emitted_events, react_to
from tests.givens.intake import LIEGE_DESK, MONDAY, walks_in
from tests.givens.rows import count


async def arrives(store: Store, id: UUID) -> Visit:
    async with store.work() as work:
        return await appointments.arrive(work, id, Channel.DESK)


async def refused(store: Store, id: UUID) -> str:
    with pytest.raises(Refused) as refusal:
        await arrives(store, id)
    return refusal.value.slug


async def visit(store: Store, id: UUID) -> Visit:
    async with store.read() as session:
        return await session.get_one(Visit, id)


async def test_who_arrives_comes_first_and_waits_for_the_counsellor(store: Store, clock: FixedClock) -> None:
    person = await registered(store)
    booking = booked(person)
    await expects(store, booking)
    async with store.work() as work:
        earlier = await walks_in(work, uuid4())
    clock.forward(minutes=40)
    arrived = await arrives(store, booking.interview_id)
    assert (arrived.ticket, arrived.area, arrived.priority) == ("P-002", "choose-path", "appointment")
    assert (arrived.subject_ref, arrived.for_counsellor, arrived.estimate) == (person, NADIA, None)
    async with store.read() as session:
        day = Day.of(await session.get_one(Centre, "liege"), clock())
        assert [one.id for one in await in_turn(session, Visit, is_here(Visit, day), 9)] == [arrived.id, earlier.id]
    (event,) = await emitted_events(store, VisitorArrived)
    assert (event.visit_id, event.interview_id, event.counsellor) == (arrived.id, booking.interview_id, NADIA)
    assert (await emitted_events(store, VisitIdentified))[-1].visit_id == arrived.id
    async with store.work() as work:
        called = await visits.call_next(work, "liege", Caller("desk-1"))
    assert called.id == earlier.id, "another desk leaves the visitor to the counsellor"
    async with store.work() as work:
        assert (await visits.call_next(work, "liege", Caller("desk-2", counsellor=NADIA))).id == arrived.id


async def test_a_second_press_is_the_same_arrival(store: Store) -> None:
    booking = booked(await registered(store))
    await expects(store, booking)
    once, again = await arrives(store, booking.interview_id), await arrives(store, booking.interview_id)
    assert once.id == again.id
    assert len(await emitted_events(store, VisitorArrived)) == 1


async def test_who_left_and_comes_again_is_back_at_the_same_place(store: Store, clock: FixedClock) -> None:
    booking = booked(await registered(store))
    await expects(store, booking)
    arrived = await arrives(store, booking.interview_id)
    for _ in range(2):
        async with store.work() as work:
            await visits.leave(work, arrived.id)
        back = await arrives(store, booking.interview_id)
        assert (back.id, back.status, back.ended_at, back.for_counsellor) == (arrived.id, "waiting", None, NADIA)
    assert len(await emitted_events(store, VisitorArrived)) == 1
    assert len(await emitted_events(store, VisitReturned)) == 2
    async with store.work() as work:
        called = await visits.call_next(work, "liege", Caller("desk-2", counsellor=NADIA))
        await visits.leave(work, called.id)
    clock.now = TEN + timedelta(hours=1)
    assert await refused(store, booking.interview_id) == "appointment-over"


async def test_who_comes_late_is_received_until_the_end_also_after_a_no_show_was_undone(
    store: Store, clock: FixedClock
) -> None:
    booking = booked(await registered(store))
    await expects(store, booking)
    clock.now = TEN + timedelta(minutes=45)
    missed = InterviewMissed(interview_id=booking.interview_id, kind=booking.kind, centre="liege", at=clock.now)
    await react_to(store, reactions, [missed])
    assert await refused(store, booking.interview_id) == "not-found"
    await react_to(store, reactions, [InterviewRestated(**booking.model_dump(exclude={"path_id", "method"}))])
    assert (await arrives(store, booking.interview_id)).for_counsellor == NADIA


@pytest.mark.parametrize("ticket_before", [False, True])
async def test_an_interview_whose_end_was_undone_has_its_arrival_again(
    store: Store, clock: FixedClock, ticket_before: bool
) -> None:
    """With all that is needed to take it back: an arrival of its own ends the visit, a ticket from before goes on."""
    booking = booked(await registered(store))
    id = booking.interview_id
    await expects(store, booking)
    if ticket_before:
        async with store.work() as work:
            taken = await walks_in(work, uuid4())
        clock.forward(minutes=5)
        async with store.work() as work:
            arrived = await linking.link(work, id, taken.id, LIEGE_DESK)
    else:
        arrived = await arrives(store, id)
    visit_id, at = arrived.id, clock.now
    same: dict[str, Any] = booking.model_dump(include={"interview_id", "kind", "centre", "area", "counsellor"})
    same["visit_id"] = visit_id
    started = InterviewStarted(**same, at=at)
    held = InterviewHeld(**same, starts_at=at, minutes=60, subject_ref=booking.subject_ref)
    resumed = InterviewResumed(**same, starts_at=at, at=at)
    facts = booking.model_dump(exclude={"path_id", "method"})
    restated = InterviewRestated(**facts, visit_id=visit_id, arrived_at=at)
    await react_to(store, reactions, [started, held])
    assert (await visit(store, visit_id)).status == "served"
    assert await refused(store, id) == "not-found"
    await react_to(store, reactions, [resumed, restated])
    assert (await visit(store, visit_id)).status == "being_served"
    await react_to(store, reactions, [InterviewUndone(**same, starts_at=at, at=at, held=False)])
    async with store.work() as work:
        await appointments.undo_arrival(work, id, visit_id)
    assert (await visit(store, visit_id)).subject_ref == (booking.subject_ref if ticket_before else None)
    assert (await emitted_events(store, VisitorArrivalUndone))[0].visit_stays is ticket_before


async def test_an_arrival_by_mistake_is_taken_back_and_counts_for_nothing(store: Store) -> None:
    person = await registered(store)
    booking = booked(person)
    await expects(store, booking)
    wrong = await arrives(store, booking.interview_id)
    for _ in range(2):
        async with store.work() as work:
            await appointments.undo_arrival(work, booking.interview_id, wrong.id)
    undone = await visit(store, wrong.id)
    assert (undone.status, undone.closed_by, undone.subject_ref) == ("left", "by-mistake", None)
    assert (undone.rank, undone.for_counsellor, undone.priority) == (1, None, None)
    (event,) = await emitted_events(store, VisitorArrivalUndone)
    assert (event.interview_id, event.checked_in_at, event.area) == (
        booking.interview_id,
        wrong.checked_in_at,
        "choose-path",
    )
    (left,) = await emitted_events(store, VisitLeft)
    assert left.closed_by == "by-mistake"
    with pytest.raises(Refused, match="wrong-step"):
        async with store.work() as work:
            await queue.come_back(work, wrong.id)
    with pytest.raises(Refused, match="recorded-by-mistake"):
        async with store.work() as work:
            await correct_area(work, wrong.id, "find-job", ())
    with pytest.raises(Refused, match="recorded-by-mistake"):
        async with store.work() as work:
            await people.identify_visitor(work, wrong.id, person, LIEGE_DESK)
    right = await arrives(store, booking.interview_id)
    assert right.id != wrong.id
    with pytest.raises(Stale):  # an old page
        async with store.work() as work:
            await appointments.undo_arrival(work, booking.interview_id, wrong.id)
    assert right.status == "waiting"


async def test_who_was_received_did_arrive(store: Store) -> None:
    booking = booked(await registered(store))
    await expects(store, booking)
    arrived = await arrives(store, booking.interview_id)
    async with store.work() as work:
        await visits.serve(work, arrived.id)
    with pytest.raises(Refused, match="arrival-was-received"):
        async with store.work() as work:
            await appointments.undo_arrival(work, booking.interview_id, arrived.id)
    async with store.work() as work:
        await visits.finish(work, arrived.id)
    assert await refused(store, booking.interview_id) == "already-received"


async def test_to_a_workshop_one_comes_without_a_ticket_to_each_session(store: Store, clock: FixedClock) -> None:
    guests = [await registered(store), await registered(store, "Zoé Petit")]
    workshop, (first, second) = await workshop_with(store, *guests)
    arrived = await arrives(store, first)
    assert (arrived.status, arrived.ticket, arrived.for_counsellor) == ("no_queue", None, None)
    assert arrived.subject_ref == guests[0]
    (event,) = await emitted_events(store, VisitorArrived)
    copy = await appointment(store, first)
    assert copy is not None
    assert (event.session_id, event.seat_id, event.interview_id) == (copy.session_id, copy.seat_id, None)
    async with store.work() as work:
        await appointments.undo_arrival(work, first, arrived.id)
    assert (await visit(store, arrived.id)).status == "no_queue"
    assert len(await emitted_events(store, VisitorArrivalUndone)) == 1
    assert await count(store, "appointments") == 4
    assert copy.seat_id is not None
    gone = SeatReleased(
        workshop_id=workshop, seat_id=copy.seat_id, centre="liege", at=clock(), cancelled_by=Side.VISITOR
    )
    await react_to(store, reactions, [gone])
    assert await count(store, "appointments") == 2
    assert await appointment(store, second) is not None
    await react_to(
        store, reactions, [WorkshopCancelled(workshop_id=workshop, centre="liege", at=clock(), reason="other")]
    )
    assert (await count(store, "appointments"), await count(store, "expected_sessions")) == (0, 0)


async def test_only_on_its_day_and_until_it_is_over(store: Store, clock: FixedClock) -> None:
    booking = booked(await registered(store), TEN + timedelta(days=1))
    await expects(store, booking)
    assert await refused(store, booking.interview_id) == "appointment-not-today"
    clock.now = TEN + timedelta(days=1, minutes=59)
    await expects(store, moved(booking, TEN + timedelta(days=1)))
    clock.forward(minutes=1)
    assert await refused(store, booking.interview_id) == "appointment-over"


async def test_with_the_code_and_not_with_another_one_nor_elsewhere_nor_afterwards(
    store: Store, clock: FixedClock
) -> None:
    booking = booked(await registered(store))
    await expects(store, booking)
    copy = await appointment(store, booking.interview_id)
    assert copy is not None
    assert code_in(in_groups(copy.code)) == code_in(f"{copy.code[:5]}-{copy.code[5:]}") == copy.code
    other = "0000000000" if copy.code != "0000000000" else "1111111111"

    async def with_code(code: str, centre: str = "liege") -> UUID:
        async with store.work() as work:
            return (await appointments.arrive_with(work, centre, code, Channel.KIOSK)).id

    for code, centre in ((other, "liege"), (copy.code, "namur")):
        with pytest.raises(Refused, match="unknown-code"):
            await with_code(code, centre)
    arrived = await with_code(copy.code)
    assert await with_code(copy.code) == arrived
    assert (await visit(store, arrived)).channel == "kiosk"
    clock.now = TEN + timedelta(hours=1)
    with pytest.raises(Refused, match="unknown-code"):
        await with_code(copy.code)


async def test_what_a_code_reader_types_on_a_belgian_keyboard_is_the_code() -> None:
    assert code_in("&é\"'(§è!çà") == "1234567890"
    assert code_in("123 456 78") is None
    assert code_in("Dupré") is None


async def test_moved_it_keeps_the_code_and_the_arrival_of_that_day(store: Store) -> None:
    booking = booked(await registered(store))
    await expects(store, booking)
    before = await appointment(store, booking.interview_id)
    arrived = await arrives(store, booking.interview_id)
    await expects(store, moved(booking, TEN + timedelta(hours=2), counsellor="liege-c02"))
    copy = await appointment(store, booking.interview_id)
    assert before is not None
    assert copy is not None
    assert (copy.code, copy.visit_id, copy.room) == (before.code, arrived.id, None)
    assert (await visit(store, arrived.id)).for_counsellor == "liege-c02"
    (transferred,) = await emitted_events(store, VisitTransferred)
    assert (transferred.visit_id, transferred.counsellor) == (arrived.id, "liege-c02")
    await expects(store, moved(booking, TEN + timedelta(days=2)))
    copy = await appointment(store, booking.interview_id)
    assert copy is not None
    assert (copy.visit_id, copy.arrived_at) == (None, None)


@pytest.mark.parametrize("closed", [False, True])
async def test_moved_while_the_visitor_is_away_the_next_counsellor_gets_them(store: Store, closed: bool) -> None:
    """Left, or with the day that was closed by mistake: what others know of them is as here."""
    booking = booked(await registered(store))
    await expects(store, booking)
    id = (await arrives(store, booking.interview_id)).id
    async with store.work() as work:
        if closed:
            await close_today(work, await work.load(Centre, "liege"))
        else:
            await visits.leave(work, id)
    await expects(store, moved(booking, TEN + timedelta(hours=2), counsellor="liege-c02"))
    assert await emitted_events(store, VisitTransferred) == []
    async with store.work() as work:
        if closed:
            await reopen_today(work, await work.load(Centre, "liege"), work.now)
        else:
            await appointments.arrive(work, booking.interview_id, Channel.DESK)
    last = [one.event for one in await emitted(store)][-2:]
    assert [type(one) for one in last] == [VisitTransferred, VisitReturned]
    assert last[0].counsellor == "liege-c02"  # type: ignore[union-attr]


async def test_moved_while_the_visitor_is_on_hold_they_stay_so(store: Store) -> None:
    booking = booked(await registered(store))
    await expects(store, booking)
    id = (await arrives(store, booking.interview_id)).id
    async with store.work() as work:
        await queue.hold(work, id)
    await expects(store, moved(booking, TEN + timedelta(hours=2), counsellor="liege-c02"))
    assert (await visit(store, id)).held_at is not None
    assert [type(one.event) for one in await emitted(store)][-2:] == [VisitTransferred, VisitPutOnHold]


@pytest.mark.parametrize("end", ["held", "missed", "cancelled"])
async def test_an_appointment_that_has_ended_expects_nobody(store: Store, clock: FixedClock, end: str) -> None:
    booking = booked(await registered(store))
    await expects(store, booking)
    about = {"interview_id": booking.interview_id, "kind": InterviewKind.GUIDANCE, "centre": "liege"}
    event = {
        "held": lambda: InterviewHeld.model_validate(
            about | {"area": None, "counsellor": NADIA, "starts_at": TEN, "minutes": 60}
        ),
        "missed": lambda: InterviewMissed.model_validate(about | {"at": clock()}),
        "cancelled": lambda: InterviewCancelled.model_validate(
            about | {"at": clock(), "cancelled_by": "visitor", "reason": "other"}
        ),
    }[end]()
    await react_to(store, reactions, [event])
    assert await count(store, "appointments") == 0


async def test_a_visitor_whose_interview_is_cancelled_after_its_start_waits_again(
    store: Store, clock: FixedClock
) -> None:
    booking = booked(await registered(store))
    await expects(store, booking)
    arrived = await arrives(store, booking.interview_id)
    about = {"interview_id": booking.interview_id, "kind": InterviewKind.GUIDANCE, "centre": "liege"}
    about |= {"at": clock(), "visit_id": arrived.id}
    await react_to(store, reactions, [InterviewStarted.model_validate(about | {"area": None, "counsellor": NADIA})])
    assert (await visit(store, arrived.id)).status == "being_served"
    await react_to(
        store,
        reactions,
        [InterviewCancelled.model_validate(about | {"cancelled_by": "centre", "reason": "counsellor-away"})],
    )
    assert (await visit(store, arrived.id)).status == "waiting"


async def test_an_erased_person_is_expected_no_more_and_no_event_brings_them_back(store: Store) -> None:
    person = await registered(store)
    booking = booked(person)
    await expects(store, booking)
    arrived = await arrives(store, booking.interview_id)
    async with store.work() as work:
        await erasure.erase_subject(work, person)
    await expects(store, booking, moved(booking, TEN + timedelta(hours=1)))
    workshop, _ = await workshop_with(store, person)
    assert await count(store, "appointments") == 0
    assert (await visit(store, arrived.id)).subject_ref is None
    assert workshop


async def test_the_night_deletes_what_is_over(store: Store, clock: FixedClock) -> None:
    person = await registered(store)
    await workshop_with(store, person)
    await expects(store, booked(person))
    assert (await count(store, "appointments"), await count(store, "expected_sessions")) == (3, 2)
    clock.now = MONDAY + timedelta(days=1)
    await end_days(store)
    assert (await count(store, "appointments"), await count(store, "expected_sessions")) == (1, 1)


async def test_a_name_is_seen_where_the_person_is_registered_and_while_they_agree(
    store: Store, clock: FixedClock
) -> None:
    guests = [
        await registered(store, "Amélie Dupré"),
        await registered(store, "Béa Namur", centre="namur"),
        await registered(store, "Cléo Sansaccord", purposes=()),
    ]
    await expects(store, *(booked(one, TEN + timedelta(minutes=15 * n)) for n, one in enumerate(guests)))
    await expects(store, booked(guests[0], centre="namur"), booked(uuid4()), booked(None))
    async with store.read() as session:
        liege = await session.get_one(Centre, "liege")
        found = await expected_visitors(session, is_of_day(liege, clock()), 9)
    assert [one.name for one in found] == ["Amélie Dupré", None, None]
