"""A new platform as an operator brings it up by docs/operations.md: every server locked, and no demo.

Each service has its own users on Apache Kafka and PostgreSQL, both over TLS; staff sign in at an OpenID provider.
"""

import json
import os
import re
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from confluent_kafka import admin
from typer.testing import CliRunner

from services.launcher.catalogue import SERVICES
from services.launcher.commands.app import app
from services.launcher.kafka import ApacheKafka, JarsNotCopied, Locks
from services.launcher.kafka.locks import ADMIN
from services.launcher.local import LocalStack
from services.launcher.ports import free_ports
from tests.journeys.stacks import Stack, eventually
from tests.launcher.test_databases import create_roles
from tests.parts.certificates import Authority
from tests.parts.fixtures import folder, oidc_provider, postgres_in
from tests.parts.oidc import OidcProvider, Setup, log_in
from tests.parts.postgres import Tls
from tests.parts.presence import KAFKA, NGINX
from tests.parts.redis import RedisPart

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(300)]

PASSWORD = "a long password"
"""Of every user: the one in the documentation."""
ACCESS = "host all postgres 127.0.0.1/32 trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n"
STAFF: dict[str, dict[str, Any]] = {"rita": {"name": "Rita"}, "dora": {"name": "Dora"}, "carl": {"name": "Carl"}}


def locked_kafka(cluster: ApacheKafka, place: Path, authority: Authority) -> str:
    """Start it with a user and the rights of each service. Returns where users sign in."""
    files = authority.issue(ADMIN, "127.0.0.1")
    locks = Locks(authority.file, files.certificate, files.key)
    bootstrap = cluster.start(1, place, locks=locks)
    scram: Any = admin
    secret = scram.ScramCredentialInfo(scram.ScramMechanism.SCRAM_SHA_512, 4096)
    users = [scram.UserScramCredentialUpsertion(f"cefo-{name}", secret, PASSWORD.encode()) for name in SERVICES]
    client = scram.AdminClient({"bootstrap.servers": cluster.admin, **locks.client})
    for answer in client.alter_user_scram_credentials(users).values():
        answer.result(20)
    environment = {
        "CEFO_KAFKA": cluster.admin,
        "CEFO_KAFKA_SECURITY": "tls",
        "CEFO_KAFKA_CA_FILE": str(locks.ca),
        "CEFO_KAFKA_CERTIFICATE_FILE": str(locks.certificate),
        "CEFO_KAFKA_KEY_FILE": str(locks.key),
    }
    answer = CliRunner().invoke(app, ["kafka", "acls", "--apply"], env=environment)
    assert answer.exit_code == 0, answer.output
    return bootstrap


def provider_of(url: str) -> Setup:
    client = {
        "client_id": "cefo",
        "client_secret": PASSWORD,
        "redirect_uris": [f"{url}/directory/sign-in/oidc/region/callback"],
        "post_logout_redirect_uris": [f"{url}/directory/sign-in"],
        "scope": "openid profile",
    }
    return Setup([client], STAFF)


@pytest.fixture
def environment() -> Generator[dict[str, str]]:
    """The variables of the platform, which the test's own process has too, as an operator's shell."""
    before = dict(os.environ)
    yield (made := {})
    os.environ.clear()
    os.environ.update(before)
    made.clear()


async def test_a_locked_platform_goes_from_the_first_manager_to_the_counsellors_board(
    environment: dict[str, str], redis_server: RedisPart, tmp_path: Path
) -> None:
    port, authority = free_ports(1)[0], Authority(tmp_path)
    url = f"http://127.0.0.1:{port}"
    with ExitStack() as started:
        place, kafka = started.enter_context(folder("locked")), started.enter_context(ApacheKafka())
        with KAFKA.starting(), NGINX.starting():
            try:
                kafka.libs()
            except JarsNotCopied as error:
                KAFKA.refuse(str(error))
        bootstrap = locked_kafka(kafka, place / "kafka", authority)
        tls = Tls(authority.issue("server", "127.0.0.1"), authority.file, ACCESS)
        (place / "postgres").mkdir()
        postgres = started.enter_context(postgres_in(place / "postgres", tls))
        await create_roles(postgres)
        provider = started.enter_context(oidc_provider(provider_of(url)))
        environment |= variables(tmp_path, authority, provider)
        environment |= {"CEFO_PUBLIC_URL": url, "CEFO_URL": url, "CEFO_DATA": str(tmp_path / "data")}
        servers = (bootstrap, f"postgresql://cefo_{{service}}@127.0.0.1:{postgres.port}", redis_server.url)
        environment |= dict(zip(("CEFO_KAFKA", "CEFO_STORE", "CEFO_REDIS"), servers, strict=True))
        os.environ.update(environment)
        started.enter_context(LocalStack(tmp_path / "data", *servers, port))
        stack = Stack(url, tmp_path / "data", "locked")
        started.callback(stack.close)
        await from_the_first_manager_to_the_board(stack, provider)


def variables(place: Path, authority: Authority, provider: OidcProvider) -> dict[str, str]:
    for name in ("oidc", *(f"{part}-{service}" for part in ("kafka", "store") for service in SERVICES)):
        (place / name).write_text(PASSWORD)
    region = {"key": "region", "issuer": provider.issuer, "client_id": "cefo", "label": "Region"}
    (place / "oidc.json").write_text(json.dumps([region | {"client_secret_file": str(place / "oidc")}]))
    return {
        "CEFO_STORE_PASSWORD_FILE": str(place / "store-{service}"),
        "CEFO_STORE_CA_FILE": str(authority.file),
        "CEFO_KAFKA_SECURITY": "sasl_tls",
        "CEFO_KAFKA_CA_FILE": str(authority.file),
        "CEFO_KAFKA_USER": "cefo-{service}",
        "CEFO_KAFKA_PASSWORD_FILE": str(place / "kafka-{service}"),
        "CEFO_DIRECTORY_OIDC": str(place / "oidc.json"),
    }


async def from_the_first_manager_to_the_board(stack: Stack, provider: OidcProvider) -> None:
    stack.cefo("accounts", "manager", "--issuer", provider.issuer, "--subject", "rita", "--name", "Rita")
    assert "Aucun jeton" in stack.cefo("tokens", "list")
    for login in ("dora", "carl"):
        assert (await sign_in(stack, login))[1] == 403
    rita, status = await sign_in(stack, "rita")
    assert status == 200
    approve(rita, "Dora", roles=["front-desk"], centres=["liege"])
    approve(rita, "Carl", roles=["counsellor"], centres=["liege"], code="liege-c01")
    (dora, at_desk), (carl, at_board) = await sign_in(stack, "dora"), await sign_in(stack, "carl")
    assert (at_desk, at_board) == (200, 200)
    visit = str(uuid4())
    eventually(
        lambda: dora.put(f"/intake/api/v1/visits/{visit}", json={"centre": "liege", "area": "find-job"}),
        lambda answer: answer.status_code in (200, 201),
    )
    eventually(lambda: carl.get("/scheduling/api/v1/waiting?centre=liege").text, lambda text: visit in text)
    assert dora.post("/sign-out", follow_redirects=True).status_code == 200
    assert dora.get("/intake/desk/liege").status_code == 303
    stack.cefo("doctor")


async def sign_in(stack: Stack, login: str) -> tuple[httpx2.Client, int]:
    """A browser that went through the provider, and the status of the page on which it arrived."""
    browser = stack.browse()
    browser.headers["Accept"] = "text/html"
    leads = browser.get("/directory/sign-in/oidc/region")
    async with httpx2.AsyncClient(trust_env=False, timeout=60) as at_provider:
        back = await log_in(at_provider, leads.headers["location"], login, stack.url)
    return browser, browser.get(back, follow_redirects=True).status_code


def approve(manager: httpx2.Client, name: str, **rights: Any) -> None:
    """What the page *Accounts* does with who waits."""
    waiting = ok_text(manager.get("/directory/accounts?status=pending"))
    found = re.search(rf'href="(/directory/accounts/[0-9a-f-]+)"><bdi>{name}<', waiting)
    assert found is not None, waiting
    version = re.search(r'name="version" value="(\d+)"', ok_text(manager.get(found[1])))
    assert version is not None
    assert manager.post(f"{found[1]}/approve", data=rights | {"version": version[1]}).status_code == 303


def ok_text(answer: httpx2.Response) -> str:
    assert answer.status_code == 200, answer.text
    return answer.text
