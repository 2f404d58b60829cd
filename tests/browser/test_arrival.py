"""The new arrival on the desk's page: three keys, no new page, and the queue in sight."""

import re
from collections.abc import Generator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.expected import LONG, expected
from tests.browser.morning import Morning
from tests.browser.page_checks import axe_violations, watched_page
from tests.journeys.adult import Centre, ok
from tests.journeys.screens import PATIENCE, ticket_given

pytestmark = pytest.mark.browser
IN_SIGHT = """() => [...document.querySelectorAll('[aria-labelledby="waiting-title"] .queue-row')]
  .filter(row => row.getBoundingClientRect().bottom <= innerHeight).length"""


@pytest.fixture
def desk(lived_in: Morning) -> Generator[Centre]:
    """Liège's desk. Who comes in meanwhile leaves again: other tests measure the page."""
    centre = Centre(lived_in.stack)

    def here() -> set[str]:
        return {one["id"] for one in ok(centre.desk.get("/intake/api/v1/visits", params={"centre": "liege"}))}

    before = here()
    yield centre
    for visit in here() - before:
        ok(centre.desk.post(f"/intake/api/v1/visits/{visit}/leave", json={}))


async def press(page: Page, *keys: str) -> list[str]:
    """Press these keys; returns what was sent meanwhile, once the page has the answers. To enrol is not a press."""
    sent: list[str] = []
    page.on("request", lambda one: sent.append(one.url) if one.method == "POST" and "/device" not in one.url else None)
    for key in keys:
        await page.keyboard.press(key)
    await page.wait_for_timeout(500)
    return sent


async def test_three_keys_give_a_ticket_and_nothing_else_does(
    lived_in: Morning, desk: Centre, browser: Browser
) -> None:
    async with watched_page(browser, base_url=lived_in.stack.url, locale="fr") as (page, trouble):
        await lived_in.enters(page, "accueil-liege")
        await page.goto("/intake/desk/liege")
        await page.evaluate("window.same = true")
        await expect(page.get_by_text("En direct")).to_be_visible(timeout=PATIENCE)
        assert len(await press(page, "2", "n")) == 0, "a digit alone means nothing elsewhere on the page"
        assert len(await press(page, "n", "Digit2", "Enter", "Enter", "Enter")) == 1, "a double press is one visit"
        first = await ticket_given(page)
        assert await page.locator("#ignored-press").inner_text() == "", "a line would lead to a second visit"
        await page.wait_for_timeout(1000)
        assert len(await press(page, "Enter")) == 0, "nor is one after the answer"
        await expect(page.locator("#ignored-press")).to_contain_text("Cet appui n’a pas été pris en compte")
        assert first.startswith("F-")
        radio = page.get_by_role("radio", name="Se former")
        await expect(radio).to_be_focused()
        await expect(page.get_by_role("radio", name="Non précisé")).to_be_checked()
        # On a Belgian keyboard the upper row has digits only with Shift.
        assert len(await press(page, "Shift+Digit3", "Enter")) == 1
        assert (await ticket_given(page)).startswith("E-")

        await page.locator("#arrival details > summary").click()
        people = page.get_by_label("Groupe : nombre de personnes")
        await people.fill("")
        await people.press("n")
        await expect(people).to_be_focused()
        await people.fill("1")
        await page.get_by_role("button", name="Donner un ticket").click()
        await expect(page.locator("#people-error")).to_be_visible()
        await expect(people).to_have_value("1")
        assert await axe_violations(page) == []
        await people.fill("3")
        await page.set_viewport_size({"width": 1280, "height": 400})
        await page.get_by_role("button", name="Donner un ticket").click()
        await expect(page.locator("#arrival-done")).to_contain_text(re.compile(r"A-\d+ – A-\d+"))
        await expect(people).to_be_hidden()
        await expect(page.locator("#arrival-done")).to_be_in_viewport()

        await page.get_by_label("Raccourcis clavier").uncheck()
        await page.locator("main").focus()
        await press(page, "n")
        await expect(page.locator("main")).to_be_focused()
        await page.reload()
        await expect(page.get_by_label("Raccourcis clavier")).not_to_be_checked()
        assert [one for one in trouble.all() if "422" not in one] == []


async def test_eight_who_wait_are_in_sight_beside_the_form(lived_in: Morning, desk: Centre, browser: Browser) -> None:
    for _ in range(9):
        desk.walks_in("create-business")
    async with watched_page(browser, base_url=lived_in.stack.url, locale="de") as (page, trouble):
        await page.set_viewport_size({"width": 1280, "height": 800})
        await lived_in.enters(page, "accueil-liege", "de")
        await page.goto("/intake/desk/liege")
        await expect(page.get_by_text("Min.").first).to_be_visible()
        assert await page.evaluate(IN_SIGHT) >= 8
        await expect(page.get_by_role("button", name="Nummer geben")).to_be_in_viewport()
        assert trouble.all() == []


NAME = "Marie-Théodora Vandenbroucke-Lemaire de la Croix du Grand-Pré de Saint-Nicolas"


@pytest.fixture
def interviews(lived_in: Morning, desk: Centre) -> Generator[list[str]]:
    """Two people have come with an appointment, to a counsellor with a long name."""
    with expected(lived_in, LONG, NAME) as found:
        for one in found[:2]:
            ok(desk.desk.post(f"/intake/api/v1/appointments/{one}/arrival", json={}))
        yield found[:2]


async def test_eight_are_in_sight_also_with_appointments_before_them(
    lived_in: Morning, desk: Centre, interviews: list[str], browser: Browser
) -> None:
    for _ in range(9):
        desk.walks_in("create-business")
    async with watched_page(browser, base_url=lived_in.stack.url, locale="fr") as (page, trouble):
        await page.set_viewport_size({"width": 1280, "height": 800})
        await lived_in.enters(page, "accueil-liege")
        await page.goto("/intake/desk/liege")
        badges = page.get_by_title(f"Rendez-vous\u00a0: {NAME}")
        await expect(badges).to_have_count(len(interviews))
        await expect(badges.first).to_be_in_viewport()
        assert await page.evaluate(IN_SIGHT) >= 8
        await expect(page.get_by_role("button", name="Donner un ticket")).to_be_in_viewport()
        assert trouble.all() == []
