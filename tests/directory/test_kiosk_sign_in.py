"""A kiosk's browser signs in with the token of its account, and stays signed in until the token ends."""

from typing import Any
from uuid import UUID

import httpx2
import pytest

from services.chassis.testing import FixedClock
from services.contracts.roles import Role
from services.directory.actions import accounts
from services.directory.app import keep_token_uses
from tests.directory.test_token_pages import API, KIOSK, MANAGER, create, listed
from tests.directory.web import Site
from tests.givens.accounts import REGION, REGION_BY, rights

BORNE = KIOSK | {"roles": ["kiosk"]}
PAGE = "/directory/sign-in/device"


async def enter(browser: httpx2.AsyncClient, token: str, next: str = "") -> httpx2.Response:
    return await browser.post(PAGE, data={"token": token}, params={"next": next} if next else None)


async def is_signed_in(site: Site, browser: httpx2.AsyncClient) -> bool:
    site.process.runtimes[0].accounts._known.clear()  # pyright: ignore  two seconds later
    answer = await browser.get(API, headers={"accept": "application/json"})
    assert answer.status_code in (401, 403), "a kiosk only checks in"
    return answer.status_code == 403


async def test_a_kiosk_is_signed_in_as_long_as_its_token_is_valid(site: Site, clock: FixedClock) -> None:
    token = (await create(site, **BORNE))["token"]
    async with site.as_(None, page=True) as browser:
        assert not await is_signed_in(site, browser)
        answer = await enter(browser, f" {token} ", "/intake/kiosk")
        assert (answer.status_code, answer.headers["location"]) == (303, "/intake/kiosk")
        assert f"Max-Age={30 * 24 * 3600}" in answer.headers["set-cookie"]
        assert token not in answer.headers["set-cookie"], "the sign-in is its own"
        assert await is_signed_in(site, browser)
        await keep_token_uses(site.process.runtimes[0])
        assert [one["last_used_on"] for one in await listed(site)] == ["2026-03-02"]
        clock.forward(days=30)
        assert not await is_signed_in(site, browser)


async def test_signing_out_ends_the_sign_in_and_leaves_the_token(site: Site) -> None:
    token = (await create(site, **BORNE))["token"]
    async with site.as_(None, page=True) as browser, site.as_(None, page=True) as copy:
        await enter(browser, token)
        copy.cookies.update(browser.cookies)
        assert await is_signed_in(site, copy)
        await browser.post("/directory/sign-out")
        assert not await is_signed_in(site, copy)
        assert (await enter(browser, token)).status_code == 303
        assert await is_signed_in(site, browser)


async def test_revoking_the_token_signs_the_kiosk_out(site: Site) -> None:
    issued = await create(site, **BORNE)
    async with site.as_(None, page=True) as browser:
        await enter(browser, issued["token"])
        async with site.as_(MANAGER) as manager:
            await manager.delete(f"{API}/{issued['id']}")
        assert not await is_signed_in(site, browser)
        assert "This token is not valid." in (await enter(browser, issued["token"])).text


async def test_a_kiosk_whose_account_gets_another_role_is_signed_out(site: Site, clock: FixedClock) -> None:
    issued = await create(site, **BORNE)
    async with site.as_(None, page=True) as browser:
        await enter(browser, issued["token"])
        clock.forward(seconds=1)
        only, more = rights(Role.KIOSK, centres=("mons",)), rights(Role.KIOSK, Role.FRONT_DESK, centres=("mons",))
        for given, still in ((only, True), (more, False), (only, False)):
            async with site.store.work() as work:
                account = UUID(issued["account_ref"])
                await accounts.change(work, account, given, manager=REGION, by=REGION_BY)
            assert await is_signed_in(site, browser) is still
        assert (await enter(browser, issued["token"])).status_code == 303, "the token is still that of a kiosk"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (KIOSK, "This token is not that of a kiosk."),
        (KIOSK | {"roles": ["kiosk", "front-desk"]}, "This token is not that of a kiosk."),
        (KIOSK | {"kind": "machine", "roles": ["kiosk"]}, "This token is not that of a kiosk."),
        (None, "This token is not valid."),
    ],
)
async def test_another_token_is_refused_with_the_reason_and_not_shown_again(
    site: Site, given: dict[str, Any] | None, words: str
) -> None:
    token = (await create(site, **given))["token"] if given is not None else site.process.signer.session(MANAGER)
    async with site.as_(None, page=True) as browser:
        answer = await enter(browser, token)
        assert (answer.status_code, words in answer.text) == (422, True)
        assert token not in answer.text
        assert "set-cookie" not in answer.headers
        assert (await browser.post(PAGE, data={"token": ""})).status_code == 422
