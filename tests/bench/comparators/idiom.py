"""The same pipeline in the documented idiom: FastStream and SQLModel, one event per handler call and transaction.

One process per service, as ours. Intake and scheduling import lines, one session each (a visit or an interview and
its outbox row, committed), eight at a time as with so many requests. A loop relays the outbox in order, a hundred rows
at a time. Impact counts, plans and scheduling keep their copies: one handler call per message, with the inbox row, the
effect and the commit, then the offset (`NACK_ON_ERROR`). It is tuned as a good engineer would: asynchronous pooled
sessions, uvloop, acks=all, nothing refreshed, sends of a hundred awaited together.

Started by `row_a_pipeline.py`, which writes to its standard input which lines to import.
"""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import sqlalchemy as sa
import uvloop
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlmodel import Field, SQLModel, col, select

VISITS, INTERVIEWS = "idiom.visits", "idiom.interviews"
AT_ONCE = 8


class Kept(SQLModel, table=True):
    """A visit or an interview."""

    __tablename__ = "kept"  # pyright: ignore[reportAssignmentType]

    id: UUID = Field(primary_key=True)
    centre: str
    area: str | None = None
    status: str
    at: datetime = Field(sa_type=sa.DateTime(timezone=True))  # type: ignore[call-overload]
    version: int = 1


class Outbox(SQLModel, table=True):
    """An event to publish."""

    __tablename__ = "outbox"  # pyright: ignore[reportAssignmentType]

    seq: int | None = Field(default=None, primary_key=True)
    event_id: UUID
    key: str
    value: bytes
    sent_at: datetime | None = Field(default=None, sa_type=sa.DateTime(timezone=True), index=True)  # type: ignore[call-overload]


class Inbox(SQLModel, table=True):
    """A processed event."""

    __tablename__ = "inbox"  # pyright: ignore[reportAssignmentType]

    event_id: UUID = Field(primary_key=True)
    heard_at: datetime = Field(sa_type=sa.DateTime(timezone=True))  # type: ignore[call-overload]


class Tally(SQLModel, table=True):
    """A count of a centre and day."""

    __tablename__ = "tallies"  # pyright: ignore[reportAssignmentType]

    day: date = Field(primary_key=True)
    centre: str = Field(primary_key=True)
    measure: str = Field(primary_key=True)
    number: int


class Copy(SQLModel, table=True):
    """A copy of another service's data."""

    __tablename__ = "copies"  # pyright: ignore[reportAssignmentType]

    id: UUID = Field(primary_key=True)
    centre: str
    status: str


Effect = Callable[[AsyncSession, str, dict[str, Any]], Awaitable[None]]


class Service:
    """One service of the pipeline."""

    def __init__(self, name: str, database: str, kafka: str, season: Path) -> None:
        self._engine = create_async_engine(database, pool_size=AT_ONCE + 4)
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)
        self._broker = KafkaBroker(kafka, acks="all", logger=None)
        self._topic = {"intake": VISITS, "scheduling": INTERVIEWS}.get(name)
        self._lines = season / ("visits.ndjson" if name == "intake" else "interviews.ndjson")
        effects: dict[str, tuple[Effect, list[str]]] = {
            "scheduling": (self._nothing, [VISITS]),
            "plans": (self._copy, [INTERVIEWS]),
            "impact": (self._count, [VISITS, INTERVIEWS]),
        }
        if name in effects:
            effect, topics = effects[name]
            for topic in topics:
                self._subscribe(name, topic, effect)

    async def run(self) -> None:
        """Import, relay and consume until standard input ends."""
        async with self._engine.begin() as connection:
            await connection.run_sync(SQLModel.metadata.create_all)
        await self._broker.start()
        relay = asyncio.create_task(self._relay()) if self._topic else None
        report("ready")
        while command := (await asyncio.to_thread(sys.stdin.readline)).split():
            await self._import(int(command[0]), int(command[1]))
            report("imported")
        if relay is not None:
            relay.cancel()
        await self._broker.stop()

    async def _import(self, first: int, last: int) -> None:
        with self._lines.open("rb") as file:
            wanted = iter([line for number, line in enumerate(file) if first <= number < last])

        async def one_after_the_other() -> None:
            for line in wanted:
                await self._store(orjson.loads(line))

        await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))

    async def _store(self, data: dict[str, Any]) -> None:
        id = UUID(data.get("interview_id") or data["visit_id"])
        at = datetime.fromisoformat(data.get("starts_at") or data["checked_in_at"])
        async with self._sessions() as session:
            session.add(Kept(id=id, centre=data["centre"], area=data.get("area"), status=data["status"], at=at))
            session.add(Outbox(event_id=uuid4(), key=str(id), value=orjson.dumps(data)))
            await session.commit()

    async def _relay(self) -> None:
        while True:
            async with self._sessions() as session:
                unsent = select(Outbox).where(col(Outbox.sent_at).is_(None)).order_by(col(Outbox.seq)).limit(100)
                rows = (await session.scalars(unsent)).all()
                await asyncio.gather(*(self._publish(row) for row in rows))
                for row in rows:
                    row.sent_at = datetime.now(UTC)
                await session.commit()
            if not rows:
                await asyncio.sleep(0.05)

    async def _publish(self, row: Outbox) -> None:
        await self._broker.publish(
            orjson.loads(row.value), self._topic or "", key=row.key.encode(), headers={"event_id": str(row.event_id)}
        )

    def _subscribe(self, name: str, topic: str, effect: Effect) -> None:
        @self._broker.subscriber(
            topic, group_id=f"idiom.{name}", auto_offset_reset="earliest", ack_policy=AckPolicy.NACK_ON_ERROR
        )
        async def on_event(data: dict[str, Any], message: KafkaMessage) -> None:
            event_id = UUID(message.headers["event_id"])
            async with self._sessions() as session:
                if await session.get(Inbox, event_id) is not None:
                    return
                session.add(Inbox(event_id=event_id, heard_at=datetime.now(UTC)))
                await effect(session, topic, data)
                await session.commit()

        _ = on_event

    async def _nothing(self, session: AsyncSession, topic: str, data: dict[str, Any]) -> None:
        """Scheduling records past visits in its inbox only."""

    async def _copy(self, session: AsyncSession, topic: str, data: dict[str, Any]) -> None:
        if data["kind"] == "guidance":
            session.add(Copy(id=UUID(data["interview_id"]), centre=data["centre"], status=data["status"]))

    async def _count(self, session: AsyncSession, topic: str, data: dict[str, Any]) -> None:
        day = datetime.fromisoformat(data.get("starts_at") or data["checked_in_at"]).date()
        counted = insert(Tally).values(day=day, centre=data["centre"], measure=topic, number=1)
        await session.execute(
            counted.on_conflict_do_update(
                index_elements=["day", "centre", "measure"], set_={"number": col(Tally.number) + 1}
            )
        )


def report(word: str) -> None:
    """Report progress to the benchmark."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def main() -> None:
    """Run one service until standard input ends."""
    options = argparse.ArgumentParser(description=__doc__)
    for name in ("service", "database", "kafka"):
        options.add_argument(f"--{name}", required=True)
    options.add_argument("--season", required=True, type=Path)
    chosen = options.parse_args()
    uvloop.run(Service(chosen.service, chosen.database, chosen.kafka, chosen.season).run())


if __name__ == "__main__":
    main()
