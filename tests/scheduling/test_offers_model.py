"""Whatever happens to a workshop's seats, nobody is overtaken or lost, and there are never more than there are places.

A model that knows the rule alone is compared with the service after each step, over its API, on both stores, with the
clock moved and with several clients at once.
"""

import asyncio
from collections.abc import Generator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from services.chassis.identity.people import visitor
from services.chassis.testing import Client, FixedClock, client_of, emitted, quiet_settings
from services.contracts.offers import SeatOffered, SeatOfferEnded
from services.contracts.scheduling import SeatReleased, SeatTaken
from services.scheduling.actions.offers import offers_go_on
from services.scheduling.app import SERVICE
from services.scheduling.domain.offers import answer_until
from tests.givens.scheduling import COUNSELLOR, LIEGE, MONDAY, NADIA, Visitor, open_liege, react
from tests.parts.postgres import PostgresServer
from tests.parts.stores import BOTH

API = "/scheduling/api/v1/workshops"
ANSWER = timedelta(hours=48)
NTH = st.integers(0, 11)
ENDED = ("declined", "expired", "released")


@dataclass
class Entry:
    """One request for a seat, by the rule alone. `place`: its order."""

    person: int
    place: int
    id: str
    state: str = "waitlisted"
    until: datetime | None = None


class Seats(RuleBasedStateMachine):
    """A workshop with few seats, and twelve people who want one."""

    runner: asyncio.Runner
    client: Client
    clock: FixedClock
    people: list[Visitor]
    day: int

    def run(self, awaited: Any) -> Any:
        return self.runner.run(awaited)

    @initialize(seats=st.integers(1, 3), hours=st.integers(30, 400))
    def announce(self, seats: int, hours: int) -> None:
        type(self).day += 40  # each workshop has days of its own
        self.clock.now = MONDAY + timedelta(days=self.day)
        self.seats = seats
        start = self.clock.now + timedelta(hours=hours)
        self.first_at = start.replace(minute=0, second=0)
        body = {"centre": LIEGE, "title": "Oser", "counsellor": NADIA, "seats": seats, "outside_usual_hours": True}
        sessions = [{"starts_at": self.first_at.isoformat(), "minutes": 60}]
        answer = self.run(self.client.post(API, json=body | {"sessions": sessions}))
        assert answer.status_code == 201, answer.text
        self.workshop = answer.json()["id"]
        self.entries: list[Entry] = []

    # The rule

    def of(self, *states: str) -> list[Entry]:
        return [one for one in self.entries if one.state in states]

    @property
    def free(self) -> int:
        return self.seats - len(self.of("taken", "offered"))

    def go_on(self) -> None:
        for one in self.of("offered"):
            if one.until is None or self.clock.now >= min(one.until, self.first_at):
                one.state = "expired"
        while self.free > 0 and self.of("waitlisted") and self.clock.now < self.first_at:
            until = answer_until(self.clock.now, self.first_at, ANSWER, ZoneInfo("Europe/Brussels"))
            if until is None:
                break
            first = self.of("waitlisted")[0]
            first.state, first.until = "offered", until

    def entry_of(self, person: int) -> Entry | None:
        """The last one of this person."""
        return next((one for one in reversed(self.entries) if one.person == person), None)

    # What people do

    async def send(self, path: str, **body: Any) -> tuple[int, Any]:
        answer = await self.client.post(f"{API}/{self.workshop}/seats{path}", json=body)
        return answer.status_code, answer.json()

    async def visit(self, person: int, path: str) -> str:
        """What the visitor presses on their own page: the kind of the message that they then see."""
        self.client.signed_in(visitor(self.people[person].subject_ref))
        answer = await self.client.post(f"/scheduling/mine/seats/{path}", headers={"accept": "text/html"})
        assert answer.status_code == 303, answer.text
        flash = self.client.flash(answer)
        self.client.signed_in(COUNSELLOR)
        return flash.partition(":")[0]

    @rule(nth=NTH, waitlist=st.booleans())
    def ask(self, nth: int, waitlist: bool) -> None:
        before = self.entry_of(nth)
        wish = {"subject_ref": str(self.people[nth].subject_ref), "waitlist": waitlist}
        status, answer = self.run(self.send("", **wish))
        if before is not None and before.state not in ENDED:
            # A refusal is rolled back: what is due shows at the next read.
            self.go_on()
            if before.state not in ENDED:
                assert status == 409
                return
        self.go_on()
        waited_for = bool(self.of("waitlisted")) and self.clock.now < self.first_at
        full = self.free <= 0 or waited_for
        assert status == (409 if full and not waitlist else 201)
        if status == 201:
            state = "waitlisted" if full else "taken"
            assert answer["status"] == state
            self.entries.append(Entry(nth, len(self.entries) + 1, answer["id"], state))

    @rule(nth=NTH, team=st.booleans())
    def accept(self, nth: int, team: bool) -> None:
        one = self.entry_of(nth)
        if one is None:
            return
        given = self.run(self.send(f"/{one.id}/accept"))[0] == 200 if team else None
        if given is None:
            given = self.run(self.visit(nth, f"{one.id}/accept")) == "done"
        self.go_on()
        first = next(iter(self.of("waitlisted")), None)
        by_hand = team and one is first and self.free > 0
        assert given == (one.state in ("taken", "offered") or by_hand)
        if given:
            one.state = "taken"

    @rule(nth=NTH, team=st.booleans())
    def decline(self, nth: int, team: bool) -> None:
        one = self.entry_of(nth)
        if one is None:
            return
        done = self.run(self.send(f"/{one.id}/decline"))[0] == 200 if team else None
        if done is None:
            done = self.run(self.visit(nth, f"{one.id}/decline")) == "done"
        self.go_on()
        assert done == (one.state in ("offered", "declined", "expired"))
        if one.state == "offered":
            one.state = "declined"
            self.go_on()

    @rule(nth=NTH)
    def wait_again(self, nth: int) -> None:
        one = self.entry_of(nth)
        if one is None:
            return
        done = self.run(self.visit(nth, f"{one.id}/wait"))
        self.go_on()
        lapsed = one.state in ("declined", "expired")
        refused = one.state == "released" or (lapsed and self.clock.now >= self.first_at)
        assert done == ("error" if refused else "done")
        if lapsed and not refused:
            listed = self.run(self.look())
            state = "waitlisted" if self.free <= 0 or self.of("waitlisted") else "taken"
            (id,) = set(listed) - {other.id for other in self.entries}
            self.entries.append(Entry(nth, len(self.entries) + 1, id, state))

    @rule(nth=NTH, side=st.sampled_from(["visitor", "centre"]))
    def release(self, nth: int, side: str) -> None:
        one = self.entry_of(nth)
        if one is None:
            return
        before = {other.id: other.state for other in self.entries}
        status, _answer = self.run(self.send(f"/{one.id}/release", cancelled_by=side, reason="transport"))
        assert status == (409 if one.state in ENDED else 200)
        if status == 200:
            one.state = "released"
        self.go_on()
        changed = {other.id for other in self.entries if before[other.id] != other.state} - {one.id}
        assert all(self.state_of(id) in ("offered", "expired") for id in changed), "nobody else's seat changes"

    def state_of(self, id: str) -> str:
        return next(one.state for one in self.entries if one.id == id)

    @rule(more=st.integers(1, 2))
    def add_places(self, more: int) -> None:
        known = self.run(self.client.get(f"{API}/{self.workshop}")).json()
        sessions = [{name: one[name] for name in ("id", "starts_at", "minutes")} for one in known["sessions"]]
        body = {"title": "Oser", "seats": self.seats + more, "sessions": sessions}
        assert self.run(self.client.put(f"{API}/{self.workshop}", json=body)).status_code == 200
        self.seats += more
        self.go_on()

    @rule(hours=st.sampled_from([1, 5, 24, 47, 48, 60]), job=st.booleans())
    def time_passes(self, hours: int, job: bool) -> None:
        self.clock.forward(hours=hours)
        if job:
            while self.run(offers_go_on(self.client.store, ANSWER)):
                pass

    @rule()
    def everybody_presses_at_once(self) -> None:
        """All accept, twice, and all who have no entry ask: only those get a seat to whom one was offered."""
        self.run(self.look())
        self.go_on()
        waiting, offered = self.of("waitlisted"), self.of("offered")
        spare = self.free if not waiting or self.clock.now >= self.first_at else 0
        outside = [n for n in range(12) if (e := self.entry_of(n)) is None or e.state in ENDED]

        async def together() -> list[tuple[int, Any]]:
            presses = [self.send(f"/{one.id}/accept") for one in [*offered, *offered]]
            asks = [self.send("", subject_ref=str(self.people[n].subject_ref)) for n in outside]
            return list(await asyncio.gather(*presses, *asks))

        answers = self.run(together())
        for one in offered:
            one.state = "taken"
        got = [
            (n, answer)
            for n, (status, answer) in zip(outside, answers[2 * len(offered) :], strict=True)
            if status == 201
        ]
        assert all(status == 200 for status, _ in answers[: 2 * len(offered)])
        assert len(got) == min(spare, len(outside))
        for n, answer in sorted(got, key=lambda pair: pair[1]["place"]):
            self.entries.append(Entry(n, answer["place"], answer["id"], "taken"))

    # What always holds

    async def look(self) -> dict[str, str]:
        answer = (await self.client.get(f"{API}/{self.workshop}")).json()
        assert answer["taken"] + answer["offered"] <= answer["seats"]
        assert answer["taken"] == len(answer["participants"])
        assert answer["offered"] == sum(one["status"] == "offered" for one in answer["waitlist"])
        places = [one["place"] for one in answer["waitlist"]]
        assert places == sorted(places)
        return {one["id"]: one["status"] for one in [*answer["participants"], *answer["waitlist"]]}

    @invariant()
    def the_service_agrees(self) -> None:
        if not hasattr(self, "workshop"):
            return
        found = self.run(self.look())
        self.go_on()
        assert found == {one.id: one.state for one in self.entries if one.state not in ENDED}
        waiting = [one.place for one in self.of("waitlisted")]
        assert not waiting or all(one.place < min(waiting) for one in self.of("offered")), "nobody is overtaken"

    def teardown(self) -> None:
        """Each seat that was taken or offered ended as the events say: nobody is lost."""
        if not hasattr(self, "workshop"):
            return

        async def count(kind: Any) -> int:
            found = await emitted(self.client.store, kind)
            return sum(str(one.event.workshop_id) == self.workshop for one in found)  # type: ignore[union-attr]

        taken, released = self.run(count(SeatTaken)), self.run(count(SeatReleased))
        offered, ended = self.run(count(SeatOffered)), self.run(count(SeatOfferEnded))
        assert taken - released == len(self.of("taken"))
        assert offered - ended >= len(self.of("offered"))


@pytest.fixture(params=BOTH)
def centre(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[dict[str, Any]]:
    """What the machine runs on."""
    with asyncio.Runner() as runner:
        opened, clock = AsyncExitStack(), FixedClock(MONDAY)

        async def start() -> tuple[Client, list[Visitor]]:
            chosen = quiet_settings(tmp_path)
            if request.param == "postgres":
                server: PostgresServer = request.getfixturevalue("postgres")
                url = await server.create_database("cefo_scheduling")
                chosen = quiet_settings(tmp_path, store=url.rpartition("/")[0])
            made = client_of(SERVICE, tmp_path, person=COUNSELLOR, clock=clock, settings=chosen)
            client = await opened.enter_async_context(made)
            await open_liege(client.store)
            people = [Visitor() for _ in range(12)]
            await react(client.store, [one.registered() for one in people], in_one_batch=True)
            return client, people

        client, people = runner.run(start())
        yield {"runner": runner, "client": client, "clock": clock, "people": people, "day": 0}
        runner.run(opened.aclose())


def test_nobody_is_overtaken_or_lost_and_no_seat_is_given_twice(centre: dict[str, Any]) -> None:
    machine: Any = type("AWorkshop", (Seats,), centre)
    steps = settings(
        max_examples=15,
        stateful_step_count=25,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    run_state_machine_as_test(machine, settings=steps)
