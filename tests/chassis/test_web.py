"""What every request passes, and how it is refused: by field and rule, in the reader's language, changing nothing."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from services.chassis.identity.people import Person
from services.chassis.testing import ORIGIN, Client, client_of, quiet_settings
from services.contracts.roles import Role
from tests.chassis.conftest import ACCOUNTS, DESK, OPERATOR

NOTES = "/sample/api/v1/notes"
PAGE = {"accept": "text/html"}


async def kept(client: Client) -> list[str]:
    return (await client.get(NOTES)).json()


async def test_a_change_is_committed_before_the_answer(client: Client) -> None:
    answer = await client.signed_in(DESK).post(NOTES, json={"words": "bonjour"})
    assert answer.status_code == 201
    assert await kept(client) == ["bonjour"]


@pytest.mark.parametrize(
    ("sent", "field", "rule", "message"),
    [
        ({}, "words", "missing", "Ce champ"),
        ({"words": "x", "colour": "red"}, "colour", "extra-forbidden", None),
        ({"words": "x" * 21}, "words", "string-too-long", "20"),
        ({"words": ""}, "words", "string-too-short", "1"),
        ({"words": "x", "at": "2026-03-02T09:00:00"}, "at", "timezone-aware", "+01:00"),
        ({"words": "x", "version": "two"}, "version", "int-parsing", None),
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
    assert await kept(client) == []


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


async def test_a_named_refusal_says_field_and_slug_in_each_language(client: Client) -> None:
    client.signed_in(DESK)
    await client.post(NOTES, json={"words": "bonjour"})
    said: set[str] = set()
    for lang in ("fr", "de", "nl", "en"):
        answer = await client.post(NOTES, json={"words": "bonjour"}, headers={"accept-language": lang})
        assert answer.status_code == 409
        assert answer.json()["type"] == "/problems/twice"
        assert answer.json()["errors"][0]["field"] == "words"
        said.add(answer.json()["detail"])
    assert len(said) == 4
    assert await kept(client) == ["bonjour"]


async def test_what_breaks_on_our_side_says_nothing_of_it(client: Client) -> None:
    answer = await client.signed_in(DESK).post(NOTES, json={"words": "bug"})
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Zero" not in answer.text
    assert await kept(client) == []


async def test_reading_cannot_write(client: Client) -> None:
    answer = await client.get("/sample/api/v1/broken")
    assert answer.status_code in (500, 503)
    assert await kept(client) == []


async def test_a_store_that_is_away_is_503_and_to_be_tried_again(client: Client, tmp_path: Path) -> None:
    await client.store.writer.dispose()
    await client.store.reader.dispose()
    stores = (tmp_path / "stores").rename(tmp_path / "elsewhere")
    answer = await client.signed_in(DESK).post(NOTES, json={"words": "bonjour"})
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/unavailable")
    assert answer.headers["retry-after"] == "2"
    stores.rename(tmp_path / "stores")
    assert (await client.post(NOTES, json={"words": "bonjour"})).status_code == 201


async def test_who_is_not_signed_in_or_has_another_role_is_refused(client: Client) -> None:
    nobody = await client.post(NOTES, json={"words": "x"})
    assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, "Bearer")
    assert (await client.signed_in(OPERATOR).post(NOTES, json={"words": "x"})).status_code == 403
    assert await kept(client) == []


async def test_a_person_is_sent_to_the_sign_in_page_and_comes_back(client: Client) -> None:
    answer = await client.get("/sample/?x=1", headers=PAGE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/sample/%3Fx%3D1")
    assert (await client.signed_in(OPERATOR).get("/sample/", headers=PAGE)).status_code == 403


async def test_a_forged_session_is_nobody(client: Client) -> None:
    client.signed_in(DESK)
    name = "cefo-session"
    forged = client.cookies[name][:-3] + "abc"
    client.cookies.set(name, forged)
    assert (await client.post(NOTES, json={"words": "x"})).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "", "sec-fetch-site": "cross-site"}, 403),
        ({"origin": "", "sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "same-origin"}, 201),
        ({"origin": "https://evil.example", "authorization": ""}, 403),
        ({"origin": "https://evil.example", "authorization": "Bearer "}, 403),
        ({"origin": ""}, 403),
    ],
)
async def test_a_change_must_come_from_our_own_pages(client: Client, headers: dict[str, str], status: int) -> None:
    """Cross-site request forgery: a browser sends our cookie along with whatever page asks."""
    answer = await client.signed_in(DESK).post(NOTES, json={"words": "x"}, headers=headers)
    assert answer.status_code == status
    assert await kept(client) == (["x"] if status == 201 else [])


async def test_a_machine_brings_a_token(client: Client) -> None:
    token = client.process.signer.session(DESK)
    fine = await client.post(NOTES, json={"words": "x"}, headers={"authorization": f"Bearer {token}", "origin": ""})
    wrong = await client.post(NOTES, json={"words": "y"}, headers={"authorization": "Bearer x", "origin": ""})
    assert (fine.status_code, wrong.status_code) == (201, 401)


async def test_a_strange_cookie_beside_ours_signs_nobody_out(client: Client) -> None:
    client.signed_in(DESK)
    session = client.cookies["cefo-session"]
    client.cookies.clear()
    for strange in ('{"a":1}', "path", "a=b;;c", '"'):
        answer = await client.get("/sample/", headers={"cookie": f"other={strange}; cefo-session={session}"})
        assert answer.status_code == 200, strange


async def test_every_answer_carries_the_security_headers(client: Client) -> None:
    for path in ("/", "/sample/", "/sample/nowhere", NOTES, "/health/live", "/static/cefo.css"):
        answer = await client.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in policy
    nonces = {(await client.get("/")).headers["content-security-policy"] for _ in range(3)}
    assert len(nonces) == 3


async def test_an_oversized_body_is_refused(client: Client) -> None:
    client.signed_in(DESK)

    async def of_unknown_length() -> AsyncGenerator[bytes]:
        yield b'{"words": "'
        for _ in range(30):
            yield b"x" * 100

    for body in (b'{"words": "%s"}' % (b"x" * 3000), of_unknown_length()):
        answer = await client.post(NOTES, content=body, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.json()["type"]) == (413, "/problems/body-too-large")
        assert "2048" in answer.json()["detail"]
        assert answer.json()["errors"][0]["field"] == "body"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    page = await client.post("/sample/notes", data={"words": "x" * 3000}, headers=PAGE)
    assert (page.status_code, page.headers["location"]) == (303, "/")
    assert "2048" in (await client.get("/sample/", headers=PAGE)).text
    assert await kept(client) == []


async def test_unknown_paths_and_methods(client: Client) -> None:
    for headers, kind in ((PAGE, "text/html; charset=utf-8"), ({}, "application/problem+json")):
        answer = await client.get("/sample/nowhere", headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (404, kind)
    answer = await client.delete(NOTES)
    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"] or "GET" in answer.headers["allow"]


async def test_a_form_answers_with_a_page_and_a_word(client: Client) -> None:
    client.signed_in(DESK)
    done = await client.post("/sample/notes", data={"words": "salut"}, headers=PAGE)
    assert (done.status_code, done.headers["location"]) == (303, "/sample/")
    assert "noted" in (await client.get("/sample/", headers=PAGE)).text
    assert "noted" not in (await client.get("/sample/", headers=PAGE)).text
    again = await client.post(
        "/sample/notes", data={"words": "salut"}, headers={**PAGE, "referer": f"{ORIGIN}/sample/?page=2"}
    )
    assert (again.status_code, again.headers["location"]) == (303, "/sample/?page=2")
    elsewhere = await client.post(
        "/sample/notes", data={"words": "salut"}, headers={**PAGE, "referer": "https://evil.example/sample/"}
    )
    assert elsewhere.headers["location"] == "/"
    assert await kept(client) == ["salut"]


async def test_the_language_is_asked_for_remembered_or_the_browsers(client: Client) -> None:
    async def language(path: str = "/", accepts: str = "") -> str:
        text = (await client.get(path, headers={**PAGE, "accept-language": accepts})).text
        return text.partition('<html lang="')[2][:2]

    assert await language() == "fr"
    assert await language(accepts="es, de;q=0.8, en;q=0.9") == "en"
    assert await language("/?lang=nl", "de") == "nl"
    assert await language(accepts="de") == "nl"
    assert await language("/?lang=xx") == "nl"


async def test_signing_in_leads_only_to_our_own_pages(client: Client) -> None:
    for next, to in (
        ("/sample/?a=1", "/sample/?a=1"),
        ("https://evil.example/", "/sample/"),
        ("//evil.example/", "/sample/"),
        ("/\\evil.example", "/sample/"),
        ("javascript:alert(1)", "/sample/"),
    ):
        answer = await client.post("/sign-in", data={"account": "welcome", "next": next})
        assert (answer.status_code, answer.headers["location"]) == (303, to)
    assert (await client.post("/sign-in", data={"account": "root"})).status_code == 404


async def test_demo_accounts_are_only_there_for_a_demonstration(client: Client, tmp_path: Path) -> None:
    assert "Accueil (test)" in (await client.get("/sign-in", headers=PAGE)).text
    real = quiet_settings(tmp_path / "real", demo=False)
    async with client_of(client.runtime.service, tmp_path / "real", settings=real, accounts=ACCOUNTS) as site:
        assert "Accueil (test)" not in (await site.get("/sign-in", headers=PAGE)).text
        assert (await site.post("/sign-in", data={"account": "welcome"})).status_code == 404


async def test_whoever_signed_in_comes_to_the_page_of_their_first_role(client: Client) -> None:
    home_of = client.process.site.home_of
    assert home_of(DESK) == "/sample/"
    assert home_of(OPERATOR) == "/sample/dead-letters"
    assert home_of(DESK.model_copy(update={"roles": frozenset({Role.OPERATOR, Role.FRONT_DESK})})) == "/sample/"
    assert home_of(DESK.model_copy(update={"roles": frozenset({Role.CITE})})) == "/", "no service has a page for it"


async def test_a_personal_link_signs_in_by_a_button_and_only_that_person(client: Client) -> None:
    visitor = Person(subject="visitor", name="Visiteur (test)", roles=frozenset({Role.VISITOR}))
    link = client.process.signer.link(visitor)
    page = await client.get("/sign-in/link", params={"token": link}, headers=PAGE)
    assert page.status_code == 200
    assert "cefo-session" not in client.cookies
    assert (await client.post("/sign-in/link", data={"token": link})).headers["location"] == "/sample/mine"
    session = client.process.signer.session(visitor)
    assert (await client.post("/sign-in/link", data={"token": session})).status_code == 404
    assert (await client.post("/sign-out")).status_code == 303
    assert "cefo-session" not in client.cookies


async def test_health_says_which_part_does_not_answer(client: Client) -> None:
    assert (await client.get("/health/live")).json() == {"status": "ok"}
    ready = await client.get("/health/ready")
    assert ready.status_code == 503
    assert ready.json()["services"] == {"sample": {"store": True, "relay": False, "consumer": False}}


async def test_metrics_and_contracts_are_served(client: Client) -> None:
    await client.get("/sample/nowhere")
    text = (await client.get("/metrics")).text
    for name in ("cefo_http_request_seconds", "cefo_outbox_unsent", "cefo_consumer_lag", "cefo_events_processed_total"):
        assert f"# HELP {name}" in text
    assert 'cefo_http_request_seconds_count{method="GET",service="sample",status="404"}' in text
    schema = (await client.get("/contracts/cefo.intake.visit-called.v1.json")).json()
    assert schema["properties"]["desk"]["x-privacy"] == "operational"
    assert (await client.get("/contracts/cefo.nobody.said-this.v1.json")).status_code == 404
    assert (await client.get("/sample/api/v1/asyncapi.json")).json()["asyncapi"] == "3.0.0"
    assert NOTES in (await client.get("/sample/api/v1/openapi.json")).json()["paths"]
