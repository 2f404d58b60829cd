"""A minimal service: it counts numbers, emits an event for each, and applies the events that it consumes."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID, uuid4

import sqlalchemy as sa
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from sqlmodel import Field, SQLModel

from services.chassis.events.reactions import Reactions
from services.chassis.refusals import Refused, msg
from services.chassis.storage.outbox import unpack_headers
from services.chassis.storage.store import Aggregate, Store, Work
from services.chassis.storage.tables import read_model_metadata
from services.chassis.testing import record_of
from services.contracts.cloudevents import Record
from services.contracts.envelope import EVENTS, Event, Number, PersonalReference
from services.contracts.topics import TOPICS, Topic

POISON = 666
"""A number for which the reaction fails."""


_LENT = sa.text("lent = 1")


class Table(SQLModel):
    metadata = read_model_metadata()


class Tally(Aggregate, Table, table=True):
    """Every number that was counted, in the order in which it took effect."""

    __tablename__ = "tallies"  # pyright: ignore[reportAssignmentType]

    trail: list[int] = Field(default_factory=list[int], sa_type=sa.JSON)


class Desk(Table, table=True):
    """A desk; its name is unique."""

    __tablename__ = "desks"  # pyright: ignore[reportAssignmentType]

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    name: str = Field(unique=True)
    seats: int


class GuestDesk(Table, table=True):
    """A desk lent to a guest until it is returned. Its table's name begins with that of the desks."""

    __tablename__ = "desks_of_guests"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (
        sa.Index("desks_of_guests_once", "name", unique=True, postgresql_where=_LENT, sqlite_where=_LENT),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    name: str
    lent: int


class Opening(Table, table=True):
    """When a desk opens on a day: not an aggregate, and with a key of two columns."""

    __tablename__ = "openings"  # pyright: ignore[reportAssignmentType]

    desk: str = Field(primary_key=True)
    day: str = Field(primary_key=True)
    at: str


class Unlucky(Refused):
    slug = "unlucky"
    message = msg("{number} cannot be counted.")


class Counted(Event):
    """A number was counted. Each test has a subclass of its own, on its own topic."""

    tally_id: PersonalReference
    number: Number


def counted_on(topic: Topic) -> type[Counted]:
    """The event type of one test; `unregister` it afterwards."""
    kind = f"cefo.sample.counted-{uuid4().hex[:8]}.v1"
    return type("CountedHere", (Counted,), {}, type=kind, topic=topic, about="tally_id")


def unregister(event: type[Event]) -> None:
    EVENTS.pop(event.type, None)
    TOPICS.pop(event.topic.name, None)


@dataclass
class Sample:
    """A test's event type, its reactions, and the numbers for which they fail."""

    event: type[Counted]
    unlucky: set[int]
    reactions: Reactions

    @classmethod
    def on(cls, topic: Topic) -> "Sample":
        sample = cls(counted_on(topic), {POISON}, Reactions())
        sample.reactions.on(sample.event, loads=Tally, begins=True)(sample.count)
        return sample

    async def count(self, work: Work, event: Counted) -> None:
        if event.number in self.unlucky:
            raise Unlucky(number=event.number)
        tally = await work.find(Tally, event.tally_id) or work.start(Tally(id=event.tally_id))
        tally.trail = [*tally.trail, event.number]

    async def emit(self, store: Store, tally_id: UUID, number: int) -> None:
        """Count a number and emit the event, in one unit of work."""
        async with store.work() as work:
            tally = await work.find(Tally, tally_id) or work.start(Tally(id=tally_id))
            tally.trail = [*tally.trail, number]
            work.emit(tally, self.event(tally_id=tally_id, number=number))

    def record_of(self, tally_id: UUID, sequence: int, number: int | None = None) -> Record:
        """The record of a tally's event `sequence`, as a consumer reads it. `number` defaults to `sequence`."""
        event = self.event(tally_id=tally_id, number=sequence if number is None else number)
        return record_of(event, sequence, time=datetime(2026, 3, 2, 8, tzinfo=UTC))


async def trail(store: Store, tally_id: UUID) -> list[int]:
    """The numbers that took effect, in order; empty if the tally does not exist."""
    async with store.read() as session:
        tally = await session.get(Tally, tally_id)
    return [] if tally is None else tally.trail


async def dead_letters(store: Store, state: str | None = None) -> Sequence[Any]:
    """The dead letters in this store, oldest first."""
    table = store.table("dead_letters")
    chosen = table.select().order_by(table.c.at, table.c.sequence)
    async with store.read() as session:
        return (await session.execute(chosen if state is None else chosen.where(table.c.state == state))).all()


async def dead_letter_records(store: Store, topic: Topic) -> list[Record]:
    """The records in the store's outbox for the dead-letter topic of this topic."""
    outbox = store.table("outbox")
    chosen = outbox.select().where(outbox.c.topic == topic.dead_letters).order_by(outbox.c.seq)
    async with store.read() as session:
        rows = (await session.execute(chosen)).all()
    return [Record(row.topic, row.key, unpack_headers(row.headers), row.value) for row in rows]


async def unsent(store: Store) -> int:
    """How many rows of the outbox the broker has not acknowledged."""
    outbox = store.table("outbox")
    async with store.read() as session:
        chosen = sa.select(sa.func.count()).select_from(outbox).where(outbox.c.sent_at.is_(None))
        return await session.scalar(chosen) or 0


async def produce(bootstrap: str, records: Sequence[Record]) -> None:
    """Put raw records into their topics, each after the other has arrived."""
    producer = cast(Any, AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all"))
    await producer.start()
    try:
        for record in records:
            await producer.send_and_wait(record.topic, record.value, key=record.key, headers=record.headers)
    finally:
        await producer.stop()


async def topic_of(bootstrap: str, topic: str) -> list[Record]:
    """All records of a topic, partition by partition."""
    consumer = cast(Any, AIOKafkaConsumer(bootstrap_servers=bootstrap, fetch_max_wait_ms=5))
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in await consumer._client._wait_on_metadata(topic)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning()
        ends: dict[Any, int] = await consumer.end_offsets(partitions)
        found: list[Record] = []
        while any([await consumer.position(tp) < end for tp, end in ends.items()]):
            for messages in (await consumer.getmany(timeout_ms=200)).values():
                found += [Record(m.topic, m.key, list(m.headers), m.value, m.partition, m.offset) for m in messages]
        return sorted(found, key=lambda one: (one.partition, one.offset))
    finally:
        await consumer.stop()


async def eventually(condition: Callable[[], Awaitable[bool]], within: float = 15) -> None:
    """Wait until the condition holds. Raises `TimeoutError` after `within` seconds."""
    async with asyncio.timeout(within):
        while not await condition():  # noqa: ASYNC110 - no task sets an event
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running(*tasks: Any) -> AsyncGenerator[list["asyncio.Task[None]"]]:
    """Run these coroutines as tasks, cancelled at the end. A task that ended early fails the test."""
    started = [asyncio.create_task(task) for task in tasks]
    try:
        yield started
        ended = [task for task in started if task.done() and not task.cancelled()]
        assert not ended, ended
    finally:
        for task in started:
            task.cancel()
        await asyncio.gather(*started, return_exceptions=True)
