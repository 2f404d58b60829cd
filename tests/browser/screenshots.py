"""Takes a picture of every page in every state: `make screenshots`, `PAGES=/intake/desk` for those whose name holds it.

Each in French, light, and in German, dark; on a phone and on a desk. They go to `build/screenshots`.
"""

import argparse
import asyncio
import re
import sys
import tempfile
from pathlib import Path

from playwright.async_api import async_playwright

from tests.browser.morning import Morning, morning
from tests.browser.page_checks import ROOT, cleared, screenshot, settled, watched_page
from tests.browser.pages import PAGES, Seen
from tests.parts import chromium

LOOKS = {"fr": "light", "de": "dark"}
WIDTHS = (1280, 390)
FOLDER = ROOT / "build/screenshots"


def name_of(seen: Seen, lang: str) -> str:
    """The page's name as a file's, for example `intake-desk-centre-accueil-liege-fr`."""
    return re.sub(r"[^a-z0-9]+", "-", f"{seen.name or 'home'} {lang}".lower()).strip("-")


async def take(pages: list[Seen], lived: Morning, lang: str) -> list[Path]:
    """The pictures of these pages in one language, at both widths."""
    taken: list[Path] = []
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
                taken += [await screenshot(page, name_of(seen, lang), width, FOLDER) for width in WIDTHS]
    return taken


async def take_all(pages: list[Seen], lived: Morning) -> int:
    """How many pictures were taken."""
    return sum(map(len, await asyncio.gather(*(take(pages, lived, lang) for lang in LOOKS))))


def main() -> int:
    """Take them, and say where they are. 1 when there is no Chromium, or no such page."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.screenshots", description="Pictures of the pages")
    parser.add_argument("--pages", default="", help="only those whose name holds this")
    wanted = parser.parse_args().pages
    if chromium.find() is None:
        sys.stderr.write(
            "✗ No screenshots: Chromium is missing. apt-get install chromium-headless-shell, or chromium\n"
        )
        return 1
    if not (pages := [seen for seen in PAGES if wanted in seen.name]):
        sys.stderr.write(f"✗ No screenshots: no page's name holds {wanted!r}; tests/browser/pages.py has them all.\n")
        return 1
    with tempfile.TemporaryDirectory(prefix="cefo-screenshots-") as folder, morning(Path(folder)) as lived:
        taken = asyncio.run(take_all(pages, lived))
    sys.stdout.write(f"{taken} screenshots of {len(pages)} pages: {FOLDER}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
