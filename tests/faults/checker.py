"""Compares the requests with the results. It uses events and tables, and none of the platform's code.

``check(operations, injected, evidence)`` returns every `Finding`; none: nothing lost, nothing twice, all in order.

1. *Requests.* Every granted operation has exactly one event, a refused one has none, and one with an unknown answer
   has at most one. No event lacks an operation.
2. *Outboxes.* Each aggregate's events are numbered 1, 2, 3 … in the order of the rows; every row was sent.
3. *Topics.* Every event of an outbox is in its topic, with the same bytes, in its aggregate's order, in one partition;
   nothing else is. Repetitions are allowed: a relay that crashed publishes again.
4. *Inboxes.* Every consumer has processed the last event of every aggregate, or has a dead letter.
5. *Dead letters.* Exactly the expected records, with their bytes, once for every consumer.
6. *Effects.* Each service's tables are what the events give when they are applied once, in order.
7. *Figures.* The exact figures are what was counted.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import chain
from typing import Any, cast
from zoneinfo import ZoneInfo

from tests.faults.evidence import COMPACTED, CONSUMED_BY, SERVICES, Evidence, Record, Store, plain
from tests.faults.history import Answer, Injected, Operation, Outcome

BRUSSELS = ZoneInfo("Europe/Brussels")
STARTED, BEING_SERVED = "cefo.scheduling.interview-started.v1", "cefo.intake.visit-being-served.v1"
HELD, SERVED = "cefo.scheduling.interview-held.v1", "cefo.intake.visit-served.v1"
RETURNED, UNDONE = "cefo.intake.visit-returned.v1", "cefo.scheduling.interview-undone.v1"
INGRESS = "cefo.desk.check-ins"
"""Written by other systems: it may contain records whose acknowledgement was lost."""


class Kind(StrEnum):
    """Kinds of errors."""

    LOST = "lost"
    TWICE = "twice"
    OUT_OF_ORDER = "out of order"
    UNREQUESTED = "unrequested"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Finding:
    """One error."""

    kind: Kind
    what: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.what}"


Findings = Iterator[Finding]


@dataclass(frozen=True, slots=True)
class Event:
    """An emitted event. `by`: the service whose outbox has it; empty if the tests injected it into a topic."""

    by: str
    type: str
    id: str
    source: str
    subject: str
    sequence: int | None
    topic: str
    data: Mapping[str, Any]
    value: bytes | None
    sent: bool = True

    def __str__(self) -> str:
        return f"{self.type} of {self.subject}, its event {self.sequence}"


def check(operations: list[Operation], injected: list[Injected], evidence: Evidence) -> list[Finding]:
    """All findings, in the order of the rules above."""
    emitted = {service: emitted_by(service, store) for service, store in evidence.stores.items()}
    from_outside = [event_of(record) for record in injected if record.outcome is Outcome.EVENT]
    everything = [*from_outside, *chain.from_iterable(emitted.values())]
    return [
        *check_requests(operations, everything),
        *chain.from_iterable(check_outbox(service, events) for service, events in emitted.items()),
        *(check_topics(emitted, injected, evidence.topics) if evidence.topics is not None else ()),
        *chain.from_iterable(check_inbox(s, evidence.stores[s], everything) for s in evidence.stores),
        *chain.from_iterable(check_dead_letters(s, evidence.stores[s], injected) for s in evidence.stores),
        *check_effects(evidence.stores, everything),
        *(check_figures(evidence.figures, everything) if evidence.figures is not None else ()),
    ]


# 1. Requests


def check_requests(operations: list[Operation], events: list[Event]) -> Findings:
    """Each operation against the events of its effect."""
    by_type: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_type[event.type].append(event)
    explained: set[tuple[str, str]] = set()
    of_type: dict[str, list[Operation]] = defaultdict(list)
    implied = [*implied_by(by_type[STARTED], BEING_SERVED), *implied_by(by_type[HELD], SERVED)]
    for operation in [*operations, *implied]:
        of_type[operation.event].append(operation)
    for type, some in of_type.items():
        found = _matching(some, by_type[type])
        for operation in some:
            matching = found[id(operation)]
            explained |= {(event.source, event.id) for event in matching}
            yield from _check_effects(operation, len(matching))
    for type in of_type:
        for event in by_type[type]:
            if event.by and (event.source, event.id) not in explained:
                yield Finding(Kind.UNREQUESTED, f"{event}: {dict(event.data)}")


def implied_by(interviews: list[Event], effect: str) -> Iterator[Operation]:
    """Effects without a request of their own: the start of an interview serves its visitor, its end ends the visit."""
    for event in interviews:
        if event.data["visit_id"] is not None:
            yield Operation(event.type, effect, {"visit_id": event.data["visit_id"]}, Counter({Answer.OK: 1}))


def _matching(operations: list[Operation], events: list[Event]) -> dict[int, list[Event]]:
    """The events of each operation; indexed by one field, to be fast with thousands of both."""
    index: dict[tuple[str, Any], list[Event]] = defaultdict(list)
    for event in events:
        for name in {next(iter(operation.match)) for operation in operations}:
            index[(name, plain(event.data.get(name)))].append(event)
    found: dict[int, list[Event]] = {}
    for operation in operations:
        name, value = next(iter(operation.match.items()))
        same = {key: plain(value) for key, value in operation.match.items()}
        found[id(operation)] = [
            event
            for event in index[(name, plain(value))]
            if all(plain(event.data.get(key)) == value for key, value in same.items())
        ]
    return found


def _check_effects(operation: Operation, effects: int) -> Findings:
    if effects > 1:
        yield Finding(Kind.TWICE, f"{effects} effects of: {operation}")
    elif operation.answers[Answer.OK] and not effects:
        yield Finding(Kind.LOST, f"granted, without effect: {operation}")
    elif effects and not operation.answers[Answer.OK] and not operation.answers[Answer.UNKNOWN]:
        yield Finding(Kind.UNREQUESTED, f"refused, but has an effect: {operation}")


# 2. Outboxes


def emitted_by(service: str, store: Store) -> list[Event]:
    """The events in a service's outbox, in the order of the rows, without dead letters."""
    rows = sorted(store["outbox"], key=lambda row: row["seq"])
    return [_outbox_event(service, row) for row in rows if not row["topic"].endswith(".dead-letters")]


def _outbox_event(service: str, row: dict[str, Any]) -> Event:
    headers = {name: value or "" for name, value in json.loads(row["headers"])}
    return _event(service, row["topic"], headers, bytes(row["value"]), sent=row["sent_at"] is not None)


def event_of(record: Injected) -> Event:
    """An injected record as an event."""
    headers = {name: (value or b"").decode("latin-1") for name, value in record.headers}
    return _event("", record.topic, headers, record.value or b"")


def _event(by: str, topic: str, headers: Mapping[str, str], value: bytes, *, sent: bool = True) -> Event:
    sequence = headers.get("ce_cefosequence", headers.get("ce_sequence"))
    return Event(
        by=by,
        type=headers["ce_type"],
        id=headers["ce_id"],
        source=headers["ce_source"],
        subject=headers["ce_subject"],
        sequence=int(sequence) if sequence else None,
        topic=topic,
        data=cast(dict[str, Any], json.loads(value)),
        value=value,
        sent=sent,
    )


def by_aggregate(events: Iterable[Event]) -> dict[tuple[str, str, str], list[Event]]:
    """The events with a sequence, by topic, source and aggregate."""
    found: dict[tuple[str, str, str], list[Event]] = defaultdict(list)
    for event in events:
        if event.sequence is not None:
            found[(event.topic, event.source, event.subject)].append(event)
    return found


def check_outbox(service: str, events: list[Event]) -> Findings:
    """Each aggregate's sequences, the ids, and that every row was sent."""
    for (topic, _, subject), some in by_aggregate(events).items():
        numbers = [event.sequence for event in some]
        if numbers != list(range(1, len(numbers) + 1)):
            yield Finding(_kind_of(numbers), f"{service} emitted {numbers} of {subject} to {topic}")
    for name, number in Counter(event.id for event in events).items():
        if number > 1:
            yield Finding(Kind.TWICE, f"{service} uses the id {name} {number} times")
    for event in events:
        if not event.sent:
            yield Finding(Kind.LOST, f"{service} never sent {event}")


def _kind_of(numbers: list[int | None]) -> Kind:
    """The kind of error that a wrong list of sequences shows."""
    if len(set(numbers)) < len(numbers):
        return Kind.TWICE
    return Kind.OUT_OF_ORDER if sorted(n or 0 for n in numbers) == list(range(1, len(numbers) + 1)) else Kind.LOST


# 3. Topics


def check_topics(
    emitted: Mapping[str, list[Event]], injected: list[Injected], topics: Mapping[str, list[Record]]
) -> Findings:
    """Each topic against the outboxes, and the order in which each aggregate's events first appear."""
    wanted = {(event.topic, event.source, event.id): event for event in chain.from_iterable(emitted.values())}
    outside = {(one.topic, one.partition, one.offset) for one in injected if not one.gone}
    found: set[tuple[str, str, str]] = set()
    order: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    partitions: dict[tuple[str, str, str], set[int]] = defaultdict(set)
    relayed = (records for topic, records in topics.items() if topic != INGRESS and not _is_dead_letter_topic(topic))
    for record in chain.from_iterable(relayed):
        if (record.topic, record.partition, record.offset) in outside:
            continue
        key = (record.topic, record.header("ce_source"), record.header("ce_id"))
        event = wanted.get(key)
        if event is None:
            yield Finding(Kind.UNREQUESTED, f"{record.topic} has an event that no outbox has: {key}")
            continue
        if record.value != event.value:
            yield Finding(Kind.DIFFERENT, f"{record.topic} has other bytes than the outbox for {event}")
        aggregate = (record.topic, event.source, event.subject)
        partitions[aggregate].add(record.partition)
        if key not in found:
            found.add(key)
            order[aggregate].append(event.sequence or 0)
    for key, event in wanted.items():
        if key not in found and event.topic not in COMPACTED:
            yield Finding(Kind.LOST, f"{event.topic} never got {event}")
    for (topic, _, subject), numbers in order.items():
        if numbers != sorted(numbers):
            yield Finding(Kind.OUT_OF_ORDER, f"{topic} has {numbers} of {subject}")
    for (topic, _, subject), found_in in partitions.items():
        if len(found_in) > 1:
            yield Finding(Kind.OUT_OF_ORDER, f"{topic} has {subject} in partitions {sorted(found_in)}")


def _is_dead_letter_topic(topic: str) -> bool:
    return topic.endswith(".dead-letters")


# 4. Inboxes


def check_inbox(service: str, store: Store, events: list[Event]) -> Findings:
    """The last processed sequence of each aggregate that the service consumes."""
    processed = {(row["source"], row["subject"]): row["sequence"] for row in store["inbox"]}
    mine = [event for event in events if event.topic in CONSUMED_BY[service]]
    for (_, source, subject), some in by_aggregate(mine).items():
        last = max(event.sequence or 0 for event in some)
        position = processed.get((source, subject), 0)
        if position < last:
            yield Finding(Kind.LOST, f"{service} has processed {position} of {last} events of {source} {subject}")
        if position > last:
            yield Finding(
                Kind.UNREQUESTED, f"{service} has processed {position} of {last} events of {source} {subject}"
            )
    for event in mine:
        if event.sequence is None and (event.source, f"#{event.id}") not in processed:
            yield Finding(Kind.LOST, f"{service} has not processed {event}")


# 5. Dead letters


def check_dead_letters(service: str, store: Store, injected: list[Injected]) -> Findings:
    """The service's dead letters: exactly the injected records that cannot be processed."""
    expected = {
        (one.topic, one.partition, one.offset): one
        for one in injected
        if one.outcome is Outcome.DEAD_LETTER and one.topic in CONSUMED_BY[service]
    }
    kept: Counter[tuple[str, int, int]] = Counter()
    for row in store["dead_letters"]:
        position = (row["topic"], row["partition"], row["offset"])
        kept[position] += 1
        found = f"{service} has {position}, {row['state']}: {row['reason']} ({row['detail']})"
        if position not in expected:
            yield Finding(Kind.UNREQUESTED, found)
            continue
        one = expected[position]
        if row["state"] != "dead" or not (row["sealed"] or _same_fields(bytes(row["value"]), one.value)):
            yield Finding(Kind.DIFFERENT, f"neither encrypted nor as it was sent, or not dead: {found}")
    for position in expected:
        if kept[position] != 1:
            kind = Kind.TWICE if kept[position] else Kind.LOST
            yield Finding(kind, f"{service} has {kept[position]} dead letters of {position}")
    copies = Counter(
        dict(json.loads(row["headers"]))["cefo-position"]
        for row in store["outbox"]
        if _is_dead_letter_topic(row["topic"])
    )
    # A rebuilt service processes the record again, and publishes its dead letter again.
    wanted = Counter[str]()
    for (topic, partition, offset), one in expected.items():
        wanted[f"{topic}/{partition}/{offset}"] += 1 + one.read_again.count(service)
    for position, number in ((copies - wanted) + (wanted - copies)).items():
        yield Finding(Kind.DIFFERENT, f"{service} published {number} dead letters too many or too few: {position}")


def _same_fields(kept: bytes, sent: bytes | None) -> bool:
    """Whether both are the same JSON object; times may be written in another way."""
    try:
        return json.loads(kept).keys() == json.loads(sent or b"").keys()
    except ValueError:
        return False


# 6. Effects


def check_effects(stores: Mapping[str, Store], events: list[Event]) -> Findings:
    """Each service's tables against the result of applying the events once and in order."""
    ordered = list(chain.from_iterable(sorted(some, key=_number) for some in by_aggregate(events).values()))
    for expected in (visits_of, waiting_of, people_of, paths_of, plans_of, referrals_of, tallies_of):
        for service, table, rows in expected(ordered):
            if service in stores:
                yield from _compare(service, table, rows, stores[service][table])


def _number(event: Event) -> int:
    return event.sequence or 0


Expected = Iterator[tuple[str, str, dict[Any, dict[str, Any]]]]
"""Service, table, and the expected columns of each key."""


def _compare(service: str, table: str, expected: dict[Any, dict[str, Any]], rows: list[dict[str, Any]]) -> Findings:
    keys = KEYS.get((service, table), ("id",))
    present = {tuple(row[key] for key in keys) if len(keys) > 1 else row[keys[0]]: row for row in rows}
    for key, columns in expected.items():
        row = present.get(key)
        if row is None:
            yield Finding(Kind.LOST, f"{service}.{table} has no {key}: {columns}")
            continue
        wrong = {name: (row[name], value) for name, value in columns.items() if row[name] != plain(value)}
        for name, (there, wanted) in wrong.items():
            counted = isinstance(there, int) and isinstance(wanted, int)
            kind = Kind.DIFFERENT if not counted else Kind.TWICE if there > wanted else Kind.LOST
            yield Finding(kind, f"{service}.{table} {key}: {name} is {there!r}, the events give {wanted!r}")
    for key in present.keys() - expected.keys():
        yield Finding(Kind.UNREQUESTED, f"{service}.{table} has {key}, which no event explains")


KEYS = {("impact", "tallies"): ("measure", "day", "centre", "area")}

STEPS = {
    "cefo.intake.visit-called.v1": "called",
    BEING_SERVED: "being_served",
    SERVED: "served",
    "cefo.intake.visit-left.v1": "left",
}


def visits_of(events: list[Event]) -> Expected:
    """Intake's visits: one row each, in the state of its last event."""
    rows: dict[Any, dict[str, Any]] = {}
    for event in _of(events, "intake", "cefo.intake.visits"):
        row = rows.setdefault(event.data["visit_id"], {})
        row["version"] = event.sequence
        _step(row, event)
    yield "intake", "visits", rows


def waiting_of(events: list[Event]) -> Expected:
    """Scheduling's copy of the queue."""
    rows: dict[Any, dict[str, Any]] = {}
    queueing: set[str] = set()
    for event in (one for one in events if one.topic == "cefo.intake.visits"):
        visit = event.data["visit_id"]
        if event.type == "cefo.intake.visit-checked-in.v1" and event.data["status"] == "waiting":
            queueing.add(visit)
        if visit in queueing:
            _step(rows.setdefault(visit, {}), event)
    yield "scheduling", "waiting", rows


def _step(row: dict[str, Any], event: Event) -> None:
    data = event.data
    if event.type == "cefo.intake.visit-checked-in.v1":
        row |= {name: data[name] for name in ("centre", "area", "ticket", "status")}
        row["checked_in_at"] = data["at"]
    elif event.type == "cefo.intake.visit-identified.v1":
        row["subject_ref"] = data["subject_ref"]
    elif event.type == RETURNED:
        row["status"] = data["status"]
    elif event.type in STEPS:
        row["status"] = STEPS[event.type]


def people_of(events: list[Event]) -> Expected:
    """Registered visitors: intake's, and scheduling's copy."""
    registered = [event for event in events if event.type == "cefo.intake.visitor-registered.v1"]
    rows = {event.data["subject_ref"]: {"centre": event.data["centre"]} for event in registered}
    yield "intake", "visitors", rows
    yield "scheduling", "known_people", rows


def paths_of(events: list[Event]) -> Expected:
    """Paths and interviews: scheduling's own, and the copies in plans."""
    paths: dict[Any, dict[str, Any]] = {}
    interviews: dict[Any, dict[str, Any]] = {}
    held: dict[Any, dict[str, Any]] = {}
    first: dict[str, datetime] = {}
    for event in _of(events, "scheduling", "cefo.scheduling.interviews"):
        data = event.data
        kind = event.type.removeprefix("cefo.scheduling.")
        if kind == "path-opened.v1":
            paths[data["path_id"]] = {name: data[name] for name in ("subject_ref", "centre", "method")}
        elif kind in INTERVIEWS:
            interviews.setdefault(data["interview_id"], {}).update(version=event.sequence, status=INTERVIEWS[kind])
        if kind == "interview-held.v1" and data["path_id"] is not None:
            at = plain(data["starts_at"])
            held[data["interview_id"]] = {"path_id": data["path_id"], "starts_at": at}
            first[data["path_id"]] = min(at, first.get(data["path_id"], at))
    yield "scheduling", "paths", paths
    yield "scheduling", "interviews", interviews
    yield "plans", "held_interviews", held
    yield "plans", "paths", {id: row | {"first_held_at": first.get(id)} for id, row in paths.items()}


INTERVIEWS = {
    "interview-booked.v1": "booked",
    "interview-started.v1": "arrived",
    "interview-held.v1": "fulfilled",
    "interview-undone.v1": "entered-in-error",
}


def plans_of(events: list[Event]) -> Expected:
    """Plans: one per path whose first guidance interview was held, with its goals, tracks and actions."""
    rows: dict[Any, dict[str, Any]] = {}
    parts: dict[str, dict[Any, dict[str, Any]]] = {"goals": {}, "action_tracks": {}, "actions": {}}
    for event in _of(events, "plans", "cefo.plans.plans"):
        data = event.data
        row = rows.setdefault(data["plan_id"], {})
        row["version"] = event.sequence
        if event.type == "cefo.plans.plan-opened.v1":
            row |= {name: data[name] for name in ("path_id", "subject_ref", "centre", "method")}
        for table, kind, id in PARTS:
            if event.type == kind:
                parts[table][data[id]] = {"plan_id": data["plan_id"]}
    yield "plans", "plans", rows
    for table, kept in parts.items():
        yield "plans", table, kept


PARTS = (
    ("goals", "cefo.plans.goal-set.v1", "goal_id"),
    ("action_tracks", "cefo.plans.action-track-opened.v1", "track_id"),
    ("actions", "cefo.plans.action-planned.v1", "action_id"),
)


def referrals_of(events: list[Event]) -> Expected:
    """Referrals: one per action that needs a provider, and plans' copy of its status."""
    rows: dict[Any, dict[str, Any]] = {}
    wanted = {
        event.data["action_id"]: event.data["subject_ref"]
        for event in events
        if event.type == "cefo.plans.action-planned.v1" and event.data["needs_provider"]
    }
    for event in _of(events, "directory", "cefo.directory.referrals"):
        data = event.data
        row = rows.setdefault(data["referral_id"], {"status": "requested"})
        row["action_id"] = data["action_id"]
        row["status"] = data.get("status", "requested")
    opened = {row["action_id"] for row in rows.values()}
    missing: dict[Any, dict[str, Any]] = {
        f"(of action {action})": {"subject_ref": person} for action, person in wanted.items() if action not in opened
    }
    yield "directory", "referrals", rows | missing
    yield "plans", "referrals", rows


def tallies_of(events: list[Event]) -> Expected:
    """Impact's counts, each event once. A number that is too high was counted twice."""
    counted: Counter[tuple[str, str, str, str]] = Counter()
    for event in events:
        if cell := cell_of(event):
            counted[cell] += -1 if event.type == UNDONE else 1
    yield "impact", "tallies", {cell: {"number": number} for cell, number in counted.items()}


def cell_of(event: Event) -> tuple[str, str, str, str] | None:
    """Measure, local day, centre and area under which an event is counted."""
    data = event.data
    measure, at, area = {
        "cefo.intake.visit-checked-in.v1": ("visitors", "at", data.get("area")),
        HELD: (f"{data.get('kind')}_interviews", "starts_at", data.get("area")),
        UNDONE: ("information_interviews" if data.get("held") else "", "starts_at", data.get("area")),
        "cefo.directory.referral-requested.v1": ("referrals", "at", data.get("area")),
        "cefo.directory.referral-progressed.v1": (
            "referrals_completed" if data.get("status") == "completed" else "",
            "at",
            None,
        ),
        "cefo.plans.plan-confirmed.v1": ("plans_confirmed", "at", None),
    }.get(event.type, ("", "", None))
    if not measure:
        return None
    day = cast(datetime, plain(data[at])).astimezone(BRUSSELS).date().isoformat()
    return measure, day, data["centre"], area or ""


def _of(events: list[Event], service: str, topic: str) -> Iterator[Event]:
    """The events of one topic that a service emitted."""
    return (event for event in events if event.by == service and event.topic == topic)


# 7. Figures


def check_figures(figures: Mapping[str, int], events: list[Event]) -> Findings:
    """The exact figures against the events."""
    counted = Counter(cell[0] for event in events if (cell := cell_of(event)))
    expected = {
        "visitors": counted["visitors"],
        "individual_interviews": counted["information_interviews"] + counted["guidance_interviews"],
        "guidance_interviews": counted["guidance_interviews"],
        "referrals": counted["referrals"],
        "referrals_completed": counted["referrals_completed"],
    }
    for name, number in expected.items():
        if figures[name] != number:
            kind = Kind.TWICE if figures[name] > number else Kind.LOST
            yield Finding(kind, f"the figures show {figures[name]} {name}; there were {number}")


assert set(CONSUMED_BY) == set(SERVICES)
