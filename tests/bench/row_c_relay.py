"""The relay alone: outbox rows to acknowledged Kafka records per second, against faststream-outbox 0.19.

Ours: `services.chassis.events.relay.Relay` on a full outbox, from its start until every row is marked as sent; the
order of each aggregate is checked in the topic. The comparator: faststream-outbox's relay as its documentation shows
it, with the settings its performance page recommends (batched deletes, large fetches, no waiting between them) and
eight workers, which keep no order. The same rows, PostgreSQL and Kafka; acks=all on both sides.
"""

import asyncio
from collections import Counter
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from services.chassis.brokers import broker_of
from services.chassis.events.relay import Relay
from services.chassis.runtime.settings import Settings
from services.chassis.storage.migrations import migrate
from services.chassis.storage.outbox import raw_row
from services.chassis.storage.store import Store
from services.contracts.cloudevents import Record
from services.intake.app import SERVICE
from tests.bench.comparators.outbox_library import LibraryRelay
from tests.bench.kafka import everything, how_many, make_topics
from tests.bench.measuring import Row, Size, in_turns, row
from tests.bench.parts import Parts, connected, fresh_parts

EVENTS_EACH = 4
"""Events of one aggregate, whose order must be kept."""


def to_relay(number: int, topic: str) -> list[Record]:
    """So many events of about 400 bytes, the aggregates in turn."""
    keys = [str(uuid4()) for _ in range(number // EVENTS_EACH)]
    return [_event(topic, key, sequence) for sequence in range(1, EVENTS_EACH + 1) for key in keys]


def _event(topic: str, key: str, sequence: int) -> Record:
    value = f'{{"visit_id":"{key}","centre":"liege","at":"2017-03-27T09:05:00+02:00","desk":"desk-{sequence}"}}'
    headers: dict[str, str] = {
        "ce_specversion": "1.0",
        "ce_id": str(UUID(int=UUID(key).int ^ sequence)),
        "ce_source": "/intake",
        "ce_type": "cefo.intake.visit-called.v1",
        "ce_subject": key,
        "ce_cefosequence": str(sequence),
        "content-type": "application/json",
    }
    return Record(topic, key.encode(), [(name, text.encode()) for name, text in headers.items()], value.encode())


async def ours(parts: Parts, records: list[Record]) -> float:
    """Records per second, in order."""
    topic, name = records[0].topic, f"relay_{uuid4().hex[:8]}"
    await parts.postgres.create_database(name)
    store = Store(parts.database(name), "intake", SERVICE.metadata)
    try:
        await migrate(store, SERVICE.folder / "migrations")
        async with store.work() as work:
            rows = [raw_row(record, work.now) for record in records]
            await work.session.execute(sa.insert(store.table("outbox")), rows)
        broker = broker_of(Settings(kafka=parts.kafka))
        await broker.ensure_topics()
        relay = asyncio.create_task(Relay(store, broker).run())
        started = perf_counter()
        await _until(parts, name, "select not exists(select from outbox where sent_at is null)")
        seconds = perf_counter() - started
        relay.cancel()
        await asyncio.gather(relay, return_exceptions=True)
    finally:
        await store.close()
    check_order(await everything(parts.kafka, [topic], len(records)))
    return len(records) / seconds


def check_order(records: list[Record]) -> None:
    """Raises unless each aggregate's events are in order, each once."""
    last = Counter[bytes | None]()
    for record in records:
        sequence = int(dict(record.headers)["ce_cefosequence"] or b"0")
        if sequence != last[record.key] + 1:
            raise RuntimeError(f"{record.key!r}: event {sequence} comes after event {last[record.key]}")
        last[record.key] = sequence


async def comparator(parts: Parts, records: list[Record]) -> float:
    """Records per second."""
    topic, name = records[0].topic, f"library_{uuid4().hex[:8]}"
    await parts.postgres.create_database(name)
    library = LibraryRelay(parts.database(name), parts.kafka, topic)
    try:
        await library.fill(records)
        started = perf_counter()
        await library.start()
        await _until(parts, name, "select not exists(select from outbox)")
        seconds = perf_counter() - started
    finally:
        await library.stop()
    arrived = (await how_many(parts.kafka, [topic]))[topic]
    if arrived < len(records):
        raise RuntimeError(f"{arrived} of {len(records)} rows arrived")
    return len(records) / seconds


async def _until(parts: Parts, database: str, question: str) -> None:
    async with connected(parts.postgres.url(database)) as store:
        answer: Any = False
        while not answer:
            answer = await store.fetchval(question)
            await asyncio.sleep(0.01)


async def measure(size: Size) -> list[Row]:
    """Measure the row."""
    many, few = size.of(100_000, 400), size.of(6_000, 200)
    with fresh_parts() as parts:

        async def topic_of(kind: str) -> str:
            name = f"bench.{kind}.{uuid4().hex[:8]}"
            await make_topics(parts.kafka, [name])
            return name

        async def ours_once() -> float:
            return await ours(parts, to_relay(many, await topic_of("ours")))

        async def comparator_once() -> float:
            return await comparator(parts, to_relay(few, await topic_of("library")))

        own, other = await in_turns(size.rounds, ours_once, comparator_once)
    return [
        row(
            "c",
            f"relay alone: outbox rows to acknowledged records, in order ({many:,} and {few:,} a round)",
            "records/s",
            ours=own,
            comparator=other,
            against="faststream-outbox 0.19",
            target=10,
        )
    ]
