"""Who calls: a browser is asked for its desk, and a visitor is told who is before them at the desk that calls them."""

from services.chassis.testing import Client
from tests.intake.test_queue import API, PAGE, arrives, desk, does, press

__all__ = ["desk"]


async def place_of(desk: Client, visit: str) -> str:
    """The page of the visit's ticket."""
    answer = (await desk.put(f"{API}/{visit}", json={"centre": "liege", "area": "find-job"})).json()
    address = "/intake/t/" + answer["ticket_page"].rpartition("/")[2]
    return (await desk.get(address, headers=PAGE)).text


async def test_who_waits_for_one_counsellor_is_told_who_is_before_them_there(desk: Client) -> None:
    """Those for another desk are not; those for none may be."""
    first, number, second, free, third = [await arrives(desk, "find-job") for _ in range(5)]
    for visit in (first, second, third):
        await does(desk, visit, "transfer", counsellor="nadia")
    await does(desk, number, "transfer", desk="desk-2")
    assert "You are the first one for this counsellor." in await place_of(desk, first)
    assert "1 person is before you for the same counsellor." in await place_of(desk, second)
    assert "You are the first one for this desk." in await place_of(desk, number)
    assert "3 people are before you." in await place_of(desk, third), "two for the same, and one for any desk"
    await does(desk, free, "leave")
    assert "2 people are before you for the same counsellor." in await place_of(desk, third)


async def test_a_desk_is_known_also_when_it_may_not_call_yet(desk: Client) -> None:
    """It has called before, in another browser, a person who is not there yet."""
    await arrives(desk)
    await arrives(desk)
    await desk.post(f"{API}/call-next", json={"centre": "liege", "desk": "desk-2"})
    assert "error:Ticket A-001 has been called" in await press(desk, "desk/liege/call-next", at=2)
    page = (await desk.get("/intake/desk/liege", headers=PAGE)).text
    assert "You are at desk 2" in page
    assert "Call the next person anyway" in page
