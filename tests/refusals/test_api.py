"""What breaks a rule is refused by the API with field and rule, in the reader's language, and changes nothing."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.chassis.identity.people import Person
from services.contracts.roles import Role
from tests.directory.web import COUNSELLOR as DIRECTORY_COUNSELLOR
from tests.directory.web import DESK
from tests.doors.doors import MANAGER
from tests.givens.intake import LIEGE_DESK, NAMUR_DESK, PROVIDER
from tests.givens.plans import ARLON_COUNSELLOR
from tests.givens.plans import COUNSELLOR as PLANS_COUNSELLOR
from tests.givens.rows import all_rows
from tests.givens.scenarios import MONDAY, SCENARIOS, TUESDAY, Scenario
from tests.givens.scheduling import COUNSELLOR, ELSEWHERE, LIEGE

NOWHERE = COUNSELLOR.model_copy(update={"centres": frozenset({"atlantis"})})
DESK_NOWHERE = LIEGE_DESK.model_copy(update={"centres": frozenset({"atlantis"})})
REFERRING_NOWHERE = DIRECTORY_COUNSELLOR.model_copy(update={"centres": frozenset({"atlantis"})})
FRONT_DESK = Person(
    subject="desk", name="Accueil du public", roles=frozenset({Role.FRONT_DESK}), centres=frozenset({LIEGE})
)
LATER = (MONDAY + timedelta(hours=1)).isoformat()
FREE = (TUESDAY + timedelta(days=3)).isoformat()
"""A Friday on which nobody has anything."""
TOO_MUCH = "x" * 70_000


@dataclass(frozen=True)
class Case:
    """A request, and how it is refused. `{ids}` in path and body are those of the service's world."""

    what: str
    service: str
    person: Person | None
    method: str
    path: str
    body: dict[str, Any]
    status: int
    rule: str
    field: str | None


def intake(
    what: str, status: int, rule: str, field: str | None, person: Person | None = LIEGE_DESK, **body: Any
) -> Case:
    fields = {"centre": "liege"} | body
    return Case(what, "intake", person, "PUT", "/visits/{new}", fields, status, rule, field)


def booking(
    what: str, status: int, rule: str, field: str | None, person: Person | None = COUNSELLOR, **body: Any
) -> Case:
    fields = {"path_id": "{free}", "starts_at": FREE, "minutes": 60, "room": "salle-3"} | body
    return Case(what, "scheduling", person, "POST", "/interviews", fields, status, rule, field)


def track(
    what: str, status: int, rule: str, field: str | None, person: Person | None = PLANS_COUNSELLOR, **body: Any
) -> Case:
    fields = {"goal_id": "{goal}", "title": "Se former"} | body
    return Case(what, "plans", person, "POST", "/plans/{plan}/tracks", fields, status, rule, field)


def referral(
    what: str, status: int, rule: str, field: str | None, person: Person | None = DIRECTORY_COUNSELLOR, **body: Any
) -> Case:
    fields = {"subject_ref": "{someone}", "centre": "mons", "service_id": "{service}", "reason": "training"} | body
    return Case(what, "directory", person, "POST", "/referrals", fields, status, rule, field)


CASES = [
    intake("a centre that does not exist", 422, "unknown-centre", "centre", DESK_NOWHERE, centre="atlantis"),
    intake("an area that the centre does not have", 422, "unknown-area", "area", area="gardening"),
    intake("a time in the future", 422, "in-the-future", "at", at=LATER),
    intake("a time without its zone", 422, "moment", "at", at="2026-03-02T08:30:00"),
    intake("a body that is too large", 413, "body-too-large", "body", area=TOO_MUCH),
    intake("a field that nobody knows", 422, "extra-forbidden", "given_name", given_name="Prénom"),
    intake("nobody signed in", 401, "not-signed-in", None, None),
    intake("the wrong role", 403, "not-allowed", "role", PROVIDER),
    intake("the wrong centre", 403, "wrong-centre", "centre", NAMUR_DESK),
    Case(
        "a version that is no longer",
        "intake",
        LIEGE_DESK,
        "POST",
        "/visits/{waiting}/serve",
        {"version": 9},
        409,
        "stale-version",
        "version",
    ),
    Case(
        "a centre that does not exist",
        "scheduling",
        NOWHERE,
        "POST",
        "/paths",
        {"subject_ref": "{new}", "centre": "atlantis"},
        422,
        "unknown-centre",
        "centre",
    ),
    Case(
        "an area that the centre does not have",
        "scheduling",
        COUNSELLOR,
        "POST",
        "/paths",
        {"subject_ref": "{new}", "centre": LIEGE, "area": "gardening"},
        422,
        "unknown-area",
        "area",
    ),
    booking("a time that is over", 422, "not-in-future", "starts_at", starts_at="2026-02-24T10:00:00+01:00"),
    booking("a time without its zone", 422, "moment", "starts_at", starts_at="2026-03-06T10:00:00"),
    booking("a fifth interview", 409, "fifth-interview", "path_id", path_id="{full}"),
    booking("ninety minutes", 422, "wrong-length", "minutes", minutes=90),
    booking("a counsellor who is taken", 409, "overlap", "counsellor", starts_at=TUESDAY.isoformat()),
    booking(
        "a room that is taken",
        409,
        "overlap",
        "room",
        starts_at=TUESDAY.isoformat(),
        room="salle-1",
        counsellor="liege-c02",
    ),
    booking("a counsellor whom nobody knows", 422, "unknown-counsellor", "counsellor", counsellor="liege-c09"),
    booking("a counsellor who left", 422, "counsellor-inactive", "counsellor", counsellor="liege-c03"),
    booking("a room that is not in the list", 422, "unknown-room", "room", room="salle-9"),
    booking("a room that is no longer in use", 422, "room-inactive", "room", room="salle-4"),
    booking(
        "a time before the notice of the centre is over",
        422,
        "too-soon",
        "starts_at",
        starts_at="2026-03-02T10:00:00+01:00",
    ),
    Case(
        "booking rules of another version",
        "scheduling",
        MANAGER,
        "PUT",
        "/booking-rules/liege",
        {"horizon_days": 60, "notice_hours": 0, "visitor_notice_hours": 24, "version": 9},
        409,
        "stale-version",
        "version",
    ),
    booking(
        "a time outside the working hours",
        422,
        "outside-working-hours",
        "outside_working_hours",
        counsellor="liege-c02",
        starts_at="2026-03-06T15:00:00+01:00",
    ),
    booking(
        "a time at which the counsellor is away",
        409,
        "counsellor-away",
        "counsellor",
        counsellor="liege-c02",
        starts_at="2026-03-05T10:00:00+01:00",
    ),
    Case(
        "a rule that is not weekly",
        "scheduling",
        COUNSELLOR,
        "PUT",
        "/counsellors/liege-c01/hours/liege",
        {"rows": [{"starts_on": "2026-01-01", "rrule": "FREQ=DAILY", "begins": "09:00", "ends": "12:00"}]},
        422,
        "rule-not-weekly",
        "rrule",
    ),
    Case(
        "an absence that ends before it begins",
        "scheduling",
        COUNSELLOR,
        "POST",
        "/counsellors/liege-c01/absences",
        {"starts_at": "2026-03-06T10:00:00Z", "ends_at": "2026-03-05T10:00:00Z"},
        422,
        "absence-backwards",
        "ends_at",
    ),
    booking("a body that is too large", 413, "body-too-large", "body", room=TOO_MUCH),
    booking("a field that nobody knows", 422, "extra-forbidden", "family_name", family_name="Démonstration"),
    booking("nobody signed in", 401, "not-signed-in", None, None),
    booking("the wrong role", 403, "not-allowed", "role", FRONT_DESK),
    booking("a path of another centre", 404, "not-found", None, ELSEWHERE),
    Case(
        "a version that is no longer",
        "scheduling",
        COUNSELLOR,
        "POST",
        "/interviews/{booked}/move",
        {"starts_at": FREE, "version": 9},
        409,
        "stale-version",
        "version",
    ),
    Case(
        "a second seat",
        "scheduling",
        COUNSELLOR,
        "POST",
        "/workshops/{workshop}/seats",
        {"subject_ref": "{seated}"},
        409,
        "double-seat",
        "subject_ref",
    ),
    track("an area that the centre does not have", 422, "unknown-area", "area", area="gardening"),
    track("a version that is no longer", 409, "stale-version", "version", version=99),
    track("a body that is too large", 413, "body-too-large", "body", title=TOO_MUCH),
    track("a field that nobody knows", 422, "extra-forbidden", "phone", phone="0"),
    track("nobody signed in", 401, "not-signed-in", None, None),
    track("the wrong role", 403, "not-allowed", "role", PROVIDER),
    track("a plan of another centre", 404, "plan-not-found", None, ARLON_COUNSELLOR),
    referral("a centre that does not exist", 422, "unknown-centre", "centre", REFERRING_NOWHERE, centre="atlantis"),
    referral("an area that the centre does not have", 422, "unknown-area", "area", area="gardening"),
    referral("a body that is too large", 413, "body-too-large", "body", reason=TOO_MUCH),
    referral("a field that nobody knows", 422, "extra-forbidden", "note", note="…"),
    referral("nobody signed in", 401, "not-signed-in", None, None),
    referral("the wrong role", 403, "not-allowed", "role", DESK),
    referral("the wrong centre", 403, "wrong-centre", "centre", centre="arlon"),
    Case(
        "a version that is no longer",
        "directory",
        DIRECTORY_COUNSELLOR,
        "POST",
        "/referrals/{referral}/progress",
        {"status": "cancelled", "reason": "other", "version": 9},
        409,
        "stale-version",
        "version",
    ),
]


@pytest.fixture
async def world(case: Case, tmp_path: Path) -> AsyncGenerator[Scenario]:
    async with SCENARIOS[case.service](tmp_path) as made:
        yield made


def filled(value: Any, ids: dict[str, str]) -> Any:
    return value.format(**ids) if isinstance(value, str) and len(value) < 100 else value


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.service}: {case.what}")
async def test_it_is_refused_by_name_and_changes_nothing(case: Case, world: Scenario) -> None:
    client, ids = world
    client.signed_in(case.person)
    before = await all_rows(client.store)
    messages: dict[str, str] = {}
    for lang in ("en", "fr", "de"):
        answer = await client.request(
            case.method,
            f"/{case.service}/api/v1{case.path.format(**ids)}",
            json={name: filled(value, ids) for name, value in case.body.items()},
            headers={"accept-language": lang},
        )
        problem = answer.json()
        assert answer.status_code == case.status, problem
        assert answer.headers["content-type"] == "application/problem+json"
        if case.field is None:
            assert problem["type"] == f"/problems/{case.rule}"
            messages[lang] = problem["detail"]
        else:
            [fault] = problem["errors"]
            assert (fault["field"], fault["rule"]) == (case.field, case.rule)
            messages[lang] = fault["message"]
        assert "{" not in messages[lang]
    assert len(set(messages.values())) == 3, f"each in the reader's language: {messages}"
    assert await all_rows(client.store) == before
