"""The middleware around every request: session, language, cross-site checks, security headers."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.chassis.copies import accounts
from services.chassis.copies.accounts import Accounts
from services.chassis.identity import tokens
from services.chassis.identity.tokens import AccountToken, Token
from services.chassis.testing import Client, FixedClock, client_of
from services.chassis.web.security import Known, RequestIdentity
from services.contracts.accounts import AccountStatus
from tests.chassis.conftest import DESK
from tests.chassis.sample_service import IMPORT, NOTES, service, stored_notes
from tests.chassis.web.test_sign_in import REF, publish

PAGE = {"accept": "text/html"}


async def test_a_forged_session_is_401(client: Client) -> None:
    client.signed_in(DESK)
    name = "cefo-session"
    forged = client.cookies[name][:-3] + "abc"
    client.cookies.set(name, forged)
    assert (await client.post(NOTES, json={"words": "x"})).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "", "sec-fetch-site": "cross-site"}, 403),
        ({"origin": "", "sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "same-origin"}, 201),
        ({"origin": "https://evil.example", "authorization": ""}, 403),
        ({"origin": "https://evil.example", "authorization": "Bearer "}, 403),
        ({"origin": ""}, 403),
    ],
)
async def test_a_cross_site_change_is_refused(client: Client, headers: dict[str, str], status: int) -> None:
    """Cross-site request forgery: a browser sends our cookie along with whatever page asks."""
    answer = await client.signed_in(DESK).post(NOTES, json={"words": "x"}, headers=headers)
    assert answer.status_code == status
    assert await stored_notes(client) == (["x"] if status == 201 else [])


async def test_a_bearer_token_signs_a_program_in(client: Client) -> None:
    token = client.process.signer.session(DESK)
    fine = await client.post(NOTES, json={"words": "x"}, headers={"authorization": f"Bearer {token}", "origin": ""})
    wrong = await client.post(NOTES, json={"words": "y"}, headers={"authorization": "Bearer x", "origin": ""})
    assert (fine.status_code, wrong.status_code) == (201, 401)


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer", "bEaReR", " bearer "])
async def test_the_scheme_of_a_bearer_token_has_any_case(client: Client, scheme: str) -> None:
    headers = {"authorization": f"{scheme} {client.process.signer.session(DESK)}", "origin": ""}
    assert (await client.post(NOTES, json={"words": "x"}, headers=headers)).status_code == 201


@pytest.mark.parametrize("scheme", ["Basic ", "Bearers ", "Token ", ""])
async def test_another_scheme_is_no_token_and_no_way_around_the_origin_check(client: Client, scheme: str) -> None:
    value = f"{scheme}{client.process.signer.session(DESK)}"
    without = {"authorization": value, "origin": ""}
    assert (await client.post(NOTES, json={"words": "x"}, headers=without)).status_code == 401
    evil = {"authorization": value, "origin": "https://evil.example"}
    assert (await client.signed_in(DESK).post(NOTES, json={"words": "x"}, headers=evil)).status_code == 403


@pytest.mark.parametrize("name", ["access_token", "token", "authorization", "bearer"])
async def test_a_token_in_the_address_signs_nobody_in(client: Client, name: str) -> None:
    token = client.process.signer.session(DESK)
    for value in (token, f"Bearer {token}"):
        answer = await client.get("/sample/", params={name: value}, headers={"accept": "application/json"})
        assert answer.status_code == 401


async def test_a_malformed_cookie_of_another_site_does_not_end_the_session(client: Client) -> None:
    client.signed_in(DESK)
    session = client.cookies["cefo-session"]
    client.cookies.clear()
    for strange in ('{"a":1}', "path", "a=b;;c", '"'):
        answer = await client.get("/sample/", headers={"cookie": f"other={strange}; cefo-session={session}"})
        assert answer.status_code == 200, strange


async def test_every_answer_carries_the_security_headers(client: Client) -> None:
    for path in ("/", "/sample/", "/sample/nowhere", NOTES, "/health/live", "/static/cefo.css"):
        answer = await client.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in policy
    nonces = {(await client.get("/")).headers["content-security-policy"] for _ in range(3)}
    assert len(nonces) == 3


async def test_the_language_is_the_requested_the_remembered_or_the_browsers(client: Client) -> None:
    async def language(path: str = "/", accepts: str = "") -> str:
        text = (await client.get(path, headers={**PAGE, "accept-language": accepts})).text
        return text.partition('<html lang="')[2][:2]

    assert await language() == "fr"
    assert await language(accepts="es, de;q=0.8, en;q=0.9") == "en"
    assert await language("/?lang=nl", "de") == "nl"
    assert await language(accepts="de") == "nl"
    assert await language("/?lang=xx") == "nl"


def account_token(client: Client, clock: FixedClock, **changed: Any) -> str:
    """The cookie's text of an account's sign-in."""
    facts = {
        "account_ref": REF,
        "sign_in": uuid4(),
        "began_at": clock.now,
        "expires_at": clock.now + timedelta(hours=2),
    }
    return client.process.signer.sign(AccountToken.model_validate(facts | changed))


async def test_an_account_has_the_rights_of_its_copy_as_cookie_and_as_bearer(client: Client, clock: FixedClock) -> None:
    await publish(client.store)
    text = account_token(client, clock)
    bearer = {"authorization": f"Bearer {text}", "origin": ""}
    assert (await client.post(NOTES, json={"words": "x"}, headers=bearer)).status_code == 201
    client.cookies.set("cefo-session", text)
    assert (await client.post(NOTES, json={"words": "y"})).status_code == 201
    assert (await client.post(IMPORT, content=b"")).status_code == 403
    assert (await client.get("/", headers=PAGE)).status_code == 200


async def test_an_account_that_is_changed_has_other_rights_within_seconds(
    client: Client, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "CACHE_SECONDS", 0.0)
    client.cookies.set("cefo-session", account_token(client, clock, began_at=clock.now - timedelta(hours=1)))
    for version, changed, status in (
        (1, {}, 200),
        (2, {"roles": ["counsellor"]}, 403),
        (3, {"roles": ["front-desk"]}, 200),
        (4, {"status": AccountStatus.INACTIVE}, 401),
        (5, {}, 200),
        (6, {"signed_out_before": clock.now}, 401),
    ):
        await publish(client.store, version, **changed)
        assert (await client.get("/sample/", headers={"accept": "application/json"})).status_code == status, changed
    clock.forward(hours=3)


async def test_an_expired_token_of_an_account_is_401(client: Client, clock: FixedClock) -> None:
    await publish(client.store)
    client.cookies.set("cefo-session", account_token(client, clock))
    assert (await client.get("/sample/")).status_code == 200
    clock.forward(hours=2)
    assert (await client.get("/sample/", headers={"accept": "application/json"})).status_code == 401


async def test_a_store_that_does_not_answer_denies_with_503_and_leaves_public_pages(
    client: Client, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows whether the sign-in still holds; it is neither accepted nor taken for ended."""

    async def lost(_self: Accounts, _token: AccountToken) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(Accounts, "person", lost)
    client.cookies.set("cefo-session", account_token(client, clock))
    assert (await client.get("/sample/", headers={"accept": "application/json"})).status_code == 503
    assert (await client.get("/", headers=PAGE)).status_code == 200
    assert (await client.get(NOTES)).status_code == 200


async def test_a_service_without_accounts_gives_their_tokens_no_right(tmp_path: Path, clock: FixedClock) -> None:
    without = replace(service(tmp_path), accounts=None)
    async with client_of(without, tmp_path, clock=clock) as client:
        client.cookies.set("cefo-session", account_token(client, clock))
        assert (await client.get("/sample/", headers={"accept": "application/json"})).status_code == 401


async def test_what_a_stream_asks_says_whether_the_sign_in_holds(
    client: Client, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "CACHE_SECONDS", 0.0)
    known, signer = Known(client.runtime.accounts), client.process.signer

    def tokens_of(text: str) -> list[Token]:
        return [token for token in (signer.verify(text),) if token is not None]

    await publish(client.store)
    of_account = RequestIdentity(tokens_of(account_token(client, clock)), signer, known)
    of_person = RequestIdentity(tokens_of(signer.session(DESK)), signer, known)
    anyone = RequestIdentity([], signer, known)
    for one in (of_account, of_person, anyone):
        await one.load()
        assert await one.holds()
    assert anyone.person is None
    await publish(client.store, 2, centres=["mons"])
    assert not await of_account.holds(), "other rights: the page is to be asked for again"
    monkeypatch.setattr(tokens, "time", lambda: 1e12)
    assert not await of_person.holds()
