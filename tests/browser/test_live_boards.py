"""A board that changes by itself disturbs nobody: names, focus, place and what is unfolded stay."""

import asyncio
import re
from uuid import uuid4

import pytest
from playwright.async_api import Browser, Route, expect

from services.chassis.web.static_files import STATIC
from tests.browser.morning import Morning
from tests.browser.page_checks import watched_page
from tests.browser.test_cut_texts import OWN
from tests.journeys.adult import IFAPME_SERVICE, Centre, ok, settled
from tests.journeys.screens import PHONE, FrontDesk, row

pytestmark = pytest.mark.browser
PATIENCE = 20_000


async def test_a_name_that_another_service_filled_in_stays(lived_in: Morning, browser: Browser) -> None:
    async with watched_page(browser, base_url=lived_in.stack.url, locale="fr") as (page, trouble):
        await lived_in.enters(page, "conseil-liege")
        await page.goto("/directory/referrals")
        unanswered = page.get_by_role("region", name="En attente de réponse")
        named = row(unanswered, "Prénom Démonstration")
        await expect(named).to_have_count(1, timeout=PATIENCE)
        before = await unanswered.get_by_role("listitem").count()
        liege = Centre(lived_in.stack)
        known = {"given_name": "Autre", "family_name": "Démonstration", "purposes": ["referral"]}
        visit = liege.walks_in("find-job")
        person = ok(liege.desk.post(f"/intake/api/v1/visits/{visit}/visitor", json=known))["subject_ref"]
        settled(lived_in.stack)
        more = {"subject_ref": person, "centre": "liege", "service_id": IFAPME_SERVICE, "reason": "training"}
        ok(liege.counsellor.post("/directory/api/v1/referrals", json={"id": str(uuid4()), **more}))
        await expect(unanswered.get_by_role("listitem")).to_have_count(before + 1, timeout=PATIENCE)
        await expect(named).to_have_count(1)
        assert trouble.all() == []


async def test_somebody_comes_in_and_the_desk_keeps_its_place(lived_in: Morning, browser: Browser) -> None:
    async with watched_page(browser, PHONE, base_url=lived_in.stack.url, locale="fr") as (page, trouble):
        await lived_in.enters(page, "accueil-liege")
        await page.goto("/intake/desk/liege")
        await expect(page.get_by_text("En direct")).to_be_visible(timeout=PATIENCE)
        waiting = page.get_by_role("region", name="En attente").get_by_role("listitem")
        before = await waiting.count()
        await waiting.first.get_by_title("Noter le départ").click()
        here = waiting.last.get_by_role("button", name="Appeler")
        await here.focus()
        place = await here.bounding_box()
        Centre(lived_in.stack).walks_in("find-job")
        await expect(waiting).to_have_count(before + 1, timeout=PATIENCE)
        still = waiting.nth(before - 1).get_by_role("button", name="Appeler")
        await expect(still).to_be_focused()
        # A browser scrolls by whole pixels, and what appeared above has half of one.
        assert await still.bounding_box() == pytest.approx(place, abs=0.6)
        await expect(waiting.first.get_by_role("button", name="Oui, noter le départ")).to_be_visible()
        assert trouble.all() == []


async def test_what_a_counsellor_has_to_do_is_counted_live(lived_in: Morning, browser: Browser) -> None:
    async with watched_page(browser, base_url=lived_in.stack.url, locale="fr") as (page, trouble):
        await lived_in.enters(page, "conseil-liege")
        await page.goto("/scheduling/to-do")
        await expect(page.get_by_text("En direct")).to_be_visible(timeout=PATIENCE)
        count = page.get_by_role("region", name="Personnes qui vous attendent").locator(".board-count")
        before = int(await count.inner_text())
        plans = page.get_by_role("region", name="Plans à confirmer")
        await expect(plans.locator("[data-part]")).to_be_visible(timeout=PATIENCE)
        person = page.locator("#board .queue-what [data-hx-get]").first
        await expect(person).to_have_text(re.compile("Démonstration"), timeout=PATIENCE)
        Centre(lived_in.stack).walks_in("find-job")
        await expect(count).to_have_text(str(before + 1), timeout=PATIENCE)
        await expect(person).to_have_text(re.compile("Démonstration"))
        assert trouble.all() == []


async def test_what_is_pressed_while_an_answer_is_on_its_way_is_not_lost(lived_in: Morning, browser: Browser) -> None:
    async with watched_page(browser, base_url=lived_in.stack.url, locale="fr") as (page, _trouble):

        async def late(route: Route) -> None:
            answer = await route.fetch()
            await asyncio.sleep(2)
            await route.fulfill(response=answer)

        await page.route("**/serve", late)
        await lived_in.enters(page, "accueil-liege")
        desk = FrontDesk(page)
        await page.goto("/intake/desk/liege")
        ticket = await desk.checks_in("S’orienter")
        await desk.calls(ticket)
        pressed: list[str] = []
        page.on("request", lambda one: pressed.append(one.url.rsplit("/", 1)[1]) if one.method == "POST" else None)
        await desk.receives(ticket)
        await page.get_by_role("button", name=f"Terminer la visite – {ticket}").click()
        await expect(row(page.get_by_role("region", name="Au guichet"), ticket)).to_have_count(0)
        assert pressed == ["serve", "finish"]


async def test_a_button_that_slid_under_the_pointer_is_not_pressed(lived_in: Morning, browser: Browser) -> None:
    """The second click of a slow double click would end the visit of another desk."""
    liege = Centre(lived_in.stack)
    visits = [liege.walks_in("find-job") for _ in range(2)]
    for visit in visits:
        ok(liege.desk.post(f"/intake/api/v1/visits/{visit}/serve", json={}))
    async with watched_page(browser, base_url=lived_in.stack.url, locale="fr") as (page, trouble):
        await page.set_viewport_size({"width": 1280, "height": 4000})
        await lived_in.enters(page, "accueil-liege")
        await page.goto("/intake/desk/liege")
        await expect(page.get_by_text("En direct")).to_be_visible(timeout=PATIENCE)
        sent: list[str] = []
        page.on("request", lambda one: sent.append(one.url.split("/")[-2]) if one.url.endswith("/finish") else None)
        first, second = (page.locator(f"#finish-{visit}") for visit in visits)
        place = await first.bounding_box()
        assert place is not None
        middle = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
        await page.mouse.click(*middle)
        await expect(first).to_have_count(0)
        await page.mouse.click(*middle)
        await expect(page.locator("#ignored-press")).to_contain_text("Cet appui n’a pas été pris en compte")
        assert await second.bounding_box() == pytest.approx(place, abs=0.6), "it stands where the other one stood"
        await page.mouse.move(0, 0)
        await second.click()
        await expect(second).to_have_count(0)
        assert sent == visits, "and pressed on purpose it works"
        assert trouble.all() == []


@pytest.mark.parametrize(("motion", "moves"), [("no-preference", True), ("reduce", False)])
async def test_who_wants_no_motion_sees_none(motion: str, moves: bool, lived_in: Morning, browser: Browser) -> None:
    async with watched_page(browser, base_url=lived_in.stack.url, reduced_motion=motion) as (page, _trouble):
        await page.goto("/intake/waiting-room/liege")
        called = page.locator(".wall-called > .is-now")
        assert (await called.evaluate("one => getComputedStyle(one).animationName") != "none") == moves


SHOW = """times => {
  const rows = times.map(at => `<li id="called-${at}" data-called="${at}" data-say="${at}"></li>`);
  document.getElementById("room").innerHTML = `<div class="wall-turn" lang="fr">${rows.join("")}</div>`;
  document.dispatchEvent(new Event("htmx-after-swap"));
}"""
"""Shows the calls of these times, the latest first."""


async def test_the_wall_announces_each_call_once(browser: Browser) -> None:
    """Also one that comes back on the screen, which has room for five, when a later one is over."""
    page = await browser.new_page()
    await page.set_content('<button id="wall-sound">Annoncer</button><div id="room"></div>')
    await page.evaluate("() => { window.spoken = []; speechSynthesis.speak = one => spoken.push(one.text); }")
    await page.evaluate(SHOW, [5, 4, 3, 2, 1])
    await page.add_script_tag(path=OWN / "wall.js")
    await page.locator("#wall-sound").click()
    for times in ([7, 6, 5, 4, 3], [6, 5, 4, 3, 2], [8, 6, 5, 4, 3]):
        await page.evaluate(SHOW, times)
    assert await page.evaluate("spoken") == ["6", "7", "8"]
    await page.close()


WAIT = """number => {
  const tickets = Array.from({length: number}, (_, nth) => `<li>F-${String(nth + 1).padStart(3, "0")}</li>`);
  const list = `<h2>En attente<span data-page></span></h2><ol class="wall-waiting">${tickets.join("")}</ol>`;
  document.getElementById("room").innerHTML = `<div class="wall-turn" lang="fr">${list}</div>`;
  document.dispatchEvent(new Event("htmx-after-swap"));
}"""
IN_SIGHT = """() => {
  const list = document.querySelector(".wall-waiting");
  const {top, bottom} = list.getBoundingClientRect();
  const whole = (box) => box.top >= top - 1 && box.bottom <= bottom + 1;
  return [...list.children].filter((one) => whole(one.getBoundingClientRect())).map((one) => one.textContent);
}"""


async def test_everyone_who_waits_comes_on_the_wall_in_turn(browser: Browser) -> None:
    page = await browser.new_page(viewport={"width": 1280, "height": 720})
    await page.clock.install()
    await page.set_content('<body class="wall"><button id="wall-sound"></button><div id="room"></div></body>')
    for sheet in (STATIC / "boards.css", OWN / "wall.css"):
        await page.add_style_tag(path=sheet)
    await page.evaluate(WAIT, 30)
    await page.add_script_tag(path=OWN / "wall.js")
    nodes = await page.evaluate("document.querySelectorAll('*').length")
    seen: list[set[str]] = []
    for turn in range(4):
        seen.append(set(await page.evaluate(IN_SIGHT)))
        if turn == 1:
            await page.evaluate(WAIT, 30)  # the board is redrawn: the page stays
            assert set(await page.evaluate(IN_SIGHT)) == seen[-1]
        await page.clock.run_for(10_000)
    assert len(seen[0]) < 30
    assert set[str]().union(*seen) == {f"F-{nth:03}" for nth in range(1, 31)}
    assert ["F-001" in one for one in seen[:2]] == [True, False]
    assert "/" in str(await page.locator("[data-page]").text_content())
    assert await page.evaluate("document.querySelectorAll('*').length") == nodes
    await page.evaluate(WAIT, 3)
    assert await page.evaluate(IN_SIGHT) == ["F-001", "F-002", "F-003"]
    assert await page.locator("[data-page]").text_content() == ""
    await page.close()


READ = """async ([token, path]) => {
  const headers = token ? {Authorization: `Bearer ${token}`} : {};
  const answer = await fetch(path, {headers, credentials: "omit"});
  if (!answer.ok) return answer.status;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ""; ; text += (await reader.read()).value)
    for (const line of text.split(/\\r?\\n/).slice(0, -1))
      if (line.startsWith("data:")) { reader.cancel(); return JSON.parse(line.slice(5)).visit_id; }
}"""
"""Reads the first event of a stream without a cookie, as a script does that sends a token."""
LISTEN = """path => new Promise((resolve, reject) => {
  const source = new EventSource(path);
  source.onmessage = ({data, lastEventId}) => {
    source.close();
    resolve([JSON.parse(data).visit_id, lastEventId !== ""]);
  };
  source.onerror = reject;
})"""


async def test_a_script_reads_a_stream_by_the_session_or_by_a_token(lived_in: Morning, browser: Browser) -> None:
    """A browser's `EventSource` sends the cookie of the session and no header; `fetch` sends a token."""
    path = "/scheduling/api/v1/waiting/stream?centre=liege"
    Centre(lived_in.stack).walks_in("find-job")
    async with watched_page(browser, base_url=lived_in.stack.url, locale="fr") as (page, _trouble):
        await page.goto("/")
        assert await page.evaluate(READ, [None, path]) == 401
        visit = await page.evaluate(READ, [lived_in.signer.session(lived_in.people["conseil-liege"]), path])
        await lived_in.enters(page, "conseil-liege")
        assert await page.evaluate(LISTEN, path) == [visit, True]
