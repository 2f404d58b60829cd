"""Relays publish outbox rows in order, at least once, mark acknowledged rows only, and run one at a time."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from aiokafka.errors import KafkaError

from services.chassis.brokers import Broker, broker_of
from services.chassis.brokers.clients import BROKER_ERRORS
from services.chassis.brokers.producer import BatchProducer
from services.chassis.events.relay import ROUNDS, Relay, RelayRuns, relay_lock
from services.chassis.storage.outbox import republish
from services.chassis.storage.store import Cause, Store, Work
from services.chassis.testing import NOBODY, consumer_for
from services.contracts.cloudevents import Record, read_event
from services.launcher.embedded import EmbeddedKafka, refill
from tests.conformance.conftest import StoreOf, broker_at
from tests.conformance.sample import Sample, eventually, running, topic_of, trail, unsent

ANNA, BRUNO, CHLOE = uuid4(), uuid4(), uuid4()


def numbers(records: list[Record]) -> dict[UUID, list[int]]:
    """Each tally's sequences, in the order of the topic."""
    found: dict[UUID, list[int]] = defaultdict(list)
    for record in records:
        found[UUID(read_event(record).subject)].append(read_event(record).sequence or 0)
    return found


async def test_rows_arrive_in_the_order_of_each_aggregate(
    producer_store: Store, broker: Broker, sample: Sample
) -> None:
    for number in range(1, 11):
        for tally in (ANNA, BRUNO, CHLOE):
            await sample.emit(producer_store, tally, number)
    async with running(Relay(producer_store, broker).run()):
        await eventually(lambda: _all_sent(producer_store))
    arrived = await topic_of(broker.settings.kafka, sample.event.topic.name)
    assert numbers(arrived) == {tally: list(range(1, 11)) for tally in (ANNA, BRUNO, CHLOE)}
    assert {record.key for record in arrived} == {str(tally).encode() for tally in (ANNA, BRUNO, CHLOE)}


async def test_many_rows_are_published_in_overlapping_batches_and_in_order(
    producer_store: Store, broker: Broker, sample: Sample
) -> None:
    each = 4 * ROUNDS + 5
    for number in range(1, each + 1):
        for tally in (ANNA, BRUNO, CHLOE):
            await sample.emit(producer_store, tally, number)
    small_batches = broker.settings.model_copy(update={"batch": 10})
    relay = Relay(producer_store, broker_of(small_batches, embedded=not broker.keeps_history))
    assert await relay.relay_once() == 10 * ROUNDS
    await relay.mark_now()
    assert await unsent(producer_store) == 3 * each - 10 * ROUNDS
    await _relay_all(producer_store, broker, relay)
    arrived = await topic_of(broker.settings.kafka, sample.event.topic.name)
    assert numbers(arrived) == {tally: list(range(1, each + 1)) for tally in (ANNA, BRUNO, CHLOE)}


async def test_an_event_that_was_rolled_back_is_never_published(
    producer_store: Store, broker: Broker, sample: Sample
) -> None:
    async def emit_and_fail() -> None:
        async with producer_store.work() as work:
            work.emit_row_event(sample.event(tally_id=ANNA, number=1), sequence=1, correlation_id=uuid4())
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        await emit_and_fail()
    await sample.emit(producer_store, BRUNO, 1)
    await _relay_all(producer_store, broker)
    assert list(numbers(await topic_of(broker.settings.kafka, sample.event.topic.name))) == [BRUNO]


async def test_a_closed_service_holds_the_lock_and_publishes_nothing(
    producer_store: Store, broker: Broker, sample: Sample, open_store: StoreOf
) -> None:
    """So nobody opens another epoch in its store while it reads its topics again."""
    opened = asyncio.Event()
    await sample.emit(producer_store, ANNA, 1)
    async with running(Relay(producer_store, broker, opened=opened).run()):
        await asyncio.sleep(1)
        with pytest.raises(RelayRuns):
            async with relay_lock(open_store("producer"), wait=False):
                pass
        assert await unsent(producer_store) == 1
        opened.set()
        await eventually(lambda: _all_sent(producer_store))


async def test_a_row_is_marked_only_after_the_broker_acknowledged_it(
    producer_store: Store, broker: Broker, sample: Sample, tmp_path: Path
) -> None:
    await sample.emit(producer_store, ANNA, 1)
    relay = Relay(producer_store, broker_at(NOBODY, tmp_path))
    with pytest.raises(BROKER_ERRORS):
        await relay.relay_once()
    assert await unsent(producer_store) == 1
    await _relay_all(producer_store, broker)
    assert await unsent(producer_store) == 0
    assert numbers(await topic_of(broker.settings.kafka, sample.event.topic.name)) == {ANNA: [1]}


async def test_an_acknowledged_row_is_not_sent_again_before_it_is_marked(
    producer_store: Store, broker: Broker, sample: Sample
) -> None:
    relay = Relay(producer_store, broker)
    for number in (1, 2, 3):
        await sample.emit(producer_store, ANNA, number)
        assert await relay.relay_once() == 1
    assert await relay.relay_once() == 0
    await eventually(lambda: _all_sent(producer_store))
    await sample.emit(producer_store, ANNA, 4)
    assert await relay.relay_once() == 1
    await relay.close()
    assert await unsent(producer_store) == 0
    assert numbers(await topic_of(broker.settings.kafka, sample.event.topic.name)) == {ANNA: [1, 2, 3, 4]}


async def test_rows_whose_mark_the_store_refuses_are_sent_again(
    producer_store: Store, broker: Broker, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, marks = producer_store.work, 0

    @asynccontextmanager
    async def unavailable_at_first(cause: Cause | None = None) -> AsyncGenerator[Work]:
        nonlocal marks
        marks += 1
        if marks <= 2:  # a moment after they were sent, and once more when the relay is interrupted
            raise OSError("the store is unavailable")
        async with work(cause) as unit:
            yield unit

    await sample.emit(producer_store, ANNA, 1)
    with monkeypatch.context() as patched:
        patched.setattr(producer_store, "work", unavailable_at_first)
        async with running(Relay(producer_store, broker).run()):
            await eventually(lambda: _all_sent(producer_store))
    await sample.emit(producer_store, ANNA, 2)
    await _relay_all(producer_store, broker)
    assert numbers(await topic_of(broker.settings.kafka, sample.event.topic.name)) == {ANNA: [1, 1, 2]}


async def test_a_refused_send_marks_nothing(
    producer_store: Store, broker: Broker, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first half of a batch may have arrived: the whole batch is sent again."""
    for number in (1, 2):
        await sample.emit(producer_store, ANNA, number)

    async def half(self: BatchProducer, records: list[Record]) -> None:
        await send(self, records[:1])
        raise KafkaError("connection lost")

    send = BatchProducer.send
    monkeypatch.setattr(BatchProducer, "send", half)
    relay = Relay(producer_store, broker)
    with pytest.raises(KafkaError):
        await relay.relay_once()
    assert await unsent(producer_store) == 2
    monkeypatch.setattr(BatchProducer, "send", send)
    await _relay_all(producer_store, broker, relay)
    assert numbers(await topic_of(broker.settings.kafka, sample.event.topic.name)) == {ANNA: [1, 1, 2]}


async def test_a_crash_between_send_and_mark_is_absorbed_by_the_inbox(
    producer_store: Store, consumer_store: Store, broker: Broker, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2, 3):
        await sample.emit(producer_store, ANNA, number)
    crashes = 0

    @asynccontextmanager
    async def crash(cause: Cause | None = None) -> AsyncGenerator[Work]:
        nonlocal crashes
        crashes += 1
        raise RuntimeError("killed before the mark")
        yield

    relay = Relay(producer_store, broker)
    with monkeypatch.context() as patched:
        patched.setattr(producer_store, "work", crash)
        assert await relay.relay_once() == 3
        with pytest.raises(RuntimeError, match="killed before the mark"):
            await relay.mark_now()
    assert (crashes, await unsent(producer_store)) == (1, 3)
    await _relay_all(producer_store, broker, relay)
    arrived = await topic_of(broker.settings.kafka, sample.event.topic.name)
    assert numbers(arrived) == {ANNA: [1, 2, 3, 1, 2, 3]}
    await consumer_for(consumer_store, sample.reactions).process(arrived)
    assert await trail(consumer_store, ANNA) == [1, 2, 3]


async def test_of_two_relays_one_is_active_and_the_other_takes_over_without_reordering(
    producer_store: Store, open_store: StoreOf, broker: Broker, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    active: set[int] = set()
    relaying: set[int] = set()
    together: list[int] = []
    relay_once = Relay.relay_once

    async def watched(self: Relay) -> int:
        active.add(id(self))
        relaying.add(id(self))
        together.append(len(relaying))
        try:
            return await relay_once(self)
        finally:
            relaying.discard(id(self))

    monkeypatch.setattr(Relay, "relay_once", watched)
    first, second = Relay(producer_store, broker), Relay(open_store("producer"), broker)
    async with running(first.run()) as (leading,):
        await sample.emit(producer_store, ANNA, 1)
        await eventually(lambda: _all_sent(producer_store))
        async with running(second.run()):
            for number in range(2, 31):
                await sample.emit(producer_store, ANNA, number)
            await eventually(lambda: _all_sent(producer_store))
            assert active == {id(first)}
            for number in range(31, 41):
                await sample.emit(producer_store, ANNA, number)
            leading.cancel()
            await asyncio.wait([leading])
            active.discard(id(first))
            for number in range(41, 61):
                await sample.emit(producer_store, ANNA, number)
            await eventually(lambda: _all_sent(producer_store))
            assert active == {id(second)}
    assert max(together) == 1
    arrived = numbers(await topic_of(broker.settings.kafka, sample.event.topic.name))[ANNA]
    assert list(dict.fromkeys(arrived)) == list(range(1, 61))


async def test_a_cancelled_relay_stops_also_when_a_hint_arrives_at_the_same_time(
    producer_store: Store, broker: Broker, sample: Sample
) -> None:
    for steps in range(8):
        relaying = asyncio.create_task(Relay(producer_store, broker).run())
        await sample.emit(producer_store, ANNA, steps + 1)
        await eventually(lambda: _all_sent(producer_store))
        await asyncio.sleep(0.05)  # it waits for a hint
        producer_store.emitted.set()
        for _ in range(steps):
            await asyncio.sleep(0)
        relaying.cancel()
        await asyncio.wait([relaying], timeout=10)
        assert relaying.cancelled(), f"still running, cancelled {steps} steps after a hint"


async def test_a_lost_broker_is_refilled_from_the_outbox(
    producer_store: Store, consumer_store: Store, sample: Sample, tmp_path: Path
) -> None:
    lost = EmbeddedKafka()
    old = broker_at(lost.bootstrap, tmp_path, embedded=True)
    await old.ensure_topics()
    for number in range(1, 6):
        await sample.emit(producer_store, ANNA, number)
    await _relay_all(producer_store, old)
    before = await topic_of(lost.bootstrap, sample.event.topic.name)
    await consumer_for(consumer_store, sample.reactions).process(before[:3])
    lost.close()
    for publish_again in (refill, _republish):
        empty = EmbeddedKafka()
        new = broker_at(empty.bootstrap, tmp_path, embedded=True)
        await new.ensure_topics()
        await publish_again(producer_store)
        await _relay_all(producer_store, new)
        arrived = await topic_of(empty.bootstrap, sample.event.topic.name)
        assert numbers(arrived) == {ANNA: [1, 2, 3, 4, 5]}
        await consumer_for(consumer_store, sample.reactions).process(arrived)
        assert await trail(consumer_store, ANNA) == [1, 2, 3, 4, 5]
        empty.close()


async def _republish(store: Store) -> None:
    async with store.work() as work:
        assert await republish(work.session, store.table("outbox")) == 5


async def _relay_all(store: Store, broker: Broker, relay: Relay | None = None) -> None:
    relay = relay or Relay(store, broker)
    while await relay.relay_once():
        pass
    await relay.close()


async def _all_sent(store: Store) -> bool:
    return await unsent(store) == 0
