"""Apache Kafka."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code
from faststream.kafka import KafkaBroker

from services.chassis.brokers.clients import DEADLINE, start_client, with_timeout
from services.chassis.brokers.port import FETCH_BYTES, LARGEST, Broker, Producer
from services.chassis.brokers.producer import BatchProducer


class ApacheBroker(Broker):
    """Apache Kafka, with durable topics that the platform creates."""

    keeps_history = True
    bounded = False

    async def create_topics(self) -> None:
        """Create missing topics, with their partitions, replicas and settings."""
        admin = cast(Any, AIOKafkaAdminClient(**self.client_options))
        try:
            await with_timeout(DEADLINE, admin.start(), grace=1)
            copies = (self.settings.partitions, self.settings.replication)
            wanted = [NewTopic(topic, *copies, topic_configs=settings) for topic, settings in self.topics().items()]
            present = set(await admin.list_topics())
            answer = await admin.create_topics([topic for topic in wanted if topic.name not in present])
            for _, code, *_ in answer.topic_errors:
                if code and for_code(code) is not TopicAlreadyExistsError:
                    raise for_code(code)()
        finally:
            await admin.close()

    async def producer(self, stream: KafkaBroker) -> Producer:
        """A connected producer. Creates the topics first: a broker that lost its data comes back empty."""
        await with_timeout(DEADLINE, self.create_topics())
        options = self.client_options | {"client_id": stream.config.broker_config.client_id}
        client = AIOKafkaProducer(
            **cast(Any, options),
            acks="all",
            # Idempotence gets stuck (aio-libs/aiokafka#1017); the inbox ignores what a retry sends twice.
            enable_idempotence=False,
            max_batch_size=FETCH_BYTES,
            max_request_size=LARGEST,
            linger_ms=0,
            request_timeout_ms=10_000,
        )
        await start_client(client)
        return BatchProducer(stream, client)

    def joining(self, group: str, topics: Iterable[str]) -> None:
        """Nothing to prepare: its topics keep records for every group."""

    def processed(self, group: str, offsets: Mapping[TopicPartition, int]) -> None:
        """Nothing to do: the log keeps what a group has processed."""
