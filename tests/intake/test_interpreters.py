"""For which languages the desk notes that an interpreter is needed."""

import re
from html import unescape
from uuid import uuid4

import pytest

from services.chassis.i18n import language, language_name
from services.chassis.testing import Client
from services.contracts.intake import DeskCheckIn
from services.intake.api.devices import ReplayedCheckIn
from services.intake.store import Visit
from tests.intake.test_queue import PAGE

OPTION = re.compile(r'<option value="(\w*)"[^>]*>([^<]*)</option>')


@pytest.mark.parametrize(
    ("lang", "german", "another"),
    [
        ("fr", "allemand", "autre langue"),
        ("de", "Deutsch", "andere Sprache"),
        ("nl", "Duits", "andere taal"),
        ("en", "German", "another language"),
    ],
)
async def test_german_and_another_language_are_in_the_list_and_on_the_board(
    client: Client, lang: str, german: str, another: str
) -> None:
    page = unescape((await client.get(f"/intake/desk/liege?lang={lang}", headers=PAGE)).text)
    listed = OPTION.findall(page[page.index('name="interpreter_language"') :].split("</select>")[0])
    assert ("de", german) in listed
    assert listed[-1] == ("und", another), "the last one: it is none of the others"
    visit = {"centre": "liege", "interpreter_language": "und"}
    assert (await client.put(f"/intake/api/v1/visits/{uuid4()}", json=visit)).status_code == 200
    board = unescape((await client.get(f"/intake/desk/liege?lang={lang}", headers=PAGE)).text)
    assert another in board.split('id="board"')[1]


@pytest.mark.parametrize("code", ["vgt", "und", "ar"])
async def test_saving_what_is_to_be_prepared_keeps_a_language_that_is_not_in_the_list(
    client: Client, code: str
) -> None:
    visit = uuid4()
    body = {"centre": "liege", "interpreter_language": code}
    assert (await client.put(f"/intake/api/v1/visits/{visit}", json=body)).status_code == 200
    page = (await client.get(f"/intake/visits/{visit}/queue", headers=PAGE)).text
    options = page[page.index('name="interpreter_language"') :].split("</select>")[0]
    chosen = re.findall(r'<option value="(\w*)"[^>]*\bselected\b', options)
    assert chosen == [code]
    assert len(OPTION.findall(options)) == len({value for value, _ in OPTION.findall(options)})


USUAL = {"prs": "prs", "vgt": "vgt", "aii": "aii", "ber": "ber", "pnb": "pnb", "und": "und", "ara": "ar", "lin": "ln"}
"""Languages of ISO 639 that have no name in Babel, as they are kept."""


@pytest.mark.parametrize("code", USUAL)
async def test_every_language_of_iso_639_is_taken_at_every_door(client: Client, code: str) -> None:
    body = {"centre": "liege", "interpreter_language": code}
    visit = uuid4()
    assert (await client.put(f"/intake/api/v1/visits/{visit}", json=body)).status_code == 200
    async with client.store.read() as session:
        assert (await session.get_one(Visit, visit)).interpreter_language == USUAL[code]
    body |= {"visit_id": str(uuid4()), "at": "2026-03-02T08:00:00Z"}
    assert DeskCheckIn.model_validate(body).interpreter_language == USUAL[code]
    entry = {"visit_id": str(uuid4()), "seq": 1, "at": body["at"], "interpreter_language": code}
    assert ReplayedCheckIn.model_validate(entry).interpreter_language == USUAL[code]


@pytest.mark.parametrize("code", ["zz", "zxx"])
async def test_no_visit_of_a_desks_software_or_a_device_is_lost_by_a_code_of_no_language(code: str) -> None:
    body = {"visit_id": str(uuid4()), "at": "2026-03-02T08:00:00Z", "interpreter_language": code}
    assert DeskCheckIn.model_validate(body | {"centre": "liege"}).interpreter_language == code
    assert ReplayedCheckIn.model_validate(body | {"seq": 1}).interpreter_language == code


@pytest.mark.parametrize(("code", "name"), [("prs", "dari"), ("ara", "arabe"), ("vgt", "la langue de code vgt")])
def test_a_language_without_a_name_of_its_own_is_shown(code: str, name: str) -> None:
    token = language.set("fr")
    try:
        assert language_name(code) == name
    finally:
        language.reset(token)
