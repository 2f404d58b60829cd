"""The cookie of a sign-in: of a person, of an account; on http and on https; and the way back out."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from starlette.requests import Request

from services.chassis.copies.accounts import copy_account
from services.chassis.identity.tokens import AccountToken
from services.chassis.service.definition import Link
from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock, client_of, quiet_settings
from services.chassis.web import delete_sign_in_cookies, signed_in_with
from services.chassis.web.cookies import cookie_name
from services.contracts.accounts import AccountKind, AccountPublished, AccountStatus
from tests.chassis.conftest import ACCOUNTS
from tests.chassis.sample_service import Account, Table, service

REF = uuid4()
OWNER = (
    Link("Sign in", "/sample/sign-in", signs="in"),
    Link("Sign out", "/sample/sign-out", signs="out"),
)


async def publish(store: Store, version: int = 1, **changed: object) -> None:
    """The account is there, or changed."""
    facts = {"kind": AccountKind.STAFF, "status": AccountStatus.ACTIVE, "roles": ["front-desk"], "centres": ["huy"]}
    event = AccountPublished.model_validate({"account_ref": REF, "version": version} | facts | changed)
    async with store.work() as work:
        await copy_account(work, Account, event)


def token(clock: FixedClock) -> AccountToken:
    return AccountToken(account_ref=REF, sign_in=uuid4(), began_at=clock.now, expires_at=clock.now + timedelta(hours=2))


@pytest.fixture
async def owner(tmp_path: Path, clock: FixedClock) -> AsyncGenerator[Client]:
    """A platform with a service that owns the accounts, on https."""
    known = service(tmp_path)
    settings = quiet_settings(tmp_path, public_url="https://cefo.test")
    async with client_of(
        replace(known, nav=replace(known.nav, links=(*known.nav.links, *OWNER))),
        tmp_path,
        clock=clock,
        settings=settings,
    ) as made:
        async with made.store.writer.begin() as connection:
            await connection.run_sync(Table.metadata.create_all)
        yield made


def request_in(client: Client) -> Request:
    """A request to the service, as its routes are given it."""
    app: Any = client.process._apps["sample"]  # pyright: ignore[reportPrivateUsage]
    while not isinstance(app, FastAPI):  # inside what stands in front of every service
        app = getattr(app, "_inner", None) or app._app
    return Request({"type": "http", "method": "POST", "headers": [], "query_string": b"", "path": "/", "app": app})


async def test_an_account_signs_in_until_its_token_expires_and_is_sent_home(owner: Client, clock: FixedClock) -> None:
    await publish(owner.store)
    answer = await signed_in_with(request_in(owner), token(clock))
    assert (answer.status_code, answer.headers["location"]) == (303, "/sample/")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-cefo-session=")
    attributes = cookie.partition("; ")[2].split("; ")
    assert attributes == ["HttpOnly", "Max-Age=7200", "Path=/", "SameSite=lax", "Secure"]
    answer = await signed_in_with(request_in(owner), token(clock), "/sample/?a=1")
    assert answer.headers["location"] == "/sample/?a=1"
    answer = await signed_in_with(request_in(owner), token(clock), "//evil.example/")
    assert answer.headers["location"] == "/sample/"


async def test_the_cookie_is_deleted_as_it_was_set(owner: Client) -> None:
    """A browser keeps a `__Host-` cookie that is deleted without Secure: the sign-out would sign nobody out."""
    request = request_in(owner)
    answer = delete_sign_in_cookies(request, await signed_in_with(request, token(FixedClock())))
    [made, deleted, of_visitor] = [value for name, value in answer.headers.items() if name == "set-cookie"]
    kept = {part for part in made.split("; ")[1:] if not part.startswith("Max-Age")}
    assert set(deleted.split("; ")[1:]) >= kept
    assert "Max-Age=0" in deleted
    assert of_visitor.startswith(f"{cookie_name(request.app.state.settings, 'visitor')}=")
    assert of_visitor.split("; ")[1:] == deleted.split("; ")[1:]


async def test_the_sign_in_page_leads_to_the_owner_of_accounts(owner: Client) -> None:
    answer = await owner.get("/sign-in", params={"next": "/sample/?a=1"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sample/sign-in?next=%2Fsample%2F%3Fa%3D1")
    answer = await owner.get("/sign-in", params={"next": "https://evil.example"})
    assert answer.headers["location"] == "/sample/sign-in?next="


async def test_a_demonstration_shows_its_accounts_and_the_way_to_the_others(tmp_path: Path) -> None:
    known = service(tmp_path)
    settings = quiet_settings(tmp_path, demo=True)
    shown = replace(known, nav=replace(known.nav, links=(*known.nav.links, *OWNER)))
    async with client_of(shown, tmp_path, settings=settings, accounts=ACCOUNTS) as client:
        text = (await client.get("/sign-in")).text
    assert "Accueil (test)" in text
    assert 'href="/sample/sign-in?next="' in text
    assert 'href="/sample/sign-out"' not in text


async def test_signing_out_of_an_account_is_the_owners(owner: Client, clock: FixedClock) -> None:
    owner.cookies.set("__Host-cefo-session", owner.process.signer.sign(token(clock)))
    answer = await owner.post("/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (307, "/sample/sign-out")
    owner.cookies.clear()
    assert (await owner.post("/sign-out")).status_code == 303
