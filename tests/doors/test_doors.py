"""Every input of the table at every door that takes its kind: refused in words, by field and rule, without any effect.

`inputs.py` has the inputs and `doors.py` the doors; a row in one of them is a test with all of the other.
"""

import json
from collections.abc import AsyncGenerator, Iterator
from html import unescape
from pathlib import Path
from uuid import uuid4

import pytest

from tests.doors.doors import CENTRE_PHONE, DOORS, PHONE, REGISTRATION
from tests.doors.inputs import BLANKS, HIDDEN, KEPT, PHONES, REFUSED, Kept, Row
from tests.doors.sending import Answer, Door
from tests.givens.intake import LIEGE_DESK, OPERATOR
from tests.givens.rows import all_rows, count, store_text
from tests.givens.scenarios import SCENARIOS, Scenario
from tests.parts.postgres import PostgresServer
from tests.parts.stores import BOTH

LANGUAGES = ("fr", "de")
BY_VALUE = {"too-far-ahead", "in-the-future"}
"""Rules for which it matters when a time is, not how it is written."""
TWICE = "Ce champ figure deux fois."
LOGS = {"exact_reads"}
"""Tables that note who asked, whatever the answer."""


@pytest.fixture(params=BOTH)
async def world(request: pytest.FixtureRequest, service: str, tmp_path: Path) -> AsyncGenerator[Scenario]:
    """The service's scenario on the store of the parameter."""
    store = "sqlite"
    if request.param == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres")
        store = (await server.create_database(f"cefo_{service}")).rpartition("/")[0]
    async with SCENARIOS[service](tmp_path, store) as made:
        yield made


@pytest.mark.parametrize("service", SCENARIOS)
async def test_a_wrong_value_is_refused_in_words_and_changes_nothing(service: str, world: Scenario) -> None:
    client, ids = world
    before = await all_rows(client.store)
    wrong: list[str] = []
    for door in (one for one in DOORS if one.service == service):
        client.signed_in(door.person)
        for row in REFUSED:
            if door.kind in row.kinds and (isinstance(row.value, str) or not door.text_only):
                answers = [await door.send(client, row.value, ids, lang) for lang in LANGUAGES]
                wrong += [f"{door.what}, {row.value!r:.40}: {fault}" for fault in faults_of(door, row, answers)]
    assert wrong == []
    after = await all_rows(client.store)
    assert {name: rows for name, rows in after.items() if name not in LOGS and rows != before[name]} == {}


@pytest.mark.parametrize("service", SCENARIOS)
async def test_a_text_is_kept_composed_and_trimmed(service: str, world: Scenario) -> None:
    client, ids = world
    doors = [one for one in DOORS if one.service == service and one.kind in ("line", "words")]
    wrong: list[str] = []
    for door in doors:
        client.signed_in(door.person)
        for row in KEPT:
            answer = await door.send(client, row.sent, ids, "fr")
            # Another rule may refuse it: two workshops at the same time.
            if answer.status >= 500 or answer.rule in ("missing", *HIDDEN):
                wrong.append(f"{door.what}, {row.sent!r}: {answer}")
    assert wrong == []
    kept = await store_text(client.store)
    if any(door.keeps for door in doors):
        assert [row for row in KEPT if row.kept not in kept or (row.sent != row.kept and row.sent in kept)] == []


@pytest.mark.parametrize("service", SCENARIOS)
async def test_blanks_around_a_value_are_no_part_of_it(service: str, world: Scenario) -> None:
    client, ids = world
    wrong: list[str] = []
    for door in (one for one in DOORS if one.service == service and one.kind in BLANKS):
        client.signed_in(door.person)
        rules = {rule for row in REFUSED if door.kind in row.kinds for rule in row.rules} - BY_VALUE
        answer = await door.send(client, BLANKS[door.kind], ids | {"new": str(uuid4())}, "fr")
        # Another rule may refuse it: a room that is taken.
        if answer.rule in rules or answer.status >= 500:
            wrong.append(f"{door.what}: {answer}")
    assert wrong == []


@pytest.mark.parametrize("service", SCENARIOS)
async def test_no_parameter_of_an_address_and_no_field_of_a_form_is_there_twice(service: str, world: Scenario) -> None:
    client, ids = world
    before = await all_rows(client.store)
    wrong: list[str] = []
    for door in (one for one in DOORS if one.service == service and one.once):
        value = BLANKS.get(door.kind, "liege")
        answer = await door.send(client.signed_in(door.person), [value] * 2, ids, "fr")
        named = answer.rule == "repeated-field" if door.field else TWICE in unescape(answer.message)
        # A form of buttons and choices goes back with the sentence.
        if answer.status not in ((422,) if door.field else (422, 303)) or not named:
            wrong.append(f"{door.what}: {answer}")
    assert wrong == []
    after = await all_rows(client.store)
    assert {name: rows for name, rows in after.items() if name not in LOGS and rows != before[name]} == {}


@pytest.mark.parametrize("service", ["directory"])
@pytest.mark.parametrize("door", [PHONE, CENTRE_PHONE], ids=lambda door: door.what)
async def test_phone_numbers_are_kept_as_they_are_written(door: Door, world: Scenario) -> None:
    client, ids = world
    client.signed_in(door.person)
    # An emergency number is nobody's own, but a centre may publish it.
    for row in (*PHONES, Kept("112", "112")):
        assert (await door.send(client, row.sent, ids, "fr")).status < 400, row
        assert row.kept in await store_text(client.store)


@pytest.mark.parametrize("service", ["intake"])
async def test_a_person_is_reached_and_found_by_a_number_as_it_is_written(world: Scenario) -> None:
    client, ids = world
    client.signed_in(LIEGE_DESK)
    names = ("Ana", "Boris", "Chloé", "Driss", "Elif", "Farid")
    for name, row in zip(names, PHONES, strict=True):
        visit = str(uuid4())
        await client.put(f"/intake/api/v1/visits/{visit}", json={"centre": "liege"})
        body = REGISTRATION | {"given_name": name, "contact": row.sent}
        answer = await client.post(f"/intake/api/v1/visits/{visit}/visitor", json=body)
        if answer.status_code == 409:  # the number is that of another person, with another extension
            known = {"distinct_from": answer.json()["errors"][0]["people"]}
            answer = await client.post(f"/intake/api/v1/visits/{visit}/visitor", json=body | known)
        assert answer.status_code == 201, (row, answer.text)
        found = await client.post(
            f"/intake/visits/{ids['waiting']}/search", data={"name": row.sent}, headers={"accept": "text/html"}
        )
        assert f"{name} Essai" in found.text, row


@pytest.mark.parametrize("service", ["intake"])
async def test_the_same_time_in_another_notation_is_the_same_visit(world: Scenario) -> None:
    client, ids = world
    for at in ("2026-03-02T07:50:00Z", "2026-03-02t08:50:00+01:00", "2026-03-02T02:50:00.000-05:00"):
        answer = await client.signed_in(LIEGE_DESK).put(
            f"/intake/api/v1/visits/{ids['new']}", json={"centre": "liege", "at": at}
        )
        assert answer.status_code == 200, answer.text
    assert await count(client.store, "visits") == 2
    line = {"visit_id": str(uuid4()), "centre": "liege", "status": "no_queue"}
    totals: list[dict[str, int]] = []
    for at in ("2014-03-31T10:00:00+02:00", "2014-03-31T08:00:00Z"):
        sent = json.dumps(line | {"checked_in_at": at})
        answer = await client.signed_in(OPERATOR).post("/intake/api/v1/visits/import", content=sent)
        totals.append(json.loads(answer.text.splitlines()[-1]))
    assert [(one["accepted"], one["unchanged"], one["refused"]) for one in totals] == [(1, 0, 0), (0, 1, 0)]


@pytest.mark.parametrize("service", ["scheduling"])
async def test_a_workshop_with_a_hidden_character_takes_no_other_with_it(world: Scenario) -> None:
    content = (Path(__file__).parent / "files/workshops-nul-title.ndjson").read_bytes()
    answer = await world[0].signed_in(OPERATOR).post("/scheduling/api/v1/workshops/import", content=content)
    fault, totals = [json.loads(line) for line in answer.text.splitlines()]
    assert (fault["field"], fault["rule"]) == ("title", *HIDDEN)
    assert (totals["accepted"], totals["refused"]) == (len(content.splitlines()) - 1, 1)


@pytest.mark.parametrize("service", ["directory"])
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "me\u0301tiers"}, 1),
        ({"q": "MÉTIERS"}, 1),
        ({"q": "metiers"}, 1),
        ({"q": "???"}, 0),
        ({"town": "MONS"}, 1),
        ({"town": "!!!"}, 0),
        ({"q": "", "town": ""}, 1),
    ],
)
async def test_a_search_compares_folded_text(query: dict[str, str], found: int, world: Scenario) -> None:
    answer = await world[0].get("/directory/api/v1/services", params={"centre": "mons"} | query)
    assert answer.json()["total_items"] == found


def faults_of(door: Door, row: Row, answers: list[Answer]) -> Iterator[str]:
    """What is wrong with the answers in the two languages."""
    for answer in answers:
        if door.field is None:
            if answer.status not in (422, 303):
                yield f"the page answered {answer.status}"
            continue
        named = answer.field in (door.field, f"{door.field}.0") or door.field.startswith(f"{answer.field}.")
        if answer.status != 422 or not named or answer.rule not in row.rules:
            yield str(answer)
        if any(sign in answer.message for sign in ("{", "[", "^", "\\")):
            yield f"not in words: {answer.message}"
    french, german = (unescape(answer.message) for answer in answers)
    if french == german:
        yield f"the same in two languages: {french}"
