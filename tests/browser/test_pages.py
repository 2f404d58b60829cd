"""Every page in Chromium, in every state of the list: axe, the Nu checker, the policy, the keyboard, the layout.

All of them are opened in one go on one running platform; each test then looks at its own findings.
French is looked at in light, German in dark; both on a phone and on a desk.
"""

import asyncio
import re
from html import unescape

import pytest
from playwright.async_api import Browser, Page, Response, async_playwright, expect

from tests.browser.morning import Morning
from tests.browser.number_checks import enlarge_numbers
from tests.browser.page_checks import (
    Trouble,
    axe_violations,
    cleared,
    html_errors,
    keyboard_walk,
    layout_faults,
    long_word_faults,
    settled,
    watched_page,
)
from tests.browser.pages import FRONT_DESK, PAGES, VISITOR, Seen
from tests.parts import chromium
from tests.parts.presence import CHROMIUM

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]

LOOKS = {"fr": "light", "de": "dark"}
DESK, PHONE = 1280, 390
LIGHT = 220_000
"""Bytes of a page with everything it needs, before compression, and with as many people as are in sight at once."""
IN_SIGHT, ROW = 8, 2_000
"""People in sight on a board, and the bytes of each one more: other tests have people wait here too."""
Findings = dict[str, list[str]]


@pytest.fixture(scope="module")
def findings(request: pytest.FixtureRequest, lived_in: Morning) -> Findings:
    """What was found on each page that this run asks for, by the page's name."""
    asked = {item.name for item in request.session.items if item.path == request.path}
    pages = [seen for seen in PAGES if f"{test_a_page_is_fit_to_use.__name__}[{seen.name}]" in asked]
    return asyncio.run(looked_at(pages, lived_in))


@pytest.mark.parametrize("seen", PAGES, ids=[seen.name for seen in PAGES])
def test_a_page_is_fit_to_use(seen: Seen, findings: Findings) -> None:
    assert findings[seen.name] == []


@pytest.mark.parametrize("path", ["/", "/directory/", "/intake/waiting-room/liege", "/nowhere"])
async def test_the_first_tab_leads_to_the_content(path: str, lived_in: Morning, browser: Browser) -> None:
    async with watched_page(browser, base_url=lived_in.stack.url, locale="fr") as (page, _trouble):
        await page.goto(path)
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Aller au contenu")).to_be_focused()
        await expect(page.get_by_role("link", name="Aller au contenu")).to_be_in_viewport(ratio=1)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("main")).to_be_focused()


@pytest.mark.parametrize(("who", "path"), [("", "/"), (FRONT_DESK, "/intake/desk/liege"), (VISITOR, "/plans/{plan}")])
async def test_a_first_visit_is_light(who: str, path: str, lived_in: Morning, browser: Browser) -> None:
    async with watched_page(browser, base_url=lived_in.stack.url) as (page, _trouble):
        await lived_in.enters(page, who)
        answers: list[Response] = []
        page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - the bare method is refused
        await page.goto(path.format_map(lived_in.made), wait_until="load")
        fetched = [answer for answer in answers if "event-stream" not in answer.headers.get("content-type", "")]
        more = max(0, await page.locator("#board .queue-row").count() - IN_SIGHT)
        assert sum([len(await answer.body()) for answer in fetched]) < LIGHT + more * ROW


async def looked_at(pages: list[Seen], lived: Morning) -> Findings:
    """Open each page in each language, a screen per language; read all documents with one Nu checker."""
    found: Findings = {seen.name: [] for seen in pages}
    documents: dict[str, str] = {}
    with CHROMIUM.starting():
        playwright = await async_playwright().start()
        browser = await chromium.launch(playwright)

    async def look(lang: str) -> None:
        """One screen for all of them: a browser that has run a script before is four times as fast with it."""
        options = {"base_url": lived.stack.url, "locale": lang, "color_scheme": LOOKS[lang]}
        async with watched_page(browser, DESK, **options) as (page, trouble):
            answers: list[Response] = []
            page.on("response", lambda one: answers.append(one) if one.request.is_navigation_request() else None)
            for seen in pages:
                await cleared(page)
                answers.clear()
                trouble.clear()
                await lived.enters(page, seen.who, lang)
                faults = await faults_of(page, lived, seen, lang)
                answer = [one for one in answers if not 300 <= one.status < 400][-1]
                if answer.status != seen.status:
                    faults.append(f"answered {answer.status}, not {seen.status}")
                documents[f"{seen.name} [{lang}]"] = html = await answer.text()
                if not seen.does and await page.locator(".part-body, .fragment").count():
                    faults += [f"its title was “{was}”" for was in {title_of(html)} - {await page.title()}]
                if '<aside class="demonstration"' not in html:
                    faults.append("does not say that it is a demonstration")
                found[seen.name] += [f"{lang} {fault}" for fault in [*faults, *complaints(trouble, seen)]]

    try:
        await asyncio.gather(*(look(lang) for lang in LOOKS))
    finally:
        await browser.close()
        await playwright.stop()
    for error in await html_errors(documents):
        name = next(name for name in documents if error.startswith(f"{name}:"))
        found[name.rsplit(" [", 1)[0]].append(f"HTML: {error}")
    return found


async def faults_of(page: Page, lived: Morning, seen: Seen, lang: str) -> list[str]:
    """What is wrong with the page in this language, at both widths."""
    await page.goto(seen.address(lived.made))
    if seen.does:
        await settled(page)
        await seen.does(page)
    await settled(page)
    return [f"{width}: {fault}" for width in (DESK, PHONE) for fault in await at_width(page, seen, lang, width)]


async def at_width(page: Page, seen: Seen, lang: str, width: int) -> list[str]:
    """What is wrong at this width. The keyboard's way is the same in every language."""
    await page.set_viewport_size({"width": width, "height": 844 if width == PHONE else 800})
    await page.evaluate("document.activeElement?.blur(); scrollTo(0, 0)")
    faults = [*await axe_violations(page), *await layout_faults(page)]
    if lang == "fr":
        faults += await keyboard_walk(page)
    await enlarge_numbers(page, lang)
    faults += [f"with large numbers: {fault}" for fault in await layout_faults(page) if fault not in faults]
    if lang == "de" and width == PHONE:
        faults += await long_word_faults(page)
    return faults


def title_of(html: str) -> str:
    """The title in a document, as a browser has it."""
    found = re.search(r"<title>(.*?)</title>", html, re.DOTALL)
    return " ".join(unescape(found[1]).split()) if found else ""


def complaints(trouble: Trouble, seen: Seen) -> list[str]:
    """What the page complained about; a page that is meant to be refused may say so on the console."""
    meant = f"status of {seen.status}"
    return [fault for fault in trouble.all() if seen.status < 400 or meant not in fault]
