"""Takes the README's two pictures, of the desk and of a career plan: `python -m tests.browser.pictures`.

They show the morning that the tests of pages have, with invented people, as a desk and a counsellor see it.
`make screenshots` takes every page in every state.
"""

import asyncio
import tempfile
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from tests.browser.morning import Morning, morning
from tests.browser.page_checks import settled, watched_page
from tests.parts import chromium

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
PICTURES = {
    "desk": ("accueil-liege", "/intake/desk/liege", "fr", 1080),
    "plan": ("conseil-liege", "/plans/{whole}", "fr", 1080),
}
"""By name: who looks, at which page, in which language, and the height in pixels."""
WIDTH = 1280
LIGHTEST = 150_000
"""Bytes that a picture may have: the README is read on telephones too."""


async def take(name: str, lived: Morning, browser: Browser) -> Path:
    """One picture, as PNG. Raises `RuntimeError` when the page complained about something or the file is too large."""
    who, address, lang, height = PICTURES[name]
    async with watched_page(browser, WIDTH, base_url=lived.stack.url, color_scheme="light") as (page, trouble):
        await page.set_viewport_size({"width": WIDTH, "height": height})
        await lived.enters(page, who, lang)
        await page.goto(address.format_map(lived.made))
        await settled(page)
        path = FOLDER / f"{name}.png"
        await page.screenshot(path=path)
        if trouble.all():
            raise RuntimeError(f"{name}: {'; '.join(trouble.all())}")
    if (size := path.stat().st_size) > LIGHTEST:
        raise RuntimeError(f"{path.name} has {size} bytes, {LIGHTEST} at most")
    return path


async def main() -> None:
    """Take all of them, one after the other."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, morning(Path(folder)) as lived:
        async with async_playwright() as playwright:
            browser = await chromium.launch(playwright)
            for name in PICTURES:
                print(await take(name, lived, browser))
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
