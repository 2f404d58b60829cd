"""The pages on which a desk merges two registrations of a person, and separates them again."""

from html import unescape
from uuid import UUID, uuid4

import pytest

from services.chassis.identity.people import visitor
from services.chassis.testing import Client, FixedClock
from services.contracts.roles import Role
from services.intake.actions import consent
from services.intake.store import Visitor
from tests.givens.intake import COUNSELLOR, LIEGE_DESK, NAMUR_DESK
from tests.intake.test_persons import AMELIE, PAGE, accesses, registered

Two = tuple[UUID, UUID]


@pytest.fixture
async def two(client: Client) -> Two:
    """The same person at Liège, registered twice: the older one first."""
    client.headers.update(PAGE)
    older = await registered(client.store, *AMELIE, contact="amelie@example.org")
    newer = await registered(client.store, "Amelie", "Leonard", contact="0470 12 34 56", distinct_from=[older])
    return older, newer


async def text(client: Client, page: str) -> str:
    answer = await client.get(page)
    assert answer.status_code == 200, page
    return unescape(answer.text)


async def test_look_alikes_are_listed_and_others_are_searched(client: Client, two: Two) -> None:
    older, newer = two
    hugo = await registered(client.store, "Hugo", "Lefèvre")
    page = f"/intake/people/{older}"
    assert f'href="{page}/merge"' in await text(client, page)
    listed = await text(client, f"{page}/merge")
    assert (f"{page}/merge/{newer}" in listed, f"{page}/merge/{hugo}" in listed) == (True, False)
    assert f"{page}/merge/{older}" not in listed, "not the person themselves"
    found = unescape((await client.post(f"{page}/merge/search", data={"name": "lefevre"})).text)
    assert f"{page}/merge/{hugo}" in found
    assert (await client.post(f"{page}/merge/search", data={"name": "a"})).status_code == 422


async def test_both_are_seen_side_by_side_merged_once_and_lead_to_the_kept_one(client: Client, two: Two) -> None:
    older, newer = two
    page = f"/intake/people/{older}/merge/{newer}"
    seen = await text(client, page)
    for part in ("amelie@example.org", "0470 12 34 56", str(older), str(newer), "Quel enregistrement est gardé"):
        assert part in seen, part
    for _ in range(2):
        answer = await client.post(page, data={"kept": str(newer)})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/intake/people/{newer}")
    assert (await client.get(page)).headers["location"] == f"/intake/people/{older}"
    assert (await client.get(f"/intake/people/{older}")).headers["location"] == f"/intake/people/{newer}"
    whole = await text(client, f"/intake/people/{newer}")
    assert whole.count("/intake/visits/") == 2, "the visits of both"
    for part in ("Aussi enregistrée comme", "amelie@example.org", f"/intake/people/{older}/withdrawals"):
        assert part in whole, part
    refused = await client.post(f"/intake/people/{newer}/merge/{older}", data={"kept": str(older)})
    assert (refused.status_code, "déjà une seule personne" in unescape(refused.text)) == (422, True)
    assert [how for *_, how, _ in await accesses(client.store) if how == "merged"] == ["merged"] * 2

    for _ in range(2):
        answer = await client.post(f"/intake/people/{newer}/separate", data={"alias": str(older)})
        assert client.flash(answer) == "done:Les enregistrements sont de nouveau séparés."
    for ref in two:
        assert (await text(client, f"/intake/people/{ref}")).count("/intake/visits/") == 1


async def test_what_cannot_be_merged_is_refused_on_its_page(client: Client, two: Two) -> None:
    older, newer = two
    there = await registered(client.store, "Nadia", "Claes", centre="namur", contact="nadia@example.org")
    for other in (there, uuid4()):
        assert (await client.get(f"/intake/people/{older}/merge/{other}")).status_code == 404
        assert (
            await client.post(f"/intake/people/{older}/merge/{other}", data={"kept": str(older)})
        ).status_code == 404
    for kept in (uuid4(), "", "x"):
        refused = await client.post(f"/intake/people/{older}/merge/{newer}", data={"kept": str(kept)})
        assert refused.status_code == 422, kept
    client.signed_in(NAMUR_DESK)
    for path in ("merge", f"merge/{newer}"):
        assert (await client.get(f"/intake/people/{older}/{path}")).status_code == 404
    assert (await client.post(f"/intake/people/{older}/separate", data={"alias": str(older)})).status_code == 404


async def test_each_centre_sees_its_own_registration_of_a_person_merged_over_two(client: Client, two: Two) -> None:
    older, _ = two
    there = await registered(client.store, "Amélie", "Dupré", centre="namur", contact="secret@example.org")
    typed = {"name": "secret@example.org"}
    assert f"/merge/{there}" not in (await client.post(f"/intake/people/{older}/merge/search", data=typed)).text
    client.signed_in(LIEGE_DESK.model_copy(update={"centres": LIEGE_DESK.centres | NAMUR_DESK.centres}))
    assert f"/merge/{there}" in (await client.post(f"/intake/people/{older}/merge/search", data=typed)).text
    assert "secret@example.org" in await text(client, f"/intake/people/{older}/merge/{there}")
    await client.post(f"/intake/people/{older}/merge/{there}", data={"kept": str(there)})
    client.signed_in(LIEGE_DESK)
    seen = await text(client, f"/intake/people/{there}")
    assert ("amelie@example.org" in seen, "secret@example.org" in seen) == (True, False)
    assert f"/intake/people/{there}/withdrawals" not in seen, "its consents stay with its centre"
    client.signed_in(NAMUR_DESK)
    seen = await text(client, f"/intake/people/{there}")
    assert ("amelie@example.org" in seen, "secret@example.org" in seen) == (False, True)
    client.signed_in(LIEGE_DESK)
    assert (await client.post(f"/intake/people/{older}/separate", data={"alias": str(older)})).status_code == 303
    assert (await client.get(f"/intake/people/{there}")).status_code == 404


async def test_a_visitor_sees_and_withdraws_what_is_in_force_under_either(client: Client, two: Two) -> None:
    older, newer = two
    async with client.store.work() as work:
        await consent.give_consent(work, older, ["reminders"], "test")
    await client.post(f"/intake/people/{older}/merge/{newer}", data={"kept": str(newer)})
    client.signed_in(visitor(newer, frozenset({older})))
    mine = await text(client, "/intake/mine")
    assert 'value="reminders"' in mine
    data = await text(client, "/intake/mine/data")
    assert ("amelie@example.org" in data, "0470 12 34 56" in data) == (True, True)
    assert "D’un autre enregistrement" in data
    await client.post("/intake/mine/withdrawals", data={"purpose": "reminders"})
    async with client.store.read() as session:
        assert [one.purpose for one in await consent.consents_in_force(session, older)] == ["plan"]


async def test_the_api_names_the_kept_reference_and_every_rule(client: Client, two: Two) -> None:
    older, newer = two
    client.headers["accept"] = "application/json"
    api = "/intake/api/v1/visitors"
    client.signed_in(COUNSELLOR)
    assert (await client.get(f"{api}/{older}")).json() == {"subject_ref": str(older), "aliases": []}
    merged = {"subject_ref": str(newer), "aliases": [str(older)]}
    for _ in range(2):
        answer = await client.post(f"{api}/{older}/merge", json={"kept": str(newer)})
        assert (answer.status_code, answer.json()) == (200, merged)
    assert [(await client.get(f"{api}/{ref}")).json() for ref in two] == [merged] * 2
    for alias, kept, slug in ((older, older, "same-registration"), (newer, older, "already-one-person")):
        refused = await client.post(f"{api}/{alias}/merge", json={"kept": str(kept)})
        assert (refused.status_code, slug in refused.text) == (409, True), slug
    answer = await client.post(f"{api}/{older}/separate")
    assert answer.json() == {"subject_ref": str(older), "aliases": []}


async def test_the_page_of_an_erasure_says_what_else_goes(client: Client, two: Two) -> None:
    older, newer = two
    await client.post(f"/intake/people/{older}/merge/{newer}", data={"kept": str(newer)})
    client.signed_in(LIEGE_DESK.model_copy(update={"roles": frozenset({Role.MANAGER})}))
    for ref, other in ((older, newer), (newer, older)):
        asked = await text(client, f"/intake/visitors/{ref}/erase")
        assert f"<code>{other}</code>" in asked
        assert "enregistrée plusieurs fois" in asked
    assert (await client.post(f"/intake/visitors/{older}/erase", data={})).status_code == 303
    for ref in two:
        assert (await client.get(f"/intake/visitors/{ref}/erase")).status_code == 404


async def test_the_contact_of_an_alias_is_seen_and_corrected_on_the_page_of_the_person(
    client: Client, two: Two, clock: FixedClock
) -> None:
    older, newer = two
    await client.post(f"/intake/people/{older}/merge/{newer}", data={"kept": str(newer)})
    async with client.store.work() as work:
        (await work.load(Visitor, older)).contact_refused_at = clock()
    page, refused = f"/intake/people/{newer}", "Les messages à cette adresse e-mail sont refusés"
    seen = await text(client, page)
    assert (seen.count(refused), seen.count(f'action="/intake/people/{older}"')) == (1, 1)
    wrong = await client.post(f"/intake/people/{older}", data={"contact": "wrong@", "language": "fr"})
    shown = unescape(wrong.text)
    assert (wrong.status_code, shown.count('value="wrong@"')) == (422, 1)
    assert f'href="#{older}-contact"' in shown, "the error leads to the field of this registration"
    assert 'value="0470 12 34 56"' in shown, "the other one stays as it is"
    changed = await client.post(f"/intake/people/{older}", data={"contact": "new@example.org", "language": "nl"})
    assert client.flash(changed).startswith("done:")
    seen = await text(client, page)
    assert (refused in seen, seen.count('value="new@example.org"')) == (False, 1)
    async with client.store.read() as session:
        contacts = [(await session.get_one(Visitor, ref)).contact for ref in two]
    assert contacts == ["new@example.org", "0470 12 34 56"]
