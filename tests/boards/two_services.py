"""A centre on three services with stores of their own; their events are carried by hand, in any order of aggregates."""

from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from services.chassis.copies.visits import (
    Day,
    QueuedVisit,
    Visits,
    counts_of,
    in_turn,
    is_here,
    is_left_over,
    just_seen,
)
from services.chassis.events.reactions import Reactions
from services.chassis.service.definition import Service
from services.chassis.storage.outbox import unpack_headers
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock, consumer_for
from services.contracts.cloudevents import Record
from services.impact.app import SERVICE as IMPACT
from services.intake.app import SERVICE as INTAKE
from services.intake.store import Centre, Visit
from services.scheduling.app import SERVICE as SCHEDULING
from services.scheduling.store import Waiting
from tests.givens.scheduling import LIEGE, liege, liege_team, react

SERVICES: tuple[Service, ...] = (INTAKE, SCHEDULING, IMPACT)


class Board(NamedTuple):
    """Who a service shows at a centre, in its order."""

    here: list[tuple[UUID, str]]
    number: int
    just_seen: set[UUID]
    earlier: list[UUID]


@dataclass
class TwoServices:
    """The stores of intake, scheduling and impact, and the events on their way between them."""

    stores: Mapping[str, Store]
    clock: FixedClock
    read: dict[str, int] = field(default_factory=dict[str, int])
    under_way: dict[tuple[str, str, bytes | None], deque[Record]] = field(default_factory=lambda: defaultdict(deque))
    """By consumer, topic and key: these arrive in order; the others in any."""

    async def empty(self) -> None:
        """Nothing has happened yet, at one centre with two counsellors."""
        self.read.clear()
        self.under_way.clear()
        for service in SERVICES:
            async with self.stores[service.name].writer.begin() as connection:
                for table in reversed(service.metadata.sorted_tables):
                    await connection.execute(sa.delete(table))
        async with self.stores["intake"].work() as work:
            areas = list(liege().areas)
            work.add(Centre(code=LIEGE, name="Liège", areas=areas, timezone="Europe/Brussels"))
        await react(self.stores["scheduling"], [liege(), *liege_team()])

    async def collect(self) -> None:
        """What the services have emitted since the last time is on its way to each that consumes it."""
        for service in SERVICES:
            outbox = self.stores[service.name].table("outbox")
            wanted = outbox.select().where(outbox.c.seq > self.read.get(service.name, 0)).order_by(outbox.c.seq)
            async with self.stores[service.name].read() as session:
                rows = (await session.execute(wanted)).all()
            for row in rows:
                self.read[service.name] = row.seq
                record = Record(row.topic, row.key, unpack_headers(row.headers), row.value)
                for consumer in SERVICES:
                    if record.topic in consumer.reactions.topics:
                        self.under_way[consumer.name, record.topic, record.key].append(record)

    async def deliver_one(self, choice: int, again: bool = False) -> None:
        """The next event of one aggregate arrives at one consumer; `again`: twice."""
        waiting = [key for key, records in self.under_way.items() if records]
        if waiting:
            consumer, topic, key = waiting[choice % len(waiting)]
            record = self.under_way[consumer, topic, key].popleft()
            await self._process(consumer, *[record] * (1 + again))

    async def deliver_all(self, dice: Random) -> None:
        """Everything arrives, in any order of aggregates, and what it sets off."""
        await self.collect()
        while any(self.under_way.values()):
            await self.deliver_one(dice.randrange(1_000))
            await self.collect()

    async def _process(self, consumer: str, *records: Record) -> None:
        reactions: Reactions = next(one for one in SERVICES if one.name == consumer).reactions
        store = self.stores[consumer]
        await consumer_for(store, reactions).process(list(records))
        async with store.read() as session:
            letters = (await session.execute(store.table("dead_letters").select())).all()
        assert letters == []

    async def boards(self) -> tuple[Board, Board]:
        """The desk's board and the counsellor's."""
        return await self._board("intake", Visit), await self._board("scheduling", Waiting)

    async def _board(self, service: str, table: type[Visits]) -> Board:
        async with self.stores["intake"].read() as session:
            day = Day.of(await session.get_one(Centre, LIEGE), self.clock())
        async with self.stores[service].read() as session:
            here = await in_turn(session, table, is_here(table, day), 1000)
            seen = await just_seen(session, table, day, 1000)
            earlier = await in_turn(session, table, is_left_over(table, day), 1000)
            count = sum((await counts_of(session, table, is_here(table, day))).values())
        return Board(
            [(row.id, _state(row)) for row in here], count, {row.id for row in seen}, [row.id for row in earlier]
        )

    async def rows(self, service: str, table: type[Any]) -> list[Any]:
        """Every row of a table."""
        async with self.stores[service].read() as session:
            return list(await session.scalars(sa.select(table)))


def _state(row: QueuedVisit) -> str:
    """What a board says about a visit beside its place."""
    turn = (row.held_at and "on hold", row.for_area, row.for_desk, row.for_counsellor)
    return " ".join([row.status, *filter(None, turn)])
