"""The platforms under test: a process per service on real parts, and everything in one process on SQLite.

Both are started as users start them, and killed. In pytest they are forked after the imports: `tests/parts/warm.py`.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from uuid import NAMESPACE_URL, uuid5

import httpx2

from services.chassis.identity.people import Claim, Person
from services.chassis.identity.tokens import signer
from services.chassis.runtime.settings import Settings
from services.chassis.storage.store import Store
from services.contracts.accounts import AccountKind
from services.contracts.roles import Role
from services.directory.actions.accounts.seeding import DemoStaff, seed_staff
from services.directory.claims import ORGANIZATION
from services.directory.domain.accounts import Rights
from services.directory.store import Table as DirectoryTable
from services.launcher.local import LocalStack
from services.launcher.ports import free_ports
from services.launcher.trust import tls_verify
from services.scheduling.claims import STAFF_CODE
from tests.faults.checker import Finding, check
from tests.faults.evidence import SERVICES, Evidence, outbox_counts, read_figures, read_store, read_topics, unread
from tests.faults.history import History
from tests.faults.load import CENTRES, COUNSELLORS, Load, Tokens
from tests.faults.topics import Publisher

IFAPME = uuid5(NAMESPACE_URL, "https://cefo.example/demo/organization/ifapme")


class Platform(Protocol):
    """What a fault test needs of a platform."""

    names: tuple[str, ...]
    """The names of its processes."""
    history: History
    """The requests since its first start."""

    @property
    def url(self) -> str:
        """The URL for its users."""
        ...

    @property
    def folder(self) -> Path:
        """The folder of its key and logs."""
        ...

    @property
    def kafka(self) -> str | None:
        """The address of its broker; None if only the process itself can reach it."""
        ...

    def store_url(self, service: str) -> str:
        """The URL of a service's store, for plain SQL."""
        ...

    def start(self, name: str, more: Mapping[str, str] | None = None) -> None:
        """Start a process that does not run; `more`: settings for it alone."""
        ...

    def process(self, name: str) -> "subprocess.Popen[bytes]":
        """A process, running or ended."""
        ...

    def wait_ready(self, name: str) -> None:
        """Wait until a process reports that it is ready."""
        ...

    def log_of(self, name: str) -> str:
        """The log of a process since its first start."""
        ...

    async def backlog(self) -> tuple[int, int]:
        """How many events are not sent, and not read."""
        ...


@dataclass
class Separate:
    """A process per service behind nginx, on Apache Kafka, PostgreSQL and Redis."""

    stack: LocalStack
    history: History
    names: tuple[str, ...] = SERVICES

    @property
    def url(self) -> str:
        return self.stack.url

    @property
    def folder(self) -> Path:
        return self.stack.folder

    @property
    def kafka(self) -> str | None:
        return self.stack.kafka

    def store_url(self, service: str) -> str:
        return f"{self.stack.store}/cefo_{service}"

    def start(self, name: str, more: Mapping[str, str] | None = None) -> None:
        self.stack.start_service(name, env=more)

    def process(self, name: str) -> "subprocess.Popen[bytes]":
        return self.stack.processes[name]

    def wait_ready(self, name: str) -> None:
        self.stack.wait_ready(name, 120)

    def log_of(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    async def backlog(self) -> tuple[int, int]:
        waiting = [(await outbox_counts(self.store_url(service)))[1] for service in SERVICES]
        return sum(waiting), await unread(self.stack.kafka)


@dataclass
class Together:
    """`cefo up --demo`: five services, the broker and SQLite in one process; with `store` on that PostgreSQL server."""

    place: Path
    history: History
    more: Mapping[str, str] = field(default_factory=dict[str, str])
    store: str = ""
    port: int = field(default_factory=lambda: free_ports(1)[0])
    names: tuple[str, ...] = ("cefo",)
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def folder(self) -> Path:
        return self.place

    @property
    def kafka(self) -> str | None:
        return None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def store_url(self, service: str) -> str:
        return f"{self.store}/cefo_{service}" if self.store else f"sqlite://{self.folder / 'stores' / service}.db"

    def start(self, name: str, more: Mapping[str, str] | None = None) -> None:
        command = [sys.executable, "-m", "services.launcher", "up", "--demo"]
        with (self.folder / f"{name}.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--port", str(self.port), "--data", str(self.folder)],
                env={**os.environ, **self.more, **(more or {})},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def process(self, name: str) -> "subprocess.Popen[bytes]":
        assert self._process is not None
        return self._process

    def wait_ready(self, name: str) -> None:
        end = time.monotonic() + 120
        with httpx2.Client(timeout=5, trust_env=False, verify=tls_verify(self.url)) as client:
            while time.monotonic() < end and self.process(name).poll() is None:
                try:
                    if client.get(f"{self.url}/health/ready").status_code == 200:
                        return
                except httpx2.HTTPError:
                    pass
                time.sleep(0.1)
        raise AssertionError(f"{name} did not get ready:\n{self.log_of(name)[-3000:]}")

    def log_of(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    async def backlog(self) -> tuple[int, int]:
        token = token_of(self.folder, "fault-tests", Role.OPERATOR)
        waiting = reading = 0
        verify = tls_verify(self.url)
        async with httpx2.AsyncClient(base_url=self.url, timeout=20, trust_env=False, verify=verify) as client:
            for service in SERVICES:
                path = f"/{service}/api/v1/backlog"
                backlog: dict[str, Any] = (await client.get(path, headers={"Authorization": f"Bearer {token}"})).json()
                waiting, reading = waiting + backlog["unsent"], reading + backlog["unread"]
        return waiting, reading


def token_of(folder: Path, subject: str, *roles: Role, **more: Any) -> str:
    """A bearer token made with the platform's own key."""
    person = Person(subject=subject, name=subject, roles=frozenset(roles), **more)
    return signer(Settings(data=folder)).session(person)


def load_on(platform: Platform, seed: int, publisher: Publisher | None = None, url: str | None = None) -> Load:
    """A load generator for this platform, its requests recorded in the platform's history."""
    staff = (Role.FRONT_DESK, Role.COUNSELLOR)
    tokens = Tokens(
        team=token_of(
            platform.folder,
            "fault-tests",
            *staff,
            centres=frozenset(CENTRES),
            claims=frozenset({Claim(STAFF_CODE, "c-faults")}),
        ),
        provider=token_of(
            platform.folder, "fault-tests", Role.PROVIDER, claims=frozenset({Claim(ORGANIZATION, str(IFAPME))})
        ),
    )
    return Load(url or platform.url, tokens, platform.history, seed, lambda: publish_counsellors(platform), publisher)


async def publish_counsellors(platform: Platform) -> None:
    """Make the accounts of the load's counsellors in the directory's store, as another replica would."""
    scheme, _, rest = platform.store_url("directory").partition("://")
    driver = {"sqlite": "sqlite+aiosqlite:///", "postgresql": "postgresql+asyncpg://"}[scheme]
    rights = Rights(frozenset({Role.COUNSELLOR}), frozenset(CENTRES))
    store = Store(driver + rest, "directory", DirectoryTable.metadata)
    try:
        async with store.work() as work:
            await seed_staff(work, [DemoStaff(code, AccountKind.STAFF, rights, code) for code in COUNSELLORS])
    finally:
        await store.close()


# Kills


def kill(platform: Platform, name: str) -> None:
    """Send SIGKILL. Fails if the process had ended before: then the fault did not happen."""
    process = platform.process(name)
    assert process.poll() is None, f"{name} had ended before it was killed:\n{platform.log_of(name)[-3000:]}"
    process.kill()
    assert process.wait(20) == -signal.SIGKILL


async def wait_until_killed_at(platform: Platform, name: str, point: str, seconds: float = 60) -> None:
    """Wait until the process has killed itself at its failpoint. Fails if it did not get there."""
    process = platform.process(name)
    end = time.monotonic() + seconds
    while process.poll() is None:
        assert time.monotonic() < end, f"{name} never reached {point}: the fault did not happen"
        await asyncio.sleep(0.02)
    assert process.returncode == -signal.SIGKILL, platform.log_of(name)[-3000:]
    assert platform.log_of(name).rstrip().endswith(f"failpoint {point}")


async def restart(platform: Platform, *names: str) -> None:
    """Start these processes and wait until they are ready."""
    for name in names:
        platform.start(name)
    for name in names:
        await asyncio.to_thread(platform.wait_ready, name)


# Checks


async def wait_until_idle(platform: Platform, seconds: float = 120) -> None:
    """Wait until there is no backlog, seen twice. Fails with the backlog."""
    end = time.monotonic() + seconds
    idle = 0
    backlog: Any = None
    while idle < 2:
        assert time.monotonic() < end, f"after {seconds:.0f} s still not sent and not read: {backlog}"
        try:
            backlog = await platform.backlog()
        except (httpx2.HTTPError, KeyError, OSError) as error:
            backlog = error
        idle = idle + 1 if backlog == (0, 0) else 0
        await asyncio.sleep(0.3)


async def evidence_of(platform: Platform) -> Evidence:
    """Everything that the checker compares."""
    today = datetime.now(UTC).date()
    year = timedelta(days=366)
    token = token_of(platform.folder, "fault-tests", Role.OPERATOR)
    return Evidence(
        stores={service: await read_store(platform.store_url(service)) for service in SERVICES},
        topics=await read_topics(platform.kafka) if platform.kafka is not None else None,
        figures=await read_figures(platform.url, token, (today - year).isoformat(), (today + year).isoformat()),
    )


async def check_when_idle(platform: Platform) -> tuple[Evidence, list[Finding]]:
    """Wait until the platform is idle, read its state and run the checker."""
    await wait_until_idle(platform)
    evidence = await evidence_of(platform)
    return evidence, check(platform.history.operations(), platform.history.injected(), evidence)


async def assert_consistent(platform: Platform) -> Evidence:
    """Fails with the findings. Returns the evidence."""
    evidence, findings = await check_when_idle(platform)
    shown = "\n".join(map(str, findings[:40]))
    assert not findings, f"{len(findings)} findings in {platform.history.path}:\n{shown}"
    events = sum(len(store["outbox"]) for store in evidence.stores.values())
    totals = ", ".join(f"{number} {answer}" for answer, number in sorted(platform.history.totals().items()))
    print(
        f"{len(platform.history.operations())} operations ({totals}), {events} events: "
        "nothing lost, nothing twice, all in order"
    )
    return evidence
