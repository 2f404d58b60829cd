"""The platforms under test: a process per service on real parts, and everything in one process on SQLite.

Both are started as people start them, and killed as nobody should.
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
from services.contracts.roles import Role
from services.directory.claims import ORGANIZATION
from services.launcher.local import LocalStack
from services.launcher.ports import free_ports
from services.launcher.trust import tls_verify
from services.scheduling.claims import STAFF_CODE
from tests.faults.checker import Finding, check
from tests.faults.evidence import SERVICES, Evidence, outbox_counts, read_figures, read_store, read_topics, unread
from tests.faults.history import History
from tests.faults.load import CENTRES, Load, Tokens
from tests.faults.topics import Publisher

IFAPME = uuid5(NAMESPACE_URL, "https://cefo.example/demo/organization/ifapme")


class Platform(Protocol):
    """What a fault test may do to a platform."""

    names: tuple[str, ...]
    """Its processes."""
    history: History
    """Everything that was asked of it, since it was started first."""

    @property
    def url(self) -> str:
        """Where people come."""
        ...

    @property
    def folder(self) -> Path:
        """Its key and its logs."""
        ...

    @property
    def kafka(self) -> str | None:
        """Where its broker is; None when only the process itself can reach it."""
        ...

    def store_url(self, service: str) -> str:
        """Where a service's store is, for plain SQL."""
        ...

    def start(self, name: str, more: Mapping[str, str] | None = None) -> None:
        """Start a process that does not run; `more`: settings for it alone."""
        ...

    def process(self, name: str) -> "subprocess.Popen[bytes]":
        """A process, running or ended."""
        ...

    def wait_ready(self, name: str) -> None:
        """Until a process says that all its parts answer."""
        ...

    def log_of(self, name: str) -> str:
        """What a process has said so far, since it was started first."""
        ...

    async def backlog(self) -> tuple[int, int]:
        """How many events are on their way: not sent, and not read."""
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
    """`cefo up`: five services, the broker and SQLite in one process; with `store` on that PostgreSQL server."""

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
        command = [sys.executable, "-m", "services.launcher", "up"]
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
                told: dict[str, Any] = (await client.get(path, headers={"Authorization": f"Bearer {token}"})).json()
                waiting, reading = waiting + told["unsent"], reading + told["unread"]
        return waiting, reading


def token_of(folder: Path, subject: str, *roles: Role, **more: Any) -> str:
    """A bearer token made with the platform's own key."""
    person = Person(subject=subject, name=subject, roles=frozenset(roles), **more)
    return signer(Settings(data=folder)).session(person)


def load_on(platform: Platform, seed: int, publisher: Publisher | None = None, url: str | None = None) -> Load:
    """A load generator for this platform, its requests noted in the platform's history."""
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
    return Load(url or platform.url, tokens, platform.history, seed, publisher)


# How they are killed


def kill(platform: Platform, name: str) -> None:
    """SIGKILL, now. Fails when the process had ended before: then this fault would not have happened."""
    process = platform.process(name)
    assert process.poll() is None, f"{name} was gone before it was killed:\n{platform.log_of(name)[-3000:]}"
    process.kill()
    assert process.wait(20) == -signal.SIGKILL


async def died_at(platform: Platform, name: str, point: str, seconds: float = 60) -> None:
    """Until the process killed itself at its failpoint. Fails when it did not come there."""
    process = platform.process(name)
    end = time.monotonic() + seconds
    while process.poll() is None:
        assert time.monotonic() < end, f"{name} never came to {point}: the fault did not happen"
        await asyncio.sleep(0.02)
    assert process.returncode == -signal.SIGKILL, platform.log_of(name)[-3000:]
    assert platform.log_of(name).rstrip().endswith(f"failpoint {point}")


async def restart(platform: Platform, *names: str) -> None:
    """Start these again, and wait until they are ready."""
    for name in names:
        platform.start(name)
    for name in names:
        await asyncio.to_thread(platform.wait_ready, name)


# How they are judged


async def settled(platform: Platform, seconds: float = 120) -> None:
    """Until nothing is on its way any more, seen twice. Fails with what was."""
    end = time.monotonic() + seconds
    quiet = 0
    backlog: Any = None
    while quiet < 2:
        assert time.monotonic() < end, f"after {seconds:.0f} s still not sent and not read: {backlog}"
        try:
            backlog = await platform.backlog()
        except (httpx2.HTTPError, KeyError, OSError) as error:
            backlog = error
        quiet = quiet + 1 if backlog == (0, 0) else 0
        await asyncio.sleep(0.3)


async def evidence_of(platform: Platform) -> Evidence:
    """Everything that the checker looks at."""
    today = datetime.now(UTC).date()
    year = timedelta(days=366)
    return Evidence(
        stores={service: await read_store(platform.store_url(service)) for service in SERVICES},
        topics=await read_topics(platform.kafka) if platform.kafka is not None else None,
        figures=await read_figures(platform.url, (today - year).isoformat(), (today + year).isoformat()),
    )


async def judged(platform: Platform) -> tuple[Evidence, list[Finding]]:
    """Wait until all is quiet, read everything once more, and let the checker judge."""
    await settled(platform)
    evidence = await evidence_of(platform)
    return evidence, check(platform.history.wishes(), platform.history.published(), evidence)


async def verdict(platform: Platform) -> Evidence:
    """Fails with everything that is wrong. Returns what was read."""
    evidence, findings = await judged(platform)
    shown = "\n".join(map(str, findings[:40]))
    assert not findings, f"{len(findings)} findings in {platform.history.path}:\n{shown}"
    said = sum(len(store["outbox"]) for store in evidence.stores.values())
    totals = ", ".join(f"{number} {answer}" for answer, number in sorted(platform.history.totals().items()))
    print(
        f"{len(platform.history.wishes())} wishes ({totals}), {said} events: nothing lost, nothing twice, all in order"
    )
    return evidence
