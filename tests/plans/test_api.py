from typing import Any
from uuid import uuid4

import httpx2
import jsonschema
import pytest

from services.chassis.identity.people import Person
from services.contracts import directory as told_by_directory
from services.contracts.directory import ReferralStatus
from services.contracts.plans import Dimension
from services.contracts.roles import Role
from services.plans.api.export import PlanExport
from tests.givens.events import emitted_types
from tests.givens.plans import ARLON_COUNSELLOR, COUNSELLOR, MARCH, MONS, Adult, provider, react, visitor
from tests.givens.rows import domain_rows
from tests.plans.conftest import Site

API = "/plans/api/v1/plans"


async def put(client: httpx2.AsyncClient, path: str, **body: Any) -> Any:
    answer = await client.put(f"{API}/{path}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def post(client: httpx2.AsyncClient, path: str, status: int = 201, **body: Any) -> Any:
    answer = await client.post(f"{API}/{path}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def build_plan(client: httpx2.AsyncClient, her: Adult) -> dict[str, Any]:
    """Everything the method asks, and one action; answers the action."""
    plan = her.plan_id
    for dimension in Dimension:
        if dimension is not Dimension.INFORMATION:
            await put(client, f"{plan}/assessment/{dimension}", text=f"Quelques mots sur {dimension}")
    step = await post(client, f"{plan}/information-steps", what="Visiter un atelier", planned_on="2026-03-20")
    await put(client, f"{plan}/information-steps/{step['id']}/result", result="J'ai aimé l'odeur du bois", version=1)
    await post(client, f"{plan}/reflections", moment="between-sessions", text="Je me vois bien là")
    goal = await post(client, f"{plan}/goals", text="Travailler le bois")
    track = await post(client, f"{plan}/tracks", goal_id=goal["id"], title="Se former", area="select-training")
    return await post(client, f"{plan}/actions", track_id=track["id"], title="Téléphoner", due_on="2026-03-02")


async def test_a_plan_is_built_confirmed_and_read_back(site: Site, her: Adult) -> None:
    async with site.as_(COUNSELLOR) as client:
        action = await build_plan(client, her)
        refused = await client.post(f"{API}/{her.plan_id}/confirm", json={})
        assert refused.status_code == 409
        assert refused.json()["type"] == "/problems/second-interview-not-held"
        await react(site.store, [her.interview(2)])
        seen = (await client.get(f"{API}/{her.plan_id}")).json()
        assert all(one["met"] for one in seen["requirements"])
        confirmed = await post(client, f"{her.plan_id}/confirm", 200, version=seen["version"])
        assert confirmed["confirmed_at"] is not None
        late = await client.post(f"{API}/{her.plan_id}/goals", json={"text": "Encore un"})
        assert late.json()["type"] == "/problems/plan-is-confirmed"
        moved = await put(client, f"{her.plan_id}/actions/{action['id']}/status", status="done", version=1)
        assert (moved["status"], moved["version"]) == ("done", 2)


async def test_the_visitor_writes_their_own_plan_and_only_the_counsellor_confirms(site: Site, her: Adult) -> None:
    await react(site.store, [her.interview(2)])
    async with site.as_(visitor(her.subject_ref)) as client:
        await build_plan(client, her)
        answer = await client.post(f"{API}/{her.plan_id}/confirm", json={})
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-allowed")


async def test_the_action_tells_what_became_of_its_referral(site: Site, her: Adult) -> None:
    service_id = uuid4()
    await react(site.store, [provider(service_id)])
    async with site.as_(COUNSELLOR) as client:
        goal = await post(client, f"{her.plan_id}/goals", text="Travailler le bois")
        track = await post(client, f"{her.plan_id}/tracks", goal_id=goal["id"], title="Se former")
        action = await post(
            client,
            f"{her.plan_id}/actions",
            track_id=track["id"],
            title="Semaine de découverte",
            needs_provider=True,
            service_id=str(service_id),
            reason="training",
        )
        asked = told_by_directory.ReferralRequested(
            referral_id=uuid4(),
            subject_ref=her.subject_ref,
            centre=MONS,
            area=None,
            organization_id=uuid4(),
            service_id=service_id,
            reason="training",
            plan_id=her.plan_id,
            action_id=action["id"],
            at=MARCH,
        )
        declined = told_by_directory.ReferralProgressed(
            referral_id=asked.referral_id,
            centre=MONS,
            organization_id=asked.organization_id,
            service_id=service_id,
            status=ReferralStatus.REJECTED,
            reason="full",
            at=MARCH,
        )
        await react(site.store, [asked, declined])
        plan = (await client.get(f"{API}/{her.plan_id}")).json()
    (referral,) = plan["goals"][0]["tracks"][0]["actions"][0]["referrals"]
    assert (referral["status"], referral["reason"]) == ("rejected", "full")


async def test_the_list_is_the_centres_and_says_what_is_missing(site: Site, her: Adult) -> None:
    async with site.as_(COUNSELLOR) as client:
        (line,) = (await client.get(API, params={"centre": MONS})).json()
        assert line["id"] == str(her.plan_id)
        assert [one["rule"] for one in line["requirements"]] == [
            "second-interview-not-held",
            "dimensions-missing",
            "no-goal",
            "no-action-track",
        ]
        assert "Skills" in line["requirements"][1]["message"]
        assert (await client.get(API, params={"centre": MONS, "stage": "ready"})).json() == []
        await build_plan(client, her)
        await react(site.store, [her.interview(2)])
        assert len((await client.get(API, params={"centre": MONS, "stage": "ready"})).json()) == 1


async def test_the_log_keeps_old_and_new_page_by_page(site: Site, her: Adult) -> None:
    async with site.as_(COUNSELLOR) as client:
        for text in ("un", "deux", "trois"):
            await put(client, f"{her.plan_id}/assessment/values", text=text)
        first = (await client.get(f"{API}/{her.plan_id}/log", params={"limit": 2})).json()
        assert [(one["old"], one["new"]) for one in first] == [("deux", "trois"), ("un", "deux")]
        rest = (await client.get(f"{API}/{her.plan_id}/log", params={"before": first[-1]["id"]})).json()
        assert [(one["old"], one["new"], one["by_account"]) for one in rest] == [(None, "un", COUNSELLOR.subject)]


async def test_the_export_is_complete_and_in_its_documented_shape(site: Site, her: Adult) -> None:
    async with site.as_(visitor(her.subject_ref)) as client:
        await build_plan(client, her)
        answer = await client.get(f"{API}/{her.plan_id}/export")
    assert answer.headers["content-disposition"] == 'attachment; filename="career-plan.json"'
    document = answer.json()
    jsonschema.validate(document, PlanExport.model_json_schema(mode="serialization"))
    assert document["format"] == "cefo-career-plan/1"
    assert document["centre"] == "Carrefour des métiers de Mons"
    for words in ("Quelques mots sur obstacles", "odeur du bois", "Je me vois bien là", "Travailler le bois"):
        assert words in answer.text
    assert document["goals"][0]["tracks"][0]["actions"][0]["title"] == "Téléphoner"


FRONT_DESK = Person(subject="desk", name="Desk", roles=frozenset({Role.FRONT_DESK}), centres=frozenset({MONS}))


@pytest.mark.parametrize(
    ("person", "status", "slug"),
    [
        (None, 401, "not-signed-in"),
        (FRONT_DESK, 403, "not-allowed"),
        (ARLON_COUNSELLOR, 404, "plan-not-found"),
        (visitor(uuid4()), 404, "plan-not-found"),
    ],
    ids=["nobody", "the front desk", "another centre", "another visitor"],
)
@pytest.mark.parametrize("path", ["", "/log", "/export"])
async def test_a_plan_is_read_by_its_person_and_their_counsellors_only(
    site: Site, her: Adult, person: Person | None, status: int, slug: str, path: str
) -> None:
    async with site.as_(person) as client:
        answer = await client.get(f"{API}/{her.plan_id}{path}")
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{slug}")


@pytest.mark.parametrize(
    ("path", "body", "field", "rule"),
    [
        ("goals", {"text": ""}, "text", "missing"),
        ("goals", {"text": "x" * 201}, "text", "string-too-long"),
        ("goals", {"text": "But", "colour": "blue"}, "colour", "extra-forbidden"),
        ("goals", {"text": "But", "version": 7}, "version", "stale-version"),
        ("reflections", {"text": "Une idée", "moment": "in the bath"}, "moment", "enum"),
        ("information-steps", {"what": "Visiter", "planned_on": "soon"}, "planned_on", "day"),
        ("tracks", {"title": "Ailleurs", "goal_id": "{goal}", "area": "mobility"}, "area", "unknown-area"),
        ("actions", {"track_id": "{track}", "title": "Hier", "due_on": "2026-03-01"}, "due_on", "due-in-past"),
        ("actions", {"track_id": "{track}", "title": "A", "needs_provider": True}, "reason", "unknown-reason"),
        (
            "actions",
            {"track_id": "{track}", "title": "A", "service_id": str(uuid4())},
            "service_id",
            "service-without-need",
        ),
        (
            "actions",
            {
                "track_id": "{track}",
                "title": "A",
                "needs_provider": True,
                "reason": "other",
                "service_id": str(uuid4()),
            },
            "service_id",
            "service-not-offered",
        ),
    ],
)
async def test_bad_input_names_field_and_rule_and_changes_nothing(
    site: Site, her: Adult, path: str, body: dict[str, Any], field: str, rule: str
) -> None:
    async with site.as_(COUNSELLOR, lang="fr") as client:
        goal = await post(client, f"{her.plan_id}/goals", text="But")
        track = await post(client, f"{her.plan_id}/tracks", goal_id=goal["id"], title="Piste")
        before = await domain_rows(site.store), await emitted_types(site.store)
        known = {"{goal}": goal["id"], "{track}": track["id"]}
        answer = await client.post(
            f"{API}/{her.plan_id}/{path}", json={name: known.get(str(value), value) for name, value in body.items()}
        )
    assert answer.status_code in (409, 422), answer.text
    assert [(fault["field"], fault["rule"]) for fault in answer.json()["errors"]] == [(field, rule)]
    assert (await domain_rows(site.store), await emitted_types(site.store)) == before


async def test_an_unknown_dimension_is_refused(site: Site, her: Adult) -> None:
    async with site.as_(COUNSELLOR) as client:
        answer = await client.put(f"{API}/{her.plan_id}/assessment/astrology", json={"text": "Bélier"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "dimension"


async def test_a_visitor_cannot_send_themselves_to_a_provider(site: Site, her: Adult) -> None:
    async with site.as_(visitor(her.subject_ref)) as client:
        goal = await post(client, f"{her.plan_id}/goals", text="But")
        track = await post(client, f"{her.plan_id}/tracks", goal_id=goal["id"], title="Piste")
        answer = await client.post(
            f"{API}/{her.plan_id}/actions",
            json={"track_id": track["id"], "title": "Formation", "needs_provider": True, "reason": "training"},
        )
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/only-counsellor-refers")


async def test_an_oversized_body_is_refused(site: Site, her: Adult) -> None:
    async with site.as_(COUNSELLOR) as client:
        answer = await client.post(f"{API}/{her.plan_id}/goals", json={"text": "x" * 70_000})
    assert answer.status_code == 413
