"""Who calls: a browser is asked for its desk, and a visitor is told who is before them at the desk that calls them."""

from services.chassis.testing import Client
from tests.intake.test_queue import API, PAGE, arrives, desk, does, press

__all__ = ["desk"]


async def test_who_waits_for_one_counsellor_is_told_who_is_before_them_there(desk: Client) -> None:
    """The others are called by every desk, which this visitor is not."""
    *_others, first, second, number = [await arrives(desk, "find-job") for _ in range(7)]
    for visit in (first, second):
        await does(desk, visit, "transfer", counsellor="nadia")
    await does(desk, number, "transfer", desk="desk-2")
    pages: dict[str, str] = {}
    for visit in (first, second, number):
        answer = (await desk.put(f"{API}/{visit}", json={"centre": "liege", "area": "find-job"})).json()
        address = "/intake/t/" + answer["ticket_page"].rpartition("/")[2]
        pages[visit] = (await desk.get(address, headers=PAGE)).text
    assert "You are the first one for this counsellor." in pages[first]
    assert "1 person is before you for the same counsellor." in pages[second]
    assert "You are the first one for this desk." in pages[number]


async def test_a_desk_is_known_also_when_it_may_not_call_yet(desk: Client) -> None:
    """It has called before, in another browser, a person who is not there yet."""
    await arrives(desk)
    await arrives(desk)
    await desk.post(f"{API}/call-next", json={"centre": "liege", "desk": "desk-2"})
    assert "error:Ticket A-001 has been called" in await press(desk, "desk/liege/call-next", at=2)
    page = (await desk.get("/intake/desk/liege", headers=PAGE)).text
    assert "You are at desk 2" in page
    assert "Call the next person anyway" in page
