"""For which languages the desk notes that an interpreter is needed."""

import re
from html import unescape
from uuid import uuid4

import pytest

from services.chassis.testing import Client
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
