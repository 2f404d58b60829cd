"""Everything works without JavaScript: plain links, plain forms."""

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.morning import Morning
from tests.browser.page_checks import watched_page
from tests.journeys.screens import COUNSELLOR, FRONT_DESK, FrontDesk, eventually, row, screens

pytestmark = pytest.mark.browser


async def test_from_check_in_to_goodbye(lived_in: Morning, browser: Browser) -> None:
    async with screens(browser, lived_in.stack) as those:
        desk = FrontDesk(await those.of(FRONT_DESK, java_script_enabled=False))
        ticket = await desk.checks_in("Se former")
        await desk.calls(ticket)
        counsellor = await those.of(COUNSELLOR, java_script_enabled=False)
        await (
            counsellor.get_by_role("navigation", name="Navigation principale")
            .get_by_role("link", name="File d’attente")
            .click()
        )
        await counsellor.get_by_role("button", name=f"Commencer l’entretien – {ticket}").click()
        await counsellor.get_by_role("button", name=f"Terminer l’entretien – {ticket}").click()
        await expect(counsellor.get_by_text("Entretien terminé. Durée :")).to_be_visible()
        finished = row(desk.page.get_by_role("region", name="Terminé à l’instant"), ticket)
        await eventually(lambda: reloaded(desk.page, finished), bool)
        await desk.makes_known(ticket, "Prénom", "Sans script (démo)")


async def reloaded(page: Page, shown: Locator) -> int:
    """How many of these there are on the page, after a reload."""
    await page.reload()
    return await shown.count()


async def test_a_person_writes_a_goal(lived_in: Morning, browser: Browser) -> None:
    async with watched_page(browser, base_url=lived_in.stack.url, java_script_enabled=False) as (page, _trouble):
        await lived_in.enters(page, "visitor")
        await page.goto(f"/plans/{lived_in.made['plan']}")
        await page.get_by_text("Ajouter un objectif").click()
        await page.get_by_label("L’objectif, en une phrase").fill("Écrire sans script")
        await page.get_by_role("button", name="Ajouter l’objectif").click()
        await expect(page.get_by_role("article", name="Écrire sans script")).to_be_visible()


async def test_a_search_finds(lived_in: Morning, browser: Browser) -> None:
    async with watched_page(browser, base_url=lived_in.stack.url, locale="fr", java_script_enabled=False) as (page, _):
        await page.goto("/directory/")
        await page.get_by_label("Que cherchez-vous ?").fill("comptabilité")
        await page.get_by_role("button", name="Rechercher").click()
        await page.get_by_role("link", name="comptabilité").first.click()
        await expect(page.get_by_role("heading", name="Contact")).to_be_visible()
