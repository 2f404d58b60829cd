"""Impact rebuilt from the topics: events per second, against bare consumption of the same topics by `getmany`.

Ours: impact's own consumer with a new group and an empty store reads every event from the first, counts it exactly
once and commits the inbox with the figures; timed until the figures are complete. The comparator reads the same topics
with aiokafka in batches as large, commits the offsets and decodes nothing.
"""

import asyncio
from time import perf_counter
from uuid import uuid4

from services.chassis.brokers import broker_of
from services.chassis.events.consumer import Consumer
from services.chassis.runtime.settings import Settings
from services.chassis.storage.migrations import migrate
from services.chassis.storage.store import Store
from services.contracts.topics import INTERVIEWS, VISITS
from services.impact.app import SERVICE
from tests.bench.kafka import consume, produce
from tests.bench.measuring import Row, Size, in_turns, row
from tests.bench.parts import Parts, connected, fresh_parts
from tests.bench.season import interview_events, visit_events


async def ours(parts: Parts, number: int) -> float:
    """Events per second, each counted once."""
    name = f"impact_{uuid4().hex[:8]}"
    await parts.postgres.create_database(name)
    store = Store(parts.database(name), "impact", SERVICE.metadata)
    try:
        await migrate(store, SERVICE.folder / "migrations")
        consumer = Consumer(store, broker_of(Settings(kafka=parts.kafka)), SERVICE.reactions)
        consumer.group = f"bench.{name}"
        consuming = asyncio.create_task(consumer.run())
        started = perf_counter()
        async with connected(parts.postgres.url(name)) as figures:
            counted = 0
            while counted < number:
                await asyncio.sleep(0.02)
                counted = await figures.fetchval("select coalesce(sum(number), 0)::int from tallies")
        seconds = perf_counter() - started
        consuming.cancel()
        await asyncio.gather(consuming, return_exceptions=True)
    finally:
        await store.close()
    if counted != number:
        raise RuntimeError(f"{counted} were counted, {number} were published")
    return number / seconds


async def comparator(parts: Parts, number: int) -> float:
    """Records per second."""
    started = perf_counter()
    seen = await consume(parts.kafka, [VISITS.name, INTERVIEWS.name], number)
    seconds = perf_counter() - started
    if seen != number:
        raise RuntimeError(f"{seen} were read, {number} were published")
    return number / seconds


async def measure(size: Size) -> list[Row]:
    """Measure the row."""
    visits, interviews = size.of(90_000, 600), size.of(40_000, 300)
    with fresh_parts() as parts:
        await broker_of(Settings(kafka=parts.kafka)).ensure_topics()
        records = [*visit_events(visits), *interview_events(interviews)]
        await produce(parts.kafka, records)
        own, other = await in_turns(
            size.rounds, lambda: ours(parts, len(records)), lambda: comparator(parts, len(records))
        )
    return [
        row(
            "g",
            f"impact rebuilt from the topics ({len(records):,} events a round)",
            "events/s",
            ours=own,
            comparator=other,
            against="bare aiokafka consumption of the same topics",
            target=0.125,
        )
    ]
