"""Servers for the fault tests only, which kill them (Kafka, PostgreSQL, Redis), and the platforms on them."""

import os
import random
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.launcher.kafka import ApacheKafka, JarsNotCopied
from services.launcher.local import LocalStack
from tests.faults.history import History
from tests.faults.platforms import Separate, Together
from tests.parts.fixtures import folder, postgres_in
from tests.parts.postgres import PostgresServer
from tests.parts.presence import KAFKA, NGINX, REDIS
from tests.parts.redis import RedisServer
from tests.parts.warm import warm_starts


@pytest.fixture(scope="package", autouse=True)
def _started_warm() -> Generator[None]:  # pyright: ignore[reportUnusedFunction]
    with warm_starts():
        yield


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """The seed of all random choices; a failed test is repeated with the `SEED=` that it printed.

    Tests on one platform get different ones: two loads of the same seed would ask for the same bookings.
    """
    chosen = int(os.environ.get("SEED", "") or random.randrange(1_000_000))
    print(f"SEED={chosen}")
    return random.Random(f"{chosen} {request.node.name}").randrange(1_000_000)


@pytest.fixture(scope="package")
def own_kafka() -> Generator[ApacheKafka]:
    """Apache Kafka, one node."""
    with folder("faults-kafka") as place, ApacheKafka() as cluster:
        with KAFKA.starting():
            try:
                cluster.libs()
            except JarsNotCopied as error:
                KAFKA.refuse(str(error))
            cluster.start(1, place)
        yield cluster


@pytest.fixture(scope="package")
def own_postgres() -> Generator[PostgresServer]:
    """A PostgreSQL server, durable as in production."""
    with folder("faults-postgres") as place, postgres_in(place) as server:
        yield server


@pytest.fixture(scope="package")
def own_redis() -> Generator[RedisServer]:
    """A Redis server."""
    with folder("faults-redis") as place:
        with REDIS.starting():
            server = RedisServer(place)
        yield server
        server.stop()


@pytest.fixture(scope="package")
def separate(own_kafka: ApacheKafka, own_postgres: PostgresServer, own_redis: RedisServer) -> Generator[Separate]:
    """The platform as in production. Every test adds to its history, and all of it is checked."""
    store = own_postgres.url().rsplit("/", 1)[0]
    with folder("faults-separate") as place, separate_on(place, own_kafka.bootstrap, store, own_redis.url) as platform:
        yield platform


@contextmanager
def separate_on(place: Path, kafka: str, store: str, redis: str, **more: str) -> Generator[Separate]:
    """A process per service on these servers."""
    rehearsal = {"CEFO_DEMO": "true", "CEFO_REHEARSAL_CLOCK": str(place / "clock")}
    settings = {"CEFO_LOG_LEVEL": "warning", **rehearsal, **more}
    stack = LocalStack(place, kafka, store, redis, env=settings)
    history = History(place / "history.ndjson")
    try:
        with NGINX.starting():
            stack.start()
        yield Separate(stack, history)
    finally:
        stack.stop()
        history.close()


@contextmanager
def together_on(place: Path, history: History, store: str = "", **more: str) -> Generator[Together]:
    """Everything in one process, not started yet. `place`: its files; `store`: PostgreSQL instead of SQLite there."""
    settings = {"CEFO_STORE": store, **more} if store else more
    platform = Together(place, history, settings, store)
    try:
        yield platform
    finally:
        platform.process("cefo").kill()
        platform.process("cefo").wait()
        history.close()


@pytest.fixture
def together(tmp_path: Path) -> Generator[Together]:
    """Everything in one process; not started yet."""
    with together_on(tmp_path, History(tmp_path / "history.ndjson")) as platform:
        yield platform
