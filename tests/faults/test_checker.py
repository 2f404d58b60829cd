"""The checker finds each kind of error, and nothing in a correct data set.

The data set is a small one, written by hand: Anna checks in, is called and leaves; Bruno is checked in by the desk's
own software. Each test corrupts it in one place.
"""

import json
from collections.abc import Callable, Generator
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest

from tests.faults.checker import BEING_SERVED, STARTED, Event, Finding, Kind, check, check_requests
from tests.faults.evidence import CONSUMED_BY, SERVICES, Evidence, Record, Store, dump
from tests.faults.history import Answer, Headers, History, Injected, Outcome
from tests.faults.load import desk_check_in

ANNA, BRUNO = (str(uuid5(NAMESPACE_URL, name)) for name in ("Anna", "Bruno"))
NINE = "2026-03-02T08:00:00.000001+00:00"
TEN = "2026-03-02T09:00:00.000002+00:00"
VISITS = "cefo.intake.visits"
DESKS = "cefo.desk.check-ins"
CHECKED_IN, CALLED, LEFT = (f"cefo.intake.visit-{kind}.v1" for kind in ("checked-in", "called", "left"))
TABLES = {
    "intake": ("visits", "visitors"),
    "scheduling": ("waiting", "known_people", "paths", "interviews"),
    "plans": ("paths", "held_interviews", "plans", "goals", "action_tracks", "actions", "referrals"),
    "directory": ("referrals",),
    "impact": ("tallies",),
}


class DataSet:
    """The small platform: its history and its state."""

    def __init__(self, path: Path) -> None:
        self.history = History(path / "history.ndjson")
        chassis = ("outbox", "inbox", "dead_letters")
        stores: dict[str, Store] = {
            service: {table: [] for table in (*TABLES[service], *chassis)} for service in SERVICES
        }
        self.evidence = Evidence(stores, topics={VISITS: [], DESKS: []}, figures=FIGURES | {"visitors": 2})
        self.request("check in", CHECKED_IN, {"at": NINE}, Answer.OK)
        self.request("call", CALLED, {"desk": "desk-1"}, Answer.OK)
        self.request("leave", LEFT, {"visit_id": ANNA}, Answer.UNKNOWN, Answer.OK)
        self.request("check in otherwise", CHECKED_IN, {"at": TEN}, Answer.REFUSED)
        self.request("check in by Kafka", CHECKED_IN, {"visit_id": BRUNO}, Answer.OK)
        visit: dict[str, Any] = {"centre": "liege", "area": None, "status": "waiting"}
        self.emit(ANNA, 1, CHECKED_IN, visit | {"visit_id": ANNA, "ticket": "S-001", "at": NINE})
        self.emit(BRUNO, 1, CHECKED_IN, visit | {"visit_id": BRUNO, "ticket": "S-002", "at": "2026-03-02T08:30:00Z"})
        self.emit(ANNA, 2, CALLED, {"visit_id": ANNA, "desk": "desk-1", "at": TEN})
        self.emit(ANNA, 3, LEFT, {"visit_id": ANNA, "at": TEN})
        self.inject("0", Outcome.EVENT, desk_check_in({"visit_id": BRUNO}, id="0", source="/desk/liege"))
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

    def request(self, what: str, event: str, match: dict[str, str], *answers: Answer) -> None:
        for answer in answers:
            self.history.record_answer(self.history.record_request(what, event, match), answer)

    def emit(self, subject: str, sequence: int, kind: str, data: dict[str, Any]) -> None:
        """Intake emits an event: a row in its outbox, a record in the topic."""
        outbox = self.store("intake")["outbox"]
        attributes = {"id": f"{subject}/{sequence}", "source": "/intake", "type": kind, "subject": subject}
        headers = [(f"ce_{name}", value) for name, value in (attributes | {"sequence": str(sequence)}).items()]
        value = json.dumps(data).encode()
        row = {"seq": len(outbox) + 1, "topic": VISITS, "headers": json.dumps(headers).encode(), "value": value}
        outbox.append(row | {"sent_at": datetime(2026, 3, 2, tzinfo=UTC)})
        sent: Headers = [(name, text.encode()) for name, text in headers]
        self.topic().append(Record(VISITS, 0, len(self.topic()), subject.encode(), sent, value))

    def inject(self, name: str, outcome: Outcome, event: tuple[Any, bytes]) -> Injected:
        """Inject a record into the desks' topic."""
        headers, value = event
        record = Record(DESKS, 0, len(self.topic(DESKS)), name.encode(), headers, value)
        self.topic(DESKS).append(record)
        injected = Injected(DESKS, 0, record.offset, headers, value, outcome)
        self.history.record_injected(injected)
        return injected

    def add_dead_letter(self, one: Injected) -> dict[str, Any]:
        """Intake has this record as a dead letter, and publishes it."""
        position = {"topic": one.topic, "partition": one.partition, "offset": one.offset}
        dead_letter = position | {"state": "dead", "reason": "bad-data", "detail": "", "value": b"", "sealed": b"gAAA"}
        self.store("intake")["dead_letters"].append(dead_letter)
        headers = json.dumps([("cefo-position", "/".join(map(str, position.values())))]).encode()
        copy = {"topic": f"{one.topic}.dead-letters", "headers": headers, "seq": 99, "sent_at": "2026-03-02"}
        self.store("intake")["outbox"].append(copy)
        return dead_letter

    def findings(self) -> list[Finding]:
        return check(self.history.operations(), self.history.injected(), self.evidence)

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
def data(tmp_path: Path) -> Generator[DataSet]:
    made = DataSet(tmp_path)
    yield made
    made.history.close()


def test_a_correct_data_set_has_no_findings(data: DataSet) -> None:
    assert data.findings() == []


def lose_the_visit(data: DataSet) -> None:
    del data.store("intake")["visits"][0]


def lose_the_event(data: DataSet) -> None:
    del data.store("intake")["outbox"][0]


def lose_the_last_event(data: DataSet) -> None:
    """Everywhere, as if it had not been committed: only the history shows it."""
    data.store("intake")["outbox"] = [row for row in data.store("intake")["outbox"] if row["seq"] != 4]
    del data.topic()[3]
    data.store("intake")["visits"][0] |= {"status": "called", "version": 2}
    data.store("scheduling")["waiting"][0]["status"] = "called"
    for service in ("scheduling", "impact"):
        data.store(service)["inbox"][0]["sequence"] = 2


def leave_unsent(data: DataSet) -> None:
    data.store("intake")["outbox"][3]["sent_at"] = None


def lose_in_the_topic(data: DataSet) -> None:
    del data.topic()[3]


def lose_in_scheduling(data: DataSet) -> None:
    """The offset was committed, the effect was not."""
    del data.store("scheduling")["waiting"][1]


def lose_in_impact(data: DataSet) -> None:
    data.store("impact")["tallies"][0]["number"] = 1


def skip_the_last_event(data: DataSet) -> None:
    data.store("impact")["inbox"][0]["sequence"] = 2


def skip_the_desk_event(data: DataSet) -> None:
    data.store("intake")["inbox"].clear()


def show_too_little(data: DataSet) -> None:
    data.evidence.figures = FIGURES | {"visitors": 1}


@pytest.mark.parametrize(
    "corrupt",
    [
        lose_the_visit,
        lose_the_event,
        lose_the_last_event,
        leave_unsent,
        lose_in_the_topic,
        lose_in_scheduling,
        lose_in_impact,
        skip_the_last_event,
        skip_the_desk_event,
        show_too_little,
    ],
)
def test_a_loss_is_found(data: DataSet, corrupt: Callable[[DataSet], None]) -> None:
    corrupt(data)
    assert Kind.LOST in data.kinds()


def double_the_request(data: DataSet) -> None:
    """The client retried, and the platform applied the retry too, consistently."""
    value = json.loads(data.store("intake")["outbox"][2]["value"])
    data.emit(ANNA, 4, CALLED, value)
    data.store("intake")["visits"][0] |= {"status": "called", "version": 4}
    data.store("scheduling")["waiting"][0]["status"] = "called"
    for service in ("scheduling", "impact"):
        data.store(service)["inbox"][0]["sequence"] = 4


def double_the_row(data: DataSet) -> None:
    row = deepcopy(data.store("intake")["outbox"][3])
    data.store("intake")["outbox"].append(row | {"seq": 5})


def double_in_impact(data: DataSet) -> None:
    data.store("impact")["tallies"][0]["number"] = 3


def show_too_much(data: DataSet) -> None:
    data.evidence.figures = FIGURES | {"visitors": 3}


@pytest.mark.parametrize("corrupt", [double_the_request, double_the_row, double_in_impact, show_too_much])
def test_a_duplicate_is_found(data: DataSet, corrupt: Callable[[DataSet], None]) -> None:
    corrupt(data)
    assert Kind.TWICE in data.kinds()


def test_a_record_published_twice_is_no_error(data: DataSet) -> None:
    """A relay that crashed between the acknowledgement and its mark publishes again; consumers ignore it."""
    again = data.topic()[1:4]
    data.topic().extend(
        one.__class__(one.topic, 0, 4 + n, one.key, one.headers, one.value) for n, one in enumerate(again)
    )
    assert data.findings() == []


def swap_in_the_outbox(data: DataSet) -> None:
    outbox = data.store("intake")["outbox"]
    outbox[2]["seq"], outbox[3]["seq"] = outbox[3]["seq"], outbox[2]["seq"]


def swap_in_the_topic(data: DataSet) -> None:
    data.topic()[2:4] = reversed(data.topic()[2:4])


def scatter(data: DataSet) -> None:
    """One aggregate in two partitions has no order."""
    last = data.topic()[3]
    data.topic()[3] = Record(VISITS, 1, 0, last.key, last.headers, last.value)


@pytest.mark.parametrize("corrupt", [swap_in_the_outbox, swap_in_the_topic, scatter])
def test_a_wrong_order_is_found(data: DataSet, corrupt: Callable[[DataSet], None]) -> None:
    corrupt(data)
    assert Kind.OUT_OF_ORDER in data.kinds()


def test_an_effect_in_the_wrong_order_is_found(data: DataSet) -> None:
    """Scheduling processed the call after the departure: the visitor stays called for ever."""
    data.store("scheduling")["waiting"][0]["status"] = "called"
    [finding] = data.findings()
    assert finding.kind is Kind.DIFFERENT
    assert "status is 'called', the events give 'left'" in finding.what


def grant_a_refused_request(data: DataSet) -> None:
    visit = {"visit_id": ANNA, "centre": "liege", "area": None, "status": "waiting", "ticket": "S-003", "at": TEN}
    data.emit(ANNA, 4, CHECKED_IN, visit)


def emit_without_a_request(data: DataSet) -> None:
    data.emit(BRUNO, 2, LEFT, {"visit_id": BRUNO, "at": TEN})


def add_a_row_without_an_event(data: DataSet) -> None:
    data.store("scheduling")["waiting"].append(visit_row("unknown", "waiting", "S-009", 0))


def publish_without_an_outbox_row(data: DataSet) -> None:
    """Published, then rolled back."""
    headers: Headers = [("ce_id", b"phantom"), ("ce_source", b"/intake"), ("ce_subject", ANNA.encode())]
    data.topic().append(Record(VISITS, 0, 9, ANNA.encode(), headers, b"{}"))


def reject_a_valid_event(data: DataSet) -> None:
    data.add_dead_letter(data.history.injected()[0])


@pytest.mark.parametrize(
    "corrupt",
    [
        grant_a_refused_request,
        emit_without_a_request,
        add_a_row_without_an_event,
        publish_without_an_outbox_row,
        reject_a_valid_event,
    ],
)
def test_an_unrequested_effect_is_found(data: DataSet, corrupt: Callable[[DataSet], None]) -> None:
    corrupt(data)
    assert Kind.UNREQUESTED in data.kinds()


def test_other_bytes_in_the_topic_are_found(data: DataSet) -> None:
    last = data.topic()[3]
    data.topic()[3] = Record(VISITS, 0, 3, last.key, last.headers, last.value and last.value + b" ")
    assert data.kinds() == {Kind.DIFFERENT}


def test_a_lost_answer_may_mean_granted_or_refused(data: DataSet) -> None:
    data.request("check in", CHECKED_IN, {"at": "2026-03-02T07:00:00+00:00"}, Answer.UNKNOWN)
    data.history.record_request("leave", LEFT, {"visit_id": BRUNO})  # without an answer line
    assert data.findings() == []


def test_a_dead_letter_is_expected_exactly_once_with_its_bytes_encrypted(data: DataSet) -> None:
    poison = data.inject("x", Outcome.DEAD_LETTER, ([("ce_type", b"\xff")], b"{broken"))
    assert data.kinds() == {Kind.LOST, Kind.DIFFERENT}
    dead_letter = data.add_dead_letter(poison)
    assert data.findings() == []
    dead_letter["sealed"] = None
    assert data.kinds() == {Kind.DIFFERENT}
    dead_letter |= {"sealed": b"gAAA", "state": "held"}
    assert data.kinds() == {Kind.DIFFERENT}
    dead_letter["state"] = "dead"
    data.store("intake")["dead_letters"].append(dict(dead_letter))
    assert data.kinds() == {Kind.TWICE}


def test_a_rebuilt_service_publishes_its_dead_letters_again(data: DataSet) -> None:
    poison = data.inject("x", Outcome.DEAD_LETTER, ([("ce_type", b"\xff")], b"{broken"))
    data.add_dead_letter(poison)
    data.history.rebuilt("impact")
    assert data.findings() == []
    data.history.rebuilt("intake")
    assert data.kinds() == {Kind.DIFFERENT}
    data.add_dead_letter(poison)
    data.store("intake")["dead_letters"].pop()
    assert data.findings() == []


def test_a_dump_differs_by_data_and_not_by_the_time_of_sending(data: DataSet) -> None:
    before = dump(data.store("intake"))
    data.store("intake")["outbox"][0]["sent_at"] = None
    assert dump(data.store("intake")) == before
    data.store("intake")["visits"][0]["status"] = "called"
    assert dump(data.store("intake")) != before


def test_every_service_consumes_a_topic() -> None:
    assert set(CONSUMED_BY) == set(SERVICES) == set(TABLES)


def test_an_interview_that_intake_did_not_process_is_found() -> None:
    rest: dict[str, Any] = {"value": b"", "sequence": 1, "data": {"visit_id": ANNA}}
    started = Event("scheduling", STARTED, "1", "/scheduling", "i", topic="cefo.scheduling.interviews", **rest)
    served = Event("intake", BEING_SERVED, "2", "/intake", ANNA, topic=VISITS, **rest)
    assert [one.kind for one in check_requests([], [started])] == [Kind.LOST]
    assert list(check_requests([], [started, served])) == []
