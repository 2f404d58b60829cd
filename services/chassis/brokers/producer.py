"""FastStream's producer for a relay: a batch goes to many partitions, and each record has its own key and headers.

FastStream 0.7.8 puts a batch into one partition, with the same headers on every record, although its documentation
(ag2ai/faststream#2851) gives each its own. Until that is so, this producer stands in the place of FastStream's, and
publishing still goes through the broker and its middlewares.
"""

import asyncio
from struct import unpack
from typing import Any, cast

from aiokafka import AIOKafkaProducer
from faststream._internal.parser import DefaultCodec
from faststream.exceptions import FeatureNotSupportedException
from faststream.kafka import KafkaBroker
from faststream.kafka.publisher.producer import AioKafkaFastProducer
from faststream.kafka.response import KafkaPublishCommand

from services.chassis.brokers.clients import DEADLINE, close_client
from services.chassis.brokers.port import RecordPosition
from services.chassis.runtime.failpoints import failpoint
from services.contracts.cloudevents import Record


class BatchProducer:
    """Publishes records through a FastStream broker, over a client of its own."""

    def __init__(self, stream: KafkaBroker, client: AIOKafkaProducer) -> None:
        self._client = client
        self._stream = stream
        stream.config.broker_config.producer = _RecordProducer(client)

    async def send(self, records: list[Record]) -> list[RecordPosition]:
        """Send all; returns the position of each. Raises one of `BROKER_ERRORS`."""
        by_topic: dict[str, list[int]] = {}
        for number, record in enumerate(records):
            by_topic.setdefault(record.topic, []).append(number)
        async with asyncio.timeout(DEADLINE):
            sent = await asyncio.gather(
                *(self._publish(topic, [records[number] for number in numbers]) for topic, numbers in by_topic.items()),
                return_exceptions=True,
            )
        positions: dict[int, RecordPosition] = {}
        for numbers, answer in zip(by_topic.values(), sent, strict=True):
            if isinstance(answer, BaseException):
                raise answer
            positions.update(zip(numbers, answer, strict=True))
        return [positions[number] for number in range(len(records))]

    async def _publish(self, topic: str, records: list[Record]) -> list[RecordPosition]:
        return cast(Any, await self._stream.publish_batch(*cast(Any, records), topic=topic))

    async def close(self) -> None:
        """Close the connections. What was not acknowledged may still arrive, or not."""
        await close_client(self._client)


class _RecordProducer(AioKafkaFastProducer):
    """What the broker publishes with, behind its middlewares."""

    def __init__(self, client: AIOKafkaProducer) -> None:
        self._client = cast(Any, client)
        self._parser = self._decoder = cast(Any, None)  # for replies, which are never requested
        self.codec = DefaultCodec()

    def __bool__(self) -> bool:
        return True

    @property
    def closed(self) -> bool:
        return False

    async def publish(self, cmd: KafkaPublishCommand) -> Any:
        """Send one record."""
        raise FeatureNotSupportedException("a relay publishes batches")

    async def publish_batch(self, cmd: KafkaPublishCommand) -> Any:
        """Send the records of one topic, in order; returns where each stands once the broker has acknowledged all."""
        client, topic = self._client, cmd.destination
        records = cast(list[Record], cmd.batch_bodies)
        partitions = sorted(await client.partitions_for(topic))
        filling: dict[int, tuple[Any, list[int]]] = {}
        sent: list[tuple[int, list[int]]] = []
        acknowledged: list[Any] = []

        async def send_one(partition: int) -> None:
            batch, numbers = filling.pop(partition)
            sent.append((partition, numbers))
            acknowledged.append(await client.send_batch(batch, topic, partition=partition))

        for number, record in enumerate(records):
            chosen = partitions[(number if record.key is None else murmur2(record.key)) % len(partitions)]
            if chosen in filling and filling[chosen][0].append(**_arguments(record)) is None:
                await send_one(chosen)  # it is full
            if chosen not in filling:
                filling[chosen] = client.create_batch(), []
                filling[chosen][0].append(**_arguments(record))  # the first always fits
            filling[chosen][1].append(number)
        for partition in list(filling):
            await send_one(partition)
        failpoint("relay.sent")
        answers = await asyncio.gather(*acknowledged, return_exceptions=True)
        positions: dict[int, RecordPosition] = {}
        for (partition, numbers), answer in zip(sent, answers, strict=True):
            if isinstance(answer, BaseException):
                raise answer
            positions |= {number: (topic, partition, answer.offset + at) for at, number in enumerate(numbers)}
        return [positions[number] for number in range(len(records))]


def _arguments(record: Record) -> dict[str, Any]:
    # No event is empty: an empty value ends its key on a compacted topic, which Kafka writes as no value.
    return {"timestamp": None, "key": record.key, "value": record.value or None, "headers": record.headers}


def murmur2(key: bytes) -> int:
    """The hash by which every Kafka client chooses a key's partition, without the sign.

    aiokafka's own takes twice the time; a test holds both to one answer.
    """
    whole = len(key) & ~3
    hash_ = 0x9747B28C ^ len(key)
    for part in unpack(f"<{whole >> 2}I", key[:whole]):
        word = part * 0x5BD1E995 & 0xFFFFFFFF
        hash_ = (hash_ * 0x5BD1E995 & 0xFFFFFFFF) ^ ((word ^ word >> 24) * 0x5BD1E995 & 0xFFFFFFFF)
    if rest := key[whole:]:
        hash_ = (hash_ ^ int.from_bytes(rest, "little")) * 0x5BD1E995 & 0xFFFFFFFF
    hash_ = (hash_ ^ hash_ >> 13) * 0x5BD1E995 & 0xFFFFFFFF
    return (hash_ ^ hash_ >> 15) & 0x7FFFFFFF
