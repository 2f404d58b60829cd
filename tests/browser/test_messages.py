"""What a page answers to an action is in sight, is read out and hides no button; chosen dates are in its language."""

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.morning import Morning
from tests.browser.page_checks import settled, watched_page
from tests.browser.pages import is_at_a_desk
from tests.journeys.screens import FrontDesk

pytestmark = pytest.mark.browser
COVERED = """() => {
  const over = document.querySelector('#flash[data-over]').getBoundingClientRect();
  return [...document.querySelectorAll('button, .button, summary, input, select')].filter((control) => {
    const {left, right, top, bottom, width} = control.getBoundingClientRect();
    return width && left < over.right && right > over.left && top < over.bottom && bottom > over.top;
  }).map((control) => control.outerHTML.slice(0, 120));
}"""


@pytest.mark.parametrize("scripts", [True, False])
async def test_a_saved_part_says_so_in_sight(scripts: bool, lived_in: Morning, browser: Browser) -> None:
    options = {"base_url": lived_in.stack.url, "locale": "fr", "java_script_enabled": scripts}
    async with watched_page(browser, 390, **options) as (page, trouble):
        await lived_in.enters(page, "visitor")
        await page.goto(f"/plans/{lived_in.made['plan']}/assessment/skills")
        await page.get_by_role("textbox").fill("Je répare des vélos.")
        await page.get_by_role("button", name="Enregistrer").click()
        message = page.locator("#flash").get_by_text("Votre texte est enregistré.")
        await expect(message).to_be_in_viewport(ratio=1)
        await expect(page.locator("#dimensions")).to_be_in_viewport()
        if scripts:
            await expect(page.locator("#announcer")).to_have_text("Votre texte est enregistré.")
        assert (await page.title()).startswith("Votre texte est enregistré. · ")
        assert trouble.all() == []


async def test_a_message_covers_no_button_of_the_board(lived_in: Morning, browser: Browser) -> None:
    async with watched_page(browser, base_url=lived_in.stack.url, locale="fr") as (page, _trouble):
        await lived_in.enters(page, "accueil-liege")
        await page.goto("/intake/desk/liege")
        await is_at_a_desk(page)
        await FrontDesk(page).checks_in("S’orienter")
        await settled(page)
        await page.locator("#call-next").click()
        # Not the message about the desk that was chosen, which may still be there.
        await expect(page.locator("#flash[data-over] .flash")).to_contain_text("est appelé")
        assert await page.evaluate(COVERED) == []


@pytest.mark.parametrize(
    ("lang", "words", "others"),
    [
        ("fr", "mardi 1er décembre 2026", "mercredi 2 décembre 2026"),
        ("de", "Dienstag, 1. Dezember 2026", "Mittwoch, 2. Dezember 2026"),
        ("nl", "dinsdag 1 december 2026", "woensdag 2 december 2026"),
        ("en", "Tuesday, 1 December 2026", "Wednesday, 2 December 2026"),
    ],
)
async def test_a_chosen_date_is_in_the_words_of_the_page(
    lang: str, words: str, others: str, lived_in: Morning, browser: Browser
) -> None:
    async with watched_page(browser, base_url=lived_in.stack.url, locale="en-US") as (page, _trouble):
        await lived_in.enters(page, "conseil-liege", lang)
        await page.goto("/scheduling/workshops/new")
        field = page.locator("input[type=date]")
        await field.fill("2026-12-02")
        await expect(page.locator("#date-words")).to_have_text(others)
        await field.fill("2026-12-01")
        await expect(page.locator("#date-words")).to_have_text(words)
        await expect(field).to_have_accessible_description(words)
        await page.locator(".form-actions button[value=save]").click()
        await expect(page.locator("#date-words")).to_have_text(words)


async def test_the_waiting_room_screen_opens_beside_the_desk(lived_in: Morning, browser: Browser) -> None:
    async with watched_page(browser, base_url=lived_in.stack.url, locale="fr") as (page, _trouble):
        await lived_in.enters(page, "accueil-liege")
        await page.goto("/intake/desk/liege")
        async with page.expect_popup() as opened:
            await page.get_by_role("link", name="(nouvel onglet)").click()
        wall: Page = await opened.value
        await expect(wall.locator("#room")).to_be_visible()
        assert await wall.evaluate("window.opener") is None
        await expect(page.get_by_role("heading", name="Accueil", level=1)).to_be_visible()
