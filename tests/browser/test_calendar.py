"""A calendar by keyboard, mouse and touch: an interview is moved, made longer, moved back, and refused."""

import re
from datetime import datetime, timedelta

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.morning import Morning, a_path, made
from tests.browser.page_checks import axe_violations, watched_page
from tests.journeys.adult import Centre
from tests.journeys.screens import PATIENCE

pytestmark = pytest.mark.browser
MOVE, BACK = "Déplacer l’entretien", "Le remettre à sa place"


@pytest.fixture(scope="module")
def booked(lived_in: Morning) -> dict[str, str]:
    """An interview at ten o'clock on a day with a workshop of the same counsellor."""
    centre = Centre(lived_in.stack)
    who = centre.agrees_to_be_known(centre.walks_in("find-job"), purposes=["guidance"])["subject_ref"]
    day = datetime.fromisoformat(lived_in.made["date"]).date() + timedelta(days=14)
    at = datetime(day.year, day.month, day.day, 10, tzinfo=centre.now().tzinfo)
    body = {"path_id": a_path(centre, who), "starts_at": at.isoformat(), "minutes": 60}
    return {"id": made(centre, "/scheduling/api/v1/interviews", **body)["id"], "day": day.isoformat()}


async def opened(page: Page, lived: Morning, booked: dict[str, str]) -> Locator:
    """The entry, in the calendar of its day."""
    await lived.enters(page, "conseil-liege")
    await page.goto(f"/scheduling/agenda?date={booked['day']}")
    await expect(page.get_by_text("En direct")).to_be_visible(timeout=PATIENCE)
    return page.locator(f"#entry-{booked['id']}")


async def is_at(entry: Locator, time: str, minutes: int = 60, shows: str = "done") -> None:
    """The server has it there, and the page shows it."""
    await expect(entry.page.locator("#calendar-move")).to_have_attribute("data-shows", shows)
    await expect(entry).to_have_attribute("data-time", time)
    await expect(entry).to_have_attribute("data-minutes", str(minutes))


async def row_of(entry: Locator) -> int:
    found = re.search(r"from-(\d+)", await entry.get_attribute("class") or "")
    assert found
    return int(found[1])


async def test_by_keyboard_alone(lived_in: Morning, booked: dict[str, str], browser: Browser) -> None:
    async with watched_page(browser, base_url=lived_in.stack.url, locale="fr") as (page, trouble):
        await page.set_viewport_size({"width": 1280, "height": 1200})
        entry = await opened(page, lived_in, booked)
        bar, link = page.locator("#calendar-move"), entry.locator("a")
        first = await row_of(entry)

        async def moves(*keys: str) -> None:
            await link.focus()
            for key in ("m", *keys):
                await page.keyboard.press(key)

        await moves("ArrowDown", "ArrowDown")
        await expect(page.locator("#announcer")).to_contain_text("10:30–11:30")
        await expect(bar).to_be_visible()
        assert await axe_violations(page) == []
        await page.keyboard.press("Escape")
        await expect(bar).to_be_hidden()
        assert await row_of(entry) == first
        await is_at(entry, "10:00", shows="")
        await moves("ArrowDown", "ArrowDown", "Enter")
        await is_at(entry, "10:30")
        await expect(link).to_be_focused()
        await bar.get_by_role("button", name=BACK).press("Enter")
        await is_at(entry, "10:00")
        await moves("Shift+ArrowDown", "Enter")
        await is_at(entry, "10:00", 120)
        await moves("Shift+ArrowUp", "Enter")
        await is_at(entry, "10:00")
        workshop = await row_of(page.locator(".entry-workshop"))
        await moves(*["ArrowDown"] * (workshop - first), "Enter")
        await expect(bar).to_have_attribute("data-shows", "refusal")
        assert await row_of(entry) == first
        assert await bar.get_by_role("link").count() >= 3
        await expect(bar.get_by_role("button").first).to_be_focused()
        await page.keyboard.press("Enter")
        free = page.locator(".free > a").first
        time = await free.evaluate("link => new URL(link.href).searchParams.get('time')")
        await free.press("Enter")
        await expect(page.locator("#time")).to_have_value(time)
        assert (trouble.csp, trouble.scripts) == ([], [])


async def test_the_question_says_that_the_person_gets_a_message_only_if_they_do(
    lived_in: Morning, booked: dict[str, str], browser: Browser
) -> None:
    async with watched_page(browser, base_url=lived_in.stack.url, locale="fr") as (page, _trouble):
        await page.set_viewport_size({"width": 1280, "height": 1200})
        entry = await opened(page, lived_in, booked)
        await page.goto(f"/scheduling/agenda?date={booked['day']}&counsellor=*")
        await expect(page.get_by_text("En direct")).to_be_visible(timeout=PATIENCE)
        bar, informs = page.locator("#calendar-move"), page.locator(".calendar-informs")
        for keys, is_shown in (
            (["ArrowRight"], False),
            (["ArrowDown"], True),
            (["Shift+ArrowDown"], True),
            (["ArrowRight", "ArrowDown"], True),
        ):
            await entry.locator("a").focus()
            for key in ("m", *keys):
                await page.keyboard.press(key)
            await expect(bar).to_have_attribute("data-shows", "question")
            await expect(informs).to_be_visible(visible=is_shown)
            await page.keyboard.press("Escape")
            await expect(bar).to_be_hidden()


async def test_by_mouse(lived_in: Morning, booked: dict[str, str], browser: Browser) -> None:
    async with watched_page(browser, base_url=lived_in.stack.url, locale="fr") as (page, _trouble):
        await page.set_viewport_size({"width": 1280, "height": 1600})
        entry = await opened(page, lived_in, booked)

        async def drags(part: Locator, quarters: int) -> None:
            box, whole = await part.bounding_box(), await entry.bounding_box()
            assert box
            assert whole
            row = whole["height"] / (int(await entry.get_attribute("data-minutes") or 0) / 15)
            x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
            await page.mouse.move(x, y)
            await page.mouse.down()
            await page.mouse.move(x, y + quarters * row, steps=8)
            await page.mouse.up()
            await page.get_by_role("button", name=MOVE).click()

        await drags(entry.locator("time"), 2)
        await is_at(entry, "10:30")
        await drags(entry.locator("time"), -2)
        await is_at(entry, "10:00")
        await drags(entry.locator(".entry-grip"), 4)
        await is_at(entry, "10:00", 120)
        await drags(entry.locator(".entry-grip"), -4)
        await is_at(entry, "10:00")
        free = page.locator(".free > a").first
        begins = await free.evaluate("link => new URL(link.href).searchParams.get('time')")
        box = await free.bounding_box()
        assert box
        await page.mouse.click(box["x"] + 20, box["y"] + 2)
        await expect(page.locator("#time")).to_have_value(begins)


async def test_by_touch_on_a_telephone(lived_in: Morning, booked: dict[str, str], browser: Browser) -> None:
    async with watched_page(browser, base_url=lived_in.stack.url, locale="fr", has_touch=True) as (page, _trouble):
        await page.set_viewport_size({"width": 390, "height": 1600})
        entry = await opened(page, lived_in, booked)
        await entry.scroll_into_view_if_needed()
        box = await entry.bounding_box()
        assert box
        x, y, row = box["x"] + 60, box["y"] + 20, box["height"] / 4
        hand = await page.context.new_cdp_session(page)

        async def touches(kind: str, at: float | None) -> None:
            points = [] if at is None else [{"x": x, "y": at}]
            await hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        await touches("touchStart", y)
        await expect(entry).to_have_class(re.compile("is-moving"))
        for step in range(1, 9):
            await touches("touchMove", y + step * row / 4)
        await touches("touchEnd", None)
        await page.get_by_role("button", name=MOVE).tap()
        await is_at(entry, "10:30")
        await page.get_by_role("button", name=BACK).tap()
        await is_at(entry, "10:00")
