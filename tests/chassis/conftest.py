"""The sample service behind a browser, the people who use it, and its empty store."""

from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest
import structlog
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from services.chassis.identity.people import Person
from services.chassis.runtime.settings import Settings
from services.chassis.runtime.tracing import provider_of
from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock, client_of, quiet_settings
from services.chassis.web.platform import DemoAccount
from services.contracts.roles import Role
from tests.chassis.sample_service import Table, service
from tests.parts.postgres import PostgresServer

DESK = Person(subject="t/desk", name="Accueil (test)", roles=frozenset({Role.FRONT_DESK}), centres=frozenset({"huy"}))
ACCOUNTS = {"welcome": DemoAccount("welcome", DESK, "Welcome visitors.")}
OPERATOR = Person(subject="t/ops", name="Exploitation (test)", roles=frozenset({Role.OPERATOR}))


@pytest.fixture(autouse=True, scope="session")
def plain_logs() -> None:
    """Tracebacks as text: drawing them with every local takes seconds."""
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()],
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
async def client(tmp_path: Path, clock: FixedClock) -> AsyncGenerator[Client]:
    settings = quiet_settings(tmp_path, body_limit=2048, import_limit=100_000, demo=True)
    async with client_of(service(tmp_path), tmp_path, clock=clock, settings=settings, accounts=ACCOUNTS) as made:
        async with made.store.writer.begin() as connection:
            await connection.run_sync(Table.metadata.create_all)
        yield made


@pytest.fixture
async def operator(client: Client) -> Client:
    """The same browser, signed in as an operator."""
    return client.signed_in(OPERATOR)


@dataclass
class Spans:
    """The spans of the sample service, which are exported into memory under these settings."""

    settings: Settings
    exporter: InMemorySpanExporter

    @property
    def provider(self) -> Any:
        return cast(Any, provider_of(self.settings, "sample"))

    def finished(self) -> list[ReadableSpan]:
        """Every span that has ended."""
        self.provider.force_flush()
        return list(self.exporter.get_finished_spans())


def ids(span: ReadableSpan) -> tuple[str, str]:
    """A span's trace id and its own id, as `traceparent` has them."""
    context = span.get_span_context()
    assert context is not None
    return f"{context.trace_id:032x}", f"{context.span_id:016x}"


@pytest.fixture
def spans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Spans]:
    exporter = InMemorySpanExporter()
    target = "opentelemetry.exporter.otlp.proto.http.trace_exporter.OTLPSpanExporter"

    def in_memory(endpoint: str) -> InMemorySpanExporter:
        return exporter

    monkeypatch.setattr(target, in_memory)
    exported = Spans(quiet_settings(tmp_path, otlp_endpoint=f"http://{uuid4()}"), exporter)
    yield exported
    exported.provider.shutdown()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'store.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return (await server.create_database("chassis_store")).replace("postgresql://", "postgresql+asyncpg://")


@pytest.fixture
async def store(url: str, clock: FixedClock) -> AsyncGenerator[Store]:
    made = Store(url, "sample", Table.metadata, clock)
    async with made.writer.begin() as connection:
        await connection.run_sync(Table.metadata.create_all)
    yield made
    await made.close()
