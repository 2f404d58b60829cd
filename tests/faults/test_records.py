"""What should not be in a topic: bytes that nobody can read, and events again, too early, or out of their order."""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest

from tests.faults.evidence import Record, read_store, read_topics, repeated
from tests.faults.history import Answer, Fate, Headers
from tests.faults.load import desk_check_in
from tests.faults.platforms import Separate, load_on, verdict
from tests.faults.topics import Publisher

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(600)]

VISITS = "cefo.intake.visits"
LATELY = (datetime.now(UTC) - timedelta(hours=1)).isoformat()


@pytest.fixture
async def publisher(separate: Separate) -> AsyncGenerator[Publisher]:
    """Somebody outside the platform who may write into its topics."""
    made = Publisher(separate.stack.kafka, separate.history)
    yield made
    await made.close()


def told(kind: str, visit: str, sequence: int | None = None, **data: Any) -> tuple[Headers, bytes]:
    """An event of a visit, as a system that is not intake would say it."""
    attributes = {
        "ce_specversion": "1.0",
        "ce_id": str(uuid4()),
        "ce_source": "/elsewhere",
        "ce_type": f"cefo.intake.visit-{kind}.v1",
        "ce_subject": visit,
    } | ({"ce_sequence": str(sequence)} if sequence is not None else {})
    value = orjson.dumps({"visit_id": visit, "centre": "liege", "at": LATELY} | data)
    return [(name, text.encode()) for name, text in attributes.items()], value


def checked_in(visit: str, sequence: int | None = None) -> tuple[Headers, bytes]:
    waits = {"area": None, "channel": "desk", "status": "waiting", "ticket": "S-001"}
    return told("checked-in", visit, sequence, **waits)


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


async def test_poison_becomes_a_dead_letter_with_its_bytes_and_the_partition_goes_on(
    separate: Separate, seed: int, publisher: Publisher
) -> None:
    load = load_on(separate, seed, publisher)
    async with load.running():
        for spoil in POISON.values():
            visit = str(uuid4())
            headers, value = spoil(*checked_in(visit))
            assert await publisher.publish(VISITS, visit.encode(), headers, value, fate=Fate.DEAD_LETTER)
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
        assert await publisher.publish("cefo.desk.check-ins", visit.encode(), *refused, fate=Fate.DEAD_LETTER)
        await load.until(15)
    evidence = await verdict(separate)
    assert evidence.topics is not None
    for topic, listeners in ((VISITS, 2), ("cefo.desk.check-ins", 1)):
        letters = [record.value for record in evidence.topics[f"{topic}.dead-letters"]]
        buried = [one for one in separate.history.published() if one.fate is Fate.DEAD_LETTER and one.topic == topic]
        assert len(buried) >= 1
        for one in buried:
            assert letters.count(one.value or b"") >= listeners, f"{topic}: nobody was told of {one.headers}"


async def test_events_that_come_again_and_shuffled_have_no_second_effect(
    separate: Separate, seed: int, publisher: Publisher
) -> None:
    """A publisher reads what stands in the topics and writes it again, in any order, while new events come in."""
    dice = random.Random(seed)
    load = load_on(separate, seed, publisher)
    async with load.running():
        await load.until(15)
        topics = await read_topics(separate.stack.kafka)
        old = [one for topic, records in topics.items() for one in records if _may_come_again(topic, one)]
        again = dice.sample(old, min(len(old), 400))
        replaying = Publisher(separate.stack.kafka, separate.history)
        await replaying.replay([(one.topic, one.key, one.headers, one.value) for one in again])
        await replaying.close()
        await load.until(5)
    assert repeated(await verdict(separate)) >= len(again) > 50


def _may_come_again(topic: str, record: Record) -> bool:
    """What the platform itself said; letters are for people, and what desks say is known by its own history."""
    return record.header("ce_source").startswith("/") and record.header("ce_sequence") != "" and ".dead-" not in topic


async def test_events_that_come_before_their_turn_wait_for_it(
    separate: Separate, seed: int, publisher: Publisher
) -> None:
    """Of eleven visits three events each, shuffled; and of a twelfth the first one comes when the others are held."""
    dice = random.Random(seed)
    visits = [str(uuid4()) for _ in range(11)]
    shuffled = [(visit, event) for visit in visits for event in _life(visit)]
    dice.shuffle(shuffled)
    late = str(uuid4())
    first, *others = _life(late)
    for visit, event in [*shuffled, *((late, event) for event in others)]:
        assert await publisher.publish(VISITS, visit.encode(), *event, fate=Fate.EVENT)
    for service in ("scheduling", "impact"):
        await _held(separate, service, late, [2, 3])
    assert await publisher.publish(VISITS, late.encode(), *first, fate=Fate.EVENT)
    for visit in (*visits, late):
        number = separate.history.ask("leave elsewhere", "cefo.intake.visit-left.v1", {"visit_id": visit})
        separate.history.answer(number, Answer.OK)
    await verdict(separate)


def _life(visit: str) -> list[tuple[Headers, bytes]]:
    return [checked_in(visit, 1), told("called", visit, 2, desk="desk-1"), told("left", visit, 3)]


async def _held(separate: Separate, service: str, visit: str, sequences: list[int]) -> None:
    """Until a service keeps exactly these events of a visit, and has done nothing about it."""
    async with asyncio.timeout(60):
        while True:
            store = await read_store(separate.store_url(service))
            letters = [row for row in store["dead_letters"] if row["subject"] == visit]
            if sorted(row["sequence"] for row in letters) == sequences:
                break
            await asyncio.sleep(0.2)
    assert {row["state"] for row in letters} == {"held"}
    assert visit not in {row["id"] for row in store.get("waiting", [])}
