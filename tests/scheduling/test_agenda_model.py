"""Whatever a team does at once, over HTTP and on both stores: each answer is one that the rules give in some order.

A model that knows the rules alone (`agenda_model`, `agenda_steps`) is asked the same as the service. A step alone has
the answer of the model; of several at once there is an order in which the model gives all their answers. After each,
the store has what the model has, and the free times are those of the model.
"""

import asyncio
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import AsyncExitStack
from copy import deepcopy
from datetime import date, datetime, time, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from services.chassis.testing import Client, FixedClock, client_of, quiet_settings
from services.scheduling.actions.offers import offers_go_on
from services.scheduling.app import SERVICE
from services.scheduling.domain.holds import owner_of_account
from services.scheduling.domain.offers import ANSWER_WITHIN
from services.scheduling.store import CounsellorAbsence, GuidancePath, Interview, Seat, SlotHold
from tests.givens.rows import rows_of
from tests.givens.scheduling import COLLEAGUE, COUNSELLOR, LIEGE, MONDAY, NADIA, TOM, Visitor, open_liege, react
from tests.parts.stores import BOTH
from tests.scheduling.agenda_model import OPEN, Agenda
from tests.scheduling.agenda_requests import send
from tests.scheduling.agenda_steps import Absent, AnswerSeat, Step
from tests.scheduling.agenda_wishes import ASKED, BRUSSELS, DAYS, PEOPLE, Draw, Wish

TABLES = (
    *("interviews", "quarter_hours", "path_changes", "paths", "session_arrivals", "attendance", "seats"),
    *("workshop_sessions", "workshops", "slot_holds", "absences", "interviews_to_restate", "outbox"),
)
SEEN = {
    "Book": ("ok", "overlap", "finalising-not-due", "outside-opening-hours", "refused"),
    "Move": ("ok", "overlap", "not-booked"),
    "Change": ("ok", "not-booked", "not-yet"),
    "HoldTime": ("ok", "refused"),
    "Ask": ("taken", "double-seat", "other-appointment"),
    "AnswerSeat": ("ok", "seat-not-taken", "nothing-offered"),
}
"""What the steps must have been answered at least once: otherwise they show nothing."""
ACCOUNTS = {owner_of_account(f"demo/{one}") for one in ("nadia", "tom")}
DRAWS = st.tuples(*(st.integers(0, 11) for _ in range(4)))
KINDS = st.sampled_from(ASKED)


class Team(RuleBasedStateMachine):
    """Two counsellors, one room of the list, five people and three days."""

    runner: asyncio.Runner
    clients: tuple[Client, Client]
    clock: FixedClock
    people: list[Visitor]
    seen: Counter[tuple[str, str]]

    def __init__(self) -> None:
        super().__init__()
        self.clock.now = MONDAY - timedelta(days=4)
        self.model, self.ids, self.made = Agenda(self.clock.now), dict[str, str](), 0
        self.run(self.empty())
        for person in range(2):
            self.together([self.step_of("open", (person, 0, 0, 0))])
        self.together([self.step_of("announce", (0, 2, 3, 4))])  # one seat
        self.together([self.step_of("ask", (person, 0, 0, 1)) for person in range(3)])
        self.together([AnswerSeat(key, "release") for key, one in self.model.seats.items() if one.status == "taken"])

    def run(self, what: Any) -> Any:
        return self.runner.run(what)

    async def empty(self) -> None:
        store = self.clients[0].store
        async with store.writer.begin() as connection:
            for name in TABLES:
                await connection.execute(sa.delete(store.table(name)))

    # Rules

    @rule(kind=KINDS, draw=DRAWS)
    def one(self, kind: str, draw: Draw) -> None:
        self.together([self.step_of(kind, draw)])

    @rule(drawn=st.lists(st.tuples(KINDS, DRAWS), min_size=2, max_size=3), same=st.sampled_from(["", "who", "when"]))
    def several_at_once(self, drawn: list[tuple[str, Draw]], same: str) -> None:
        """`same`: all want the same thing, of one path, interview or person, or at one time of one counsellor."""
        kind, (a, b, c, d) = drawn[0]
        if same == "who":
            drawn = [(kind, (a, draw[1], draw[2], draw[3])) for _kind, draw in drawn]
        elif same == "when":
            drawn = [(kind, (draw[0], b, c, d)) for _kind, draw in drawn]
        self.together([self.step_of(kind, draw) for kind, draw in drawn])

    @initialize(draw=DRAWS)
    def others_want_what_is_held(self, draw: Draw) -> None:
        """At once, a minute before the hold is over, and when it is."""
        self.together([self.step_of("hold", draw)])
        for minutes in (0, 4, 1):
            self.time_passes(minutes)
            self.together([self.step_of("book", draw)])

    @rule(minutes=st.sampled_from([1, 4, 5, 5, 60, 24 * 60]))
    def time_passes(self, minutes: int) -> None:
        self.clock.forward(minutes=minutes)
        self.run(offers_go_on(self.clients[0].store, ANSWER_WITHIN))
        self.model.time_passes(minutes)
        self.compare(self.model)

    def step_of(self, kind: str, draw: Draw) -> Step | None:
        self.made += 1
        return Wish(self.model, f"{kind} {self.made}", *draw).step(kind)

    # Asking, and comparing

    def together(self, steps: Sequence[Step | None]) -> None:
        """Ask for these at once."""
        asked = [one for one in steps if one is not None]
        if asked and all(isinstance(one, Absent) for one in asked):
            asked = asked[:1]  # the same absence entered again is the one before

        async def do() -> list[str]:
            return list(await asyncio.gather(*(self.ask(number, one) for number, one in enumerate(asked))))

        answers = self.run(do())
        self.seen.update((type(one).__name__, answer) for one, answer in zip(asked, answers, strict=True))
        possible = [*self.orders(asked, answers)]
        assert possible, f"no order of {asked} is answered {answers}"
        faults: list[str] = []
        for model in possible:
            try:
                self.compare(model)
            except AssertionError as fault:
                faults.append(str(fault))
                continue
            self.model = model
            return
        pytest.fail("\n".join([f"{asked} were answered {answers}", *faults]))

    async def ask(self, number: int, step: Step) -> str:
        answer, ids = await send(self.clients, number, step, self.ids, self.people, self.workshop_of(step))
        self.ids |= ids
        return answer

    def workshop_of(self, step: Step) -> str:
        return self.model.seats[step.seat].workshop if isinstance(step, AnswerSeat) else ""

    def orders(self, asked: Sequence[Step], answers: Sequence[str]) -> Generator[Agenda]:
        """What the model becomes in each order in which it gives these answers."""
        for order in permutations(range(len(asked))):
            model = deepcopy(self.model)
            if all(self.agrees(asked[at].apply(model), answers[at], alone=len(asked) == 1) for at in order):
                yield model

    def agrees(self, rules: frozenset[str], answer: str, *, alone: bool) -> bool:
        """A form says in words why not. At once, the store may name the absence that came first an overlap."""
        if answer == "refused":
            return not rules & {"ok"}
        names = {"overlap"} if not alone and "counsellor-away" in rules else set[str]()
        return answer in rules | names

    def compare(self, model: Agenda) -> None:
        """The store has what the model has, and offers the free times of the model."""
        self.run(self._compare(model))

    async def _compare(self, model: Agenda) -> None:
        store, known = self.clients[0].store, {id: key for key, id in self.ids.items()}
        found = {known[str(one.id)]: one for one in await rows_of(store, Interview)}
        assert {
            key: (one.status, one.counsellor, one.starts_at, one.minutes, known[str(one.path_id)])
            for key, one in found.items()
        } == {key: (one.status, one.counsellor, one.at, one.minutes, one.path) for key, one in model.interviews.items()}
        paths = {known[str(one.id)]: one for one in await rows_of(store, GuidancePath)}
        ends = {key: (one.closed_because, one.finalising_due_at is not None) for key, one in paths.items()}
        assert ends == {key: (one.because, one.due) for key, one in model.paths.items()}
        announced = {key for key, one in model.workshops.items() if one.status == "announced"}
        rows = sorted(await rows_of(store, Seat), key=lambda one: one.place)
        for workshop in announced:
            seats = [(known[str(one.id)], one.status) for one in rows if known[str(one.workshop_id)] == workshop]
            assert seats == [(key, one.status) for key, one in model.seats.items() if one.workshop == workshop]
        held = {
            one.owner: (one.counsellor, one.starts_at)
            for one in await rows_of(store, SlotHold)
            if one.expires_at > self.clock.now and one.owner in ACCOUNTS
        }
        assert held == {
            owner_of_account(f"demo/{owner}"): (one.counsellor, one.at)
            for owner, one in model.holds.items()
            if one.expires > self.clock.now
        }
        assert {known[str(one.id)] for one in await rows_of(store, CounsellorAbsence)} == set(model.absences)
        await self._free_times(model)

    async def _free_times(self, model: Agenda) -> None:
        """Of both counsellors, for an hour: on the day of what was held last, or on another one."""
        held = [one.at.astimezone(BRUSSELS).date() for one in model.holds.values()]
        day = [*DAYS, *held[-1:] * 3][self.made % (len(DAYS) + 3 * bool(held))]
        query = {"centre": LIEGE, "minutes": 60, "from": day.isoformat(), "until": day.isoformat()}
        answer = await self.clients[0].get("/scheduling/api/v1/slots", params=query)
        shown = {(one["counsellor"], datetime.fromisoformat(one["start"])) for one in answer.json()}
        assert shown == {
            (counsellor, at)
            for counsellor in (NADIA, TOM)
            for opens, closes in OPEN
            for at in starts(day, opens, closes)
            if at > self.clock.now and not model.conflict({counsellor}, at, 60)
        }


def starts(day: date, opens: time, closes: time) -> list[datetime]:
    """The quarter-hours at which an hour can begin."""
    first, last = (datetime.combine(day, at, BRUSSELS).astimezone(MONDAY.tzinfo) for at in (opens, closes))
    count = int((last - first) / timedelta(minutes=15)) - 3
    return [first + number * timedelta(minutes=15) for number in range(count)]


@pytest.fixture(params=BOTH)
def centre(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[dict[str, Any]]:
    """What the machine runs on."""
    with asyncio.Runner() as runner:
        opened, clock = AsyncExitStack(), FixedClock(MONDAY)

        async def start() -> tuple[tuple[Client, Client], list[Visitor]]:
            chosen = quiet_settings(tmp_path)
            if request.param == "postgres":
                url = await request.getfixturevalue("postgres").create_database("cefo_scheduling")
                chosen = quiet_settings(tmp_path, store=url.rpartition("/")[0])
            made = client_of(SERVICE, tmp_path, person=COUNSELLOR, clock=clock, settings=chosen)
            client = await opened.enter_async_context(made)
            await open_liege(client.store)
            people = [Visitor() for _ in range(PEOPLE)]
            await react(client.store, [one.registered() for one in people], in_one_batch=True)
            colleague = await opened.enter_async_context(Client(client.process))
            return (client, colleague.signed_in(COLLEAGUE)), people

        clients, people = runner.run(start())
        yield {"runner": runner, "clients": clients, "clock": clock, "people": people, "seen": Counter()}
        runner.run(opened.aclose())


def test_every_answer_is_that_of_the_rules_in_some_order(centre: dict[str, Any]) -> None:
    machine: Any = type("ATeam", (Team,), centre)
    steps = settings(
        max_examples=10,
        stateful_step_count=27,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    run_state_machine_as_test(machine, settings=steps)
    assert {kind: [one for one in wanted if not centre["seen"][kind, one]] for kind, wanted in SEEN.items()} == {
        kind: [] for kind in SEEN
    }
