"""A line of an import that breaks a rule is answered with number, field and rule, and nothing of it goes in."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.chassis.identity.people import Person
from services.contracts.roles import Role
from tests.givens.rows import all_rows
from tests.givens.scenarios import SCENARIOS

OPERATOR = Person(subject="operator", name="Gestion technique", roles=frozenset({Role.OPERATOR}))
SPRING = "2017-03-27T09:05:00+02:00"
Line = dict[str, Any]


def visit(**changed: Any) -> Line:
    return {"visit_id": str(uuid4()), "centre": "liege", "status": "no_queue", "checked_in_at": SPRING} | changed


def interview(**changed: Any) -> Line:
    line: Line = {
        "interview_id": str(uuid4()),
        "kind": "guidance",
        "centre": "liege",
        "counsellor": "liege-c01",
        "starts_at": SPRING,
        "minutes": 60,
        "status": "fulfilled",
        "path_id": str(uuid4()),
        "method": "individual",
        "subject_ref": str(uuid4()),
    }
    return line | changed


def workshop(**changed: Any) -> Line:
    line: Line = {
        "workshop_id": str(uuid4()),
        "centre": "liege",
        "title": "Changer de voie",
        "seats": 4,
        "counsellor": "liege-c01",
        "sessions": [{"session_id": str(uuid4()), "starts_at": SPRING, "minutes": 120}],
        "participants": [],
    }
    return line | changed


def seat(subject_ref: str) -> Line:
    return {"seat_id": str(uuid4()), "subject_ref": subject_ref, "path_id": str(uuid4()), "attended": [True]}


SOMEBODY = str(uuid4())
VISITS, INTERVIEWS, WORKSHOPS = "intake/visits", "scheduling/interviews", "scheduling/workshops"
CASES = [
    (VISITS, visit(centre="atlantis"), "centre", "unknown-centre"),
    (VISITS, visit(area="gardening"), "area", "unknown-area"),
    (VISITS, visit(checked_in_at="2027-03-01T09:00:00+01:00"), "checked_in_at", "in-the-future"),
    (VISITS, visit(checked_in_at="2017-03-27T09:05:00"), "checked_in_at", "moment"),
    (VISITS, visit(given_name="Prénom"), "given_name", "extra-forbidden"),
    (INTERVIEWS, interview(centre="atlantis"), "centre", "unknown-centre"),
    (INTERVIEWS, interview(area="gardening"), "area", "unknown-area"),
    (INTERVIEWS, interview(minutes=90), "minutes", "wrong-length"),
    (INTERVIEWS, interview(starts_at="2027-03-01T09:00:00+01:00"), "starts_at", "in-the-future"),
    (INTERVIEWS, interview(starts_at="2017-03-27T09:05:00"), "starts_at", "moment"),
    (INTERVIEWS, interview(path_id="{full}", subject_ref="{of_full}"), "path_id", "fifth-interview"),
    (INTERVIEWS, interview(family_name="Démonstration"), "family_name", "extra-forbidden"),
    (WORKSHOPS, workshop(centre="atlantis"), "centre", "unknown-centre"),
    (WORKSHOPS, workshop(area="gardening"), "area", "unknown-area"),
    (WORKSHOPS, workshop(participants=[seat(SOMEBODY), seat(SOMEBODY)]), "participants", "double-seat"),
    (WORKSHOPS, workshop(notes="…"), "notes", "extra-forbidden"),
]


@pytest.mark.parametrize(
    ("where", "line", "field", "rule"), CASES, ids=[f"{where}: {rule}" for where, _line, _field, rule in CASES]
)
async def test_the_line_is_answered_and_nothing_goes_in(
    where: str, line: Line, field: str, rule: str, tmp_path: Path
) -> None:
    service, what = where.split("/")
    async with SCENARIOS[service](tmp_path) as (client, ids):
        client.signed_in(OPERATOR)
        before = await all_rows(client.store)
        sent = {name: value.format(**ids) if isinstance(value, str) else value for name, value in line.items()}
        messages: set[str] = set()
        for lang in ("en", "fr", "nl"):
            answer = await client.post(
                f"/{service}/api/v1/{what}/import", content=json.dumps(sent), headers={"accept-language": lang}
            )
            assert answer.status_code == 200, answer.text
            bad, totals = [json.loads(text) for text in answer.text.splitlines()]
            assert (bad["line"], bad["field"], bad["rule"]) == (1, field, rule), bad
            assert totals == {"lines": 1, "accepted": 0, "unchanged": 0, "refused": 1}
            messages.add(bad["message"])
        assert len(messages) == 3, messages
        assert await all_rows(client.store) == before


WRONG_TWICE = {
    VISITS: visit(centre="atlantis", checked_in_at="soon", status="served"),
    INTERVIEWS: interview(kind="information", starts_at="soon", centre="atlantis", method="both"),
    WORKSHOPS: workshop(centre="atlantis", seats="four", sessions=[{"starts_at": "soon"}]),
}
"""Faults of form, beside one against a rule that needs none of these fields."""
BOTH = {
    VISITS: {("checked_in_at", "moment"), ("centre", "unknown-centre")},
    INTERVIEWS: {
        ("starts_at", "moment"),
        ("method", "enum"),
        ("centre", "unknown-centre"),
        ("path_id", "field-out-of-place"),
        ("subject_ref", "field-out-of-place"),
    },
    WORKSHOPS: {
        ("seats", "whole-number"),
        ("sessions.0.session_id", "missing"),
        ("sessions.0.starts_at", "moment"),
        ("sessions.0.minutes", "missing"),
        ("centre", "unknown-centre"),
    },
}


@pytest.mark.parametrize("where", [VISITS, INTERVIEWS, WORKSHOPS])
async def test_every_fault_of_a_line_is_answered(where: str, tmp_path: Path) -> None:
    """A line that is too long, and one with faults of form and one against a rule."""
    service, what = where.split("/")
    async with SCENARIOS[service](tmp_path) as (client, _ids):
        client.signed_in(OPERATOR)
        before = await all_rows(client.store)
        sent = b"{" + b"x" * 70_000 + b"}\n" + json.dumps(WRONG_TWICE[where]).encode()
        answer = await client.post(f"/{service}/api/v1/{what}/import", content=sent)
        too_long, *both, totals = [json.loads(text) for text in answer.text.splitlines()]
        assert (too_long["line"], too_long["rule"]) == (1, "line-too-long")
        assert {(bad["field"], bad["rule"]) for bad in both} == BOTH[where]
        assert {bad["line"] for bad in both} == {2}
        assert totals == {"lines": 2, "accepted": 0, "unchanged": 0, "refused": 2}
        assert await all_rows(client.store) == before
