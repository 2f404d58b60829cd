"""The desk without the network or the server: nothing is lost, nothing is twice, and each visit keeps its own time."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from services.contracts.roles import Role
from tests.browser.offline import RECORDED, Remote, kill
from tests.journeys.screens import PATIENCE

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
AN_HOUR_AHEAD = """(() => {
  const Real = Date, ahead = 3600000;
  globalThis.Date = class extends Real {
    constructor(...given) { given.length ? super(...given) : super(Real.now() + ahead); }
    static now() { return Real.now() + ahead; }
  };
})()"""
"""The clock of the pages of a browser: the machine's own cannot be set for one process."""
ANSWERED = """async () => {
  const visit_id = crypto.randomUUID();
  const details = {interpreter_language: "ara", needs: ["quiet-room"]};
  const [kept] = await offline.keep("desk:mons", [{visit_id, of: visit_id, queue: true, ...details}]);
  await offline.settle([kept], [{visit_id, status: "refused", problem: {detail: "Refusé"}}]);
  const {interpreter_language, needs, answered} = (await offline.pending()).find((entry) => entry.seq === kept.seq);
  return [interpreter_language, needs, answered.problem];
}"""
"""A check-in that the server has answered for, and what of it is still in the browser."""
TOO_EARLY = """async () => {
  const [visit_id, needs] = [crypto.randomUUID(), ["quiet-room"]];
  const [kept] = await offline.keep("desk:mons", [{visit_id, of: visit_id, queue: true, needs}]);
  const found = [];
  for (const field of ["needs", "needs.0", "area"]) {
    const problem = {type: "/problems/invalid", field, detail: "Refusé"};
    const count = await offline.settle([kept], [{visit_id, status: "refused", problem}]);
    const entry = (await offline.pending()).find((one) => one.seq === kept.seq);
    found.push([count.refused, entry.needs, Boolean(entry.answered)]);
  }
  await offline.dismiss(kept.seq);
  return found;
}"""
"""A check-in refused by a server that does not know what is to be prepared, and then for another field."""
ENDED_OR_OF_YESTERDAY = """async () => {
  const keeps = async () => {
    const [visit_id, needs] = [crypto.randomUUID(), ["wheelchair"]];
    return (await offline.keep("desk:mons", [{visit_id, of: visit_id, queue: true, needs}]))[0].seq;
  };
  const [left, today] = [await keeps(), await keeps()];
  await offline.step(left, "leave");
  const Real = Date, before = () => Real.now() - 86400000;
  globalThis.Date = class extends Real {
    constructor(...given) { given.length ? super(...given) : super(before()); }
    static now() { return before(); }
  };
  const yesterday = await keeps();
  globalThis.Date = Real;
  await offline.dropNeeds();
  const kept = new Map((await offline.pending()).map((entry) => [entry.seq, entry.needs]));
  const found = [left, today, yesterday].map((seq) => kept.get(seq));
  for (const seq of [left, today, yesterday]) await offline.dismiss(seq);
  return found;
}"""
"""What is to be prepared for a visitor who has left, one who waits, and one who came yesterday."""
NOT_ACCEPTED = """async () => {
  await offline.begin("desk:bastogne");
  await offline.change("desk:bastogne", {key: "cefo_device_wrong"});
  await offline.keep("desk:bastogne", [{visit_id: crypto.randomUUID(), area: null, channel: "desk", queue: false}]);
}"""
"""Another device of this browser, whose key does not hold."""
PERIOD = timedelta(seconds=5)
"""How far a time may be from that of the press: the machine may be busy."""


async def checks_in(page: Page, digit: int) -> str:
    """Three keys, and the ticket on the offline desk."""
    await expect(page.locator("#arrival")).to_be_visible(timeout=PATIENCE)
    shown = page.locator("#arrival-done .ticket")
    before = await shown.text_content() if await shown.count() else ""
    for key in ("n", f"Digit{digit}", "Enter"):
        await page.keyboard.press(key)
    await expect(shown).not_to_have_text(before or "", timeout=PATIENCE)
    return await shown.text_content() or ""


async def test_fifty_check_ins_survive_a_kill_and_a_wrong_clock(mons: Remote, tmp_path: Path) -> None:
    pressed: list[tuple[datetime, str]] = []

    async def press(page: Page, number: int) -> None:
        at = datetime.now(UTC)
        pressed.append((at, await checks_in(page, 1 + number % 5)))

    async with mons.own_browser(tmp_path / "profile") as context:
        await mons.enters(context, Role.FRONT_DESK)
        page = await context.new_page()
        await mons.prepared(page)
        mons.network.refuse()
        await context.add_init_script(AN_HOUR_AHEAD)
        await page.goto("/intake/desk/mons")
        await expect(page.get_by_text("Le serveur ne répond pas.")).to_be_visible(timeout=PATIENCE)
        for number in range(25):
            await press(page, number)
        kill(tmp_path / "profile")

    async with mons.own_browser(tmp_path / "profile") as context:
        await context.add_init_script(AN_HOUR_AHEAD)
        first, second = await context.new_page(), await context.new_page()
        for page in (first, second):
            await page.goto("/intake/desk/mons")
            await expect(page.locator("#waiting-list > li")).to_have_count(25, timeout=PATIENCE)
        for number in range(25):
            await press((first, second)[number % 2], number)
        mons.network.restore()
        await expect(first.locator("#left")).to_have_text("0", timeout=PATIENCE)
        await expect(second.locator("#left")).to_have_text("0", timeout=PATIENCE)
        # The session ended with the browser: the device's key alone has sent the check-ins.
        await expect(first.get_by_text("Connectez-vous de nouveau")).to_be_visible(timeout=PATIENCE)
        await mons.enters(context, Role.FRONT_DESK)
        await expect(first.get_by_text("En direct")).to_be_visible(timeout=2 * PATIENCE)
        await expect(first.get_by_role("region", name="En attente").locator(".board-count")).to_have_text("50")

    known = mons.visits()
    assert [visit["ticket"] for visit in known] == [ticket for _at, ticket in pressed]
    assert len({visit["ticket"] for visit in known}) == 50
    ahead = timedelta(seconds=float((mons.lived.stack.data / "clock").read_text()))
    wrong = [
        (visit["ticket"], visit["checked_in_at"])
        for visit, (at, _ticket) in zip(known, pressed, strict=True)
        if not timedelta(0) <= datetime.fromisoformat(visit["checked_in_at"]) - ahead - at <= PERIOD
    ]
    assert wrong == []


async def test_the_desk_goes_on_when_the_server_falls_silent(mons: Remote, browser: Browser) -> None:
    async with mons.screen(browser) as page:
        await mons.prepared(page)
        mons.network.drop(there=False)  # the request arrives, its answer is lost
        for key in ("n", "Digit2", "Enter"):
            await page.keyboard.press(key)
        await page.wait_for_url("**/intake/app/desk", timeout=PATIENCE)
        ticket = await page.locator("#arrival-done .ticket").text_content() or ""
        assert re.fullmatch(r"F-\d{4,}", ticket)
        other = await checks_in(page, 3)
        await page.get_by_role("button", name=f"Appeler – {other}").click()
        await page.get_by_role("button", name=f"Recevoir la personne – {other}").click()
        await page.get_by_role("button", name=f"Terminer la visite – {other}").click()
        gone = await checks_in(page, 1)
        row = page.get_by_role("listitem").filter(has_text=gone)
        await row.get_by_title("Noter le départ").click()
        await row.get_by_role("button", name="Oui, noter le départ").click()
        await expect(page.locator("#ended-list > li")).to_have_count(2)
        await page.evaluate(NOT_ACCEPTED)
        mons.network.restore()
        await expect(page.get_by_text("En direct")).to_be_visible(timeout=2 * PATIENCE)
        [visit] = mons.visits()
        assert visit["ticket"] != ticket
        # Who opens the offline desk while the server is there stays on it.
        await page.get_by_role("link", name="Ouvrir l’accueil hors ligne").click()
        kept = page.locator("#answered-list > li")
        await expect(kept).to_contain_text(f"Dans la file d’attente, cette personne a le ticket {visit['ticket']}.")
        await page.reload()
        await kept.get_by_text("Retirer de la liste").click()
        await kept.get_by_role("button", name="Oui, retirer").click()
        await expect(kept).to_have_count(0)
        await page.get_by_role("link", name="Ouvrir l’accueil du public").click()
        await expect(page.get_by_role("region", name="En attente").get_by_role("listitem")).to_have_count(1)


async def test_signing_out_leaves_only_what_is_not_sent(mons: Remote, browser: Browser) -> None:
    stored = """async () => ({
      packs: (await offline.packs()).map(({device_id, ...rest}) => rest),
      pending: (await offline.pending()).length,
      kept: (await offline.pending()).map(({interpreter_language, needs}) => [interpreter_language, needs]),
      language: await offline.setting("language"),
      caches: await caches.keys(),
    })"""
    async with mons.screen(browser) as page:
        await mons.prepared(page)
        mons.network.refuse()
        await page.goto("/intake/desk/mons")
        await page.get_by_text("Autres précisions").click(timeout=PATIENCE)
        await page.get_by_label("accès en fauteuil roulant").check()
        await checks_in(page, 4)
        assert [needs for _id, _ticket, needs, _status in await page.evaluate(RECORDED)] == [["wheelchair"]]
        assert await page.evaluate(ENDED_OR_OF_YESTERDAY) == [[], ["wheelchair"], []]
        waits = [0, ["quiet-room"], False]
        assert await page.evaluate(TOO_EARLY) == [waits, waits, [1, [], True]]
        # Another one needs an interpreter; the server has refused it.
        assert await page.evaluate(ANSWERED) == [None, [], "Refusé"]
        # The person signs out on a page that is still open when the network comes and goes.
        await page.route("**/replay", lambda route: route.abort())
        mons.network.restore()
        await page.goto("/intake/desk/mons")
        await page.get_by_role("button", name="Se déconnecter").click()
        await expect(page.locator("#flash")).to_contain_text("Déconnexion réussie", timeout=PATIENCE)
        await page.goto("/intake/app/desk")
        left = await page.evaluate(stored)
        assert left["kept"] == [[None, []]], "one is not sent, and what was answered for is gone"
        assert [sorted(pack) for pack in left["packs"]] == [["app", "key"]]
        assert (left["pending"], left["language"], bool(left["packs"][0]["key"])) == (1, None, True)
        await page.unroute("**/replay")
        await expect(page.locator("#left")).to_have_text("0", timeout=PATIENCE)
        assert [visit["ticket"][:2] for visit in mons.visits()] == ["C-"]

        await mons.enters(page.context, Role.FRONT_DESK)
        asked: list[str] = []
        page.on("request", lambda one: asked.append(one.post_data or "") if one.url.endswith("/device") else None)
        await page.evaluate("offline.change('desk:mons', {key: null})")
        await page.evaluate("Promise.all([1, 2].map(() => replay.enrol('desk:mons', '/intake/desk/mons/device')))")
        assert ['"key":true' in one for one in asked] == [True, False], "the second finds the key of the first"
        await mons.prepared(page)
        await page.goto("/directory/")  # a page of another service loads the script that deletes
        await page.get_by_role("button", name="Se déconnecter").click()
        await expect(page.locator("#flash")).to_contain_text("Déconnexion réussie", timeout=PATIENCE)
        await page.goto("/intake/app/desk")
        left = await page.evaluate(stored)
        assert left == {
            "packs": [{"app": "desk:mons", "key": None}],
            "pending": 0,
            "kept": [],
            "language": None,
            "caches": [],
        }
