"""Compares what was asked with what is there. It knows the wire and the tables, and nothing of the code behind them.

``check(wishes, published, evidence)`` answers every `Finding`; none means: nothing lost, nothing twice, all in order.

1. *Requests.* Every wish that was granted has exactly one event that says so, none that was refused has any, and of
   those with an unknown answer each has one or none. No event says what nobody asked for.
2. *Outboxes.* Each aggregate's events are numbered 1, 2, 3 … in the order of the rows; every row was sent.
3. *Topics.* Every event of an outbox is in its topic, with the same bytes, in its aggregate's order, in one partition;
   nothing else is. Repetitions are allowed: a relay that crashed sends again.
4. *Inboxes.* Every listener has come to the last event of every aggregate, or keeps a letter that says why not.
5. *Dead letters.* Exactly the records that had to end there, with their bytes, once for every listener.
6. *Effects.* What each service keeps is what one gets from going through the events once, in order.
7. *Figures.* What everybody may read is what was counted.
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

from tests.faults.evidence import COMPACTED, HEARD_BY, SERVICES, Evidence, Record, Store, plain
from tests.faults.history import Answer, Fate, Published, Wish

BRUSSELS = ZoneInfo("Europe/Brussels")
STARTED, SERVED = "cefo.scheduling.interview-started.v1", "cefo.intake.visit-being-served.v1"
INGRESS = "cefo.desk.check-ins"
"""Where others speak: what no broker acknowledged to them may stand there all the same."""


class Kind(StrEnum):
    """What can be wrong."""

    LOST = "lost"
    TWICE = "twice"
    OUT_OF_ORDER = "out of order"
    UNASKED = "unasked"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that must not be."""

    kind: Kind
    what: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.what}"


Findings = Iterator[Finding]


@dataclass(frozen=True, slots=True)
class Event:
    """An event as it was said. `by`: the service whose outbox has it; empty for what was put into a topic by hand."""

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


def check(wishes: list[Wish], published: list[Published], evidence: Evidence) -> list[Finding]:
    """Everything that is wrong, in the order of the rules above."""
    said = {service: said_by(service, store) for service, store in evidence.stores.items()}
    by_hand = [read_by_hand(record) for record in published if record.fate is Fate.EVENT]
    everything = [*by_hand, *chain.from_iterable(said.values())]
    return [
        *check_requests(wishes, everything),
        *chain.from_iterable(check_outbox(service, events) for service, events in said.items()),
        *(check_topics(said, published, evidence.topics) if evidence.topics is not None else ()),
        *chain.from_iterable(check_inbox(s, evidence.stores[s], everything) for s in evidence.stores),
        *chain.from_iterable(check_letters(s, evidence.stores[s], published) for s in evidence.stores),
        *check_effects(evidence.stores, everything),
        *(check_figures(evidence.figures, everything) if evidence.figures is not None else ()),
    ]


# 1. Requests


def check_requests(wishes: list[Wish], events: list[Event]) -> Findings:
    """Each wish against the events that say that it came true."""
    by_type: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_type[event.type].append(event)
    explained: set[tuple[str, str]] = set()
    of_type: dict[str, list[Wish]] = defaultdict(list)
    for wish in [*wishes, *implied(by_type[STARTED])]:
        of_type[wish.event].append(wish)
    for type, some in of_type.items():
        found = _matching(some, by_type[type])
        for wish in some:
            matching = found[id(wish)]
            explained |= {(event.source, event.id) for event in matching}
            yield from _judge(wish, len(matching))
    for type in of_type:
        for event in by_type[type]:
            if event.by and (event.source, event.id) not in explained:
                yield Finding(Kind.UNASKED, f"{event}: {dict(event.data)}")


def implied(started: list[Event]) -> Iterator[Wish]:
    """What nobody asks for by itself: whoever sits with a counsellor waits no longer."""
    for visit in (event.data["visit_id"] for event in started):
        if visit is not None:
            yield Wish("an interview began", SERVED, {"visit_id": visit}, Counter({Answer.OK: 1}))


def _matching(wishes: list[Wish], events: list[Event]) -> dict[int, list[Event]]:
    """The events of each wish; found by one field, so that it takes no time with thousands of both."""
    index: dict[tuple[str, Any], list[Event]] = defaultdict(list)
    for event in events:
        for name in {next(iter(wish.match)) for wish in wishes}:
            index[(name, plain(event.data.get(name)))].append(event)
    found: dict[int, list[Event]] = {}
    for wish in wishes:
        name, value = next(iter(wish.match.items()))
        same = {key: plain(value) for key, value in wish.match.items()}
        found[id(wish)] = [
            event
            for event in index[(name, plain(value))]
            if all(plain(event.data.get(key)) == value for key, value in same.items())
        ]
    return found


def _judge(wish: Wish, effects: int) -> Findings:
    if effects > 1:
        yield Finding(Kind.TWICE, f"{effects} effects of: {wish}")
    elif wish.answers[Answer.OK] and not effects:
        yield Finding(Kind.LOST, f"granted, without effect: {wish}")
    elif effects and not wish.answers[Answer.OK] and not wish.answers[Answer.UNKNOWN]:
        yield Finding(Kind.UNASKED, f"refused, and yet: {wish}")


# 2. Outboxes


def said_by(service: str, store: Store) -> list[Event]:
    """What a service says in its outbox, in the order of the rows, without its announcements of dead letters."""
    rows = sorted(store["outbox"], key=lambda row: row["seq"])
    return [_said(service, row) for row in rows if not row["topic"].endswith(".dead-letters")]


def _said(service: str, row: dict[str, Any]) -> Event:
    headers = {name: value or "" for name, value in json.loads(row["headers"])}
    return _event(service, row["topic"], headers, bytes(row["value"]), sent=row["sent_at"] is not None)


def read_by_hand(record: Published) -> Event:
    """An event that was put into a topic by hand."""
    headers = {name: (value or b"").decode("latin-1") for name, value in record.headers}
    return _event("", record.topic, headers, record.value or b"")


def _event(by: str, topic: str, headers: Mapping[str, str], value: bytes, *, sent: bool = True) -> Event:
    sequence = headers.get("ce_sequence")
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
    """The events that are counted, by topic, source and aggregate, as they come."""
    found: dict[tuple[str, str, str], list[Event]] = defaultdict(list)
    for event in events:
        if event.sequence is not None:
            found[(event.topic, event.source, event.subject)].append(event)
    return found


def check_outbox(service: str, events: list[Event]) -> Findings:
    """The numbers of each aggregate, the ids, and that everything was sent."""
    for (topic, _, subject), some in by_aggregate(events).items():
        numbers = [event.sequence for event in some]
        if numbers != list(range(1, len(numbers) + 1)):
            yield Finding(_what_happened(numbers), f"{service} says {numbers} about {subject} on {topic}")
    for name, number in Counter(event.id for event in events).items():
        if number > 1:
            yield Finding(Kind.TWICE, f"{service} uses the id {name} {number} times")
    for event in events:
        if not event.sent:
            yield Finding(Kind.LOST, f"{service} never sent {event}")


def _what_happened(numbers: list[int | None]) -> Kind:
    """What a wrong row of numbers shows."""
    if len(set(numbers)) < len(numbers):
        return Kind.TWICE
    return Kind.OUT_OF_ORDER if sorted(n or 0 for n in numbers) == list(range(1, len(numbers) + 1)) else Kind.LOST


# 3. Topics


def check_topics(
    said: Mapping[str, list[Event]], published: list[Published], topics: Mapping[str, list[Record]]
) -> Findings:
    """Each topic against the outboxes, and the order in which each aggregate's events first appear."""
    wanted = {(event.topic, event.source, event.id): event for event in chain.from_iterable(said.values())}
    by_hand = {(one.topic, one.partition, one.offset) for one in published if not one.gone}
    found: set[tuple[str, str, str]] = set()
    order: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    partitions: dict[tuple[str, str, str], set[int]] = defaultdict(set)
    spoken = (records for topic, records in topics.items() if topic != INGRESS and not _is_for_letters(topic))
    for record in chain.from_iterable(spoken):
        if (record.topic, record.partition, record.offset) in by_hand:
            continue
        key = (record.topic, record.header("ce_source"), record.header("ce_id"))
        event = wanted.get(key)
        if event is None:
            yield Finding(Kind.UNASKED, f"{record.topic} has an event that no outbox has: {key}")
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
    for (topic, _, subject), places in partitions.items():
        if len(places) > 1:
            yield Finding(Kind.OUT_OF_ORDER, f"{topic} has {subject} in partitions {sorted(places)}")


def _is_for_letters(topic: str) -> bool:
    return topic.endswith(".dead-letters")


# 4. Inboxes


def check_inbox(service: str, store: Store, events: list[Event]) -> Findings:
    """How far the service has come in each aggregate that it hears of."""
    heard = {(row["source"], row["subject"]): row["sequence"] for row in store["inbox"]}
    mine = [event for event in events if event.topic in HEARD_BY[service]]
    for (_, source, subject), some in by_aggregate(mine).items():
        last = max(event.sequence or 0 for event in some)
        come_to = heard.get((source, subject), 0)
        if come_to < last:
            yield Finding(Kind.LOST, f"{service} has heard {come_to} of {last} events of {source} {subject}")
        if come_to > last:
            yield Finding(Kind.UNASKED, f"{service} has heard {come_to} of {last} events of {source} {subject}")
    for event in mine:
        if event.sequence is None and (event.source, f"#{event.id}") not in heard:
            yield Finding(Kind.LOST, f"{service} has not heard {event}")


# 5. Dead letters


def check_letters(service: str, store: Store, published: list[Published]) -> Findings:
    """What the service could not handle: exactly what nobody could."""
    expected = {
        (one.topic, one.partition, one.offset): one
        for one in published
        if one.fate is Fate.DEAD_LETTER and one.topic in HEARD_BY[service]
    }
    kept: Counter[tuple[str, int, int]] = Counter()
    for row in store["dead_letters"]:
        place = (row["topic"], row["partition"], row["offset"])
        kept[place] += 1
        told = f"{service} keeps {place}, {row['state']}: {row['reason']} ({row['detail']})"
        if place not in expected:
            yield Finding(Kind.UNASKED, told)
            continue
        one = expected[place]
        headers = [
            (name, None if value is None else value.encode("latin-1")) for name, value in json.loads(row["headers"])
        ]
        if (bytes(row["value"]), headers) != (one.value or b"", one.headers) or row["state"] != "dead":
            yield Finding(Kind.DIFFERENT, f"not as it was sent, or not dead: {told}")
    for place in expected:
        if kept[place] != 1:
            kind = Kind.TWICE if kept[place] else Kind.LOST
            yield Finding(kind, f"{service} keeps {kept[place]} letters of {place}")
    announced = Counter(
        (row["topic"].removesuffix(".dead-letters"), bytes(row["value"]))
        for row in store["outbox"]
        if _is_for_letters(row["topic"])
    )
    # Whoever reads everything again tries again, and says so again.
    wanted = Counter[tuple[str, bytes]]()
    for one in expected.values():
        wanted[(one.topic, one.value or b"")] += 1 + one.read_again.count(service)
    for (topic, value), number in ((announced - wanted) + (wanted - announced)).items():
        yield Finding(
            Kind.DIFFERENT, f"{service} announces {number} letters too many or too few: {topic} {value[:80]!r}"
        )


# 6. Effects


def check_effects(stores: Mapping[str, Store], events: list[Event]) -> Findings:
    """Each service's tables against what the events make of them, gone through once and in order."""
    ordered = list(chain.from_iterable(sorted(some, key=_number) for some in by_aggregate(events).values()))
    for expected in (visits_of, waiting_of, people_of, paths_of, plans_of, referrals_of, tallies_of):
        for service, table, rows in expected(ordered):
            if service in stores:
                yield from _compare(service, table, rows, stores[service][table])


def _number(event: Event) -> int:
    return event.sequence or 0


Expected = Iterator[tuple[str, str, dict[Any, dict[str, Any]]]]
"""Service, table, and the columns that must stand under each key."""


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
            yield Finding(kind, f"{service}.{table} {key}: {name} is {there!r}, the events say {wanted!r}")
    for key in present.keys() - expected.keys():
        yield Finding(Kind.UNASKED, f"{service}.{table} has {key}, of which no event tells")


KEYS = {("impact", "tallies"): ("measure", "day", "centre", "area")}

STEPS = {
    "cefo.intake.visit-called.v1": "called",
    SERVED: "being_served",
    "cefo.intake.visit-served.v1": "served",
    "cefo.intake.visit-left.v1": "left",
}


def visits_of(events: list[Event]) -> Expected:
    """Intake's own visits: one row each, where the last event left it."""
    rows: dict[Any, dict[str, Any]] = {}
    for event in _of(events, "/intake", "cefo.intake.visits"):
        row = rows.setdefault(event.data["visit_id"], {})
        row["version"] = event.sequence
        _step(row, event)
    yield "intake", "visits", rows


def waiting_of(events: list[Event]) -> Expected:
    """Scheduling's copy of who queues."""
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
    elif event.type in STEPS:
        row["status"] = STEPS[event.type]


def people_of(events: list[Event]) -> Expected:
    """Who agreed to be known: intake's people, scheduling's copy."""
    registered = [event for event in events if event.type == "cefo.intake.visitor-registered.v1"]
    rows = {event.data["subject_ref"]: {"centre": event.data["centre"]} for event in registered}
    yield "intake", "visitors", rows
    yield "scheduling", "known_people", rows


def paths_of(events: list[Event]) -> Expected:
    """Paths and interviews: scheduling's own, and what plans keeps of them."""
    paths: dict[Any, dict[str, Any]] = {}
    interviews: dict[Any, dict[str, Any]] = {}
    held: dict[Any, dict[str, Any]] = {}
    first: dict[str, datetime] = {}
    for event in _of(events, "/scheduling", "cefo.scheduling.interviews"):
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


INTERVIEWS = {"interview-booked.v1": "booked", "interview-started.v1": "arrived", "interview-held.v1": "fulfilled"}


def plans_of(events: list[Event]) -> Expected:
    """Plans: one per path whose first guidance interview was held, with everything said about it."""
    rows: dict[Any, dict[str, Any]] = {}
    parts: dict[str, dict[Any, dict[str, Any]]] = {"goals": {}, "action_tracks": {}, "actions": {}}
    for event in _of(events, "/plans", "cefo.plans.plans"):
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
    """Referrals: one per action that needs a provider, and plans' copy of where it stands."""
    rows: dict[Any, dict[str, Any]] = {}
    wanted = {
        event.data["action_id"]: event.data["subject_ref"]
        for event in events
        if event.type == "cefo.plans.action-planned.v1" and event.data["needs_provider"]
    }
    for event in _of(events, "/directory", "cefo.directory.referrals"):
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
    """Impact counts what happened, each thing once. A number that is too high was counted twice."""
    counted: Counter[tuple[str, str, str, str]] = Counter()
    for event in events:
        if cell := cell_of(event):
            counted[cell] += 1
    yield "impact", "tallies", {cell: {"number": number} for cell, number in counted.items()}


def cell_of(event: Event) -> tuple[str, str, str, str] | None:
    """Measure, local day, centre and area under which an event is counted."""
    data = event.data
    measure, at, area = {
        "cefo.intake.visit-checked-in.v1": ("visitors", "at", data.get("area")),
        "cefo.scheduling.interview-held.v1": (f"{data.get('kind')}_interviews", "starts_at", data.get("area")),
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


def _of(events: list[Event], source: str, topic: str) -> Iterator[Event]:
    """Events that a service says about its own aggregates."""
    return (event for event in events if event.source == source and event.topic == topic)


# 7. Figures


def check_figures(figures: Mapping[str, int], events: list[Event]) -> Findings:
    """The figures that everybody may read against the events."""
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


assert set(HEARD_BY) == set(SERVICES)
