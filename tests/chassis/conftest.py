"""The sample service behind a browser, and the people who use it."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import structlog

from services.chassis.identity.people import Person
from services.chassis.testing import Client, FixedClock, client_of, quiet_settings
from services.chassis.web.platform import DemoAccount
from services.contracts.roles import Role
from tests.chassis.sample_service import Table, service

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
    settings = quiet_settings(tmp_path, body_limit=2048, demo=True)
    async with client_of(service(tmp_path), tmp_path, clock=clock, settings=settings, accounts=ACCOUNTS) as made:
        async with made.store.writer.begin() as connection:
            await connection.run_sync(Table.metadata.create_all)
        yield made
