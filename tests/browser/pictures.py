"""Takes the pictures that are kept: the README's two, and those of the help pages: `python -m tests.browser.pictures`.

They show the morning that the tests of pages have, with invented people. A help page's pictures are taken in every
language; `help_pictures.json` keeps what their buttons say, so that a test finds a picture with an old word.
`make screenshots` takes every page in every state.
"""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, Locator, Page, async_playwright

from services.chassis.i18n import LANGUAGES
from tests.browser.morning import Morning, morning
from tests.browser.page_checks import ROOT, cleared, settled, watched_page
from tests.parts import chromium
from tests.parts.fixtures import folder

README = {
    "desk": ("accueil-liege", "/intake/desk/liege", "fr", 720),
    "plan": ("conseil-liege", "/plans/{whole}", "fr", 1080),
}
"""By name: who looks, at which page, in which language, and the height in pixels."""
WIDTHS = {"readme": 1280, "help": 480}
LIGHTEST = 150_000
"""Bytes that a picture may have: people read on telephones too."""
BUTTONS = Path(__file__).with_name("help_pictures.json")


@dataclass(frozen=True)
class HelpPicture:
    """A part of a page, as one person sees it."""

    service: str
    name: str
    who: str
    address: str
    part: str
    """A CSS selector."""


HELP = (
    HelpPicture("plans", "my-plan-themes", "visitor", "/plans/{plan}", "#dimensions .card-list > li:first-child"),
    HelpPicture("plans", "my-plan-steps", "visitor", "/plans/{plan}", "#steps"),
    HelpPicture("plans", "my-plan-goals", "visitor", "/plans/{plan}", "#goals"),
)


def light_enough(path: Path) -> Path:
    """The path. Raises `RuntimeError` when the file is too large."""
    if (size := path.stat().st_size) > LIGHTEST:
        raise RuntimeError(f"{path.name} has {size} bytes, {LIGHTEST} at most")
    return path


async def open_page(page: Page, lived: Morning, who: str, address: str, lang: str, size: tuple[int, int]) -> None:
    """This person opens this page in this language, on a screen of this size."""
    await cleared(page)
    await page.set_viewport_size({"width": size[0], "height": size[1]})
    await lived.enters(page, who, lang)
    await page.goto(address.format_map(lived.made))
    await settled(page)


async def take_readme(name: str, lived: Morning, browser: Browser) -> Path:
    """One picture of the README, as PNG. Raises `RuntimeError` when the page reports an error."""
    who, address, lang, height = README[name]
    width = WIDTHS["readme"]
    async with watched_page(browser, width, base_url=lived.stack.url, color_scheme="light") as (page, trouble):
        await open_page(page, lived, who, address, lang, (width, height))
        path = ROOT / "docs" / "pictures" / f"{name}.png"
        await page.screenshot(path=path)
        if trouble.all():
            raise RuntimeError(f"{name}: {'; '.join(trouble.all())}")
    return light_enough(path)


async def buttons_of(part: Locator) -> list[str]:
    """What the buttons and links in this part say, without what only screen readers read."""
    return await part.evaluate(
        """(part) => [...part.querySelectorAll('button, .button, summary')].map((one) => {
             const copy = one.cloneNode(true);
             copy.querySelectorAll('.visually-hidden, svg').forEach((hidden) => hidden.remove());
             return copy.textContent.trim().replace(/\\s+/g, ' ');
           }).filter((text) => text)"""
    )


async def take_help(picture: HelpPicture, lang: str, lived: Morning, browser: Browser) -> tuple[Path, list[str]]:
    """One picture of a help page, as PNG, and what its buttons say."""
    width = WIDTHS["help"]
    async with watched_page(browser, width, base_url=lived.stack.url, color_scheme="light") as (page, _trouble):
        await open_page(page, lived, picture.who, picture.address, lang, (width, 900))
        part = page.locator(picture.part)
        path = ROOT / "services" / picture.service / "help" / f"{picture.name}.{lang}.png"
        await part.screenshot(path=path)
        return light_enough(path), await buttons_of(part)


async def take_all(lived: Morning) -> dict[str, list[str]]:
    """Take all of them, one after the other. Returns what the buttons of each help picture say."""
    buttons: dict[str, list[str]] = {}
    async with async_playwright() as playwright, await chromium.launch(playwright) as browser:
        for name in README:
            print(await take_readme(name, lived, browser))
        for picture in HELP:
            for lang in LANGUAGES:
                path, buttons[f"{picture.name}.{lang}"] = await take_help(picture, lang, lived, browser)
                print(path)
    return buttons


def main() -> None:
    """Take them, and write down the words of their buttons."""
    with folder("pictures") as data, morning(data) as lived:
        buttons = asyncio.run(take_all(lived))
    BUTTONS.write_text(json.dumps(buttons, indent=2, ensure_ascii=False, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
