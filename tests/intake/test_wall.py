"""The display in the waiting room: everyone who waits finds their ticket, and a closed day invites nobody."""

from services.chassis.testing import Client
from tests.intake.test_queue import PAGE, arrives, does, next_at

WALL = "/intake/waiting-room/liege"


async def wall_of(desk: Client) -> str:
    return (await desk.get(WALL, headers=PAGE)).text


async def test_everyone_who_waits_is_on_the_wall(client: Client) -> None:
    for _ in range(40):
        await arrives(client)
    shown = await wall_of(client)
    assert [one for one in range(1, 41) if f">A-{one:03}<" not in shown] == []


async def test_a_day_that_the_team_closed_invites_nobody_until_someone_comes(client: Client) -> None:
    assert "You will be seen right away" in await wall_of(client)
    await arrives(client)
    await client.post("/intake/desk/liege/close-today", headers=PAGE)
    shown = await wall_of(client)
    assert "The front desk is closed for today." in shown
    assert "You will be seen right away" not in shown
    late = await arrives(client)
    assert "closed for today" not in await wall_of(client)
    await next_at(client)
    await does(client, late, "finish")
    assert "You will be seen right away" in await wall_of(client)
    client.store.clock.forward(hours=24)  # type: ignore[attr-defined]
    assert "You will be seen right away" in await wall_of(client)


async def test_a_visit_was_closed_afterwards_only_on_a_later_day(client: Client) -> None:
    visit = await arrives(client)
    await client.post("/intake/desk/liege/close-today", headers=PAGE)
    page = (await client.get(f"/intake/visits/{visit}", headers=PAGE)).text
    assert "Closed at the end of the day" in page
    assert "Closed afterwards" not in page
    forgotten = await arrives(client)
    client.store.clock.forward(hours=24)  # type: ignore[attr-defined]
    await client.post("/intake/desk/liege/close-earlier", headers=PAGE)
    assert "Closed afterwards" in (await client.get(f"/intake/visits/{forgotten}", headers=PAGE)).text


async def test_closing_the_day_asks_with_the_numbers_and_the_words_of_the_day(client: Client) -> None:
    called = await arrives(client)
    for _ in range(2):
        await arrives(client)
    await does(client, called, "call", desk="desk-1")
    page = (await client.get("/intake/desk/liege", headers=PAGE)).text
    assert "2 people are waiting. 1 person is called or at a desk." in page
    assert "neither among the received nor among those who left" in page


async def test_the_wall_opens_in_the_languages_that_a_form_chooses(client: Client) -> None:
    """The desk's page and the day's have the form. The language of the browser's other pages stays."""
    for page in ("/intake/desk/liege", "/intake/day/liege"):
        shown = (await client.get(page, headers=PAGE)).text
        form = shown[shown.index('id="wall-choice"') :].split("</details>")[0]
        assert f'action="{WALL}"' in form
        assert form.count('name="languages"') == 4
    answer = await client.get(f"{WALL}?languages=de&languages=nl", headers=PAGE)
    assert (answer.text.index('<div class="wall-turn" lang="de">') < answer.text.index('lang="nl" hidden')) is True
    assert "lang=de,nl" in answer.text, "its stream has them too"
    assert not any("lang=" in cookie for cookie in answer.headers.get_list("set-cookie"))
    assert (await client.get(f"{WALL}?lang=de,nl", headers=PAGE)).text.count('class="wall-turn"') == 2
    for nothing in ("languages=xx", "languages="):
        assert (await client.get(f"{WALL}?{nothing}", headers=PAGE)).text.count('class="wall-turn"') == 1
