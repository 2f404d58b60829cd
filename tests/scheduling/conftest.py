"""A store of scheduling of its own for each test, on SQLite and on PostgreSQL, with Liège in it."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from services.chassis.storage.store import Store
from services.chassis.testing import Client, client_of
from services.scheduling.app import SERVICE
from tests.parts.stores import BOTH, empty_store
from tests.scheduling.told import COUNSELLOR, Clock, Somebody, liege, tell


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=BOTH)
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> AsyncGenerator[Store]:
    async with empty_store(request, SERVICE, tmp_path, clock) as made:
        await tell(made, [liege()])
        yield made


@pytest.fixture
async def adult(store: Store) -> Somebody:
    """Somebody who agreed to be known, to book guidance."""
    somebody = Somebody()
    await tell(store, [somebody.registered()])
    return somebody


@pytest.fixture
async def desk(tmp_path: Path, clock: Clock) -> AsyncGenerator[Client]:
    """A browser in front of scheduling, signed in as Nadia, counsellor in Liège."""
    async with client_of(SERVICE, tmp_path, person=COUNSELLOR, clock=clock) as client:
        await tell(client.store, [liege()])
        client.headers["accept-language"] = "fr"
        yield client


@pytest.fixture
async def known(desk: Client) -> Somebody:
    """Somebody who waits in Liège and agreed to be known, to book guidance."""
    somebody = Somebody()
    await tell(desk.store, [somebody.checks_in(), somebody.registered(), somebody.is_identified()])
    return somebody
