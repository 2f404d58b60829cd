"""The running platform with two sides: Liège and Namur, each with its team, a guided person and a provider.

Everything is made by the services' own actions and spread by their own events, in one process, on SQLite.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa

from services.chassis.brokers import broker_of
from services.chassis.identity.people import Person
from services.chassis.identity.tokens import AccountToken, VisitorToken
from services.chassis.runtime.live import Live
from services.chassis.service.definition import Runtime
from services.chassis.storage.outbox import unpack_headers
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock, migrated, quiet_settings
from services.chassis.web.app import Process
from services.contracts.cloudevents import Record
from services.launcher.catalogue import SERVICES, folders, navigation
from tests.matrix.callers import OTHER
from tests.matrix.snapshots import Snapshots

MORNING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
"""A Monday, nine o'clock in Belgium: the centres open."""


@dataclass
class Side:
    """What is Liège's, or Namur's: ids by name, and texts that only some may see."""

    centre: str
    ids: dict[str, UUID] = field(default_factory=dict[str, UUID])
    secret: str = ""
    """Of the person's personal link."""
    private: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Texts that are in answers to these callers alone, by text; `counsellor` means that of this side."""

    def __getitem__(self, name: str) -> UUID:
        return self.ids[name]


@dataclass
class World:
    """A process with everything in it, and how each caller signs in."""

    process: Process
    clock: FixedClock
    snapshots: Snapshots
    liege: Side = field(default_factory=lambda: Side("liege"))
    namur: Side = field(default_factory=lambda: Side("namur"))
    tokens: dict[str, AccountToken | VisitorToken] = field(default_factory=dict[str, AccountToken | VisitorToken])
    """Of each caller who has one."""
    region: dict[str, UUID] = field(default_factory=dict[str, UUID])
    """Accounts that belong to no side: `pending`."""
    dead_letters: dict[str, UUID] = field(default_factory=dict[str, UUID])
    """One of each service."""
    _read: dict[str, int] = field(default_factory=dict[str, int])
    _versions: dict[tuple[str, UUID], int] = field(default_factory=dict[tuple[str, UUID], int])

    @property
    def sides(self) -> tuple[Side, Side]:
        """Liège, about which everyone asks, and Namur."""
        return self.liege, self.namur

    def runtime(self, service: str) -> Runtime:
        """The service in this process."""
        return next(one for one in self.process.runtimes if one.service.name == service)

    def store(self, service: str) -> Store:
        """The store of a service."""
        return self.runtime(service).store

    def side_of(self, caller: str) -> Side:
        """The side of a caller; Liège for who has none."""
        return self.namur if caller.startswith(OTHER) else self.liege

    def version(self, service: str, id: UUID) -> int:
        """The version of a row that a form must name."""
        return self._versions[service, id]

    async def person(self, service: str, caller: str) -> Person:
        """Who this caller is to a service."""
        accounts, token = self.runtime(service).accounts, self.tokens[caller]
        assert accounts is not None
        assert isinstance(token, AccountToken)
        person = await accounts.person(token)
        assert person is not None, caller
        return person

    async def spread(self) -> None:
        """Each service processes what the others have emitted, until there is nothing new."""
        while records := [record for runtime in self.process.runtimes for record in await self._new(runtime)]:
            for runtime in self.process.runtimes:
                mine = [record for record in records if record.topic in runtime.service.reactions.topics]
                await runtime.consumer.process(mine)

    async def _new(self, runtime: Runtime) -> Sequence[Record]:
        outbox, service = runtime.store.table("outbox"), runtime.service.name
        wanted = outbox.select().where(outbox.c.seq > self._read.get(service, 0)).order_by(outbox.c.seq)
        async with runtime.store.read() as session:
            rows = (await session.execute(wanted)).all()
        self._read[service] = rows[-1].seq if rows else self._read.get(service, 0)
        return [Record(row.topic, row.key, unpack_headers(row.headers), row.value) for row in rows]

    async def finish(self) -> None:
        """Put one dead letter into each service, note the versions, and keep the stores as they are now."""
        for runtime in self.process.runtimes:
            await self._fail(runtime)
            async with runtime.store.read() as session:
                for table in runtime.store.metadata.sorted_tables:
                    if {"id", "version"} <= set(table.columns.keys()):
                        rows = await session.execute(sa.select(table.c.id, table.c.version))
                        self._versions |= {(runtime.service.name, row[0]): row[1] for row in rows}
        self.snapshots.take()

    async def _fail(self, runtime: Runtime) -> None:
        """The service gets an event that it cannot read."""
        topic = min(runtime.service.reactions.topics)
        await runtime.consumer.process([Record(topic, b"x", [("ce_type", b"x")], b"{")])
        letters = runtime.store.table("dead_letters")
        async with runtime.store.read() as session:
            self.dead_letters[runtime.service.name] = (await session.scalars(sa.select(letters.c.id))).one()


@asynccontextmanager
async def opened(folder: Path, store: str = "sqlite") -> AsyncGenerator[World]:
    """The five services in one process, their centres published, and nothing else in them.

    `store`: as in `CEFO_STORE`; of stores that are not SQLite, there are no snapshots.
    """
    clock = FixedClock(MORNING)
    # Everyone tries the PIN of one link, and searches.
    settings = quiet_settings(folder, store=store, limit_pin="1000/minute", limit_search="100000/minute")
    process = Process(
        list(SERVICES.values()),
        settings,
        broker_of(settings),
        live=Live(),
        clock=clock,
        navigation=navigation(),
        folders=folders(),
    )
    sqlite = [one for one in process.runtimes if one.store.sqlite]
    files = {one.service.name: Path(one.store.writer.url.database or "") for one in sqlite}
    world = World(process, clock, Snapshots(files))
    try:
        for runtime in process.runtimes:
            await migrated(runtime.store, runtime.service)
            if runtime.service.on_start is not None:
                await runtime.service.on_start(runtime)
        await world.spread()
        yield world
    finally:
        world.snapshots.close()
        process.live.close()
        for runtime in process.runtimes:
            await runtime.store.close()
