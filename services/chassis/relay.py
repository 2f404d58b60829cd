"""From the outbox to the broker: in order, one relay per store at a time, marked as sent once it is acknowledged."""

import asyncio
import contextlib
import fcntl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis import broker
from services.chassis.broker import Broker, Producer, Window
from services.chassis.bulk import among
from services.chassis.crash import crash_point
from services.chassis.faults import is_away
from services.chassis.outbox import unpack_headers
from services.chassis.store import Store
from services.chassis.telemetry import RELAYED, UNSENT, log
from services.chassis.wire import Record

_log = log(__name__)


class Relay:
    """Sends one store's unsent rows for as long as it runs."""

    def __init__(self, store: Store, broker: Broker) -> None:
        self._store = store
        self._broker = broker
        self._batch = min(broker.settings.batch, 1000 if broker.embedded else broker.settings.batch)
        self._producer: Producer | None = None
        self._lock: AsyncConnection | None = None
        self._measured_at = 0.0

    async def run(self) -> None:
        """Relay until cancelled. Whatever is away is waited for; nothing is given up."""
        pause = 0.1
        try:
            while True:
                try:
                    async with self._lead():
                        pause = 0.1
                        await self._relay_while_leading()
                except Exception as error:
                    expected = isinstance(error, broker.AWAY) or is_away(error)
                    say = _log.warning if expected else _log.exception
                    say("relay interrupted", service=self._store.service, error=repr(error))
                    await self.close()
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, 2)
        finally:
            await self.close()

    async def _relay_while_leading(self) -> None:
        while True:
            await self._still_leading()
            self._store.said.clear()
            if not await self.relay_once():
                # The hint is only a hint: commits of other processes give none.
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._store.said.wait(), 0.5)

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
        await self._measure(len(rows))
        if not rows:
            return 0
        records = [Record(row.topic, row.key, unpack_headers(row.headers), row.value) for row in rows]
        weights = [Window.weight(record) for record in records]
        if self._broker.window:
            fitting = Window.fitting(weights)
            rows, records, weights = rows[:fitting], records[:fitting], weights[:fitting]
        if self._producer is None:
            self._producer = await self._broker.producer()
        if self._broker.window:
            await self._broker.window.room(sum(weights))
        places = await self._producer.send(records)
        crash_point("relay.acknowledged")
        if self._broker.window:
            self._broker.window.sent(places, weights)
        async with self._store.work() as work:
            await work.session.execute(
                sa.update(outbox)
                .where(among(work.session, outbox.c.seq, [row.seq for row in rows]))
                .values(sent_at=work.now)
            )
        RELAYED.labels(self._store.service).inc(len(rows))
        return len(rows)

    async def _measure(self, seen: int) -> None:
        """Tell how many rows wait; counted where there are more than one round takes, once a second at most."""
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
        """Let go of the producer; the next round makes a new one."""
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await producer.close()

    @asynccontextmanager
    async def _lead(self) -> AsyncGenerator[None]:
        """Hold the store's relay lock; waits while another process holds it."""
        if self._store.sqlite:
            async with _file_lock(Path(self._store.writer.url.database or "store.db").with_suffix(".relay.lock")):
                yield
            return
        async with self._store.reader.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            while not await connection.scalar(sa.text("select pg_try_advisory_lock(hashtext('cefo.relay'))")):  # noqa: ASYNC110
                await asyncio.sleep(1)
            self._lock = connection
            try:
                yield
            finally:
                self._lock = None
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
