"""A store of the directory for each test, on SQLite and on PostgreSQL, with its centres and two invented providers."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock
from services.directory import actions
from services.directory.app import SERVICE
from tests.directory.web import Site
from tests.givens.directory import MARCH, atelier, passerelle
from tests.parts.stores import BOTH, empty_store


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MARCH)


@pytest.fixture(params=BOTH)
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock) -> AsyncGenerator[Store]:
    async with empty_store(request, SERVICE, tmp_path, clock) as made:
        async with made.work() as work:
            await actions.open_feed(work)
        yield made


@pytest.fixture
async def town(store: Store) -> Store:
    """The store with the network's centres and two providers."""
    async with store.work() as work:
        await actions.publish_centres(work)
        await actions.set_provider(work, *atelier())
        await actions.set_provider(work, *passerelle())
    return store


@pytest.fixture
async def site(tmp_path: Path, clock: FixedClock) -> AsyncGenerator[Site]:
    """The directory as a process would run it, on SQLite, by its migrations."""
    made = Site(tmp_path, clock)
    await made.open()
    yield made
    await made.close()
