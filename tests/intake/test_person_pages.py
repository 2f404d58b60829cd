"""The page of a person: opened by their centre alone, and noted; contact, channel and language are changed there."""

import re
from collections import Counter
from datetime import timedelta
from html import unescape
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from services.chassis.testing import Client, FixedClock
from services.intake.actions import consent, merging, people
from services.intake.domain import RETENTION
from services.intake.domain.names import KEYS_VERSION
from services.intake.store import Visitor
from services.intake.store.appointments import RoomName
from tests.givens.appointments import NADIA, TEN, booked, expects, workshop_with
from tests.givens.intake import COUNSELLOR, LIEGE_DESK, NAMUR_DESK
from tests.intake.test_persons import AMELIE, PAGE, accesses, comes, registered


@pytest.fixture
async def amelie(client: Client) -> UUID:
    client.headers.update(PAGE)
    return await registered(client.store, *AMELIE, contact="amelie@example.org")


async def known(client: Client, subject_ref: UUID) -> Visitor:
    async with client.store.read() as session:
        return await session.get_one(Visitor, subject_ref)


async def test_the_page_shows_one_person_and_notes_who_opened_it_once_an_hour(
    client: Client, clock: FixedClock, amelie: UUID
) -> None:
    page = f"/intake/people/{amelie}"
    seen = unescape((await client.get(page)).text)
    for part in ("Amélie Dupré-Léonard", "amelie@example.org", "Cité des métiers de Liège", f"{page}/withdrawals"):
        assert part in seen, part
    assert "/intake/visits/" in seen
    assert "/scheduling/fragments/people/" not in seen, "the front desk may not open the other parts"
    await client.get(page)
    clock.forward(hours=1)
    await client.get(page)
    client.signed_in(COUNSELLOR)
    assert f'data-hx-get="/plans/fragments/people/{amelie}"' in (await client.get(page)).text
    opened = Counter((who, how) for _, who, how, _ in await accesses(client.store))
    assert opened == {(LIEGE_DESK.subject, "page"): 2, (COUNSELLOR.subject, "page"): 1}
    for other, path in ((NAMUR_DESK, page), (LIEGE_DESK, f"/intake/people/{uuid4()}")):
        client.signed_in(other)
        assert (await client.get(path)).status_code == 404
    assert len(await accesses(client.store)) == 3


async def test_the_desk_sees_the_coming_appointments_at_its_centre(
    client: Client, clock: FixedClock, amelie: UUID
) -> None:
    """Time, kind, room and counsellor, and the way to their codes; nothing of what is over, elsewhere or of plans."""
    page, codes = f"/intake/people/{amelie}", f"/intake/visitors/{amelie}/appointments"
    bare = unescape((await client.get(page)).text)
    assert ("Aucun rendez-vous dans votre centre." in bare, codes in bare) == (True, False)
    async with client.store.work() as work:
        work.add(RoomName(centre="liege", code="liege-r1", name="Bureau 1"))
    await expects(client.store, booked(amelie), booked(amelie, TEN + timedelta(days=2), centre="namur"))
    await workshop_with(client.store, amelie, starts_at=TEN + timedelta(days=1))
    seen = unescape((await client.get(page)).text)
    section = seen[seen.index('id="appointments"') :].split("</section>")[0]
    for part in ("2 mars 2026, 10:00", "Entretien", NADIA, "Bureau 1", "3 mars 2026, 10:00", "Atelier", codes):
        assert part in section, part
    assert "Namur" not in section
    clock.forward(hours=4)
    later = unescape((await client.get(page)).text)
    assert ("2 mars 2026, 10:00" in later, "3 mars 2026, 10:00" in later) == (False, True)
    client.signed_in(COUNSELLOR)
    shown = unescape((await client.get(page)).text)
    assert ('id="appointments"' in shown, "/scheduling/fragments/people/" in shown) == (False, True)


async def test_searches_at_other_centres_are_limited_also_those_that_find_nobody(client: Client) -> None:
    client.headers.update(PAGE)
    visit = uuid4()
    await client.put(f"/intake/api/v1/visits/{visit}", json={"centre": "liege"})
    pages = (f"/intake/visits/{visit}/search", "/intake/people")
    typed = {"name": "nobody@example.org", "elsewhere": "true", "reason": "here"}
    answers = [(await client.post(page, data=typed)).status_code for _ in range(15) for page in pages]
    assert answers == 30 * [200]
    for page in pages:
        assert (await client.post(page, data=typed)).status_code == 429
        assert (await client.post(page, data={"name": "nobody"})).status_code == 200, "at the own centre"


async def test_a_search_says_that_names_are_still_being_prepared(client: Client, amelie: UUID) -> None:
    visit = uuid4()
    await client.put(f"/intake/api/v1/visits/{visit}", json={"centre": "liege"})
    for prepared in (True, False):
        async with client.store.work() as work:
            await work.session.execute(sa.update(Visitor).values(keys_version=KEYS_VERSION if prepared else 0))
        for page in (f"/intake/visits/{visit}/search", "/intake/people"):
            html = unescape((await client.post(page, data={"name": "amelie"})).text)
            assert ("Les noms sont en cours de préparation" in html) is not prepared


async def test_contact_channel_and_language_are_checked_and_changed(client: Client, amelie: UUID) -> None:
    page = f"/intake/people/{amelie}"
    for typed, field, words in (
        ({"contact": "demain"}, "contact", "ni un numéro de téléphone"),
        ({"contact": "0470 12 34 56", "channel": "email"}, "channel", "ne correspond pas au contact"),
        ({"contact": "a@example.org", "channel": "sms"}, "channel", "ne correspond pas au contact"),
        ({"channel": "call"}, "channel", "ne correspond pas au contact"),
        ({"contact": "a@example.org", "language": "xx"}, "language", ""),
    ):
        answer = await client.post(page, data=typed)
        assert (answer.status_code, words in unescape(answer.text)) == (422, True), typed
        assert f'href="#{field}"' in answer.text
        assert (await known(client, amelie)).contact == "amelie@example.org"
    for _ in range(2):
        saved = await client.post(page, data={"contact": "0470 12 34 56", "channel": "sms", "language": "de"})
        assert client.flash(saved) == "done:Les modifications sont enregistrées."
    kept = await known(client, amelie)
    assert (kept.contact_key, kept.channel, kept.language) == ("+32470123456", "sms", "de")
    await client.post(page, data={"language": "fr"})
    kept = await known(client, amelie)
    assert (kept.contact, kept.contact_key, kept.channel) == (None, None, None)


async def test_an_older_contact_that_is_none_stays_as_it_is(client: Client, amelie: UUID) -> None:
    async with client.store.work() as work:
        (await work.load(Visitor, amelie)).contact = "chez la voisine"
    saved = await client.post(f"/intake/people/{amelie}", data={"contact": "chez la voisine", "language": "nl"})
    assert (saved.status_code, (await known(client, amelie)).language) == (303, "nl")


async def test_consents_are_recorded_on_the_page_and_without_any_the_name_is_hidden(
    client: Client, amelie: UUID
) -> None:
    page = f"/intake/people/{amelie}"
    assert (await client.post(f"{page}/consents", data={"purpose": "reminders"})).status_code == 303
    for purpose in ("plan", "reminders"):
        assert (await client.post(f"{page}/withdrawals", data={"purpose": purpose})).status_code == 303
    seen = unescape((await client.get(page)).text)
    assert ("Amélie" in seen, "amelie@example.org" in seen) == (False, False)
    client.signed_in(NAMUR_DESK)
    assert (await client.post(f"{page}/consents", data={"purpose": "plan"})).status_code == 404


async def test_a_person_without_a_visit_is_found_and_one_of_another_centre_only_named(
    client: Client, amelie: UUID
) -> None:
    found = await client.post("/intake/people", data={"name": "dupret amelie"})
    assert f'href="/intake/people/{amelie}"' in found.text
    assert (await client.post("/intake/people", data={"name": "a"})).status_code == 422
    client.signed_in(NAMUR_DESK)
    assert "Aucune personne trouvée" in unescape((await client.post("/intake/people", data={"name": "dupré"})).text)
    typed = {"name": str(amelie), "elsewhere": "true", "reason": "calls"}
    elsewhere = unescape((await client.post("/intake/people", data=typed)).text)
    assert ("Amélie" in elsewhere, f"/intake/people/{amelie}" in elsewhere) == (True, False)
    assert await accesses(client.store) == [(amelie, NAMUR_DESK.subject, "found-elsewhere", "calls")]


async def test_who_consents_for_a_minor_is_recorded(client: Client) -> None:
    client.headers.update(PAGE)
    visit = uuid4()
    await client.put(f"/intake/api/v1/visits/{visit}", json={"centre": "liege"})
    form = {"given_name": "Zoé", "family_name": "Lambert", "purposes": "plan", "by_representative": "true"}
    made = await client.post(f"/intake/visits/{visit}", data=form)
    assert made.status_code == 200
    assert "Donné par un parent ou un représentant" in unescape((await client.get(f"/intake/visits/{visit}")).text)
    subject_ref = UUID((await client.get(f"/intake/api/v1/visits/{visit}")).json()["subject_ref"])
    async with client.store.read() as session:
        (kept,) = await consent.consents_of(session, subject_ref)
    assert kept.by_representative
    ticked = {"by_representative": "true"}
    await client.post(f"/intake/visits/{visit}/consents", data={"purpose": "guidance"} | ticked)
    await client.post(f"/intake/people/{subject_ref}/consents", data={"purpose": "reminders"} | ticked)
    body = {"purposes": ["referral"], "by_representative": True}
    await client.post(f"/intake/api/v1/visitors/{subject_ref}/consents", json=body)
    async with client.store.read() as session:
        assert [one.by_representative for one in await consent.consents_of(session, subject_ref)] == 4 * [True]
    page = (await client.post(f"/intake/people/{subject_ref}/withdrawals", data={"purpose": "plan"})).headers[
        "location"
    ]
    assert (await client.get(page)).text.count('name="by_representative"') == 1


async def test_people_of_one_name_are_told_apart_by_their_last_visit_and_a_masked_contact(
    client: Client, amelie: UUID
) -> None:
    visit = uuid4()
    await client.put(f"/intake/api/v1/visits/{visit}", json={"centre": "liege"})
    found = unescape((await client.post(f"/intake/visits/{visit}/search", data={"name": "dupré"})).text)
    assert "dernière visite" in found
    assert "<span>a…@example.org</span>" in found
    assert "amelie@example.org" not in found
    [choice] = re.findall(r'<form[^>]*/person"(.*?)</form>', found, re.DOTALL)
    assert "danger" not in choice, "choosing deletes nothing"


async def test_the_last_visit_of_a_merged_person_is_shown_under_either_name(
    client: Client, clock: FixedClock, amelie: UUID
) -> None:
    alias = await registered(client.store, "Sofie", "Claes")
    async with client.store.work() as work:
        await merging.merge(work, alias, amelie, LIEGE_DESK)
    clock.forward(days=1, hours=3)
    last, here = await comes(client.store), await comes(client.store)
    async with client.store.work() as work:
        await people.identify_visitor(work, last, alias, LIEGE_DESK)
    for name in ("Dupré", "Claes"):
        found = unescape((await client.post(f"/intake/visits/{here}/search", data={"name": name})).text)
        assert re.search(r"dernière visite\s: 3 mars 2026", found), name
    clock.forward(days=RETENTION.days - 10)
    shown = (await client.get("/intake/retention")).text
    assert shown.count(f'href="/intake/visits/{last}"') == 2


@pytest.mark.parametrize(("purpose", "promised"), [("plan", True), ("guidance", False)])
async def test_the_link_promises_a_plan_only_to_who_agreed_to_one(purpose: str, promised: bool, client: Client) -> None:
    client.headers.update(PAGE)
    visit = uuid4()
    await client.put(f"/intake/api/v1/visits/{visit}", json={"centre": "liege"})
    form = {"given_name": "Zoé", "family_name": "Lambert", "purposes": purpose}
    made = unescape((await client.post(f"/intake/visits/{visit}", data=form)).text)
    assert "Ce lien ouvre votre p" in made
    assert ("plan d’orientation" in made, f"/intake/visits/{visit}/plan" in made) == (promised, promised)
