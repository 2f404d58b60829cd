"""What is sent again to a plan is added once: by Back, a double click or another tab, or by a program."""

import asyncio
from typing import Any

import httpx2
import pytest

from services.chassis.testing import emitted
from services.contracts.plans import GoalSet
from tests.givens.plans import COUNSELLOR, Adult, visitor
from tests.plans.conftest import Site

API = "/plans/api/v1/plans"
FORMS: dict[str, dict[str, str]] = {
    "information-steps": {"what": "Visiter un atelier", "whom": "", "planned_on": "2026-03-20"},
    "reflections": {"moment": "between-sessions", "text": "Je me vois bien là"},
    "goals": {"goal": "Travailler le bois"},
    "tracks": {"title": "Se former", "area": "select-training"},
    "actions": {"title": "Téléphoner", "responsible": "visitor", "due_on": ""},
}


async def counts(client: httpx2.AsyncClient, her: Adult) -> dict[str, int]:
    """How many of each the plan has."""
    plan = (await client.get(f"{API}/{her.plan_id}", headers={"accept": "application/json"})).json()
    tracks = [track for goal in plan["goals"] for track in goal["tracks"]]
    return {
        "information-steps": len(plan["information_steps"]),
        "reflections": len(plan["reflections"]),
        "goals": len(plan["goals"]),
        "tracks": len(tracks),
        "actions": sum(len(track["actions"]) for track in tracks),
    }


async def goal(client: httpx2.AsyncClient, her: Adult, text: str, key: str, version: int | None = None) -> Any:
    body = {"text": text, "version": version}
    return await client.post(f"{API}/{her.plan_id}/goals", json=body, headers={"idempotency-key": key})


async def test_every_form_of_a_plan_adds_once(site: Site, her: Adult) -> None:
    async with site.as_(visitor(her.subject_ref), page=True) as client:
        made: dict[str, str] = {}
        for name, form in FORMS.items():
            path = f"tracks/{made['tracks']}/actions" if name == "actions" else name
            more = {"goal_id": made["goals"]} if name == "tracks" else {}
            for _ in range(2):
                answer = await client.post(f"/plans/{her.plan_id}/{path}", data=form | more)
                assert answer.status_code == 303, answer.text
            plan = (await client.get(f"{API}/{her.plan_id}", headers={"accept": "application/json"})).json()
            made = {"goals": "", "tracks": ""} | made
            for one in plan["goals"]:
                made["goals"] = one["id"]
                made["tracks"] = next((track["id"] for track in one["tracks"]), "")
        assert await counts(client, her) == dict.fromkeys(FORMS, 1)


async def test_two_tabs_at_the_same_moment_add_one(site: Site, her: Adult) -> None:
    async with site.as_(COUNSELLOR) as client:
        answers = await asyncio.gather(*(goal(client, her, "But", "a", version=1) for _ in range(4)))
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(await emitted(site.store, GoalSet)) == 1


async def test_a_key_is_the_callers_own_and_stands_for_one_request(site: Site, her: Adult) -> None:
    async with site.as_(COUNSELLOR) as client:
        first, second = await goal(client, her, "But", "1"), await goal(client, her, "Autre", "1")
        assert (second.status_code, second.json()["type"]) == (409, "/problems/already-different")
    async with site.as_(visitor(her.subject_ref)) as hers:
        assert (await goal(hers, her, "Autre", "1")).json()["id"] != first.json()["id"]
        assert (await counts(hers, her))["goals"] == 2


@pytest.mark.parametrize("change", ["text", "author"])
async def test_without_a_key_another_text_or_author_is_another_goal(site: Site, her: Adult, change: str) -> None:
    async with site.as_(COUNSELLOR) as client, site.as_(visitor(her.subject_ref)) as hers:
        for _ in range(2):
            assert (await client.post(f"{API}/{her.plan_id}/goals", json={"text": "But"})).status_code == 201
        other = client if change == "text" else hers
        text = "Autre but" if change == "text" else "But"
        assert (await other.post(f"{API}/{her.plan_id}/goals", json={"text": text})).status_code == 201
        assert (await counts(client, her))["goals"] == 2
