from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from services.chassis.identity.people import Person
from tests.givens.plans import COUNSELLOR, Adult, visitor
from tests.parts.served import served
from tests.plans.conftest import Site


@asynccontextmanager
async def opened(browser: Browser, site: Site, url: str, person: Person, **options: Any) -> AsyncGenerator[Page]:
    """A browser's page, signed in as this person. Who they are is intake's to say; here nobody answers for it."""
    async with await browser.new_context(**options) as context:
        cookies = {"cefo-session": site.process.signer.session(person), "cefo-lang": options.get("locale", "fr")[:2]}
        await context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])
        await context.route("**/intake/fragments/**", lambda route: route.fulfill(body="Nadia (demo)"))
        yield await context.new_page()


@pytest.mark.browser
async def test_counsellor_and_visitor_see_each_other_write_and_lose_nothing(
    site: Site, her: Adult, browser: Browser
) -> None:
    her_account = visitor(her.subject_ref)
    async with (
        served(site.process) as url,
        opened(browser, site, url, COUNSELLOR) as counsellor,
        opened(browser, site, url, her_account) as person,
    ):
        for page in (counsellor, person):
            await page.goto(f"{url}/plans/{her.plan_id}")
            await expect(page.locator(".live-on")).to_be_visible()
        await person.locator("#add-reflection > summary").click()
        await person.locator("#reflection-text").fill("Une idée qui n’est pas encore finie")
        await counsellor.locator("#add-goal > summary").click()
        await counsellor.locator("#my-goal").fill("Travailler le bois")
        await counsellor.locator("#my-goal").press("Enter")
        await expect(person.get_by_role("heading", name="Travailler le bois")).to_be_visible()
        await expect(person.locator("#reflection-text")).to_have_value("Une idée qui n’est pas encore finie")
        await person.locator("#add-reflection button[type=submit]").click()
        await expect(counsellor.get_by_text("Une idée qui n’est pas encore finie")).to_be_visible()
        await expect(person.locator("#reflection-text")).to_have_value("")
