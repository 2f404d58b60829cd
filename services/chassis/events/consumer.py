"""Consumes one service's topics: processes its subscriber's batches exactly once, and resolves dead letters.

Committed offsets only save re-reading. The inbox, written in the transaction of the effect, records what was processed.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError
from faststream.kafka import KafkaBroker

from services.chassis.brokers.clients import DEADLINE, with_timeout
from services.chassis.brokers.port import Broker
from services.chassis.brokers.subscriber import Fetched, Subscriber
from services.chassis.events.processor import EventProcessor
from services.chassis.events.reactions import Reactions
from services.chassis.events.rebuild import Rebuilding
from services.chassis.events.rereading import Rereading
from services.chassis.events.resolver import DeadLetterResolver
from services.chassis.events.rights import group_of
from services.chassis.events.sealing import seal_old
from services.chassis.events.trials import Look, Trial, try_out
from services.chassis.runtime.telemetry import log
from services.chassis.storage.errors import is_unavailable
from services.chassis.storage.store import Store
from services.contracts.cloudevents import Record

_log = log(__name__)

BATCHED_FETCH_BYTES = 64 * 1024
"""Least bytes of a fetch where no user waits for the effect: a transaction for many events costs little more than one
for a single event."""

_EXPIRE_WHEN_IDLE, _EXPIRE_AT_LATEST = 1.0, 5.0
"""Seconds between two checks of the held events: without traffic, and under load."""


class Consumer:
    """Consumes one service's topics."""

    _resolver: DeadLetterResolver

    def __init__(
        self,
        store: Store,
        broker: Broker,
        reactions: Reactions,
        rebuilding: Rebuilding | None = None,
        *,
        stream: KafkaBroker | None = None,
        low_latency: bool = True,
        group: str | None = None,
    ) -> None:
        """`low_latency`: users wait for the effect, so each record is fetched at once.

        `stream`: the service's FastStream broker, on which the subscriber is registered. `group`: the consumer group.
        """
        self._store = store
        self._broker = broker
        self._reactions = reactions
        self._processor = EventProcessor(store, broker.settings, reactions)
        self._resolver = DeadLetterResolver(store, broker.settings, self._processor)
        self.group = group or group_of(store.service)
        self._rebuilding = rebuilding
        self._rereading = rebuilding.rereading if rebuilding is not None else Rereading(store, broker, self.group)
        self._expired_at = 0.0
        self.stream = stream or broker.stream(store.service)
        self.subscriber: Subscriber | None = None
        """None for a service without reactions."""
        self.ready = asyncio.Event()
        """Set once partitions are assigned."""
        if reactions.topics:
            options = broker.consumer_options(least=1 if low_latency else BATCHED_FETCH_BYTES)
            batch = broker.settings.batch
            self.subscriber = Subscriber(self.stream, self, reactions.topics, self.group, batch, **options)
            self.ready = self.subscriber.ready
        else:
            self.ready.set()
        # Before any relay starts, so that none runs ahead of a service that has not started yet.
        broker.joining(self.group, reactions.topics)

    async def run(self) -> None:
        """Consume until cancelled. Retries for as long as the broker or the store is unavailable."""
        if self.subscriber is not None:
            await self.subscriber.run()

    def damaged(self, partitions: Collection[TopicPartition]) -> set[TopicPartition]:
        """Those of these partitions that this consumer leaves alone now, because of a damaged record."""
        return self.subscriber.damaged(partitions) if self.subscriber is not None else set()

    async def process(self, records: list[Record]) -> None:
        """Process a batch. Returns when every record has taken effect, is held, or is a dead letter."""
        await self._processor.process(records)

    async def retry(self, id: UUID) -> str:
        """Retry a dead letter now. Returns its outcome. Raises a `Refused` if it fails again; then nothing changed."""
        return await self._resolver.retry(id)

    async def discard(self, id: UUID, decision: str) -> str:
        """Discard a dead letter; `decision`: who and why. Returns its state."""
        return await self._resolver.discard(id, decision)

    async def reveal(self, id: UUID, by: str, reason: str) -> Record:
        """The whole record of a dead letter; who asked for it and why is noted."""
        return await self._resolver.reveal(id, by, reason)

    async def try_out(self, record: Record, look: Look) -> Trial:
        """What processing this record would end in. Nothing of it stays."""
        return await try_out(self._processor, self._store, record, look)

    async def seal_old(self) -> bool:
        """Let dead letters of an earlier version keep no more than those of this one. Returns False: none is left."""
        return await seal_old(self._store, self._processor.sealer)

    async def expire_held(self) -> None:
        """Turn events held longer than `CEFO_HOLD_SECONDS` into dead letters.

        Discards those of erased persons, and retries those that lacked something which is there now.
        """
        await self._resolver.expire_held()
        await self._resolver.discard_erased()
        await self._resolver.retry_due()

    async def unread(self) -> int:
        """How many records of its partitions this consumer has not processed; 1 while it has no partitions.

        Raises one of `BROKER_ERRORS`.
        """
        if self.subscriber is None:
            return 0
        client: Any = self.subscriber.client
        if client is None or not client.assignment():
            return 1
        ends: dict[TopicPartition, int] = await with_timeout(DEADLINE, client.end_offsets(client.assignment()))
        left = 0
        for tp, end in ends.items():
            done = client.done.get(tp)
            try:
                left += end - (await with_timeout(DEADLINE, client.position(tp)) if done is None else done)
            except IllegalStateError:  # given to another member while the broker answered
                return 1
        return left

    # --- called by the subscriber ---

    async def admit(self, client: Any, fetched: Fetched, assignment: int) -> tuple[Fetched, Iterable[TopicPartition]]:
        """The records of a poll to process, and the partitions that are read again from the beginning."""
        return await self._rereading.admit(client, fetched, assignment)

    def committable(self, offsets: Mapping[TopicPartition, int]) -> Mapping[TopicPartition, Any]:
        """The offsets to commit for processed records."""
        self._broker.processed(self.group, offsets)
        return self._rereading.with_generation(offsets)

    async def between_batches(self, *, idle: bool) -> None:
        """Expire held events at intervals."""
        now = asyncio.get_running_loop().time()
        if now - self._expired_at < (_EXPIRE_WHEN_IDLE if idle else _EXPIRE_AT_LATEST):
            return
        if self._rebuilding and self._rebuilding.running:
            return
        self._expired_at = now
        try:
            await self.expire_held()
        except Exception as error:
            # The consumer stays in its group: held events can wait until the store is back.
            if not is_unavailable(error):
                raise
            _log.warning("store unavailable", service=self._store.service, error=repr(error))
