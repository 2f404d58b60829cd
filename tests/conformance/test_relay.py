"""From the outbox to the topic: in order, at least once, marked only when acknowledged, one relay at a time."""

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
from services.chassis.events.relay import ROUNDS, Relay
from services.chassis.storage.outbox import republish
from services.chassis.storage.store import Cause, Store, Work
from services.chassis.testing import NOBODY, consumer_for
from services.contracts.cloudevents import Record, read_event
from services.launcher.embedded import EmbeddedKafka, refill
from tests.conformance.conftest import StoreOf, broker_at
from tests.conformance.sample import Sample, eventually, running, topic_of, trail, unsent

ANNA, BRUNO, CHLOE = uuid4(), uuid4(), uuid4()


def numbers(records: list[Record]) -> dict[UUID, list[int]]:
    """The sequences of each tally, in the order in which they stand in the topic."""
    found: dict[UUID, list[int]] = defaultdict(list)
    for record in records:
        found[UUID(read_event(record).subject)].append(read_event(record).sequence or 0)
    return found


async def test_rows_arrive_in_the_order_of_each_aggregate(speaker: Store, broker: Broker, sample: Sample) -> None:
    for number in range(1, 11):
        for tally in (ANNA, BRUNO, CHLOE):
            await sample.say(speaker, tally, number)
    async with running(Relay(speaker, broker).run()):
        await eventually(lambda: _all_sent(speaker))
    arrived = await topic_of(broker.settings.kafka, sample.event.topic.name)
    assert numbers(arrived) == {tally: list(range(1, 11)) for tally in (ANNA, BRUNO, CHLOE)}
    assert {record.key for record in arrived} == {str(tally).encode() for tally in (ANNA, BRUNO, CHLOE)}


async def test_many_rows_go_in_rounds_that_overlap_and_keep_the_order(
    speaker: Store, broker: Broker, sample: Sample
) -> None:
    each = 4 * ROUNDS + 5
    for number in range(1, each + 1):
        for tally in (ANNA, BRUNO, CHLOE):
            await sample.say(speaker, tally, number)
    few_at_a_time = broker.settings.model_copy(update={"batch": 10})
    relay = Relay(speaker, broker_of(few_at_a_time, embedded=not broker.keeps_history))
    assert await relay.relay_once() == 10 * ROUNDS
    await relay.mark_now()
    assert await unsent(speaker) == 3 * each - 10 * ROUNDS
    await _relay_all(speaker, broker, relay)
    arrived = await topic_of(broker.settings.kafka, sample.event.topic.name)
    assert numbers(arrived) == {tally: list(range(1, each + 1)) for tally in (ANNA, BRUNO, CHLOE)}


async def test_an_event_that_was_rolled_back_is_never_sent(speaker: Store, broker: Broker, sample: Sample) -> None:
    async def cut_short() -> None:
        async with speaker.work() as work:
            work.emit_row_event(sample.event(tally_id=ANNA, number=1), sequence=1, correlation_id=uuid4())
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        await cut_short()
    await sample.say(speaker, BRUNO, 1)
    await _relay_all(speaker, broker)
    assert list(numbers(await topic_of(broker.settings.kafka, sample.event.topic.name))) == [BRUNO]


async def test_a_row_is_marked_only_after_the_broker_has_it(
    speaker: Store, broker: Broker, sample: Sample, tmp_path: Path
) -> None:
    await sample.say(speaker, ANNA, 1)
    relay = Relay(speaker, broker_at(NOBODY, tmp_path))
    with pytest.raises(BROKER_ERRORS):
        await relay.relay_once()
    assert await unsent(speaker) == 1
    await _relay_all(speaker, broker)
    assert await unsent(speaker) == 0
    assert numbers(await topic_of(broker.settings.kafka, sample.event.topic.name)) == {ANNA: [1]}


async def test_what_is_not_marked_yet_is_not_sent_again(speaker: Store, broker: Broker, sample: Sample) -> None:
    relay = Relay(speaker, broker)
    for number in (1, 2, 3):
        await sample.say(speaker, ANNA, number)
        assert await relay.relay_once() == 1
    assert await relay.relay_once() == 0
    await eventually(lambda: _all_sent(speaker))
    await sample.say(speaker, ANNA, 4)
    assert await relay.relay_once() == 1
    await relay.close()
    assert await unsent(speaker) == 0
    assert numbers(await topic_of(broker.settings.kafka, sample.event.topic.name)) == {ANNA: [1, 2, 3, 4]}


async def test_rows_whose_mark_the_store_refuses_are_sent_again(
    speaker: Store, broker: Broker, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, marks = speaker.work, 0

    @asynccontextmanager
    async def away_at_first(cause: Cause | None = None) -> AsyncGenerator[Work]:
        nonlocal marks
        marks += 1
        if marks <= 2:  # a moment after they were sent, and once more when the relay is interrupted
            raise OSError("the store is away")
        async with work(cause) as under_way:
            yield under_way

    await sample.say(speaker, ANNA, 1)
    with monkeypatch.context() as patched:
        patched.setattr(speaker, "work", away_at_first)
        async with running(Relay(speaker, broker).run()):
            await eventually(lambda: _all_sent(speaker))
    await sample.say(speaker, ANNA, 2)
    await _relay_all(speaker, broker)
    assert numbers(await topic_of(broker.settings.kafka, sample.event.topic.name)) == {ANNA: [1, 1, 2]}


async def test_a_refused_send_marks_nothing(
    speaker: Store, broker: Broker, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first half of a round may have arrived: all of it is sent again."""
    for number in (1, 2):
        await sample.say(speaker, ANNA, number)

    async def half(self: BatchProducer, records: list[Record]) -> None:
        await send(self, records[:1])
        raise KafkaError("connection lost")

    send = BatchProducer.send
    monkeypatch.setattr(BatchProducer, "send", half)
    relay = Relay(speaker, broker)
    with pytest.raises(KafkaError):
        await relay.relay_once()
    assert await unsent(speaker) == 2
    monkeypatch.setattr(BatchProducer, "send", send)
    await _relay_all(speaker, broker, relay)
    assert numbers(await topic_of(broker.settings.kafka, sample.event.topic.name)) == {ANNA: [1, 1, 2]}


async def test_a_crash_between_send_and_mark_is_absorbed_by_the_inbox(
    speaker: Store, listener: Store, broker: Broker, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2, 3):
        await sample.say(speaker, ANNA, number)
    crashes = 0

    @asynccontextmanager
    async def crash(cause: Cause | None = None) -> AsyncGenerator[Work]:
        nonlocal crashes
        crashes += 1
        raise RuntimeError("killed before the mark")
        yield

    relay = Relay(speaker, broker)
    with monkeypatch.context() as patched:
        patched.setattr(speaker, "work", crash)
        assert await relay.relay_once() == 3
        with pytest.raises(RuntimeError, match="killed before the mark"):
            await relay.mark_now()
    assert (crashes, await unsent(speaker)) == (1, 3)
    await _relay_all(speaker, broker, relay)
    arrived = await topic_of(broker.settings.kafka, sample.event.topic.name)
    assert numbers(arrived) == {ANNA: [1, 2, 3, 1, 2, 3]}
    await consumer_for(listener, sample.reactions).process(arrived)
    assert await trail(listener, ANNA) == [1, 2, 3]


async def test_of_two_relays_one_is_active_and_the_other_takes_over_without_reordering(
    speaker: Store, open_store: StoreOf, broker: Broker, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    active: set[int] = set()
    together: list[int] = []
    relay_once = Relay.relay_once

    async def watched(self: Relay) -> int:
        active.add(id(self))
        together.append(len(active))
        return await relay_once(self)

    monkeypatch.setattr(Relay, "relay_once", watched)
    first, second = Relay(speaker, broker), Relay(open_store("speaker"), broker)
    async with running(first.run()) as (leading,):
        await sample.say(speaker, ANNA, 1)
        await eventually(lambda: _all_sent(speaker))
        async with running(second.run()):
            for number in range(2, 31):
                await sample.say(speaker, ANNA, number)
            await eventually(lambda: _all_sent(speaker))
            assert active == {id(first)}
            for number in range(31, 41):
                await sample.say(speaker, ANNA, number)
            leading.cancel()
            await asyncio.wait([leading])
            active.discard(id(first))
            for number in range(41, 61):
                await sample.say(speaker, ANNA, number)
            await eventually(lambda: _all_sent(speaker))
            assert active == {id(second)}
    assert max(together) == 1
    arrived = numbers(await topic_of(broker.settings.kafka, sample.event.topic.name))[ANNA]
    assert list(dict.fromkeys(arrived)) == list(range(1, 61))


async def test_a_relay_that_is_told_to_end_ends_whatever_it_hears_at_that_moment(
    speaker: Store, broker: Broker, sample: Sample
) -> None:
    for steps in range(8):
        relaying = asyncio.create_task(Relay(speaker, broker).run())
        await sample.say(speaker, ANNA, steps + 1)
        await eventually(lambda: _all_sent(speaker))
        await asyncio.sleep(0.05)  # it waits for a hint
        speaker.emitted.set()
        for _ in range(steps):
            await asyncio.sleep(0)
        relaying.cancel()
        await asyncio.wait([relaying], timeout=10)
        assert relaying.cancelled(), f"it went on, told to end {steps} steps after a hint"


async def test_a_lost_broker_is_refilled_from_the_outbox(
    speaker: Store, listener: Store, sample: Sample, tmp_path: Path
) -> None:
    lost = EmbeddedKafka()
    old = broker_at(lost.bootstrap, tmp_path, embedded=True)
    await old.ensure_topics()
    for number in range(1, 6):
        await sample.say(speaker, ANNA, number)
    await _relay_all(speaker, old)
    before = await topic_of(lost.bootstrap, sample.event.topic.name)
    await consumer_for(listener, sample.reactions).process(before[:3])
    lost.close()
    for again in (refill, _republish):
        empty = EmbeddedKafka()
        new = broker_at(empty.bootstrap, tmp_path, embedded=True)
        await new.ensure_topics()
        await again(speaker)
        await _relay_all(speaker, new)
        arrived = await topic_of(empty.bootstrap, sample.event.topic.name)
        assert numbers(arrived) == {ANNA: [1, 2, 3, 4, 5]}
        await consumer_for(listener, sample.reactions).process(arrived)
        assert await trail(listener, ANNA) == [1, 2, 3, 4, 5]
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
