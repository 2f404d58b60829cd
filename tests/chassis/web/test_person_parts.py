"""Each service answers its part of a person's page itself: to the counsellors of a centre, what is that centre's."""

from html import unescape
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from services.chassis.identity.people import Person
from services.chassis.service.definition import Service
from services.chassis.testing import FixedClock, client_of
from services.contracts.roles import Role
from services.directory.app import SERVICE as DIRECTORY
from services.directory.store import Referral
from services.plans.app import SERVICE as PLANS
from services.plans.domain import plan_id_of
from services.plans.store import Path as PlanPath
from services.plans.store import Plan
from services.scheduling.app import SERVICE as SCHEDULING
from services.scheduling.store import Interview, Seat, Workshop
from tests.givens.intake import MONDAY

PERSON = uuid4()
COUNSELLOR = Person(subject="c", name="C", roles=frozenset({Role.COUNSELLOR}), centres=frozenset({"liege"}))
DESK = COUNSELLOR.model_copy(update={"roles": frozenset({Role.FRONT_DESK})})
ELSEWHERE = COUNSELLOR.model_copy(update={"centres": frozenset({"namur"})})
NOTHING = "Rien n’est encore noté ici."


async def parts(service: Service, folder: Path, *rows: Any) -> tuple[str, str, int]:
    """What the service answers to a counsellor of Liège and of Namur, and its status to Liège's desk."""
    async with client_of(service, folder, person=COUNSELLOR, clock=FixedClock(MONDAY)) as client:
        async with client.store.work() as work:
            for row in rows:
                work.add(row)
        client.headers["accept-language"] = "fr"
        path = f"/{service.name}/fragments/people/{PERSON}"
        seen = [unescape((await client.signed_in(one).get(path)).text) for one in (COUNSELLOR, ELSEWHERE)]
        return seen[0], seen[1], (await client.signed_in(DESK).get(path)).status_code


async def test_scheduling_shows_interviews_and_workshops(tmp_path: Path) -> None:
    interview = Interview(
        kind="guidance",
        centre="liege",
        counsellor="liege-c01",
        starts_at=MONDAY,
        minutes=60,
        status="booked",
        subject_ref=PERSON,
    )
    workshop = Workshop(
        centre="liege",
        title="Oser <changer>",
        counsellor="liege-c01",
        seats=8,
        status="announced",
        first_at=MONDAY,
        last_at=MONDAY,
    )
    seat = Seat(workshop_id=workshop.id, subject_ref=PERSON, status="taken", place=1, asked_at=MONDAY)
    here, elsewhere, desk = await parts(SCHEDULING, tmp_path, interview, workshop, seat)
    for part in (f"/scheduling/interviews/{interview.id}", "2 mars 2026", f"/scheduling/workshops/{workshop.id}"):
        assert part in here, part
    assert "Oser <changer>" in here
    assert (elsewhere.count(NOTHING), str(interview.id) in elsewhere, desk) == (2, False, 403)


async def test_plans_shows_what_is_open_to_the_centre(tmp_path: Path) -> None:
    kept, closed = (
        Plan(
            path_id=uuid4(),
            subject_ref=PERSON,
            centre="liege",
            method="individual",
            opened_at=MONDAY,
            closed_to_centre=is_closed,
        )
        for is_closed in (False, True)
    )
    here, elsewhere, desk = await parts(PLANS, tmp_path, kept, closed)
    assert (f"/plans/{kept.id}" in here, f"/plans/{closed.id}" in here) == (True, False)
    assert (NOTHING in elsewhere, desk) == (True, 403)


async def test_plans_shows_how_far_the_plan_of_a_path_is(tmp_path: Path) -> None:
    kept, stopped, closed = uuid4(), uuid4(), uuid4()
    rows: list[Any] = [
        Plan(
            id=plan_id_of(path),
            path_id=path,
            subject_ref=PERSON,
            centre="liege",
            method="individual",
            opened_at=MONDAY,
            closed_to_centre=path == closed,
        )
        for path in (kept, stopped, closed)
    ]
    rows.append(PlanPath(id=stopped, subject_ref=PERSON, centre="liege", method="individual", stopped_at=MONDAY))
    alone, together, over = uuid4(), uuid4(), uuid4()
    for path, method, stopped_at in (
        (alone, "individual", None),
        (together, "collective", None),
        (over, "individual", MONDAY),
    ):
        rows.append(PlanPath(id=path, subject_ref=PERSON, centre="liege", method=method, stopped_at=stopped_at))
    async with client_of(PLANS, tmp_path, person=COUNSELLOR, clock=FixedClock(MONDAY)) as client:
        async with client.store.work() as work:
            for row in rows:
                work.add(row)
        client.headers["accept-language"] = "fr"

        async def seen(path: UUID, by: Person = COUNSELLOR) -> str:
            return unescape((await client.signed_in(by).get(f"/plans/fragments/paths/{path}")).text)

        page = await seen(kept)
        for part in (f"/plans/{plan_id_of(kept)}", "En cours", "Il manque encore", "<li>Entretiens</li>"):
            assert part in page, part
        assert "Arrêté" in await seen(stopped)
        assert "Le plan commence avec le premier entretien." in await seen(alone)
        assert "Le plan commence avec la première séance" in await seen(together)
        none = [await seen(closed), await seen(uuid4()), await seen(over)]
        for nothing in (*none, await seen(kept, ELSEWHERE), await seen(alone, ELSEWHERE)):
            assert NOTHING in nothing
            assert "/plans/" not in nothing
        answer = await client.signed_in(DESK).get(f"/plans/fragments/paths/{kept}")
        assert answer.status_code == 403


async def test_the_directory_shows_referrals(tmp_path: Path) -> None:
    referral = Referral(
        subject_ref=PERSON,
        centre="liege",
        organization_id=uuid4(),
        service_id=uuid4(),
        reason="training",
        status="requested",
        requested_at=MONDAY,
        status_at=MONDAY,
    )
    here, elsewhere, desk = await parts(DIRECTORY, tmp_path, referral)
    assert f"/directory/referrals/{referral.id}" in here
    assert (NOTHING in elsewhere, desk) == (True, 403)
