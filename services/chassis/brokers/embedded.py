"""The broker of the embedded stack: librdkafka's mock cluster, in memory, in this process.

Topics appear when a client asks for them, and each partition keeps only its last records. So the producers wait for the
slowest consumer, and a rebuild has the outboxes publish everything again.
"""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from faststream.kafka import KafkaBroker

from services.chassis.brokers.apache import ApacheBroker
from services.chassis.brokers.backpressure import EmbeddedBackpressure
from services.chassis.brokers.clients import DEADLINE, with_timeout
from services.chassis.brokers.port import Producer, RecordPosition
from services.chassis.runtime.settings import Settings
from services.contracts.cloudevents import Record


class EmbeddedBroker(ApacheBroker):
    """The same protocol, with a bounded window in memory."""

    keeps_history = False
    bounded = True

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.backpressure = EmbeddedBackpressure()

    @property
    def relay_batch(self) -> int:
        """Most records in one round of a relay."""
        return min(self.settings.batch, 1000)

    async def create_topics(self) -> None:
        """Ask for every topic, which makes this broker create it."""
        admin = cast(Any, AIOKafkaAdminClient(**self.client_options))
        try:
            await with_timeout(DEADLINE, admin.start(), grace=1)
            for topic in self.topics():
                await admin._get_cluster_metadata([topic])
        finally:
            await admin.close()

    async def producer(self, stream: KafkaBroker) -> Producer:
        """A connected producer that waits for the slowest consumer."""
        return _BackpressuredProducer(await super().producer(stream), self.backpressure)

    def joining(self, group: str, topics: Iterable[str]) -> None:
        """Wait for this group from now on, also while it is still starting."""
        self.backpressure.join(group, topics)

    def processed(self, group: str, offsets: Mapping[TopicPartition, int]) -> None:
        """Make room for what comes next."""
        self.backpressure.committed(group, offsets)


class _BackpressuredProducer:
    """Sends no more than fits before what the slowest consumer still has to read."""

    def __init__(self, producer: Producer, backpressure: EmbeddedBackpressure) -> None:
        self._producer = producer
        self._backpressure = backpressure

    async def send(self, records: list[Record]) -> list[RecordPosition]:
        """Send as many of the first records as fit, once there is room."""
        weights = [EmbeddedBackpressure.weight(record) for record in records]
        fitting = EmbeddedBackpressure.fitting(weights)
        await self._backpressure.room(sum(weights[:fitting]))
        positions = await self._producer.send(records[:fitting])
        self._backpressure.sent(positions, weights[:fitting])
        return positions

    async def close(self) -> None:
        """Close the connections."""
        await self._producer.close()
