"""The kiosk: set up once, and then nothing but tickets, with the network and without it."""

import re
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from playwright.async_api import Browser, FloatRect, Locator, Page, expect

from services.contracts.roles import Role
from tests.browser.offline import SENT, Remote, started
from tests.browser.page_checks import layout_faults
from tests.journeys.screens import PATIENCE

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
PRINTS = "window.printed = 0; window.print = () => { window.printed += 1; };"

BEHIND = """() => {
  const Real = Date;
  globalThis.setRight = () => { globalThis.Date = Real; };
  globalThis.Date = class extends Real {
    constructor(...given) { given.length ? super(...given) : super(Real.now() - 3600000); }
    static now() { return Real.now() - 3600000; }
  };
}"""
"""The clock is an hour behind until it is set right: one without a battery, before the network is back."""


async def tabs_to(page: Page, name: str) -> None:
    """Press Tab until the focus is on this button."""
    button = page.get_by_role("button", name=name, exact=True)
    for _ in range(20):
        await page.keyboard.press("Tab")
        if await button.evaluate("one => one === document.activeElement"):
            return
    raise AssertionError(f"Tab does not lead to {name}")


async def test_a_kiosk_gives_tickets_by_keyboard_with_and_without_the_network(huy: Remote, browser: Browser) -> None:
    async with huy.screen(browser, Role.KIOSK) as page:
        await page.add_init_script(PRINTS)
        await page.goto("/intake/kiosk")
        await expect(page.get_by_text("Ce navigateur est prêt")).to_be_visible(timeout=PATIENCE)
        await page.get_by_label("Ticket imprimé").select_option("58")
        await page.get_by_role("link", name="Démarrer la borne").click()
        await expect(page.get_by_role("heading", name="De quoi avez-vous besoin")).to_be_visible(timeout=PATIENCE)
        assert await page.locator("a").count() == 0, "it leads nowhere"

        await tabs_to(page, "Trouver un emploi")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Votre ticket")).to_be_focused(timeout=PATIENCE)
        online = await page.locator("[data-ticket]:visible").text_content()
        await expect(page.get_by_alt_text("Code QR de la page du ticket")).to_be_visible()
        await expect(page.locator("#announcer")).to_have_text(f"Votre ticket est le {online}.")
        assert await page.evaluate("window.printed") == 1
        strip = await page.pdf(prefer_css_page_size=True)
        assert (b"/Count 1" in strip, b"/MediaBox [0 0 16" in strip) == (True, True), "one strip of 58 mm (164 points)"
        await tabs_to(page, "Terminer")
        await page.keyboard.press("Enter")

        huy.network.refuse()
        await page.reload()
        await expect(page.get_by_role("heading", name="De quoi avez-vous besoin")).to_be_visible(timeout=PATIENCE)
        await page.evaluate(BEHIND)
        pressed = datetime.now(UTC)
        await tabs_to(page, "Deutsch")
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="Mehrere Anliegen wählen").press("Enter")
        for need in ("Sich weiterbilden", "Arbeit finden"):
            await page.get_by_role("button", name=need).press("Space")
        await page.get_by_role("button", name="Nummer ziehen", exact=True).press("Enter")
        await expect(page.get_by_text("Es gibt keinen QR-Code")).to_be_visible(timeout=PATIENCE)
        offline = await page.locator("[data-ticket]:visible").text_content()
        assert await page.evaluate("window.printed") == 1, "counted again by the reloaded page"
        assert [ticket and ticket[:2] for ticket in (online, offline)] == ["E-", "F-"]

        await page.evaluate("setRight()")
        huy.network.restore()
        await page.evaluate(SENT)
    known = huy.visits()
    assert [(one["ticket"], one["channel"], one["other_areas"]) for one in known] == [
        (online, "kiosk", []),
        (offline, "kiosk", ["find-job"]),
    ]
    ahead = timedelta(seconds=float((huy.lived.stack.data / "clock").read_text()))
    late = datetime.fromisoformat(known[1]["checked_in_at"]) - ahead - pressed
    assert timedelta(0) <= late <= timedelta(seconds=30), "its time is that of the press, not of the wrong clock"


async def test_the_team_sees_that_a_ticket_has_another_number_in_the_queue(huy: Remote, browser: Browser) -> None:
    async with huy.screen(browser, Role.KIOSK) as page:
        await page.goto("/intake/kiosk/huy")
        await expect(page.get_by_text("Ce navigateur est prêt")).to_be_visible(timeout=PATIENCE)
        await page.goto("/intake/app/kiosk")
        huy.network.drop(there=False)  # the request arrives, its answer is lost
        await page.get_by_role("button", name="Créer").click()
        await expect(page.locator("[data-ticket]:visible")).to_have_text(re.compile("^C-"), timeout=PATIENCE)
        in_hand = await page.locator("[data-ticket]:visible").text_content()
        huy.network.restore()
        await page.evaluate(SENT)
        await page.goto("/intake/kiosk/huy")
        seen = page.locator("[data-answered] > li")
        await expect(seen).to_contain_text("Dans la file d’attente, cette personne a le ticket", timeout=PATIENCE)
        await seen.get_by_text("Retirer de la liste").click()
        await seen.get_by_role("button", name="Oui, retirer").click()
        await expect(seen).to_have_count(0)

        # Its token was revoked: it notices at the next ticket, and gives none any more, also without the network.
        async with page.expect_response(lambda answer: answer.url.endswith("/device")):
            await page.goto("/intake/app/kiosk")
        need = page.get_by_role("button", name="Trouver un emploi")
        await expect(need).to_be_visible(timeout=PATIENCE)
        await page.context.clear_cookies()
        await need.click()
        not_set_up = page.get_by_text("Cet écran n’est pas configuré.")
        await expect(not_set_up).to_be_visible(timeout=PATIENCE)
        huy.network.refuse()
        await page.reload()
        await expect(not_set_up).to_be_visible(timeout=PATIENCE)
        huy.network.restore()
        assert await page.evaluate("async () => (await offline.pending()).length") == 0

        await huy.enters(page.context, Role.FRONT_DESK)
        await page.goto("/intake/desk/huy")
        await expect(page.get_by_text(f"A le ticket {in_hand} en main")).to_be_visible()
    [visit] = huy.visits()
    assert (visit["ticket"][:2], visit["ticket"] != in_hand) == ("C-", True)


async def test_a_kiosk_goes_back_to_the_start_unless_it_is_touched(huy: Remote, browser: Browser) -> None:
    async with huy.screen(browser, Role.KIOSK) as page:
        await page.goto("/intake/kiosk/huy")
        await expect(page.get_by_text("Ce navigateur est prêt")).to_be_visible(timeout=PATIENCE)
        await page.clock.install()
        await page.goto("/intake/app/kiosk")
        await page.get_by_role("button", name="Nederlands").click(timeout=PATIENCE)
        countdown = page.locator("[data-rest]:visible")
        await page.clock.run_for(24_000)
        await expect(countdown).to_have_count(0)
        await page.clock.run_for(3_000)
        await expect(countdown).to_contain_text("Terug naar het begin over")
        await page.locator("h1:visible").click()
        await expect(countdown).to_have_count(0)
        await expect(page.get_by_role("heading", name="Wat hebt u nodig?")).to_be_visible()
        await page.clock.run_for(46_000)
        await expect(page.get_by_role("heading", name="De quoi avez-vous besoin")).to_be_visible()

        # Refused by the server, it gives no tickets, and does not go back to a choice.
        await page.evaluate("offline.change('kiosk:huy', {problem: 'Désactivé.'})")
        await page.clock.run_for(11_000)
        closed = page.get_by_role("heading", name="Allez à l’accueil")
        await expect(closed).to_be_visible(timeout=PATIENCE)
        await page.get_by_role("button", name="Nederlands").click()
        await page.clock.run_for(46_000)
        await expect(closed).to_be_visible()


async def taps(page: Page, place: FloatRect) -> None:
    """Touch the middle of this place, whatever is there."""
    await page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)


async def place_of(target: Locator) -> FloatRect:
    """Where this is on the screen, once it can be touched."""
    await target.click(trial=True, timeout=PATIENCE)
    box = await target.bounding_box()
    assert box is not None
    return box


async def test_a_double_tap_reaches_one_screen_only(huy: Remote, browser: Browser) -> None:
    async with huy.screen(browser, Role.KIOSK) as page:
        await page.set_viewport_size({"width": 768, "height": 1024})
        await page.clock.install()
        await started(huy, page)
        huy.network.refuse()
        need = await place_of(page.get_by_role("button", name="Trouver un emploi"))
        await taps(page, need)
        finish = page.get_by_role("button", name="Terminer")
        place = await place_of(finish)
        now = cast(float, await page.evaluate("Date.now()"))
        await page.clock.pause_at(datetime.fromtimestamp(now / 1000 + 5, UTC))  # the next moments last until `run_for`
        await taps(page, place)
        choice = page.get_by_role("heading", name="De quoi avez-vous besoin")
        await expect(choice).to_be_visible(timeout=PATIENCE)
        await taps(page, need)
        await page.clock.run_for(600)
        await taps(page, need)
        await expect(choice).to_be_visible()
        assert await page.evaluate("async () => (await offline.pending()).length") == 1
        await page.clock.run_for(200)
        await taps(page, need)
        await expect(finish).to_be_visible(timeout=PATIENCE)
        await page.clock.resume()
        huy.network.restore()
        await page.evaluate(SENT)


async def test_the_countdown_moves_nothing(huy: Remote, browser: Browser) -> None:
    async with huy.screen(browser, Role.KIOSK) as page:
        await page.set_viewport_size({"width": 768, "height": 1024})
        await page.clock.install()
        await started(huy, page)
        await page.get_by_role("button", name="Trouver un emploi").click(timeout=PATIENCE)
        await expect(page.get_by_alt_text("Code QR de la page du ticket")).to_be_visible(timeout=PATIENCE)
        finish = page.get_by_role("button", name="Terminer")
        before = await place_of(finish)
        await page.clock.run_for(26_000)
        await expect(page.locator("[data-rest]:visible")).to_contain_text("Retour au début dans")
        assert await finish.bounding_box() == before
        await finish.click()
        await expect(page.get_by_role("heading", name="De quoi avez-vous besoin")).to_be_visible(timeout=PATIENCE)


async def test_who_wanted_several_needs_can_want_one_again(huy: Remote, browser: Browser) -> None:
    async with huy.screen(browser, Role.KIOSK) as page:
        await started(huy, page)
        await page.get_by_role("button", name="Choisir plusieurs besoins").click(timeout=PATIENCE)
        await page.get_by_role("button", name="Trouver un emploi").click()
        await page.get_by_role("button", name="Choisir un seul besoin").click()
        await expect(page.get_by_role("button", name="Choisir plusieurs besoins")).to_be_visible()
        await page.get_by_role("button", name="Se former").click()
        await expect(page.locator("[data-ticket]:visible")).to_have_text(re.compile("^F-"), timeout=PATIENCE)


SENTENCES = (
    (404, "unknown-code", "a ce code", "hat diesen Code"),
    (409, "already-received", "déjà été reçu", "schon empfangen"),
    (409, "appointment-not-today", "pas aujourd’hui", "nicht heute"),
    (409, "wrong-step", "ne peut pas noter votre arrivée", "nicht erfassen"),
    (403, "not-allowed", "ne peut pas noter votre arrivée", "nicht erfassen"),
    (429, "too-many-requests", "Trop de codes", "Zu viele Codes"),
    (503, "unavailable", "interrompue", "unterbrochen"),
)
"""How the server answers for a code (really so in `tests/intake/test_appointment_pages.py`), and what people read."""


async def test_a_refused_code_says_to_the_visitor_why_and_not_who_or_when(huy: Remote, browser: Browser) -> None:
    async with huy.screen(browser, Role.KIOSK) as page:
        await page.goto("/intake/kiosk/huy")
        await expect(page.get_by_text("Ce navigateur est prêt")).to_be_visible(timeout=PATIENCE)
        await page.goto("/intake/app/kiosk")
        problem: dict[str, object] = {}
        await page.route(
            "**/appointments/arrivals**",
            lambda route: route.fulfill(status=int(str(problem["status"])), json=problem),
        )
        for number, language in enumerate(("Français", "Deutsch")):
            await page.get_by_role("button", name=language).click(timeout=PATIENCE)
            await page.locator("[data-appointment]:visible").click()
            for status, slug, *expected in SENTENCES:
                detail = "Le 3 mars avec Nadia."
                problem |= {"status": status, "type": f"/problems/{slug}", "detail": detail}
                await page.locator("[data-code]:visible").fill("1234567890")
                await page.locator("[data-code]:visible").press("Enter")
                error = page.locator("[data-code-error]:visible")
                await expect(error).to_contain_text(expected[number], timeout=PATIENCE)
                await expect(error).not_to_contain_text("mars")


async def test_every_target_of_a_kiosk_is_large(huy: Remote, browser: Browser) -> None:
    async with huy.screen(browser, Role.KIOSK) as page:
        await page.goto("/intake/kiosk/huy")
        await expect(page.get_by_text("Ce navigateur est prêt")).to_be_visible(timeout=PATIENCE)
        await page.goto("/intake/app/kiosk")
        for width, height in ((1080, 1920), (1280, 800), (640, 400), (390, 844)):
            await page.set_viewport_size({"width": width, "height": height})
            for language in ("Deutsch", "Français"):
                await page.get_by_role("button", name=language).click(timeout=PATIENCE)
                assert await layout_faults(page, least=64) == [], f"{language}, {width} px"
        await page.set_viewport_size({"width": 768, "height": 1024})
        line = await page.get_by_text("Besoin d’aide ou d’un interprète").bounding_box()
        assert line is not None
        assert line["y"] + line["height"] <= 1024, "a small upright screen shows it all"
