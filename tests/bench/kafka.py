"""Bare Kafka: produce and consume with aiokafka and nothing around it."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from services.contracts.cloudevents import Record

PARTITIONS = 3


async def make_topics(bootstrap: str, names: Collection[str]) -> None:
    """Topics as the platform makes them: three partitions, one replica."""
    admin = cast(Any, AIOKafkaAdminClient(bootstrap_servers=bootstrap))
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in names])
        while not all(map(_is_led, await admin.describe_topics(list(names)))):  # noqa: ASYNC110 - Kafka tells nobody
            await asyncio.sleep(0.05)
    finally:
        await admin.close()


def _is_led(topic: dict[str, Any]) -> bool:
    return len(topic["partitions"]) == PARTITIONS and all(one["leader"] >= 0 for one in topic["partitions"])


@asynccontextmanager
async def producer_of(bootstrap: str) -> AsyncGenerator[Any]:
    """A producer that waits for all replicas, with batches large enough."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", max_batch_size=262_144)
    await producer.start()
    try:
        yield cast(Any, producer)
    finally:
        await producer.stop()


@asynccontextmanager
async def consumer_of(bootstrap: str, topics: Iterable[str]) -> AsyncGenerator[Any]:
    """A consumer of whole topics in a group of its own."""
    consumer = AIOKafkaConsumer(
        *topics,
        bootstrap_servers=bootstrap,
        group_id=f"bench.{uuid4()}",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_partition_fetch_bytes=2 * 1024 * 1024,
    )
    await consumer.start()
    try:
        yield cast(Any, consumer)
    finally:
        await consumer.stop()


async def produce(bootstrap: str, records: Sequence[Record]) -> None:
    """Send all, in order; returns when every one is acknowledged."""
    async with producer_of(bootstrap) as producer:
        for start in range(0, len(records), 10_000):
            some = records[start : start + 10_000]
            sent = [await producer.send(one.topic, value=one.value, key=one.key, headers=one.headers) for one in some]
            await asyncio.gather(*sent)


async def consume(bootstrap: str, topics: Iterable[str], number: int) -> int:
    """Read so many records of these topics by `getmany`, committing as one would; answers how many came."""
    seen = 0
    async with consumer_of(bootstrap, topics) as consumer:
        while seen < number:
            fetched: dict[TopicPartition, list[Any]] = await consumer.getmany(timeout_ms=500, max_records=2000)
            seen += sum(map(len, fetched.values()))
            if fetched:
                await consumer.commit({tp: messages[-1].offset + 1 for tp, messages in fetched.items()})
    return seen


async def everything(bootstrap: str, topics: Iterable[str], number: int) -> list[Record]:
    """So many records of these topics, as they stand there: in order within each partition."""
    found = list[Record]()
    async with consumer_of(bootstrap, topics) as consumer:
        while len(found) < number:
            for messages in (await consumer.getmany(timeout_ms=500)).values():
                found += [Record(m.topic, m.key, list(m.headers), m.value, m.partition, m.offset) for m in messages]
    return found


async def how_many(bootstrap: str, topics: Iterable[str]) -> dict[str, int]:
    """How many records each of these topics holds."""
    async with consumer_of(bootstrap, topics) as consumer:
        places = [TopicPartition(topic, partition) for topic in topics for partition in range(PARTITIONS)]
        ends = await consumer.end_offsets(places)
    counted = dict.fromkeys(topics, 0)
    for place, end in ends.items():
        counted[place.topic] += end
    return counted
