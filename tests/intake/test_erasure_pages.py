"""Who erases a person on a page, and what the centre sees before a retention ends."""

from datetime import timedelta
from uuid import UUID, uuid4

from services.chassis.identity.people import Person
from services.chassis.testing import Client, FixedClock
from services.contracts.roles import Role
from services.intake.domain import RETENTION
from services.intake.store import Visitor
from tests.givens.intake import LIEGE_DESK, NAMUR_DESK, OPERATOR

PAGE = {"accept": "text/html", "accept-language": "fr"}
MANAGER = Person(subject="test/manager", name="Région", roles=frozenset({Role.MANAGER}), centres=frozenset({"liege"}))
NAMUR_MANAGER = MANAGER.model_copy(update={"centres": frozenset({"namur"})})
NAME = "Ada Démonstration"


async def registered(client: Client) -> tuple[UUID, UUID]:
    """A person who consented: their visit and their reference."""
    visit = uuid4()
    await client.signed_in(LIEGE_DESK).put(f"/intake/api/v1/visits/{visit}", json={"centre": "liege"})
    given_name, _, family_name = NAME.partition(" ")
    fields = {"given_name": given_name, "family_name": family_name, "purposes": ["plan"]}
    answer = await client.post(f"/intake/api/v1/visits/{visit}/visitor", json=fields)
    return visit, UUID(answer.json()["subject_ref"])


async def known(client: Client, subject_ref: UUID) -> Visitor | None:
    async with client.store.read() as session:
        return await session.get(Visitor, subject_ref)


async def test_a_manager_of_the_centre_erases_a_person(client: Client) -> None:
    visit, subject_ref = await registered(client)
    page = f"/intake/visitors/{subject_ref}/erase"
    assert "Envoyez cette référence à la Région" in (await client.get(f"/intake/visits/{visit}", headers=PAGE)).text
    assert (await client.post(page, headers=PAGE)).status_code == 403
    assert (await client.signed_in(NAMUR_MANAGER).post(page, headers=PAGE)).status_code == 404
    assert await known(client, subject_ref) is not None
    found = await client.signed_in(MANAGER).get(
        "/intake/erasures", params={"subject_ref": f" {subject_ref} "}, headers=PAGE
    )
    assert (found.status_code, found.headers["location"]) == (303, page)
    asked = await client.get(page, headers=PAGE)
    assert "Cité des métiers de Liège" in asked.text
    assert NAME not in asked.text
    done = await client.post(page, headers=PAGE)
    assert (done.status_code, done.headers["location"]) == (303, "/intake/erasures")
    assert client.flash(done).startswith("done:Les données sont effacées ici.")
    assert await known(client, subject_ref) is None
    assert str(subject_ref) not in (await client.get("/intake/erasures", headers=PAGE)).text


async def test_operations_see_which_service_has_not_confirmed(client: Client) -> None:
    _, subject_ref = await registered(client)
    assert (await client.signed_in(OPERATOR).delete(f"/intake/api/v1/visitors/{subject_ref}")).status_code == 204
    shown = await client.get("/intake/erasures", headers=PAGE)
    assert str(subject_ref) in shown.text
    assert "Pas encore confirmé" in shown.text
    (listed,) = (await client.get("/intake/api/v1/erasures", params={"unconfirmed": True})).json()
    assert listed["subject_ref"] == str(subject_ref)
    assert listed["confirmed"] == {"directory": None, "plans": None, "scheduling": None}


async def test_a_reference_that_is_none_is_named_at_its_field(client: Client) -> None:
    answer = await client.signed_in(MANAGER).get(
        "/intake/erasures", params={"subject_ref": "Ada <Lovelace>"}, headers=PAGE
    )
    assert answer.status_code == 422
    assert "Ce n’est pas une référence." in answer.text
    assert 'value="Ada &lt;Lovelace&gt;"' in answer.text


async def test_the_centre_sees_whose_data_will_be_erased_and_keeps_it(client: Client, clock: FixedClock) -> None:
    visit, subject_ref = await registered(client)
    clock.now += RETENTION - timedelta(days=31)
    assert NAME not in (await client.get("/intake/retention", headers=PAGE)).text
    clock.now += timedelta(days=2)
    shown = (await client.get("/intake/retention", headers=PAGE)).text
    assert NAME in shown
    assert f"/intake/visits/{visit}" in shown
    managed = (await client.signed_in(MANAGER).get("/intake/retention", headers=PAGE)).text
    assert NAME not in managed
    assert str(subject_ref) in managed
    assert str(subject_ref) not in (await client.signed_in(NAMUR_DESK).get("/intake/retention", headers=PAGE)).text
    prolong = f"/intake/visitors/{subject_ref}/prolong"
    assert (await client.post(prolong, headers=PAGE)).status_code == 404
    done = await client.signed_in(LIEGE_DESK).post(prolong, headers=PAGE)
    assert (done.status_code, done.headers["location"]) == (303, "/intake/retention")
    assert client.flash(done).startswith("done:Les données sont gardées jusqu’au ")
    assert str(subject_ref) not in (await client.get("/intake/retention", headers=PAGE)).text
