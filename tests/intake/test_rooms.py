"""The desk's list of expected visitors names rooms as their centre does."""

from html import unescape
from uuid import UUID, uuid4

from services.chassis.storage.store import Store
from services.chassis.testing import Client
from services.contracts.rooms import RoomPublished
from services.intake.reactions import reactions
from tests.givens.appointments import booked, expects, registered, workshop_with
from tests.givens.events import react_to
from tests.givens.intake import MONDAY

PAGE = {"accept": "text/html", "accept-language": "fr"}


async def names(store: Store, id: UUID, name: str, centre: str = "liege", code: str = "salle-1") -> None:
    room = RoomPublished(room_id=id, centre=centre, code=code, name=name, active=True, at=MONDAY)
    await react_to(store, reactions, [room])


async def test_the_desk_sees_the_name_of_a_room_and_a_new_one_at_once(client: Client) -> None:
    store, room = client.store, uuid4()
    person = await registered(store)
    await expects(store, booked(person).model_copy(update={"room": "salle-1"}), booked(person))
    await names(store, uuid4(), "Salle de Namur", "namur")
    await names(store, uuid4(), "Salle verte", code="salle-2")
    for name in (None, "Salle <bleue>", "Salle rouge"):
        if name is not None:
            await names(store, room, name)
        page = unescape((await client.get("/intake/desk/liege/appointments", headers=PAGE)).text)
        assert page.count(f"<bdi>{name or 'salle-1'}</bdi>") == 1
        assert "Salle verte" not in page
        assert ("salle-1" in page) is (name is None)


async def test_a_workshop_has_the_name_of_its_room_too(client: Client) -> None:
    await workshop_with(client.store, await registered(client.store), room="salle-1")
    await names(client.store, uuid4(), "Salle rouge")
    assert "<bdi>Salle rouge</bdi>" in (await client.get("/intake/desk/liege/appointments", headers=PAGE)).text
    (listed,) = (await client.get("/intake/api/v1/appointments", params={"centre": "liege"})).json()
    assert listed["room"] == "salle-1", "the code, by which scheduling finds it"
