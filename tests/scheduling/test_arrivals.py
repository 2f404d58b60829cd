"""A visitor with an appointment has arrived: the counsellor's board shows it, and the visitor is no no-show."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.chassis.refusals import Refused
from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.contracts.interviews import InterviewUndone
from services.contracts.queue import VisitorArrivalUndone, VisitorArrived
from services.contracts.scheduling import (
    InterviewBooked,
    InterviewCancelled,
    InterviewHeld,
    InterviewKind,
    InterviewMoved,
    InterviewStarted,
    Side,
)
from services.scheduling.actions import arrivals, attendance, guidance, information, no_shows, paths, seats, workshops
from services.scheduling.store import Interview, SessionArrival, Waiting
from services.scheduling.store.workshops import sessions_of
from tests.givens.events import emitted_events
from tests.givens.scheduling import LIEGE, NADIA, TOM, Visitor, react

TUESDAY = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
"""10:00 in Liège."""
ARRIVED_AT = TUESDAY - timedelta(minutes=10)


async def booked(store: Store, adult: Visitor) -> UUID:
    async with store.work() as work:
        path = await paths.open_path(work, adult.subject_ref, LIEGE, "choose-path")
        await work.session.flush()
        interview = await guidance.book(work, path.id, counsellor=NADIA, room=None, starts_at=TUESDAY, minutes=60)
    return interview.id


def arrived(adult: Visitor, interview: UUID | None = None, **which: Any) -> VisitorArrived:
    return VisitorArrived(
        visit_id=adult.visit_id, centre=LIEGE, at=ARRIVED_AT, counsellor=NADIA, interview_id=interview, **which
    )


async def arrives(store: Store, clock: FixedClock, adult: Visitor, interview: UUID) -> None:
    """As intake says it: the check-in, whose it is, and for which appointment."""
    clock.now = ARRIVED_AT
    await react(store, [adult.checks_in(ARRIVED_AT), adult.is_identified(ARRIVED_AT), arrived(adult, interview)])


async def change(store: Store, id: UUID, act: Callable[..., Awaitable[Any]], **wanted: object) -> None:
    async with store.work() as work:
        await act(work, await guidance.interview_of(work, id), **wanted)


async def row(store: Store, table: type[Any], id: UUID) -> Any:
    async with store.read() as session:
        return await session.get_one(table, id)


async def test_who_has_arrived_is_no_no_show(store: Store, adult: Visitor, clock: FixedClock) -> None:
    interview = await booked(store, adult)
    await arrives(store, clock, adult, interview)
    kept = await row(store, Interview, interview)
    assert (kept.arrived_at, kept.visit_id, kept.status) == (ARRIVED_AT, adult.visit_id, "booked")
    waiting = await row(store, Waiting, adult.visit_id)
    assert (waiting.rank, waiting.for_counsellor) == (0, NADIA)
    await react(store, [adult.leaves(TUESDAY)])  # tired of waiting: they came all the same
    clock.now = TUESDAY + timedelta(hours=2)
    with pytest.raises(Refused, match="visitor-has-arrived"):
        await change(store, interview, no_shows.miss)


async def test_an_arrival_by_mistake_is_none(store: Store, adult: Visitor, clock: FixedClock) -> None:
    interview = await booked(store, adult)
    await arrives(store, clock, adult, interview)
    undone = VisitorArrivalUndone(
        visit_id=adult.visit_id, centre=LIEGE, at=ARRIVED_AT, checked_in_at=ARRIVED_AT, interview_id=interview
    )
    await react(store, [undone, adult.leaves(ARRIVED_AT)])
    waiting = await row(store, Waiting, adult.visit_id)
    assert (waiting.rank, waiting.for_counsellor, waiting.subject_ref) == (1, None, None)
    clock.now = TUESDAY + timedelta(minutes=1)
    await change(store, interview, no_shows.miss)
    kept = await row(store, Interview, interview)
    assert (kept.status, kept.arrived_at, kept.visit_id) == ("noshow", None, None)


async def test_the_visit_is_served_with_the_interview(store: Store, adult: Visitor, clock: FixedClock) -> None:
    interview = await booked(store, adult)
    await arrives(store, clock, adult, interview)
    clock.now = TUESDAY + timedelta(hours=1)
    await change(store, interview, guidance.hold)
    (started,), (held,) = await emitted_events(store, InterviewStarted), await emitted_events(store, InterviewHeld)
    assert (started.kind, started.visit_id, started.at) == (InterviewKind.GUIDANCE, adult.visit_id, TUESDAY)
    assert held.visit_id == adult.visit_id


async def test_started_it_is_shown_undone_and_held(store: Store, adult: Visitor, clock: FixedClock) -> None:
    interview = await booked(store, adult)
    with pytest.raises(Refused, match="not-arrived"):
        await change(store, interview, arrivals.receive)
    await arrives(store, clock, adult, interview)
    for _ in range(2):
        await change(store, interview, arrivals.receive)
    assert len(await emitted_events(store, InterviewStarted)) == 1
    waiting = await row(store, Waiting, adult.visit_id)
    assert (waiting.counsellor, waiting.interview_id) == (NADIA, interview)
    await change(store, interview, arrivals.undo_start)
    (undone,) = await emitted_events(store, InterviewUndone)
    assert (undone.kind, undone.held, undone.visit_id) == (InterviewKind.GUIDANCE, False, adult.visit_id)
    assert (await row(store, Waiting, adult.visit_id)).counsellor is None
    with pytest.raises(Refused, match="not-running"):
        await change(store, interview, arrivals.undo_start)
    await change(store, interview, arrivals.receive)
    clock.now = TUESDAY + timedelta(hours=1)
    await change(store, interview, guidance.hold)
    assert len(await emitted_events(store, InterviewStarted)) == 2
    assert (await row(store, Waiting, adult.visit_id)).counsellor is None


async def test_a_visitor_is_in_one_interview_and_who_has_an_appointment_in_that_one(
    store: Store, adult: Visitor, clock: FixedClock
) -> None:
    interview = await booked(store, adult)
    clock.now = ARRIVED_AT
    await react(store, [adult.checks_in(ARRIVED_AT), adult.is_identified(ARRIVED_AT)])
    async with store.work() as work:
        await information.start(work, adult.visit_id, TOM)
    await react(store, [arrived(adult, interview)])
    with pytest.raises(Refused, match="already-in-interview"):
        await change(store, interview, arrivals.receive)
    async with store.work() as work:
        waiting = await work.load(Waiting, adult.visit_id, "visit")
        assert waiting.interview_id is not None
        await information.undo(work, await guidance.interview_of(work, waiting.interview_id))
    with pytest.raises(Refused, match="has-appointment"):
        async with store.work() as work:
            await information.start(work, adult.visit_id, TOM)
    await change(store, interview, arrivals.receive)
    assert (await row(store, Waiting, adult.visit_id)).interview_id == interview


async def test_cancelled_after_the_start_it_gives_the_visitor_back(
    store: Store, adult: Visitor, clock: FixedClock
) -> None:
    interview = await booked(store, adult)
    await arrives(store, clock, adult, interview)
    await change(store, interview, arrivals.receive)
    await change(store, interview, guidance.cancel, by=Side.CENTRE, reason="counsellor-away")
    (cancelled,) = await emitted_events(store, InterviewCancelled)
    assert cancelled.visit_id == adult.visit_id
    assert (await row(store, Waiting, adult.visit_id)).counsellor is None


async def test_moved_to_another_day_nobody_has_arrived_yet(store: Store, adult: Visitor, clock: FixedClock) -> None:
    interview = await booked(store, adult)
    await arrives(store, clock, adult, interview)
    later: dict[str, Any] = {"counsellor": NADIA, "room": None, "minutes": 60}
    await change(store, interview, guidance.move, starts_at=TUESDAY + timedelta(hours=1), **later)
    assert (await row(store, Interview, interview)).arrived_at == ARRIVED_AT
    await change(store, interview, arrivals.receive)
    await change(store, interview, guidance.move, starts_at=TUESDAY + timedelta(days=1), **later)
    kept = await row(store, Interview, interview)
    assert (kept.arrived_at, kept.visit_id, kept.started_at) == (None, None, None)
    assert [one.visit_id for one in await emitted_events(store, InterviewUndone)] == [adult.visit_id]
    moved = (await emitted_events(store, InterviewMoved))[-1]
    assert (moved.subject_ref, moved.area) == (adult.subject_ref, "choose-path")
    assert (await emitted_events(store, InterviewBooked))[0].area == "choose-path"
    await react(store, [arrived(adult, interview)])  # it was under way when the interview was moved
    assert (await row(store, Interview, interview)).arrived_at is None


def twice(**which: Any) -> tuple[VisitorArrived, VisitorArrived, VisitorArrivalUndone]:
    """Two arrivals for one appointment, as two visits, and that the first was none. These events may overtake."""
    mistaken, right = (
        VisitorArrived(visit_id=uuid4(), centre=LIEGE, at=ARRIVED_AT + timedelta(minutes=n), counsellor=NADIA, **which)
        for n in range(2)
    )
    undone = VisitorArrivalUndone(
        visit_id=mistaken.visit_id, centre=LIEGE, at=ARRIVED_AT, checked_in_at=ARRIVED_AT, **which
    )
    return mistaken, right, undone


@pytest.mark.parametrize("order", [(0, 2, 1), (0, 1, 2), (1, 0, 2)])
async def test_the_arrival_that_counts_is_kept_in_any_order(
    store: Store, adult: Visitor, clock: FixedClock, order: tuple[int, ...]
) -> None:
    interview = await booked(store, adult)
    session, seat = uuid4(), uuid4()
    for events in (twice(interview_id=interview), twice(session_id=session, seat_id=seat)):
        await react(store, [events[n] for n in order])
        async with store.read() as read:
            kept = (
                await read.get_one(Interview, interview)
                if events[0].interview_id
                else await read.get_one(SessionArrival, (session, seat))
            )
        assert (kept.visit_id, kept.arrived_at) == (events[1].visit_id, events[1].at)


@pytest.mark.parametrize("order", [(2, 1), (1, 2)])
async def test_started_with_the_wrong_visitor_it_can_be_started_with_the_right_one(
    store: Store, adult: Visitor, clock: FixedClock, order: tuple[int, ...]
) -> None:
    interview = await booked(store, adult)
    wrong = Visitor()
    events = twice(interview_id=interview)
    mistaken = events[0].visit_id
    wrong.visit_id = mistaken
    clock.now = TUESDAY
    await react(store, [wrong.checks_in(ARRIVED_AT), events[0]])
    await change(store, interview, arrivals.receive)
    await react(store, [events[n] for n in order])
    assert [one.visit_id for one in await emitted_events(store, InterviewUndone)] == [mistaken]
    assert (await row(store, Waiting, mistaken)).interview_id is None
    await change(store, interview, arrivals.receive)
    started = await emitted_events(store, InterviewStarted)
    assert [one.visit_id for one in started] == [mistaken, events[1].visit_id]


async def test_who_arrived_for_a_workshop_is_not_recorded_as_absent(
    store: Store, adult: Visitor, clock: FixedClock
) -> None:
    async with store.work() as work:
        workshop = await workshops.announce(
            work,
            centre=LIEGE,
            area=None,
            title="Bilan",
            counsellor=NADIA,
            room=None,
            seats=4,
            sessions=[(TUESDAY, 120), (TUESDAY + timedelta(weeks=1), 120)],
        )
        await work.session.flush()
        seat = await seats.take_seat(work, workshop.id, adult.subject_ref)
        meeting = (await sessions_of(work.session, workshop.id))[0].id
    which: dict[str, Any] = {"session_id": meeting, "seat_id": seat.id}
    await react(store, [arrived(adult, **which)] * 2)
    clock.now = TUESDAY + timedelta(hours=2)

    async def records(*came: UUID) -> None:
        async with store.work() as work:
            loaded = await work.load(type(workshop), workshop.id)
            await attendance.record_attendance(work, loaded, meeting, came)

    with pytest.raises(Refused, match="seat-has-arrived"):
        await records()
    await records(seat.id)
    undone = VisitorArrivalUndone(visit_id=adult.visit_id, centre=LIEGE, at=TUESDAY, checked_in_at=TUESDAY, **which)
    await react(store, [undone])
    await records()
    await react(store, [arrived(adult, **which)])
    with pytest.raises(Refused, match="seat-has-arrived"):
        await records()
    clock.now = TUESDAY + timedelta(days=1)
    await records()  # intake can undo no arrival any more: who leads the workshop knows who came


async def test_the_board_shows_the_arrival_and_starts_the_interview(
    desk: Client, known: Visitor, clock: FixedClock
) -> None:
    interview = await booked(desk.store, known)
    clock.now = ARRIVED_AT
    await react(
        desk.store,
        [known.is_served(ARRIVED_AT), (late := Visitor()).registered(), late.checks_in(ARRIVED_AT, ticket="P-009")],
    )
    known.visit_id = late.visit_id
    await react(desk.store, [arrived(known, interview)])
    page = {"accept": "text/html"}
    board = (await desk.get("/scheduling/", headers=page)).text
    assert f'href="/scheduling/interviews/{interview}"' in board
    assert f'id="begin-{interview}"' in board
    assert f"/scheduling/visits/{late.visit_id}/start" not in board, "no information interview beside the appointment"
    html = (await desk.get(f"/scheduling/interviews/{interview}", headers=page)).text
    assert f"/interviews/{interview}/missed" not in html
    version = (await row(desk.store, Interview, interview)).version
    answer = await desk.post(f"/scheduling/interviews/{interview}/start", data={"version": version}, headers=page)
    assert answer.status_code == 303
    board = (await desk.get("/scheduling/", headers=page)).text
    assert f'action="/scheduling/interviews/{interview}/undo"' in board
