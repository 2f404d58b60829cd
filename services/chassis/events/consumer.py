"""Takes events from the topics, in batches, and commits the offsets some time after each has had its effect.

The offsets only save reading again: what was heard is in the inbox, in the transaction of the effect.
"""

import asyncio
import contextlib
from typing import Any, cast
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError

from services.chassis.brokers import broker
from services.chassis.brokers.broker import Broker
from services.chassis.events.processor import EventProcessor
from services.chassis.events.reactions import Reactions
from services.chassis.events.rebuild import Rebuilding
from services.chassis.events.resolver import DeadLetterResolver
from services.chassis.runtime.failpoints import failpoint
from services.chassis.runtime.telemetry import log
from services.chassis.storage.errors import is_unavailable
from services.chassis.storage.store import Store
from services.contracts.cloudevents import Record

_log = log(__name__)

GATHERED = 64 * 1024
"""So many bytes may gather where nobody waits for them: a transaction for many costs little more than one for one."""

COMMIT_EVERY = 0.2
"""Seconds between two commits: one for each of many small batches costs this process and the broker more than reading
the last few again, after a crash or a rebalance."""

COMMITTED_WITHIN = 20.0
"""Seconds that the broker may take to answer a commit before the client is thrown away: it may hang for good."""

_EXPIRE_EVERY, _EXPIRE_AT_LATEST = 1.0, 5.0
"""Seconds between two looks at what is held: while nothing comes, and at the latest."""


class Consumer:
    """One service's ear."""

    def __init__(
        self,
        store: Store,
        broker: Broker,
        reactions: Reactions,
        rebuilding: Rebuilding | None = None,
        *,
        low_latency: bool = True,
    ) -> None:
        """`hurried`: somebody waits for what is heard, so that no more is waited for."""
        self._store = store
        self._broker = broker
        self._reactions = reactions
        self._settings = broker.settings
        self._least = 1 if low_latency else GATHERED
        self._processor = EventProcessor(store, broker.settings, reactions)
        self._resolver = DeadLetterResolver(store, broker.settings, self._processor)
        self.group = f"cefo.{store.service}"
        self._client: Any = None
        self._done: dict[tuple[str, int], int] = {}
        self._to_commit: dict[TopicPartition, Any] = {}
        self._committing: asyncio.Task[None] | None = None
        self._committed_at = 0.0
        self._assignment: Any = None
        self._rebuilding = rebuilding
        self._expired_at = 0.0
        self.ready = asyncio.Event()
        """Set once the broker has given this consumer its partitions."""
        if broker.backpressure:
            # Before any relay starts, so that none runs ahead of a service that has not come up yet.
            broker.backpressure.join(self.group, reactions.topics)

    async def run(self) -> None:
        """Listen until cancelled. Whatever is away is waited for; nothing is given up."""
        if not self._reactions.topics:
            self.ready.set()
            return
        pause = 0.1
        while True:
            started = asyncio.get_running_loop().time()
            try:
                await self._connect_and_listen()
            except Exception as error:
                expected = isinstance(error, broker.BROKER_ERRORS) or is_unavailable(error)
                say = _log.warning if expected else _log.exception
                say("consumer interrupted", service=self._store.service, error=repr(error))
            if asyncio.get_running_loop().time() - started > 30:
                pause = 0.1
            await asyncio.sleep(pause)
            pause = min(pause * 2, 2)

    async def process(self, records: list[Record]) -> None:
        """Bring these records to their effect; returns when each has had it, is held, or is a dead letter."""
        await self._processor.process(records)

    async def retry(self, id: UUID) -> str:
        """Try a dead letter again, now. Returns what became of it; a `Refused` says why not, and nothing changed."""
        return await self._resolver.retry(id)

    async def discard(self, id: UUID, decision: str) -> str:
        """Decide that a dead letter is not to be handled. Returns what became of it."""
        return await self._resolver.discard(id, decision)

    async def expire_held(self) -> None:
        """Make dead letters of what was held too long."""
        await self._resolver.expire_held()

    async def unread(self) -> int:
        """How many records of its partitions this consumer has not taken in; 1 while it has no partitions."""
        client = self._client
        if not self._reactions.topics:
            return 0
        if client is None or not client.assignment():
            return 1
        ends = await client.end_offsets(client.assignment())
        left = 0
        for tp, end in ends.items():
            done = self._done.get((tp.topic, tp.partition))
            left += end - (await client.position(tp) if done is None else done)
        return left

    async def _connect_and_listen(self) -> None:
        client = await self._broker.consumer(self.group, self._reactions.topics, least=self._least)
        self._client = client
        try:
            await self._listen(client)
        finally:
            if self._committing is not None:
                self._committing.cancel()
                await asyncio.gather(self._committing, return_exceptions=True)
                self._committing = None
            self.ready.clear()
            self._client = None
            self._done.clear()
            self._to_commit.clear()
            await broker.close_client(client)

    async def _listen(self, client: AIOKafkaConsumer) -> None:
        kafka = cast(Any, client)
        while True:
            broker.check_metadata_task(client)
            self._commit_now_and_then(kafka)
            longest = COMMIT_EVERY * 1000 if self._to_commit else 500
            fetched = await kafka.getmany(timeout_ms=longest, max_records=self._settings.batch)
            self._look_whose(kafka)
            if kafka.assignment():
                self.ready.set()
            await self._expire_now_and_then(idle=not fetched)
            if self._rebuilding is not None:
                fetched, again = await self._rebuilding.due(kafka, fetched)
                for tp in again:
                    self._done.pop((tp.topic, tp.partition), None)
                    self._to_commit.pop(tp, None)
            if not fetched:
                continue
            records = [
                Record(m.topic, m.key, list(m.headers), m.value if m.value is not None else b"", m.partition, m.offset)
                for messages in fetched.values()
                for m in messages
            ]
            await self.process(records)
            failpoint("consumer.handled")
            offsets: dict[TopicPartition, int] = {tp: messages[-1].offset + 1 for tp, messages in fetched.items()}
            self._to_commit.update(self._rebuilding.noted(offsets) if self._rebuilding else offsets)
            self._done.update({(tp.topic, tp.partition): offset for tp, offset in offsets.items()})
            if self._broker.backpressure:
                self._broker.backpressure.committed(self.group, offsets)

    def _commit_now_and_then(self, kafka: Any) -> None:
        """Tell the broker how far this consumer has come, unless it just did. Nobody waits for the answer.

        Raises what the broker answered last time, and `TimeoutError` when it answers nothing.
        """
        self._look_whose(kafka)
        if self._committing is not None and self._committing.done():
            committing, self._committing = self._committing, None
            with contextlib.suppress(CommitFailedError, IllegalStateError):  # the partitions were given out anew
                committing.result()
        now = asyncio.get_running_loop().time()
        if self._committing is not None and now - self._committed_at > COMMITTED_WITHIN:
            raise TimeoutError(f"a commit was not answered within {COMMITTED_WITHIN:.0f} s")
        if self._to_commit and self._committing is None and now - self._committed_at >= COMMIT_EVERY:
            self._committing = asyncio.create_task(kafka.commit(self._to_commit), name="commit")
            self._to_commit, self._committed_at = {}, now

    def _look_whose(self, kafka: Any) -> None:
        """Forget what was to be committed when the partitions were given out anew.

        Whoever has one now reads on from what was committed, and this consumer does so too.
        """
        assignment = kafka._subscription.subscription.assignment
        if assignment is not self._assignment:
            self._assignment = assignment
            self._to_commit.clear()

    async def _expire_now_and_then(self, *, idle: bool) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._expired_at >= (_EXPIRE_EVERY if idle else _EXPIRE_AT_LATEST) and not (
            self._rebuilding and self._rebuilding.open
        ):
            self._expired_at = now
            try:
                await self.expire_held()
            except Exception as error:
                # The place in the group is kept: what is held can wait until the store is back.
                if not is_unavailable(error):
                    raise
                _log.warning("store is away", service=self._store.service, error=repr(error))
