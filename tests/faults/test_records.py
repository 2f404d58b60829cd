"""Invalid records in a topic: unreadable bytes, and events that are repeated, early or out of order."""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest

from tests.faults.evidence import Record, read_store, read_topics, repeated
from tests.faults.history import Answer, Headers, Outcome
from tests.faults.load import desk_check_in
from tests.faults.platforms import Separate, assert_consistent, load_on
from tests.faults.topics import Publisher

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(600)]

VISITS = "cefo.intake.visits"
LATELY = (datetime.now(UTC) - timedelta(hours=1)).isoformat()


@pytest.fixture
async def publisher(separate: Separate) -> AsyncGenerator[Publisher]:
    """A producer outside the platform that may write to its topics."""
    made = Publisher(separate.stack.kafka, separate.history)
    yield made
    await made.close()


def visit_event(kind: str, visit: str, sequence: int | None = None, **data: Any) -> tuple[Headers, bytes]:
    """An event of a visit, as another system would publish it that may write on intake's topic."""
    attributes = {
        "ce_specversion": "1.0",
        "ce_id": str(uuid4()),
        "ce_source": "/intake",
        "ce_type": f"cefo.intake.visit-{kind}.v1",
        "ce_subject": visit,
    } | ({"ce_sequence": str(sequence)} if sequence is not None else {})
    value = orjson.dumps({"visit_id": visit, "centre": "liege", "at": LATELY} | data)
    return [(name, text.encode()) for name, text in attributes.items()], value


def checked_in(visit: str, sequence: int | None = None) -> tuple[Headers, bytes]:
    waiting = {"area": None, "channel": "desk", "status": "waiting", "ticket": "S-001"}
    return visit_event("checked-in", visit, sequence, **waiting)


def without(headers: Headers, name: str) -> Headers:
    return [(key, value) for key, value in headers if key != name]


def having(headers: Headers, name: str, value: bytes | None) -> Headers:
    return [*without(headers, name), (name, value)]


POISON: dict[str, Callable[[Headers, bytes], tuple[Headers, bytes | None]]] = {
    "broken JSON": lambda headers, value: (headers, value[:40]),
    "no JSON at all": lambda headers, value: (headers, b"\x00\xff\xfe"),
    "wrong types": lambda headers, value: (headers, value.replace(b'"liege"', b"17")),
    "null value": lambda headers, value: (headers, None),
    "giant": lambda headers, value: (headers, b'{"visit_id": "' + b"x" * 900_000),
    "header not UTF-8": lambda headers, value: (having(headers, "ce_type", b"\xff\xfe"), value),
    "header without value": lambda headers, value: (having(headers, "ce_id", None), value),
    "header missing": lambda headers, value: (without(headers, "ce_source"), value),
    "no headers": lambda headers, value: ([], value),
    "unknown type": lambda headers, value: (having(headers, "ce_type", b"cefo.intake.visit-dreamt.v1"), value),
}


async def test_poison_becomes_a_dead_letter_without_its_bytes_and_does_not_block_its_partition(
    separate: Separate, seed: int, publisher: Publisher
) -> None:
    load = load_on(separate, seed, publisher)
    async with load.running():
        for spoil in POISON.values():
            visit = str(uuid4())
            headers, value = spoil(*checked_in(visit))
            assert await publisher.publish(VISITS, visit.encode(), headers, value, outcome=Outcome.DEAD_LETTER)
        visit = str(uuid4())
        nowhere = {
            "visit_id": visit,
            "centre": "atlantis",
            "area": None,
            "channel": "desk",
            "at": LATELY,
            "queue": True,
        }
        refused = desk_check_in(nowhere, id=str(uuid4()), source="/desk/atlantis")
        assert await publisher.publish("cefo.desk.check-ins", visit.encode(), *refused, outcome=Outcome.DEAD_LETTER)
        await load.until(15)
    evidence = await assert_consistent(separate)
    assert evidence.topics is not None
    for topic, consumers in ((VISITS, 2), ("cefo.desk.check-ins", 1)):
        copies = evidence.topics[f"{topic}.dead-letters"]
        positions = [record.header("cefo-position") for record in copies]
        poison = [
            one for one in separate.history.injected() if one.outcome is Outcome.DEAD_LETTER and one.topic == topic
        ]
        assert len(poison) >= 1
        for one in poison:
            position = f"{topic}/{one.partition}/{one.offset}"
            assert positions.count(position) >= consumers, f"{topic}: no dead letter of {one.headers}"
            assert topic != VISITS or not one.value or one.value not in {record.value for record in copies}


async def test_repeated_and_shuffled_events_have_no_second_effect(
    separate: Separate, seed: int, publisher: Publisher
) -> None:
    """A publisher reads the topics and publishes old records again, in random order, while new events arrive."""
    dice = random.Random(seed)
    load = load_on(separate, seed, publisher)
    async with load.running():
        await load.until(15)
        topics = await read_topics(separate.stack.kafka)
        old = [one for topic, records in topics.items() for one in records if _may_be_repeated(topic, one)]
        again = dice.sample(old, min(len(old), 400))
        replaying = Publisher(separate.stack.kafka, separate.history)
        await replaying.replay([(one.topic, one.key, one.headers, one.value) for one in again])
        await replaying.close()
        await load.until(5)
    assert repeated(await assert_consistent(separate)) >= len(again) > 50


def _may_be_repeated(topic: str, record: Record) -> bool:
    """Whether the platform published the record, and not as a dead letter; check-ins of desks are in the history."""
    numbered = record.header("ce_cefosequence") != ""
    return numbered and record.header("ce_source").startswith("/") and ".dead-" not in topic


async def test_out_of_order_events_are_held(separate: Separate, seed: int, publisher: Publisher) -> None:
    """Three events of eleven visits, shuffled; the first event of a twelfth arrives when its others are held."""
    dice = random.Random(seed)
    visits = [str(uuid4()) for _ in range(11)]
    shuffled = [(visit, event) for visit in visits for event in _events_of(visit)]
    dice.shuffle(shuffled)
    late = str(uuid4())
    first, *others = _events_of(late)
    for visit, event in [*shuffled, *((late, event) for event in others)]:
        assert await publisher.publish(VISITS, visit.encode(), *event, outcome=Outcome.EVENT)
    for service in ("scheduling", "impact"):
        await _held(separate, service, late, [2, 3])
    assert await publisher.publish(VISITS, late.encode(), *first, outcome=Outcome.EVENT)
    for visit in (*visits, late):
        number = separate.history.record_request("leave elsewhere", "cefo.intake.visit-left.v1", {"visit_id": visit})
        separate.history.record_answer(number, Answer.OK)
    await assert_consistent(separate)


def _events_of(visit: str) -> list[tuple[Headers, bytes]]:
    return [checked_in(visit, 1), visit_event("called", visit, 2, desk="desk-1"), visit_event("left", visit, 3)]


async def _held(separate: Separate, service: str, visit: str, sequences: list[int]) -> None:
    """Wait until a service holds exactly these events of a visit, without any effect."""
    async with asyncio.timeout(60):
        while True:
            store = await read_store(separate.store_url(service))
            held = [row for row in store["dead_letters"] if row["subject"] == visit]
            if sorted(row["sequence"] for row in held) == sequences:
                break
            await asyncio.sleep(0.2)
    assert {row["state"] for row in held} == {"held"}
    assert visit not in {row["id"] for row in store.get("waiting", [])}
