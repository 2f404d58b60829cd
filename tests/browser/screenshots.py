"""Takes a picture of every page in every state: `make screenshots`, `PAGES=/intake/desk` for those whose name holds it.

Each in French, light, and in German, dark; on a phone and on a desk. They go to `build/screenshots`. `BUSY=1`: with the
season of 2017, full lists and 200 people waiting. Numbers on two lines and pages that scroll sideways are listed.
"""

import argparse
import asyncio
import re
import sys
from pathlib import Path

from playwright.async_api import async_playwright

from tests.browser.busy import make_busy
from tests.browser.morning import Morning, morning
from tests.browser.page_checks import ROOT, cleared, layout_faults, screenshot, settled, watched_page
from tests.browser.pages import PAGES, Seen
from tests.parts import chromium
from tests.parts.fixtures import folder

LOOKS = {"fr": "light", "de": "dark"}
WIDTHS = (1280, 390)
FOLDER = ROOT / "build/screenshots"


def name_of(seen: Seen, lang: str) -> str:
    """The page's name as a file's, for example `intake-desk-centre-accueil-liege-fr`."""
    return re.sub(r"[^a-z0-9]+", "-", f"{seen.name or 'home'} {lang}".lower()).strip("-")


async def take(pages: list[Seen], lived: Morning, lang: str) -> dict[Path, list[str]]:
    """The pictures of these pages in one language, at both widths, and the faults of their layout."""
    taken: dict[Path, list[str]] = {}
    async with async_playwright() as playwright, await chromium.launch(playwright) as browser:
        options = {"base_url": lived.stack.url, "locale": lang, "color_scheme": LOOKS[lang]}
        async with watched_page(browser, WIDTHS[0], **options) as (page, _trouble):
            for seen in pages:
                await cleared(page)
                await lived.enters(page, seen.who, lang)
                await page.goto(seen.address(lived.made))
                await settled(page)
                if seen.does:
                    await seen.does(page)
                    await settled(page)
                for width in WIDTHS:
                    path = await screenshot(page, name_of(seen, lang), width, FOLDER)
                    taken[path] = await layout_faults(page)
    return taken


async def take_all(pages: list[Seen], lived: Morning) -> dict[Path, list[str]]:
    """The pictures in every language, and the faults of each."""
    taken = await asyncio.gather(*(take(pages, lived, lang) for lang in LOOKS))
    return {path: faults for some in taken for path, faults in some.items()}


def main() -> int:
    """Take them, and say where they are. 1 when there is no Chromium, or no such page."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.screenshots", description="Pictures of the pages")
    parser.add_argument("--pages", default="", help="only those whose name holds this")
    parser.add_argument("--busy", action="store_true", help="with the season, full lists and 200 people waiting")
    chosen = parser.parse_args()
    wanted = chosen.pages
    if chromium.find() is None:
        sys.stderr.write(
            "✗ No screenshots: Chromium is missing. apt-get install chromium-headless-shell, or chromium\n"
        )
        return 1
    # What a state needs may be on another page of a full list.
    if not (pages := [seen for seen in PAGES if wanted in seen.name and not (chosen.busy and seen.does)]):
        sys.stderr.write(f"✗ No screenshots: no page's name holds {wanted!r}; tests/browser/pages.py has them all.\n")
        return 1
    with folder("screenshots") as data, morning(data) as lived:
        if chosen.busy:
            make_busy(lived, data)
        taken = asyncio.run(take_all(pages, lived))
    for path, faults in taken.items():
        sys.stdout.writelines(f"✗ {path.name}: {fault}\n" for fault in faults)
    sys.stdout.write(f"{len(taken)} screenshots of {len(pages)} pages: {FOLDER}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
