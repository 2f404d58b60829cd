"""A consumer that is slow, or stands still, costs neither events nor memory."""

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
from tests.conformance.sample import Sample, eventually, letters, running, unsent

MANY = 16_000
"""About 10 MB in one partition: twice what the embedded broker keeps."""

PATIENCE = 180.0
"""Seconds after which a wait has failed; it decides nothing else."""

ROOM = 64 * 1024
"""KiB by which a process may grow, whatever waits."""


async def say_many(speaker: Store, sample: Sample) -> None:
    """One aggregate's events, at the speed of an import."""
    who, numbers = uuid4(), count(1)
    for some in _in_parts(range(MANY), 2000):
        async with speaker.work() as work:
            for _ in some:
                number = next(numbers)
                work.emit_row_event(sample.event(tally_id=who, number=number), sequence=number, correlation_id=who)


def _in_parts(numbers: range, size: int) -> Iterable[tuple[int, ...]]:
    return (tuple(numbers[at : at + size]) for at in range(0, len(numbers), size))


async def furthest(listener: Store) -> int:
    inbox = listener.table("inbox")
    async with listener.read() as session:
        return await session.scalar(sa.select(sa.func.max(inbox.c.sequence))) or 0


class Slow(Consumer):
    """Takes its time over every batch."""

    async def process(self, records: list[Record]) -> None:
        await super().process(records)
        await asyncio.sleep(len(records) / 8000)


def counting(sample: Sample, seen: list[int]) -> Reactions:
    """Reactions that only note which event they were given."""
    reactions = Reactions()

    async def note(work: Work, event: Event) -> None:
        seen.append(event.number)  # pyright: ignore

    reactions.on(sample.event)(note)
    return reactions


@pytest.mark.parametrize("broker", ["embedded"], indirect=True)
@pytest.mark.parametrize("urls", ["sqlite"], indirect=True)
async def test_a_slow_consumer_of_the_embedded_broker_loses_nothing(
    speaker: Store, listener: Store, broker: Broker, sample: Sample
) -> None:
    """The relay waits for it: the broker keeps 5 MiB of a partition, and forgets what came before."""
    seen: list[int] = []
    slow = Slow(listener, broker, counting(sample, seen))
    async with running(Relay(speaker, broker).run(), slow.run()):
        await say_many(speaker, sample)
        await eventually(lambda: _heard_all(listener), PATIENCE)
    assert seen == list(range(1, MANY + 1))
    assert not await letters(listener)


@pytest.mark.parametrize("urls", ["sqlite"], indirect=True)
async def test_memory_does_not_grow_with_what_waits_for_a_consumer_that_stands_still(
    speaker: Store, listener: Store, broker: Broker, sample: Sample
) -> None:
    """It waits in the outbox, and where there is a real broker in its log."""
    seen: list[int] = []
    consumer = Consumer(listener, broker, counting(sample, seen))
    async with running(Relay(speaker, broker).run()):
        await sample.say(speaker, uuid4(), 1)
        before = resident()
        await say_many(speaker, sample)
        if not broker.keeps_history:
            await eventually(lambda: _waits(speaker, broker), PATIENCE)
        else:
            await eventually(lambda: _all_sent(speaker), PATIENCE)
        stood_still = resident() - before
        async with running(consumer.run()):
            await eventually(lambda: _heard_all(listener), PATIENCE)
        caught_up = resident() - before
    assert len(seen) == MANY + 1
    assert max(stood_still, caught_up) < ROOM


def resident() -> int:
    """KiB of memory that this process holds now."""
    gc.collect()
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


async def _heard_all(listener: Store) -> bool:
    return await furthest(listener) == MANY


async def _all_sent(speaker: Store) -> bool:
    return await unsent(speaker) == 0


async def _waits(speaker: Store, broker: Broker) -> bool:
    """The relay has sent what fits and stands before the rest."""
    assert isinstance(broker, EmbeddedBroker)
    return broker.backpressure.behind() > broker.backpressure.LIMIT // 2 and await unsent(speaker) > MANY // 2
