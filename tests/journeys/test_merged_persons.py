"""A person who was registered twice, through all services: merged, shown as one, separated as before, erased whole."""

import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
import sqlalchemy as sa

from services.chassis.copies import visitors
from services.chassis.storage.tables import chassis_metadata
from services.contracts.erasure import CONFIRMATIONS
from services.intake.actions import erasure
from services.intake.store import ErasureConfirmation
from services.launcher.catalogue import SERVICES
from tests.matrix.asking import Answer, ask
from tests.matrix.guided import guide_both
from tests.matrix.staff import open_accounts
from tests.matrix.world import World, opened

PARTS = ("scheduling", "plans", "directory")
HOLDING = ("intake", *PARTS)
KEPT_WITHOUT_THE_PERSON = {
    "intake": {"erased_subjects.subject_ref", "erasure_confirmations.subject_ref", "person_accesses.subject_ref"},
    "scheduling": {"known_people.id"},
    "plans": {"subjects.id"},
    "directory": {"erased_subjects.id"},
    "impact": set[str](),
}
"""Where an erased reference stays: so that nothing brings it back, and in the log of who opened whose data."""


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[World]:
    monkeypatch.setattr(visitors, "CACHE_SECONDS", 0.0)
    async with opened(tmp_path) as made:
        await open_accounts(made)
        await made.spread()
        await guide_both(made)
        await made.spread()
        yield made


async def asked(world: World, caller: str, method: str, target: str, body: Any = None) -> Answer:
    headers = {
        "accept": "application/json",
        "content-type": "application/json",
        "idempotency-key": str(uuid4()),
        "authorization": f"Bearer {world.process.signer.sign(world.tokens[caller])}",
    }
    return await ask(world.process, method, target, headers, b"" if body is None else orjson.dumps(body))


async def merge(world: World) -> tuple[UUID, UUID]:
    """The participant of the workshop is the guided person. Returns the alias and the kept reference."""
    alias, kept = world.liege["participant"], world.liege["person"]
    answer = await asked(world, "front desk", "POST", f"/intake/api/v1/visitors/{alias}/merge", {"kept": str(kept)})
    assert answer.status == 200, answer.text
    await world.spread()
    return alias, kept


async def shown(world: World, ref: UUID) -> dict[str, str]:
    """Each service's part of the page of a person, and what the visitor of the guided person's link sees."""
    parts = {f"{name}/fragments/people/{ref}": "counsellor" for name in PARTS}
    mine = {f"{name}/mine/data": "visitor" for name in HOLDING} | {"plans/mine": "visitor"}
    found = dict[str, str]()
    for path, caller in {**parts, **mine}.items():
        answer = await asked(world, caller, "GET", f"/{path}")
        assert answer.status in (200, 303), (path, answer.text)
        found[path.replace(str(ref), "…")] = re.sub(r'nonce="[^"]+"', "", answer.text)
    return found


async def test_each_service_shows_both_as_one_and_after_a_separation_as_before(world: World) -> None:
    sides = (world.liege["participant"], world.liege["person"])
    before = [await shown(world, ref) for ref in sides]
    alias, _kept = await merge(world)
    as_alias, as_kept = [await shown(world, ref) for ref in sides]
    for name in PARTS:
        part = f"{name}/fragments/people/…"
        assert as_alias[part] == as_kept[part], "looked up by either"
    workshops = "scheduling/fragments/people/…"
    seats = [one[workshops].count("Workshop-of-liege") for one in (*before, as_kept)]
    assert all(seats)
    assert seats[2] == seats[0] + seats[1], "the places of both"
    assert "/scheduling/interviews/" in as_alias[workshops]
    assert "Participant" in as_kept["intake/mine/data"], "with the link of one the person sees both"
    for name in PARTS:
        document = orjson.loads((await asked(world, "visitor", "GET", f"/{name}/mine/data.json")).text)
        assert [one["subject_ref"] for one in document["merged"]] == [str(alias)], name
    answer = await asked(world, "front desk", "POST", f"/intake/api/v1/visitors/{alias}/separate")
    assert orjson.loads(answer.text) == {"subject_ref": str(alias), "aliases": []}
    await world.spread()
    after = [await shown(world, ref) for ref in sides]
    for then, now in zip(before, after, strict=True):
        logged = then.pop("intake/mine/data"), now.pop("intake/mine/data")
        assert "Participant" not in logged[1]
        assert now == then


async def test_a_merged_person_has_one_path_one_seat_and_one_referral_to_a_service(world: World) -> None:
    alias, kept = await merge(world)
    liege = world.liege
    for target, body, slug in (
        ("/scheduling/api/v1/paths", {"subject_ref": str(alias), "centre": "liege"}, "path-still-open"),
        (f"/scheduling/api/v1/workshops/{liege['workshop']}/seats", {"subject_ref": str(kept)}, "double-seat"),
        (
            "/directory/api/v1/referrals",
            {"service_id": str(liege["service"]), "subject_ref": str(alias), "centre": "liege", "reason": "training"},
            "already-referred",
        ),
    ):
        more = {"id": str(uuid4())} if "referrals" in target else {}
        answer = await asked(world, "counsellor", "POST", target, body | more)
        assert (answer.status, slug in answer.text) == (409, True), answer.text


@pytest.mark.parametrize("which", ["participant", "person"])
async def test_the_erasure_of_either_takes_both_everywhere_and_is_confirmed_for_both(world: World, which: str) -> None:
    refs = set(await merge(world))
    async with world.store("intake").work() as work:
        await erasure.erase_subject(work, world.liege[which])
    await world.spread()
    for service in SERVICES:
        assert await places_of(world, service, refs) <= KEPT_WITHOUT_THE_PERSON[service], service
    async with world.store("intake").read() as session:
        rows = list(await session.scalars(sa.select(ErasureConfirmation)))
    assert {(one.subject_ref, one.service) for one in rows} == {(ref, name) for ref in refs for name in CONFIRMATIONS}
    assert all(one.confirmed_at is not None for one in rows)
    for ref in refs:
        answer = await asked(world, "front desk", "GET", f"/intake/api/v1/visitors/{ref}")
        assert answer.status == 404


async def places_of(world: World, service: str, refs: set[UUID]) -> set[str]:
    """The columns of a service's own tables in which one of these references still is."""
    found = set[str]()
    own = [one for one in SERVICES[service].metadata.tables.values() if one.name not in chassis_metadata().tables]
    async with world.store(service).read() as session:
        for column in (column for table in own for column in table.columns if isinstance(column.type, sa.Uuid)):
            if await session.scalar(sa.select(sa.literal(1)).where(column.in_(refs)).limit(1)):
                found.add(f"{column.table.name}.{column.name}")
    return found
