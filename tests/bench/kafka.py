"""Bare Kafka: produce and consume with aiokafka only."""

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
    """Create topics as the platform does: three partitions, one replica."""
    admin = cast(Any, AIOKafkaAdminClient(bootstrap_servers=bootstrap))
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in names])
        while not all(map(_is_led, await admin.describe_topics(list(names)))):  # noqa: ASYNC110 - Kafka sends no event
            await asyncio.sleep(0.05)
    finally:
        await admin.close()


def _is_led(topic: dict[str, Any]) -> bool:
    return len(topic["partitions"]) == PARTITIONS and all(one["leader"] >= 0 for one in topic["partitions"])


@asynccontextmanager
async def producer_of(bootstrap: str) -> AsyncGenerator[Any]:
    """A producer with acks=all and large batches."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", max_batch_size=262_144)
    await producer.start()
    try:
        yield cast(Any, producer)
    finally:
        await producer.stop()


@asynccontextmanager
async def consumer_of(bootstrap: str, topics: Iterable[str]) -> AsyncGenerator[Any]:
    """A consumer of whole topics in a new group."""
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
    """Read so many records of these topics by `getmany`, committing after each batch. Returns how many were read."""
    seen = 0
    async with consumer_of(bootstrap, topics) as consumer:
        while seen < number:
            fetched: dict[TopicPartition, list[Any]] = await consumer.getmany(timeout_ms=500, max_records=2000)
            seen += sum(map(len, fetched.values()))
            if fetched:
                await consumer.commit({tp: messages[-1].offset + 1 for tp, messages in fetched.items()})
    return seen


async def everything(bootstrap: str, topics: Iterable[str], number: int) -> list[Record]:
    """So many records of these topics, in order within each partition."""
    found = list[Record]()
    async with consumer_of(bootstrap, topics) as consumer:
        while len(found) < number:
            for messages in (await consumer.getmany(timeout_ms=500)).values():
                found += [Record(m.topic, m.key, list(m.headers), m.value, m.partition, m.offset) for m in messages]
    return found


async def how_many(bootstrap: str, topics: Iterable[str]) -> dict[str, int]:
    """How many records each of these topics holds."""
    async with consumer_of(bootstrap, topics) as consumer:
        partitions = [TopicPartition(topic, number) for topic in topics for number in range(PARTITIONS)]
        ends = await consumer.end_offsets(partitions)
    counted = dict.fromkeys(topics, 0)
    for partition, end in ends.items():
        counted[partition.topic] += end
    return counted
