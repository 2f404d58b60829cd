"""A platform of one's own whose databases can be backed up and restored, on either kind of parts."""

import asyncio
import shutil
import sqlite3
import subprocess
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

from redis import Redis
from typer.testing import CliRunner

from services.launcher.catalogue import NAMES
from services.launcher.commands.app import app
from services.launcher.kafka import ApacheKafka
from services.launcher.local import LocalStack
from tests.journeys.stacks import Stack, up
from tests.parts.fixtures import folder, postgres_in
from tests.parts.postgres import PostgresServer, binaries, connect
from tests.parts.presence import KAFKA, REDIS
from tests.parts.redis import RedisServer

RESTORED = ("intake", "scheduling", "plans", "directory")
"""The services that keep something about a person: what people typed, or a reference to them."""


class Restorable(Protocol):
    """A running platform, and what it keeps where."""

    stack: Stack

    def places(self) -> list[Path]:
        """Everything that it keeps: stores, logs, topics, dumps."""
        ...

    def back_up(self, to: Path) -> Path:
        """Back its databases up, while it runs."""
        ...

    def restore(self, backup: Path) -> None:
        """Stop, restore the databases of `RESTORED` as docs/backups.md says, and start again."""
        ...


def cefo(stack: Stack, *arguments: str) -> None:
    """Run a command within the test: an interpreter of its own costs seconds."""
    done = CliRunner().invoke(app, arguments, env={"CEFO_URL": stack.url, "CEFO_DATA": str(stack.data)})
    assert done.exit_code == 0, done.output


class Embedded:
    """`cefo up --demo`: one process, SQLite."""

    def __init__(self, home: Path, running: ExitStack) -> None:
        self._home, self._running = home, running
        self._start()

    def _start(self) -> None:
        self.stack, _process = self._running.enter_context(up(self._home, data=self._home / "data"))

    def places(self) -> list[Path]:
        return [self._home / "data", self._home / "up.log"]

    def back_up(self, to: Path) -> Path:
        for name in NAMES:
            source, target = sqlite3.connect(self._store(name)), sqlite3.connect(to / f"{name}.db")
            source.backup(target)
            source.close()
            target.close()
        return to

    def restore(self, backup: Path) -> None:
        self._running.close()
        for name in RESTORED:
            for suffix in ("-wal", "-shm"):
                Path(f"{self._store(name)}{suffix}").unlink(missing_ok=True)
            shutil.move(backup / f"{name}.db", self._store(name))
            cefo(self.stack, "restore", name, "--consents", "keep")
        self._start()

    def _store(self, name: str) -> Path:
        return self._home / "data" / "stores" / f"{name}.db"


@contextmanager
def embedded_one(home: Path) -> Generator[Embedded]:
    """One process."""
    (home / "data").mkdir(mode=0o700)
    with ExitStack() as running:
        yield Embedded(home, running)


class RealParts:
    """A process per service behind nginx, on a PostgreSQL, an Apache Kafka and a Redis of its own."""

    def __init__(
        self, home: Path, local: LocalStack, postgres: PostgresServer, topics: Path, folders: list[Path]
    ) -> None:
        self._home, self._local, self._postgres, self._topics, self._folders = home, local, postgres, topics, folders
        self.stack = Stack(local.url, home, "local", local.kafka, local.processes)

    def places(self) -> list[Path]:
        asyncio.run(self._checkpoint())
        dumps = self._home / "dumps"
        dumps.mkdir(exist_ok=True)
        with Redis.from_url(self._local.redis) as client:
            client.config_set("rdbcompression", "no")
            client.save()
        for name in NAMES:
            self._tool("pg_dump", "--no-sync", "-f", str(dumps / f"{name}.sql"), self._url(name))
        return [self._home, *self._folders, *self._topics.glob("*/data/*")]

    async def _checkpoint(self) -> None:
        """Begin a new file of the write-ahead log, and remove those before it, as the server does by itself in time."""
        connection = await connect(self._postgres.url())
        try:
            for statement in (
                "alter system set wal_recycle = off",
                "select pg_reload_conf()",
                "select pg_switch_wal()",
                "checkpoint",
            ):
                await connection.execute(statement)
        finally:
            await connection.close()

    def back_up(self, to: Path) -> Path:
        for name in NAMES:
            self._tool("pg_dump", "--no-sync", "-Fc", "-f", str(to / name), self._url(name))
        return to

    def restore(self, backup: Path) -> None:
        for name in RESTORED:
            process = self._local.processes[name]
            process.terminate()
            process.wait(30)
        for name in RESTORED:
            for statement in (f"drop database cefo_{name}", f"create database cefo_{name}"):
                self._tool("psql", "-d", self._postgres.url(), "-c", statement)
            self._tool("pg_restore", "--no-owner", "-d", self._url(name), str(backup / name))
            cefo(self.stack, "restore", name, "--store", self._local.store, "--kafka", self._local.kafka)
            self._local.start_service(name)
        for name in RESTORED:
            self._local.wait_ready(name)

    def _url(self, name: str) -> str:
        return self._postgres.url(f"cefo_{name}")

    @staticmethod
    def _tool(name: str, *arguments: str) -> None:
        tools = binaries()
        assert tools is not None
        subprocess.run([tools / name, *arguments], check=True, capture_output=True)


@contextmanager
def real_parts(home: Path) -> Generator[RealParts]:
    """Real parts of one's own, in folders that a test may search."""
    with ExitStack() as running:
        place = running.enter_context(folder("canary-postgres"))
        postgres = running.enter_context(postgres_in(place))
        topics, cache = running.enter_context(folder("canary-kafka")), running.enter_context(folder("canary-redis"))
        with KAFKA.starting():
            kafka = running.enter_context(ApacheKafka())
            kafka.start(1, topics)
        with REDIS.starting():
            redis = RedisServer(cache)
        running.callback(redis.stop)
        rehearsal = {
            "CEFO_DEMO": "true",
            "CEFO_REHEARSAL_CLOCK": str(home / "stack" / "clock"),
            "CEFO_ROUND_SECONDS": "1",  # a table is rewritten once in a round
        }
        store = postgres.url().rsplit("/", 1)[0]
        local = LocalStack(home / "stack", kafka.bootstrap, store, redis.url, env=rehearsal)
        running.enter_context(local)
        real = RealParts(home / "stack", local, postgres, topics, [place / "data", cache])
        running.callback(real.stack.close)
        yield real
