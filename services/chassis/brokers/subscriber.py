"""FastStream's batch subscriber, kept running, with offsets that are committed after the store has the effect.

FastStream brings the subscriber, its middlewares around each batch, the graceful stop and the documents, all of it by
its public API. Three things of 0.7.8 do not fit, and `PollingConsumer`, an aiokafka consumer with a `getmany` of its
own, stands between:

- FastStream waits twice for each empty poll, so an event that comes after a pause is late (no issue upstream yet).
- After a `KafkaError` it sleeps 5 s and keeps the client, after any other error it polls again at once; and nothing
  replaces a client that hangs (aio-libs/aiokafka#1038). Here a poll that fails never returns, and `run` replaces the
  client.
- It goes on behind a handler that raised. Here the handler never raises: `run` replaces the client, and the new one
  starts at the last committed offset.

When FastStream polls once, and raises out of its loop what ended it, `PollingConsumer` can go.
"""

import asyncio
import contextlib
from collections.abc import Collection, Iterable, Mapping
from functools import partial
from typing import Any, Protocol, cast

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker

from services.chassis.brokers.availability import is_away
from services.chassis.brokers.clients import close_client, keep_all_topics, when_cluster_is_lost, with_timeout
from services.chassis.brokers.damage import DamagedPartitions
from services.chassis.brokers.message import decode
from services.chassis.brokers.port import SESSION
from services.chassis.runtime.failpoints import failpoint
from services.chassis.runtime.retrying import keep_running
from services.contracts import TOPICS
from services.contracts.cloudevents import Record

JOINED_WITHIN = 6 * SESSION
"""Seconds that a client may take to get its partitions, at first or again, before it is replaced. It gets them once
every other member has joined again or is taken as gone; a client that is replaced before that is one more such member,
for which the next has to wait."""

COMMIT_EVERY = 0.2
"""Seconds between two commits: one for each of many small batches costs this process and the broker more than reading
the last few again, after a crash or a rebalance."""

COMMITTED_WITHIN = 20.0
"""Seconds that the broker may take to answer a commit before the client is replaced: it may hang for good."""

POLL_SECONDS = 0.5
"""Longest wait for records before other work gets its turn."""

Fetched = dict[TopicPartition, list[Any]]


class BatchHandler(Protocol):
    """What a subscriber needs from the processor of its batches."""

    async def process(self, records: list[Record]) -> None:
        """Process a batch; returns when every record has taken effect, is held, or is a dead letter."""
        ...

    async def admit(
        self, client: AIOKafkaConsumer, fetched: Fetched, assignment: int
    ) -> tuple[Fetched, Iterable[TopicPartition]]:
        """What of a poll is to be processed, and which partitions are read from their beginning now."""
        ...

    def committable(self, offsets: Mapping[TopicPartition, int]) -> Mapping[TopicPartition, Any]:
        """What to commit for these partitions, which were processed up to these offsets."""
        ...

    async def between_batches(self, *, idle: bool) -> None:
        """Do what is due beside the batches; `idle`: the last poll brought nothing."""
        ...


def subscription(topics: Iterable[str]) -> tuple[list[str], str | None]:
    """The topics to subscribe to: their names, or a pattern if some have one for each centre, also of later ones."""
    subscribed = [TOPICS[name] for name in sorted(topics)]
    if any(topic.per_centre for topic in subscribed):
        return [], f"^(?:{'|'.join(topic.pattern for topic in subscribed)})$"
    return [topic.name for topic in subscribed], None


class Subscriber:
    """One service's subscriber on its FastStream broker."""

    def __init__(
        self, stream: KafkaBroker, handler: BatchHandler, topics: Iterable[str], group: str, batch: int, **options: Any
    ) -> None:
        """`batch`: most records at once; `options`: the parser, and how the client fetches."""
        self._stream = stream
        self._handler = handler
        self._group = group
        self.client: PollingConsumer | None = None
        """The client of the moment; None while there is no connection."""
        self.ready = asyncio.Event()
        """Set once the broker has given this subscriber its partitions."""
        self._rebalances = _Rebalances()
        self._damaged = DamagedPartitions()
        named, pattern = subscription(topics)
        self._subscriber = stream.subscriber(
            *named,
            pattern=pattern,
            group_id=group,
            batch=True,
            max_records=batch,
            batch_timeout_ms=int(POLL_SECONDS * 1000),
            ack_policy=AckPolicy.MANUAL,
            decoder=cast(Any, decode),
            listener=self._rebalances,
            title=group,
            **options,
        )
        self._subscriber(self._handle)

    def damaged(self, partitions: Collection[TopicPartition]) -> set[TopicPartition]:
        """Those of these partitions that are left alone now, because of a damaged record."""
        return self._damaged.among(partitions)

    async def run(self) -> None:
        """Consume until cancelled. A broker that is away is waited for; a client that fails is replaced."""
        await self._stream.connect()  # reads the options; touches no network
        config = self._stream.config.broker_config
        options = cast("partial[Any]", config.builder).keywords
        mine = (self._handler, self._rebalances, self._damaged, self.ready)
        config.builder = partial(PollingConsumer, *mine, **options)
        try:
            await keep_running(self._consume, f"consumer {self._group}", expected=is_away)
        finally:
            config.builder = partial(AIOKafkaConsumer, **options)

    async def _consume(self) -> None:
        subscriber = self._subscriber
        try:
            await with_timeout(JOINED_WITHIN, subscriber.start(), grace=1)
            self.client = cast(PollingConsumer, subscriber.consumer)
            raise await self.client.failure
        finally:
            self.ready.clear()
            # FastStream's `stop` would wait for a broker that does not answer, and close the client a second time.
            client, subscriber.consumer, self.client = subscriber.consumer, None, None
            polling = subscriber.tasks.copy()
            try:
                await subscriber.stop()  # lets the batch that is being processed end
                await asyncio.gather(*polling, return_exceptions=True)
            finally:  # also when it is cancelled a second time meanwhile
                if isinstance(client, PollingConsumer):
                    await client.end()

    async def _handle(self, records: list[Record]) -> None:
        try:
            await self._handler.process(records)
        except Exception as error:
            if self.client is None:
                raise  # a test's broker, which shows it
            self.client.fail(error)
            return
        if self.client is not None:
            failpoint("consumer.handled")
            self.client.processed({TopicPartition(one.topic, one.partition): one.offset + 1 for one in records})


class _Rebalances(ConsumerRebalanceListener):
    """Counts how often the partitions were given out, so that nothing is committed for those that are gone."""

    assignment = 0

    async def on_partitions_revoked(self, revoked: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]  # either kind
        self.assignment += 1

    async def on_partitions_assigned(self, assigned: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        self.assignment += 1


class PollingConsumer(AIOKafkaConsumer):
    """The client of one subscriber: a poll commits what was processed, and returns only when there are records."""

    def __init__(
        self,
        handler: BatchHandler,
        rebalances: _Rebalances,
        damaged: DamagedPartitions,
        ready: asyncio.Event,
        **options: Any,
    ) -> None:
        super().__init__(**cast(Any, options | {"enable_auto_commit": False}))
        keep_all_topics(self)
        self.failure: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        """What makes this client useless, once that is known."""
        self.done: dict[TopicPartition, int] = {}
        """Up to which offset each partition was processed by this client."""
        self._handler = handler
        self._rebalances = rebalances
        self._damaged = damaged
        self._ready = ready
        self._to_commit: dict[TopicPartition, Any] = {}
        self._fetched_in = self._commits_for = rebalances.assignment
        self._committing: asyncio.Task[None] | None = None
        self._committed_at = 0.0

    async def start(self) -> None:
        """Connect and wait for partitions. Raises one of `BROKER_ERRORS`."""
        await super().start()
        when_cluster_is_lost(self, self.fail)

    def fail(self, error: Exception) -> None:
        """Have this client replaced."""
        if not self.failure.done():
            self.failure.set_result(error)

    def processed(self, offsets: Mapping[TopicPartition, int]) -> None:
        """These partitions were processed up to these offsets. Committed within `COMMIT_EVERY`."""
        if self._fetched_in == self._rebalances.assignment:
            self._drop_after_rebalance()
            self._to_commit.update(self._handler.committable(offsets))
        self.done.update(offsets)

    async def getmany(self, *partitions: Any, timeout_ms: int = 0, max_records: int | None = None) -> Fetched:
        """Wait for records. An error never comes back: this client is replaced, and its subscriber stopped."""
        try:
            while True:
                if self.failure.done():
                    break
                if fetched := await self._poll(timeout_ms, max_records):
                    return fetched
        except Exception as error:
            self._damaged.note(error)
            self.fail(error)
        return await asyncio.Event().wait()  # type: ignore[return-value]  # until `stop` cancels it

    async def _poll(self, timeout_ms: int, max_records: int | None) -> Fetched:
        self._commit_now_and_then()
        longest = int(COMMIT_EVERY * 1000) if self._to_commit else timeout_ms
        async with asyncio.timeout(JOINED_WITHIN):  # while the group is joined again, it waits longer than it was asked
            fetched = cast(Fetched, await super().getmany(*self._sound(), timeout_ms=longest, max_records=max_records))
        self._fetched_in = self._rebalances.assignment
        if self.assignment():
            self._ready.set()
        await self._handler.between_batches(idle=not fetched)
        fetched, restarted = await self._handler.admit(self, fetched, self._rebalances.assignment)
        for tp in restarted:
            self.done.pop(tp, None)
            self._to_commit.pop(tp, None)
        return fetched

    def _sound(self) -> Iterable[TopicPartition]:
        """The partitions to poll; none: all, of which the damaged ones are paused."""
        damaged = self._damaged.among(self.assignment())
        paused = self.paused()
        self.pause(*(damaged - paused))
        self.resume(*(paused - damaged))
        return self.assignment() - damaged if damaged else ()

    def _commit_now_and_then(self) -> None:
        """Commit what was processed, unless that was done a moment ago. Does not wait for the answer.

        Raises what the broker answered last time, and `TimeoutError` when it does not answer.
        """
        self._drop_after_rebalance()
        if self._committing is not None and self._committing.done():
            committing, self._committing = self._committing, None
            with contextlib.suppress(CommitFailedError, IllegalStateError):  # after a rebalance
                committing.result()
        now = asyncio.get_running_loop().time()
        if self._committing is not None and now - self._committed_at > COMMITTED_WITHIN:
            raise TimeoutError(f"a commit was not answered within {COMMITTED_WITHIN:.0f} s")
        if self._to_commit and self._committing is None and now - self._committed_at >= COMMIT_EVERY:
            self._committing = asyncio.create_task(self.commit(self._to_commit), name="commit")
            self._to_commit, self._committed_at = {}, now

    def _drop_after_rebalance(self) -> None:
        """Drop pending commits after a rebalance: every partition is read on from what was committed before it."""
        if self._commits_for != self._rebalances.assignment:
            self._commits_for = self._rebalances.assignment
            self._to_commit.clear()

    async def end(self) -> None:
        """Close the connections; what was processed and not committed yet is read again, and known."""
        if self._committing is not None:
            self._committing.cancel()
            await asyncio.gather(self._committing, return_exceptions=True)
        await close_client(self)
