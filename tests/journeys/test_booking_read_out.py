"""A visitor books a first interview with the keyboard alone, by what a screen reader reads of each page."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.page_checks import axe_violations
from tests.journeys.adult import Centre, ok
from tests.journeys.screens import eventually, screens
from tests.journeys.stacks import Stack
from tests.journeys.test_by_keyboard import walk_to
from tests.journeys.test_public_booking import RULES, texts_to

pytestmark = pytest.mark.browser
CONTACT = "ines.demo@example.org"
NAMELESS = re.compile(
    r"^\s*- (?:link|button|textbox|combobox|radio|checkbox|region|navigation|img)(?: \[[^\]]*\])*:?$",
    re.MULTILINE,
)
"""In a snapshot of the accessibility tree: what a reader announces by its role alone."""


async def reads_well(page: Page, heading: str, title: str | None = None) -> None:
    """The page says where one is, and the name of everything that one can reach; axe finds nothing."""
    await expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    await expect(page).to_have_title(re.compile(rf"^{re.escape(title or heading)}"))
    await expect(page.locator("html")).to_have_attribute("lang", "fr")
    for landmark in ("banner", "main", "contentinfo"):
        await expect(page.get_by_role(landmark)).to_have_count(1)  # pyright: ignore[reportArgumentType]
    tree = await page.locator("body").aria_snapshot()
    assert NAMELESS.findall(tree) == []
    assert await axe_violations(page) == []


async def presses(page: Page, role: str, name: str, key: str = "Enter") -> None:
    """Go there with Tab, and press."""
    await walk_to(page, role, name)
    await page.keyboard.press(key)


async def chooses_a_time(page: Page) -> str:
    """From the page of the centre to a time. Returns what is read of the one that is chosen: its day and hour."""
    await page.goto("/directory/centres/liege")
    await expect(page.get_by_role("combobox", name="De quoi s’agit-il ?")).to_be_visible()
    await reads_well(page, "Cité des métiers de Liège")
    await walk_to(page, "combobox", "De quoi s’agit-il ?")
    await page.keyboard.press("ArrowDown")
    await presses(page, "button", "Afficher les heures libres")
    times = page.get_by_role("region", name="Heures libres")
    await expect(times).to_be_visible()
    await reads_well(page, "Prendre un premier rendez-vous")
    days = times.get_by_role("group")
    assert all(re.match(r"\w+di \d|Dimanche", day) for day in await days.locator("legend").all_inner_texts())
    first = times.get_by_role("radio").first
    await walk_to(page, "radio", await first.evaluate("one => one.labels[0].innerText"))
    await page.keyboard.press("Space")
    await page.keyboard.press("ArrowDown")
    chosen = times.get_by_role("radio", checked=True)
    await expect(chosen).to_be_focused()
    parts = "one => [one.closest('fieldset').querySelector('legend'), one.labels[0]].map(part => part.innerText)"
    said = await chosen.evaluate(parts)
    await presses(page, "button", "Choisir cette heure")
    return ", ".join(said)


async def corrects(page: Page) -> None:
    """Sends the empty form: what is wrong is read at once, leads to its field, and is read there again."""
    await presses(page, "button", "Envoyer le lien")
    alert = page.get_by_role("alert")
    await expect(alert).to_be_focused()
    await reads_well(page, "Prendre un premier rendez-vous", "Erreur\u00a0: ")
    wrong = alert.get_by_role("link").first
    why = await wrong.inner_text()
    await page.keyboard.press("Tab")
    await expect(wrong).to_be_focused()
    await page.keyboard.press("Enter")
    name = page.get_by_role("textbox", name="Prénom")
    await expect(name).to_be_focused()
    await expect(name).to_have_attribute("aria-invalid", "true")
    await expect(name).to_have_accessible_description(re.compile(re.escape(why)))


@pytest.mark.parametrize("stack", ["embedded"], indirect=True)
async def test_a_first_interview_is_booked_by_keyboard_and_by_what_is_read(stack: Stack, browser: Browser) -> None:
    ok(Centre(stack).region.put("/scheduling/api/v1/booking-rules/liege", json=RULES))
    async with screens(browser, stack) as those:
        page = await those.nobody()
        chosen = await chooses_a_time(page)
        await reads_well(page, "Prendre un premier rendez-vous")
        await expect(page.get_by_role("main")).to_contain_text(chosen)
        await corrects(page)
        await page.keyboard.type("Inès")
        for label, text in (("Nom", "Démo"), ("Adresse e-mail ou numéro de GSM", CONTACT)):
            await walk_to(page, "textbox", label)
            await page.keyboard.type(text)
        await presses(page, "checkbox", "Je donne mon accord", "Space")
        await presses(page, "button", "Envoyer le lien")
        await reads_well(page, "Encore une étape\u00a0: ouvrez notre message")

        async def sent() -> list[str]:
            return re.findall(r"\S+/intake/confirm/\S+", "".join(texts_to(stack.data, CONTACT)))

        (link,) = await eventually(sent, bool)
        device = await those.nobody()
        await device.goto(urlsplit(link).path)
        await reads_well(device, "Confirmez votre rendez-vous")
        await presses(device, "button", "Confirmer le rendez-vous")
        await reads_well(device, "Votre rendez-vous est fixé")
        await expect(device.get_by_role("main")).to_contain_text(chosen)
