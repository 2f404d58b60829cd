"""Impact's store on SQLite and on PostgreSQL, and its web, each with Liège and Mons in it."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock, client_of
from services.impact.app import SERVICE
from tests.givens.impact import centre, process
from tests.parts.stores import BOTH, empty_store


@pytest.fixture
def clock() -> FixedClock:
    """9 o'clock on 2 March 2026 in Brussels."""
    return FixedClock()


@pytest.fixture(params=BOTH)
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock) -> AsyncGenerator[Store]:
    async with empty_store(request, SERVICE, tmp_path, clock) as made:
        await process(made, centre("liege"), centre("mons"))
        yield made


@pytest.fixture
async def client(tmp_path: Path, clock: FixedClock) -> AsyncGenerator[Client]:
    """The browser of a person who has not signed in."""
    async with client_of(SERVICE, tmp_path, clock=clock) as made:
        await process(made.store, centre("liege"), centre("mons"))
        yield made
