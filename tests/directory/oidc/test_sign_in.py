"""Signing in and out as a browser sees it: cefo's pages, and a real provider's."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx2
import pytest

from services.chassis.runtime.clock import system_clock
from services.contracts.roles import Role
from services.directory.actions import accounts
from services.directory.domain.accounts import Grantor, Rights
from services.directory.oidc import Issuer
from services.directory.pages import sign_in as pages
from services.directory.store import Account, Identity, SignIn
from tests.directory.oidc.conftest import CALLBACK
from tests.directory.web import Site
from tests.givens.rows import rows_of
from tests.parts.oidc import OidcProvider, log_in

pytestmark = pytest.mark.oidc

START = "/directory/sign-in/oidc/region"
REGION = Grantor(Rights(frozenset({Role.MANAGER})))
DESK = Rights(frozenset({Role.FRONT_DESK}), frozenset({"mons"}))


@pytest.fixture
async def site(tmp_path: Path, issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Site]:
    """The directory with two issuers, one of which does not exist."""
    known = issuer.model_dump(mode="json")
    gone = known | {"key": "gone", "issuer": "http://127.0.0.1:9", "label": "Ville de Mons"}
    monkeypatch.setenv("CEFO_DIRECTORY_OIDC", json.dumps([known, gone]))
    made = Site(tmp_path, system_clock, demo=False)
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def person(site: Site) -> AsyncGenerator[httpx2.AsyncClient]:
    """A person's browser, at cefo's pages."""
    async with site.as_(None, page=True) as made:
        yield made


async def led_back(person: httpx2.AsyncClient, at_provider: httpx2.AsyncClient, login: str, next: str = "") -> str:
    """From cefo's page to the provider, signed in there. Returns the address that leads back."""
    begun = await person.get(START, params={"next": next})
    assert begun.status_code == 303
    return await log_in(at_provider, begun.headers["location"], login, CALLBACK)


async def signed_in(person: httpx2.AsyncClient) -> bool:
    """Whether a page shows that a person is signed in."""
    return 'action="/sign-out"' in (await person.get("/directory/")).text


async def test_the_page_lists_the_organisations(person: httpx2.AsyncClient) -> None:
    text = (await person.get("/directory/sign-in", params={"next": "/directory/inbox?a=b"})).text
    assert f'href="{START}?next=%2Fdirectory%2Finbox%3Fa%3Db"' in text
    assert "Région wallonne" in text
    assert "Ville de Mons" in text


async def test_a_person_of_the_mapping_signs_in_and_sees_the_page_that_was_asked_for(
    site: Site, person: httpx2.AsyncClient, at_provider: httpx2.AsyncClient
) -> None:
    back = await led_back(person, at_provider, "amina", "/directory/?q=formation")
    answer = await person.get(back)
    assert (answer.status_code, answer.headers["location"]) == (303, "/directory/?q=formation")
    assert await signed_in(person)
    [account] = await rows_of(site.store, Account)
    assert (account.status, account.roles, account.centres) == ("active", ["front-desk"], ["namur"])


@pytest.mark.parametrize("language", ["fr", "de", "nl", "en"])
async def test_who_has_no_group_waits_for_a_manager(
    site: Site, person: httpx2.AsyncClient, at_provider: httpx2.AsyncClient, language: str
) -> None:
    person.headers["accept-language"] = language
    answer = await person.get(await led_back(person, at_provider, "bruno"))
    assert answer.status_code == 403
    assert f'<html lang="{language}">' in answer.text
    assert "Bruno Lambert" in answer.text
    words = {"fr": "approbation", "de": "Freigabe", "nl": "goedkeuring", "en": "approval"}
    assert words[language] in answer.text
    assert not await signed_in(person)
    [account] = await rows_of(site.store, Account)
    async with site.store.work() as work:
        await accounts.approve(work, account.id, DESK, manager=REGION, by="demo/region")
    assert (await person.get(await led_back(person, at_provider, "bruno"))).status_code == 303
    assert await signed_in(person)


async def test_the_same_address_of_mail_opens_no_other_account(
    site: Site, person: httpx2.AsyncClient, at_provider: httpx2.AsyncClient
) -> None:
    """Amina and Bruno have one address, and Amina has rights."""
    async with site.as_(None, page=True) as other, httpx2.AsyncClient(trust_env=False) as others:
        await other.get(await led_back(other, others, "amina"))
    await person.get(await led_back(person, at_provider, "bruno"))
    assert not await signed_in(person)
    assert {one.sub for one in await rows_of(site.store, Identity)} == {"amina", "bruno"}
    assert {one.display_name: one.status for one in await rows_of(site.store, Account)} == {
        "Amina Delvaux": "active",
        "Bruno Lambert": "pending",
    }


async def nobody(site: Site, person: httpx2.AsyncClient, answer: httpx2.Response) -> None:
    """The answer says no, on the page to sign in, and nothing was kept."""
    assert answer.status_code == 401, answer.text
    assert f'href="{START}' in answer.text
    assert 'role="alert"' in answer.text
    assert not await signed_in(person)
    assert await rows_of(site.store, Account) == []
    assert await rows_of(site.store, SignIn) == []


async def test_an_answer_is_good_once_and_in_the_browser_that_asked(
    site: Site, person: httpx2.AsyncClient, at_provider: httpx2.AsyncClient
) -> None:
    back = await led_back(person, at_provider, "amina")
    async with site.as_(None, page=True) as thief:
        await nobody(site, thief, await thief.get(back))  # no cookie
        await led_back(thief, at_provider, "amina")
        await nobody(site, thief, await thief.get(back))  # another attempt's cookie
    attempt = person.cookies["cefo-sign-in-attempt"]
    assert (await person.get(back)).status_code == 303
    assert "cefo-sign-in-attempt" not in person.cookies
    assert (await person.get(back)).status_code == 401
    async with site.as_(None, page=True) as again:  # who copied the cookie too
        again.cookies["cefo-sign-in-attempt"] = attempt
        assert (await again.get(back)).status_code == 401
        assert not await signed_in(again)


@pytest.mark.parametrize("change", ["state", "no state", "no code", "error", "other issuer", "cookie", "old cookie"])
async def test_an_answer_that_does_not_fit_signs_nobody_in(
    site: Site,
    person: httpx2.AsyncClient,
    at_provider: httpx2.AsyncClient,
    change: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = httpx2.URL(await led_back(person, at_provider, "amina"))
    match change:
        case "state":
            url = url.copy_set_param("state", "x" * 43)
        case "no state":
            url = url.copy_remove_param("state")
        case "no code":
            url = url.copy_remove_param("code")
        case "error":
            url = url.copy_set_param("error", "access_denied")
        case "other issuer":
            url = httpx2.URL(str(url).replace("/oidc/region/", "/oidc/gone/"))
        case "cookie":
            name, value = "cefo-sign-in-attempt", person.cookies["cefo-sign-in-attempt"]
            person.cookies.clear()
            person.cookies[name] = value[:20] + ("A" if value[20] != "A" else "B") + value[21:]
        case _:
            monkeypatch.setattr(pages, "ATTEMPT_SECONDS", -1)
    await nobody(site, person, await person.get(url))


async def test_a_forged_token_signs_nobody_in(
    site: Site, provider: OidcProvider, person: httpx2.AsyncClient, at_provider: httpx2.AsyncClient
) -> None:
    back = await led_back(person, at_provider, "amina")
    provider.tamper("/token", lambda tokens: tokens | {"id_token": tokens["id_token"][:-4] + "AAAA"})
    await nobody(site, person, await person.get(back))


@pytest.mark.parametrize(
    "next", ["https://evil.example/", "//evil.example/", "/\\evil.example", "evil", "javascript:1"]
)
async def test_nobody_is_led_off_the_site(
    person: httpx2.AsyncClient, at_provider: httpx2.AsyncClient, next: str
) -> None:
    answer = await person.get(await led_back(person, at_provider, "amina", next))
    assert re.fullmatch(r"/[a-z/]*", answer.headers["location"])
    assert "evil" not in (await person.get("/directory/sign-in", params={"next": next})).text.partition("<main")[2]


async def test_while_the_provider_is_down_the_page_says_so(site: Site, person: httpx2.AsyncClient) -> None:
    answer = await person.get("/directory/sign-in/oidc/gone", params={"next": "/directory/inbox"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert "Ville de Mons does not answer at the moment. You are not signed in." in answer.text
    assert 'href="/directory/sign-in/oidc/gone?next=%2Fdirectory%2Finbox"' in answer.text
    assert "cefo-sign-in-attempt" not in person.cookies


async def test_the_provider_may_fail_between_start_and_end(
    provider: OidcProvider, person: httpx2.AsyncClient, at_provider: httpx2.AsyncClient
) -> None:
    back = await led_back(person, at_provider, "amina")
    provider.kill()
    try:
        answer = await person.get(back)
    finally:
        provider.start()
    assert answer.status_code == 503
    assert not await signed_in(person)
    assert (await person.get(await led_back(person, at_provider, "amina"))).status_code == 303


async def test_an_unknown_issuer_is_not_found(person: httpx2.AsyncClient) -> None:
    assert (await person.get("/directory/sign-in/oidc/nobody")).status_code == 404
    assert (await person.get("/directory/sign-in/oidc/nobody/callback?code=1&state=2")).status_code == 404


async def test_a_deactivated_account_does_not_come_in(
    site: Site, person: httpx2.AsyncClient, at_provider: httpx2.AsyncClient
) -> None:
    await person.get(await led_back(person, at_provider, "amina"))
    [account] = await rows_of(site.store, Account)
    async with site.store.work() as work:
        await accounts.deactivate(work, account.id, manager=REGION, by="demo/region")
    async with site.as_(None, page=True) as fresh:
        answer = await fresh.get(await led_back(fresh, at_provider, "amina"))
        assert answer.status_code == 403
        assert "deactivated" in answer.text
        assert not await signed_in(fresh)


async def test_signing_out_ends_the_sign_in_and_leads_to_the_provider(
    site: Site, provider: OidcProvider, person: httpx2.AsyncClient, at_provider: httpx2.AsyncClient
) -> None:
    await person.get(await led_back(person, at_provider, "amina"))
    kept = person.cookies["cefo-session"]
    first = await person.post("/sign-out")
    assert (first.status_code, first.headers["location"]) == (307, "/directory/sign-out")
    answer = await person.post("/directory/sign-out")
    [url] = re.findall(r'http-equiv="refresh" content="0;url=([^"]+)"', answer.text)
    url = url.replace("&amp;", "&")
    assert url.startswith(f"{provider.issuer}/session/end?client_id=cefo&")
    assert (await at_provider.get(url)).status_code == 200
    assert "cefo-session" not in person.cookies
    [ended] = await rows_of(site.store, SignIn)
    assert ended.ended_at is not None
    async with site.as_(None, page=True) as thief:  # who kept the cookie
        thief.cookies["cefo-session"] = kept
        await eventually_signed_out(thief)


async def eventually_signed_out(person: httpx2.AsyncClient) -> None:
    """Within 5 seconds."""
    async with asyncio.timeout(5):
        while await signed_in(person):  # noqa: ASYNC110
            await asyncio.sleep(0.2)


async def test_who_signs_in_as_somebody_else_is_signed_out_first(
    site: Site, person: httpx2.AsyncClient, at_provider: httpx2.AsyncClient
) -> None:
    await person.get(await led_back(person, at_provider, "amina"))
    async with httpx2.AsyncClient(trust_env=False) as another:
        await person.get(await led_back(person, another, "chantal"))
    names = {one.id: one.display_name for one in await rows_of(site.store, Account)}
    ended = {names[one.account_id]: one.ended_at is not None for one in await rows_of(site.store, SignIn)}
    assert ended == {"Amina Delvaux": True, "Chantal Goffin": False}


async def test_the_cookies_are_for_this_browser_and_site_alone(
    person: httpx2.AsyncClient, at_provider: httpx2.AsyncClient
) -> None:
    begun = await person.get(START)
    assert begun.headers["set-cookie"].startswith("cefo-sign-in-attempt=")
    for part in ("HttpOnly", "Path=/", "SameSite=lax", "Max-Age=600"):
        assert part in begun.headers["set-cookie"]
    answer = await person.get(await log_in(at_provider, begun.headers["location"], "amina", CALLBACK))
    session, forgotten = answer.headers.get_list("set-cookie")
    assert session.startswith("cefo-session=")
    assert "HttpOnly" in session
    assert forgotten.startswith('cefo-sign-in-attempt="";')
