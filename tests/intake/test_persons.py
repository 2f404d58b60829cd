"""A person is found, recorded for a visit, and not registered twice; other centres' persons only for a reason."""

from collections.abc import Collection
from html import unescape
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlmodel import col

from services.chassis.refusals import NotFound, Stale
from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.contracts.intake import VisitIdentified
from services.contracts.persons import VisitAnonymised
from services.intake import domain
from services.intake.actions import consent, erasure, people
from services.intake.actions.accesses import prune_accesses
from services.intake.actions.searching import search, search_elsewhere
from services.intake.domain.accesses import NoReason, NotExact, Reason
from services.intake.domain.contacts import WrongContact
from services.intake.domain.names import LooksLikeKnown, NameTooShort
from services.intake.store import PersonAccess, PersonKey, Visit, Visitor
from services.intake.store.names import RESEMBLING, people_like
from tests.givens.events import emitted_events
from tests.givens.intake import LIEGE_DESK, NAMUR_DESK, walks_in

PAGE = {"accept": "text/html", "accept-language": "fr"}
AMELIE = ("Amélie", "Dupré-Léonard")


async def comes(store: Store, centre: str = "liege") -> UUID:
    visit = uuid4()
    async with store.work() as work:
        await walks_in(work, visit, centre=centre)
    return visit


async def registered(
    store: Store,
    given_name: str,
    family_name: str,
    *,
    centre: str = "liege",
    contact: str | None = None,
    distinct_from: Collection[UUID] = (),
) -> UUID:
    visit = await comes(store, centre)
    async with store.work() as work:
        visitor = await people.register_visitor(
            work,
            visit,
            given_name=given_name,
            family_name=family_name,
            contact=contact,
            language="fr",
            purposes=["plan"],
            recorded_by="test",
            distinct_from=distinct_from,
        )
    return visitor.id


async def found(store: Store, text: str, centre: str = "liege") -> list[UUID]:
    async with store.read() as session:
        return [one.id for one in await search(session, {centre}, text, 10)]


async def accesses(store: Store) -> list[tuple[UUID, str, str, str | None]]:
    async with store.read() as session:
        rows = await session.scalars(sa.select(PersonAccess).order_by(col(PersonAccess.at), col(PersonAccess.id)))
        return [(one.subject_ref, one.person, one.how, one.reason) for one in rows]


async def test_a_name_is_found_by_words_in_any_order_without_accents_and_by_its_sound(store: Store) -> None:
    amelie = await registered(store, *AMELIE, contact="0470 12 34 56")
    hugo, zoe = await registered(store, "Hugo", "Lefèvre"), await registered(store, "Zoé", "Lefebvre")
    jan = await registered(store, "Jan", "Van den Berghe")
    nadia = await registered(store, "Nadia", "Dupret", centre="namur")
    for text in ("leonard amelie", "DUPRÉ-LÉONARD", "amé léo", "Dupret Lenard", "+32 470/12.34.56", str(amelie)):
        assert await found(store, text) == [amelie], text
    assert await found(store, "lefevre") == [hugo, zoe], "as it is written first, then as it sounds"
    assert await found(store, "LEFEBVR") == [zoe, hugo]
    assert await found(store, "Vandenberghe") == await found(store, "berghe jan") == [jan]
    assert await found(store, "Émilie Dupré") == []
    async with store.read() as session:
        over_all = await search(session, {"liege", "namur"}, "dupret", 2)
    assert [one.id for one in over_all] == [nadia, amelie], "as it is written first, over all centres"
    assert await found(store, str(amelie), "namur") == await found(store, "0470123456", "namur") == []
    with pytest.raises(NameTooShort):
        await found(store, "d")
    async with store.work() as work:
        await consent.withdraw_consent(work, amelie, ["plan"], "test")
    assert await found(store, "dupre") == []
    assert await found(store, "0470 12 34 56") == await found(store, str(amelie)) == []


@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        ("Vandenberghe", "Van den Berghe"),
        ("Van den Berghe", "van denberghe"),
        ("Desmet", "De Smet"),
        ("Benali", "sofie ben ali"),
        ("Dhondt", "D'Hondt"),
        ("D'Hondt", "Dhont sofie"),
    ],
)
async def test_a_surname_is_found_in_however_many_words_it_is_written(store: Store, stored: str, typed: str) -> None:
    sofie = await registered(store, "Sofie", stored)
    assert await found(store, typed) == [sofie]


async def test_a_look_alike_is_not_lost_among_common_names(store: Store, clock: FixedClock) -> None:
    amrani = await registered(store, "Mohamed", "El Amrani", contact="amrani@example.org")
    clock.forward(minutes=1)
    for n in range(RESEMBLING):
        await registered(store, "Mohamed", f"El {n}")
    async with store.read() as session:
        for family, contact in (("El Amrani", None), ("Lambert", "amrani@example.org")):
            assert [one.id for one in await people_like(session, "liege", "Mohamed", family, contact)] == [amrani]


async def test_a_look_alike_is_asked_about_and_registered_only_as_another_person(store: Store) -> None:
    amelie = await registered(store, *AMELIE, contact="amelie@example.org")
    for name in (("Amelie", "Dupre Leonard"), ("Amélie", "Dupret"), ("Leonard", "Amélie Dupré")):
        with pytest.raises(LooksLikeKnown) as refused:
            await registered(store, *name)
        assert refused.value.values == {"people": [str(amelie)]}
    with pytest.raises(LooksLikeKnown):
        await registered(store, "Amélie", "Lambert", contact="AMELIE@example.org")
    with pytest.raises(WrongContact):
        await registered(store, "Hugo", "Lambert", contact="demain")
    for name, contact in ((("Hugo", "Dupré"), "amelie@example.org"), (("Amélie", "Lambert"), None)):
        await registered(store, *name, contact=contact)
    await registered(store, *AMELIE, centre="namur")
    second = await registered(store, "Amelie", "Dupre Leonard", distinct_from=[amelie])
    assert sorted(await found(store, "amelie dupre")) == sorted([second, amelie])


async def test_a_visit_is_recorded_once_as_a_persons_and_taken_back(store: Store) -> None:
    amelie, hugo = await registered(store, *AMELIE), await registered(store, "Hugo", "Lambert")
    visit = await comes(store)
    for _ in range(2):
        async with store.work() as work:
            await people.identify_visitor(work, visit, amelie, LIEGE_DESK)
    with pytest.raises(domain.AlreadyKnown):
        async with store.work() as work:
            await people.identify_visitor(work, visit, hugo, LIEGE_DESK)
    with pytest.raises(Stale):
        async with store.work() as work:
            await people.anonymise_visit(work, visit, hugo, LIEGE_DESK)
    for _ in range(2):
        async with store.work() as work:
            assert (await people.anonymise_visit(work, visit, amelie, LIEGE_DESK)).subject_ref is None
    assert [one.subject_ref for one in await emitted_events(store, VisitIdentified)][2:] == [amelie]
    assert [one.visit_id for one in await emitted_events(store, VisitAnonymised)] == [visit]
    logged = sorted((who, how) for _, who, how, _ in await accesses(store))
    assert logged == [(LIEGE_DESK.subject, "visit"), (LIEGE_DESK.subject, "visit-undone")]
    async with store.work() as work:
        row = await work.load(Visit, (await people.identify_visitor(work, visit, hugo, LIEGE_DESK)).id)
        row.interview_id = uuid4()
    with pytest.raises(domain.InterviewBegun):
        async with store.work() as work:
            await people.anonymise_visit(work, visit, hugo, LIEGE_DESK)


async def test_nothing_is_changed_of_who_withdrew_every_consent(store: Store) -> None:
    amelie, visit = await registered(store, *AMELIE), await comes(store)
    async with store.work() as work:
        await consent.withdraw_consent(work, amelie, ["plan"], "test")
    with pytest.raises(NotFound):
        async with store.work() as work:
            await people.identify_visitor(work, visit, amelie, LIEGE_DESK)
    with pytest.raises(NotFound):
        async with store.work() as work:
            await people.change_details(work, amelie, contact=None, channel=None, language="de")


async def test_a_person_of_another_centre_is_found_exactly_for_a_reason_and_noted(
    store: Store, clock: FixedClock
) -> None:
    amelie = await registered(store, *AMELIE, contact="amelie@example.org")
    visit = await comes(store, "namur")

    async def ask(text: str, reason: Reason | None = Reason.HERE) -> list[UUID]:
        async with store.work() as work:
            return [one.id for one in await search_elsewhere(work, text, reason, NAMUR_DESK, 10)]

    with pytest.raises(NoReason):
        await ask("amelie@example.org", None)
    with pytest.raises(NotExact):
        await ask("Dupré-Léonard")
    with pytest.raises(NotFound):
        async with store.work() as work:
            await people.identify_visitor(work, visit, amelie, NAMUR_DESK)
    assert await ask("nobody@example.org") == await ask(str(uuid4())) == []
    assert await accesses(store) == []
    assert await ask("Amelie@Example.org") == await ask(str(amelie)) == [amelie]
    assert await accesses(store) == 2 * [(amelie, NAMUR_DESK.subject, "found-elsewhere", "here")]
    clock.forward(hours=13)
    with pytest.raises(NotFound):
        async with store.work() as work:
            await people.identify_visitor(work, visit, amelie, NAMUR_DESK)
    await ask(str(amelie))
    clock.forward(minutes=1)
    async with store.work() as work:
        await people.identify_visitor(work, visit, amelie, NAMUR_DESK)
    assert (await accesses(store))[-1] == (amelie, NAMUR_DESK.subject, "visit", None)
    clock.forward(days=365)
    await prune_accesses(store, 365)
    assert len(await accesses(store)) == 1, "that of the last 365 days"


async def test_persons_of_an_earlier_version_get_their_keys_and_an_erasure_takes_them(store: Store) -> None:
    amelie = await registered(store, *AMELIE, contact="0470 12 34 56")
    async with store.work() as work:
        await work.session.execute(sa.delete(PersonKey))
        await work.session.execute(sa.update(Visitor).values(keys_version=0, contact_key=None))
    assert await found(store, "amelie") == await found(store, "0470123456") == []
    for _ in range(2):
        assert await people.make_keys(store) is False
    assert await found(store, "amelie") == await found(store, "0470123456") == [amelie]
    async with store.work() as work:
        await erasure.erase_subject(work, amelie)
    async with store.read() as session:
        assert (await session.scalars(sa.select(PersonKey))).all() == []


async def test_the_desk_is_asked_about_a_look_alike_before_it_registers(client: Client) -> None:
    client.headers.update(PAGE)
    amelie = await registered(client.store, *AMELIE)
    visit = await comes(client.store)
    page = f"/intake/visits/{visit}"
    form = {"given_name": "Amelie", "family_name": "Dupre Leonard", "purposes": "plan", "language": "de"}
    asked = await client.post(page, data=form)
    html = unescape(asked.text)
    assert (asked.status_code, "Est-ce l’une de ces personnes" in html) == (409, True)
    assert "Amélie Dupré-Léonard" in html
    assert 'value="Dupre Leonard"' in html
    assert f'<input type="hidden" name="distinct_from" value="{amelie}">' in html
    form["distinct_from"] = str(amelie)
    hugo = await registered(client.store, "Hugo", "Lambert")
    other = await client.post(page, data=form | {"given_name": "Hugo", "family_name": "Lambert"})
    assert (other.status_code, str(hugo) in other.text) == (409, True), "asked about those only who were shown"
    assert f'<input type="hidden" name="distinct_from" value="{amelie}">' in other.text
    made = await client.post(page, data=form)
    assert (made.status_code, "Accord enregistré" in unescape(made.text)) == (200, True)
    again = await client.post(page, data=form)
    assert again.status_code == 422, "a double press registers nobody twice"
    assert len(await found(client.store, "amelie dupre")) == 2
    address, body = f"/intake/api/v1/visits/{await comes(client.store)}/visitor", form | {"purposes": ["plan"]}
    refused = await client.post(address, json=body | {"distinct_from": [str(amelie)]})
    (second,) = refused.json()["errors"][0]["people"]
    assert (refused.status_code, second != str(amelie)) == (409, True)
    assert (await client.post(address, json=body | {"distinct_from": [str(amelie), second]})).status_code == 201


async def test_another_centre_sees_the_name_for_a_while_and_neither_consents_nor_link(
    client: Client, clock: FixedClock
) -> None:
    client.headers.update(PAGE)
    amelie = await registered(client.store, *AMELIE, contact="amelie@example.org")
    visit = await comes(client.store, "namur")
    page, name = f"/intake/visits/{visit}", f"/intake/fragments/visitors/{amelie}"
    client.signed_in(NAMUR_DESK)
    typed = {"name": "amelie@example.org", "elsewhere": "true"}
    without = await client.post(f"{page}/search", data=typed)
    assert (without.status_code, "Choisissez pourquoi" in unescape(without.text)) == (422, True)
    assert (await client.get(name)).text == ""
    for reason in ("curious", "<b>"):
        assert (await client.post(f"{page}/search", data=typed | {"reason": reason})).status_code == 303, "asked again"
    assert await accesses(client.store) == []
    answer = await client.post(f"{page}/search", data=typed | {"reason": "here"})
    assert "Amélie Dupré-Léonard" in unescape(answer.text)
    assert "Cité des métiers de Liège" in unescape(answer.text)
    assert (await client.post(f"{page}/person", data={"subject_ref": str(amelie)})).status_code == 303
    assert "Amélie" in (await client.get(name)).text
    seen = unescape((await client.get(page)).text)
    assert sorted(how for *_, how, _ in await accesses(client.store)) == ["found-elsewhere", "visit", "visit-page"]
    assert "enregistrée dans un autre centre\u00a0: Cité des métiers de Liège" in seen
    assert "/withdrawals" not in seen
    for step, data in (("link", {}), ("consents", {"purpose": "plan"}), ("withdrawals", {"purpose": "plan"})):
        assert (await client.post(f"{page}/{step}", data=data)).status_code == 404, step
    assert (await client.get(f"{page}/plan")).status_code == 404
    clock.forward(hours=13)
    assert (await client.get(name)).text == ""
    await client.get(page)
    assert len(await accesses(client.store)) == 3, "no name is shown any more"
    undone = await client.post(f"{page}/person/undo", data={"subject_ref": str(amelie)})
    assert client.flash(undone) == "done:La visite est de nouveau anonyme."
