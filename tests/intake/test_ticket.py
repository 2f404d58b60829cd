"""A ticket's own page says where one is in the queue, to who has its address, and to nobody after midnight."""

from uuid import UUID, uuid4

import pytest

from services.chassis.identity.tokens import Signer
from services.chassis.testing import Client, FixedClock
from tests.intake.test_queue import API, does, next_at

PAGE = {"accept": "text/html", "accept-language": "en"}


async def page_of(desk: Client, visit: str) -> str:
    """The address of the page, which every check-in answers, also when it is sent again."""
    answer = (await desk.put(f"{API}/{visit}", json={"centre": "liege"})).json()
    assert answer["ticket_page"].startswith("http")
    return "/intake/t/" + answer["ticket_page"].rpartition("/")[2]


async def text_of(desk: Client, page: str) -> str:
    answer = await desk.get(page, headers=PAGE)
    assert answer.status_code == 200
    return answer.text


async def test_the_page_says_how_many_are_before_and_where_to_go(client: Client, clock: FixedClock) -> None:
    visits = [str(uuid4()) for _ in range(3)]
    pages: list[str] = []
    for visit in visits:
        pages.append(await page_of(client, visit))
        clock.forward(minutes=1)
    assert len(set(pages)) == 3
    assert "2 people are before you." in await text_of(client, pages[2])
    await does(client, visits[1], "hold")
    assert "You are on hold" in await text_of(client, pages[1])
    assert "1 person is before you." in await text_of(client, pages[2])
    await next_at(client)
    assert "You are next." in await text_of(client, pages[2])
    assert "You are at the desk." in await text_of(client, pages[0])
    await does(client, visits[2], "call", desk="desk-4")
    assert "It is your turn. Go to: Desk 4." in await text_of(client, pages[2])
    await does(client, visits[2], "leave")
    assert "Your turn has passed." in await text_of(client, pages[2])


async def test_nobody_needs_to_sign_in_and_nothing_says_who_it_is(client: Client) -> None:
    visit = str(uuid4())
    page = await page_of(client, visit)
    sheet = await client.get(f"/intake/visits/{visit}/ticket", headers=PAGE)
    assert page in sheet.text
    client.signed_in(None)
    shown = await text_of(client, page)
    assert visit not in shown
    assert (await client.get(f"/intake/visits/{visit}/ticket", headers=PAGE)).status_code in (303, 401)


async def test_the_address_dies_at_midnight_and_cannot_be_guessed(client: Client, clock: FixedClock) -> None:
    visit = str(uuid4())
    page = await page_of(client, visit)
    for wrong in (f"/intake/t/{visit}", page[:-1], page + "A", page[:-3] + "AAA", "/intake/t/" + "é" * 22):
        assert (await client.get(wrong, headers=PAGE)).status_code == 404
    clock.forward(hours=15)  # it is midnight in Brussels
    assert (await client.get(page, headers=PAGE)).status_code == 404
    assert (await client.get(f"{page}/stream")).status_code == 404


@pytest.mark.parametrize("id", [UUID(int=0), uuid4()])
def test_a_disguised_id_is_read_back_by_its_key_and_by_the_one_before(id: UUID) -> None:
    old, new = "an old key of more than 32 bytes!", "the new key, of more than 32 bytes"
    before, after, later = Signer(old, 1), Signer(new, 1, old), Signer(new, 1)
    text = before.disguise("ticket", id)
    assert len(text) == 22
    assert text != before.disguise("link", id)
    assert id in after.undisguise("ticket", text)
    assert id not in later.undisguise("ticket", text)
    assert after.undisguise("ticket", after.disguise("ticket", id))[0] == id
