"""The servers of every row: Apache Kafka, PostgreSQL and Redis, started fresh and stopped afterwards."""

import os
import shutil
import tempfile
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import asyncpg

from services.launcher.catalogue import SERVICES
from services.launcher.kafka import ApacheKafka
from services.launcher.local import LocalStack
from services.launcher.ports import free_ports
from tests.parts.postgres import PostgresServer, binaries
from tests.parts.redis import RedisServer


@dataclass(frozen=True, slots=True)
class Parts:
    """Addresses of fresh servers, and a temporary folder."""

    folder: Path
    kafka: str
    postgres: PostgresServer
    redis: str

    @property
    def store(self) -> str:
        """The address under which every service has its own database."""
        return self.postgres.url("").rstrip("/")

    def database(self, name: str) -> str:
        """The address of one database, for SQLAlchemy."""
        return self.postgres.url(name).replace("postgresql://", "postgresql+asyncpg://")


@contextmanager
def fresh_parts() -> Generator[Parts]:
    """Start one of each in a temporary folder; all are stopped and removed afterwards."""
    tools = binaries()
    if tools is None:
        raise RuntimeError("PostgreSQL is missing; install the package postgresql")
    folder = Path(tempfile.mkdtemp(prefix="cefo-bench-"))
    folder.chmod(0o755)
    with ExitStack() as started:
        started.callback(shutil.rmtree, folder, ignore_errors=True)
        (folder / "kafka").mkdir()
        (folder / "postgres").mkdir(mode=0o755)
        (folder / "redis").mkdir()
        kafka = started.enter_context(ApacheKafka())
        kafka.start(1, folder / "kafka")
        postgres = PostgresServer(folder / "postgres", tools)
        started.callback(postgres.stop)
        redis = RedisServer(folder / "redis")
        started.callback(redis.stop)
        yield Parts(folder, kafka.bootstrap, postgres, redis.url)


@dataclass(slots=True)
class Services:
    """Some of the services, a process each, as `cefo up --service` starts them."""

    parts: Parts
    more: Mapping[str, str] = field(default_factory=dict[str, str])
    stack: LocalStack = field(init=False)

    def __post_init__(self) -> None:
        parts = (self.parts.kafka, self.parts.store, self.parts.redis)
        # One token sends what a region's kiosks would send in weeks. The limit is counted, and not reached.
        env = {"CEFO_DEMO": "true", "CEFO_LIMIT_CHECK_IN": "1000000/second", **self.more}
        self.stack = LocalStack(self.parts.folder / "services", *parts, env=env)
        self.stack.folder.mkdir(exist_ok=True)
        self.stack.port = free_ports(1)[0]
        self.stack.ports = dict(zip(SERVICES, free_ports(len(SERVICES)), strict=True))

    def __enter__(self) -> "Services":
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.stop()

    def start(self, *names: str) -> None:
        """Start these and wait until they are ready."""
        for name in names:
            self.stack.start_service(name)
        for name in names:
            self.stack.wait_ready(name)

    def stop(self, name: str) -> None:
        """Stop one of them with SIGTERM."""
        process = self.stack.processes.pop(name)
        process.terminate()
        process.wait(15)

    def peak_memory(self) -> dict[str, int]:
        """Each process' peak memory (VmHWM), in KiB."""
        return {name: _peak(process.pid) for name, process in self.stack.processes.items()}

    def core_seconds(self, name: str) -> float:
        """How long a core has worked for this process."""
        facts = Path(f"/proc/{self.stack.processes[name].pid}/stat").read_text().rpartition(")")[2].split()
        return (int(facts[11]) + int(facts[12])) / os.sysconf("SC_CLK_TCK")


def _peak(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise RuntimeError(f"process {pid} has no VmHWM")


@asynccontextmanager
async def connected(url: str) -> AsyncGenerator[Any]:
    """An asyncpg connection to a `postgresql://` address, closed afterwards."""
    connection = cast(Any, await asyncpg.connect(url))
    try:
        yield connection
    finally:
        await connection.close()
