"""The visitor's home page: parts of other services, one of which does not answer."""

import pytest
from playwright.async_api import Browser, Route, expect

from tests.browser.morning import Morning
from tests.browser.page_checks import settled, watched_page

pytestmark = pytest.mark.browser
SIGN_IN = "<!doctype html><title>x</title><body><main><h1>Se connecter</h1></main></body>"


@pytest.mark.parametrize("fault", ["refused", "unreachable", "another page"])
async def test_a_part_that_does_not_come_says_so_and_is_asked_for_again(
    fault: str, lived_in: Morning, browser: Browser
) -> None:
    async def breaks(route: Route) -> None:
        if fault == "unreachable":
            await route.abort()
        elif fault == "refused":
            await route.fulfill(status=503, content_type="text/html", body="<p class='lead'>busy</p>")
        else:
            await route.fulfill(status=200, content_type="text/html", body=SIGN_IN)

    async with watched_page(browser, 390, base_url=lived_in.stack.url, locale="fr") as (page, _trouble):
        await lived_in.enters(page, "visitor")
        await page.route("**/plans/mine/part", breaks)
        await page.goto("/intake/mine")
        await settled(page)
        part = page.get_by_role("region", name="Mon plan")
        await expect(part).to_contain_text("Cette partie ne peut pas s’afficher pour le moment.")
        await expect(part).not_to_contain_text("Se connecter")
        await expect(page.get_by_role("region", name="Mes prochains rendez-vous")).to_contain_text("Sur place")
        again = part.get_by_role("button", name="Réessayer – Mon plan")
        await again.press("Enter")
        await expect(again).to_be_visible()
        await page.unroute("**/plans/mine/part")
        await again.press("Enter")
        await expect(part.get_by_role("link", name="Ouvrir mon plan")).to_be_visible()
        await expect(again).to_be_hidden()
        assert await part.locator("[data-part]").evaluate("part => part === document.activeElement")


async def test_without_javascript_each_part_is_a_link_to_a_page(lived_in: Morning, browser: Browser) -> None:
    options = {"base_url": lived_in.stack.url, "locale": "fr", "java_script_enabled": False}
    async with watched_page(browser, 390, **options) as (page, trouble):
        await lived_in.enters(page, "visitor")
        for link, shown in (
            ("Voir mes rendez-vous", "Sur place"),
            ("Voir mes demandes", "Référence"),
            ("Voir mon plan", "Compétences"),
        ):
            await page.goto("/intake/mine")
            await page.get_by_role("link", name=link).click()
            await expect(page.get_by_role("main")).to_contain_text(shown)
        assert trouble.all() == []
