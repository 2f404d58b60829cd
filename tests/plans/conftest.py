"""A store of plans of its own for each test, on SQLite and on PostgreSQL, and one person's plan in it."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest

from services.chassis.brokers import broker_of
from services.chassis.identity.people import Person
from services.chassis.runtime.live import Live
from services.chassis.runtime.settings import Settings
from services.chassis.storage.store import Store
from services.chassis.testing import migrated
from services.chassis.web.app import Process
from services.contracts.scheduling import Method
from services.plans.app import SERVICE
from tests.givens.plans import MARCH, Adult, mons, react
from tests.parts.stores import BOTH, empty_store


@pytest.fixture(params=BOTH)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Store]:
    async with empty_store(request, SERVICE, tmp_path, lambda: MARCH) as made:
        yield made


@pytest.fixture
async def adult(store: Store) -> Adult:
    """An adult on an individual path whose first interview was held: the plan is open."""
    adult = Adult(Method.INDIVIDUAL)
    await react(store, [mons(), adult.path_opened(), adult.interview(1)])
    return adult


@dataclass
class Site:
    """Plans' own web, without Kafka around it: its store, and a client signed in as anybody."""

    process: Process

    @property
    def store(self) -> Store:
        return self.process.runtimes[0].store

    def as_(self, person: Person | None, *, lang: str = "en", page: bool = False) -> httpx2.AsyncClient:
        """Who asks, in which language; `page`: as a browser does, with the session in its cookie."""
        headers = {"accept-language": lang, "accept": "text/html" if page else "application/json"}
        cookies: dict[str, str] = {}
        if person is not None and page:
            headers["sec-fetch-site"] = "same-origin"
            cookies["cefo-session"] = self.process.signer.session(person)
        elif person is not None:
            headers["authorization"] = f"Bearer {self.process.signer.session(person)}"
        transport = httpx2.ASGITransport(app=cast(Any, self.process))
        return httpx2.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:8000", headers=headers, cookies=cookies
        )


@pytest.fixture
async def site(tmp_path: Path) -> AsyncGenerator[Site]:
    settings = Settings(data=tmp_path, demo=True)
    process = Process([SERVICE], settings, broker_of(settings), live=Live(), clock=lambda: MARCH)
    made = Site(process)
    await migrated(made.store, SERVICE)
    yield made
    await made.store.close()


@pytest.fixture
async def her(site: Site) -> Adult:
    """An adult whose individual plan is open, as the site's store has it."""
    adult = Adult(Method.INDIVIDUAL)
    await react(site.store, [mons(), adult.path_opened(), adult.interview(1)])
    return adult
