"""A person sees and takes along what every service holds about them, and nobody else's; staff export it, logged."""

from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
import pytest_asyncio

from services.intake.actions import erasure
from tests.matrix.asking import Answer, ask
from tests.matrix.callers import OPERATOR, REGION
from tests.matrix.guided import guide_both
from tests.matrix.staff import open_accounts
from tests.matrix.world import World, opened

HOLDING = ("intake", "scheduling", "plans", "directory")
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[World]:
    """Two people are guided, written about and referred: one in Liège, one in Namur."""
    async with opened(tmp_path_factory.mktemp("world")) as world:
        await open_accounts(world)
        await world.spread()
        await guide_both(world)
        yield world


async def _get(world: World, target: str, caller: str = "visitor", **headers: str) -> Answer:
    token = world.process.signer.sign(world.tokens[caller])
    return await ask(
        world.process, "GET", target, {"authorization": f"Bearer {token}", "accept-language": "fr"} | headers
    )


async def _mine(world: World, service: str, caller: str = "visitor") -> dict[str, Any]:
    answer = await _get(world, f"/{service}/mine/data.json", caller)
    assert answer.headers["content-disposition"] == f'attachment; filename="{service}.json"'
    return orjson.loads(answer.text)


async def _export(world: World, service: str, subject_ref: UUID, caller: str = REGION) -> dict[str, Any]:
    token = world.process.signer.sign(world.tokens[caller])
    target = f"/{service}/api/v1/people/{subject_ref}/export"
    answer = await ask(world.process, "POST", target, {"authorization": f"Bearer {token}"})
    assert answer.status == 200
    return orjson.loads(answer.text)


async def test_a_person_takes_along_what_intake_holds(world: World) -> None:
    mine = (await _mine(world, "intake"))["data"]
    assert (mine["given_name"], mine["family_name"]) == ("Ada", "Ada-liege-Wauters")
    assert {one["purpose"] for one in mine["consents"]} == {"guidance", "plan", "reminders", "referral"}
    assert [one["area"] for one in mine["visits"]] == ["find-job"]
    assert [one["kind"] for one in mine["openings"]] == ["pin_chosen"]
    assert mine["links"][0]["has_pin"] is True
    assert mine["retain_until"].endswith("Z")


async def test_and_their_appointments_and_places_in_workshops(world: World) -> None:
    mine = (await _mine(world, "scheduling"))["data"]
    assert [one["status"] for one in mine["interviews"]] == ["fulfilled", "booked", "booked"]
    assert sorted(one["method"] for one in mine["paths"]) == ["collective", "individual"]
    assert len(mine["visits"]) == 1
    participant = (await _export(world, "scheduling", world.liege["participant"]))["data"]
    attended = [[came["attended"] for came in seat["attendance"]] for seat in participant["seats"]]
    assert sorted(attended) == [[], [True]]
    assert {seat["workshop"] for seat in participant["seats"]} == {"Workshop-of-liege"}


async def test_and_their_whole_plan_with_its_history(world: World) -> None:
    mine = (await _mine(world, "plans"))["data"]
    (plan,) = mine["plans"]
    assert [text["text"] for text in plan["texts"]] == ["Words-of-liege"]
    assert [step["what"] for step in plan["steps"]] == ["Visiter un atelier"]
    (goal,) = plan["goals"]
    assert goal["tracks"][0]["actions"][0]["title"] == "Semaine de découverte"
    assert {"assessment", "information-step", "goal", "track", "action"} <= {one["what"] for one in plan["changes"]}
    assert sorted(len(path["starts_at"]) for path in mine["paths"]) == [0, 1]  # a workshop's, and an individual one
    assert mine["referrals"] == []  # that of the action waits for a service; one by hand is the directory's alone


async def test_and_their_referrals_with_each_answer(world: World) -> None:
    mine = (await _mine(world, "directory"))["data"]
    (referral,) = mine["referrals"]
    assert [answer["status"] for answer in referral["answers"]] == ["requested"]
    assert UUID(referral["partner_ref"]) != world.liege["person"]
    assert [one["reason"] for one in mine["unassigned"]] == ["training"]


@pytest.mark.parametrize("service", HOLDING)
async def test_nothing_of_anybody_else_is_in_it(world: World, service: str) -> None:
    answers = [
        (await _get(world, f"/{service}/mine/data.json")).text,
        (await _get(world, f"/{service}/mine/data")).text,
        orjson.dumps(await _export(world, service, world.liege["person"])).decode(),
    ]
    others = ["Words-of-namur", "Ada-namur-Wauters", *map(str, world.namur.ids.values())]
    mine = {world.liege[name] for name in _MINE}
    others += ["Participant", *(str(id) for id in world.liege.ids.values() if id not in mine)]
    assert [text for text in others for answer in answers if text in answer] == []


_MINE = ("person", "step", "goal", "track", "action", "plan")
"""What the person's own export may name."""


@pytest.mark.parametrize("service", HOLDING)
async def test_the_page_shows_it_in_words_and_links_to_the_other_services(world: World, service: str) -> None:
    page = (await _get(world, f"/{service}/mine/data")).text
    for other in HOLDING:
        assert (f'data-hx-get="/{other}/mine/data"' in page) == (other != service)
    assert f'href="/{service}/mine/data.json" download' in page
    part = (await _get(world, f"/{service}/mine/data", **{"hx-request": "true"})).text
    assert "<html" not in part
    assert part.strip()[:40] in page
    shown = {"intake": "Ada-liege-Wauters", "scheduling": "Parcours individuel", "plans": "Words-of-liege"}
    assert shown.get(service, "envoyée") in part


async def test_an_export_by_staff_is_logged_and_the_person_sees_it(world: World) -> None:
    person = world.namur["person"]
    for service in HOLDING:
        before = await _export(world, service, person, OPERATOR)
        assert before["exports"] == []
        assert (await _export(world, service, person))["exports"] == [world.clock().isoformat().replace("+00:00", "Z")]
        log = (await _get(world, f"/{service}/exports", OPERATOR)).text
        assert log.count(str(person)) == 2
        page = (await _get(world, f"/{service}/mine/data", "other visitor")).text
        assert page.count("2 mars 2026, 13:30") >= 2


async def test_of_a_person_whom_nobody_knows_or_who_was_erased_nothing_is_held(world: World) -> None:
    participant = world.namur["participant"]
    async with world.store("intake").work() as work:
        await erasure.erase_subject(work, participant)
    await world.spread()
    for service in HOLDING:
        for reference in (uuid4(), participant):
            assert (await _export(world, service, reference))["data"] is None
