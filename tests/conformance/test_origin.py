"""A type is accepted only on its own topic, from its own source, and on a centre's topic about that centre."""

from collections.abc import Generator
from typing import Any
from uuid import uuid4

import pytest

from services.chassis.brokers import Broker, port
from services.chassis.events.consumer import Consumer
from services.chassis.events.relay import Relay
from services.chassis.storage.store import Store, Work
from services.chassis.testing import record_of
from services.contracts.cloudevents import Record
from services.contracts.envelope import CentreCode, Event, PersonalReference
from services.contracts.topics import DESK, Topic
from tests.conformance.sample import (
    Sample,
    Tally,
    dead_letters,
    eventually,
    produce,
    running,
    topic_of,
    trail,
    unregister,
)

ANNA, LIEGE, HUY = uuid4(), uuid4(), uuid4()
KIOSK = "/desks/liege/kiosk-1"


class CheckedIn(Event):
    """A desk's own software checked in. Each test has a subclass of its own, on its own topic."""

    visit_id: PersonalReference
    centre: CentreCode


@pytest.fixture
def checked_in(sample: Sample) -> Generator[type[CheckedIn]]:
    """The event of desks in this test, on a topic of its own and one for each centre."""
    name = uuid4().hex[:8]
    topic = Topic(f"cefo.sample.desks-{name}", DESK, per_centre=True)
    kind = type("CheckedInHere", (CheckedIn,), {}, type=f"cefo.sample.{name}.v1", topic=topic, about="visit_id")

    async def count(work: Work, event: CheckedIn) -> None:
        work.start(Tally(id=event.visit_id, trail=[1]))

    sample.reactions.on(kind)(count)
    yield kind
    unregister(kind)


async def test_what_a_sender_may_not_emit_is_a_dead_letter_and_the_true_event_still_counts(
    consumer_store: Store,
    broker: Broker,
    sample: Sample,
    checked_in: type[CheckedIn],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On Apache Kafka the topic of the centre appears while the consumer runs, as for one that is published later."""
    monkeypatch.setattr(port, "METADATA_MS", 300)
    desks, liege = checked_in.topic.names(["liege", "dead-letters"])
    await broker.create_topics()
    if not broker.keeps_history:  # the embedded stack knows its centres, as a second joining takes its broker 9 s
        await broker.create_topics_of(["liege", "dead-letters"])
    consumer = Consumer(consumer_store, broker, sample.reactions)

    def by_kiosk(centre: str, topic: str, source: str = KIOSK) -> Record:
        visit = {"liege": LIEGE, "huy": HUY}.get(centre, uuid4())
        return record_of(checked_in(visit_id=visit, centre=centre), None, source=source)._replace(topic=topic)

    true = sample.record_of(ANNA, 1)
    forged = true._replace(topic=desks)
    foreign = true._replace(headers=[*true.headers, ("ce_source", b"/elsewhere")])
    async with running(Relay(consumer_store, broker).run(), consumer.run()):
        await consumer.ready.wait()
        await broker.create_topics_of(["liege", "dead-letters"])
        await produce(broker.settings.kafka, [forged, foreign, by_kiosk("namur", liege), by_kiosk("liege", liege)])
        await produce(broker.settings.kafka, [by_kiosk("huy", desks, "/gateway"), by_kiosk("huy", desks, "/sample")])

        async def all_read() -> bool:
            effects = [await trail(consumer_store, visit) for visit in (LIEGE, HUY)]
            return effects == [[1], [1]] and len(await dead_letters(consumer_store, "dead")) == 4

        await eventually(all_read)
        assert await trail(consumer_store, ANNA) == []
        await produce(broker.settings.kafka, [true])

        async def taken() -> bool:
            return await trail(consumer_store, ANNA) == [1]

        await eventually(taken)

        async def copied() -> bool:
            return len(await topic_of(broker.settings.kafka, checked_in.topic.dead_letters)) == 3

        await eventually(copied)
    found = {(one.reason, one.topic, one.sequence) for one in await dead_letters(consumer_store, "dead")}
    assert found == {
        ("foreign-centre", liege, None),
        ("foreign-source", sample.event.topic.name, None),
        ("foreign-source", desks, None),
        ("foreign-topic", desks, None),
    }


async def test_a_consumer_by_pattern_reads_all_its_topics_after_the_leader_of_one_was_unknown(
    consumer_store: Store, broker: Broker, sample: Sample, checked_in: type[CheckedIn]
) -> None:
    """aiokafka then asks for that topic by its name; its metadata must still have all others."""
    await broker.create_topics()
    consumer = Consumer(consumer_store, broker, sample.reactions)
    async with running(consumer.run()):
        await consumer.ready.wait()
        assert consumer.subscriber is not None
        client: Any = consumer.subscriber.client
        await client._client.add_topic(checked_in.topic.name)
        await client._client.force_metadata_update()
        await produce(broker.settings.kafka, [sample.record_of(ANNA, 1)])
        await eventually(lambda: _has(consumer_store, [1]))


async def _has(store: Store, counts: list[int]) -> bool:
    return await trail(store, ANNA) == counts
