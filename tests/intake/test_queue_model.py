"""Whatever happens at a centre's desks, nobody is lost, called twice, or overtaken against the rule of the page.

A model of the queue that knows the rule alone is compared with the service after each step: over its API, over the
desks' topic, and when a device sends what it recorded without the network; on both stores.
"""

import asyncio
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test

from services.chassis.copies.visits import Day
from services.chassis.testing import Client, FixedClock, client_of, emitted, quiet_settings
from services.contracts.intake import VisitCalled
from services.intake.app import SERVICE
from services.intake.store import Centre
from services.intake.store.queue import places
from tests.givens.appointments import registered
from tests.givens.intake import LIEGE_DESK, MONDAY, open_centres
from tests.intake.queue_model import API, AREA, DESK, HERE, NTH, OTHER, Arrivals, Device, Expected
from tests.parts.postgres import PostgresServer
from tests.parts.stores import BOTH


class Queue(Arrivals):
    """A centre with three desks: calls, steps, and what always holds."""

    # Calls

    async def calls_next(self, desk: str, **body: Any) -> tuple[int, str | None]:
        answer = await self.client.post(f"{API}/call-next", json={"centre": "liege", "desk": desk} | body)
        return answer.status_code, answer.json().get("id")

    def expected_next(self, desk: str, areas: Sequence[str] = ()) -> Expected | None:
        waiting = [one for one in self.people.values() if one.waits_for(desk, areas)]
        return min(waiting, key=lambda one: one.place, default=None)

    def called_to(self, desk: str) -> Expected | None:
        """Whom the desk called last, of those who have not come to it."""
        called = [one for one in self.people.values() if one.status == "called" and one.desk == desk]
        return max(called, key=lambda one: (one.called_at, UUID(int=(1 << 128) - 1 - UUID(one.id).int)), default=None)

    @rule(desks=st.lists(DESK, min_size=1, max_size=4), area=st.sampled_from([None, None, AREA]))
    def call_next(self, desks: list[str], area: str | None) -> None:
        """One desk after the other. One whose visitor has not come has to say whom it leaves."""
        for desk in desks:
            self.clock.forward(seconds=7)
            last, first = self.called_to(desk), self.expected_next(desk, [area] if area else [])
            if last is not None:
                assert self.run(self.calls_next(desk, area=area)) == (409, None)
            status, called = self.run(self.calls_next(desk, area=area, called=last.id if last is not None else None))
            assert (status, called) == ((200, first.id) if first is not None else (409, None))
            if first is not None:
                first.call(desk, self.clock.now)

    @rule(desk=DESK, areas=st.sampled_from([[], [AREA], [OTHER]]))
    def call_next_on_the_page(self, desk: str, areas: list[str]) -> None:
        """From a browser at this desk, which serves these areas; whom it called, the list of visits says."""
        self.clock.forward(seconds=7)
        last, first = self.called_to(desk), self.expected_next(desk, areas)

        async def press() -> str:
            page = {"accept": "text/html"}
            here = {"number": desk.removeprefix("desk-"), "areas": areas}
            await self.client.post("/intake/desk/liege/here", data=here, headers=page)
            form = {"called": last.id} if last is not None else {}
            return self.client.flash(await self.client.post("/intake/desk/liege/call-next", data=form, headers=page))

        assert self.run(press()).startswith("error:" if first is None else "done:")
        if first is not None:
            first.call(desk, self.clock.now)

    @rule(desks=st.permutations(["desk-1", "desk-2", "desk-3"]))
    def all_desks_call_at_once(self, desks: list[str]) -> None:
        """Each gets another one; together those whose turn it is, in the order in which the desks came."""
        self.clock.forward(seconds=7)
        free = [desk for desk in desks if self.called_to(desk) is None]

        async def together() -> list[tuple[int, str | None]]:
            return list(await asyncio.gather(*(self.calls_next(desk) for desk in free)))

        got = dict(zip(free, (called for _, called in self.run(together())), strict=True))
        called = {one: desk for desk, one in got.items() if one is not None}
        assert len(called) == sum(one is not None for one in got.values())
        for one in sorted((self.people[one] for one in called), key=lambda one: one.place):
            assert one.waits_for(called[one.id], ())
            before = [other for other in self.people.values() if other.place < one.place]
            assert not any(other.waits_for(called[one.id], ()) for other in before)
            one.call(called[one.id], self.clock.now)
        for desk, one in got.items():
            assert one is not None or self.expected_next(desk) is None

    @rule(nth=NTH, desk=DESK)
    def call_this_one_or_recall(self, nth: int, desk: str) -> None:
        if (visit := self.nth(nth)) is not None:
            assert self.run(self.does(visit, "call", desk=desk)) == (visit.status in ("waiting", "called"))
            if visit.status in ("waiting", "called"):
                visit.call(desk, self.clock.now)

    # Steps

    @rule(nth=NTH, step=st.sampled_from(["serve", "finish", "leave", "hold", "return"]))
    def receive_end_hold_or_put_back(self, nth: int, step: str) -> None:
        if (visit := self.nth(nth)) is not None:
            may = {
                "finish": visit.status == "being_served",
                "hold": visit.status in HERE,
                "return": visit.held or visit.status == "served" or (visit.status == "left" and not visit.by_mistake),
            }.get(step, visit.status in ("waiting", "called"))
            assert self.run(self.does(visit, step)) == may
            visit.before_closing = None if may else visit.before_closing
            if may and step == "return" and visit.status == "served":
                visit.status = "being_served"
            elif may and step in ("hold", "return"):
                visit.wait(held=step == "hold")
            elif may:
                visit.status = {"serve": "being_served", "finish": "served", "leave": "left"}[step]
                visit.held = False

    @rule(
        nth=NTH,
        desk=st.sampled_from([None, None, "desk-2"]),
        area=st.sampled_from([None, AREA, OTHER]),
        by=st.sampled_from([None, "desk-1"]),
    )
    def transfer(self, nth: int, desk: str | None, area: str | None, by: str | None) -> None:
        """By a desk, or by the one that called the visitor."""
        if (visit := self.nth(nth)) is not None:
            done = self.run(self.does(visit, "transfer", desk=desk, area=area, from_desk=by))
            assert done == (visit.status in HERE)
            destination = (visit.for_desk, visit.for_area, visit.for_counsellor)
            if done and not (visit.is_next and destination == (desk, area, None)):
                visit.transferred_by = (by or visit.desk) if area and not desk else None
                visit.wait()
                visit.for_desk, visit.for_area, visit.for_counsellor = desk, area, None

    @rule(nth=NTH, priority=st.sampled_from([None, "appointment", "pregnancy"]))
    def prioritise(self, nth: int, priority: str | None) -> None:
        if (visit := self.nth(nth)) is not None:
            may = visit.status in ("waiting", "called")
            assert self.run(self.does(visit, "priority", priority=priority)) == may
            if may:
                visit.rank = 1 if priority is None else 0

    @rule(sure=st.integers(0, 3))
    def close_the_day(self, sure: int) -> None:
        if not sure:
            here = [one for one in self.people.values() if one.status in HERE]
            self.clock.forward(seconds=7)
            answer = self.run(self.client.post(f"{API}/close-today", json={"centre": "liege"}))
            assert answer.json()["closed"] == len(here)
            for one in self.people.values():
                one.before_closing = None
            for one in here:
                one.before_closing = replace(one, before_closing=None)
                one.status, one.held = ("served" if one.status == "being_served" else "left"), False
            self.closed_at = answer.json()["closed_at"]

    @precondition(lambda self: self.closed_at)
    @rule()
    def reopen_the_day(self) -> None:
        """Everybody whom the last closing sent away is where they were, except who came back meanwhile."""
        body = {"centre": "liege", "closed_at": self.closed_at}
        answer = self.run(self.client.post(f"{API}/reopen-today", json=body))
        back = {one.id: one.before_closing for one in self.people.values() if one.before_closing is not None}
        assert (set(answer.json()["reopened"]), answer.json()["changed"]) == (set(back), [])
        self.people |= back
        self.closed_at = ""

    # What always holds

    @invariant()
    def everybody_who_is_here_stands_at_their_place(self) -> None:
        listed = self.run(self.client.get(API, params={"centre": "liege"})).json()
        for one in listed:
            self.people[one["id"]].ticket = int(one["ticket"].partition("-")[2])
        here = sorted((one for one in self.people.values() if one.status in HERE), key=lambda one: one.place)
        assert [(one["id"], one["status"], one["held_at"] is not None) for one in listed] == [
            (one.id, one.status, one.held) for one in here
        ]

    def teardown(self) -> None:
        """Nobody is lost: each has a ticket of their own, its place, and as many calls as were made."""

        async def look() -> tuple[dict[UUID, Any], Counter[str]]:
            async with self.client.store.read() as session:
                day = Day.of(await session.get_one(Centre, "liege"), self.clock.now)
                found = await places(session, day)
            events = await emitted(self.client.store, VisitCalled)
            return dict(found), Counter(str(one.event.visit_id) for one in events)  # type: ignore[union-attr]

        found, calls = self.run(look())
        assert {str(id): place.status for id, place in found.items()} == {
            one.id: one.status for one in self.people.values()
        }
        assert len({place.ticket for place in found.values()} - {None}) == len(self.people)
        for one in self.people.values():
            assert calls[one.id] == one.calls
            if one.status in HERE:
                ahead = [other for other in self.people.values() if other.is_next and other.place < one.place]
                if one.caller != (None, None):
                    ahead = [other for other in ahead if other.caller in (one.caller, (None, None))]
                assert found[UUID(one.id)].before == len(ahead)


@pytest.fixture(params=BOTH)
def centre(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[dict[str, Any]]:
    """What the machine runs on."""
    with asyncio.Runner() as runner:
        opened, clock = AsyncExitStack(), FixedClock(MONDAY)

        async def start() -> tuple[Client, Device, UUID]:
            chosen = quiet_settings(tmp_path)
            if request.param == "postgres":
                server: PostgresServer = request.getfixturevalue("postgres")
                url = await server.create_database("cefo_intake")
                chosen = quiet_settings(tmp_path, store=url.rpartition("/")[0])
            made = client_of(SERVICE, tmp_path, person=LIEGE_DESK, clock=clock, settings=chosen)
            client = await opened.enter_async_context(made)
            await open_centres(client.store)
            device = str(uuid4())
            pack = await client.post("/intake/desk/liege/device", json={"device_id": device})
            return client, Device(device, pack.json()["key"]), await registered(client.store)

        client, device, person = runner.run(start())
        yield {"runner": runner, "client": client, "clock": clock, "device": device, "person": person}
        runner.run(opened.aclose())


def test_nobody_is_lost_called_twice_or_overtaken(centre: dict[str, Any]) -> None:
    machine: Any = type("AMorning", (Queue,), centre)
    steps = settings(
        max_examples=12,
        stateful_step_count=30,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    run_state_machine_as_test(machine, settings=steps)
