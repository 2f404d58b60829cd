"""Publishes outbox rows in order, one relay per store at a time, and marks acknowledged rows as sent."""

import asyncio
import contextlib
import fcntl
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from faststream.kafka import KafkaBroker
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.brokers.availability import is_away
from services.chassis.brokers.port import Broker, Producer
from services.chassis.runtime.failpoints import failpoint
from services.chassis.runtime.retrying import keep_running
from services.chassis.runtime.telemetry import RELAYED, UNSENT, log
from services.chassis.storage.bulk import in_list
from services.chassis.storage.outbox import unpack_headers, with_current_names
from services.chassis.storage.store import Store
from services.contracts.cloudevents import Record

_CLOSE_TIMEOUT = 3.0
"""Seconds that a closing relay may take to mark acknowledged rows."""

_log = log(__name__)

ROUNDS = 8
"""Most batches before the relay reads from the oldest row again: a row written first may be committed last."""

_OPENED_CHECK = 0.5
"""Seconds between two checks of the lock that is held while nothing may be published yet."""

MARK_DELAY = 0.1
"""Seconds for which acknowledged rows are collected and marked in one commit: one commit per row costs as much as
publishing it. A relay that is killed meanwhile publishes them again, and the inboxes ignore repetitions."""


class Relay:
    """Publishes one store's unsent outbox rows."""

    def __init__(
        self, store: Store, broker: Broker, stream: KafkaBroker | None = None, opened: asyncio.Event | None = None
    ) -> None:
        """`stream`: the service's FastStream broker, through which its events are published.

        `opened`: nothing is published before it is set. The lock is held all the same: the service runs.
        """
        self._store = store
        self._opened = opened
        self._broker = broker
        self._stream = stream or broker.stream(store.service)
        self._batch = broker.relay_batch
        outbox = store.table("outbox")
        self._oldest = (
            sa.select(outbox.c.seq, outbox.c.topic, outbox.c.key, outbox.c.headers, outbox.c.value)
            .where(outbox.c.sent_at.is_(None), outbox.c.seq > sa.bindparam("last"))
            .where(~in_list(outbox.c.seq, "unmarked"))
            .order_by(outbox.c.seq)
            .limit(self._batch)
        )
        self._unmarked: list[int] = []
        """Rows that the broker acknowledged and that are not marked yet."""
        self._marking: asyncio.Task[None] | None = None
        self._producer: Producer | None = None
        self._lock: AsyncConnection | None = None
        self._measured_at = 0.0

    async def run(self) -> None:
        """Relay until cancelled. Retries while the broker or the store is unavailable."""
        await keep_running(self._lead_and_relay, f"relay of {self._store.service}", expected=is_away)

    async def _lead_and_relay(self) -> None:
        async with self._leadership():
            try:
                while self._opened is not None and not self._opened.is_set():
                    await self._check_lock()
                    await asyncio.sleep(_OPENED_CHECK)
                await self._relay_while_leading()
            finally:
                await self.close()  # before another relay takes the lock

    async def _relay_while_leading(self) -> None:
        while True:
            self._store.emitted.clear()
            sent = await self.relay_once()
            # Less than a batch: no rows are left, unless the broker had no room for more.
            if sent < (1 if self._broker.bounded else self._batch):
                # Commits of other processes do not set this event, so the relay polls too.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.5):
                        await self._store.emitted.wait()

    async def relay_once(self) -> int:
        """Publish the oldest unsent rows. Returns how many; they are marked after `MARK_DELAY` (`mark_now`: at once).

        Takes up to `ROUNDS` batches: while one is being published, the next is read and earlier ones are marked.
        """
        sent = 0
        ahead: asyncio.Task[Sequence[Any]] | None = None
        await self._check_marking()
        try:
            rows = await self._unsent(-1)
            for left in reversed(range(ROUNDS)):
                if not rows:
                    break
                more = bool(left) and len(rows) == self._batch
                if more and not self._broker.bounded:
                    ahead = asyncio.create_task(self._unsent(rows[-1].seq))
                rows = await self._send(rows)
                sent += len(rows)
                self._mark_soon([row.seq for row in rows])
                if not more:
                    break
                rows = await (ahead or self._unsent(rows[-1].seq))
                ahead = None
                await self._check_lock()
        finally:
            if ahead is not None:
                ahead.cancel()
                await asyncio.gather(ahead, return_exceptions=True)
        return sent

    async def mark_now(self) -> None:
        """Mark the acknowledged rows now. Raises the store's errors; then these rows are published again."""
        if self._marking is not None:
            self._marking.cancel()
            await asyncio.gather(self._marking, return_exceptions=True)
            self._marking = None
        seqs, self._unmarked = self._unmarked, []
        if seqs:
            await self._mark(seqs)

    async def _unsent(self, last: int) -> Sequence[Any]:
        """The oldest unsent rows after `last`, without unmarked ones.

        On PostgreSQL, read over the connection that holds the lock: a relay that lost the lock cannot read.
        """
        given = {"last": last, "unmarked": self._unmarked.copy()}
        async with nullcontext(self._lock) if self._lock else self._store.reader.connect() as connection:
            rows = (await connection.execute(self._oldest, given)).all()
        await self._measure(len(rows))
        return rows

    async def _send(self, rows: Sequence[Any]) -> Sequence[Any]:
        """Publish these rows, or the first ones if the broker has no room for all. Returns the acknowledged ones."""
        headers = [unpack_headers(with_current_names(row.headers)) for row in rows]
        records = [Record(row.topic, row.key, one, row.value) for row, one in zip(rows, headers, strict=True)]
        if self._producer is None:
            self._producer = await self._broker.producer(self._stream)
        positions = await self._producer.send(records)
        failpoint("relay.acknowledged")
        return rows[: len(positions)]

    def _mark_soon(self, seqs: list[int]) -> None:
        """Queue these rows to be marked after `MARK_DELAY`."""
        self._unmarked += seqs
        if self._marking is None or (self._marking.done() and not self._marking.exception()):
            self._marking = asyncio.create_task(self._mark_pending(), name="marking")

    async def _mark_pending(self) -> None:
        while self._unmarked:
            if len(self._unmarked) < self._batch:
                await asyncio.sleep(MARK_DELAY)
            seqs = self._unmarked.copy()
            await self._mark(seqs)
            del self._unmarked[: len(seqs)]

    async def _check_marking(self) -> None:
        """Wait while more than a batch is unmarked. Raises the error of a marking that failed."""
        if self._marking is None:
            return
        if len(self._unmarked) > self._batch:
            await asyncio.wait([self._marking])
        if self._marking.done():
            marking, self._marking = self._marking, None
            marking.result()

    async def _mark(self, seqs: list[int]) -> None:
        """Mark these rows as sent."""
        outbox = self._store.table("outbox")
        async with self._store.work() as work:
            marked = sa.update(outbox).where(in_list(outbox.c.seq, "seqs")).values(sent_at=work.now)
            await work.session.execute(marked, {"seqs": seqs})
        RELAYED.labels(self._store.service).inc(len(seqs))

    async def _measure(self, seen: int) -> None:
        """Set the gauge of unsent rows; after a full batch they are counted, at most once a second."""
        now = asyncio.get_running_loop().time()
        if seen == self._batch:
            if now - self._measured_at < 1:
                return
            outbox = self._store.table("outbox")
            waiting = sa.select(sa.func.count()).select_from(outbox).where(outbox.c.sent_at.is_(None))
            async with self._store.read() as session:
                seen = await session.scalar(waiting) or 0
        self._measured_at = now
        UNSENT.labels(self._store.service).set(seen)

    async def close(self) -> None:
        """Mark acknowledged rows if the store is available, and close the producer; the next batch creates one."""
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT):
                await self.mark_now()
        except Exception as error:
            _log.warning("published rows not marked", service=self._store.service, error=repr(error))
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await producer.close()

    @asynccontextmanager
    async def _leadership(self) -> AsyncGenerator[None]:
        """Hold the store's relay lock; waits while another process holds it."""
        async with relay_lock(self._store) as connection:
            if connection is not None:
                # An index scan stops at the limit; a bitmap scan would read the whole index of unsent rows.
                await connection.execute(sa.text("set enable_bitmapscan = off"))
            self._lock = connection
            try:
                yield
            finally:
                self._lock = None

    async def _check_lock(self) -> None:
        if self._lock is not None:
            await self._lock.scalar(sa.text("select 1"))


class RelayRuns(Exception):
    """Another process holds the relay lock: the service runs."""


@asynccontextmanager
async def relay_lock(store: Store, *, wait: bool = True) -> AsyncGenerator[AsyncConnection | None]:
    """Hold the store's relay lock; on PostgreSQL over this connection. Raises `RelayRuns` unless `wait`."""
    if store.sqlite:
        async with _file_lock(Path(store.writer.url.database or "store.db").with_suffix(".relay.lock"), wait=wait):
            yield None
        return
    async with store.reader.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        while not await connection.scalar(sa.text("select pg_try_advisory_lock(hashtext('cefo.relay'))")):
            if not wait:
                raise RelayRuns
            await asyncio.sleep(1)
        try:
            yield connection
        finally:
            # The pool would keep the session and its lock; closing the connection releases it.
            await connection.invalidate()


@asynccontextmanager
async def _file_lock(path: Path, *, wait: bool) -> AsyncGenerator[None]:
    with path.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not wait:
                    raise RelayRuns from None
                await asyncio.sleep(1)
        yield
