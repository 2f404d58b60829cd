"""The checker finds each thing that can go wrong, and nothing when nothing did.

The platform of these tests is a small one, written by hand: Anna comes, is called and leaves; Bruno comes by the desk's
own software. Each test doctors it in one place.
"""

import json
from collections.abc import Callable, Generator
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest

from tests.faults.checker import SERVED, STARTED, Event, Finding, Kind, check, check_requests
from tests.faults.evidence import HEARD_BY, SERVICES, Evidence, Record, Store, dump
from tests.faults.history import Answer, Fate, Headers, History, Published
from tests.faults.load import desk_check_in

ANNA, BRUNO = (str(uuid5(NAMESPACE_URL, name)) for name in ("Anna", "Bruno"))
NINE = "2026-03-02T08:00:00.000001+00:00"
TEN = "2026-03-02T09:00:00.000002+00:00"
VISITS = "cefo.intake.visits"
DESKS = "cefo.desk.check-ins"
CHECKED_IN, CALLED, LEFT = (f"cefo.intake.visit-{said}.v1" for said in ("checked-in", "called", "left"))
TABLES = {
    "intake": ("visits", "visitors"),
    "scheduling": ("waiting", "known_people", "paths", "interviews"),
    "plans": ("paths", "held_interviews", "plans", "goals", "action_tracks", "actions", "referrals"),
    "directory": ("referrals",),
    "impact": ("tallies",),
}


class World:
    """The small platform: what was asked, and what is there."""

    def __init__(self, path: Path) -> None:
        self.history = History(path / "history.ndjson")
        chassis = ("outbox", "inbox", "dead_letters")
        stores: dict[str, Store] = {
            service: {table: [] for table in (*TABLES[service], *chassis)} for service in SERVICES
        }
        self.evidence = Evidence(stores, topics={VISITS: [], DESKS: []}, figures=FIGURES | {"visitors": 2})
        self.asked("check in", CHECKED_IN, {"at": NINE}, Answer.OK)
        self.asked("call", CALLED, {"desk": "desk-1"}, Answer.OK)
        self.asked("leave", LEFT, {"visit_id": ANNA}, Answer.UNKNOWN, Answer.OK)
        self.asked("check in otherwise", CHECKED_IN, {"at": TEN}, Answer.REFUSED)
        self.asked("check in by Kafka", CHECKED_IN, {"visit_id": BRUNO}, Answer.OK)
        told: dict[str, Any] = {"centre": "liege", "area": None, "status": "waiting"}
        self.says(ANNA, 1, CHECKED_IN, told | {"visit_id": ANNA, "ticket": "S-001", "at": NINE})
        self.says(BRUNO, 1, CHECKED_IN, told | {"visit_id": BRUNO, "ticket": "S-002", "at": "2026-03-02T08:30:00Z"})
        self.says(ANNA, 2, CALLED, {"visit_id": ANNA, "desk": "desk-1", "at": TEN})
        self.says(ANNA, 3, LEFT, {"visit_id": ANNA, "at": TEN})
        self.by_hand("0", Fate.EVENT, desk_check_in({"visit_id": BRUNO}, id="0", source="/desk/liege"))
        self.store("intake")["inbox"].append({"source": "/desk/liege", "subject": "#0", "sequence": 1})
        for table in (self.store("intake")["visits"], self.store("scheduling")["waiting"]):
            table.append(visit_row(ANNA, "left", "S-001", 3))
            table.append(visit_row(BRUNO, "waiting", "S-002", 1))
        self.store("scheduling")["waiting"][1]["checked_in_at"] = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
        self.store("intake")["visits"][1]["checked_in_at"] = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
        for service in ("scheduling", "impact"):
            self.store(service)["inbox"] += [
                {"source": "/intake", "subject": ANNA, "sequence": 3},
                {"source": "/intake", "subject": BRUNO, "sequence": 1},
            ]
        cell = {"measure": "visitors", "day": "2026-03-02", "centre": "liege", "area": "", "number": 2}
        self.store("impact")["tallies"].append(cell)

    def store(self, service: str) -> dict[str, list[dict[str, Any]]]:
        return self.evidence.stores[service]

    def topic(self, topic: str = VISITS) -> list[Record]:
        assert self.evidence.topics is not None
        return self.evidence.topics[topic]

    def asked(self, what: str, event: str, match: dict[str, str], *answers: Answer) -> None:
        for answer in answers:
            self.history.answer(self.history.ask(what, event, match), answer)

    def says(self, subject: str, sequence: int, kind: str, data: dict[str, Any]) -> None:
        """Intake says something: a row in its outbox, a record in the topic."""
        outbox = self.store("intake")["outbox"]
        attributes = {"id": f"{subject}/{sequence}", "source": "/intake", "type": kind, "subject": subject}
        headers = [(f"ce_{name}", value) for name, value in (attributes | {"sequence": str(sequence)}).items()]
        value = json.dumps(data).encode()
        row = {"seq": len(outbox) + 1, "topic": VISITS, "headers": json.dumps(headers).encode(), "value": value}
        outbox.append(row | {"sent_at": datetime(2026, 3, 2, tzinfo=UTC)})
        sent: Headers = [(name, text.encode()) for name, text in headers]
        self.topic().append(Record(VISITS, 0, len(self.topic()), subject.encode(), sent, value))

    def by_hand(self, name: str, fate: Fate, event: tuple[Any, bytes]) -> Published:
        """Somebody outside puts a record into the desks' topic."""
        headers, value = event
        record = Record(DESKS, 0, len(self.topic(DESKS)), name.encode(), headers, value)
        self.topic(DESKS).append(record)
        published = Published(DESKS, 0, record.offset, headers, value, fate)
        self.history.publish(published)
        return published

    def buried(self, one: Published) -> dict[str, Any]:
        """Intake keeps this record as a dead letter, and announces it."""
        headers = [(name, (value or b"").decode("latin-1")) for name, value in one.headers]
        place = {"topic": one.topic, "partition": one.partition, "offset": one.offset}
        letter = place | {"state": "dead", "reason": "bad-data", "detail": "", "value": one.value}
        letter["headers"] = json.dumps(headers).encode()
        self.store("intake")["dead_letters"].append(letter)
        announced = {"topic": f"{one.topic}.dead-letters", "value": one.value, "seq": 99, "sent_at": "2026-03-02"}
        self.store("intake")["outbox"].append(announced)
        return letter

    def findings(self) -> list[Finding]:
        return check(self.history.wishes(), self.history.published(), self.evidence)

    def kinds(self) -> set[Kind]:
        return {finding.kind for finding in self.findings()}


FIGURES = dict.fromkeys(
    ("visitors", "individual_interviews", "guidance_interviews", "referrals", "referrals_completed"), 0
)


def visit_row(id: str, status: str, ticket: str, version: int) -> dict[str, Any]:
    at = datetime.fromisoformat(NINE)
    row = {"id": id, "status": status, "ticket": ticket, "version": version, "checked_in_at": at}
    return row | {"centre": "liege", "area": None, "subject_ref": None}


@pytest.fixture
def world(tmp_path: Path) -> Generator[World]:
    made = World(tmp_path)
    yield made
    made.history.close()


def test_nothing_is_found_where_nothing_is_wrong(world: World) -> None:
    assert world.findings() == []


def lose_the_visit(world: World) -> None:
    del world.store("intake")["visits"][0]


def lose_the_event(world: World) -> None:
    del world.store("intake")["outbox"][0]


def lose_the_last_event(world: World) -> None:
    """Everywhere, as if the commit had never been: only the history knows better."""
    world.store("intake")["outbox"] = [row for row in world.store("intake")["outbox"] if row["seq"] != 4]
    del world.topic()[3]
    world.store("intake")["visits"][0] |= {"status": "called", "version": 2}
    world.store("scheduling")["waiting"][0]["status"] = "called"
    for service in ("scheduling", "impact"):
        world.store(service)["inbox"][0]["sequence"] = 2


def never_send(world: World) -> None:
    world.store("intake")["outbox"][3]["sent_at"] = None


def lose_on_the_way(world: World) -> None:
    del world.topic()[3]


def lose_in_scheduling(world: World) -> None:
    """The offset was committed, the effect was not."""
    del world.store("scheduling")["waiting"][1]


def lose_in_impact(world: World) -> None:
    world.store("impact")["tallies"][0]["number"] = 1


def never_hear(world: World) -> None:
    world.store("impact")["inbox"][0]["sequence"] = 2


def never_hear_the_desk(world: World) -> None:
    world.store("intake")["inbox"].clear()


def show_too_little(world: World) -> None:
    world.evidence.figures = FIGURES | {"visitors": 1}


@pytest.mark.parametrize(
    "doctor",
    [
        lose_the_visit,
        lose_the_event,
        lose_the_last_event,
        never_send,
        lose_on_the_way,
        lose_in_scheduling,
        lose_in_impact,
        never_hear,
        never_hear_the_desk,
        show_too_little,
    ],
)
def test_what_was_lost_is_found(world: World, doctor: Callable[[World], None]) -> None:
    doctor(world)
    assert Kind.LOST in world.kinds()


def double_the_request(world: World) -> None:
    """The client asked again, and the platform did it again, consistently."""
    data = json.loads(world.store("intake")["outbox"][2]["value"])
    world.says(ANNA, 4, CALLED, data)
    world.store("intake")["visits"][0] |= {"status": "called", "version": 4}
    world.store("scheduling")["waiting"][0]["status"] = "called"
    for service in ("scheduling", "impact"):
        world.store(service)["inbox"][0]["sequence"] = 4


def double_the_row(world: World) -> None:
    row = deepcopy(world.store("intake")["outbox"][3])
    world.store("intake")["outbox"].append(row | {"seq": 5})


def double_in_impact(world: World) -> None:
    world.store("impact")["tallies"][0]["number"] = 3


def show_too_much(world: World) -> None:
    world.evidence.figures = FIGURES | {"visitors": 3}


@pytest.mark.parametrize("doctor", [double_the_request, double_the_row, double_in_impact, show_too_much])
def test_what_was_done_twice_is_found(world: World, doctor: Callable[[World], None]) -> None:
    doctor(world)
    assert Kind.TWICE in world.kinds()


def test_sending_twice_is_no_fault(world: World) -> None:
    """A relay that crashed between the acknowledgement and its mark sends again; whoever hears it ignores it."""
    again = world.topic()[1:4]
    world.topic().extend(
        one.__class__(one.topic, 0, 4 + n, one.key, one.headers, one.value) for n, one in enumerate(again)
    )
    assert world.findings() == []


def swap_in_the_outbox(world: World) -> None:
    outbox = world.store("intake")["outbox"]
    outbox[2]["seq"], outbox[3]["seq"] = outbox[3]["seq"], outbox[2]["seq"]


def swap_in_the_topic(world: World) -> None:
    world.topic()[2:4] = reversed(world.topic()[2:4])


def scatter(world: World) -> None:
    """One aggregate in two partitions has no order."""
    last = world.topic()[3]
    world.topic()[3] = Record(VISITS, 1, 0, last.key, last.headers, last.value)


@pytest.mark.parametrize("doctor", [swap_in_the_outbox, swap_in_the_topic, scatter])
def test_what_came_out_of_order_is_found(world: World, doctor: Callable[[World], None]) -> None:
    doctor(world)
    assert Kind.OUT_OF_ORDER in world.kinds()


def test_an_effect_in_the_wrong_order_is_found(world: World) -> None:
    """Scheduling took the call after the departure: the visitor stands there as called for ever."""
    world.store("scheduling")["waiting"][0]["status"] = "called"
    [finding] = world.findings()
    assert finding.kind is Kind.DIFFERENT
    assert "status is 'called', the events say 'left'" in finding.what


def do_what_was_refused(world: World) -> None:
    told = {"visit_id": ANNA, "centre": "liege", "area": None, "status": "waiting", "ticket": "S-003", "at": TEN}
    world.says(ANNA, 4, CHECKED_IN, told)


def do_what_nobody_asked(world: World) -> None:
    world.says(BRUNO, 2, LEFT, {"visit_id": BRUNO, "at": TEN})


def keep_what_no_event_tells(world: World) -> None:
    world.store("scheduling")["waiting"].append(visit_row("nobody", "waiting", "S-009", 0))


def say_what_no_outbox_has(world: World) -> None:
    """Sent, and then rolled back."""
    headers: Headers = [("ce_id", b"phantom"), ("ce_source", b"/intake"), ("ce_subject", ANNA.encode())]
    world.topic().append(Record(VISITS, 0, 9, ANNA.encode(), headers, b"{}"))


def bury_what_was_fine(world: World) -> None:
    world.buried(world.history.published()[0])


@pytest.mark.parametrize(
    "doctor",
    [
        do_what_was_refused,
        do_what_nobody_asked,
        keep_what_no_event_tells,
        say_what_no_outbox_has,
        bury_what_was_fine,
    ],
)
def test_what_nobody_asked_for_is_found(world: World, doctor: Callable[[World], None]) -> None:
    doctor(world)
    assert Kind.UNASKED in world.kinds()


def test_other_bytes_in_the_topic_are_found(world: World) -> None:
    last = world.topic()[3]
    world.topic()[3] = Record(VISITS, 0, 3, last.key, last.headers, last.value and last.value + b" ")
    assert world.kinds() == {Kind.DIFFERENT}


def test_an_answer_that_was_lost_may_mean_yes_or_no(world: World) -> None:
    world.asked("check in", CHECKED_IN, {"at": "2026-03-02T07:00:00+00:00"}, Answer.UNKNOWN)
    world.history.ask("leave", LEFT, {"visit_id": BRUNO})  # nobody wrote down what came back
    assert world.findings() == []


def test_a_dead_letter_is_wanted_exactly_once_with_its_bytes(world: World) -> None:
    poison = world.by_hand("x", Fate.DEAD_LETTER, ([("ce_type", b"\xff")], b"{broken"))
    assert world.kinds() == {Kind.LOST, Kind.DIFFERENT}
    letter = world.buried(poison)
    assert world.findings() == []
    letter["value"] = b"{mended"
    assert world.kinds() == {Kind.DIFFERENT}
    letter |= {"value": b"{broken", "state": "held"}
    assert world.kinds() == {Kind.DIFFERENT}
    letter["state"] = "dead"
    world.store("intake")["dead_letters"].append(dict(letter))
    assert world.kinds() == {Kind.TWICE}


def test_whoever_is_rebuilt_announces_what_was_dead_once_more(world: World) -> None:
    poison = world.by_hand("x", Fate.DEAD_LETTER, ([("ce_type", b"\xff")], b"{broken"))
    world.buried(poison)
    world.history.rebuilt("impact")
    assert world.findings() == []
    world.history.rebuilt("intake")
    assert world.kinds() == {Kind.DIFFERENT}
    world.buried(poison)
    world.store("intake")["dead_letters"].pop()
    assert world.findings() == []


def test_a_dump_tells_stores_apart_by_what_they_know_and_not_by_when_they_sent_it(world: World) -> None:
    before = dump(world.store("intake"))
    world.store("intake")["outbox"][0]["sent_at"] = None
    assert dump(world.store("intake")) == before
    world.store("intake")["visits"][0]["status"] = "called"
    assert dump(world.store("intake")) != before


def test_every_service_hears_something() -> None:
    assert set(HEARD_BY) == set(SERVICES) == set(TABLES)


def test_an_interview_that_the_desk_did_not_hear_of_is_found() -> None:
    whose: dict[str, Any] = {"value": b"", "sequence": 1, "data": {"visit_id": ANNA}}
    began = Event("scheduling", STARTED, "1", "/scheduling", "i", topic="cefo.scheduling.interviews", **whose)
    heard = Event("intake", SERVED, "2", "/intake", ANNA, topic=VISITS, **whose)
    assert [one.kind for one in check_requests([], [began])] == [Kind.LOST]
    assert list(check_requests([], [began, heard])) == []
