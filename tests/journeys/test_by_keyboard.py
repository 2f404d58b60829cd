"""The front desk's work without a mouse: check in, call, receive, say goodbye."""

import pytest
from playwright.async_api import Browser, Page, expect

from tests.journeys.screens import FRONT_DESK, row, screens, ticket_given
from tests.journeys.stacks import Stack

pytestmark = pytest.mark.browser
FAR = 80
"""Tabs after which nobody looks further."""


async def walk_to(page: Page, role: str, name: str) -> None:
    """Press Tab until this has the focus."""
    wanted = page.get_by_role(role, name=name)  # pyright: ignore[reportArgumentType]
    for _ in range(FAR):
        await page.keyboard.press("Tab")
        if await wanted.evaluate_all("found => found.includes(document.activeElement)"):
            return
    pytest.fail(f"Tab does not lead to the {role} “{name}”")


@pytest.mark.parametrize("stack", ["embedded"], indirect=True)
async def test_the_front_desk_needs_no_mouse(stack: Stack, browser: Browser) -> None:
    async with screens(browser, stack) as those:
        page = await those.of(FRONT_DESK)
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Aller au contenu")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("main")).to_be_focused()

        await walk_to(page, "button", "Guichet 1")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Vous êtes au guichet 1")).to_be_visible()

        await walk_to(page, "radio", "Non précisé")
        await page.keyboard.press("ArrowUp")
        await expect(page.get_by_role("radio", name="Créer son activité")).to_be_checked()
        await walk_to(page, "button", "Donner un ticket")
        await page.keyboard.press("Enter")
        ticket = await ticket_given(page)

        await walk_to(page, "button", f"Appeler – {ticket}")
        await page.keyboard.press("Enter")
        await expect(row(page.get_by_role("region", name="Appels en cours"), ticket)).to_be_visible()
        assert await page.evaluate("document.activeElement !== document.body"), "the focus is lost when the row moves"
        await walk_to(page, "button", f"Recevoir la personne – {ticket}")
        await page.keyboard.press("Space")
        await expect(row(page.get_by_role("region", name="Au guichet"), ticket)).to_be_visible()
        await walk_to(page, "button", f"Terminer la visite – {ticket}")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("button", name=f"Terminer la visite – {ticket}")).to_have_count(0)
        assert await page.evaluate("document.activeElement !== document.body"), "the focus is lost when the row goes"
