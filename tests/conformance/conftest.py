"""Runs each case on each store and each broker. Stores are emptied between tests; each test has its own topic."""

from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from services.chassis.brokers import Broker, broker_of
from services.chassis.events.consumer import Consumer
from services.chassis.runtime.settings import Settings
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock, consumer_for, quiet_settings
from services.contracts import Topic
from services.launcher.embedded import EmbeddedKafka
from tests.conformance.sample import Sample, Table, unregister
from tests.parts.postgres import PostgresServer

STORES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
BROKERS = ["embedded", pytest.param("kafka", marks=pytest.mark.kafka)]

StoreOf = Callable[[str], Store]
_databases: dict[tuple[PostgresServer, str], str] = {}


@pytest.fixture(params=STORES)
async def urls(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """The URLs of the producer's store and of the consumer's store."""
    if request.param == "sqlite":
        for name in ("producer", "consumer"):
            (tmp_path / name).mkdir()
        return {name: f"sqlite+aiosqlite:///{tmp_path / name / name}.db" for name in ("producer", "consumer")}
    server: PostgresServer = request.getfixturevalue("postgres")
    for name in ("producer", "consumer"):
        if (server, name) not in _databases:
            _databases[(server, name)] = await server.create_database(f"conformance_{name}")
    found = {name: _databases[(server, name)] for name in ("producer", "consumer")}
    return {name: url.replace("postgresql://", "postgresql+asyncpg://") for name, url in found.items()}


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
async def open_store(urls: dict[str, str], clock: FixedClock) -> AsyncGenerator[StoreOf]:
    """Opens the store of this name again, as another process would."""
    opened: list[Store] = []

    def open_one(name: str) -> Store:
        opened.append(Store(urls[name], name, Table.metadata, clock))
        return opened[-1]

    yield open_one
    for store in opened:
        await store.close()


@pytest.fixture
async def producer_store(open_store: StoreOf) -> Store:
    """The store of the service that emits the event."""
    return await _emptied(open_store("producer"))


@pytest.fixture
async def consumer_store(open_store: StoreOf) -> Store:
    """The store of the service that consumes it."""
    return await _emptied(open_store("consumer"))


async def empty(store: Store) -> None:
    """Delete every row of a store."""
    async with store.writer.begin() as connection:
        for table in Table.metadata.sorted_tables:
            await connection.execute(sa.delete(table))


async def _emptied(store: Store) -> Store:
    async with store.writer.begin() as connection:
        await connection.run_sync(Table.metadata.create_all)
    await empty(store)
    # A new consumer group for each test: the broker keeps the groups' offsets, the stores are empty.
    store.service = f"{store.service}-{uuid4().hex[:8]}"
    return store


@pytest.fixture
def sample() -> Generator[Sample]:
    """The event of this test, on a topic of its own."""
    made = Sample.on(Topic(f"cefo.sample.{uuid4().hex[:8]}", "sample"))
    yield made
    unregister(made.event)


@pytest.fixture
def consumer(consumer_store: Store, sample: Sample) -> Consumer:
    """A consumer without a broker: the test passes it records."""
    return consumer_for(consumer_store, sample.reactions, attempts=3, hold_seconds=300)


@pytest.fixture(params=BROKERS)
async def broker(request: pytest.FixtureRequest, sample: Sample, tmp_path: Path) -> AsyncGenerator[Broker]:
    """A client of a broker on which the test's topics exist."""
    if request.param == "embedded":
        cluster = EmbeddedKafka()
        made = broker_at(cluster.bootstrap, tmp_path, embedded=True)
    else:
        cluster = None
        made = broker_at(request.getfixturevalue("kafka").bootstrap, tmp_path)
    await made.ensure_topics()
    yield made
    if cluster is not None:
        cluster.close()


def broker_at(bootstrap: str, folder: Path, *, embedded: bool = False, **more: Any) -> Broker:
    """A client of this broker, with short pauses."""
    settings: Settings = quiet_settings(folder, kafka=bootstrap, **more)
    return broker_of(settings, embedded=embedded)
