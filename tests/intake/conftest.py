"""Intake's store on SQLite and on PostgreSQL, and its web, each with Liège and Namur in it."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock, client_of
from services.intake.app import SERVICE
from tests.givens.intake import LIEGE_DESK, MONDAY, open_centres
from tests.parts.stores import BOTH, empty_store


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MONDAY)


@pytest.fixture(params=BOTH)
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock) -> AsyncGenerator[Store]:
    async with empty_store(request, SERVICE, tmp_path, clock) as made:
        await open_centres(made)
        yield made


@pytest.fixture
async def client(tmp_path: Path, clock: FixedClock) -> AsyncGenerator[Client]:
    """A browser at Liège's desk."""
    async with client_of(SERVICE, tmp_path, person=LIEGE_DESK, clock=clock) as made:
        await open_centres(made.store)
        yield made
