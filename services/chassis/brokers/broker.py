"""The Kafka client, as the relay and the consumer use it. Nothing else touches it."""

import asyncio
import contextlib
from collections.abc import Coroutine, Iterable
from struct import unpack
from typing import TYPE_CHECKING, Any, TypeVar, cast

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError, KafkaError, TopicAlreadyExistsError, for_code

from services.chassis.brokers.backpressure import EmbeddedBackpressure, RecordPosition
from services.chassis.runtime.failpoints import failpoint
from services.chassis.runtime.settings import Settings
from services.chassis.runtime.telemetry import log
from services.contracts import TOPICS
from services.contracts.cloudevents import Record

if TYPE_CHECKING:
    from services.chassis.storage.store import Store

BROKER_ERRORS = (KafkaError, OSError, TimeoutError)
"""What the client raises when the broker cannot be reached."""

DEADLINE = 20.0
"""Seconds that one round of sends may take before the producer is thrown away."""

LARGEST = 2 * 1024 * 1024
"""Most bytes of one record. Kafka takes 1 MiB from anyone; a dead letter of such a record has its reason beside it."""

FETCHED = 256 * 1024
"""Bytes of a partition that are asked for at once: as many as a producer puts into one batch."""

_log = log(__name__)
_T = TypeVar("_T")


def topic_settings(days: int = 0) -> dict[str, dict[str, str]]:
    """Every topic of the platform and its dead letters, by name, with how Kafka keeps it: so many days, 0: for good.

    Compacted topics are kept for good. Dead letters have room to explain them.
    """
    aged = {"retention.ms": str(days * 86_400_000 or -1)}
    compacted = {"cleanup.policy": "compact", "retention.ms": "-1"}
    return {
        **{topic.name: compacted if topic.compacted else aged for topic in TOPICS.values()},
        **{topic.dead_letters: {**aged, "max.message.bytes": str(LARGEST)} for topic in TOPICS.values()},
    }


class Broker:
    """One process' way to Kafka."""

    def __init__(self, settings: Settings, *, embedded: bool = False) -> None:
        self.settings = settings
        self.embedded = embedded
        """The in-memory broker of the embedded stack: topics appear when first used, and hold a bounded window."""
        self.backpressure = EmbeddedBackpressure() if embedded else None
        self.outboxes: list[Store] = []
        """The stores whose outboxes fill the embedded broker."""

    async def ensure_topics(self) -> None:
        """Create what is missing. Waits for a broker that is still starting; raises `TimeoutError` after 60 s."""
        async with asyncio.timeout(60):
            while True:
                try:
                    return await self._create_topics()
                except BROKER_ERRORS as error:
                    _log.warning("broker not ready", error=repr(error))
                    await asyncio.sleep(0.5)

    async def _create_topics(self) -> None:
        admin = cast(Any, AIOKafkaAdminClient(bootstrap_servers=self.settings.kafka))
        try:
            await with_timeout(DEADLINE, admin.start(), grace=1)
            if self.embedded:
                for topic in topic_settings():
                    await admin._get_cluster_metadata([topic])  # asking for a topic makes the embedded broker create it
                return
            copies = (self.settings.partitions, self.settings.replication)
            every = topic_settings(self.settings.topic_days)
            wanted = [NewTopic(topic, *copies, topic_configs=kept) for topic, kept in every.items()]
            present = set(await admin.list_topics())
            answer = await admin.create_topics([topic for topic in wanted if topic.name not in present])
            for _, code, *_ in answer.topic_errors:
                if code and for_code(code) is not TopicAlreadyExistsError:
                    raise for_code(code)()
        finally:
            await admin.close()

    async def producer(self) -> "Producer":
        """A connected producer, on a broker that has every topic: one that was lost comes back empty.

        Raises one of `AWAY`.
        """
        await with_timeout(DEADLINE, self._create_topics())
        client = AIOKafkaProducer(
            bootstrap_servers=self.settings.kafka,
            acks="all",
            # Idempotence wedges (aio-libs/aiokafka#1017); the inbox absorbs what a retry sends twice.
            enable_idempotence=False,
            max_batch_size=FETCHED,
            max_request_size=LARGEST,
            linger_ms=0,
            request_timeout_ms=10_000,
        )
        await _started(client)
        return Producer(client)

    async def consumer(self, group: str, topics: Iterable[str], *, least: int = 1) -> AIOKafkaConsumer:
        """A connected consumer that commits nothing by itself; `least` bytes are waited for, not for long.

        Raises one of `AWAY`.
        """
        client = AIOKafkaConsumer(
            *sorted(topics),
            bootstrap_servers=self.settings.kafka,
            group_id=group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            fetch_min_bytes=least,
            fetch_max_wait_ms=self.settings.fetch_wait_ms,
            # What is fetched ahead of the handling is kept in memory: so much of each partition by whoever lags.
            # A larger record comes whole all the same.
            max_partition_fetch_bytes=FETCHED,
            max_poll_interval_ms=300_000,
            # How soon topics are seen that a lost broker did not have when this client came back to it.
            metadata_max_age_ms=10_000,
            session_timeout_ms=10_000,
            heartbeat_interval_ms=3_000,
        )
        await _started(client)
        return client


async def _started(client: AIOKafkaProducer | AIOKafkaConsumer) -> None:
    try:
        await with_timeout(DEADLINE, client.start(), grace=1)
    except BaseException:
        await close_client(client)
        raise


async def with_timeout(seconds: float, step: Coroutine[Any, Any, _T], *, grace: float = 0) -> _T:
    """What this step of the client gives. Raises `TimeoutError` when it takes longer.

    Unlike `asyncio.wait_for` of Python 3.11 it never loses a cancellation that comes as the step ends, and one that the
    step swallows stays its own. A start that is cut in its middle leaves a connection that nobody knows: with `grace`
    it has so many seconds more to end by itself.
    """
    task = asyncio.create_task(step)
    try:
        async with asyncio.timeout(seconds):
            await asyncio.wait([task])
    except BaseException:
        await asyncio.wait([task], timeout=grace)
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # whoever waited is told that time is up, or does not wait any more
        raise
    return task.result()


def check_metadata_task(consumer: AIOKafkaConsumer) -> None:
    """Raises `KafkaConnectionError` when the client does not learn any more who leads a partition or its group.

    Its task for that ends, and nobody is told, when a connection breaks in the moment of asking: uvloop then raises
    what aiokafka does not expect (aio-libs/aiokafka#1038). What it hears goes on, and nothing is ever committed again.
    """
    if cast(Any, consumer)._client._sync_task.done():
        raise KafkaConnectionError("the client does not follow the cluster any more")


async def close_client(client: AIOKafkaProducer | AIOKafkaConsumer) -> None:
    """Give the connections back, without waiting for a broker that does not answer. Raises nothing of the client's."""
    _clear_failed_metadata_task(client)
    try:
        await with_timeout(3, client.stop())
    except Exception as error:
        _log.warning("a client of the broker did not stop cleanly", error=repr(error))
        await _force_close(cast(Any, client))


def _clear_failed_metadata_task(client: Any) -> None:
    """What ended a client's task for following the cluster would come up as it closes, before any connection does."""
    inner = client.client if hasattr(client, "_sender") else client._client
    if (following := inner._sync_task) is not None and following.done() and not following.cancelled():
        following.exception()
        inner._sync_task = None


async def _force_close(client: Any) -> None:
    """End what `stop` did not come to: its tasks would go on sending or fetching, over connections nobody closes."""
    _clear_failed_metadata_task(client)
    sends = hasattr(client, "_sender")
    if sends:
        steps = [client._sender.close, client.client.close]
    else:
        heartbeat = getattr(client._coordinator, "_stop_heartbeat_task", None)  # none without a group
        steps = [heartbeat, client._fetcher.close, client._client.close]
    for step in filter(None, steps):
        with contextlib.suppress(Exception):
            await with_timeout(1, step())
    if sends:
        # Only now: a request on its way puts its batches back a moment after its connection is closed.
        await asyncio.sleep(0.2)
        client._message_accumulator.fail_all(KafkaError("given up"))
        await asyncio.sleep(0.01)  # and in the loop's next turns the stop that waited for these batches ends


class Producer:
    """Sends records in order and waits until all replicas have them."""

    def __init__(self, client: AIOKafkaProducer) -> None:
        self._client = client

    async def send(self, records: list[Record]) -> list[RecordPosition]:
        """Send all; returns where each stands once the broker has acknowledged every record.

        Raises one of `AWAY` when any was not acknowledged: then any of them may or may not be in the topic, and this
        producer must be thrown away, because it may still be sending.
        """
        client = cast(Any, self._client)
        filling: dict[tuple[str, int], tuple[Any, list[int]]] = {}
        sent: list[tuple[str, int, list[int]]] = []
        acknowledged: list[Any] = []

        async def send_one(topic: str, partition: int) -> None:
            batch, numbers = filling.pop((topic, partition))
            sent.append((topic, partition, numbers))
            acknowledged.append(await client.send_batch(batch, topic, partition=partition))

        async with asyncio.timeout(DEADLINE):
            topics = {record.topic for record in records}
            partitions = {topic: sorted(await client.partitions_for(topic)) for topic in topics}
            for number, record in enumerate(records):
                among = partitions[record.topic]
                place = (record.topic, among[(number if record.key is None else murmur2(record.key)) % len(among)])
                if place in filling and filling[place][0].append(**_arguments(record)) is None:
                    await send_one(*place)  # it is full
                if place not in filling:
                    filling[place] = client.create_batch(), []
                    filling[place][0].append(**_arguments(record))  # the first always fits
                filling[place][1].append(number)
            for place in list(filling):
                await send_one(*place)
            failpoint("relay.sent")
            answers = await asyncio.gather(*acknowledged, return_exceptions=True)
        positions: dict[int, RecordPosition] = {}
        for (topic, partition, numbers), answer in zip(sent, answers, strict=True):
            if isinstance(answer, BaseException):
                raise answer
            positions |= {number: (topic, partition, answer.offset + at) for at, number in enumerate(numbers)}
        return [positions[number] for number in range(len(records))]

    async def close(self) -> None:
        """Let go of the connections. What was not acknowledged may still arrive, or not."""
        await close_client(self._client)


def _arguments(record: Record) -> dict[str, Any]:
    return {"timestamp": None, "key": record.key, "value": record.value, "headers": record.headers}


def murmur2(key: bytes) -> int:
    """What every Kafka client makes of a key to choose its partition: murmur2, without the sign.

    The client does the same in twice the time; a test holds them to one answer.
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
