import re
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import select

from services.chassis.identity.people import Person
from services.contracts.plans import Dimension
from services.contracts.scheduling import Method, PathOutcome
from services.plans import actions
from services.plans.domain import Stage, checklist
from services.plans.store import (
    Action,
    Goal,
    InformationStep,
    ProviderService,
    active_services,
    count_of_centre,
    plans_of_centre,
    standings,
)
from tests.givens.plans import ARLON_COUNSELLOR, COUNSELLOR, MONS, Adult, mons, react, visitor, write_everything
from tests.givens.rows import domain_rows
from tests.plans.conftest import Site


async def test_the_list_shows_progress_and_what_is_missing(site: Site, her: Adult) -> None:
    async with site.as_(COUNSELLOR, page=True) as client:
        html = (await client.get("/plans/")).text
    assert f"/plans/{her.plan_id}" in html
    assert "Conditions met: 0 of 4" in html
    assert "Interviews 1 of 2" in html
    assert "The six themes 0 of 6" in html


async def test_the_list_filters_by_how_far_plans_are(site: Site, her: Adult) -> None:
    other = Adult(Method.COLLECTIVE)
    await react(site.store, [other.path_opened(), other.attendance(1)])
    await write_everything(site.store, her)
    await react(site.store, [her.interview(2)])
    async with site.as_(COUNSELLOR, page=True) as client:
        ready = (await client.get("/plans/", params={"stage": "ready"})).text
        workshops = (await client.get("/plans/", params={"method": "collective"})).text
        confirmed = (await client.get("/plans/", params={"stage": "confirmed"})).text
    assert str(her.plan_id) in ready
    assert str(other.plan_id) not in ready
    assert str(other.plan_id) in workshops
    assert str(her.plan_id) not in workshops
    assert "No confirmed plan yet" in confirmed


async def test_the_services_of_a_need_come_first_though_others_are_many(site: Site) -> None:
    async with site.store.work() as work:
        owner: dict[str, Any] = {"organization_id": uuid4(), "organization_name": "École", "status": "active"}
        for number in range(8):
            areas = ["find-job"] if number > 5 else ["find-training", "find-job-abroad"]
            work.session.add(ProviderService(id=uuid4(), name=f"S{number}", areas=areas, **owner))
    async with site.store.read() as session:
        offered = [one.name for one in await active_services(session, "find-job", limit=4) if one.name[0] == "S"]
        without = [one.name for one in await active_services(session, None)]
    assert offered[:3] == ["S6", "S7", "S0"]
    assert [name for name in without if name in offered] == ["S0", "S1", "S6", "S7"]


async def test_a_plan_whose_path_was_given_up_leaves_the_open_ones(site: Site, her: Adult) -> None:
    done = Adult(Method.INDIVIDUAL)
    await react(site.store, [done.path_opened(), done.interview(1), done.path_closed(PathOutcome.PLAN_CONFIRMED)])
    # The path's news may come before that of its interview: the plan that this opens is stopped already.
    late = Adult(Method.INDIVIDUAL)
    await react(site.store, [late.path_opened(), late.path_closed(PathOutcome.GIVEN_UP), late.interview(1)])
    await react(site.store, [her.path_closed(PathOutcome.GIVEN_UP)])
    async with site.store.read() as session:
        shown = {stage: {plan.id for plan in await plans_of_centre(session, MONS, stage=stage)} for stage in Stage}
        counts = await count_of_centre(session, MONS)
    assert shown[Stage.OPEN] == {done.plan_id}
    assert shown[Stage.STOPPED] == {her.plan_id, late.plan_id}
    assert counts == {Stage.OPEN: 1, Stage.READY: 0, Stage.CONFIRMED: 0, Stage.STOPPED: 2}
    async with site.as_(COUNSELLOR, page=True) as client:
        assert f"/plans/{her.plan_id}" in (await client.get("/plans/", params={"stage": "stopped"})).text


async def test_lists_and_checklist_agree_on_what_is_ready(site: Site) -> None:
    adults = [Adult(Method.INDIVIDUAL), Adult(Method.INDIVIDUAL), Adult(Method.COLLECTIVE), Adult(Method.COLLECTIVE)]
    one, two, three, four = adults
    await react(site.store, [mons(), one.path_opened(), one.interview(1), one.interview(2)])
    await react(site.store, [two.path_opened(), two.interview(1), two.interview(2)])
    await react(site.store, [three.announced(), three.seat(), three.path_opened(), three.attendance(1)])
    await react(site.store, [three.attendance(3, attended=False, final=True), three.interview(1)])
    await react(site.store, [four.announced(), four.seat(), four.path_opened(), four.attendance(1), four.interview(1)])
    for adult in (one, three, four):
        await write_everything(site.store, adult)
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
        assert "Your plan is not open yet" in (await client.get("/plans/mine")).text


async def test_both_see_the_same_plan_with_different_powers(site: Site, her: Adult) -> None:
    await write_everything(site.store, her)
    await react(site.store, [her.interview(2)])
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


async def test_the_part_of_the_to_do_has_the_plans_that_can_be_confirmed(site: Site, her: Adult) -> None:
    part, asked = "/plans/fragments/ready", {"centre": MONS}
    async with site.as_(COUNSELLOR, page=True) as client:
        assert "No plan to confirm" in (await client.get(part, params=asked)).text
        await write_everything(site.store, her)
        await react(site.store, [her.interview(2)])
        html = (await client.get(part, params=asked)).text
        assert f'href="/plans/{her.plan_id}#confirm"' in html
        assert "1 plan of the centre" in html
        await react(site.store, [her.registered("plan"), her.withdraws("plan", left=())])
        assert f"/plans/{her.plan_id}" not in (await client.get(part, params=asked)).text, "closed to the centre"
    async with site.as_(ARLON_COUNSELLOR, page=True) as client:
        assert (await client.get(part, params=asked)).status_code == 403


async def test_of_two_counsellors_only_the_one_who_wrote_is_you(site: Site, her: Adult) -> None:
    colleague = COUNSELLOR.model_copy(update={"subject": "demo:paul"})
    async with site.store.work() as work:
        await actions.write_assessment(work, her.plan_id, COUNSELLOR, dimension=Dimension.SKILLS, text="Organiser")
    shown: dict[str, str] = {}
    for person in (COUNSELLOR, colleague, visitor(her.subject_ref)):
        async with site.as_(person, page=True) as client:
            html = (await client.get(f"/plans/{her.plan_id}")).text
        shown[person.subject] = re.findall(r"(You|Counsellor), 2 Mar 2026", html)[0]
    assert list(shown.values()) == ["You", "Counsellor", "Counsellor"]


async def test_names_are_never_in_the_page_only_a_way_to_ask_intake(site: Site, her: Adult) -> None:
    async with site.as_(COUNSELLOR, page=True) as client:
        html = (await client.get(f"/plans/{her.plan_id}")).text
    assert f'data-hx-get="/intake/fragments/visitors/{her.subject_ref}"' in html


@pytest.mark.parametrize(
    ("person", "status"),
    [(ARLON_COUNSELLOR, 404), (visitor(uuid4()), 404), (None, 303)],
    ids=["another centre", "another visitor", "nobody"],
)
@pytest.mark.parametrize("path", ["", "/assessment/skills", "/print"])
async def test_others_do_not_see_it(site: Site, her: Adult, person: Person | None, status: int, path: str) -> None:
    async with site.as_(person, page=True) as client:
        assert (await client.get(f"/plans/{her.plan_id}{path}")).status_code == status


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
        assert answer.text.count("Your text is still below.") == 1
        assert "Someone changed this page" not in answer.text
        assert ">De la lumière</textarea>" in answer.text
        again = re.findall(r'name="version" value="(\d+)"', answer.text)
        assert again == ["1"]
        saved = await person.post(page, data={"text": "Du temps et de la lumière", "version": again[0]})
        assert saved.status_code == 303
        log = (await person.get(f"/plans/{her.plan_id}/log")).text
    assert "<s>Du temps</s>" in log


SMALL_FORMS = {
    "information-steps": {"what": "Visiter un atelier", "whom": "École du bois, rue du Bois"},
    "reflections": {"text": "Une odeur\nde copeaux", "moment": "after-sessions"},
    "goals": {"goal": "Travailler le bois dehors"},
    "tracks": {"goal_id": "{goal}", "title": "Se former au bois"},
}
LARGE_FORMS = {
    "assessment/skills": {"text": "Réparer\net expliquer", "version": "1"},
    "information-steps/{step}": {"result": "Du bruit,\net une équipe", "version": "2"},
    "tracks/{track}/actions": {"title": "Téléphoner à l’école", "responsible": "visitor"},
}
FORMS = SMALL_FORMS | LARGE_FORMS
WORDS = ("what", "whom", "text", "goal", "title", "result")


async def parts(site: Site, her: Adult) -> dict[str, str]:
    """A plan with all its parts; their ids by name."""
    action = await write_everything(site.store, her)
    async with site.store.read() as session:
        goal, step = (await session.scalars(select(Goal))).one(), (await session.scalars(select(InformationStep))).one()
    return {"goal": str(goal.id), "step": str(step.id), "track": str(action.track_id)}


def shows(html: str, words: str) -> bool:
    """Whether the words stand in a field of the page, to be sent again or copied."""
    return f'value="{words}"' in html or f">{words}</textarea>" in html


@pytest.mark.parametrize("path", FORMS)
async def test_words_for_a_plan_that_was_confirmed_meanwhile_are_still_there(site: Site, her: Adult, path: str) -> None:
    ids = await parts(site, her)
    await react(site.store, [her.interview(2)])
    async with site.store.work() as work:
        await actions.confirm(work, her.plan_id, COUNSELLOR)
    before = await domain_rows(site.store)
    form = {name: words.format(**ids) for name, words in FORMS[path].items()}
    async with site.as_(visitor(her.subject_ref), page=True) as client:
        answer = await client.post(f"/plans/{her.plan_id}/{path.format(**ids)}", data=form)
    html = unescape(answer.text)
    assert answer.status_code == 422
    assert "This plan is confirmed. The texts no longer change." in html
    assert all(shows(html, words) for name, words in form.items() if name in WORDS)
    assert await domain_rows(site.store) == before


@pytest.mark.parametrize("path", FORMS)
async def test_words_that_are_too_long_are_still_there(site: Site, her: Adult, path: str) -> None:
    ids = await parts(site, her)
    before = await domain_rows(site.store)
    form = {name: words.format(**ids) for name, words in FORMS[path].items()}
    field = next(name for name in WORDS if name in form)
    form[field] += "x" * 4000
    async with site.as_(visitor(her.subject_ref), page=True) as client:
        answer = await client.post(f"/plans/{her.plan_id}/{path.format(**ids)}", data=form)
    html = unescape(answer.text)
    assert answer.status_code == 422
    assert re.search(rf'id="[a-z0-9-]*{field}-error"', html)
    assert shows(html, form[field])
    assert await domain_rows(site.store) == before


async def test_confirming_too_early_says_why_and_changes_nothing(site: Site, her: Adult) -> None:
    before = await domain_rows(site.store)
    async with site.as_(COUNSELLOR, lang="fr", page=True) as client:
        answer = await client.post(f"/plans/{her.plan_id}/confirm", data={"version": "1"})
    assert answer.status_code == 422
    assert "Entretiens menés\u00a0: 1 sur 2. Menez d’abord l’entretien suivant." in answer.text
    assert await domain_rows(site.store) == before


async def test_a_provider_is_chosen_from_the_services_on_offer(site: Site, her: Adult) -> None:
    action = await write_everything(site.store, her)
    async with site.as_(COUNSELLOR, page=True) as client:
        form = f"/plans/{her.plan_id}/tracks/{action.track_id}/actions"
        assert "Promotion sociale (demo) – Découverte des métiers du bois" in (await client.get(form)).text
        wrong = await client.post(form, data={"title": "Essai", "responsible": "visitor", "needs_provider": "true"})
        assert wrong.status_code == 422
        assert 'id="reason-error"' in wrong.text
    async with site.as_(visitor(her.subject_ref), page=True) as client:
        assert "needs_provider" not in (await client.get(form)).text
