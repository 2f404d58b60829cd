"""Whatever people do at the desk and in interviews, both boards show the same people.

After every step when events arrive at once; and when they are late, repeated, and overtake those of other aggregates,
as soon as they have arrived.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import AsyncExitStack, suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from services.chassis.refusals import Refused
from services.chassis.testing import FixedClock
from services.contracts.scheduling import AppointmentStatus
from services.impact.domain import Measure
from services.impact.store import Tally
from services.intake.actions import queue, visits
from services.intake.actions.end_of_day import end_days
from services.intake.domain.queue import Priority
from services.intake.store import Visit
from services.intake.store.queue import Caller
from services.scheduling.actions import guidance, information, taking
from services.scheduling.store import Interview, Waiting
from tests.boards.two_services import SERVICES, TwoServices
from tests.givens.intake import walks_in
from tests.givens.scheduling import LIEGE, MONDAY, NADIA, TOM
from tests.parts.stores import BOTH, empty_store

STEPS = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
NUMBER = st.integers(0, 1_000)
WHICH = st.integers(1, 2)
"""The last visit or interview, or the one before: steps that concern the same one meet."""


class Morning(RuleBasedStateMachine):
    """What may happen at a centre. Each step takes a moment; what is refused changes nothing."""

    centre: TwoServices
    runner: asyncio.Runner
    late = False
    """Whether events wait until they are delivered by a step."""

    def __init__(self) -> None:
        super().__init__()
        self.centre.clock.now = MONDAY
        self.run(self.centre.empty())
        self.visits: list[UUID] = []
        self.interviews: list[tuple[UUID, UUID]] = []
        """Each with its visit."""
        self.before: dict[UUID, tuple[str, int]] = {}
        """Where a visitor was when the interview began: the state, and how many people were before them."""

        self.dice = Random(0)

    @initialize(seed=st.integers(0, 1_000))
    def shuffle(self, seed: int) -> None:
        """In which order the events of different aggregates arrive."""
        self.dice = Random(seed)

    @rule()
    def settle(self) -> None:
        """Everything has arrived; what was late is not late any more."""

        async def do() -> None:
            await self.centre.deliver_all(self.dice)
            await self.agree()

        self.run(do())

    def run(self, what: Awaitable[Any]) -> Any:
        return self.runner.run(what)  # type: ignore[arg-type]

    def step(self, act: Callable[[], Awaitable[None]]) -> bool:
        """Do it, and have its events arrive unless they are late. False: it was refused."""

        async def do() -> bool:
            self.centre.clock.forward(seconds=7)
            done = False
            with suppress(Refused):
                await act()
                done = True
            await (self.centre.collect() if self.late else self.centre.deliver_all(self.dice))
            return done

        return self.run(do())

    def desk(self, act: Callable[[Any], Awaitable[Any]]) -> bool:
        async def do() -> None:
            async with self.centre.stores["intake"].work() as work:
                await act(work)

        return self.step(do)

    @rule()
    def check_in(self) -> None:
        visit = uuid4()
        if self.desk(lambda work: walks_in(work, visit, area="find-job")):
            self.visits.append(visit)

    @rule()
    def call_next(self) -> None:
        self.desk(lambda work: visits.call_next(work, LIEGE, Caller("desk-1")))

    @rule(which=WHICH, act=st.sampled_from([visits.serve, visits.finish, visits.leave]))
    def change_a_visit(self, which: int, act: Callable[..., Awaitable[Any]]) -> None:
        if self.visits:
            self.desk(lambda work: act(work, self.visits[-min(which, len(self.visits))]))

    @rule(which=WHICH, act=st.sampled_from([queue.hold, queue.come_back]))
    def change_the_turn(self, which: int, act: Callable[..., Awaitable[Any]]) -> None:
        self.change_a_visit(which, act)

    @rule(which=WHICH, area=st.sampled_from([None, "select-training"]), counsellor=st.sampled_from([None, NADIA]))
    def transfer(self, which: int, area: str | None, counsellor: str | None) -> None:
        to = queue.Destination(area=area, desk="desk-1", counsellor=counsellor)
        self.change_a_visit(which, partial(queue.transfer, to=to))

    @rule(which=WHICH, priority=st.sampled_from([None, Priority.SMALL_CHILD]))
    def prioritise(self, which: int, priority: Priority | None) -> None:
        self.change_a_visit(which, partial(queue.prioritise, priority=priority))

    @rule(which=WHICH, counsellor=st.sampled_from([NADIA, TOM]))
    def start_an_interview(self, which: int, counsellor: str) -> None:
        if not self.visits:
            return
        visit = self.visits[-min(which, len(self.visits))]
        place = self.place_of(visit)

        async def do() -> None:
            async with self.centre.stores["scheduling"].work() as work:
                interview = (await information.start(work, visit, counsellor)).id
            if (interview, visit) not in self.interviews:
                self.interviews.append((interview, visit))
                self.before[interview] = place

        self.step(do)

    def place_of(self, visit: UUID) -> tuple[str, int]:
        here = self.run(self.centre.boards())[0].here
        ids = [id for id, _ in here]
        return (dict(here)[visit], ids.index(visit)) if visit in ids else ("", -1)

    @rule(which=WHICH)
    def finish_an_interview(self, which: int) -> None:
        self.change_an_interview(which, information.finish)

    @rule(which=WHICH)
    def undo_the_end(self, which: int) -> None:
        """The visitor is in the interview again, unless the desk has ended the visit."""
        if not self.interviews:
            return
        interview, visit = self.interviews[-min(which, len(self.interviews))]
        ended_by_the_desk = self.run(self.is_of_the_desk(visit, interview))
        if self.change_an_interview(which, information.resume) and not self.late and not ended_by_the_desk:
            assert self.place_of(visit)[0] == "being_served"

    @rule(counsellor=st.sampled_from([NADIA, TOM]))
    def take_next(self, counsellor: str) -> None:
        """As the rule of the page says; while nothing is late, the first whom the board shows as waiting for them."""
        here: list[Visit] = self.run(self.here()) if not self.late else []
        free = [row for row in here if row.status == "waiting" and row.held_at is None and row.for_desk is None]
        mine = [row for row in free if row.for_counsellor in (None, counsellor)]
        places = {row.id: self.place_of(row.id) for row in mine}
        taken: list[Interview] = []

        async def do() -> None:
            async with self.centre.stores["scheduling"].work() as work:
                taken.append(await taking.take_next(work, LIEGE, counsellor, [], []))

        done = self.step(do)
        for interview in taken if done else []:
            assert interview.visit_id is not None
            if not self.late:
                assert interview.visit_id == mine[0].id
            self.interviews.append((interview.id, interview.visit_id))
            self.before[interview.id] = places.get(interview.visit_id, ("", -1))

    @rule(which=WHICH)
    def undo_an_interview(self, which: int) -> None:
        if not self.interviews:
            return
        interview, visit = self.interviews[-min(which, len(self.interviews))]
        ended_by_the_desk = self.run(self.is_of_the_desk(visit, interview))
        done = self.change_an_interview(which, information.undo)
        if done and not self.late and not ended_by_the_desk:
            status, _ = self.place_of(visit)
            assert status == self.before[interview][0]
            here = [(row.rank, row.checked_in_at) for row in self.run(self.here())]
            assert here == sorted(here)

    async def is_of_the_desk(self, visit: UUID, interview: UUID) -> bool:
        async with self.centre.stores["intake"].read() as session:
            return (await session.get_one(Visit, visit)).interview_id != interview

    async def here(self) -> list[Visit]:
        shown = dict((await self.centre.boards())[0].here)
        rows = {row.id: row for row in await self.centre.rows("intake", Visit)}
        return [rows[id] for id in shown]

    def change_an_interview(self, which: int, act: Callable[..., Awaitable[Any]]) -> bool:
        if not self.interviews:
            return False
        interview, _visit = self.interviews[-min(which, len(self.interviews))]

        async def do() -> None:
            async with self.centre.stores["scheduling"].work() as work:
                await act(work, await guidance.interview_of(work, interview))

        return self.step(do)

    @rule(which=WHICH)
    def start_by_mistake(self, which: int) -> None:
        """A counsellor takes the wrong person, gives them back, and the colleague takes them at once."""
        self.start_an_interview(which, NADIA)
        self.undo_an_interview(1)
        self.start_an_interview(which, TOM)

    @rule(minutes=st.integers(1, 40))
    def wait(self, minutes: int) -> None:
        self.centre.clock.forward(minutes=minutes)

    @rule()
    def sleep(self) -> None:
        """Midnight; what nobody ended is left over, until the night's job."""
        tomorrow = self.centre.clock.now + timedelta(days=1)
        self.centre.clock.now = datetime.combine(tomorrow.date(), MONDAY.timetz())

        async def night() -> None:
            while await end_days(self.centre.stores["intake"]):
                pass

        self.step(night)
        assert self.late or self.run(self.centre.boards())[0].earlier == []

    @rule(choices=st.lists(st.tuples(NUMBER, st.booleans()), min_size=1, max_size=6))
    def deliver_some(self, choices: list[tuple[int, bool]]) -> None:
        async def do() -> None:
            for choice, again in choices:
                await self.centre.deliver_one(choice, again)
                await self.centre.collect()

        self.run(do())

    @invariant()
    def agree_at_once(self) -> None:
        if not self.late:
            self.run(self.agree())

    def teardown(self) -> None:
        self.settle()

    async def agree(self) -> None:
        desk, counsellor = await self.centre.boards()
        assert desk == counsellor
        assert desk.number == len(desk.here)
        shown = dict(desk.here)
        for row in await self.centre.rows("scheduling", Waiting):
            if row.interview_id is not None and row.id in shown:
                assert shown[row.id].split()[0] == "being_served"
        held = [one for one in await self.centre.rows("scheduling", Interview) if is_held(one)]
        assert not {one.visit_id for one in held} & shown.keys(), "their visits have ended"
        tallies = await self.centre.rows("impact", Tally)
        assert sum(one.number for one in tallies if one.measure == Measure.INFORMATION) == len(held)


def is_held(interview: Interview) -> bool:
    return interview.status == AppointmentStatus.FULFILLED.value


@pytest.fixture(params=BOTH)
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[tuple[asyncio.Runner, TwoServices]]:
    clock = FixedClock(MONDAY)
    if request.param == "postgres":
        request.getfixturevalue("postgres")
    with asyncio.Runner() as runner:
        opened = AsyncExitStack()

        async def open_stores() -> TwoServices:
            entered = {
                one.name: await opened.enter_async_context(empty_store(request, one, tmp_path, clock))
                for one in SERVICES
            }
            return TwoServices(entered, clock)

        centre = runner.run(open_stores())
        yield runner, centre
        runner.run(opened.aclose())


@pytest.mark.parametrize("late", [False, True], ids=["at once", "late and out of order"])
def test_both_boards_agree(late: bool, stores: tuple[asyncio.Runner, TwoServices]) -> None:
    members = {"runner": stores[0], "centre": stores[1], "late": late}
    machine: Any = type("Morning", (Morning,), members)
    run_state_machine_as_test(machine, settings=STEPS)
