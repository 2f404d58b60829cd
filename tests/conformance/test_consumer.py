"""The whole way, through a broker: said, relayed, heard, handled; and what happens when a part is away."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import TopicPartition

from services.chassis.brokers import Broker
from services.chassis.brokers import subscriber as listening
from services.chassis.brokers.clients import BROKER_ERRORS
from services.chassis.brokers.offsets import committed
from services.chassis.events.consumer import Consumer
from services.chassis.events.relay import Relay
from services.chassis.storage.outbox import unpack_headers
from services.chassis.storage.store import Store
from services.contracts import TOPICS
from services.contracts.cloudevents import Record
from tests.conformance.conftest import StoreOf
from tests.conformance.sample import POISON, Sample, eventually, letters, produce, running, topic_of, trail
from tests.parts.postgres import PostgresServer

ANNA, BRUNO, CHLOE = uuid4(), uuid4(), uuid4()


async def test_said_is_heard_once_in_order_and_poison_stops_nobody(
    speaker: Store, listener: Store, broker: Broker, sample: Sample
) -> None:
    poison = sample.told(BRUNO, 1, POISON)
    spoilt = sample.told(CHLOE, 1)
    spoilt = Record(sample.event.topic.name, b"\xfe", [*spoilt.headers, ("ce_note", b"\xff"), ("x", None)], b"{")
    await produce(broker.settings.kafka, [poison, spoilt])
    consumer = Consumer(listener, broker, sample.reactions)
    async with running(Relay(speaker, broker).run(), Relay(listener, broker).run(), consumer.run()):
        for number in range(1, 21):
            await sample.say(speaker, ANNA, number)
        await eventually(lambda: _is(trail(listener, ANNA), list(range(1, 21))))
        await eventually(lambda: _is(_copies(broker, sample), 2))
        assert await consumer.unread() == 0
    assert await trail(listener, BRUNO) == []
    kept = {one.reason: one for one in await letters(listener, "dead")}
    assert set(kept) == {"unlucky", "bad-envelope"}
    stands = {(one.value, one.partition, one.offset) for one in await topic_of(broker.settings.kafka, poison.topic)}
    for letter, record in ((kept["unlucky"], poison), (kept["bad-envelope"], spoilt)):
        assert (letter.key, letter.value, unpack_headers(letter.headers)) == (record.key, record.value, record.headers)
        assert (letter.value, letter.partition, letter.offset) in stands
    copies = {one.value: one for one in await topic_of(broker.settings.kafka, TOPICS[poison.topic].dead_letters)}
    for record, reason in ((poison, b"unlucky"), (spoilt, b"bad-envelope")):
        copy = copies[record.value]
        assert copy.key == record.key
        assert copy.headers[: len(record.headers)] == record.headers
        assert dict(copy.headers)["cefo-reason"] == reason
        assert (dict(copy.headers)["cefo-position"] or b"").startswith(f"{poison.topic}/".encode())


async def test_a_store_that_is_away_is_waited_for(
    listener: Store, broker: Broker, sample: Sample, request: pytest.FixtureRequest
) -> None:
    """While it idles, and in the middle: no dead letter, nothing lost, nothing twice."""
    consumer = Consumer(listener, broker, sample.reactions)
    async with running(consumer.run()):
        await produce(broker.settings.kafka, [sample.told(ANNA, 1)])
        await eventually(lambda: _is(trail(listener, ANNA), [1]))
        async with away(listener, request):
            await asyncio.sleep(1.2)  # longer than the consumer idles between two looks at the store
            await produce(broker.settings.kafka, [sample.told(ANNA, 2), sample.told(ANNA, 3)])
            await asyncio.sleep(0.3)
        await eventually(lambda: _is(trail(listener, ANNA), [1, 2, 3]))
    assert not await letters(listener)


async def test_all_that_was_heard_is_committed_soon_whoever_has_the_partitions(
    listener: Store, broker: Broker, sample: Sample
) -> None:
    """Not after each event, but without waiting for the next; also when a second member comes in the middle.

    The embedded broker never has two: everything is in its process.
    """
    one, other = (Consumer(listener, broker, sample.reactions) for _ in range(2))
    async with running(one.run()):
        await produce(broker.settings.kafka, [sample.told(ANNA, 1)])
        await eventually(lambda: _all_committed(broker, one.group, sample))
        last = 1
        async with running(*[] if not broker.keeps_history else [other.run()]):
            while last < 20 or not (not broker.keeps_history or other.ready.is_set()):
                last += 1
                await produce(broker.settings.kafka, [sample.told(ANNA, last), sample.told(uuid4(), 1)])
            await eventually(lambda: _is(trail(listener, ANNA), list(range(1, last + 1))))
            await eventually(lambda: _all_committed(broker, one.group, sample))


async def _all_committed(broker: Broker, group: str, sample: Sample) -> bool:
    """Whether the group has come to the end of the sample's topic, for all that the broker knows."""
    ends: dict[TopicPartition, int] = {}
    for record in await topic_of(broker.settings.kafka, sample.event.topic.name):
        tp = TopicPartition(record.topic, record.partition)
        ends[tp] = max(ends.get(tp, 0), record.offset + 1)
    try:
        places = await committed(broker, group, ends)
    except BROKER_ERRORS:  # nobody in the group yet
        return False
    return {tp: place.offset for tp, place in places.items()} == ends


def client_of(consumer: Consumer) -> Any:
    """The client of the broker that the consumer has just now."""
    assert consumer.subscriber is not None
    return consumer.subscriber.client


async def _loses_sight(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As under uvloop, whose transports raise this when they are written to after they broke."""

    async def breaks(*_: object) -> bool:
        raise RuntimeError("the handler is closed")

    monkeypatch.setattr(client._client, "_metadata_update", breaks)
    client._client.force_metadata_update()
    await asyncio.wait([client._client._sync_task])


async def _is_never_answered(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def waits(_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(listening, "COMMITTED_WITHIN", 3.0)
    monkeypatch.setattr(client, "commit", waits)


@pytest.mark.parametrize("breaks", [_loses_sight, _is_never_answered])
async def test_a_client_that_hangs_is_replaced_and_everything_committed(
    listener: Store,
    broker: Broker,
    sample: Sample,
    monkeypatch: pytest.MonkeyPatch,
    breaks: Callable[[Any, pytest.MonkeyPatch], Awaitable[None]],
) -> None:
    consumer = Consumer(listener, broker, sample.reactions)
    async with running(consumer.run()):
        await produce(broker.settings.kafka, [sample.told(ANNA, 1)])
        await eventually(lambda: _all_committed(broker, consumer.group, sample))
        await breaks(broken := client_of(consumer), monkeypatch)
        await produce(broker.settings.kafka, [sample.told(ANNA, 2)])
        await eventually(lambda: _is(trail(listener, ANNA), [1, 2]), within=60)
        await eventually(lambda: _all_committed(broker, consumer.group, sample), within=60)
        assert client_of(consumer) is not broken


async def test_a_consumer_with_a_broken_client_ends_when_it_is_told_to(
    listener: Store, broker: Broker, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer = Consumer(listener, broker, sample.reactions)
    task = asyncio.create_task(consumer.run())
    await consumer.ready.wait()
    await _loses_sight(client_of(consumer), monkeypatch)
    task.cancel()
    async with asyncio.timeout(15):
        await asyncio.wait([task])
    assert task.cancelled()


async def test_events_taken_while_the_store_is_away_wait_and_are_not_blamed(
    listener: Store, consumer: Consumer, sample: Sample, request: pytest.FixtureRequest
) -> None:
    async with away(listener, request):
        taking = asyncio.create_task(consumer.process([sample.told(ANNA, 1), sample.told(BRUNO, 1, POISON)]))
        await asyncio.sleep(0.3)
        assert not taking.done()
    async with asyncio.timeout(10):
        await taking
    assert await trail(listener, ANNA) == [1]
    assert [one.reason for one in await letters(listener)] == ["unlucky"]


@pytest.mark.kafka
@pytest.mark.parametrize("broker", ["kafka"], indirect=True)
async def test_a_second_consumer_takes_over_in_mid_stream(
    listener: Store, open_store: StoreOf, broker: Broker, sample: Sample
) -> None:
    tallies = [uuid4() for _ in range(12)]
    first = Consumer(listener, broker, sample.reactions)
    second = Consumer(other := open_store("listener"), broker, sample.reactions)
    second.group = first.group
    async with running(first.run()) as (leaving,):
        await produce(broker.settings.kafka, [sample.told(tally, n) for n in range(1, 6) for tally in tallies])
        await eventually(lambda: _is(trail(listener, tallies[0]), list(range(1, 6))))
        async with running(second.run()):
            await produce(broker.settings.kafka, [sample.told(tally, n) for n in range(6, 11) for tally in tallies])
            leaving.cancel()
            await asyncio.wait([leaving])
            await produce(broker.settings.kafka, [sample.told(tally, n) for n in range(11, 16) for tally in tallies])
            for tally in tallies:
                await eventually(lambda tally=tally: _is(trail(other, tally), list(range(1, 16))))
    assert not await letters(other)


@pytest.mark.parametrize("broker", ["kafka"], indirect=True)
@pytest.mark.kafka
async def test_a_dead_letter_as_large_as_kafka_takes_reaches_its_topic(
    listener: Store, broker: Broker, sample: Sample
) -> None:
    """With its reason beside it, it is larger than what Kafka takes from anyone; it must not block the outbox."""
    large = sample.told(ANNA, 1)._replace(value=b"x" * 1_048_000)
    consumer = Consumer(listener, broker, sample.reactions)
    await consumer.process([large])
    relay = Relay(listener, broker)
    while await relay.relay_once():
        pass
    await relay.close()
    [copy] = await topic_of(broker.settings.kafka, TOPICS[large.topic].dead_letters)
    assert len(copy.value) == len(large.value)


@asynccontextmanager
async def away(store: Store, request: pytest.FixtureRequest) -> AsyncGenerator[None]:
    """The store cannot be reached: its server is killed, or its folder is elsewhere."""
    if not store.sqlite:
        server: PostgresServer = request.getfixturevalue("postgres")
        await asyncio.to_thread(server.kill)
        yield
        await asyncio.to_thread(server.start_again)
        return
    folder = Path(store.writer.url.database or "").parent
    elsewhere = folder.rename(folder.with_name("elsewhere"))
    for engine in (store.writer, store.reader):
        await engine.dispose()
    yield
    elsewhere.rename(folder)


async def _copies(broker: Broker, sample: Sample) -> int:
    return len(await topic_of(broker.settings.kafka, sample.event.topic.dead_letters))


async def _is(asked: object, wanted: object) -> bool:
    return await asked == wanted  # pyright: ignore
