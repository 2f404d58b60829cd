"""Each journey runs on both stacks."""

from collections.abc import Generator
from contextlib import ExitStack

import pytest

from services.launcher.kafka import ApacheKafka
from tests.journeys.stacks import Stack, embedded, local
from tests.parts.postgres import PostgresServer
from tests.parts.redis import RedisPart
from tests.parts.warm import cold_starts, warm_starts


@pytest.fixture(scope="package", autouse=True)
def _started_warm() -> Generator[None]:  # pyright: ignore[reportUnusedFunction]
    with warm_starts():
        yield


@pytest.fixture(scope="module")
def started_cold() -> Generator[None]:
    """For tests of the start itself, and of what the system shows of a process."""
    with cold_starts():
        yield


@pytest.fixture(
    scope="package", params=["embedded", pytest.param("local", marks=[pytest.mark.kafka, pytest.mark.postgres])]
)
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    """A running platform with nothing in it but the demo data, started as people start it."""
    folder = tmp_path_factory.mktemp("stack")
    which: str = request.param
    with ExitStack() as running:
        with cold_starts():
            if which == "embedded":
                started = running.enter_context(embedded(folder))
            else:
                kafka: ApacheKafka = request.getfixturevalue("kafka")
                postgres: PostgresServer = request.getfixturevalue("postgres")
                redis: RedisPart = request.getfixturevalue("redis_server")
                store = postgres.url().rsplit("/", 1)[0]
                started = running.enter_context(local(folder, kafka.bootstrap, store, redis.url))
        yield started
