"""What a team reads at 1280 pixels is whole: names in badges, tickets of four digits, the tickets of a group."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from services import intake
from services.chassis.web.static_files import STATIC

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
OWN = Path(intake.__file__).parent / "static"
SHARED = ("vendor/pico.css", "tokens.css", "cefo.css", "forms.css", "content.css", "boards.css")
SHEETS = (*(STATIC / sheet for sheet in SHARED), OWN / "apps.css")
ROW = """<div class="board" style="width: 540px"><ol class="queue queue-compact" style="width: 540px">
<li class="queue-row">
<span class="ticket">C-7004</span><div class="queue-what"><strong>Créer son activité</strong><span class="meta">
<span>09:15 · 12 min</span></span></div>
<div class="queue-state"><span class="badge badge-whom" title="Rendez-vous : {name}"><svg class="icon"></svg>
<span>Rendez-vous : <bdi>{name}</bdi></span></span></div>
<div class="queue-actions"><button>Appeler</button><button>Départ</button></div></li></ol></div>
<div class="arrival-done" style="width: 287px"><span class="ticket">F-7005 – F-7007</span></div>"""
CUT = "one => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== 'inline'"

END = """one => {
  const range = document.createRange();
  range.selectNodeContents(one);
  return range.getBoundingClientRect().right;
}"""


async def show(page: Page, name: str) -> None:
    """A row of the desk's board with an appointment of this counsellor."""
    await page.set_content(f'<body class="page desk">{ROW.replace("{name}", name)}</body>')
    for sheet in SHEETS:
        await page.add_style_tag(path=sheet)


async def test_no_name_and_no_ticket_is_cut(browser: Browser) -> None:
    page = await browser.new_page(viewport={"width": 1280, "height": 800})
    await show(page, "Théodora Vandenbroucke-Lemaire")
    for place in (".badge > span", ".arrival-done"):
        assert not await page.locator(place).evaluate(CUT), place
    ticket, what = [await page.locator(place).bounding_box() for place in (".board .ticket", ".queue-what")]
    assert ticket is not None
    assert what is not None
    text = await page.locator(".board .ticket").evaluate(END)
    assert what["x"] - text >= 8, "the ticket does not touch the need"
    await page.close()


async def test_a_name_that_is_longer_still_keeps_its_row_low(browser: Browser) -> None:
    page = await browser.new_page(viewport={"width": 1280, "height": 800})
    await show(page, "Ada")
    low = await page.locator(".queue-row").bounding_box()
    await show(page, "Théodora-Wilhelmine Vandenbroucke-Lemaire de la Croix du Grand-Pré de Saint-Nicolas")
    assert await page.locator(".badge > span").evaluate(CUT)
    assert await page.locator(".queue-row").bounding_box() == low
    assert await page.get_by_title("Grand-Pré de Saint-Nicolas").count() == 1
    await page.close()
