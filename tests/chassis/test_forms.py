"""A page's form: what it does is done whole or not at all, and what was typed is never lost."""

from html import unescape
from typing import Any

import pytest

from services.chassis.testing import Client
from tests.chassis.conftest import DESK

NOTES = "/sample/api/v1/notes"
PAGE = {"accept": "text/html", "accept-language": "en"}


async def send(client: Client, **form: Any) -> tuple[int, str]:
    answer = await client.signed_in(DESK).post("/sample/two-notes", data=form, headers=PAGE)
    return answer.status_code, unescape(answer.text)


async def kept(client: Client) -> list[str]:
    return (await client.get(NOTES)).json()


async def test_a_form_does_all_that_it_asks(client: Client) -> None:
    assert (await send(client, first="one", second="two"))[0] == 303
    assert await kept(client) == ["one", "two"]


@pytest.mark.parametrize("second", ["no", "gone friend"])
async def test_a_refusal_after_a_first_change_leaves_the_store_as_it_was(client: Client, second: str) -> None:
    status, shown = await send(client, first="one", second=second)
    assert status == 422
    assert "{'second': 'There is no " in shown
    assert f"'second': '{second}'" in shown
    assert await kept(client) == []


async def test_what_only_the_store_finds_is_said_at_its_field_too(client: Client) -> None:
    assert (await send(client, first="one", second="two"))[0] == 303
    status, shown = await send(client, first="three", second="two")
    assert status == 422
    assert "{'second': 'There is no two" in shown
    assert await kept(client) == ["one", "two"]


@pytest.mark.parametrize(("second", "expected"), [("for others", 403), ("gone", 404)])
async def test_what_is_no_matter_of_a_field_is_a_page_of_its_own(client: Client, second: str, expected: int) -> None:
    status, _ = await send(client, first="one", second=second)
    assert status == expected
    assert await kept(client) == []


async def test_what_cannot_be_read_is_said_by_field_and_kept_as_typed(client: Client) -> None:
    status, shown = await send(client, first="  ", second="two\r\nlines " + "x" * 20, tags=["a", "b", "c"], other="?")
    assert status == 422
    for told in (
        "'first': 'This field is required.'",
        "'second': 'This is longer than 20 characters.'",
        "'tags': 'This has more than 2 entries.'",
        "'other': 'This field is not known.'",
    ):
        assert told in shown
    typed = {"first": "  ", "second": "two\nlines " + "x" * 20, "tags": ["a", "b", "c"]}
    assert f">{typed}<" in shown
    assert await kept(client) == []
