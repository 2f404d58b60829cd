"""A store that was restored from an older backup goes on: what it emits then takes effect exactly once, in order."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from aiokafka import TopicPartition

from services.chassis.brokers import Broker
from services.chassis.brokers.offsets import extents
from services.chassis.brokers.reading import hold_records
from services.chassis.events.catching_up import CatchingUp
from services.chassis.events.consumer import Consumer
from services.chassis.events.dead_letters import OutOfOrder
from services.chassis.events.relay import Relay
from services.chassis.events.restoring import Seen, open_epoch, seen_by_others
from services.chassis.events.sealing import kept_record
from services.chassis.service.store_mark import OlderStore, StoreMark
from services.chassis.storage.outbox import republish, unpack_headers
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock, consumer_for, quiet_settings
from services.contracts.cloudevents import Record, read_event
from services.contracts.sequences import EPOCH
from tests.conformance.conftest import StoreOf, empty
from tests.conformance.sample import (
    POISON,
    Sample,
    dead_letters,
    eventually,
    running,
    trail,
    unsent,
)
from tests.conformance.test_rebuild import Replica
from tests.givens.backups import Backup, backup_of, put_back

ANNA, BRUNO, CHLOE = uuid4(), uuid4(), uuid4()


async def restored(store: Store, backup: Backup, open_store: StoreOf) -> Store:
    """The store with the rows of the backup and no others, as another process opens it."""
    await put_back(store, backup)
    await store.close()
    opened = open_store("consumer" if store.service.startswith("consumer") else "producer")
    opened.service = store.service
    return opened


async def outbox_records(store: Store, *, only_unsent: bool = False) -> list[Record]:
    """The records of the outbox, in order."""
    outbox = store.table("outbox")
    chosen = sa.select(outbox).order_by(outbox.c.seq)
    async with store.read() as session:
        rows = (await session.execute(chosen.where(outbox.c.sent_at.is_(None)) if only_unsent else chosen)).all()
    return [Record(row.topic, row.key, unpack_headers(row.headers), row.value) for row in rows]


async def test_what_a_restored_store_emits_follows_what_others_know(
    producer_store: Store, consumer_store: Store, consumer: Consumer, sample: Sample, open_store: StoreOf
) -> None:
    """Anna's events 3 and 4 were emitted after the backup; the store goes on from 2."""
    for number in (1, 2):
        await sample.emit(producer_store, ANNA, number)
    backup = await backup_of(producer_store)
    for number in (3, 4):
        await sample.emit(producer_store, ANNA, number)
    await consumer.process(await outbox_records(producer_store))

    producer_store = await restored(producer_store, backup, open_store)
    opened = await open_epoch(producer_store, Seen(), None)
    for number in (5, 6):
        await sample.emit(producer_store, ANNA, number)
    await sample.emit(producer_store, BRUNO, 7)
    records = await outbox_records(producer_store)
    first = opened.epoch * EPOCH + 1
    assert [read_event(one).sequence for one in records] == [1, 2, first, first + 1, 1]
    await consumer.process(records[3:4])  # the first one is missing: held
    await consumer.process(records)
    await consumer.process(records)
    assert await trail(consumer_store, ANNA) == [1, 2, 3, 4, 5, 6]
    assert await trail(consumer_store, BRUNO) == [7]
    assert not await dead_letters(consumer_store)


async def test_a_gap_before_an_epoch_is_a_gap(
    producer_store: Store, consumer_store: Store, consumer: Consumer, sample: Sample
) -> None:
    """The broker was lost too, before the consumer read Anna's event 2."""
    for number in (1, 2):
        await sample.emit(producer_store, ANNA, number)
    await open_epoch(producer_store, Seen(), None)
    await sample.emit(producer_store, ANNA, 3)
    first, second, third = await outbox_records(producer_store)
    await consumer.process([first])
    await consumer.process([third])
    assert await trail(consumer_store, ANNA) == [1]
    assert [one.state for one in await dead_letters(consumer_store)] == ["held"]
    await consumer.process([first, second, third])  # after `cefo republish`
    assert await trail(consumer_store, ANNA) == [1, 2, 3]
    assert not await dead_letters(consumer_store)


@pytest.mark.parametrize("decision", ["retry", "discard"])
async def test_an_epoch_waits_for_the_dead_letters_of_an_older_one(
    producer_store: Store, consumer_store: Store, consumer: Consumer, sample: Sample, decision: str, open_store: StoreOf
) -> None:
    """Events 2 and 3 are not in the restored store; one failed here, the other is held behind it."""
    await sample.emit(producer_store, ANNA, 1)
    backup = await backup_of(producer_store)
    for number in (POISON, 3):
        await sample.emit(producer_store, ANNA, number)
    await consumer.process(await outbox_records(producer_store))
    producer_store = await restored(producer_store, backup, open_store)
    await open_epoch(producer_store, Seen(), None)
    await sample.emit(producer_store, ANNA, 4)
    await consumer.process((await outbox_records(producer_store))[1:])
    assert await trail(consumer_store, ANNA) == [1]
    assert Counter(one.state for one in await dead_letters(consumer_store)) == {"dead": 1, "held": 2}

    sample.unlucky.clear()
    (dead,) = await dead_letters(consumer_store, "dead")
    if decision == "retry":
        await consumer.retry(dead.id)
        assert await trail(consumer_store, ANNA) == [1, POISON, 3, 4]
    else:
        await consumer.discard(dead.id, "no longer true")
        assert await trail(consumer_store, ANNA) == [1, 3, 4]
    assert not await dead_letters(consumer_store, "held")


async def test_a_discarded_gap_lets_the_next_epoch_pass(
    consumer_store: Store,
    consumer: Consumer,
    sample: Sample,
    producer_store: Store,
    clock: FixedClock,
    open_store: StoreOf,
) -> None:
    """Event 2 never came, 3 became a dead letter; nobody has 2 any more."""
    await sample.emit(producer_store, ANNA, 1)
    backup = await backup_of(producer_store)
    for number in (2, 3):
        await sample.emit(producer_store, ANNA, number)
    first, _, third = await outbox_records(producer_store)
    await consumer.process([first, third])
    producer_store = await restored(producer_store, backup, open_store)
    await open_epoch(producer_store, Seen(), None)
    await sample.emit(producer_store, ANNA, 4)
    clock.forward(seconds=301)
    await consumer.expire_held()
    await consumer.process((await outbox_records(producer_store))[1:])
    (dead,) = await dead_letters(consumer_store, "dead")
    with pytest.raises(OutOfOrder):
        await consumer.retry(dead.id)
    await consumer.discard(dead.id, "lost with the database")
    assert await trail(consumer_store, ANNA) == [1, 4]


async def test_an_aggregate_starts_mid_stream_in_an_epoch(
    producer_store: Store, consumer_store: Store, sample: Sample, clock: FixedClock
) -> None:
    """A new consumer, after what Anna's store emitted before the backup was pruned."""
    ages = {"topic_days": 2, "outbox_days": 2, "inbox_days": 5, "backup_days": 1}
    forgetful = consumer_for(consumer_store, sample.reactions, hold_seconds=300, **ages)
    await sample.emit(producer_store, ANNA, 1)
    await open_epoch(producer_store, Seen(), None)
    for number in (2, 3):
        await sample.emit(producer_store, ANNA, number)
    await forgetful.process((await outbox_records(producer_store))[1:])
    assert await trail(consumer_store, ANNA) == []
    clock.forward(seconds=301)
    await forgetful.expire_held()
    assert await trail(consumer_store, ANNA) == [2, 3]


@dataclass
class Course:
    """A random course of emitting, relaying, consuming, backups, restores and lost brokers."""

    producer: Store
    store: Store
    consumer: Consumer
    sample: Sample
    random: Random
    clock: FixedClock
    open_store: StoreOf
    restores: int = 0
    topic: list[Record] = field(default_factory=list[Record])
    read: int = 0
    number: int = 0
    tallies: list[UUID] = field(default_factory=list[UUID])
    backups: list[tuple[Backup, list[UUID]]] = field(default_factory=list[tuple[Backup, list[UUID]]])
    since_restore: set[UUID] = field(default_factory=set[UUID])
    used: dict[tuple[str, int | None], set[str]] = field(default_factory=dict[tuple[str, int | None], set[str]])

    async def emit(self) -> None:
        new = not self.tallies or self.random.random() < 0.2
        tally = uuid4() if new else self.random.choice(self.tallies)
        self.tallies += [tally] if new else []
        self.number += 1
        await self.sample.emit(self.producer, tally, self.number)
        self.since_restore.add(tally)
        for one in map(read_event, await outbox_records(self.producer, only_unsent=True)):
            self.used.setdefault((one.subject, one.sequence), set()).add(one.id)

    async def relay(self, most: int = 3) -> None:
        outbox = self.producer.table("outbox")
        async with self.producer.work() as work:
            oldest = sa.select(outbox).where(outbox.c.sent_at.is_(None)).order_by(outbox.c.seq).limit(most)
            rows = (await work.session.execute(oldest)).all()
            self.topic += [Record(row.topic, row.key, unpack_headers(row.headers), row.value) for row in rows]
            marked = [row.seq for row in rows][: None if self.random.random() < 0.8 else 1]
            await work.session.execute(sa.update(outbox).where(outbox.c.seq.in_(marked)).values(sent_at=work.now))

    async def consume(self, most: int = 4) -> None:
        await self.consumer.process(self.topic[self.read : self.read + most])
        self.read = min(len(self.topic), self.read + most)

    async def back_up(self) -> None:
        self.backups.append((await backup_of(self.producer), self.tallies.copy()))

    async def restore(self) -> None:
        if self.backups:
            # A newer backup than one that ran after it is not restored: docs/decisions/0024-epochs.md.
            self.backups = self.backups[: self.random.randint(1, len(self.backups))]
            backup, tallies = self.backups[-1]
            self.producer = await restored(self.producer, backup, self.open_store)
            self.tallies, self.since_restore = tallies.copy(), set()
            self.clock.forward(seconds=1)
            await open_epoch(self.producer, Seen(), None)
            self.restores += 1
            published = {read_event(one).id for one in self.topic}
            if not published >= {read_event(one).id for one in await outbox_records(self.producer)}:
                await self.republish()  # as the command asks where the broker was lost

    async def read_again(self) -> None:
        self.read = 0

    async def lose_the_broker(self) -> None:
        self.topic, self.read = [], 0
        if self.random.random() < 0.5:
            await self.emit()
            await self.relay()
            await self.consume()
        await self.republish()

    async def republish(self) -> None:
        async with self.producer.work() as work:
            await republish(work.session, self.producer.table("outbox"))

    async def run(self, steps: int) -> None:
        often = [self.emit] * 8 + [self.relay] * 6 + [self.consume] * 6
        seldom = [self.back_up, self.back_up, self.restore, self.read_again, self.lose_the_broker, self.republish]
        for _ in range(steps):
            await self.random.choice([*often, *seldom])()
        while await unsent(self.producer):
            await self.relay(50)
        while self.read < len(self.topic):
            await self.consume(50)
        await self.discard_what_nobody_has()

    async def discard_what_nobody_has(self) -> None:
        """What an operator does with events that wait for others that were lost with broker and database."""
        self.clock.forward(seconds=301)
        await self.consumer.expire_held()
        kept = {read_event(one).id for one in await outbox_records(self.producer)}
        for dead in await dead_letters(self.store, "dead"):
            if read_event(kept_record(dead)).id not in kept:
                await self.consumer.discard(dead.id, "lost with the database")
        for dead in sorted(await dead_letters(self.store, "dead"), key=lambda one: one.sequence):
            await self.consumer.retry(dead.id)


@pytest.mark.parametrize("seed", [3, 22, 57])
async def test_a_random_course_loses_and_repeats_nothing(
    producer_store: Store,
    consumer_store: Store,
    consumer: Consumer,
    sample: Sample,
    clock: FixedClock,
    open_store: StoreOf,
    seed: int,
) -> None:
    course = Course(producer_store, consumer_store, consumer, sample, Random(seed), clock, open_store)
    await course.run(150)
    assert course.restores > 1, "choose another seed"
    for tally in course.tallies:
        own, known = await trail(course.producer, tally), await trail(consumer_store, tally)
        assert len(set(known)) == len(known), f"an event of {tally} took effect twice"
        assert [number for number in known if number in own] == own, f"an event of {tally} is missing or late"
        if tally in course.since_restore:
            assert known[-1] == own[-1]
    assert {ids for ids, some in course.used.items() if len(some) > 1} == set(), "a number was used twice"
    assert {one.state for one in await dead_letters(consumer_store)} <= {"discarded", "retried"}


async def test_a_rebuild_counts_each_event_of_both_epochs_once(
    producer_store: Store, consumer_store: Store, broker: Broker, sample: Sample
) -> None:
    producer_store.service = "sample"
    if not broker.keeps_history:
        broker.outboxes += [producer_store, consumer_store]
    replica = Replica.of(consumer_store, broker, sample)
    for number in (1, 2):
        await sample.emit(producer_store, ANNA, number)
    await open_epoch(producer_store, Seen(), None)
    async with running(Relay(producer_store, broker).run()), replica.live():
        for number in (3, 4):
            await sample.emit(producer_store, ANNA, number)
        await eventually(lambda: _is(consumer_store, ANNA, [1, 2, 3, 4]))
        await replica.rebuilding.start("t/ops")
        await eventually(replica.completed)
        assert await trail(consumer_store, ANNA) == [1, 2, 3, 4]


@pytest.mark.kafka
@pytest.mark.parametrize("broker", ["kafka"], indirect=True)
async def test_a_restored_service_reads_again_and_knows_what_it_lost(
    producer_store: Store, consumer_store: Store, open_store: StoreOf, broker: Broker, sample: Sample
) -> None:
    """Both services are restored: the consumer takes effect again, the producer learns what others have seen."""
    producer_store.service = "sample"
    await sample.emit(producer_store, ANNA, 1)
    async with running(Relay(producer_store, broker).run(), Consumer(consumer_store, broker, sample.reactions).run()):
        await eventually(lambda: _is(consumer_store, ANNA, [1]))
        await eventually(lambda: _sent(producer_store))
        backups = await backup_of(producer_store), await backup_of(consumer_store)
        await sample.emit(producer_store, ANNA, 2)
        await sample.emit(producer_store, BRUNO, 3)
        await eventually(lambda: _is(consumer_store, BRUNO, [3]))
    producer_store = await restored(producer_store, backups[0], open_store)
    again = await restored(consumer_store, backups[1], open_store)

    for epochs in (1, 2):  # the second time as after an interruption
        seen = await seen_by_others(producer_store, broker, sample.reactions)
        assert {(one.subject, one.sequence) for one in seen.lost} == {(str(ANNA), 2), (str(BRUNO), 1)}
        assert seen.complete
        assert (await open_epoch(producer_store, seen, None)).epoch > seen.epoch
        assert epochs == len((await backup_of(producer_store))["epochs"])
    await open_epoch(again, Seen(), None)
    await sample.emit(producer_store, ANNA, 4)
    async with running(Relay(producer_store, broker).run(), Consumer(again, broker, sample.reactions).run()):
        await eventually(lambda: _is(again, ANNA, [1, 2, 4]), 30)
        await eventually(lambda: _is(again, BRUNO, [3]), 30)
    producer_store = await restored(producer_store, backups[0], open_store)
    seen = await seen_by_others(producer_store, broker, sample.reactions)
    assert seen.epoch > 0, "the epoch of Anna's last event is in the topic"


async def test_a_restored_store_serves_only_when_it_knows_what_happened_since(
    producer_store: Store, consumer_store: Store, broker: Broker, sample: Sample, open_store: StoreOf
) -> None:
    producer_store.service = "sample"
    broker.outboxes.append(producer_store)
    backup = await backup_of(consumer_store)
    for number in (1, 2):
        await sample.emit(producer_store, ANNA, number)
    async with running(Relay(producer_store, broker).run()):
        async with running(Consumer(consumer_store, broker, sample.reactions).run()):
            await eventually(lambda: _is(consumer_store, ANNA, [1, 2]))
        again = await restored(consumer_store, backup, open_store)
        await open_epoch(again, Seen(), None)
        closed = catching_up(again, broker, sample)
        await closed.begin()
        assert not closed.done.is_set()
        async with running(closed.run()):
            await asyncio.sleep(1)
            assert not closed.done.is_set(), "nothing reads the topic yet"
            async with running(Consumer(again, broker, sample.reactions).run()):
                async with asyncio.timeout(30):
                    await closed.done.wait()
                assert await trail(again, ANNA) == [1, 2]
    next_start = catching_up(again, broker, sample)
    await next_start.begin()
    assert next_start.done.is_set(), "only what a restore made stale is waited for"


async def test_without_anything_to_read_a_restored_store_serves_at_once(
    consumer_store: Store, broker: Broker, sample: Sample
) -> None:
    """Kafka was lost; nothing consumes, and nobody has to republish first."""
    await open_epoch(consumer_store, Seen(), None)
    closed = catching_up(consumer_store, broker, sample)
    await closed.begin()
    async with running(closed.run()), asyncio.timeout(10):
        await closed.done.wait()


@pytest.mark.kafka
@pytest.mark.parametrize("broker", ["kafka"], indirect=True)
async def test_a_partition_whose_last_records_are_gone_holds_nothing_up(
    consumer_store: Store, producer_store: Store, broker: Broker, sample: Sample
) -> None:
    """As after a compaction that removed the end of a key: its end is beyond the last record."""
    producer_store.service = "sample"
    await sample.emit(producer_store, ANNA, 1)
    async with running(Relay(producer_store, broker).run()):
        await eventually(lambda: _sent(producer_store))
    held = {tp: (first, end) for tp, (first, end) in (await extents(broker, sample.reactions.topics)).items() if end}
    assert await hold_records(broker, held)
    assert not await hold_records(broker, {tp: (end, end + 1) for tp, (_, end) in held.items()})


async def test_a_partition_that_nobody_can_read_does_not_keep_a_restored_service_closed(
    producer_store: Store, consumer_store: Store, broker: Broker, sample: Sample
) -> None:
    """Its consumer leaves the partition alone, because the broker's disk has a damaged record."""
    await sample.emit(producer_store, ANNA, 1)
    async with running(Relay(producer_store, broker).run()):
        await eventually(lambda: _sent(producer_store))
    await open_epoch(consumer_store, Seen(), None)
    damaged: set[TopicPartition] = set()
    closed = CatchingUp(consumer_store, broker, sample.reactions, None, damaged=damaged.intersection)
    await closed.begin()
    async with running(closed.run()), asyncio.timeout(10):
        await asyncio.sleep(1)
        assert not closed.done.is_set(), "nothing has read it, and nobody knows that it is damaged"
        damaged.update(await extents(broker, sample.reactions.topics))
        await closed.done.wait()


def catching_up(store: Store, broker: Broker, sample: Sample) -> CatchingUp:
    """What keeps this store's service closed, as its runtime has it."""
    return CatchingUp(store, broker, sample.reactions, None, damaged=lambda _: set())


@pytest.mark.kafka
@pytest.mark.parametrize("broker", ["kafka"], indirect=True)
async def test_a_restored_read_model_is_rebuilt_though_its_offsets_are_of_a_later_rebuild(
    producer_store: Store, consumer_store: Store, broker: Broker, sample: Sample, open_store: StoreOf
) -> None:
    await sample.emit(producer_store, ANNA, 1)
    backup, replica = await backup_of(consumer_store), Replica.of(consumer_store, broker, sample)
    async with running(Relay(producer_store, broker).run()):
        async with replica.live():
            await eventually(lambda: _is(consumer_store, ANNA, [1]))
            await replica.rebuilding.start("t/ops")
            await eventually(replica.completed)
        again = Replica.of(await restored(consumer_store, backup, open_store), broker, sample)
        async with again.live():
            assert (await again.rebuilding.start("t/ops")).generation == 2
            await eventually(again.completed)
            assert await _is(again.store, ANNA, [1])


@pytest.mark.kafka
@pytest.mark.parametrize("broker", ["kafka"], indirect=True)
async def test_a_topic_that_does_not_go_on_from_the_backup_is_incomplete(
    producer_store: Store, broker: Broker, sample: Sample
) -> None:
    producer_store.service = "sample"
    await sample.emit(producer_store, ANNA, 1)
    outbox = producer_store.table("outbox")
    async with producer_store.work() as work:  # sent to a broker that was lost
        await work.session.execute(sa.update(outbox).values(sent_at=work.now))
    assert not (await seen_by_others(producer_store, broker, sample.reactions)).complete


async def test_a_restored_read_model_reads_again_and_counts_nothing_twice(
    producer_store: Store, consumer_store: Store, broker: Broker, sample: Sample, open_store: StoreOf
) -> None:
    producer_store.service = "sample"
    broker.outboxes.append(producer_store)
    replica = Replica.of(consumer_store, broker, sample)
    await sample.emit(producer_store, ANNA, 1)
    async with running(Relay(producer_store, broker).run()):
        async with replica.live():
            await eventually(lambda: _is(consumer_store, ANNA, [1]))
            backup = await backup_of(consumer_store)
            await sample.emit(producer_store, ANNA, 2)
            await eventually(lambda: _is(consumer_store, ANNA, [1, 2]))
        again = Replica.of(await restored(consumer_store, backup, open_store), broker, sample)
        await again.rebuilding.read_again("test")
        await open_epoch(again.store, Seen(), None)
        closed = CatchingUp(again.store, broker, sample.reactions, again.rebuilding, damaged=lambda _: set())
        await closed.begin()
        assert await trail(again.store, ANNA) == [1], "not emptied"
        async with again.live(), running(closed.run()), asyncio.timeout(30):
            await closed.done.wait()
        assert await trail(again.store, ANNA) == [1, 2]


@pytest.mark.kafka
@pytest.mark.parametrize("broker", ["kafka"], indirect=True)
async def test_a_newer_backup_after_an_older_one_names_what_others_may_ignore(
    producer_store: Store, broker: Broker, sample: Sample, open_store: StoreOf
) -> None:
    producer_store.service = "sample"
    await sample.emit(producer_store, ANNA, 1)
    older = await backup_of(producer_store)
    await sample.emit(producer_store, ANNA, 2)
    newer = await backup_of(producer_store)
    ran = await restored(producer_store, older, open_store)
    await open_epoch(ran, Seen(), None)
    await sample.emit(ran, ANNA, 3)
    async with running(Relay(ran, broker).run()):
        await eventually(lambda: _sent(ran))
    forward = await restored(ran, newer, open_store)
    assert (await seen_by_others(forward, broker, sample.reactions)).overtaken == 1, "Anna's second event"
    back = await restored(forward, older, open_store)
    assert (await seen_by_others(back, broker, sample.reactions)).overtaken == 0


async def test_a_store_put_back_without_the_command_is_noticed(
    producer_store: Store, sample: Sample, open_store: StoreOf, tmp_path: Path, clock: FixedClock
) -> None:
    def mark_of(store: Store, **more: Any) -> StoreMark:
        return StoreMark(store, quiet_settings(tmp_path, **more))

    async def starts(store: Store) -> None:
        await mark_of(store).check()
        await mark_of(store).keep()

    await starts(producer_store)  # new
    await sample.emit(producer_store, ANNA, 1)
    await starts(producer_store)
    backup = await backup_of(producer_store)
    clock.forward(days=1)
    await sample.emit(producer_store, ANNA, 2)
    await mark_of(producer_store).check()  # killed before it kept its mark
    await starts(producer_store)

    older = await restored(producer_store, backup, open_store)
    with pytest.raises(OlderStore):
        await mark_of(older).check()
    clock.forward(days=31)
    await mark_of(older, outbox_days=30, backup_days=29).check()  # its last rows may have been removed for their age
    await open_epoch(older, Seen(), None)
    await starts(older)
    await empty(older)  # a new platform in the same folder
    await mark_of(older).check()
    await sample.emit(older, ANNA, 1)  # killed before it kept its mark
    await starts(older)


async def _is(store: Store, tally: UUID, numbers: list[int]) -> bool:
    return await trail(store, tally) == numbers


async def _sent(store: Store) -> bool:
    return not await unsent(store)
