"""An account in a running platform: known to every service, and ended in all of them within seconds."""

import asyncio
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from threading import Thread
from uuid import UUID

import httpx2
import pytest

from services.chassis.identity.tokens import AccountToken, signer
from services.chassis.runtime.settings import Settings
from services.chassis.storage.store import Store
from services.contracts.accounts import AccountKind, AccountStatus
from services.contracts.roles import Role
from services.directory.actions import accounts
from services.directory.app import SERVICE
from services.directory.domain.accounts import Rights, SignInMethod
from services.launcher.catalogue import NAMES
from tests.journeys.stacks import Stack, embedded, eventually

ISSUER = "https://login.example.test"
WITHIN = 5.0
"""Seconds after which what was ended is ended everywhere."""


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    with embedded(tmp_path_factory.mktemp("accounts")) as stack:
        yield stack


@asynccontextmanager
async def directory_of(folder: Path) -> AsyncGenerator[Store]:
    store = Store(Settings(data=folder).store_url("directory"), "directory", SERVICE.metadata)
    try:
        yield store
    finally:
        await store.close()


async def create(folder: Path, sub: str) -> UUID:
    """An active account that manages the region and operates the platform."""
    async with directory_of(folder) as store, store.work() as work:
        account = await accounts.create(
            work,
            AccountKind.STAFF,
            identity=(ISSUER, sub),
            display_name=f"{sub} (test)",
            rights=Rights(frozenset({Role.MANAGER, Role.OPERATOR})),
            status=AccountStatus.ACTIVE,
        )
        return account.id


async def sign_in(folder: Path, sub: str) -> AccountToken:
    async with directory_of(folder) as store, store.work() as work:
        account = await accounts.find_by_identity(work.session, ISSUER, sub)
        assert account is not None
        return await accounts.sign_in(work, account.id, SignInMethod.OIDC, timedelta(hours=1))


def browser(stack: Stack, token: AccountToken) -> httpx2.Client:
    client = stack.browse()
    client.cookies.set("cefo-session", signer(Settings(data=stack.data)).sign(token), domain="127.0.0.1")
    return client


def statuses(client: httpx2.Client) -> list[int]:
    """What each service answers to a person who may see dead letters."""
    return [client.get(f"/{name}/api/v1/dead-letters").status_code for name in NAMES]


def open_stream(client: httpx2.Client, ended: list[float]) -> Thread:
    """Read a live board until it ends; notes when."""

    def read() -> None:
        with client.stream("GET", "/directory/referral-events/stream", timeout=60) as answer:
            assert answer.status_code == 200
            for _line in answer.iter_lines():
                pass
        ended.append(time.monotonic())

    thread = Thread(target=read, daemon=True)
    thread.start()
    return thread


def ends_everywhere(client: httpx2.Client, began: float) -> None:
    eventually(lambda: statuses(client), lambda found: found == [401] * len(NAMES), seconds=WITHIN + 5)
    assert time.monotonic() - began < WITHIN


def test_a_new_account_gets_into_every_service_at_once(platform: Stack) -> None:
    """Without a pause: the services that do not know the account yet wait for it."""
    asyncio.run(create(platform.data, "nora"))
    assert statuses(browser(platform, asyncio.run(sign_in(platform.data, "nora")))) == [200] * len(NAMES)


def test_signing_out_ends_one_sign_in_in_every_service_and_its_streams(platform: Stack) -> None:
    asyncio.run(create(platform.data, "sam"))
    here, there = (browser(platform, asyncio.run(sign_in(platform.data, "sam"))) for _ in range(2))
    eventually(lambda: statuses(here), lambda found: found == [200] * len(NAMES))
    ended = list[float]()
    stream = open_stream(here, ended)
    time.sleep(0.5)
    began = time.monotonic()
    saved = here.cookies["cefo-session"]
    answer = here.post("/sign-out", follow_redirects=True)
    assert answer.status_code == 200
    assert "cefo-session" not in here.cookies
    stolen = platform.browse()
    stolen.cookies.set("cefo-session", saved, domain="127.0.0.1")
    ends_everywhere(stolen, began)
    stream.join(WITHIN)
    assert ended[0] - began < WITHIN
    assert statuses(there) == [200] * len(NAMES)


def test_the_first_manager_deactivates_an_account_everywhere(platform: Stack) -> None:
    for _ in range(2):
        told = platform.cefo("accounts", "manager", "--issuer", ISSUER, "--subject", "rita", "--name", "Rita (test)")
        assert "Rita (test) gère les comptes" in told
    assert "Rita (test) · actif · staff · manager" in platform.cefo("accounts", "list")
    olga = asyncio.run(create(platform.data, "olga"))
    rita, hers = (browser(platform, asyncio.run(sign_in(platform.data, sub))) for sub in ("rita", "olga"))
    eventually(lambda: statuses(hers), lambda found: found == [200] * len(NAMES))
    ended = list[float]()
    stream = open_stream(hers, ended)
    time.sleep(0.5)
    page = rita.get(f"/directory/accounts/{olga}")
    assert (page.status_code, "olga (test)" in page.text) == (200, True)
    began = time.monotonic()
    assert rita.post(f"/directory/accounts/{olga}/deactivate", data={"version": "1"}).status_code == 303
    ends_everywhere(hers, began)
    stream.join(WITHIN)
    assert ended[0] - began < WITHIN
