"""The offline desk: it records all that the desk's page does, calls to the chosen desk, and leads back."""

import re
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.offline import RECORDED, Remote
from tests.journeys.screens import PATIENCE

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


async def test_a_desk_says_offline_what_it_says_online_and_comes_back_by_itself(mons: Remote, browser: Browser) -> None:
    async with mons.screen(browser) as page:
        await mons.prepared(page)
        await page.get_by_text("Vous êtes au guichet 1").click()
        await page.get_by_label("Numéro de votre guichet").fill("7")
        await page.get_by_role("button", name="Enregistrer").click()
        await mons.prepared(page)
        mons.network.refuse()
        await page.goto("/intake/desk/mons")
        await expect(page.get_by_text("Vous êtes au guichet 7")).to_be_visible(timeout=PATIENCE)

        await says_more(page)
        waiting = page.locator("#waiting-list > li")
        await expect(waiting).to_have_count(3)
        for words in ("Se former", "Trouver un emploi", "Interprète : arabe", "accès en fauteuil roulant"):
            await expect(waiting.first).to_contain_text(words)
        await page.get_by_role("button", name=re.compile("^Appeler – F-")).first.click()
        await expect(page.locator("#called-list > li")).to_have_count(1)
        recorded = await page.evaluate(RECORDED)

        # Something is half entered when the server is back: it stays until it is cleared.
        people = page.get_by_label("Groupe : nombre de personnes")
        await page.get_by_text("Autres précisions").click()
        await people.fill("4")
        mons.network.restore()
        await expect(page.get_by_text("Vous avez commencé une arrivée")).to_be_visible(timeout=PATIENCE)
        await expect(page.locator("#left")).to_have_text("0", timeout=PATIENCE)
        await page.wait_for_timeout(7000)
        await expect(people).to_have_value("4")
        await page.get_by_role("button", name="Effacer l’arrivée").click()
        await expect(page.get_by_text("En direct")).to_be_visible(timeout=2 * PATIENCE)
        await expect(page.get_by_text("Envoyé après une coupure : 5")).to_be_visible(timeout=PATIENCE)
        await expect(page.get_by_text("Vous êtes au guichet 7")).to_be_visible()
        assert await page.evaluate(RECORDED) == []

    sent = [mons.visit(id) for id, _ticket, _needs, _status in recorded]
    assert [one["ticket"] for one in sent] == [ticket for _id, ticket, _needs, _status in recorded]
    same = ("area", "other_areas", "needs", "interpreter_language", "channel", "activity", "status", "desk")
    details: dict[str, Any] = {
        "area": "select-training",
        "other_areas": ["find-job"],
        "needs": ["wheelchair"],
        "interpreter_language": "ar",
        "channel": "desk",
        "activity": None,
        "status": "waiting",
        "desk": None,
    }
    passing: dict[str, Any] = {
        "area": None,
        "other_areas": [],
        "needs": [],
        "interpreter_language": None,
        "status": "no_queue",
    }
    assert [{name: one[name] for name in same} for one in sent] == [
        details | {"status": "called", "desk": "desk-7"},
        details,
        details,
        details | passing | {"channel": "phone"},
        details | passing | {"activity": "documentation"},
    ]


async def says_more(page: Page) -> None:
    """A group with several needs and what is to be prepared, a call by phone, and a visitor who comes to read."""
    more, give = page.get_by_text("Autres précisions"), page.get_by_role("button", name="Donner un ticket")
    done = page.locator("#arrival-done")
    await page.get_by_role("radio", name="Se former").check()
    await more.click()
    await page.get_by_role("checkbox", name="Trouver un emploi").check()
    await page.get_by_label("Interprète").select_option(label="arabe")
    await page.get_by_label("accès en fauteuil roulant").check()
    await page.get_by_label("Groupe : nombre de personnes").fill("3")
    await give.click()
    await expect(done).to_contain_text(re.compile(r"F-\d+ – F-\d+"))
    assert await page.get_by_label("accès en fauteuil roulant").is_checked() is False, "the next one is new"
    for label, option in (("Mode de contact", "phone"), ("Sans ticket, pour", "documentation")):
        await page.evaluate("document.querySelector('#arrival-done').replaceChildren()")
        await more.click()
        await page.get_by_label(label).select_option(option)
        await page.get_by_label("accès en fauteuil roulant").check()
        await give.click()
        await expect(done).to_contain_text("Passage noté, sans ticket.")


async def test_a_desk_without_numbers_says_so_and_no_call_goes_to_a_desk_that_nobody_chose(
    mons: Remote, browser: Browser
) -> None:
    async with mons.screen(browser) as page:
        await mons.prepared(page)
        mons.network.refuse()
        await page.evaluate("offline.change('desk:mons', {number: 998, desks: ['desk-1', 'desk-2']})")
        await page.evaluate("offline.set('here', null)")
        await page.goto("/intake/desk/mons")
        await page.get_by_text("Autres précisions").click(timeout=PATIENCE)
        people = page.get_by_label("Groupe : nombre de personnes")
        await people.fill("61")
        await page.get_by_text("Autres précisions").click()
        give = page.get_by_role("button", name="Donner un ticket")
        await give.click()
        await expect(people).to_be_visible()
        assert await page.evaluate(RECORDED) == []
        await people.fill("3")
        await give.click()
        done, warning = page.locator("#arrival-done .arrival-done"), page.locator("#arrival-done .warning")
        await expect(done).to_contain_text(re.compile(r"A-\d*999"))
        await expect(warning).to_have_text(
            "Cet appareil n’a plus de numéro pour les autres personnes : notez vous-même leur place."
        )
        await page.get_by_role("radio", name="Se former").check()
        await give.click()
        await expect(warning).to_contain_text("Arrivée enregistrée. Cet appareil n’a plus de numéro")
        await expect(done).to_have_count(0)

        await page.get_by_role("button", name="Appeler la personne suivante").click()
        needed = page.get_by_text("Choisissez d’abord votre guichet")
        await expect(needed).to_be_visible()
        await expect(page.locator("#called-list > li")).to_have_count(0)
        await page.get_by_role("button", name="Guichet 2").click()
        await expect(needed).to_be_hidden()
        await page.get_by_role("button", name="Appeler la personne suivante").click()
        await expect(page.locator("#called-list > li")).to_have_count(1)
        called = [one for one in await page.evaluate(RECORDED) if one[3] == "called"]
        mons.network.restore()
        await expect(page.get_by_text("En direct")).to_be_visible(timeout=2 * PATIENCE)
    assert mons.visit(called[0][0])["desk"] == "desk-2"
    assert len({one["ticket"] for one in mons.visits()}) == 4, "the server gives the others their numbers"


LOOKED = "async () => { dispatchEvent(new Event('online')); await new Promise((done) => setTimeout(done, 500)); }"
"""The page looks now whether the server is there."""
REFUSED = """async () => {
  const visit_id = crypto.randomUUID();
  const [kept] = await offline.keep("desk:mons", [{visit_id, of: visit_id, queue: true}]);
  await offline.settle([kept], [{visit_id, status: "refused", problem: {detail: "Refusé"}}]);
}"""


async def test_one_lost_answer_leads_nobody_away_from_the_offline_desk(mons: Remote, browser: Browser) -> None:
    async with mons.screen(browser) as page:
        await mons.prepared(page)
        await page.goto("/intake/app/desk")
        await page.evaluate(REFUSED)
        await page.reload()
        await expect(page.locator("#answered-list > li")).to_have_count(1)
        for lost in (1, 2):
            await page.route("**/health/live", lambda route: route.abort(), times=lost)
            for _ in range(lost + 1):
                await page.evaluate(LOOKED)
            await expect(page.locator("#back")).to_be_visible(timeout=PATIENCE)
            await page.wait_for_timeout(8000)
            assert page.url.endswith("/intake/app/desk"), "there is still something to check"
        await page.locator("#answered-list").get_by_text("Retirer de la liste").click()
        await page.get_by_role("button", name="Oui, retirer").click()
        await expect(page.get_by_text("En direct")).to_be_visible(timeout=2 * PATIENCE)
