"""When counsellors take, hold, resume and undo over HTTP, nobody is lost, taken twice or overtaken against the rule.

A model that knows the rule of the page alone is compared with both services and the figures after each step, on both
stores.
"""

import asyncio
from collections.abc import Awaitable, Coroutine, Generator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from services.chassis.testing import Client, FixedClock, client_of, quiet_settings
from services.impact.app import SERVICE as IMPACT
from services.impact.domain import Measure
from services.impact.store import Tally
from services.intake.app import SERVICE as INTAKE
from services.intake.store import Visit
from services.scheduling.app import SERVICE as SCHEDULING
from tests.boards.two_services import TwoServices
from tests.givens.intake import walks_in
from tests.givens.scheduling import COLLEAGUE, COUNSELLOR, LIEGE, MONDAY
from tests.parts.stores import BOTH, empty_store

API = "/scheduling/api/v1"
AREAS = st.sampled_from(["find-job", "select-training"])
WHO = st.integers(0, 1)
NTH = st.integers(0, 5)
OUTCOME = {"topics": ["training"], "next_step": "come-back", "guidance_offered": True}


@dataclass
class Walker:
    """A person by the rule alone: waiting, in an interview or done with one."""

    visit: str
    at: datetime
    area: str
    state: str = "waiting"
    who: int | None = None
    interview: str = ""
    ended_at: datetime | None = None


class Counsellors(RuleBasedStateMachine):
    """Two counsellors at a centre."""

    centre: TwoServices
    clients: tuple[Client, Client]
    runner: asyncio.Runner

    def __init__(self) -> None:
        super().__init__()
        self.centre.clock.now = MONDAY
        self.run(self.centre.empty())
        self.people: list[Walker] = []

    def run(self, what: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(what)

    def step(self, *asked: Awaitable[Any]) -> list[tuple[int, dict[str, Any]]]:
        """Send these requests at once, deliver all events, and compare."""

        async def do() -> list[tuple[int, dict[str, Any]]]:
            answers = await asyncio.gather(*asked)
            await self.centre.deliver_all(Random(0))
            return [(one.status_code, one.json()) for one in answers]

        self.centre.clock.forward(seconds=7)
        return self.run(do())

    def ask(self, who: int, path: str, **body: Any) -> Awaitable[Any]:
        return self.clients[who].post(f"{API}{path}", json=body)

    def waiting(self, areas: list[str]) -> list[Walker]:
        free = [one for one in self.people if one.state == "waiting" and (not areas or one.area in areas)]
        return sorted(free, key=lambda one: one.at)

    def busy(self, who: int) -> bool:
        return any(one.state == "in" and one.who == who for one in self.people)

    def nth(self, nth: int, *states: str) -> Walker | None:
        found = [one for one in self.people if one.state in states]
        return found[nth % len(found)] if found else None

    def took(self, who: int, visit: str, interview: str) -> None:
        one = next(one for one in self.people if one.visit == visit)
        assert one.state == "waiting", "nobody is taken twice"
        one.state, one.who, one.interview = "in", who, interview

    @rule(area=AREAS)
    def comes(self, area: str) -> None:
        visit = uuid4()

        async def do() -> None:
            async with self.centre.stores["intake"].work() as work:
                await walks_in(work, visit, area=area)
            await self.centre.deliver_all(Random(0))

        self.centre.clock.forward(seconds=7)
        self.run(do())
        self.people.append(Walker(str(visit), self.centre.clock.now, area))
        self.agree()

    @rule(who=WHO, areas=st.lists(AREAS, max_size=1))
    def takes_next(self, who: int, areas: list[str]) -> None:
        first = next(iter(self.waiting(areas)), None)
        ((status, body),) = self.step(self.ask(who, "/waiting/next", centre=LIEGE, areas=areas, languages=[]))
        if self.busy(who) or first is None:
            assert status == 409
        else:
            assert (status, body["visit_id"]) == (201, first.visit)
            self.took(who, first.visit, body["id"])
        self.agree()

    @rule(twice=st.booleans())
    def both_take_next_at_once(self, twice: bool) -> None:
        """`twice`: each presses two times."""
        asked = [0, 1] * (1 + twice)
        free = [who for who in (0, 1) if not self.busy(who)]
        expected = [one.visit for one in self.waiting([])[: len(free)]]
        answers = self.step(*(self.ask(who, "/waiting/next", centre=LIEGE, areas=[], languages=[]) for who in asked))
        taken = [(who, body) for who, (status, body) in zip(asked, answers, strict=True) if status == 201]
        assert sorted(body["visit_id"] for _who, body in taken) == sorted(expected)
        assert len({who for who, _body in taken}) == len(taken)
        for who, body in taken:
            self.took(who, body["visit_id"], body["id"])
        self.agree()

    @rule(nth=NTH)
    def both_take_the_same_person(self, nth: int) -> None:
        if (one := self.nth(nth, "waiting")) is not None:
            answers = self.step(*(self.ask(who, "/interviews/information", visit_id=one.visit) for who in (0, 1)))
            ((who, body),) = [(who, body) for who, (status, body) in enumerate(answers) if status == 201]
            self.took(who, one.visit, body["id"])
            self.agree()

    @rule(nth=NTH, stated=st.booleans())
    def finishes(self, nth: int, stated: bool) -> None:
        if (one := self.nth(nth, "in")) is not None:
            body: dict[str, Any] = {"outcome": OUTCOME} if stated else {}
            ((status, answer),) = self.step(self.ask(0, f"/interviews/{one.interview}/hold", **body))
            assert (status, answer["outcome"] is not None) == (200, stated)
            one.state, one.ended_at = "done", self.centre.clock.now
            self.agree()

    def may_undo(self, one: Walker) -> bool:
        assert one.ended_at is not None
        return self.centre.clock.now + timedelta(seconds=7) - one.ended_at < timedelta(minutes=10)

    @rule(nth=NTH)
    def undoes_the_end(self, nth: int) -> None:
        if (one := self.nth(nth, "done")) is not None:
            may = self.may_undo(one)
            ((status, _body),) = self.step(self.ask(1, f"/interviews/{one.interview}/undo-hold"))
            assert status == (200 if may else 409)
            if may:
                one.state, one.ended_at = "in", None
            self.agree()

    @rule(nth=NTH)
    def gives_back(self, nth: int) -> None:
        """Of the interview or, in the same ten minutes, of the interview and its end."""
        if (one := self.nth(nth, "in", "done")) is not None:
            may = one.state == "in" or self.may_undo(one)
            body = {"cancelled_by": "centre", "reason": "entered-in-error"}
            ((status, _body),) = self.step(self.ask(0, f"/interviews/{one.interview}/cancel", **body))
            assert status == (200 if may else 409)
            if may:
                one.state, one.who, one.interview, one.ended_at = "waiting", None, "", None
            self.agree()

    @rule(nth=NTH)
    def is_undone_twice_at_once(self, nth: int) -> None:
        """Both ways: of the two, one decides, and the other learns what it became."""
        one = self.nth(nth, "done")
        if one is None or not self.may_undo(one):
            return
        version = self.run(self.version(one))
        body = {"cancelled_by": "centre", "reason": "entered-in-error", "version": version}
        answers = self.step(
            self.ask(0, f"/interviews/{one.interview}/undo-hold", version=version),
            self.ask(1, f"/interviews/{one.interview}/cancel", **body),
        )
        resumed, undone = (status == 200 for status, _body in answers)
        assert resumed != undone
        one.state, one.ended_at = ("in" if resumed else "waiting"), None
        one.who, one.interview = (one.who, one.interview) if resumed else (None, "")
        self.agree()

    async def version(self, one: Walker) -> int:
        answer = await self.clients[0].get(f"{API}/interviews/{one.interview}")
        return answer.json()["version"]

    @rule(minutes=st.integers(1, 12))
    def wait(self, minutes: int) -> None:
        self.centre.clock.forward(minutes=minutes)

    def agree(self) -> None:
        """Everybody is where the model has them, at both services and in the figures."""

        async def do() -> None:
            status = {"waiting": "waiting", "in": "being_served", "done": "served"}
            rows = {str(row.id): row for row in await self.centre.rows("intake", Visit)}
            assert {id: row.status for id, row in rows.items()} == {one.visit: status[one.state] for one in self.people}
            desk, counsellor = await self.centre.boards()
            assert desk == counsellor
            here = sorted((one for one in self.people if one.state != "done"), key=lambda one: one.at)
            assert [id for id, _state in desk.here] == [UUID(one.visit) for one in here]
            listed = await self.clients[0].get(f"{API}/waiting", params={"centre": LIEGE})
            shown = {one["visit_id"]: one["interview_id"] or "" for one in listed.json()["visits"]}
            assert shown == {one.visit: one.interview for one in here}
            tallies = await self.centre.rows("impact", Tally)
            counted = sum(one.number for one in tallies if one.measure == Measure.INFORMATION)
            assert counted == sum(one.state == "done" for one in self.people)

        self.run(do())


@pytest.fixture(params=BOTH)
def centre(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[dict[str, Any]]:
    """What the machine runs on."""
    with asyncio.Runner() as runner:
        opened, clock = AsyncExitStack(), FixedClock(MONDAY)

        async def start() -> tuple[TwoServices, tuple[Client, Client]]:
            chosen = quiet_settings(tmp_path)
            if request.param == "postgres":
                url = await request.getfixturevalue("postgres").create_database("cefo_scheduling")
                chosen = quiet_settings(tmp_path, store=url.rpartition("/")[0])
            made = client_of(SCHEDULING, tmp_path, person=COUNSELLOR, clock=clock, settings=chosen)
            client = await opened.enter_async_context(made)
            stores = {
                one.name: await opened.enter_async_context(empty_store(request, one, tmp_path / "others", clock))
                for one in (INTAKE, IMPACT)
            }
            colleague = await opened.enter_async_context(Client(client.process))
            services = TwoServices({**stores, "scheduling": client.store}, clock)
            return services, (client, colleague.signed_in(COLLEAGUE))

        (tmp_path / "others").mkdir()
        services, clients = runner.run(start())
        yield {"runner": runner, "centre": services, "clients": clients}
        runner.run(opened.aclose())


def test_nobody_is_lost_taken_twice_or_overtaken(centre: dict[str, Any]) -> None:
    machine: Any = type("AMorning", (Counsellors,), centre)
    steps = settings(
        max_examples=12,
        stateful_step_count=30,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    run_state_machine_as_test(machine, settings=steps)
