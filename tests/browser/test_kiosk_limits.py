"""The kiosk where it cannot help: no number is left, or the centre is closed."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Browser, Route, expect

from services.contracts.roles import Role
from tests.browser.offline import SENT, Remote, started
from tests.browser.page_checks import layout_faults
from tests.journeys.screens import PATIENCE

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
OPENS_IN = """async (days) => {
  const opens = Date.now() + (await offline.pack("kiosk:huy")).ahead + days * 86400000;
  const opening = [opens, opens + 3600000].map((at) => new Date(at).toISOString());
  await offline.change("kiosk:huy", {openings: [opening], openings_until: new Date(opens + 86400000).toISOString()});
}"""
"""The centre's only opening that this kiosk knows of begins in so many days."""
CLOSED = (
    ("Français", r"Le centre est fermé en ce moment\. Il ouvre demain à \d\d:\d\d\."),
    ("Deutsch", r"Das Zentrum ist jetzt geschlossen\. Es öffnet morgen um \d\d:\d\d Uhr\."),
    ("Nederlands", r"Het centrum is nu gesloten\. Het opent morgen om \d\d:\d\d uur\."),
    ("English", r"The centre is closed now\. It opens tomorrow at \d\d:\d\d\."),
)


async def test_a_kiosk_without_numbers_sends_people_to_the_front_desk_and_keeps_nothing(
    huy: Remote, browser: Browser
) -> None:
    async with huy.screen(browser, Role.KIOSK) as page:
        await started(huy, page)
        await page.evaluate("offline.change('kiosk:huy', {number: 998})")
        huy.network.refuse()
        need = page.get_by_role("button", name="Se former")
        await need.click()
        await expect(page.locator("[data-ticket]:visible")).to_have_text(re.compile(r"^F-\d+999$"), timeout=PATIENCE)
        await page.get_by_role("button", name="Terminer").click()
        await need.click()
        await expect(page.get_by_text("Cet écran ne peut pas donner de ticket")).to_be_visible(timeout=PATIENCE)
        assert await page.evaluate("async () => (await offline.pending()).length") == 1
        huy.network.restore()
        await page.evaluate(SENT)
    assert len(huy.visits()) == 1


async def test_a_kiosk_says_in_every_language_that_the_centre_is_closed_also_without_the_server(
    huy: Remote, browser: Browser
) -> None:
    async with huy.screen(browser, Role.KIOSK) as page:
        await started(huy, page)
        huy.network.refuse()
        note, announced = page.locator("[data-hours]:visible"), page.locator("#announcer")
        await page.evaluate(OPENS_IN, 1)
        await page.reload()
        for language, words in CLOSED:
            await page.get_by_role("button", name=language).click(timeout=PATIENCE)
            await expect(note).to_have_text(re.compile(words), timeout=PATIENCE)
            await expect(announced).to_have_text(re.compile(words))
            for width, height in ((1080, 1920), (1280, 800), (390, 844)):
                await page.set_viewport_size({"width": width, "height": height})
                assert await layout_faults(page) == []
        await page.get_by_role("button", name="Find a job").click()
        await expect(page.locator("[data-ticket]:visible")).to_have_text(re.compile("^E-"), timeout=PATIENCE)
        await expect(note).to_have_text(re.compile(CLOSED[-1][1]))
        await expect(announced).to_have_text(re.compile(rf"Your ticket is E-\d+\. .*{CLOSED[-1][1]}"))
        await page.evaluate(OPENS_IN, 9)
        await page.reload()
        await expect(note).to_have_text(re.compile(r"Il ouvre \S+ \d+ \S+ \d{4} à"), timeout=PATIENCE)
        for days in (0, -2):  # it is open; what is known of its hours is too old
            await page.evaluate(OPENS_IN, days)
            await page.reload()
            await expect(page.get_by_role("heading", name="De quoi avez-vous besoin")).to_be_visible(timeout=PATIENCE)
            await expect(note).to_have_count(0)
        huy.network.restore()
        await page.evaluate(SENT)


async def test_a_kiosk_says_that_it_is_probably_not_today(huy: Remote, browser: Browser) -> None:
    closes = datetime.now(UTC) + timedelta(minutes=20)
    opens = closes + timedelta(days=300)
    late = {"closed": False, "estimate": None, "closes": closes.isoformat(), "opens": opens.isoformat()}
    soon = {"closed": False, "estimate": [10, 15, 30], "closes": closes.isoformat(), "opens": opens.isoformat()}

    async def answers(route: Route) -> None:
        answer = await route.fetch()
        await route.fulfill(json=await answer.json() | {"wait": soon})

    async with huy.screen(browser, Role.KIOSK) as page:
        await page.route("**/centres/huy/wait", lambda route: route.fulfill(json=late))
        await page.route("**/visits/*", answers)
        await started(huy, page)
        note = page.locator("[data-hours]:visible")
        await expect(note).to_have_text(
            re.compile(r"Sans doute pas aujourd’hui.+ferme à \d\d:\d\d\."), timeout=PATIENCE
        )
        await page.get_by_role("button", name="Trouver un emploi").click()
        words = re.compile(r"Attente estimée.+10 à 30 min\. Le centre ferme à \d\d:\d\d\.")
        await expect(page.locator("[data-ticket]:visible")).to_have_text(re.compile("^E-"), timeout=PATIENCE)
        await expect(note).to_have_text(words)
