"""Each journey runs on both stacks."""

from collections.abc import Generator

import pytest

from services.launcher.kafka import ApacheKafka
from tests.journeys.stacks import Stack, embedded, local
from tests.parts.postgres import PostgresServer
from tests.parts.redis import RedisPart


@pytest.fixture(
    scope="package", params=["embedded", pytest.param("local", marks=[pytest.mark.kafka, pytest.mark.postgres])]
)
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    """A running platform with nothing in it but the demo data."""
    folder = tmp_path_factory.mktemp("stack")
    which: str = request.param
    if which == "embedded":
        with embedded(folder) as running:
            yield running
    else:
        kafka: ApacheKafka = request.getfixturevalue("kafka")
        postgres: PostgresServer = request.getfixturevalue("postgres")
        redis: RedisPart = request.getfixturevalue("redis_server")
        store = postgres.url().rsplit("/", 1)[0]
        with local(folder, kafka.bootstrap, store, redis.url) as running:
            yield running
