import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
import uvicorn
from playwright.async_api import Browser, Page, expect
from sqlmodel import select

from services.chassis.i18n import LANGUAGES, catalogue
from services.chassis.identity import Person
from services.contracts.plans import Dimension
from services.contracts.scheduling import Method
from services.launcher.kafka import free_ports
from services.plans import actions
from services.plans.domain import Stage, checklist
from services.plans.store import Action, Goal, InformationStep, Plan, plans_of_centre, standings
from tests.browser.page_checks import (
    axe_violations,
    csp_violations,
    html_errors,
    keyboard_walk,
    layout_faults,
)
from tests.plans.conftest import Site
from tests.plans.told import ARLON_COUNSELLOR, COUNSELLOR, MONS, Adult, contents, mons, provider, tell, visitor


async def write_everything(site: Site, her: Adult) -> Action:
    """All the method asks of the text, a track, and an action with a provider."""
    service_id = uuid4()
    await tell(site.store, [provider(service_id)])
    async with site.store.work() as work:
        for dimension in Dimension:
            await actions.write_assessment(
                work, her.plan_id, visitor(her.subject_ref), dimension=dimension, text=f"Mes {dimension}"
            )
        step = await actions.plan_information_step(work, her.plan_id, COUNSELLOR, what="Visiter un atelier")
        goal = await actions.set_goal(work, her.plan_id, COUNSELLOR, "Travailler le bois")
        await work.session.flush()
        await actions.conclude_information_step(
            work, her.plan_id, COUNSELLOR, step_id=step.id, result="Une odeur de copeaux"
        )
        track = await actions.open_track(
            work, her.plan_id, COUNSELLOR, goal_id=goal.id, title="Se former", area="select-training"
        )
        await work.session.flush()
        intention = actions.Intention(
            title="Semaine de découverte", needs_provider=True, service_id=service_id, reason="training"
        )
        return await actions.plan_action(work, her.plan_id, COUNSELLOR, track_id=track.id, intention=intention)


async def test_the_list_shows_progress_and_what_is_missing(site: Site, her: Adult) -> None:
    async with site.as_(COUNSELLOR, page=True) as client:
        html = (await client.get("/plans/")).text
    assert f"/plans/{her.plan_id}" in html
    assert "0 of 4 in place" in html
    assert "Interviews held 1/2" in html
    assert "The six dimensions 0/6" in html


async def test_the_list_filters_by_how_far_plans_are(site: Site, her: Adult) -> None:
    other = Adult(Method.COLLECTIVE)
    await tell(site.store, [other.path_opened(), other.attendance(1)])
    await write_everything(site, her)
    await tell(site.store, [her.interview(2)])
    async with site.as_(COUNSELLOR, page=True) as client:
        ready = (await client.get("/plans/", params={"stage": "ready"})).text
        workshops = (await client.get("/plans/", params={"method": "collective"})).text
        confirmed = (await client.get("/plans/", params={"stage": "confirmed"})).text
    assert str(her.plan_id) in ready
    assert str(other.plan_id) not in ready
    assert str(other.plan_id) in workshops
    assert str(her.plan_id) not in workshops
    assert "No plan is confirmed yet" in confirmed


async def test_lists_and_checklist_agree_on_what_is_ready(site: Site) -> None:
    adults = [Adult(Method.INDIVIDUAL), Adult(Method.INDIVIDUAL), Adult(Method.COLLECTIVE), Adult(Method.COLLECTIVE)]
    one, two, three, four = adults
    await tell(site.store, [mons(), one.path_opened(), one.interview(1), one.interview(2)])
    await tell(site.store, [two.path_opened(), two.interview(1), two.interview(2)])
    await tell(site.store, [three.announced(), three.seat(), three.path_opened(), three.attendance(1)])
    await tell(site.store, [three.attendance(3, attended=False, final=True), three.interview(1)])
    await tell(site.store, [four.announced(), four.seat(), four.path_opened(), four.attendance(1), four.interview(1)])
    for adult in (one, three, four):
        await write_everything(site, adult)
    async with site.store.read() as session:
        plans = await plans_of_centre(session, MONS)
        ready = {plan.id for plan in await plans_of_centre(session, MONS, stage=Stage.READY)}
        how_far = await standings(session, plans)
    assert ready == {plan.id for plan in plans if all(check.met for check in checklist(how_far[plan.id]))}
    assert ready == {one.plan_id, three.plan_id}


async def test_a_visitor_is_led_to_their_plan_or_kindly_told_when_it_begins(site: Site, her: Adult) -> None:
    async with site.as_(visitor(her.subject_ref), page=True) as client:
        led = await client.get("/plans/mine")
        assert (led.status_code, led.headers["location"]) == (303, f"/plans/{her.plan_id}")
        assert (await client.get("/plans/")).headers["location"] == "/plans/mine"
    async with site.as_(visitor(uuid4()), page=True) as client:
        assert "Your plan has not begun yet" in (await client.get("/plans/mine")).text


async def test_both_see_the_same_plan_with_different_powers(site: Site, her: Adult) -> None:
    await write_everything(site, her)
    await tell(site.store, [her.interview(2)])
    confirm = f'action="/plans/{her.plan_id}/confirm"'
    async with site.as_(COUNSELLOR, page=True) as client:
        hers = (await client.get(f"/plans/{her.plan_id}")).text
    async with site.as_(visitor(her.subject_ref), page=True) as client:
        own = (await client.get(f"/plans/{her.plan_id}")).text
        refused = await client.post(f"/plans/{her.plan_id}/confirm", data={})
    for words in ("Mes values", "Une odeur de copeaux", "Travailler le bois", "Semaine de découverte"):
        assert words in hers
        assert words in own
    assert confirm in hers
    assert confirm not in own
    assert refused.status_code == 403


async def test_names_are_never_in_the_page_only_a_way_to_ask_intake(site: Site, her: Adult) -> None:
    async with site.as_(COUNSELLOR, page=True) as client:
        html = (await client.get(f"/plans/{her.plan_id}")).text
    assert f'data-hx-get="/intake/fragments/visitors/{her.subject_ref}"' in html


@pytest.mark.parametrize(("person", "status"), [(ARLON_COUNSELLOR, 403), (visitor(uuid4()), 404), (None, 303)], ids=str)
async def test_others_do_not_see_it(site: Site, her: Adult, person: Person | None, status: int) -> None:
    async with site.as_(person, page=True) as client:
        assert (await client.get(f"/plans/{her.plan_id}")).status_code == status
        assert (await client.get(f"/plans/{her.plan_id}/assessment/skills")).status_code == status


async def test_forms_work_without_javascript(site: Site, her: Adult) -> None:
    plan = f"/plans/{her.plan_id}"
    async with site.as_(visitor(her.subject_ref), page=True) as client:

        async def send(path: str, **form: str) -> None:
            answer = await client.post(plan + path, data=form)
            assert (answer.status_code, answer.headers["location"].split("#")[0]) == (303, plan), answer.text

        await send("/assessment/skills", text="Réparer\r\net expliquer", version="0")
        await send("/information-steps", what="Visiter un atelier", whom="", planned_on="2026-03-20")
        await send("/reflections", text="Une idée", moment="after-sessions")
        await send("/goals", goal="Travailler le bois")
        async with site.store.read() as session:
            goal = (await session.scalars(select(Goal))).one()
            step = (await session.scalars(select(InformationStep))).one()
        await send(f"/information-steps/{step.id}", result="Oui", version="1")
        await send("/tracks", goal_id=str(goal.id), title="Se former", area="")
        html = (await client.get(plan)).text
        track = UUID(re.findall(r"/tracks/([0-9a-f-]{36})/actions", html)[0])
        await send(f"/tracks/{track}/actions", title="Téléphoner", responsible="visitor", due_on="")
        async with site.store.read() as session:
            action = (await session.scalars(select(Action))).one()
        await send(f"/actions/{action.id}/status", status="done", version="1")
        html = (await client.get(plan)).text
    assert "Réparer<br>et expliquer" in html
    for words in ("Visiter un atelier", "Une idée", "Travailler le bois", "Se former", "Téléphoner"):
        assert words in html


async def test_what_was_typed_survives_an_error_and_the_field_says_what_is_wrong(site: Site, her: Adult) -> None:
    async with site.as_(visitor(her.subject_ref), lang="fr", page=True) as client:
        answer = await client.post(
            f"/plans/{her.plan_id}/information-steps",
            data={"what": "", "whom": "École du bois", "planned_on": "bientôt"},
        )
    assert answer.status_code == 422
    assert 'value="École du bois"' in answer.text
    assert 'id="step-what-error"' in answer.text
    assert 'id="step-planned_on-error"' in answer.text
    assert "data-hx-sse-connect" not in answer.text  # a live board would take the messages away


async def test_two_who_write_at_once_both_keep_their_words(site: Site, her: Adult) -> None:
    page = f"/plans/{her.plan_id}/assessment/values"
    async with site.as_(COUNSELLOR, page=True) as counsellor, site.as_(visitor(her.subject_ref), page=True) as person:
        await counsellor.post(page, data={"text": "Du temps", "version": "0"})
        answer = await person.post(page, data={"text": "De la lumière", "version": "0"})
        assert answer.status_code == 422
        assert "Du temps" in answer.text
        assert ">De la lumière</textarea>" in answer.text
        again = re.findall(r'name="version" value="(\d+)"', answer.text)
        assert again == ["1"]
        saved = await person.post(page, data={"text": "Du temps et de la lumière", "version": again[0]})
        assert saved.status_code == 303
        log = (await person.get(f"/plans/{her.plan_id}/log")).text
    assert "<s>Du temps</s>" in log


async def test_confirming_too_early_says_why_and_changes_nothing(site: Site, her: Adult) -> None:
    before = await contents(site.store)
    async with site.as_(COUNSELLOR, lang="fr", page=True) as client:
        answer = await client.post(f"/plans/{her.plan_id}/confirm", data={"version": "1"})
    assert answer.status_code == 422
    assert "Un plan individuel se confirme après l’entretien 2" in answer.text
    assert await contents(site.store) == before


async def test_a_provider_is_chosen_from_the_services_on_offer(site: Site, her: Adult) -> None:
    action = await write_everything(site, her)
    async with site.as_(COUNSELLOR, page=True) as client:
        form = f"/plans/{her.plan_id}/tracks/{action.track_id}/actions"
        assert "Promotion sociale (demo) – Découverte des métiers du bois" in (await client.get(form)).text
        wrong = await client.post(form, data={"title": "Essai", "responsible": "visitor", "needs_provider": "true"})
        assert wrong.status_code == 422
        assert 'id="reason-error"' in wrong.text
    async with site.as_(visitor(her.subject_ref), page=True) as client:
        assert "needs_provider" not in (await client.get(form)).text


@pytest.mark.parametrize("lang", [lang for lang in LANGUAGES if lang != "en"])
async def test_every_message_of_plans_is_translated(site: Site, lang: str) -> None:
    from babel.messages.extract import extract_from_dir

    folder = site.process.runtimes[0].service.folder
    methods = [("**.py", "python"), ("**/templates/**.html", "jinja2.ext:babel_extract")]
    found = extract_from_dir(
        str(folder), method_map=methods, keywords={"_": None, "msg": None}, options_map={"**.html": {"silent": "false"}}
    )
    said = {message if isinstance(message, str) else message[0] for _file, _line, message, _comments, _context in found}
    assert len(said) > 200
    assert said - catalogue(lang).keys() == set()


@asynccontextmanager
async def served(site: Site) -> AsyncGenerator[str]:
    """The site on a port of its own."""
    port = free_ports(1)[0]
    server = uvicorn.Server(uvicorn.Config(site.process, port=port, lifespan="off", log_config=None))
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 (uvicorn has no event for it)
        await asyncio.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        site.process.live.close()
        server.should_exit = True
        await running


@asynccontextmanager
async def opened(browser: Browser, site: Site, url: str, person: Person, **options: Any) -> AsyncGenerator[Page]:
    """A browser's page, signed in as this person. Who they are is intake's to say; here nobody answers for it."""
    async with await browser.new_context(**options) as context:
        cookies = {"cefo-session": site.process.signer.session(person), "cefo-lang": options.get("locale", "fr")[:2]}
        await context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])
        await context.route("**/intake/fragments/**", lambda route: route.fulfill(body="Nadia (demo)"))
        yield await context.new_page()


@pytest.mark.browser
async def test_counsellor_and_visitor_see_each_other_write_and_lose_nothing(
    site: Site, her: Adult, browser: Browser
) -> None:
    her_account = visitor(her.subject_ref)
    async with (
        served(site) as url,
        opened(browser, site, url, COUNSELLOR) as counsellor,
        opened(browser, site, url, her_account) as person,
    ):
        for page in (counsellor, person):
            await page.goto(f"{url}/plans/{her.plan_id}")
            await expect(page.locator(".live-on")).to_be_visible()
        await person.locator("#add-reflection > summary").click()
        await person.locator("#reflection-text").fill("Une idée qui n’est pas encore finie")
        await counsellor.locator("#add-goal > summary").click()
        await counsellor.locator("#my-goal").fill("Travailler le bois")
        await counsellor.locator("#my-goal").press("Enter")
        await expect(person.get_by_role("heading", name="Travailler le bois")).to_be_visible()
        await expect(person.locator("#reflection-text")).to_have_value("Une idée qui n’est pas encore finie")
        await person.locator("#add-reflection button[type=submit]").click()
        await expect(counsellor.get_by_text("Une idée qui n’est pas encore finie")).to_be_visible()
        await expect(person.locator("#reflection-text")).to_have_value("")


@pytest.mark.browser
@pytest.mark.parametrize("lang", ["fr", "de"])
async def test_every_page_is_accessible_fits_and_is_used_by_keyboard(
    site: Site, her: Adult, browser: Browser, lang: str
) -> None:
    action = await write_everything(site, her)
    async with site.store.read() as session:
        step = (await session.scalars(select(InformationStep))).one()
        plan = await session.get(Plan, her.plan_id)
        assert plan is not None
    await tell(site.store, [her.interview(2)])
    own, plan_page = visitor(her.subject_ref), f"/plans/{her.plan_id}"
    pages: list[tuple[Person, str]] = [
        (COUNSELLOR, "/plans/"),
        (COUNSELLOR, "/plans/?stage=confirmed"),
        (COUNSELLOR, plan_page),
        (own, plan_page),
        (own, f"{plan_page}/log"),
        (own, f"{plan_page}/assessment/information"),
        (own, f"{plan_page}/information-steps/{step.id}"),
        (COUNSELLOR, f"{plan_page}/tracks/{action.track_id}/actions"),
        (visitor(uuid4()), "/plans/mine"),
    ]
    documents: dict[str, str] = {}
    faults: list[str] = []
    async with served(site) as url:
        for person, path in pages:
            async with opened(browser, site, url, person, locale=lang) as page:
                trouble = await csp_violations(page)
                answer = await page.goto(url + path)
                assert answer is not None
                documents[f"{path} {lang}"] = await answer.text()
                for width in (390, 1280):
                    await page.set_viewport_size({"width": width, "height": 844})
                    faults += [f"{path} {width}: {fault}" for fault in await layout_faults(page)]
                if lang == "fr":  # longer words move the layout; roles, names and contrast stay
                    found = [*await axe_violations(page), *await keyboard_walk(page)]
                    faults += [f"{path}: {fault}" for fault in found]
                faults += trouble.all()
    assert faults == []
    assert await html_errors(documents) == []
