"""The platform on a Redis with rights: each service has its own user, and may do what it needs and nothing else."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest
from redis import Redis
from redis.exceptions import AuthenticationError, NoPermissionError
from typer.testing import CliRunner

from services.chassis.brokers import broker_of
from services.chassis.refusals import TooManyRequests
from services.chassis.runtime.clock import system_clock
from services.chassis.runtime.settings import Settings
from services.chassis.testing import quiet_settings
from services.chassis.web.app import Process
from services.chassis.web.limits import Limits, keys_of
from services.launcher.catalogue import SERVICES
from services.launcher.commands.app import app
from tests.conformance.sample import eventually
from tests.parts import redis
from tests.parts.certificates import Authority
from tests.parts.fixtures import folder
from tests.parts.presence import REDIS
from tests.parts.redis import RedisServer, Tls

ADMIN = "default on >the-password-of-the-administrator ~* &* +@all"


class LockedRedis:
    """A server with a file of users, and the users and rights that `cefo redis acls` gives it."""

    def __init__(self, place: Path) -> None:
        self.place = place
        authority = Authority(place)
        self.acl_file, self._ca = place / "users.acl", authority.file
        self.acl_file.write_text(f"user {ADMIN}\n")
        tls = Tls(authority.issue("server", "127.0.0.1"), authority.file, acl_file=self.acl_file)
        self._client = authority.issue("client")
        self.server = RedisServer(place, tls)
        for name in SERVICES:
            (place / f"password-{name}").write_text(self.password(name))
        (place / "password-admin").write_text("the-password-of-the-administrator")

    def password(self, service: str) -> str:
        return f"the password of {service}"

    def variables(self, service: str = "admin") -> dict[str, Any]:
        """How a service reaches the server, or the administrator."""
        user = "default" if service == "admin" else f"cefo-{service}"
        return {
            "redis": self.server.url.replace("//", f"//{user}@"),
            "redis_password_file": self.place / f"password-{service}",
            "redis_ca_file": self._ca,
            "redis_certificate_file": self._client.certificate,
            "redis_key_file": self._client.key,
        }

    def command(self, *options: str, service: str = "admin") -> Any:
        """The answer of `cefo redis acls` with these options."""
        environment = {f"CEFO_{name.upper()}": str(value) for name, value in self.variables(service).items()}
        return CliRunner().invoke(app, ["redis", "acls", *options], env=environment)

    def client(self, service: str = "admin") -> Any:
        """A client of this user."""
        settings = Settings(**self.variables(service))
        return cast(Any, Redis.from_url(settings.redis, decode_responses=True, **settings.redis_options()))


@pytest.fixture(scope="module")
def locked() -> Generator[LockedRedis]:
    with folder("locked-redis") as place:
        if redis.version() is None:
            REDIS.refuse("has no rights")
        made = LockedRedis(place)
        try:
            answer = made.command("--apply", "--password-file", str(place / "password-{name}"))
            assert answer.exit_code == 0, answer.output
            assert "Redis a 5 comptes de cette liste." in answer.output
            assert "aclfile" not in answer.output
            yield made
        finally:
            made.server.stop()


@asynccontextmanager
async def platform(locked: LockedRedis, kafka: str, place: Path) -> AsyncGenerator[dict[str, list[Process]]]:
    """The five services in processes of their own, intake in two, each service with its own user."""
    processes: dict[str, list[Process]] = {}
    started: list[Process] = []
    try:
        for name in ("intake", *SERVICES):
            settings = quiet_settings(place, kafka=kafka, round_seconds=0.5, **locked.variables(name))
            process = Process([SERVICES[name]], settings, broker_of(settings), clock=system_clock)
            started.append(process)
            await process.start()
            processes.setdefault(name, []).append(process)
        yield processes
    finally:
        await asyncio.gather(*(process.stop() for process in started))


async def test_the_platform_works_with_the_least_rights(locked: LockedRedis, kafka: Any, tmp_path: Path) -> None:
    """Hints to replicas, uses of tokens, and common limits; nothing that a service wanted was denied."""
    with locked.client() as admin:
        admin.execute_command("ACL LOG", "RESET")
    async with platform(locked, kafka.bootstrap, tmp_path) as processes:
        here, there = processes["intake"]
        heard: list[str] = []
        there.live.watch("sample", heard.append)
        used: list[str] = []
        processes["directory"][0].live.watch("token-uses", used.append)

        tokens = {name: str(uuid4()) for name in SERVICES}

        async def hinted() -> bool:
            here.live.changed({"sample/huy"}, "intake")
            for name in SERVICES:
                processes[name][0].live.changed({f"token-uses/{tokens[name]}"}, "directory")
            return "huy" in heard and set(used) >= set(tokens.values())

        await eventually(hinted, within=30)
        for name, some in processes.items():
            limits = [Limits(Settings(limit_link="2/hour"), one.signer, one.live.redis).of(name) for one in some]
            who = f"address {uuid4()}"
            for one in (limits[0], limits[-1]):
                await one.count("link", who)
            with pytest.raises(TooManyRequests):
                await limits[0].count("link", who)
    with locked.client() as admin:
        counted = {key.split("/")[1] for key in admin.keys("*")}
        assert counted == set(SERVICES)
        assert admin.execute_command("ACL LOG") == []


OTHER = {"intake": "directory", "scheduling": "intake", "plans": "intake", "directory": "impact", "impact": "intake"}
DENIED = [
    ("GET", "cefo:limits:LIMITER/{other}/link/x"),
    ("INCRBY", "cefo:limits:LIMITER/{other}/link/x", "1"),
    ("GET", "another"),
    ("DEL", "cefo:limits:LIMITER/{own}/link/x"),
    ("SET", "cefo:limits:LIMITER/{own}/link/x", "1"),
    ("SUBSCRIBE", "cefo.boards.{other}"),
    ("PSUBSCRIBE", "cefo.boards.*"),
    ("PUBLISH", "another", "[]"),
    ("EVAL", "return 1", "0"),
    ("KEYS", "*"),
    ("SCAN", "0"),
    ("FLUSHALL",),
    ("CONFIG", "GET", "*"),
    ("ACL", "LIST"),
    ("CLIENT", "LIST"),
    ("MONITOR",),
]


@pytest.mark.parametrize("service", SERVICES)
def test_what_was_not_granted_is_denied(locked: LockedRedis, service: str) -> None:
    other = OTHER[service]
    with locked.client(service) as client:
        granted: list[Any] = []
        for command in DENIED:
            words = [word.format(own=service, other=other) for word in command]
            try:
                client.execute_command(*words)
            except NoPermissionError:
                continue
            granted.append(words)
        assert granted == []
        if other != "directory":
            with pytest.raises(NoPermissionError):
                client.execute_command("PUBLISH", f"cefo.boards.{other}", "[]")
        # A script has the rights of its caller.
        script = client.script_load("return redis.call('incrby', KEYS[1], 1)")
        assert client.evalsha(script, 1, keys_of(service).replace("*", uuid4().hex)) == 1
        with pytest.raises(Exception, match=r"(?i)permission"):
            client.evalsha(script, 1, keys_of(other).replace("*", uuid4().hex))


def test_a_password_opens_its_own_user_only(locked: LockedRedis) -> None:
    variables: dict[str, Any] = locked.variables("plans") | {"redis_password_file": locked.place / "password-impact"}
    wrong = Settings(**variables)
    with Redis.from_url(wrong.redis, **wrong.redis_options()) as client, pytest.raises(AuthenticationError):
        cast(Any, client).ping()


def test_rights_are_given_again_without_a_password_and_what_is_more_is_taken(locked: LockedRedis) -> None:
    with locked.client() as admin:
        admin.execute_command("ACL SETUSER", "cefo-plans", "~*", "&*", "+@all")
        before = admin.execute_command("ACL GETUSER", "cefo-plans")
        assert locked.command("--service", "plans", "--apply").exit_code == 0
        after = admin.execute_command("ACL GETUSER", "cefo-plans")
    assert after["passwords"] == before["passwords"]
    assert "user cefo-plans on" in locked.acl_file.read_text()
    with locked.client("plans") as client, pytest.raises(NoPermissionError):
        client.execute_command("FLUSHALL")


def test_rights_are_given_by_an_administrator_only(locked: LockedRedis) -> None:
    answer = locked.command("--apply", service="impact")
    assert answer.exit_code == 1
    assert "Redis n’a pas pris ces droits" in str(answer.exception)


def test_a_server_without_a_file_of_users_forgets_them(tmp_path: Path) -> None:
    if redis.version() is None:
        REDIS.refuse("has no rights")
    server = RedisServer(tmp_path)
    try:
        one = {"CEFO_REDIS": server.url}
        answer = CliRunner().invoke(app, ["redis", "acls", "--user", "cefo", "--apply"], env=one)
        assert answer.exit_code == 0, answer.output
        assert "Redis a 1 compte de cette liste." in answer.output
        assert "il les oublie à son arrêt" in answer.output
        with Redis.from_url(server.url, decode_responses=True) as client:
            users = cast(Any, client).execute_command("ACL LIST")
        assert [line.split()[1:3] for line in users if "default" not in line] == [["cefo", "off"]]
    finally:
        server.stop()
