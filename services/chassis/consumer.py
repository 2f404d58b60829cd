"""Takes events from the topics, in batches, and brings each to its effect exactly once.

A batch is one transaction: inbox, changes and outbox together; the offsets are committed after it. When anything in a
batch fails, its events are taken one by one: each is tried a bounded number of times, with a growing pause, and then
becomes a dead letter. When the store is away nothing is given up: it is waited for.
"""

import asyncio
from collections import defaultdict
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa
from aiokafka import AIOKafkaConsumer, TopicPartition

from services.chassis import broker, store
from services.chassis.broker import Broker
from services.chassis.dead_letters import LetterState, explained, letter, letter_row, original
from services.chassis.errors import Refused
from services.chassis.inbox import Key, Place, inbox_key, last_heard, place, remember
from services.chassis.outbox import raw_row
from services.chassis.reactions import Reactions
from services.chassis.store import Aggregate, Cause, Store, Work
from services.chassis.telemetry import HEARD, log
from services.chassis.wire import Heard, Record, Unreadable, read_event
from services.contracts.envelope import dead_letters

_log = log(__name__)


class Consumer:
    """One service's ear."""

    def __init__(self, store: Store, broker: Broker, reactions: Reactions) -> None:
        self._store = store
        self._broker = broker
        self._reactions = reactions
        self._settings = broker.settings
        self.group = f"cefo.{store.service}"
        self._client: Any = None
        self._done: dict[tuple[str, int], int] = {}
        self.ready = asyncio.Event()
        """Set once the broker has given this consumer its partitions."""

    async def run(self) -> None:
        """Listen until cancelled."""
        if not self._reactions.topics:
            self.ready.set()
            return
        if self._broker.window:
            self._broker.window.join(self.group, self._reactions.topics)
        pause = 0.1
        while True:
            try:
                client = await self._broker.consumer(self.group, self._reactions.topics)
            except broker.AWAY as error:
                _log.warning("consumer cannot connect", service=self._store.service, error=repr(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, 2)
                continue
            self._client = client
            try:
                await self._listen(client)
            except broker.AWAY as error:
                _log.warning("consumer interrupted", service=self._store.service, error=repr(error))
                await asyncio.sleep(pause)
            finally:
                self.ready.clear()
                self._client = None
                await client.stop()

    async def unread(self) -> int:
        """How many records of its partitions this consumer has not taken in; 1 while it has no partitions."""
        client = self._client
        if not self._reactions.topics:
            return 0
        if client is None or not client.assignment():
            return 1
        ends = await client.end_offsets(client.assignment())
        done = {tp: self._done.get((tp.topic, tp.partition)) for tp in ends}
        return sum(end - (await client.position(tp) if done[tp] is None else done[tp]) for tp, end in ends.items())

    async def _listen(self, client: AIOKafkaConsumer) -> None:
        kafka = cast(Any, client)
        while True:
            fetched = await kafka.getmany(timeout_ms=500, max_records=self._settings.batch)
            if kafka.assignment():
                self.ready.set()
            if not fetched:
                await self._expire_held()
                continue
            records = [
                Record(m.topic, m.key, list(m.headers), m.value if m.value is not None else b"", m.partition, m.offset)
                for messages in fetched.values()
                for m in messages
            ]
            await self.take(records)
            offsets: dict[TopicPartition, int] = {tp: messages[-1].offset + 1 for tp, messages in fetched.items()}
            await kafka.commit(offsets)
            self._done.update({(tp.topic, tp.partition): offset for tp, offset in offsets.items()})
            if self._broker.window:
                self._broker.window.committed(self.group, offsets)

    async def take(self, records: list[Record]) -> None:
        """Bring these records to their effect; returns when each has had it, is held, or is a dead letter."""
        try:
            async with self._store.work() as work:
                await self._apply(work, records)
            return
        except Exception as error:
            _log.warning("batch redone one by one", service=self._store.service, events=len(records), error=repr(error))
        for record in records:
            await self._take_one(record)

    async def _take_one(self, record: Record) -> None:
        attempt, pause = 1, self._settings.retry_seconds
        while True:
            try:
                async with self._store.work() as work:
                    await self._apply(work, [record])
                return
            except store.AWAY as error:
                _log.warning("store is away", service=self._store.service, error=repr(error))
                await asyncio.sleep(min(pause, 2))
                continue
            except Exception as error:
                if attempt >= self._settings.attempts:
                    await self._bury(record, error, attempt)
                    return
            attempt += 1
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5)

    async def _apply(self, work: Work, records: list[Record]) -> None:
        """All of these in one unit of work."""
        heard: list[Heard] = []
        for record in records:
            try:
                heard.append(read_event(record))
            except Unreadable as error:
                await self._keep(work, record, LetterState.DEAD, error.reason, error.detail, 1)
        inbox = self._store.table("inbox")
        positions = await last_heard(work.session, inbox, {inbox_key(one) for one in heard})
        before = dict(positions)
        waiting = await self._waiting(work, {key for key in map(inbox_key, heard)})
        due: list[Heard] = []
        for one in heard:
            key = inbox_key(one)
            match place(one, positions.get(key)):
                case Place.REPEATED:
                    HEARD.labels(self._store.service, "repeated").inc()
                case Place.AHEAD:
                    if one.sequence not in {row.sequence for row in waiting[key]}:
                        detail = f"sequence {one.sequence} came after {positions.get(key, 0)}"
                        await self._keep(work, one.record, LetterState.HELD, "ahead", detail, 1, one)
                case Place.NEXT:
                    positions[key] = one.sequence or 1
                    due.append(one)
                    due.extend(await self._released(work, waiting[key], positions, key))
        await self._prefetch(work, due)
        for one in due:
            await self._react(work, one)
        changed = {key: last for key, last in positions.items() if before.get(key) != last}
        await remember(work.session, inbox, changed, work.now)

    async def _react(self, work: Work, heard: Heard) -> None:
        listener = self._reactions.by_type.get(heard.type)
        if listener is None or heard.event is None:
            return
        work.cause = Cause(heard.correlation_id, _uuid(heard.id))
        await listener.react(work, heard.event)
        HEARD.labels(self._store.service, "handled").inc()

    async def _prefetch(self, work: Work, due: list[Heard]) -> None:
        wanted: dict[type[Aggregate], list[UUID]] = defaultdict(list)
        for one in due:
            listener = self._reactions.by_type.get(one.type)
            if listener is not None and listener.loads is not None and one.event is not None:
                wanted[listener.loads].append(UUID(one.event.key))
        for table, ids in wanted.items():
            await work.prefetch(table, ids)

    async def _waiting(self, work: Work, keys: set[Key]) -> dict[Key, list[Any]]:
        """The held events of these aggregates, in order."""
        table = self._store.table("dead_letters")
        if not await work.session.scalar(sa.select(sa.exists().where(table.c.state == LetterState.HELD.value))):
            return defaultdict(list)
        rows = await work.session.execute(
            sa.select(table)
            .where(table.c.state == LetterState.HELD.value, table.c.subject.in_({subject for _, subject in keys}))
            .order_by(table.c.sequence)
        )
        found: dict[Key, list[Any]] = defaultdict(list)
        for row in rows:
            found[(row.source, row.subject)].append(row)
        return found

    async def _released(self, work: Work, waiting: list[Any], positions: dict[Key, int], key: Key) -> list[Heard]:
        """The held events that are next now."""
        free: list[Heard] = []
        table = self._store.table("dead_letters")
        while waiting and waiting[0].sequence <= positions[key] + 1:
            row = waiting.pop(0)
            await work.session.execute(sa.delete(table).where(table.c.id == row.id))
            if row.sequence == positions[key] + 1:
                positions[key] = row.sequence
                free.append(read_event(original(row)))
        return free

    async def _bury(self, record: Record, error: Exception, attempts: int) -> None:
        reason = error.slug if isinstance(error, Refused) else type(error).__name__
        _log.error("dead letter", service=self._store.service, reason=reason, topic=record.topic, offset=record.offset)
        async with self._store.work() as work:
            await self._keep(work, record, LetterState.DEAD, reason, str(error), attempts, read_event(record))

    async def _keep(
        self,
        work: Work,
        record: Record,
        state: LetterState,
        reason: str,
        detail: str,
        attempts: int,
        heard: Heard | None = None,
    ) -> None:
        """Write the letter, and for a dead one say so on the dead-letter topic."""
        HEARD.labels(self._store.service, state.value).inc()
        about = (
            {"type": heard.type, "source": heard.source, "subject": heard.subject, "sequence": heard.sequence}
            if heard
            else {}
        )
        row = letter_row(record, state=state, reason=reason, detail=detail, attempts=attempts, at=work.now, **about)
        await work.session.execute(sa.insert(self._store.table("dead_letters")), row)
        if state is LetterState.DEAD:
            headers = explained(record, reason=reason, detail=detail, attempts=attempts, service=self._store.service)
            copy = record._replace(topic=dead_letters(record.topic), headers=headers)
            work.send_raw(raw_row(copy, work.now))

    async def _expire_held(self) -> None:
        """What was held too long becomes a dead letter: somebody has to look."""
        table = self._store.table("dead_letters")
        async with self._store.read() as session:
            oldest = await session.scalar(sa.select(sa.func.min(table.c.at)).where(table.c.state == "held"))
        now = self._store.clock()
        if oldest is None or (now - oldest).total_seconds() < self._settings.hold_seconds:
            return
        async with self._store.work() as work:
            await work.session.execute(
                sa.update(table)
                .where(table.c.state == LetterState.HELD.value, table.c.at <= oldest)
                .values(state=LetterState.DEAD.value)
            )

    async def retry(self, id: UUID) -> str:
        """Try a dead letter again, now. Returns what became of it; raises what the reaction raises, changing nothing."""
        table = self._store.table("dead_letters")
        async with self._store.work() as work:
            row = await letter(work.session, table, id)
            if row.state != LetterState.DEAD.value:
                return row.state
            heard = read_event(original(row))
            last = (await last_heard(work.session, self._store.table("inbox"), {inbox_key(heard)})).get(
                inbox_key(heard)
            )
            where = place(heard, last)
            if where is Place.AHEAD:
                raise OutOfOrder(missing=(last or 0) + 1, sequence=heard.sequence)
            await self._apply(work, [original(row)])
            decided = {"state": LetterState.RETRIED.value, "decided_at": work.now, "decision": where.value}
            await work.session.execute(sa.update(table).where(table.c.id == id).values(**decided))
        return LetterState.RETRIED.value


class OutOfOrder(Refused):
    """An earlier event of the same aggregate is missing: retry that one first."""

    slug = "out-of-order"
    message = "Event {sequence} of its aggregate cannot be handled before event {missing}. Retry that one first."


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
