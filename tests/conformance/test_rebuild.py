"""A read model is emptied and made again while everything runs: the same figures, each event counted once."""

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
from tests.conformance.sample import POISON, Sample, Tally, eventually, letters, produce, running, trail, unsent

ANNA, BRUNO, CHLOE = uuid4(), uuid4(), uuid4()
PEOPLE = (ANNA, BRUNO, CHLOE)


@dataclass
class Replica:
    """One process of the listener: what it hears with, and what rebuilds its store."""

    store: Store
    rebuilding: Rebuilding
    consumer: Consumer

    @classmethod
    def of(cls, store: Store, broker: Broker, sample: Sample) -> "Replica":
        rebuilding = Rebuilding(store, broker, sample.reactions, (Tally,))
        return cls(store, rebuilding, Consumer(store, broker, sample.reactions, rebuilding))

    @asynccontextmanager
    async def live(self) -> AsyncGenerator["asyncio.Task[None]"]:
        """As a service runs it; answers the task that a crash ends."""
        await self.rebuilding.load_latest()
        async with running(self.rebuilding.run(), self.consumer.run()) as (_, listening):
            yield listening

    async def completed(self) -> bool:
        progress = await self.rebuilding.progress()
        assert progress.done <= progress.events
        return progress.completed_at is not None and progress.done == progress.events

    async def heard(self, upto: int) -> bool:
        return [await trail(self.store, who) for who in PEOPLE] == [list(range(1, upto + 1))] * 3


@pytest.fixture
def replica(listener: Store, speaker: Store, broker: Broker, sample: Sample) -> Replica:
    if not broker.keeps_history:
        broker.outboxes += [speaker, listener]
    return Replica.of(listener, broker, sample)


async def say(speaker: Store, sample: Sample, first: int, last: int) -> None:
    for number in range(first, last + 1):
        for who in PEOPLE:
            await sample.say(speaker, who, number)


async def test_it_is_the_same_afterwards_and_goes_on_meanwhile(
    speaker: Store, replica: Replica, broker: Broker, sample: Sample
) -> None:
    await say(speaker, sample, 1, 8)
    async with running(Relay(speaker, broker).run()), replica.live():
        await eventually(lambda: replica.heard(8))
        for rebuild in (1, 2):
            begun = await replica.rebuilding.start("t/ops")
            assert (begun.generation, begun.events >= 24, begun.completed_at) == (rebuild, True, None)
            await say(speaker, sample, 5 + 4 * rebuild, 8 + 4 * rebuild)
            await eventually(lambda: replica.heard(8 + 4 * rebuild))  # noqa: B023
            await eventually(replica.completed)
        assert not await letters(replica.store)


@pytest.mark.parametrize("broker", ["embedded"], indirect=True)
async def test_what_is_not_marked_as_sent_yet_is_sent_again_too(
    speaker: Store, replica: Replica, broker: Broker, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The embedded broker is filled anew from the outboxes; what was heard a moment ago must be among it."""
    await say(speaker, sample, 1, 1)
    async with running(Relay(speaker, broker).run()), replica.live():
        await eventually(lambda: replica.heard(1))
        await eventually(lambda: _all_marked(speaker))
        monkeypatch.setattr(relay, "MARK_DELAY", 5.0)
        await say(speaker, sample, 2, 2)
        await eventually(lambda: replica.heard(2))
        assert await unsent(speaker) > 0
        await replica.rebuilding.start("t/ops")
        await eventually(lambda: replica.heard(2))
        await eventually(replica.completed)


async def _all_marked(store: Store) -> bool:
    return not await unsent(store)


async def test_a_second_one_waits_for_the_first_unless_it_replaces_it(
    speaker: Store, replica: Replica, broker: Broker, sample: Sample
) -> None:
    await say(speaker, sample, 1, 2)
    async with running(Relay(speaker, broker).run()):
        async with replica.live():
            await eventually(lambda: replica.heard(2))
        await replica.rebuilding.start("t/ops")
        with pytest.raises(RebuildRunning):
            await replica.rebuilding.start("t/ops")
        assert (await replica.rebuilding.start("t/ops", again=True)).generation == 2
        async with replica.live():
            await eventually(replica.completed)
    assert await replica.heard(2)


@pytest.mark.kafka
@pytest.mark.parametrize("broker", ["kafka"], indirect=True)
async def test_a_crash_in_the_middle_neither_loses_nor_counts_twice(
    speaker: Store, replica: Replica, broker: Broker, sample: Sample
) -> None:
    """The consumer dies wherever it happens to be, again and again; the next one goes on."""
    await say(speaker, sample, 1, 10)
    async with running(Relay(speaker, broker).run()):
        async with replica.live():
            await eventually(lambda: replica.heard(10))
        await replica.rebuilding.start("t/ops")
        for pause in (0.0, 0.02, 0.1, 0.4):
            next_one = Replica.of(replica.store, broker, sample)
            async with next_one.live() as listening:
                await asyncio.sleep(pause)
                listening.cancel()
                await asyncio.wait([listening])
        last = Replica.of(replica.store, broker, sample)
        async with last.live():
            await eventually(last.completed)
            await say(speaker, sample, 11, 12)
            await eventually(lambda: last.heard(12))
    assert not await letters(replica.store)


@pytest.mark.kafka
@pytest.mark.parametrize("broker", ["kafka"], indirect=True)
async def test_replicas_learn_of_it_by_themselves(
    speaker: Store, replica: Replica, open_store: StoreOf, broker: Broker, sample: Sample
) -> None:
    """One starts it, another holds partitions, a third comes in the middle."""
    others: list[Replica] = []
    for _ in range(2):
        store = open_store("listener")
        store.service = replica.store.service
        others.append(Replica.of(store, broker, sample))
    await say(speaker, sample, 1, 6)
    async with running(Relay(speaker, broker).run()), replica.live() as first, others[0].live():
        await eventually(lambda: replica.heard(6), 30)
        await replica.rebuilding.start("t/ops")
        await say(speaker, sample, 7, 9)
        async with others[1].live():
            first.cancel()
            await asyncio.wait([first])
            await say(speaker, sample, 10, 12)
            await eventually(lambda: replica.heard(12), 30)
            await eventually(replica.completed, 30)
    assert not await letters(replica.store)


async def test_what_was_discarded_stays_discarded_and_what_died_is_tried_again(
    speaker: Store, replica: Replica, broker: Broker, sample: Sample
) -> None:
    """Figures are equal to before: a decision is not forgotten."""
    async with running(Relay(speaker, broker).run()), replica.live():
        for number, who in ((POISON, ANNA), (POISON, BRUNO), (1, CHLOE), (2, ANNA), (2, BRUNO)):
            await sample.say(speaker, who, number)
        await eventually(lambda: _dead(replica.store, 2))
        anna = next(one for one in await letters(replica.store, "dead") if one.subject == str(ANNA))
        await replica.consumer.discard(anna.id, "sent by mistake")
        sample.unlucky.clear()
        await replica.rebuilding.start("t/ops")
        await eventually(replica.completed)
    trails = [await trail(replica.store, who) for who in PEOPLE]
    assert trails == [[2], [POISON, 2], [1]]
    assert [(one.state, one.subject) for one in await letters(replica.store)] == [("discarded", str(ANNA))]


async def test_nothing_is_emptied_when_the_history_is_not_there(
    speaker: Store, replica: Replica, broker: Broker, sample: Sample
) -> None:
    """A broker that was lost and not refilled yet; an outbox that was pruned."""
    speaker.service = "sample"
    await say(speaker, sample, 1, 3)
    async with running(Relay(speaker, broker).run()), replica.live():
        await eventually(lambda: replica.heard(3))
    await replica.consumer.process([sample.told(ANNA, 4)])
    with pytest.raises(HistoryMissing, match=r"/sample was heard to say 10 events, and only 9"):
        await replica.rebuilding.start("t/ops")
    assert await trail(replica.store, ANNA) == [1, 2, 3, 4]
    assert (await replica.rebuilding.progress()).generation == 0


async def test_what_is_held_waits_as_long_as_a_rebuild_takes(
    speaker: Store, replica: Replica, broker: Broker, sample: Sample, clock: FixedClock
) -> None:
    """Read out of order while everything is read again, it is not given up after five minutes."""
    await say(speaker, sample, 1, 1)
    async with running(Relay(speaker, broker).run()):
        async with replica.live():
            await eventually(lambda: replica.heard(1))
        await replica.rebuilding.start("t/ops")
    await replica.consumer.process([sample.told(ANNA, 3)])
    clock.forward(minutes=10)
    await produce(broker.settings.kafka, [sample.told(ANNA, 4)])
    listening = Replica.of(replica.store, broker, sample)
    listening.rebuilding.running = True
    async with running(listening.consumer.run()):
        await eventually(lambda: _held(replica.store, {3, 4}))
    assert not await letters(replica.store, "dead")


async def test_an_embedded_broker_that_dies_in_the_middle_is_filled_again(
    speaker: Store, listener: Store, sample: Sample, tmp_path: Path
) -> None:
    """Its topics held a window only; the outboxes send everything once more, also after a restart."""
    await say(speaker, sample, 1, 5)
    for start in (True, False):
        cluster = EmbeddedKafka()
        broker = broker_at(cluster.bootstrap, tmp_path, embedded=True)
        broker.outboxes += [speaker, listener]
        await broker.ensure_topics()
        await refill(speaker)
        one = Replica.of(listener, broker, sample)
        async with running(Relay(speaker, broker).run()):
            async with one.live():
                await eventually((lambda: one.heard(5)) if start else one.completed)  # noqa: B023
            if start:
                await one.rebuilding.start("t/ops")
        cluster.close()
    for who in PEOPLE:
        assert await trail(listener, who) == [1, 2, 3, 4, 5]
    assert not await letters(listener)


async def _dead(store: Store, number: int) -> bool:
    return len(await letters(store, "dead")) == number


async def _held(store: Store, sequences: set[int]) -> bool:
    return {one.sequence for one in await letters(store, "held")} == sequences
