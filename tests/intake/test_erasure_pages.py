"""Who erases a person on a page, and what the centre sees before a retention ends."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from services.chassis.identity.people import Person
from services.chassis.testing import Client, FixedClock
from services.contracts.roles import Role
from services.intake.domain import RETENTION
from services.intake.pages.retention import SHOWN
from services.intake.store import Visit, Visitor
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


async def test_the_region_erases_whom_intake_does_not_know_and_knows_that_it_does(client: Client) -> None:
    visit, _ = await registered(client)
    stranger = uuid4()
    page, api = f"/intake/visitors/{stranger}/erase", f"/intake/api/v1/visitors/{stranger}"
    for whose in (MANAGER, LIEGE_DESK):
        client.signed_in(whose)
        assert (await client.get(page, headers=PAGE)).status_code in (403, 404)
        assert (await client.delete(api, params={"unknown": "true"})).status_code in (403, 404)
    client.signed_in(OPERATOR)
    refused = await client.delete(api)
    assert (refused.status_code, refused.json()["type"]) == (404, "/problems/person-unknown")
    of_visit = await client.delete(f"/intake/api/v1/visitors/{visit}", params={"unknown": "true"})
    assert (of_visit.status_code, of_visit.json()["type"]) == (409, "/problems/visit-not-person")
    shown = await client.get(page, headers=PAGE)
    assert "Aucune personne enregistrée ici n’a cette référence." in shown.text
    assert (await client.post(page, headers=PAGE)).status_code == 404
    assert (await client.get("/intake/api/v1/erasures")).json() == []
    done = await client.post(page, data={"unknown": "true"}, headers=PAGE)
    assert client.flash(done).startswith("done:Aucune personne enregistrée ici")
    (listed,) = (await client.get("/intake/api/v1/erasures")).json()
    assert (listed["subject_ref"], set(listed["found"].values())) == (str(stranger), {None})
    again = await client.delete(api, params={"unknown": "true"})
    assert (again.status_code, again.json()["type"]) == (409, "/problems/already-erased")


async def test_a_reference_that_is_none_is_named_at_its_field(client: Client) -> None:
    answer = await client.signed_in(MANAGER).get(
        "/intake/erasures", params={"subject_ref": "Ada <Lovelace>"}, headers=PAGE
    )
    assert answer.status_code == 422
    assert "Ce n’est pas une référence." in answer.text
    assert 'value="Ada &lt;Lovelace&gt;"' in answer.text


async def test_the_list_goes_on_behind_a_page_and_names_the_last_visit(client: Client, clock: FixedClock) -> None:
    first, subject_ref = await registered(client)
    async with client.store.work() as work:
        before = await work.session.get_one(Visit, first)
        last = uuid4()
        later: dict[str, Any] = before.model_dump() | {"id": last, "ticket": "S-002"}
        later["checked_in_at"] += timedelta(minutes=1)
        work.session.add(Visit(**later))
        person: dict[str, Any] = (await work.session.get_one(Visitor, subject_ref)).model_dump()
        for _ in range(SHOWN):
            person["id"] = uuid4()
            work.session.add(Visitor(**person))
    clock.now += RETENTION - timedelta(days=29)
    shown = (await client.get("/intake/retention", headers=PAGE)).text
    [following] = re.findall(r'href="(\?after=[^"]+)"', shown)
    behind = (await client.get(f"/intake/retention{following}", headers=PAGE)).text
    people = [re.findall(r'id="person-([^"]+)"', text) for text in (shown, behind)]
    assert [len(page) for page in people] == [SHOWN, 1]
    assert len({*people[0], *people[1]}) == SHOWN + 1
    assert 'href="?after=' not in behind
    assert f"/intake/visits/{last}" in shown + behind
    assert f"/intake/visits/{first}" not in shown + behind


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
    done = await client.signed_in(LIEGE_DESK).post(prolong, data={"by_representative": "true"}, headers=PAGE)
    assert (done.status_code, done.headers["location"]) == (303, "/intake/retention")
    assert client.flash(done).startswith("done:Les données sont gardées jusqu’au ")
    assert str(subject_ref) not in (await client.get("/intake/retention", headers=PAGE)).text
    assert "Donné par un parent ou un représentant" in (await client.get(f"/intake/visits/{visit}", headers=PAGE)).text
