"""What the chassis needs from a broker. `apache` and `embedded` implement it; no other code tells them apart."""

from abc import ABC, abstractmethod
from collections.abc import Container, Iterable, Mapping
from typing import Any, ClassVar, Protocol

import stamina
from aiokafka import TopicPartition
from faststream.kafka import KafkaBroker

from services.chassis.brokers.clients import BROKER_ERRORS
from services.chassis.brokers.message import parse, parse_with_traces
from services.chassis.brokers.middlewares import middlewares
from services.chassis.brokers.security import client_options, security_of
from services.chassis.runtime.settings import Settings
from services.chassis.storage.store import Store
from services.contracts import TOPICS
from services.contracts.cloudevents import Record

LARGEST = 2 * 1024 * 1024
"""Most bytes of one record. Kafka takes 1 MiB from anyone; a dead letter of such a record has its reason beside it."""

RecordPosition = tuple[str, int, int]
"""Topic, partition, offset."""


METADATA_MS = 10_000
"""How soon a client sees new topics: those of a new centre, and those that a lost broker did not have."""


def topic_settings(days: int = 0, centres: Iterable[str] = ()) -> dict[str, dict[str, str]]:
    """Every topic and dead-letter topic by name, with its configuration. `days`: retention, 0: for good.

    `centres`: those that have topics of their own. Compacted topics are kept for good. Dead letters have room to
    explain them.
    """
    centres = list(centres)
    found: dict[str, dict[str, str]] = {}
    for topic in TOPICS.values():
        shortest = min((age for age in (days, topic.days) if age), default=0)
        compacted = {"cleanup.policy": "compact", "retention.ms": "-1"}
        found |= dict.fromkeys(topic.names(centres), compacted if topic.compacted else _kept(shortest))
        found[topic.dead_letters] = {**_kept(days), "max.message.bytes": str(LARGEST)}
    return found


def _kept(days: int) -> dict[str, str]:
    return {"retention.ms": str(days * 86_400_000 or -1)}


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
        self.creates: Container[str] = TOPICS
        """The topics that this process creates, with their dead-letter topics: those that its services emit on and
        consume, or all."""
        self._services: set[str] = set()
        self._centres: set[str] = set()
        self.outboxes: list[Store] = []
        """The stores whose outboxes fill this broker's topics again."""

    @property
    def client_options(self) -> dict[str, Any]:
        """How a client of this process connects. It is named after its service, if the process has only one."""
        name = f"cefo-{next(iter(self._services))}" if len(self._services) == 1 else "cefo"
        return client_options(self.settings, name)

    @property
    def relay_batch(self) -> int:
        """Most records in one round of a relay."""
        return self.settings.batch

    def stream(self, service: str) -> KafkaBroker:
        """A FastStream broker of this service: its reactions are registered on it, its events are published through it.

        It touches no network until its subscriber or a producer starts. It creates no topics: `ensure_topics` does.
        """
        self._services.add(service)
        return KafkaBroker(
            self.settings.kafka_servers,  # FastStream takes a text for one server
            client_id=f"cefo-{service}",
            security=security_of(self.settings),
            consumer_only=True,  # a relay's producer is replaced whenever it may be stuck, which FastStream's is never
            middlewares=middlewares(self.settings, service),
            metadata_max_age_ms=METADATA_MS,
            graceful_timeout=2,
            apply_types=False,
            logger=None,
        )

    @stamina.retry(on=BROKER_ERRORS, attempts=None, timeout=60, wait_initial=0.5, wait_max=0.5, wait_jitter=0)
    async def ensure_topics(self) -> None:
        """Create missing topics. Waits for a broker that is starting; raises one of `BROKER_ERRORS` after 60 s."""
        await self.create_topics()

    async def create_topics_of(self, centres: Iterable[str]) -> None:
        """Create the topics of these centres, unless that was done. Raises one of `BROKER_ERRORS`."""
        if new := set(centres) - self._centres:
            self._centres |= new
            try:
                await self.create_topics()
            except BaseException:
                self._centres -= new
                raise

    def topics(self) -> dict[str, dict[str, str]]:
        """The topics that this process creates, by name, with their configuration."""
        every = topic_settings(self.settings.topic_days, self._centres)
        needed = [topic for name, topic in TOPICS.items() if name in self.creates]
        names = {name for topic in needed for name in (*topic.names(self._centres), topic.dead_letters)}
        return {name: settings for name, settings in every.items() if name in names}

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
            "session_timeout_ms": int(SESSION * 1000),
            "heartbeat_interval_ms": 3_000,
        }


SESSION = 10.0
"""Seconds after which the broker takes a member of a group that no longer answers as gone; and, as aiokafka sets it,
seconds that the members have to join again."""

FETCH_BYTES = 256 * 1024
"""Bytes of a partition in one fetch: as many as a producer puts into one batch."""
