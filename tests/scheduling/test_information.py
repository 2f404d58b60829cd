import asyncio
from uuid import uuid4

import pytest

from services.chassis.copies.visits import FromEarlierDay
from services.chassis.refusals import NotFound, Stale
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock
from services.contracts.intake import VisitStatus
from services.contracts.interviews import InterviewUndone
from services.contracts.scheduling import InterviewHeld, InterviewStarted
from services.scheduling.actions import guidance, information
from services.scheduling.actions.end_of_day import end_days
from services.scheduling.domain import refusals
from services.scheduling.store import Interview, Waiting
from tests.givens.events import emitted_events
from tests.givens.scheduling import MONDAY, NADIA, TOM, Visitor, react


@pytest.fixture
async def visitor(store: Store) -> Visitor:
    visitor = Visitor()
    await react(store, [visitor.checks_in()])
    return visitor


async def begin(store: Store, visitor: Visitor, counsellor: str = NADIA) -> Interview:
    async with store.work() as work:
        return await information.start(work, visitor.visit_id, counsellor)


async def end(store: Store, interview: Interview, version: int | None = None) -> None:
    async with store.work() as work:
        await information.finish(work, await guidance.interview_of(work, interview.id), version)


async def undo(store: Store, interview: Interview) -> None:
    async with store.work() as work:
        await information.undo(work, await guidance.interview_of(work, interview.id))


async def waiting(store: Store, visitor: Visitor) -> Waiting:
    async with store.read() as session:
        return await session.get_one(Waiting, visitor.visit_id)


async def test_an_interview_starts_with_somebody_who_waits_and_keeps_their_chain(
    store: Store, visitor: Visitor
) -> None:
    interview = await begin(store, visitor)
    (started,) = await emitted_events(store, InterviewStarted)
    assert (started.visit_id, started.area, started.counsellor) == (visitor.visit_id, "find-job", NADIA)
    row = await waiting(store, visitor)
    assert (row.counsellor, row.interview_id) == (NADIA, interview.id)
    assert interview.correlation_id == row.correlation_id


async def test_it_took_the_begun_minutes_it_took(store: Store, visitor: Visitor, clock: FixedClock) -> None:
    interview = await begin(store, visitor)
    clock.forward(minutes=12, seconds=1)
    await end(store, interview)
    (held,) = await emitted_events(store, InterviewHeld)
    assert (held.minutes, held.visit_id, held.path_id, held.number) == (13, visitor.visit_id, None, None)
    assert (await waiting(store, visitor)).counsellor is None


async def test_what_nobody_ended_is_ended_in_the_night_as_long_as_the_centre_was_open(
    store: Store, visitor: Visitor, clock: FixedClock
) -> None:
    """The centre closes at 16:30. An interview of that night stays."""
    interview = await begin(store, visitor)
    clock.now = MONDAY.replace(hour=22)  # 23:00 in Liège
    other = Visitor()
    await react(store, [other.checks_in(clock.now)])
    late = await begin(store, other, TOM)
    clock.forward(hours=3, minutes=59)
    await end_days(store)
    assert await emitted_events(store, InterviewHeld) == []
    clock.forward(minutes=1)
    await end_days(store)
    await end_days(store)
    held = {one.interview_id: (one.minutes, one.closed_by) for one in await emitted_events(store, InterviewHeld)}
    assert held == {interview.id: (450, "end-of-day"), late.id: (1, "end-of-day")}
    assert (await waiting(store, visitor)).status == VisitStatus.SERVED


async def test_starting_twice_is_starting_once(store: Store, visitor: Visitor) -> None:
    first = await begin(store, visitor)
    again = await begin(store, visitor)
    assert first.id == again.id
    assert len(await emitted_events(store)) == 1


async def test_a_person_in_an_interview_is_not_taken_over(store: Store, visitor: Visitor) -> None:
    await begin(store, visitor, NADIA)
    with pytest.raises(refusals.AlreadyInInterview) as refused:
        await begin(store, visitor, TOM)
    assert refused.value.values == {"counsellor": NADIA}


async def test_of_twenty_counsellors_at_once_one_wins(store: Store, visitor: Visitor) -> None:
    answers = await asyncio.gather(
        *(begin(store, visitor, f"liege-c{number:02d}") for number in range(20)), return_exceptions=True
    )
    won = [answer for answer in answers if isinstance(answer, Interview)]
    assert len(won) == 1
    assert sum(isinstance(answer, refusals.AlreadyInInterview) for answer in answers) == 19
    assert len(await emitted_events(store, InterviewStarted)) == 1


async def test_nobody_starts_with_a_visitor_who_left_or_never_queued(store: Store, visitor: Visitor) -> None:
    await react(store, [visitor.leaves()])
    with pytest.raises(refusals.NotInTheRoom):
        await begin(store, visitor)
    with pytest.raises(NotFound):
        async with store.work() as work:
            await information.start(work, uuid4(), NADIA)
    assert await emitted_events(store) == []


async def test_what_is_over_is_not_finished_again(store: Store, visitor: Visitor) -> None:
    interview = await begin(store, visitor)
    with pytest.raises(Stale):
        await end(store, interview, version=7)
    await end(store, interview, version=1)
    with pytest.raises(refusals.NotRunning):
        await end(store, interview)
    assert len(await emitted_events(store, InterviewHeld)) == 1


async def test_a_start_by_mistake_is_undone_and_the_visitor_waits_again(store: Store, visitor: Visitor) -> None:
    interview = await begin(store, visitor)
    await undo(store, interview)
    (undone,) = await emitted_events(store, InterviewUndone)
    assert (undone.visit_id, undone.held) == (visitor.visit_id, False)
    assert (await begin(store, visitor, TOM)).counsellor == TOM


async def test_an_interview_that_ended_is_undone_for_ten_minutes_and_its_visitor_comes_back_when_intake_says_so(
    store: Store, visitor: Visitor, clock: FixedClock
) -> None:
    await react(store, [visitor.is_called()])
    interview = await begin(store, visitor)
    clock.forward(minutes=10)
    await end(store, interview)
    assert (await waiting(store, visitor)).status == "served"
    clock.forward(minutes=9)
    await undo(store, interview)
    (undone,) = await emitted_events(store, InterviewUndone)
    assert (undone.held, undone.starts_at, undone.area) == (True, MONDAY, "find-job")
    with pytest.raises(refusals.NotInTheRoom):
        await begin(store, visitor, TOM)
    await react(store, [visitor.is_back(VisitStatus.CALLED)])
    again = await begin(store, visitor, TOM)
    await end(store, again)
    clock.forward(minutes=10)
    with pytest.raises(refusals.TooLateToUndo):
        await undo(store, again)


async def test_the_visit_ends_with_its_interview_and_earlier_steps_that_arrive_later_change_nothing(
    store: Store, visitor: Visitor, clock: FixedClock
) -> None:
    interview = await begin(store, visitor)
    clock.forward(minutes=10)
    await end(store, interview)
    await react(store, [visitor.is_called()])
    assert (await waiting(store, visitor)).status == "served"
    with pytest.raises(refusals.NotInTheRoom):
        await begin(store, visitor, TOM)


async def test_nobody_starts_with_a_visitor_of_yesterday(store: Store, visitor: Visitor, clock: FixedClock) -> None:
    clock.forward(hours=24)
    with pytest.raises(FromEarlierDay):
        await begin(store, visitor)
