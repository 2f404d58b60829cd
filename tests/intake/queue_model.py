"""The queue of a centre by its rule alone, and how people arrive: at the desk, over the topic, from a device."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from services.chassis.testing import Client, FixedClock, record_of
from services.contracts.intake import DeskCheckIn
from tests.givens.appointments import booked, expects
from tests.givens.intake import MONDAY

API = "/intake/api/v1/visits"
HERE = ("waiting", "called", "being_served")
AREA, OTHER = "find-job", "select-training"
DESK = st.sampled_from(["desk-1", "desk-2", "desk-3"])
NTH = st.integers(0, 6)
ERROR = st.sampled_from([0, -3600, 40])
"""Seconds by which a device's clock is behind."""


@dataclass
class Expected:
    """A visitor by the rule alone."""

    id: str
    at: datetime
    """The arrival: its order is that of the queue, however late the service learns of it."""
    area: str | None
    ticket: int = 0
    """The number; of those who arrived at the same instant, the order."""
    rank: int = 1
    status: str = "waiting"
    held: bool = False
    desk: str | None = None
    """Where the visitor was called to last, and `called_at` when."""
    called_at: datetime | None = None
    for_desk: str | None = None
    for_area: str | None = None
    transferred_by: str | None = None
    """The desk that transferred the visitor to an area alone."""
    for_counsellor: str | None = None
    by_mistake: bool = False
    """An arrival for an appointment that was none: its visit has ended for good."""
    calls: int = 0
    before_closing: "Expected | None" = None
    """What the visitor was when the day was closed last, until they come back."""

    @property
    def place(self) -> tuple[int, datetime, int]:
        return self.rank, self.at, self.ticket

    @property
    def caller(self) -> tuple[str | None, str | None]:
        """The only desk, and the only counsellor, that calls them."""
        return self.for_desk, self.for_counsellor

    @property
    def is_next(self) -> bool:
        return self.status == "waiting" and not self.held

    def waits_for(self, desk: str, areas: Sequence[str]) -> bool:
        """A desk passes over whom it transferred to an area, and who waits for a counsellor. Who states no area waits
        for each.
        """
        area = self.for_area or self.area
        mine = self.for_desk in (None, desk) and self.for_counsellor is None and self.transferred_by != desk
        return self.is_next and mine and (not areas or area in (None, *areas))

    def call(self, desk: str, now: datetime) -> None:
        self.status, self.held, self.desk, self.called_at = "called", False, desk, now
        self.calls += 1

    def wait(self, *, held: bool = False) -> None:
        self.status, self.held, self.desk, self.called_at = "waiting", held, None, None


@dataclass
class Device:
    """A desk's app, which numbers its own tickets."""

    id: str
    key: str
    sent: int = 0


class Arrivals(RuleBasedStateMachine):
    """A centre with three desks, its own check-in software, a device, and everything that changes a turn."""

    runner: asyncio.Runner
    client: Client
    clock: FixedClock
    device: Device
    person: UUID
    """Registered at the centre; has the appointments."""

    def __init__(self) -> None:
        super().__init__()
        self.people: dict[str, Expected] = {}
        self.offline: dict[str, dict[str, Any]] = {}
        """What the device has recorded, by visit."""
        self.closed_at = ""
        """When the day was closed last, until that is taken back."""
        self.left_out: set[str] = set()
        """Visits of which a step of the device was refused: no later one is applied."""
        self.clock.now = MONDAY
        self.run(self.empty())

    def run(self, what: Any) -> Any:
        return self.runner.run(what)

    async def empty(self) -> None:
        async with self.client.store.writer.begin() as connection:
            for name in ("visits", "appointments", "outbox", "inbox", "ticket_counters"):
                await connection.execute(sa.delete(self.client.store.table(name)))

    def nth(self, nth: int) -> Expected | None:
        """A visitor, mostly one who is here."""
        here = sorted((one for one in self.people.values() if one.status in HERE), key=lambda one: one.place)
        everybody = [*here, *(one for one in self.people.values() if one not in here)]
        return everybody[nth] if nth < len(everybody) else None

    async def does(self, visit: Expected, step: str, **body: Any) -> bool:
        self.clock.forward(seconds=7)
        answer = await self.client.post(f"{API}/{visit.id}/{step}", json=body)
        assert answer.status_code in (200, 409), answer.text
        return answer.status_code == 200

    # Arrivals

    @rule(area=st.sampled_from([None, AREA]))
    def check_in(self, area: str | None) -> None:
        visit = str(uuid4())
        self.clock.forward(seconds=7)
        answer = self.run(self.client.put(f"{API}/{visit}", json={"centre": "liege", "area": area}))
        assert answer.status_code == 200
        self.people[visit] = Expected(visit, self.clock.now, area)

    @rule(people=st.integers(2, 4))
    def check_in_a_group(self, people: int) -> None:
        """At one instant, with ids that are in no order."""
        self.clock.forward(seconds=7)
        body = {"centre": "liege", "area": AREA, "people": people}
        key = {"idempotency-key": str(uuid4())}
        answer = self.run(self.client.post(f"{API}/groups", json=body, headers=key))
        assert answer.status_code == 201, answer.text
        for one in answer.json():
            self.people[one["id"]] = Expected(one["id"], self.clock.now, AREA)

    @rule(people=st.integers(1, 3), again=st.booleans(), late=st.integers(0, 600))
    def check_in_over_the_topic(self, people: int, again: bool, late: int) -> None:
        """In the order of arrival or not, once or twice."""
        records: list[Any] = []
        self.clock.forward(seconds=7)
        for number in range(people):
            visit, at = uuid4(), self.clock.now - timedelta(seconds=late * (people - number), milliseconds=number)
            event = DeskCheckIn(visit_id=visit, centre="liege", area=AREA, at=at)
            records.append(record_of(event, None, source="/desks/liege/kiosk-1"))
            self.people[str(visit)] = Expected(str(visit), at, AREA)
        self.run(self.client.consume(*records * (1 + again)))

    @rule(again=st.booleans(), late=st.booleans(), mistake=st.sampled_from([False, False, True]))
    def arrive_for_an_appointment(self, again: bool, late: bool, mistake: bool) -> None:
        """With the desk's button, once or twice; perhaps the wrong person's."""
        self.clock.forward(seconds=7)
        booking = booked(self.person, self.clock.now + timedelta(minutes=-10 if late else 30))
        self.run(expects(self.client.store, booking))
        address = f"/intake/api/v1/appointments/{booking.interview_id}/arrival"
        (visit,) = {self.run(self.client.post(address)).json()["id"] for _ in range(1 + again)}
        self.people[visit] = Expected(visit, self.clock.now, booking.area, rank=0, for_counsellor=booking.counsellor)
        if mistake:
            seen = {"visit_id": visit}
            assert {self.run(self.client.delete(address, params=seen)).status_code for _ in range(1 + again)} == {204}
            self.people[visit].status, self.people[visit].by_mistake = "left", True

    # What a device recorded

    @rule(
        people=st.integers(1, 3),
        late=st.integers(0, 600),
        error=ERROR,
        steps=st.sampled_from([0, 0, 1, 3]),
        again=st.booleans(),
    )
    def replay(self, people: int, late: int, error: int, steps: int, again: bool) -> None:
        """Its clock is wrong; its tickets are its own, and it calls its own check-ins alone."""
        self.clock.forward(seconds=7)
        for number in range(people):
            behind = people - number
            at = self.clock.now - timedelta(seconds=late * behind, milliseconds=behind)
            self.device.sent += 1
            visit = Expected(str(uuid4()), at, AREA)
            self.people[visit.id] = visit
            ticket = f"E-{1000 + self.device.sent}"
            entry = {"visit_id": visit.id, "seq": self.device.sent, "at": at, "area": AREA, "ticket": ticket}
            self.offline[visit.id] = entry | {"steps": []}
        for visit in list(self.offline)[-people:]:
            for step in ("call", "serve", "finish")[:steps]:
                self.records(self.people[visit], step)
        sent = list(self.offline.values())[-people:]
        for _ in range(1 + again):
            assert {one["problem"] for one in self.sends(error, sent)} == {None}

    @rule(nth=NTH, step=st.sampled_from(["call", "call", "serve", "finish", "leave"]), error=ERROR)
    def device_goes_on(self, nth: int, step: str, error: int) -> None:
        """It learns of nothing meanwhile: what is not possible any more is left out, and its visitors stay."""
        # Those who were called come first: perhaps another desk called them meanwhile.
        recorded = sorted((self.people[one] for one in self.offline), key=lambda one: one.status != "called")
        if nth < len(recorded):
            visit = recorded[nth]
            self.clock.forward(seconds=7)
            done = self.records(visit, step)
            (result,) = self.sends(error, [self.offline[visit.id]])
            assert (result["status"], result["problem"] is None) == ("known", done)

    def records(self, visit: Expected, step: str) -> bool:
        """A step at the device's desk, now; True if the rule allows it."""
        own = any(one["step"] == "call" for one in self.offline[visit.id]["steps"])
        may = {"finish": visit.status == "being_served"}.get(step, visit.status in ("waiting", "called"))
        if visit.status != "waiting":
            may = may and visit.desk == "desk-3" and (own or step == "call")
        may = may and visit.id not in self.left_out
        if not may:
            self.left_out.add(visit.id)
        self.offline[visit.id]["steps"].append({"step": step, "at": self.clock.now, "desk": "desk-3"})
        if may and step == "call":
            visit.call("desk-3", self.clock.now)
        elif may:
            visit.status = {"serve": "being_served", "finish": "served", "leave": "left"}[step]
            visit.held = False
        return may

    def sends(self, error: int, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """All that it has of these check-ins, as its clock has it: `error` seconds behind."""
        behind = timedelta(seconds=error)
        timed = [
            one
            | {"at": (one["at"] - behind).isoformat()}
            | {"steps": [step | {"at": (step["at"] - behind).isoformat()} for step in one["steps"]]}
            for one in entries
        ]
        body = {"device_now": (self.clock.now - behind).isoformat(), "entries": timed}
        headers = {"authorization": f"Bearer {self.device.key}"}
        address = f"/intake/api/v1/devices/{self.device.id}/replay"
        answer = self.run(self.client.post(address, json=body, headers=headers))
        assert answer.status_code == 200, answer.text
        return answer.json()["results"]
