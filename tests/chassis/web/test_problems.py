"""Refusals as problem details or pages: by field and rule, in the reader's language; nothing is changed."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.chassis import i18n
from services.chassis.refusals import AlreadyDifferent, Refused, Stale, UnknownCentre, msg
from services.chassis.testing import Client
from services.chassis.web import explain, faults_of
from services.contracts.directory import ReferralStatus
from tests.chassis.conftest import DESK, OPERATOR
from tests.chassis.sample_service import NOTES, stored_notes

PAGE = {"accept": "text/html"}


@pytest.mark.parametrize(
    ("sent", "field", "rule", "message"),
    [
        ({}, "words", "missing", "Remplissez ce champ"),
        ({"words": "x", "colour": "red"}, "colour", "extra-forbidden", None),
        ({"words": "x" * 21}, "words", "string-too-long", "20"),
        ({"words": ""}, "words", "missing", None),
        ({"words": "x", "at": "2026-03-02T09:00:00"}, "at", "moment", "+01:00"),
        ({"words": "x", "version": "two"}, "version", "whole-number", None),
    ],
)
async def test_a_field_that_breaks_a_rule_is_named(
    client: Client, sent: dict[str, Any], field: str, rule: str, message: str | None
) -> None:
    answer = await client.signed_in(DESK).post(NOTES, json=sent)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    [fault] = answer.json()["errors"]
    assert (fault["field"], fault["rule"]) == (field, rule)
    assert "…" not in fault["message"]
    assert message is None or message in fault["message"]
    assert await stored_notes(client) == []


@pytest.mark.parametrize(
    ("kind", "body", "rule"),
    [
        ("application/json", "{'words'", "json-invalid"),
        ("application/json", "[1]", "model-attributes-type"),
        ("text/plain", '{"words": "x"}', "model-attributes-type"),
    ],
)
async def test_a_body_that_is_no_json_of_fields_is_named_as_the_body(
    client: Client, kind: str, body: str, rule: str
) -> None:
    answer = await client.signed_in(DESK).post(NOTES, content=body, headers={"content-type": kind})
    assert answer.status_code == 422
    [fault] = answer.json()["errors"]
    assert (fault["field"], fault["rule"]) == ("body", rule)
    assert "JSON" in fault["message"]


async def test_a_refusal_has_a_slug_a_field_and_a_message_in_each_language(client: Client) -> None:
    client.signed_in(DESK)
    await client.post(NOTES, json={"words": "bonjour"})
    messages: set[str] = set()
    for lang in ("fr", "de", "nl", "en"):
        answer = await client.post(NOTES, json={"words": "bonjour"}, headers={"accept-language": lang})
        assert answer.status_code == 409
        assert answer.json()["type"] == "/problems/twice"
        assert answer.json()["errors"][0]["field"] == "words"
        messages.add(answer.json()["detail"])
    assert len(messages) == 4
    assert await stored_notes(client) == ["bonjour"]


@pytest.mark.parametrize(
    ("refused", "members"),
    [
        (UnknownCentre(centre="atlantis", known=("arlon", "mons")), {"centre": "atlantis", "known": ["arlon", "mons"]}),
        (Stale(now=3, seen=2), {"now": 3, "seen": 2}),
        (AlreadyDifferent("visit_id", id=UUID(int=7)), {"id": str(UUID(int=7))}),
        (Refused(field="x", at=datetime(2026, 3, 2, 9, tzinfo=UTC)), {"field": "", "at": "2026-03-02T09:00:00+00:00"}),
        (Refused(wanted=ReferralStatus.IN_PROGRESS), {"wanted": "in-progress"}),
        (Refused(), {}),
    ],
)
def test_values_that_are_not_in_the_message_are_members_of_the_error(refused: Refused, members: dict[str, Any]) -> None:
    [fault] = faults_of(refused)
    own = {"field": refused.about or "", "rule": refused.slug, "message": explain(refused)}
    assert json.loads(json.dumps(fault)) == own | members


class Possible(Refused):
    message = msg(
        "Not found: {what}. The reference is wrong, or there is nothing here that you may see. Check the reference."
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ((ReferralStatus.ACCEPTED, ReferralStatus.CANCELLED), "angenommen, zurückgezogen"),
        ([], "–"),
        (msg("Please sign in first."), "Bitte melden Sie sich zuerst an."),
        (datetime(2026, 3, 2, 9, 5, tzinfo=UTC), "02.03.2026, 09:05"),
        (7, "7"),
    ],
)
def test_values_in_the_message_are_in_the_reader_s_language_and_no_members(value: Any, shown: str) -> None:
    token = i18n.language.set("de")
    try:
        [fault] = faults_of(Possible(what=value))
    finally:
        i18n.language.reset(token)
    assert f": {shown}. " in fault["message"]
    assert fault.keys() == {"field", "rule", "message"}


async def test_an_unexpected_error_is_500_without_its_text(client: Client) -> None:
    answer = await client.signed_in(DESK).post(NOTES, json={"words": "bug"})
    assert answer.status_code == 500
    assert answer.json()["title"] == "Erreur de notre côté"
    assert "secret" not in answer.text
    assert "Zero" not in answer.text
    assert await stored_notes(client) == []


async def test_an_unavailable_store_is_503_with_retry_after(client: Client, tmp_path: Path) -> None:
    await client.store.writer.dispose()
    await client.store.reader.dispose()
    stores = (tmp_path / "stores").rename(tmp_path / "elsewhere")
    answer = await client.signed_in(DESK).post(NOTES, json={"words": "bonjour"})
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/unavailable")
    assert answer.headers["retry-after"] == "2"
    stores.rename(tmp_path / "stores")
    assert (await client.post(NOTES, json={"words": "bonjour"})).status_code == 201


async def test_a_page_redirects_to_sign_in_and_back(client: Client) -> None:
    answer = await client.get("/sample/?x=1", headers=PAGE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/sample/%3Fx%3D1")
    assert (await client.signed_in(OPERATOR).get("/sample/", headers=PAGE)).status_code == 403


async def test_unknown_paths_are_404_and_methods_405(client: Client) -> None:
    for headers, kind in ((PAGE, "text/html; charset=utf-8"), ({}, "application/problem+json")):
        answer = await client.get("/sample/nowhere", headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (404, kind)
    answer = await client.delete(NOTES)
    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"] or "GET" in answer.headers["allow"]


@pytest.mark.parametrize(
    ("method", "path", "status", "title"),
    [
        ("GET", "/sample/nowhere", 404, "Page introuvable"),
        ("DELETE", "/sample/", 405, "Pas possible ici"),
        ("GET", "/sample/error", 500, "Erreur de notre côté"),
        ("GET", "/sample/conflict", 409, "Ce n’est pas possible"),
    ],
)
async def test_a_page_of_an_error_says_in_its_title_what_happened(
    client: Client, method: str, path: str, status: int, title: str
) -> None:
    answer = await client.signed_in(DESK).request(method, path, headers=PAGE)
    assert answer.status_code == status
    assert f"<title>{title} · cefo</title>" in answer.text
    assert f"<h1>{title}</h1>" in answer.text


async def test_people_are_not_shown_the_names_of_fields(client: Client) -> None:
    sent = await client.signed_in(DESK).post("/sample/notes", data={}, headers=PAGE)
    assert sent.status_code == 303
    shown = (await client.get(sent.headers["location"], headers=PAGE)).text
    assert "Remplissez ce champ." in shown
    assert "words" not in shown.split('id="flash"')[1].split("</div>")[0]
