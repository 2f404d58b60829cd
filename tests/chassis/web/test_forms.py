"""Forms: all of their changes or none, and a refused form keeps what was typed."""

from html import unescape
from typing import Any

import pytest

from services.chassis.testing import Client
from tests.chassis.conftest import DESK
from tests.chassis.sample_service import stored_notes

PAGE = {"accept": "text/html", "accept-language": "en"}


async def send(client: Client, **form: Any) -> tuple[int, str]:
    answer = await client.signed_in(DESK).post("/sample/two-notes", data=form, headers=PAGE)
    return answer.status_code, unescape(answer.text)


async def test_a_form_commits_all_its_changes(client: Client) -> None:
    assert (await send(client, first="one", second="two"))[0] == 303
    assert await stored_notes(client) == ["one", "two"]


@pytest.mark.parametrize("second", ["no", "gone friend"])
async def test_a_refusal_after_a_first_change_leaves_the_store_as_it_was(client: Client, second: str) -> None:
    status, shown = await send(client, first="one", second=second)
    assert status == 422
    assert "{'second': 'Not found: " in shown
    assert f"'second': '{second}'" in shown
    assert await stored_notes(client) == []


async def test_a_violated_constraint_is_shown_at_its_field_too(client: Client) -> None:
    assert (await send(client, first="one", second="two"))[0] == 303
    status, shown = await send(client, first="three", second="two")
    assert status == 422
    assert "{'second': 'Not found: two" in shown
    assert await stored_notes(client) == ["one", "two"]


@pytest.mark.parametrize(("second", "expected"), [("for others", 403), ("gone", 404)])
async def test_a_refusal_without_a_field_is_a_page_of_its_own(client: Client, second: str, expected: int) -> None:
    status, _ = await send(client, first="one", second=second)
    assert status == expected
    assert await stored_notes(client) == []


async def test_invalid_fields_are_named_and_kept_as_typed(client: Client) -> None:
    status, shown = await send(client, first="  ", second="two\r\nlines " + "x" * 20, tags=["a", "b", "c"], other="?")
    assert status == 422
    for expected in (
        "'first': 'Fill in this field.'",
        "'second': 'Shorten the text. Maximum number of characters: 20.'",
        "'tags': 'Too many entries. Keep at most 2.'",
        "'other': 'There is no such field here. Remove it, or reload the page.'",
    ):
        assert expected in shown
    typed = {"first": "  ", "second": "two\nlines " + "x" * 20, "tags": ["a", "b", "c"]}
    assert f">{typed}<" in shown
    assert await stored_notes(client) == []


async def test_a_field_that_is_no_list_is_there_once(client: Client) -> None:
    status, shown = await send(client, first=["one", "two"], second="three", tags=["a", "b"])
    assert (status, "{'first': 'This field is there twice. Remove one of the two.'}" in shown) == (422, True)
    assert await stored_notes(client) == []
    assert (await send(client, first="one", second="two", tags=["a", "a"]))[0] == 303


async def test_a_form_of_choices_has_no_field_twice_either(client: Client) -> None:
    twice = {"account": ["welcome", "manager"], "next": "/sample/"}
    answer = await client.post("/sign-in", data=twice)
    assert (answer.status_code, answer.json()["errors"][0]["rule"]) == (422, "repeated-field")
    assert not client.cookies
