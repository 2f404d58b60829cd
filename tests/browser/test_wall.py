"""The wall runs a day on a television's browser: it needs no new CSS, and keeps nothing of what it showed."""

import asyncio
import re
from itertools import cycle
from typing import Any, cast

import pytest
from playwright.async_api import Browser, CDPSession, Route, expect

from tests.browser.morning import Morning
from tests.browser.page_checks import watched_page
from tests.browser.test_cut_texts import OWN, SHEETS
from tests.journeys.screens import PATIENCE

pytestmark = pytest.mark.browser
WALL = "/intake/waiting-room/liege?languages=fr&languages=de"
NEWER = (
    r"@layer[^{]*\{(?:[^{}]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\})*[^{}]*\}",
    r"@container[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}",
    r"[^{}]*:has\([^{}]*\{[^{}]*\}",
    r"[\w-]+:[^;{}]*\ddvh[^;{}]*;?",
)
"""What a browser of 2021 leaves out of a style sheet: layers, container queries, `:has` and `dvh`."""
SHAPE = """() => {
  const box = (one) => { const {x, y, right, bottom} = one.getBoundingClientRect(); return [x, y, right, bottom]; };
  const called = [...document.querySelectorAll(".wall-turn:not([hidden]) .wall-called > li")].map(box);
  const waiting = box(document.querySelector(".wall-turn:not([hidden]) .wall-waiting"));
  const {scrollHeight, clientHeight} = document.documentElement;
  return {called, waiting, scrolls: scrollHeight > clientHeight + 1};
}"""
CONNECTIONS, CHANGES, WARM = 12, 30, 3
"""How often the stream is opened, how many boards each sends, and after how many of them nothing more may be kept."""


def room(called: int, waiting: int) -> str:
    """The display in two languages, with this many tickets."""
    turns = ""
    for lang, prefix in (("fr", ""), ("de", "de-")):
        now = "".join(
            f'<li id="{prefix}called-F-{nth:03}" data-called="{nth}" data-say="F {nth}"{" class=is-now" * (not first)}>'
            f'<span class="ticket">F-{nth:03}</span><span class="where">Guichet 1</span></li>'
            for first, nth in enumerate(range(called, max(0, called - 5), -1))
        )
        rest = "".join(f'<li id="{prefix}waiting-A-{nth:03}">A-{nth:03}</li>' for nth in range(1, waiting + 1))
        turns += (
            f'<div class="wall-turn" lang="{lang}"{" hidden" * bool(prefix)}><div class="wall-board">'
            f'<section><h2>Tour</h2><ol class="wall-called has-more">{now}</ol></section>'
            f'<section><h2>En attente<span data-page></span></h2><ol class="wall-waiting">{rest}</ol></section>'
            "</div></div>"
        )
    return f'<div id="room" class="wall-turns" tabindex="-1">{turns}</div>'


async def metrics(cdp: CDPSession) -> dict[str, float]:
    """Nodes, listeners and documents that the page keeps once what nobody uses is gone."""
    await cdp.send("HeapProfiler.collectGarbage")
    found = cast(dict[str, list[dict[str, Any]]], await cdp.send("Performance.getMetrics"))
    kept = ("Nodes", "JSEventListeners", "Documents")
    return {one["name"]: one["value"] for one in found["metrics"] if one["name"] in kept}


async def test_a_day_of_changes_leaves_nothing_behind(lived_in: Morning, browser: Browser) -> None:
    """Hundreds of changes over a dozen connections, each of which ends as when the network is away for a moment."""
    async with watched_page(browser, base_url=lived_in.stack.url, locale="fr") as (page, trouble):
        sizes = cycle((called, waiting) for called in range(1, 9) for waiting in (0, 3, 40))
        asked, go = 0, asyncio.Semaphore(0)

        async def stream(route: Route) -> None:
            nonlocal asked
            asked += 1
            last = room(asked % 2 + 5, 12)
            await go.acquire()
            boards = [*(room(*next(sizes)) for _ in range(CHANGES)), last]
            body = "".join(f"retry: 10\ndata: {one}\n\n" for one in boards)
            await route.fulfill(content_type="text/event-stream", body=body)

        await page.route("**/stream**", stream)
        await page.goto(WALL)
        cdp = await page.context.new_cdp_session(page)
        await cdp.send("Performance.enable")
        kept: list[dict[str, float]] = []
        for nth in range(1, CONNECTIONS + 1):
            go.release()
            await expect(page.locator(f"#called-F-{nth % 2 + 5:03}.is-now")).to_have_count(1, timeout=PATIENCE)
            await expect(page.locator("#room .wall-turn:not([hidden]) .wall-waiting > li")).to_have_count(12)
            kept.append(await metrics(cdp))
        assert asked >= CONNECTIONS
        assert kept[-1] == kept[WARM]
        assert trouble.all() == []
        await page.unroute_all(behavior="ignoreErrors")


def older(sheet: str) -> str:
    """The style sheet as a browser of 2021 understands it."""
    for newer in NEWER:
        sheet = re.sub(newer, "", sheet)
    return sheet


@pytest.mark.parametrize("height", [720, 1080])
async def test_an_old_browser_shows_the_wall_as_a_new_one_does(height: int, browser: Browser) -> None:
    sheets = [sheet.read_text(encoding="utf-8") for sheet in (*SHEETS, OWN / "wall.css")]
    assert sum(len(sheet) - len(older(sheet)) for sheet in sheets) > 10_000
    for old in (False, True):
        page = await browser.new_page(viewport={"width": height * 16 // 9, "height": height}, reduced_motion="reduce")
        head = '<div class="wall-head"><h1>Liège</h1><p>Gratuit</p></div>'
        live = f'<div class="live" data-live="on"><p class="live-state"></p>{room(5, 40)}</div>'
        await page.set_content(f'<body class="wall"><main>{head}{live}</main></body>')
        for sheet in sheets:
            await page.add_style_tag(content=older(sheet) if old else sheet)
        shown = await page.evaluate(SHAPE)
        assert shown["scrolls"] is False, old
        (x, y, right, bottom), *others = shown["called"]
        assert len(others) == 4
        assert bottom - y >= 0.4 * height, f"the last call is the largest, {old}"
        for left, top, _end, below in others:
            assert (left > right, top >= y - 1, below <= bottom + 1) == (True, True, True), "the others beside it"
        assert x >= 0
        assert shown["waiting"][3] <= height, "who waits is in sight"
        await page.close()
