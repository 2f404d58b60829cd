"""A platform with a canary in every secret, driven through what works and what fails: nothing shows one of them."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from redis import Redis

from services.launcher.catalogue import NAMES
from services.launcher.commands.client import local_token
from services.launcher.ports import free_ports
from tests.journeys.stacks import Stack, eventually, up
from tests.launcher.secrets import is_file, secret_settings
from tests.parts.fixtures import folder, postgres_in
from tests.parts.postgres import PostgresServer, connect
from tests.parts.presence import REDIS
from tests.parts.redis import RedisServer

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300), pytest.mark.usefixtures("started_cold")]

CANARY = "kanarie7f3a"
"""In every secret; with characters around it that an address has to escape."""
KEY_OF_A_CERTIFICATE = {name for name in secret_settings() if name.endswith("_key_file")} - {
    "secret_key_file",
    "previous_secret_key_file",
}
"""Without its certificate none of these starts: see tests/launcher/test_secrets.py."""
OF_A_LOCKED_BROKER = {"kafka_password_file"}
"""The embedded broker has no users: see tests/journeys/test_locked_kafka.py."""
IN_A_FILE = {"secret_key"}
"""Settings that also exist as a file, which is used here."""


def secret_of(name: str) -> str:
    return f"{name} @/:?{CANARY}%& and more than 32 bytes"


@dataclass(frozen=True, slots=True)
class Platform:
    """The running platform, and the server of its stores, which a test may stop."""

    stack: Stack
    process: "subprocess.Popen[bytes]"
    postgres: PostgresServer
    redis: str
    shown: list[str]
    """What it has answered so far."""

    def get(self, path: str, token: str = "", method: str = "GET", **more: object) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {"Accept": "text/html"}
        answer = self.stack.browse().request(method, path, headers=headers, **more)  # pyright: ignore[reportArgumentType]
        self.shown.append(f"{answer.headers}\n{answer.text}")
        return answer

    def cefo(self, *arguments: str) -> None:
        """Run a command on the same settings; it may be refused."""
        env = os.environ | {"CEFO_URL": self.stack.url, "CEFO_DATA": str(self.stack.data)}
        done = subprocess.run(
            [sys.executable, "-m", "services.launcher", *arguments],
            env=env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.shown.append(done.stdout + done.stderr)


@contextmanager
def servers() -> Generator[tuple[PostgresServer, RedisServer]]:
    """A PostgreSQL and a Redis that ask for the passwords of the settings."""
    with folder("secrets-postgres") as place, postgres_in(place) as postgres, folder("secrets-redis") as home:
        asyncio.run(with_password(postgres))
        (place / "data" / "pg_hba.conf").write_text("host all all 127.0.0.1/32 scram-sha-256\n")
        postgres.restart_immediately()
        with REDIS.starting():
            redis = RedisServer(home)
        try:
            with Redis.from_url(redis.url) as client:
                client.config_set("requirepass", secret_of("redis_password_file"))
            yield postgres, redis
        finally:
            redis.stop()


async def with_password(postgres: PostgresServer) -> None:
    """A role for the platform, with a password."""
    connection = await connect(postgres.url())
    try:
        quoted = await connection.fetchval("select quote_literal($1)", secret_of("store_password_file"))
        await connection.execute(f"create role cefo login createdb password {quoted}")
    finally:
        await connection.close()


def settings_in(home: Path, postgres: PostgresServer, redis: RedisServer) -> Iterator[tuple[str, str]]:
    """A canary in every secret, and what makes the platform use it."""
    for name in set(secret_settings()) - KEY_OF_A_CERTIFICATE - OF_A_LOCKED_BROKER - IN_A_FILE:
        file = home / name
        file.write_text(f"{secret_of(name)}\n")
        yield f"CEFO_{name.upper()}", str(file) if is_file(name) else secret_of(name)
    yield "CEFO_STORE", f"postgresql://cefo@127.0.0.1:{postgres.port}"
    yield "CEFO_REDIS", redis.url
    yield "CEFO_LOG_LEVEL", "debug"
    yield "CEFO_SMTP_HOST", "127.0.0.1"
    yield "CEFO_SMTP_PORT", str(free_ports(1)[0])  # where nothing answers
    yield "CEFO_SMTP_TLS", "none"
    yield "CEFO_SMTP_USER", "cefo"
    yield "CEFO_SMTP_FROM", "cefo@example.org"
    (home / "client").write_text(secret_of("client"))
    issuer = {"key": "region", "issuer": f"http://127.0.0.1:{free_ports(1)[0]}", "client_id": "cefo", "label": "R"}
    yield "CEFO_DIRECTORY_OIDC", json.dumps([issuer | {"client_secret_file": str(home / "client")}])


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Generator[Platform]:
    home = tmp_path_factory.mktemp("secrets")
    with servers() as (postgres, redis), pytest.MonkeyPatch.context() as environment:
        for variable, value in settings_in(home, postgres, redis):
            environment.setenv(variable, value)
        with up(home, data=home / "data", demo=False) as (stack, process):
            yield Platform(stack, process, postgres, redis.url, [])


def drive(platform: Platform) -> None:
    """Through pages, documents, metrics, refusals and errors; at last without its stores."""
    with Redis.from_url(platform.redis, password=secret_of("redis_password_file")) as client:
        assert len(client.pubsub_channels()) == len(NAMES), "the platform is let in by its password"
    operator, manager = (local_token(platform.stack.data, role) for role in ("operator", "manager"))
    for path in ("/", "/sign-in", "/help", "/metrics", "/health/ready", "/nowhere", "/directory/sign-in"):
        platform.get(path)
    for service in NAMES:
        for name in ("openapi.json", "asyncapi.json", "dead-letters", "backlog"):
            assert platform.get(f"/{service}/api/v1/{name}", operator).status_code == 200
        platform.get(f"/{service}/api/v1/dead-letters", "forged")
    assert platform.get("/directory/sign-in/oidc/region").status_code == 503
    with_mail(platform, manager)
    assert platform.get("/directory/mail", operator).status_code == 200
    for arguments in (("doctor",), ("tokens", "list"), ("accounts", "list"), ("token", "boss")):
        platform.cefo(*arguments)
    platform.postgres.kill()
    assert eventually(lambda: platform.get("/intake/api/v1/centres"), lambda answer: answer.status_code >= 500)
    for path in ("/directory/", "/health/ready", "/metrics", "/intake/waiting-room/liege"):
        platform.get(path)
    platform.cefo("doctor")
    platform.cefo("accounts", "list")
    time.sleep(1)  # relays and jobs meet the same


def with_mail(platform: Platform, manager: str) -> None:
    """A message that the mail server does not take."""
    place = f"/directory/api/v1/organizations/{uuid4()}"
    entry = {"name": "Atelier (test)", "description": "Test"}
    assert platform.get(place, manager, "PUT", json=entry).status_code == 200
    people = place.replace("/api/v1", "") + "/people"
    assert platform.get(people, manager, "POST", data={"email": "ada@example.org"}).status_code == 303
    eventually(lambda: log_of(platform), lambda text: "no-connection" in text)


def log_of(platform: Platform) -> str:
    return (platform.stack.data.parent / "up.log").read_text()


def arguments_of(group: int) -> Iterator[str]:
    """The arguments of the platform's processes, as every user of the machine sees them."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(process.name)) == group:
                yield (process / "cmdline").read_bytes().decode().replace("\0", " ")
        except (ProcessLookupError, FileNotFoundError):
            continue


def test_no_secret_is_shown_anywhere(platform: Platform) -> None:
    arguments = list(arguments_of(platform.process.pid))
    drive(platform)
    assert any("services.launcher up" in line for line in arguments)
    assert len(platform.shown) > 40
    assert len(log_of(platform).splitlines()) > 5
    for text in (log_of(platform), *arguments, *platform.shown):
        assert CANARY not in text
