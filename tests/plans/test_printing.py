"""The page of a plan to print: the whole plan, and nothing on paper that only a screen needs."""

from html import unescape

import pytest
from playwright.async_api import Browser, expect

from services.contracts.plans import Dimension
from services.plans import actions
from services.plans.domain import Moment
from tests.givens.plans import COUNSELLOR, Adult, react, visitor, write_everything
from tests.parts.served import served
from tests.plans.conftest import Site
from tests.plans.test_pages_in_browser import opened


async def write_note(site: Site, her: Adult) -> None:
    async with site.store.work() as work:
        await actions.add_reflection(work, her.plan_id, COUNSELLOR, moment=Moment.BETWEEN, text="Une odeur\nde bois")


async def printed(site: Site, her: Adult, *, mine: bool, lang: str = "en") -> str:
    async with site.as_(visitor(her.subject_ref) if mine else COUNSELLOR, lang=lang, page=True) as client:
        answer = await client.get(f"/plans/{her.plan_id}/print")
    assert answer.status_code == 200
    return unescape(answer.text)


async def test_everything_that_was_written_is_printed(site: Site, her: Adult) -> None:
    await write_everything(site.store, her)
    await write_note(site, her)
    html = await printed(site, her, mine=True)
    for text in (*(f"Mes {dimension}" for dimension in Dimension), "Visiter un atelier", "Une odeur de copeaux"):
        assert text in html
    way = "Way to the goal: <bdi>Se former</bdi>"
    for text in ("Travailler le bois", way, "Semaine de découverte", "Une odeur<br>de bois"):
        assert text in html
    centre = "Centre: <bdi>Carrefour des métiers de Mons</bdi>"
    for text in (centre, "Who: You", "Status: planned", "Printed on 2 March 2026"):
        assert text in html
    assert "Where: <bdi>Promotion sociale (demo) – Découverte des métiers du bois</bdi>" in html


async def test_an_empty_plan_says_so_and_has_space_to_write(site: Site, her: Adult) -> None:
    html = await printed(site, her, mine=True, lang="fr")
    assert html.count("Rien n’est encore écrit") == len(Dimension) + 3
    assert "Place pour vos notes" in html


async def test_a_result_fills_the_theme_of_information(site: Site, her: Adult) -> None:
    async with site.store.work() as work:
        step = await actions.plan_information_step(work, her.plan_id, COUNSELLOR, what="Visiter un atelier")
        await work.session.flush()
        await actions.conclude_information_step(work, her.plan_id, COUNSELLOR, step_id=step.id, result="Du bruit")
    assert (await printed(site, her, mine=True)).count("Nothing written yet") == len(Dimension) - 1 + 2


async def test_on_the_persons_paper_the_counsellor_is_not_you(site: Site, her: Adult) -> None:
    await write_note(site, her)
    html = await printed(site, her, mine=False)
    assert "Counsellor, 2 March 2026, between two appointments" in html
    assert "open your personal link" not in html


async def test_a_confirmed_plan_is_printed_with_its_date(site: Site, her: Adult) -> None:
    await write_everything(site.store, her)
    await react(site.store, [her.interview(2)])
    assert "Confirmed on" not in await printed(site, her, mine=True)
    async with site.store.work() as work:
        await actions.confirm(work, her.plan_id, COUNSELLOR)
    assert "Confirmed on 2 March 2026." in await printed(site, her, mine=True)


@pytest.mark.browser
async def test_the_button_opens_the_browsers_dialog_and_is_not_on_paper(
    site: Site, her: Adult, browser: Browser
) -> None:
    person = visitor(her.subject_ref)
    async with served(site.process) as url, opened(browser, site, url, person) as page:
        await page.add_init_script("window.print = () => { document.title = 'printed'; }")
        await page.goto(f"{url}/plans/{her.plan_id}")
        await page.get_by_role("link", name="Imprimer mon plan").click()
        await page.get_by_role("button", name="Imprimer cette page").click()
        await expect(page).to_have_title("printed")
        await page.emulate_media(media="print")
        for part in (".site-header", ".site-footer", "[data-print]", "main .button"):
            await expect(page.locator(part)).to_be_hidden()
        size = await page.locator("#themes + section p").evaluate("p => parseFloat(getComputedStyle(p).fontSize)")
        assert 11 <= size * 0.75 <= 12, "points"


@pytest.mark.browser
async def test_without_javascript_there_is_no_button(site: Site, her: Adult, browser: Browser) -> None:
    person = visitor(her.subject_ref)
    async with served(site.process) as url, opened(browser, site, url, person, java_script_enabled=False) as page:
        await page.goto(f"{url}/plans/{her.plan_id}/print")
        await expect(page.get_by_role("heading", name="Mon plan")).to_be_visible()
        await expect(page.locator("[data-print]")).to_be_hidden()
