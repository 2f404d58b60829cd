"""A read model is rebuilt while everything runs: the figures are the same, each event is counted once."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from services.chassis.brokers import Broker
from services.chassis.events import relay
from services.chassis.events.completeness import HistoryMissing
from services.chassis.events.consumer import Consumer
from services.chassis.events.rebuild import Rebuilding, RebuildRunning
from services.chassis.events.relay import Relay
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock
from services.launcher.embedded import EmbeddedKafka, refill
from tests.conformance.conftest import StoreOf, broker_at
from tests.conformance.sample import POISON, Sample, Tally, dead_letters, eventually, produce, running, trail, unsent

ANNA, BRUNO, CHLOE = uuid4(), uuid4(), uuid4()
PEOPLE = (ANNA, BRUNO, CHLOE)


@dataclass
class Replica:
    """One process of the consuming service: its store, its rebuilds and its consumer."""

    store: Store
    rebuilding: Rebuilding
    consumer: Consumer

    @classmethod
    def of(cls, store: Store, broker: Broker, sample: Sample) -> "Replica":
        rebuilding = Rebuilding(store, broker, sample.reactions, (Tally,))
        return cls(store, rebuilding, Consumer(store, broker, sample.reactions, rebuilding))

    @asynccontextmanager
    async def live(self) -> AsyncGenerator["asyncio.Task[None]"]:
        """Run it as a service does; yields the consumer's task."""
        await self.rebuilding.load_latest()
        async with running(self.rebuilding.run(), self.consumer.run()) as (_, consuming):
            yield consuming

    async def completed(self) -> bool:
        progress = await self.rebuilding.progress()
        assert progress.done <= progress.events
        return progress.completed_at is not None and progress.done == progress.events

    async def processed(self, upto: int) -> bool:
        return [await trail(self.store, who) for who in PEOPLE] == [list(range(1, upto + 1))] * 3


@pytest.fixture
def replica(consumer_store: Store, producer_store: Store, broker: Broker, sample: Sample) -> Replica:
    if not broker.keeps_history:
        broker.outboxes += [producer_store, consumer_store]
    return Replica.of(consumer_store, broker, sample)


async def emit(producer_store: Store, sample: Sample, first: int, last: int) -> None:
    for number in range(first, last + 1):
        for who in PEOPLE:
            await sample.emit(producer_store, who, number)


async def test_a_rebuilt_read_model_is_the_same_and_takes_new_events_meanwhile(
    producer_store: Store, replica: Replica, broker: Broker, sample: Sample
) -> None:
    await emit(producer_store, sample, 1, 8)
    async with running(Relay(producer_store, broker).run()), replica.live():
        await eventually(lambda: replica.processed(8))
        for rebuild in (1, 2):
            started = await replica.rebuilding.start("t/ops")
            assert (started.generation, started.events >= 24, started.completed_at) == (rebuild, True, None)
            await emit(producer_store, sample, 5 + 4 * rebuild, 8 + 4 * rebuild)
            await eventually(lambda: replica.processed(8 + 4 * rebuild))  # noqa: B023
            await eventually(replica.completed)
        assert not await dead_letters(replica.store)


@pytest.mark.parametrize("broker", ["embedded"], indirect=True)
async def test_rows_that_are_not_marked_as_sent_yet_are_published_again_too(
    producer_store: Store, replica: Replica, broker: Broker, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The embedded broker is refilled from the outboxes; events that were just processed must be included."""
    await emit(producer_store, sample, 1, 1)
    async with running(Relay(producer_store, broker).run()), replica.live():
        await eventually(lambda: replica.processed(1))
        await eventually(lambda: _all_marked(producer_store))
        monkeypatch.setattr(relay, "MARK_DELAY", 5.0)
        await emit(producer_store, sample, 2, 2)
        await eventually(lambda: replica.processed(2))
        assert await unsent(producer_store) > 0
        await replica.rebuilding.start("t/ops")
        await eventually(lambda: replica.processed(2))
        await eventually(replica.completed)


async def _all_marked(store: Store) -> bool:
    return not await unsent(store)


async def test_a_second_rebuild_is_refused_unless_it_replaces_the_first(
    producer_store: Store, replica: Replica, broker: Broker, sample: Sample
) -> None:
    await emit(producer_store, sample, 1, 2)
    async with running(Relay(producer_store, broker).run()):
        async with replica.live():
            await eventually(lambda: replica.processed(2))
        await replica.rebuilding.start("t/ops")
        with pytest.raises(RebuildRunning):
            await replica.rebuilding.start("t/ops")
        assert (await replica.rebuilding.start("t/ops", again=True)).generation == 2
        async with replica.live():
            await eventually(replica.completed)
    assert await replica.processed(2)


@pytest.mark.kafka
@pytest.mark.parametrize("broker", ["kafka"], indirect=True)
async def test_a_crash_during_a_rebuild_loses_nothing_and_counts_nothing_twice(
    producer_store: Store, replica: Replica, broker: Broker, sample: Sample
) -> None:
    """The consumer is cancelled at several moments; the next one continues."""
    await emit(producer_store, sample, 1, 10)
    async with running(Relay(producer_store, broker).run()):
        async with replica.live():
            await eventually(lambda: replica.processed(10))
        await replica.rebuilding.start("t/ops")
        for pause in (0.0, 0.02, 0.1, 0.4):
            next_one = Replica.of(replica.store, broker, sample)
            async with next_one.live() as consuming:
                await asyncio.sleep(pause)
                consuming.cancel()
                await asyncio.wait([consuming])
        last = Replica.of(replica.store, broker, sample)
        async with last.live():
            await eventually(last.completed)
            await emit(producer_store, sample, 11, 12)
            await eventually(lambda: last.processed(12))
    assert not await dead_letters(replica.store)


@pytest.mark.kafka
@pytest.mark.parametrize("broker", ["kafka"], indirect=True)
async def test_other_replicas_notice_a_rebuild(
    producer_store: Store, replica: Replica, open_store: StoreOf, broker: Broker, sample: Sample
) -> None:
    """One starts it, another holds partitions, a third joins during it."""
    others: list[Replica] = []
    for _ in range(2):
        store = open_store("consumer")
        store.service = replica.store.service
        others.append(Replica.of(store, broker, sample))
    await emit(producer_store, sample, 1, 6)
    async with running(Relay(producer_store, broker).run()), replica.live() as first, others[0].live():
        await eventually(lambda: replica.processed(6), 30)
        await replica.rebuilding.start("t/ops")
        await emit(producer_store, sample, 7, 9)
        async with others[1].live():
            first.cancel()
            await asyncio.wait([first])
            await emit(producer_store, sample, 10, 12)
            await eventually(lambda: replica.processed(12), 30)
            await eventually(replica.completed, 30)
    assert not await dead_letters(replica.store)


async def test_discarded_events_stay_discarded_and_dead_letters_are_retried(
    producer_store: Store, replica: Replica, broker: Broker, sample: Sample
) -> None:
    """The figures are the same as before: decisions are kept."""
    async with running(Relay(producer_store, broker).run()), replica.live():
        for number, who in ((POISON, ANNA), (POISON, BRUNO), (1, CHLOE), (2, ANNA), (2, BRUNO)):
            await sample.emit(producer_store, who, number)
        await eventually(lambda: _dead(replica.store, 2))
        anna = next(one for one in await dead_letters(replica.store, "dead") if one.subject == str(ANNA))
        await replica.consumer.discard(anna.id, "sent by mistake")
        sample.unlucky.clear()
        await replica.rebuilding.start("t/ops")
        await eventually(replica.completed)
    trails = [await trail(replica.store, who) for who in PEOPLE]
    assert trails == [[2], [POISON, 2], [1]]
    assert [(one.state, one.subject) for one in await dead_letters(replica.store)] == [("discarded", str(ANNA))]


async def test_nothing_is_emptied_when_the_history_is_incomplete(
    producer_store: Store, replica: Replica, broker: Broker, sample: Sample
) -> None:
    """After a lost broker that is not refilled yet, or a pruned outbox."""
    producer_store.service = "sample"
    await emit(producer_store, sample, 1, 3)
    async with running(Relay(producer_store, broker).run()), replica.live():
        await eventually(lambda: replica.processed(3))
    await replica.consumer.process([sample.record_of(ANNA, 4)])
    with pytest.raises(HistoryMissing, match=r"from /sample: 10\. .* still be read: 9\."):
        await replica.rebuilding.start("t/ops")
    assert await trail(replica.store, ANNA) == [1, 2, 3, 4]
    assert (await replica.rebuilding.progress()).generation == 0


async def test_held_events_do_not_expire_during_a_rebuild(
    producer_store: Store, replica: Replica, broker: Broker, sample: Sample, clock: FixedClock
) -> None:
    """An event that a rebuild reads out of order is still held after five minutes."""
    await emit(producer_store, sample, 1, 1)
    async with running(Relay(producer_store, broker).run()):
        async with replica.live():
            await eventually(lambda: replica.processed(1))
        await replica.rebuilding.start("t/ops")
    await replica.consumer.process([sample.record_of(ANNA, 3)])
    clock.forward(minutes=10)
    await produce(broker.settings.kafka, [sample.record_of(ANNA, 4)])
    rebuilt = Replica.of(replica.store, broker, sample)
    rebuilt.rebuilding.running = True
    async with running(rebuilt.consumer.run()):
        await eventually(lambda: _held(replica.store, {3, 4}))
    assert not await dead_letters(replica.store, "dead")


async def test_an_embedded_broker_that_is_lost_during_a_rebuild_is_refilled(
    producer_store: Store, consumer_store: Store, sample: Sample, tmp_path: Path
) -> None:
    """Its topics keep the newest records only; the outboxes publish everything again, also after a restart."""
    await emit(producer_store, sample, 1, 5)
    for start in (True, False):
        cluster = EmbeddedKafka()
        broker = broker_at(cluster.bootstrap, tmp_path, embedded=True)
        broker.outboxes += [producer_store, consumer_store]
        await broker.ensure_topics()
        await refill(producer_store)
        one = Replica.of(consumer_store, broker, sample)
        async with running(Relay(producer_store, broker).run()):
            async with one.live():
                await eventually((lambda: one.processed(5)) if start else one.completed)  # noqa: B023
            if start:
                await one.rebuilding.start("t/ops")
        cluster.close()
    for who in PEOPLE:
        assert await trail(consumer_store, who) == [1, 2, 3, 4, 5]
    assert not await dead_letters(consumer_store)


async def _dead(store: Store, number: int) -> bool:
    return len(await dead_letters(store, "dead")) == number


async def _held(store: Store, sequences: set[int]) -> bool:
    return {one.sequence for one in await dead_letters(store, "held")} == sequences
