"""The directory behind its own front, without a broker: what a browser or a partner's software sees."""

import asyncio
import contextlib
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2

from services.chassis.brokers import broker_of
from services.chassis.identity.people import Claim, Person
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.live import Live
from services.chassis.runtime.settings import Settings
from services.chassis.runtime.settings.access import IN_PUBLIC
from services.chassis.storage.store import Store
from services.chassis.testing import migrated
from services.chassis.web.app import Process
from services.contracts.roles import Role
from services.directory.app import SERVICE, start
from services.directory.claims import ORGANIZATION
from services.directory.demo import organization_id

BASE = "http://cefo.test"

PROVIDER = Person(
    subject="demo/ifapme",
    name="Provider (demo)",
    roles=frozenset({Role.PROVIDER}),
    claims=frozenset({Claim(ORGANIZATION, str(organization_id("ifapme")))}),
)
OTHER_PROVIDER = PROVIDER.model_copy(
    update={"subject": "demo/siep", "claims": frozenset({Claim(ORGANIZATION, str(organization_id("siep")))})}
)
COUNSELLOR = Person(
    subject="demo/mons", name="Counsellor (demo)", roles=frozenset({Role.COUNSELLOR}), centres=frozenset({"mons"})
)
ARLON = COUNSELLOR.model_copy(update={"subject": "demo/arlon", "centres": frozenset({"arlon"})})
CITE = Person(
    subject="demo/charleroi", name="Cité (demo)", roles=frozenset({Role.CITE}), centres=frozenset({"charleroi"})
)
OTHER_CITE = CITE.model_copy(update={"subject": "demo/liege", "centres": frozenset({"liege"})})
MANAGER = Person(subject="demo/region", name="Region (demo)", roles=frozenset({Role.MANAGER}))
OPERATOR = Person(subject="demo/operations", name="Operations (demo)", roles=frozenset({Role.OPERATOR}))
DESK = Person(subject="demo/desk", name="Desk (demo)", roles=frozenset({Role.FRONT_DESK}), centres=frozenset({"mons"}))


def visitor(subject_ref: UUID) -> Person:
    """The person under this reference, signed in."""
    return Person(subject="visitor", name="–", roles=frozenset({Role.VISITOR}), subject_ref=subject_ref)


_first_starts: dict[tuple[bool, datetime], bytes] = {}
"""The store's file after the first start, by `demo` and the time."""


async def _write(file: Path, content: bytes) -> None:
    await asyncio.to_thread(file.parent.mkdir, parents=True, exist_ok=True)
    await asyncio.to_thread(file.write_bytes, content)


def _content(file: Path) -> bytes:
    """The content of a SQLite store, its write-ahead log included."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        return connection.serialize()


class Site:
    """One process with the directory in it, migrated; with `demo`, its demonstration providers and accounts."""

    def __init__(self, folder: Path, clock: Clock, *, demo: bool = True) -> None:
        settings = Settings(data=folder, demo=demo, demo_in_public=IN_PUBLIC, public_url=BASE)
        self.process = Process([SERVICE], settings, broker_of(settings, embedded=True), live=Live(None), clock=clock)
        self._transport = httpx2.ASGITransport(app=self.process)

    @property
    def store(self) -> Store:
        """The directory's store."""
        return self.process.runtimes[0].store

    async def open(self) -> None:
        """Bring the store up as a start does, by the real migrations.

        What the first start at this time wrote is copied: a thousand tests start with the same providers.
        """
        runtime, file = self.process.runtimes[0], Path(self.store.writer.url.database or "")
        written = self.process.settings.demo, runtime.clock()
        if written in _first_starts:
            await _write(file, _first_starts[written])
            return await start(runtime)
        await migrated(self.store, SERVICE)
        await start(runtime)
        _first_starts[written] = await asyncio.to_thread(_content, file)

    async def close(self) -> None:
        """Give everything back."""
        self.process.live.close()
        await self.store.close()

    def as_(self, person: Person | None, *, page: bool = False, language: str = "en") -> httpx2.AsyncClient:
        """A client that is signed in as this person: a program with a token, or a browser with a cookie."""
        headers = {"accept-language": language}
        cookies: dict[str, str] = {}
        token = self.process.signer.session(person) if person is not None else None
        if page:
            headers |= {"accept": "text/html", "sec-fetch-site": "same-origin", "referer": f"{BASE}/directory/"}
            cookies = {"cefo-session": token} if token else {}
        elif token:
            headers["authorization"] = f"Bearer {token}"
        return httpx2.AsyncClient(transport=self._transport, base_url=BASE, headers=headers, cookies=cookies)

    async def get(self, person: Person | None, path: str, **query: Any) -> httpx2.Response:
        """One GET of the JSON API."""
        async with self.as_(person) as client:
            return await client.get(f"/directory/api/v1{path}", params=query)

    async def post(self, person: Person | None, path: str, body: Any = None) -> httpx2.Response:
        """One POST of the JSON API."""
        async with self.as_(person) as client:
            key = {"idempotency-key": str(uuid4())}
            return await client.post(f"/directory/api/v1{path}", json=body, headers=key)

    async def put(self, person: Person | None, path: str, body: Any) -> httpx2.Response:
        """One PUT of the JSON API."""
        async with self.as_(person) as client:
            return await client.put(f"/directory/api/v1{path}", json=body)
