"""For tests of a service: its store without a server, events without a broker, requests without a network.

::

    async with store_of(SERVICE, f"sqlite+aiosqlite:///{tmp_path}/desk.db", clock) as store: ...
    await publish(store, reactions, record_of(VisitServed(...), 3))
    async with client_of(SERVICE, tmp_path, person=counsellor) as client: await client.get("/desk/")
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID, uuid4

import httpx2
from faststream.kafka import TestKafkaBroker

from services.chassis.brokers import broker_of
from services.chassis.events.consumer import Consumer
from services.chassis.events.reactions import Reactions
from services.chassis.identity.people import Person
from services.chassis.runtime.clock import Clock, system_clock
from services.chassis.runtime.live import Live
from services.chassis.runtime.settings import Settings
from services.chassis.service.definition import Service
from services.chassis.storage.migrations import migrate
from services.chassis.storage.outbox import unpack_headers
from services.chassis.storage.store import Store
from services.chassis.web.app import Process
from services.chassis.web.cookies import cookie_name
from services.chassis.web.pages import FLASH_SECONDS
from services.chassis.web.platform import DemoAccount
from services.contracts import Event
from services.contracts.cloudevents import SEQUENCE, IncomingEvent, Record, read_event, write_event

ORIGIN = "http://testserver"
KEY = "the key of a consumer that a test makes, 40 bytes"
NOBODY = "127.0.0.1:1"
"""A Kafka address on which no server listens."""


class FixedClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: datetime = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """The current time of this clock."""
        return self.now

    def forward(self, **spans: float) -> datetime:
        """Advance it, for example `forward(minutes=5)`. Returns the new time."""
        self.now += timedelta(**spans)
        return self.now


def quiet_settings(folder: Path, **more: Any) -> Settings:
    """Settings that touch only this folder and pause only as long as a test needs."""
    chosen: dict[str, Any] = {"kafka": NOBODY, "retry_seconds": 0.001, "fetch_wait_ms": 10, **more}
    return Settings(data=folder, **chosen)


_new: dict[Path, bytes] = {}


async def migrated(store: Store, service: Service) -> None:
    """Migrate a store with the service's migrations. A new SQLite file is created once per process, then copied."""
    folder, file = service.folder / "migrations", Path(store.writer.url.database or "")
    if not store.sqlite or await asyncio.to_thread(file.exists):
        return await migrate(store, folder)
    if folder not in _new:
        with TemporaryDirectory() as temporary:
            first = Store(f"sqlite+aiosqlite:///{temporary}/new.db", service.name, service.metadata)
            await migrate(first, folder)
            await first.close()
            _new[folder] = await asyncio.to_thread(Path(temporary, "new.db").read_bytes)
    await asyncio.to_thread(file.parent.mkdir, parents=True, exist_ok=True)
    await asyncio.to_thread(file.write_bytes, _new[folder])


@asynccontextmanager
async def store_of(service: Service, url: str, clock: Clock = system_clock) -> AsyncGenerator[Store]:
    """The service's store at this SQLAlchemy URL, brought up to date by its own migrations, closed afterwards."""
    store = Store(url, service.name, service.metadata, clock)
    try:
        await migrated(store, service)
        yield store
    finally:
        await store.close()


def consumer_for(store: Store, reactions: Reactions, **settings: Any) -> Consumer:
    """A consumer that processes the batches it is given: `await consumer_for(store, reactions).process([...])`.

    For malformed records, dead letters and batches of many events.
    """
    return Consumer(store, broker_of(quiet_settings(Path(), **{"secret_key": KEY, **settings})), reactions)


async def publish(store: Store, reactions: Reactions, *records: Record, **settings: Any) -> None:
    """Publish these records, one after the other, to a service that has these reactions, on FastStream's test broker.

    They pass its subscriber, middlewares, parser and decoder. Headers must be text, and offsets are always 0.
    """
    consumer = consumer_for(store, reactions, **settings)
    async with TestKafkaBroker(consumer.stream):
        for record in records:
            headers = {name: (value or b"").decode() for name, value in record.headers}
            await consumer.stream.publish(record.value, record.topic, key=record.key, headers=headers)


def record_of(
    event: Event,
    sequence: int | None,
    *,
    id: UUID | None = None,
    source: str | None = None,
    time: datetime | None = None,
    correlation_id: UUID | None = None,
    causation_id: UUID | None = None,
) -> Record:
    """The record of `event` with this sequence (None: without one), as a consumer reads it.

    `source` defaults to the service that owns the topic.
    """
    record = write_event(
        event,
        id=id or uuid4(),
        time=time or datetime.now(UTC),
        sequence=sequence or 1,
        correlation_id=correlation_id or uuid4(),
        causation_id=causation_id,
    )
    headers = [header for header in record.headers if header[0] != SEQUENCE or sequence is not None]
    if source is not None:
        headers = [(name, source.encode() if name == "ce_source" else value) for name, value in headers]
    return record._replace(headers=headers)


async def emitted(store: Store, *types: type[Event]) -> list[IncomingEvent]:
    """All events that the service has emitted, in order; of these types only, if any are given."""
    outbox = store.table("outbox")
    async with store.read() as session:
        rows = (await session.execute(outbox.select().order_by(outbox.c.seq))).all()
    events = [read_event(Record(row.topic, row.key, unpack_headers(row.headers), row.value)) for row in rows]
    return [one for one in events if not types or isinstance(one.event, types)]


@asynccontextmanager
async def client_of(
    service: Service,
    folder: Path,
    *,
    person: Person | None = None,
    clock: Clock = system_clock,
    settings: Settings | None = None,
    accounts: Mapping[str, DemoAccount] | None = None,
) -> AsyncGenerator["Client"]:
    """A browser in front of a process with this one service, on stores in `folder`; relay and consumer do not run."""
    chosen = settings or quiet_settings(folder)
    process = Process([service], chosen, broker_of(chosen), live=Live(), clock=clock, accounts=accounts)
    runtime = process.runtimes[0]
    await migrated(runtime.store, service)
    if service.on_start is not None:
        await service.on_start(runtime)
    client = Client(process)
    try:
        async with client:
            yield client.signed_in(person)
    finally:
        process.live.close()
        await runtime.store.close()


class Client(httpx2.AsyncClient):
    """Sends requests as a browser on the platform's pages does. Does not follow redirects, so that tests see them."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.runtime = process.runtimes[0]
        self.store = self.runtime.store
        transport = httpx2.ASGITransport(app=process, raise_app_exceptions=False)  # pyright: ignore[reportArgumentType]
        super().__init__(transport=transport, base_url=ORIGIN, headers={"origin": ORIGIN})

    def signed_in(self, person: Person | None) -> "Client":
        """Signs this client in as this person; None: signs out."""
        name = cookie_name(self.process.settings, "session")
        self.cookies.clear()
        if person is not None:
            self.cookies.set(name, self.process.signer.session(person))
        return self

    def flash(self, answer: httpx2.Response) -> str:
        """The message that a redirect carries to the next page: `kind:text`."""
        name = cookie_name(self.process.settings, "flash")
        sealed = self.process.signer.unseal("flash", answer.cookies.get(name) or "", FLASH_SECONDS)
        return f"{sealed['kind']}:{sealed['text']}"

    async def consume(self, *records: Record) -> None:
        """Have the service process these records."""
        await self.runtime.consumer.process(list(records))
