"""A slow or stopped consumer loses no events and does not make memory grow."""

import asyncio
import gc
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from services.chassis.brokers import Broker, EmbeddedBroker
from services.chassis.events.consumer import Consumer
from services.chassis.events.reactions import Reactions
from services.chassis.events.relay import Relay
from services.chassis.storage.store import Store, Work
from services.contracts import Event
from services.contracts.cloudevents import Record
from tests.conformance.sample import Sample, dead_letters, eventually, running, unsent

MANY = 16_000
"""About 10 MB in one partition: twice what the embedded broker keeps."""

PATIENCE = 180.0
"""Seconds after which a wait fails; nothing is measured with it."""

MAX_GROWTH = 64 * 1024
"""KiB by which the process may grow while events wait."""


async def emit_many(producer_store: Store, sample: Sample) -> None:
    """Emit one aggregate's events as fast as an import does."""
    who, numbers = uuid4(), count(1)
    for some in _in_parts(range(MANY), 2000):
        async with producer_store.work() as work:
            for _ in some:
                number = next(numbers)
                work.emit_row_event(sample.event(tally_id=who, number=number), sequence=number, correlation_id=who)


def _in_parts(numbers: range, size: int) -> Iterable[tuple[int, ...]]:
    return (tuple(numbers[at : at + size]) for at in range(0, len(numbers), size))


async def last_sequence(consumer_store: Store) -> int:
    inbox = consumer_store.table("inbox")
    async with consumer_store.read() as session:
        return await session.scalar(sa.select(sa.func.max(inbox.c.sequence))) or 0


class Slow(Consumer):
    """Sleeps after every batch."""

    async def process(self, records: list[Record]) -> None:
        await super().process(records)
        await asyncio.sleep(len(records) / 8000)


def counting(sample: Sample, seen: list[int]) -> Reactions:
    """Reactions that only note the number of each event."""
    reactions = Reactions()

    async def note(work: Work, event: Event) -> None:
        seen.append(event.number)  # pyright: ignore

    reactions.on(sample.event)(note)
    return reactions


@pytest.mark.parametrize("broker", ["embedded"], indirect=True)
@pytest.mark.parametrize("urls", ["sqlite"], indirect=True)
async def test_a_slow_consumer_of_the_embedded_broker_loses_nothing(
    producer_store: Store, consumer_store: Store, broker: Broker, sample: Sample
) -> None:
    """The relay waits for the consumer, because the broker keeps only the last 5 MiB of a partition."""
    seen: list[int] = []
    slow = Slow(consumer_store, broker, counting(sample, seen))
    async with running(Relay(producer_store, broker).run(), slow.run()):
        await emit_many(producer_store, sample)
        await eventually(lambda: _processed_all(consumer_store), PATIENCE)
    assert seen == list(range(1, MANY + 1))
    assert not await dead_letters(consumer_store)


@pytest.mark.parametrize("urls", ["sqlite"], indirect=True)
async def test_memory_does_not_grow_while_events_wait_for_a_stopped_consumer(
    producer_store: Store, consumer_store: Store, broker: Broker, sample: Sample
) -> None:
    """Events wait in the outbox, or in the log of a real broker."""
    seen: list[int] = []
    consumer = Consumer(consumer_store, broker, counting(sample, seen))
    async with running(Relay(producer_store, broker).run()):
        await sample.emit(producer_store, uuid4(), 1)
        before = resident()
        await emit_many(producer_store, sample)
        if not broker.keeps_history:
            await eventually(lambda: _waits(producer_store, broker), PATIENCE)
        else:
            await eventually(lambda: _all_sent(producer_store), PATIENCE)
        stopped = resident() - before
        async with running(consumer.run()):
            await eventually(lambda: _processed_all(consumer_store), PATIENCE)
        caught_up = resident() - before
    assert len(seen) == MANY + 1
    assert max(stopped, caught_up) < MAX_GROWTH


def resident() -> int:
    """KiB of memory that this process uses now."""
    gc.collect()
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


async def _processed_all(consumer_store: Store) -> bool:
    return await last_sequence(consumer_store) == MANY


async def _all_sent(producer_store: Store) -> bool:
    return await unsent(producer_store) == 0


async def _waits(producer_store: Store, broker: Broker) -> bool:
    """Whether the relay has published what fits and waits with the rest."""
    assert isinstance(broker, EmbeddedBroker)
    return broker.backpressure.behind() > broker.backpressure.LIMIT // 2 and await unsent(producer_store) > MANY // 2
