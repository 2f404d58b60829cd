"""A store of scheduling of its own for each test, on SQLite and on PostgreSQL, with Liège in it."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock, client_of
from services.scheduling.app import SERVICE
from tests.givens.scheduling import COUNSELLOR, MONDAY, Visitor, open_liege, react
from tests.parts.stores import BOTH, empty_store


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MONDAY)


@pytest.fixture(params=BOTH)
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock) -> AsyncGenerator[Store]:
    async with empty_store(request, SERVICE, tmp_path, clock) as made:
        await open_liege(made)
        yield made


@pytest.fixture
async def adult(store: Store) -> Visitor:
    """Visitor who agreed to be known, to book guidance."""
    visitor = Visitor()
    await react(store, [visitor.registered()])
    return visitor


@pytest.fixture
async def desk(tmp_path: Path, clock: FixedClock) -> AsyncGenerator[Client]:
    """A browser in front of scheduling, signed in as Nadia, counsellor in Liège."""
    async with client_of(SERVICE, tmp_path, person=COUNSELLOR, clock=clock) as client:
        await open_liege(client.store)
        client.headers["accept-language"] = "fr"
        yield client


@pytest.fixture
async def known(desk: Client) -> Visitor:
    """Visitor who waits in Liège and agreed to be known, to book guidance."""
    visitor = Visitor()
    await react(desk.store, [visitor.checks_in(), visitor.registered(), visitor.is_identified()])
    return visitor
