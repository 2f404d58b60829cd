"""A button copies what stands beside it; the wall says nothing of its connection while it holds."""

import pytest
from playwright.async_api import Browser, expect

from tests.browser.morning import Morning
from tests.browser.page_checks import watched_page

pytestmark = pytest.mark.browser


async def test_a_reference_is_copied_whole(lived_in: Morning, browser: Browser) -> None:
    allowed = ["clipboard-read", "clipboard-write"]
    async with watched_page(browser, base_url=lived_in.stack.url, locale="fr", permissions=allowed) as (page, trouble):
        await lived_in.enters(page, "accueil-liege")
        await page.goto(f"/intake/visits/{lived_in.made['known_visit']}")
        await page.get_by_role("button", name="Copier la référence").click()
        await expect(page.get_by_role("status").filter(has_text="Copié.")).to_be_visible()
        reference = await page.locator("#subject-ref").inner_text()
        assert await page.evaluate("navigator.clipboard.readText()") == reference
        assert trouble.all() == []


async def test_without_javascript_there_is_no_button_that_copies(lived_in: Morning, browser: Browser) -> None:
    async with watched_page(browser, base_url=lived_in.stack.url, locale="fr", java_script_enabled=False) as (page, _):
        await lived_in.enters(page, "accueil-liege")
        await page.goto(f"/intake/visits/{lived_in.made['known_visit']}")
        await expect(page.locator("#subject-ref")).to_be_visible()
        await expect(page.get_by_text("Copier la référence")).to_be_hidden()


async def test_the_wall_is_silent_while_it_is_live(lived_in: Morning, browser: Browser) -> None:
    async with watched_page(browser, base_url=lived_in.stack.url, locale="fr") as (page, _trouble):
        await page.goto("/intake/waiting-room/liege")
        await expect(page.locator('.live[data-live="on"]')).to_be_visible()
        await expect(page.get_by_text("En direct")).to_be_hidden()
        await page.locator(".live").evaluate("live => { live.dataset.live = 'off' }")
        await expect(page.get_by_text("Connexion perdue")).to_be_visible()
