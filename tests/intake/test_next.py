"""The next visitor is called once, also when the button is pressed twice: the desk is asked about whom it called."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock, client_of
from services.intake import domain
from services.intake.actions import visits
from services.intake.app import SERVICE
from services.intake.store.queue import Caller
from tests.givens.intake import COUNSELLOR, open_centres, walks_in

API, DESK = "/intake/api/v1/visits", "/intake/desk/liege"


@pytest.fixture
async def browser(tmp_path: Path, clock: FixedClock) -> AsyncGenerator[Client]:
    async with client_of(SERVICE, tmp_path, person=COUNSELLOR, clock=clock) as client:
        await open_centres(client.store)
        client.headers["accept-language"] = "fr"
        yield client


async def arrive(store: Store, number: int) -> list[UUID]:
    """So many visitors, in order."""
    ids = sorted(uuid4() for _ in range(number))  # the order in which they are called, as the clock stands still
    for id in ids:
        async with store.work() as work:
            await walks_in(work, id)
    return ids


async def press(client: Client, **form: Any) -> str:
    """The button on the page. Returns what the next page says."""
    answer = await client.post(f"{DESK}/call-next", data=form, headers={"accept": "text/html"})
    return client.flash(answer)


async def called(client: Client, **body: Any) -> tuple[int, Any]:
    answer = await client.post(f"{API}/call-next", json={"centre": "liege", "desk": "desk-1"} | body)
    return answer.status_code, answer.json()


async def test_a_button_that_is_pressed_twice_calls_one_and_asks_about_them(browser: Client, clock: FixedClock) -> None:
    first, second, _third = await arrive(browser.store, 3)
    assert "A-001" in await press(browser)
    assert (await press(browser)).startswith("error:Le ticket A-001 est appelé")
    page = (await browser.get(DESK, headers={"accept": "text/html"})).text
    assert f'name="called" value="{first}"' in page
    clock.forward(minutes=1)
    assert "A-002" in await press(browser, called=first)
    assert (await press(browser, called=first)).startswith("error:Le ticket A-002 est appelé")
    assert f'name="called" value="{second}"' in (await browser.get(DESK)).text


async def test_the_api_names_whom_the_desk_has_called(browser: Client) -> None:
    first, second = await arrive(browser.store, 2)
    assert (await called(browser))[1]["id"] == str(first)
    status, problem = await called(browser)
    [fault] = problem["errors"]
    assert (status, fault["rule"], fault["field"], fault["visit_id"]) == (409, "desk-has-called", "called", str(first))
    assert (await called(browser, called=str(first)))[1]["id"] == str(second)


@pytest.mark.parametrize("step", ["serve", "leave"])
async def test_once_the_person_sits_or_is_absent_the_desk_calls_on(browser: Client, step: str) -> None:
    first, second = await arrive(browser.store, 2)
    await called(browser)
    await browser.post(f"{API}/{first}/{step}", json={})
    assert (await called(browser))[1]["id"] == str(second)


async def test_another_desk_and_another_day_are_not_asked(browser: Client, clock: FixedClock) -> None:
    _first, second = await arrive(browser.store, 2)
    await called(browser)
    assert (await called(browser, desk="desk-2"))[1]["id"] == str(second)
    clock.forward(days=1)
    [third] = await arrive(browser.store, 1)
    assert (await called(browser))[1]["id"] == str(third)


async def test_of_two_calls_at_the_same_moment_one_is_asked(store: Store) -> None:
    await arrive(store, 3)

    async def call() -> UUID | None:
        try:
            async with store.work() as work:
                return (await visits.call_next(work, "liege", Caller("desk-1"))).id
        except domain.DeskHasCalled:
            return None

    answers = await asyncio.gather(*(call() for _ in range(4)))
    assert len([one for one in answers if one is not None]) == 1
