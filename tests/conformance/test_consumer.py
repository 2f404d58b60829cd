"""Events from outbox to effect through a broker, also while a store or a client is unavailable."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import TopicPartition

from services.chassis.brokers import Broker, subscriber
from services.chassis.brokers.clients import BROKER_ERRORS
from services.chassis.brokers.offsets import committed
from services.chassis.events.consumer import Consumer
from services.chassis.events.relay import Relay
from services.chassis.storage.store import Store
from services.contracts import TOPICS
from services.contracts.cloudevents import Record
from tests.conformance.conftest import StoreOf
from tests.conformance.sample import POISON, Sample, dead_letters, eventually, produce, running, topic_of, trail
from tests.parts.postgres import PostgresServer

ANNA, BRUNO, CHLOE = uuid4(), uuid4(), uuid4()


async def test_events_are_processed_once_in_order_and_poison_does_not_block_them(
    producer_store: Store, consumer_store: Store, broker: Broker, sample: Sample
) -> None:
    poison = sample.record_of(BRUNO, 1, POISON)
    malformed = sample.record_of(CHLOE, 1)
    malformed = Record(sample.event.topic.name, b"\xfe", [*malformed.headers, ("ce_note", b"\xff"), ("x", None)], b"{")
    await produce(broker.settings.kafka, [poison, malformed])
    consumer = Consumer(consumer_store, broker, sample.reactions)
    async with running(Relay(producer_store, broker).run(), Relay(consumer_store, broker).run(), consumer.run()):
        for number in range(1, 21):
            await sample.emit(producer_store, ANNA, number)
        await eventually(lambda: _equals(trail(consumer_store, ANNA), list(range(1, 21))))
        await eventually(lambda: _equals(_copies(broker, sample), 2))
        assert await consumer.unread() == 0
    assert await trail(consumer_store, BRUNO) == []
    kept = {one.reason: one for one in await dead_letters(consumer_store, "dead")}
    assert set(kept) == {"unlucky", "bad-envelope"}
    positions = {(one.value, one.partition, one.offset) for one in await topic_of(broker.settings.kafka, poison.topic)}
    for dead_letter, record in ((kept["unlucky"], poison), (kept["bad-envelope"], malformed)):
        whole = await consumer.reveal(dead_letter.id, "ops", "a test")
        assert (whole.key, whole.value, whole.headers) == (record.key, record.value, record.headers)
        assert (whole.value, whole.partition, whole.offset) in positions
    copies = await topic_of(broker.settings.kafka, TOPICS[poison.topic].dead_letters)
    by_reason = {dict(one.headers)["cefo-reason"]: one for one in copies}
    assert by_reason.keys() == {b"unlucky", b"bad-envelope"}
    assert (by_reason[b"unlucky"].key, by_reason[b"unlucky"].value) == (poison.key, poison.value)
    assert (by_reason[b"bad-envelope"].key, by_reason[b"bad-envelope"].value or b"") == (None, b"")
    for copy in copies:
        assert (dict(copy.headers)["cefo-position"] or b"").startswith(f"{poison.topic}/".encode())


async def test_the_consumer_waits_for_an_unavailable_store(
    consumer_store: Store, broker: Broker, sample: Sample, request: pytest.FixtureRequest
) -> None:
    """While it is idle and while it processes: no dead letter, nothing lost, nothing twice."""
    consumer = Consumer(consumer_store, broker, sample.reactions)
    async with running(consumer.run()):
        await produce(broker.settings.kafka, [sample.record_of(ANNA, 1)])
        await eventually(lambda: _equals(trail(consumer_store, ANNA), [1]))
        async with unavailable(consumer_store, request):
            await asyncio.sleep(1.2)  # longer than the interval of an idle consumer's queries
            await produce(broker.settings.kafka, [sample.record_of(ANNA, 2), sample.record_of(ANNA, 3)])
            await asyncio.sleep(0.3)
        await eventually(lambda: _equals(trail(consumer_store, ANNA), [1, 2, 3]))
    assert not await dead_letters(consumer_store)


async def test_processed_offsets_are_committed_soon_also_after_a_rebalance(
    consumer_store: Store, broker: Broker, sample: Sample
) -> None:
    """Not after each event, but without waiting for the next; also when a second member joins.

    The embedded broker has only one: everything is in its process.
    """
    one, other = (Consumer(consumer_store, broker, sample.reactions) for _ in range(2))
    async with running(one.run()):
        await produce(broker.settings.kafka, [sample.record_of(ANNA, 1)])
        await eventually(lambda: _all_committed(broker, one.group, sample))
        last = 1
        async with running(*[] if not broker.keeps_history else [other.run()]):
            while last < 20 or not (not broker.keeps_history or other.ready.is_set()):
                last += 1
                await produce(broker.settings.kafka, [sample.record_of(ANNA, last), sample.record_of(uuid4(), 1)])
            await eventually(lambda: _equals(trail(consumer_store, ANNA), list(range(1, last + 1))))
            await eventually(lambda: _all_committed(broker, one.group, sample))


async def _all_committed(broker: Broker, group: str, sample: Sample) -> bool:
    """Whether the group's committed offsets are at the end of the sample's topic."""
    ends: dict[TopicPartition, int] = {}
    for record in await topic_of(broker.settings.kafka, sample.event.topic.name):
        tp = TopicPartition(record.topic, record.partition)
        ends[tp] = max(ends.get(tp, 0), record.offset + 1)
    try:
        offsets = await committed(broker, group, ends)
    except BROKER_ERRORS:  # the group has no member yet
        return False
    return {tp: one.offset for tp, one in offsets.items()} == ends


def client_of(consumer: Consumer) -> Any:
    """The consumer's current client of the broker."""
    assert consumer.subscriber is not None
    return consumer.subscriber.client


async def _fail_metadata(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As under uvloop, whose transports raise this on a write after the connection was lost."""

    async def breaks(*_: object) -> bool:
        raise RuntimeError("the handler is closed")

    monkeypatch.setattr(client._client, "_metadata_update", breaks)
    client._client.force_metadata_update()
    await asyncio.wait([client._client._sync_task])


async def _block_commits(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def block(_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(subscriber, "COMMITTED_WITHIN", 3.0)
    monkeypatch.setattr(client, "commit", block)


async def _block_joining(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def block(_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(subscriber, "JOINED_WITHIN", 15.0)  # the next client waits until this one is taken as gone
    await asyncio.sleep(2 * subscriber.POLL_SECONDS)  # the poll of before waits longer
    monkeypatch.setattr(client._coordinator, "_do_rejoin_group", block)
    client._coordinator.request_rejoin()
    while not client._subscription.reassignment_in_progress:  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def _fail_metadata_while_joining(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    await _block_joining(client, monkeypatch)
    monkeypatch.setattr(subscriber, "JOINED_WITHIN", 600.0)
    await asyncio.sleep(1)  # by now the poll waits for the partitions
    await _fail_metadata(client, monkeypatch)


@pytest.mark.parametrize("breaks", [_fail_metadata, _block_commits, _block_joining, _fail_metadata_while_joining])
async def test_a_client_that_hangs_is_replaced_and_all_offsets_are_committed(
    consumer_store: Store,
    broker: Broker,
    sample: Sample,
    monkeypatch: pytest.MonkeyPatch,
    breaks: Callable[[Any, pytest.MonkeyPatch], Awaitable[None]],
) -> None:
    consumer = Consumer(consumer_store, broker, sample.reactions)
    async with running(consumer.run()):
        await produce(broker.settings.kafka, [sample.record_of(ANNA, 1)])
        await eventually(lambda: _all_committed(broker, consumer.group, sample))
        await breaks(broken := client_of(consumer), monkeypatch)
        await produce(broker.settings.kafka, [sample.record_of(ANNA, 2)])
        await eventually(lambda: _equals(trail(consumer_store, ANNA), [1, 2]), within=60)
        await eventually(lambda: _all_committed(broker, consumer.group, sample), within=60)
        assert client_of(consumer) is not broken


async def test_a_consumer_with_a_broken_client_stops_when_it_is_cancelled(
    consumer_store: Store, broker: Broker, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer = Consumer(consumer_store, broker, sample.reactions)
    task = asyncio.create_task(consumer.run())
    await consumer.ready.wait()
    await _fail_metadata(client_of(consumer), monkeypatch)
    task.cancel()
    async with asyncio.timeout(15):
        await asyncio.wait([task])
    assert task.cancelled()


async def test_a_consumer_that_is_cancelled_twice_closes_its_client(
    consumer_store: Store, broker: Broker, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second time while it waits for the batch that is being processed."""
    started, ended = asyncio.Event(), asyncio.Event()
    consumer = Consumer(consumer_store, broker, sample.reactions)

    async def process(_: object) -> None:
        started.set()
        await ended.wait()

    monkeypatch.setattr(consumer, "process", process)
    task = asyncio.create_task(consumer.run())
    await produce(broker.settings.kafka, [sample.record_of(ANNA, 1)])
    await started.wait()
    client = client_of(consumer)
    task.cancel()
    await asyncio.sleep(0.1)
    task.cancel()
    async with asyncio.timeout(15):
        await asyncio.wait([task])
    ended.set()
    assert task.cancelled()
    assert client._closed


async def test_an_unavailable_store_delays_events_and_makes_no_dead_letters(
    consumer_store: Store, consumer: Consumer, sample: Sample, request: pytest.FixtureRequest
) -> None:
    async with unavailable(consumer_store, request):
        processing = asyncio.create_task(
            consumer.process([sample.record_of(ANNA, 1), sample.record_of(BRUNO, 1, POISON)])
        )
        await asyncio.sleep(0.3)
        assert not processing.done()
    async with asyncio.timeout(10):
        await processing
    assert await trail(consumer_store, ANNA) == [1]
    assert [one.reason for one in await dead_letters(consumer_store)] == ["unlucky"]


@pytest.mark.kafka
@pytest.mark.parametrize("broker", ["kafka"], indirect=True)
async def test_a_second_consumer_takes_over_in_mid_stream(
    consumer_store: Store, open_store: StoreOf, broker: Broker, sample: Sample
) -> None:
    tallies = [uuid4() for _ in range(12)]
    first = Consumer(consumer_store, broker, sample.reactions)
    second = Consumer(other := open_store("consumer"), broker, sample.reactions)
    second.group = first.group
    async with running(first.run()) as (leaving,):
        await produce(broker.settings.kafka, [sample.record_of(tally, n) for n in range(1, 6) for tally in tallies])
        await eventually(lambda: _equals(trail(consumer_store, tallies[0]), list(range(1, 6))))
        async with running(second.run()):
            await produce(
                broker.settings.kafka, [sample.record_of(tally, n) for n in range(6, 11) for tally in tallies]
            )
            leaving.cancel()
            await asyncio.wait([leaving])
            await produce(
                broker.settings.kafka, [sample.record_of(tally, n) for n in range(11, 16) for tally in tallies]
            )
            for tally in tallies:
                await eventually(lambda tally=tally: _equals(trail(other, tally), list(range(1, 16))))
    assert not await dead_letters(other)


@pytest.mark.parametrize("broker", ["kafka"], indirect=True)
@pytest.mark.kafka
async def test_a_dead_letter_of_the_largest_size_reaches_its_topic_without_its_bytes(
    consumer_store: Store, broker: Broker, sample: Sample
) -> None:
    """With the reason in its headers its bytes would exceed Kafka's default limit; it must not block the outbox."""
    large = sample.record_of(ANNA, 1)._replace(value=b"x" * 1_048_000)
    consumer = Consumer(consumer_store, broker, sample.reactions)
    await consumer.process([large])
    relay = Relay(consumer_store, broker)
    while await relay.relay_once():
        pass
    await relay.close()
    [copy] = await topic_of(broker.settings.kafka, TOPICS[large.topic].dead_letters)
    assert not copy.value


@asynccontextmanager
async def unavailable(store: Store, request: pytest.FixtureRequest) -> AsyncGenerator[None]:
    """Make the store unavailable: its server is killed, or its folder is renamed."""
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


async def _equals(awaitable: object, wanted: object) -> bool:
    return await awaitable == wanted  # pyright: ignore
