"""Every page in Chromium, as its people see it: axe, the Nu checker, the policy, the keyboard, the layout."""

from collections.abc import Generator
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page

from services.chassis.settings import Settings
from services.chassis.web.security import cookie_name
from tests.browser.page_checks import (
    axe_violations,
    csp_violations,
    html_errors,
    keyboard_walk,
    layout_faults,
    screenshot,
)
from tests.journeys.adult import Centre
from tests.journeys.stacks import Stack, embedded

pytestmark = pytest.mark.browser

PAGES = {
    "": [
        "/",
        "/sign-in",
        "/intake/waiting-room/liege",
        "/directory/",
        "/directory/?q=formation",
        "/impact/",
        "/impact/?from=x",
    ],
    "accueil-liege": ["/intake/", "/intake/visits/{visit}"],
    "conseil-liege": [
        "/scheduling/",
        "/scheduling/agenda",
        "/scheduling/workshops",
        "/scheduling/workshops/new",
        "/scheduling/workshops/{workshop}",
        "/plans/",
        "/plans/{plan}",
        "/plans/{plan}/log",
        "/directory/referrals",
        "/directory/referrals/new",
    ],
    "operateur-ifapme": ["/directory/inbox", "/directory/entry"],
    "cite-charleroi": ["/directory/referral-events"],
    "exploitation": ["/intake/dead-letters"],
}
PLACES = [(account, path) for account, paths in PAGES.items() for path in paths]


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Stack, dict[str, str]]]:
    """A platform with a morning behind it: people waiting, a workshop, a plan, a referral."""
    with embedded(tmp_path_factory.mktemp("pages")) as stack:
        liege = Centre(stack)
        yield stack, liege.lives_a_morning()


async def opened(browser: Browser, stack: Stack, account: str, lang: str, width: int) -> BrowserContext:
    """A browser context at this width, signed in as this account."""
    context = await browser.new_context(
        viewport={"width": width, "height": 900}, base_url=stack.url, bypass_csp=False, locale=lang
    )
    cookies = [{"name": "cefo-lang", "value": lang, "url": stack.url}]
    if account:
        client = stack.browse()
        client.post("/sign-in", data={"account": account})
        name = cookie_name(Settings(), "session")
        cookies.append({"name": name, "value": client.cookies[name], "url": stack.url})
    for cookie in cookies:
        await context.add_cookies([{"name": cookie["name"], "value": cookie["value"], "url": cookie["url"]}])
    return context


async def settled(page: Page, path: str) -> str:
    """Open the page; returns the HTML as the server sent it."""
    answer = await page.goto(path)
    assert answer is not None
    assert answer.status < 500
    await page.wait_for_load_state("load")
    await page.wait_for_timeout(300)
    return await answer.text()


@pytest.mark.parametrize(("account", "path"), PLACES, ids=[f"{a or 'anyone'}:{p}" for a, p in PLACES])
async def test_a_page_is_fit_to_use(
    account: str, path: str, browser: Browser, lived_in: tuple[Stack, dict[str, str]]
) -> None:
    stack, made = lived_in
    path = path.format_map(made)
    found: list[str] = []
    for lang, width in (("fr", 1280), ("de", 390)):
        context = await opened(browser, stack, account, lang, width)
        page = await context.new_page()
        trouble = await csp_violations(page)
        html = await settled(page, path)
        found += [f"{lang} {width}: {fault}" for fault in await axe_violations(page)]
        found += [f"{lang} {width}: {fault}" for fault in await layout_faults(page)]
        found += [f"{lang} {width}: {fault}" for fault in [*trouble.csp, *trouble.console, *trouble.scripts]]
        if lang == "fr":
            found += await html_errors({path: html})
            found += [f"keyboard: {fault}" for fault in await keyboard_walk(page)]
        name = (path.strip("/") or "home").replace("/", "-").replace("?", "-").replace("=", "-")[:60]
        await screenshot(page, f"{name}-{lang}", width, Path("build/screenshots"))
        await context.close()
    assert not found, "\n".join(found)
