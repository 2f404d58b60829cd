"""From the outbox to the broker: in order, one relay per store at a time, marked as sent only after the acknowledgement."""

import asyncio
import fcntl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis import broker, store
from services.chassis.broker import Broker, Producer
from services.chassis.outbox import unpack_headers
from services.chassis.store import Store
from services.chassis.telemetry import RELAYED, log
from services.chassis.wire import Record

_log = log(__name__)


class Relay:
    """Sends one store's unsent rows for as long as it runs."""

    def __init__(self, store: Store, broker: Broker) -> None:
        self._store = store
        self._broker = broker
        self._batch = min(broker.settings.batch, 1000 if broker.embedded else broker.settings.batch)
        self._producer: Producer | None = None

    async def run(self) -> None:
        """Relay until cancelled. Whatever is away is waited for; nothing is given up."""
        pause = 0.1
        try:
            while True:
                try:
                    async with self._lead():
                        pause = 0.1
                        await self._relay_while_leading()
                except (*broker.AWAY, *store.AWAY, DBAPIError) as error:
                    _log.warning("relay interrupted", service=self._store.service, error=repr(error))
                    await self._drop_producer()
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, 2)
        finally:
            await self._drop_producer()

    async def _relay_while_leading(self) -> None:
        while True:
            self._store.said.clear()
            if await self.relay_once() < self._batch:
                # The hint is only a hint: commits of other processes give none.
                with_hint = asyncio.wait_for(self._store.said.wait(), 0.5)
                try:
                    await with_hint
                except TimeoutError:
                    await self._still_leading()

    async def relay_once(self) -> int:
        """Send the oldest unsent rows and mark them. Returns how many."""
        outbox = self._store.table("outbox")
        async with self._store.read() as session:
            rows = (
                await session.execute(
                    sa.select(outbox.c.seq, outbox.c.topic, outbox.c.key, outbox.c.headers, outbox.c.value)
                    .where(outbox.c.sent_at.is_(None))
                    .order_by(outbox.c.seq)
                    .limit(self._batch)
                )
            ).all()
        if not rows:
            return 0
        if self._producer is None:
            self._producer = await self._broker.producer()
        if self._broker.window:
            await self._broker.window.room(len(rows))
        ends = await self._producer.send(
            [Record(row.topic, row.key, unpack_headers(row.headers), row.value) for row in rows]
        )
        if self._broker.window:
            self._broker.window.sent(ends)
        async with self._store.work() as work:
            await work.session.execute(
                sa.update(outbox).where(outbox.c.seq.in_([row.seq for row in rows])).values(sent_at=work.now)
            )
        RELAYED.labels(self._store.service).inc(len(rows))
        return len(rows)

    async def _drop_producer(self) -> None:
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await producer.close()

    @asynccontextmanager
    async def _lead(self) -> AsyncGenerator[None]:
        """Hold the store's relay lock; waits while another process holds it."""
        if self._store.sqlite:
            async with _file_lock(Path(self._store.writer.url.database or "store.db").with_suffix(".relay.lock")):
                self._lock: AsyncConnection | None = None
                yield
            return
        async with self._store.reader.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            while not await connection.scalar(sa.text("select pg_try_advisory_lock(hashtext('cefo.relay'))")):
                await asyncio.sleep(1)
            self._lock = connection
            try:
                yield
            finally:
                # Closing the session gives the lock back even where the pool would keep the connection.
                await connection.invalidate()

    async def _still_leading(self) -> None:
        if self._lock is not None:
            await self._lock.scalar(sa.text("select 1"))


@asynccontextmanager
async def _file_lock(path: Path) -> AsyncGenerator[None]:
    with path.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(1)
        yield
