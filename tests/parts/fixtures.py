"""The fixtures. Servers run for the whole session and independently of an event loop, so any test may use them."""

import shutil
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from services.launcher.kafka import ApacheKafka, JarsNotCopied
from tests.parts import chromium, redis
from tests.parts.oidc import OidcProvider, Setup
from tests.parts.postgres import PostgresServer, Tls, binaries
from tests.parts.presence import CHROMIUM, KAFKA, OIDC, POSTGRES, REDIS
from tests.parts.redis import FakeRedisServer, RedisPart, RedisServer


@contextmanager
def folder(part: str) -> Generator[Path]:
    """A temporary folder that other users may enter, unlike pytest's own. What is beside it is removed with it."""
    around = Path(tempfile.mkdtemp(prefix=f"cefo-{part}-"))
    around.chmod(0o755)
    path = around / "data"
    path.mkdir(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(around, ignore_errors=True)


@pytest.fixture(scope="session")
def kafka() -> Generator[ApacheKafka]:
    """Apache Kafka, one node; `kafka.bootstrap` is its address. Topics are not created automatically."""
    with folder("kafka") as data, ApacheKafka() as cluster:
        with KAFKA.starting():
            try:
                cluster.libs()
            except JarsNotCopied as error:
                KAFKA.refuse(str(error))
            cluster.start(1, data)
        yield cluster


@contextmanager
def postgres_in(place: Path, tls: Tls | None = None) -> Generator[PostgresServer]:
    """A PostgreSQL server in this folder, stopped at the end."""
    with POSTGRES.starting():
        tools = binaries()
        assert tools is not None
        server = PostgresServer(place, tools, tls)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def postgres() -> Generator[PostgresServer]:
    """A PostgreSQL server; `await postgres.create_database(name)` returns the URL of a new, empty database."""
    with folder("postgres") as data, postgres_in(data) as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Generator[RedisPart]:
    """Redis, or fakeredis if it is missing; `redis_server.url` is its address."""
    with folder("redis") as data:
        with REDIS.starting():
            server = RedisServer(data) if redis.version() else FakeRedisServer()
        yield server
        server.stop()


@contextmanager
def oidc_provider(setup: Setup) -> Generator[OidcProvider]:
    """An OpenID provider with these clients and accounts, ended at the end."""
    with folder("oidc") as place:
        with OIDC.starting():
            provider = OidcProvider(place, setup)
        try:
            yield provider
        finally:
            provider.stop()


@pytest.fixture
async def browser() -> AsyncGenerator[Browser]:
    """A Chromium for one test, in its event loop (0.7 s to start and stop)."""
    with CHROMIUM.starting():
        manager = async_playwright()
        playwright = await manager.start()
        found = await chromium.launch(playwright)
    try:
        yield found
    finally:
        await found.close()
        await playwright.stop()
