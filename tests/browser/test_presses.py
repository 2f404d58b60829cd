"""A press on a board is one request, whatever changed meanwhile; one that is not taken says so."""

from collections.abc import Generator

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.expected import expected
from tests.browser.morning import Morning
from tests.browser.page_checks import watched_page
from tests.journeys.adult import Centre, ok
from tests.journeys.screens import PATIENCE

pytestmark = pytest.mark.browser


@pytest.fixture
def arrivals(lived_in: Morning) -> Generator[list[str]]:
    """Interviews of persons who are expected now."""
    with expected(lived_in) as found:
        yield found


async def at_the_desk(page: Page, lived: Morning) -> list[str]:
    """Open the desk's page. Returns the arrivals that it sends from now on."""
    await lived.enters(page, "accueil-liege")
    await page.goto("/intake/desk/liege")
    await expect(page.get_by_text("En direct")).to_be_visible(timeout=PATIENCE)
    sent: list[str] = []
    page.on("request", lambda one: sent.append(one.url.split("/")[-2]) if one.url.endswith("/arrive") else None)
    return sent


def waiting(page: Page) -> Locator:
    """Who waits, on the board."""
    return page.get_by_role("region", name="En attente").get_by_role("listitem")


async def test_a_press_right_after_the_board_changed_is_taken(
    lived_in: Morning, arrivals: list[str], browser: Browser
) -> None:
    """By mouse and by Enter, on forms that neither moved nor were answered."""
    centre = Centre(lived_in.stack)
    async with watched_page(browser, base_url=lived_in.stack.url, locale="fr") as (page, trouble):
        await page.set_viewport_size({"width": 1280, "height": 2000})
        sent = await at_the_desk(page, lived_in)
        await page.locator("#expected > summary").click()
        first, second, third = (page.locator(f"#arrive-{one}") for one in arrivals)
        await second.focus()
        before = await waiting(page).count()
        centre.walks_in("find-job")
        await expect(waiting(page)).to_have_count(before + 1, timeout=PATIENCE)
        await page.keyboard.press("Enter")
        await expect(second).to_have_count(0)
        await first.click()
        await expect(first).to_have_count(0)
        await third.press("Enter")
        await expect(third).to_have_count(0)
        assert sent == [arrivals[1], arrivals[0], arrivals[2]]
        assert await page.locator("#ignored-press").inner_text() == ""
        assert trouble.all() == []


async def test_a_number_that_changed_under_the_pointer_is_no_other_button(
    lived_in: Morning, arrivals: list[str], browser: Browser
) -> None:
    centre = Centre(lived_in.stack)
    async with watched_page(browser, base_url=lived_in.stack.url, locale="fr") as (page, trouble):
        await at_the_desk(page, lived_in)
        summary = page.locator("#expected > summary")
        await summary.hover()
        count = summary.locator(".board-count")
        before = int(await count.inner_text())
        ok(centre.desk.post(f"/intake/api/v1/appointments/{arrivals[0]}/arrival", json={}))
        await expect(count).to_have_text(str(before - 1), timeout=PATIENCE)
        box = await summary.bounding_box()
        assert box is not None
        await page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        await expect(page.locator(f"#arrive-{arrivals[1]}")).to_be_visible()
        assert trouble.all() == []
