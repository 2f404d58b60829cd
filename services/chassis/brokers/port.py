"""What the chassis needs from a broker. `apache` and `embedded` implement it; no other code tells them apart."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Protocol

import stamina
from aiokafka import TopicPartition
from faststream.kafka import KafkaBroker

from services.chassis.brokers.clients import BROKER_ERRORS
from services.chassis.brokers.message import parse, parse_with_traces
from services.chassis.brokers.middlewares import middlewares
from services.chassis.runtime.settings import Settings
from services.chassis.storage.store import Store
from services.contracts import TOPICS
from services.contracts.cloudevents import Record

LARGEST = 2 * 1024 * 1024
"""Most bytes of one record. Kafka takes 1 MiB from anyone; a dead letter of such a record has its reason beside it."""

RecordPosition = tuple[str, int, int]
"""Topic, partition, offset."""


def topic_settings(days: int = 0) -> dict[str, dict[str, str]]:
    """Every topic and dead-letter topic by name, with its configuration. `days`: retention, 0: for good.

    Compacted topics are kept for good. Dead letters have room to explain them.
    """
    aged = {"retention.ms": str(days * 86_400_000 or -1)}
    compacted = {"cleanup.policy": "compact", "retention.ms": "-1"}
    return {
        **{topic.name: compacted if topic.compacted else aged for topic in TOPICS.values()},
        **{topic.dead_letters: {**aged, "max.message.bytes": str(LARGEST)} for topic in TOPICS.values()},
    }


class Producer(Protocol):
    """Sends records in order and waits until all replicas have them."""

    async def send(self, records: list[Record]) -> list[RecordPosition]:
        """Send these, or as many of the first as there is room for; returns the position of each.

        Raises one of `BROKER_ERRORS` when any was not acknowledged: then any of them may or may not be in the topic,
        and this producer must be closed, because it may still be sending.
        """
        ...

    async def close(self) -> None:
        """Close the connections. What was not acknowledged may still arrive, or not."""
        ...


class Broker(ABC):
    """One process's access to Kafka."""

    keeps_history: ClassVar[bool]
    """Whether a topic holds everything that was published; otherwise a rebuild has the outboxes publish it again."""
    bounded: ClassVar[bool]
    """Whether it takes only as many records as its slowest consumer has room for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.outboxes: list[Store] = []
        """The stores whose outboxes fill this broker's topics again."""

    @property
    def relay_batch(self) -> int:
        """Most records in one round of a relay."""
        return self.settings.batch

    def stream(self, service: str) -> KafkaBroker:
        """A FastStream broker of this service: its reactions are registered on it, its events are published through it.

        It touches no network until its subscriber or a producer starts. It creates no topics: `ensure_topics` does.
        """
        return KafkaBroker(
            self.settings.kafka.split(","),  # FastStream takes a text for one server
            client_id=f"cefo-{service}",
            consumer_only=True,  # a relay's producer is replaced whenever it may be stuck, which FastStream's is never
            middlewares=middlewares(self.settings, service),
            # How soon a client sees topics that a lost broker did not have when it reconnected.
            metadata_max_age_ms=10_000,
            graceful_timeout=2,
            apply_types=False,
            logger=None,
        )

    @stamina.retry(on=BROKER_ERRORS, attempts=None, timeout=60, wait_initial=0.5, wait_max=0.5, wait_jitter=0)
    async def ensure_topics(self) -> None:
        """Create missing topics. Waits for a broker that is starting; raises one of `BROKER_ERRORS` after 60 s."""
        await self.create_topics()

    @abstractmethod
    async def create_topics(self) -> None:
        """Create missing topics now. Raises one of `BROKER_ERRORS`."""

    @abstractmethod
    async def producer(self, stream: KafkaBroker) -> Producer:
        """A connected producer that publishes through this FastStream broker. Raises one of `BROKER_ERRORS`."""

    @abstractmethod
    def joining(self, group: str, topics: Iterable[str]) -> None:
        """This consumer group is going to read these topics."""

    @abstractmethod
    def processed(self, group: str, offsets: Mapping[TopicPartition, int]) -> None:
        """The group has processed everything before these offsets."""

    def consumer_options(self, *, least: int) -> dict[str, Any]:
        """How a subscriber reads and fetches; at least `least` bytes, unless `CEFO_FETCH_WAIT_MS` has passed."""
        return {
            "parser": parse_with_traces if self.settings.otlp_endpoint else parse,
            "auto_offset_reset": "earliest",
            "fetch_min_bytes": least,
            "fetch_max_wait_ms": self.settings.fetch_wait_ms,
            # What is fetched ahead of the processing is kept in memory: so much of each partition.
            # A larger record comes whole all the same.
            "max_partition_fetch_bytes": FETCH_BYTES,
            "max_poll_interval_ms": 300_000,
            "session_timeout_ms": 10_000,
            "heartbeat_interval_ms": 3_000,
        }


FETCH_BYTES = 256 * 1024
"""Bytes of a partition in one fetch: as many as a producer puts into one batch."""
