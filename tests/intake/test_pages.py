"""Intake's pages as a browser without JavaScript uses them, and the stream that makes them live."""

import asyncio
import re
from html import unescape
from uuid import uuid4

import httpx2
import pytest
import sqlalchemy as sa

from services.chassis.identity.people import Person
from services.chassis.testing import Client, FixedClock, emitted
from services.contracts.accounts import AccountKind, AccountPublished, AccountStatus
from services.contracts.intake import VisitCheckedIn
from services.intake.reactions import reactions
from services.intake.store import Visit, Visitor
from tests.givens.events import react_to
from tests.givens.intake import COUNSELLOR, LIEGE_DESK, NAMUR_DESK, PROVIDER
from tests.givens.rows import all_rows
from tests.parts.served import boards_of, served

DESK = "/intake/desk/liege"
ROOM = "/intake/waiting-room/liege"
PAGE = {"accept": "text/html", "accept-language": "fr"}
TOLD = {"given_name": "Prénom", "family_name": "Démonstration", "purposes": "plan", "language": "fr"}


@pytest.fixture
def browser(client: Client) -> Client:
    """What a French reader's browser says of itself."""
    client.headers.update(PAGE)
    return client


async def text(client: Client, path: str, status: int = 200) -> str:
    answer = await client.get(path)
    assert answer.status_code == status, answer.text
    return unescape(answer.text)


async def send(client: Client, path: str, **form: object) -> httpx2.Response:
    """Send a form as a page of ours would."""
    referer = {"referer": f"{client.base_url}{DESK}"}
    return await client.post(path, data={name: str(value) for name, value in form.items()}, headers=referer)


def device(code: str, centre: str = "liege", status: AccountStatus = AccountStatus.ACTIVE) -> AccountPublished:
    """The account of a device."""
    return AccountPublished(
        account_ref=uuid4(),
        version=1,
        kind=AccountKind.DEVICE,
        status=status,
        roles=("front-desk",),
        centres=(centre,),
        code=code,
    )


async def ticket(client: Client, area: str = "find-job") -> Visit:
    """Give a visitor a ticket with the form that the page offers."""
    html = await text(client, DESK)
    (visit_id,) = re.findall(r'name="visit_id" value="([^"]+)"', html)
    answer = await send(client, f"{DESK}/visits", visit_id=visit_id, area=area, queue="yes")
    assert answer.status_code == 303
    async with client.store.read() as session:
        visit = (await session.scalars(sa.select(Visit).where(sa.text("status = 'waiting'")))).all()[-1]
    return visit


async def test_the_desk_gives_a_ticket_in_one_form(browser: Client) -> None:
    visit = await ticket(browser)
    html = await text(browser, DESK)
    assert visit.ticket == "E-001"
    assert "Ticket E-001\u00a0: à donner à la personne." in html
    assert "Cité des métiers de Liège" in html
    assert f'id="visit-{visit.id}"' in html
    assert "09:00 <span data-since=" in html
    assert "Ticket E-001\u00a0:" not in await text(browser, DESK)


async def test_a_double_click_is_one_visit(browser: Client) -> None:
    visit_id = uuid4()
    for _ in range(2):
        assert (await send(browser, f"{DESK}/visits", visit_id=visit_id, area="", queue="yes")).status_code == 303
    assert len(await emitted(browser.store, VisitCheckedIn)) == 1


async def test_a_visit_is_recorded_without_a_ticket(browser: Client) -> None:
    answer = await send(browser, f"{DESK}/visits", visit_id=uuid4(), area="", queue="no")
    assert browser.flash(answer) == "done:Passage noté, sans ticket."
    assert "Aucune personne en attente" in await text(browser, DESK)


async def test_the_buttons_of_the_page_lead_from_ticket_to_goodbye(browser: Client) -> None:
    visit = await ticket(browser)
    answer = await send(browser, f"{DESK}/call-next")
    assert browser.flash(answer) == "done:Le ticket E-001 est appelé\u00a0: Guichet 1."
    for step, label in (("serve", "Recevoir la personne"), ("finish", "Terminer la visite")):
        html = await text(browser, DESK)
        assert label in html
        (version,) = set(re.findall(rf'/visits/{visit.id}/{step}".*?name="version" value="(\d+)"', html, re.DOTALL))
        assert (await send(browser, f"/intake/visits/{visit.id}/{step}", version=version)).status_code == 303
    html = await text(browser, DESK)
    assert "Terminé à l’instant" in html
    assert "terminé à 09:00" in html


async def test_nobody_waits_overnight(browser: Client, clock: FixedClock) -> None:
    await ticket(browser)
    clock.forward(hours=24)
    html = await text(browser, DESK)
    assert "Aucune personne en attente" in html
    assert "Visites non terminées des jours passés" in html
    assert "E-001" not in await text(browser, ROOM)
    await send(browser, f"{DESK}/call-next")
    assert "Aucun appel en cours" in await text(browser, DESK)
    answer = await send(browser, f"{DESK}/close-earlier")
    assert browser.flash(answer) == "done:1\u00a0visite clôturée."
    assert "Visites non terminées des jours passés" not in await text(browser, DESK)


async def test_a_desk_remembers_which_it_is_and_the_room_shows_it(browser: Client) -> None:
    await ticket(browser)
    answer = await send(browser, f"{DESK}/here", number=4)
    assert browser.flash(answer) == "done:Les personnes que vous appelez viendront au guichet 4."
    assert "Vous êtes au guichet 4" in await text(browser, DESK)
    await send(browser, f"{DESK}/call-next")
    assert "Guichet 4" in await text(browser, ROOM)
    browser.headers["accept-language"] = "de"
    assert "Schalter 4" in await text(browser, ROOM)


async def test_a_centre_with_devices_offers_its_desks(browser: Client) -> None:
    devices = [device("liege-desk-2"), device("desk-11"), device("liege-kiosk-1"), device("namur-desk-7", "namur")]
    off = device("liege-desk-5", status=AccountStatus.INACTIVE)
    await react_to(browser.store, reactions, [*devices, off])
    assert browser.flash(await send(browser, f"{DESK}/here", number=11)).startswith("done:")
    html = await text(browser, DESK)
    (choices,) = re.findall(r'<select id="number".*?</select>', html, re.DOTALL)
    assert re.findall(r'<option value="(\d+)"', choices) == ["2", "11"]
    assert "Vous êtes au guichet 11" in await text(browser, DESK)
    refused = await send(browser, f"{DESK}/here", number=5)
    assert "Ce guichet n’est pas dans la liste." in browser.flash(refused)
    assert "Vous êtes au guichet 11" in await text(browser, DESK)


async def test_the_waiting_room_is_open_to_all_and_names_nobody(browser: Client) -> None:
    visit = await ticket(browser)
    await send(browser, f"/intake/visits/{visit.id}", **TOLD)
    browser.signed_in(None)
    html = await text(browser, ROOM)
    assert "E-001" in html
    assert "Démonstration" not in html
    assert "subject" not in html
    assert "Bienvenue\u202f!" in await text(browser, "/intake/waiting-room/namur")
    assert "Introuvable\u00a0: centre." in await text(browser, "/intake/waiting-room/bruges", 404)


async def test_the_waiting_room_says_whose_turn_it_is_only_once_somebody_is_called(browser: Client) -> None:
    await ticket(browser)
    waiting = await text(browser, ROOM)
    assert '<h2 id="called-title">Salle d’attente</h2>' in waiting
    assert "C’est à vous" not in waiting
    await send(browser, f"{DESK}/call-next")
    assert '<h2 id="called-title">C’est à vous</h2>' in await text(browser, ROOM)


async def test_the_waiting_room_has_each_language_that_is_asked_for_and_one_in_sight(browser: Client) -> None:
    await ticket(browser)
    await send(browser, f"{DESK}/call-next")
    html = await text(browser, f"{ROOM}?lang=de,xx,fr,de")
    assert re.findall(r'<div class="wall-turn" lang="(\w\w)"( hidden)?>', html) == [("de", ""), ("fr", " hidden")]
    assert re.findall(r'data-say="([^"]+)"', html) == ["Nummer E 1, Schalter 1", "Ticket E 1, Guichet 1"]
    assert "stream?lang=de,fr" in html


async def test_the_waiting_room_tells_visits_apart_by_their_tickets_alone(browser: Client) -> None:
    """Who photographs the wall must not learn a reference by which other systems know the visit."""
    await ticket(browser)
    await ticket(browser)
    await send(browser, f"{DESK}/call-next")
    html = await text(browser.signed_in(None), ROOM)
    assert sorted(re.findall(r'<li id="(?:called|waiting)-([^"]+)"', html)) == ["E-001", "E-002"]
    assert re.findall(r"[0-9a-f]{8}-[0-9a-f]{4}", html) == []


@pytest.mark.parametrize(
    ("called", "question", "state"),
    [
        (False, "La personne avec le ticket E-001 est partie sans attendre son tour\u202f?", "Départ"),
        (True, "La personne avec le ticket E-001 n’est pas venue au guichet\u202f?", "Absence"),
    ],
)
async def test_who_did_not_come_when_called_is_absent_and_others_left(
    browser: Client, called: bool, question: str, state: str
) -> None:
    visit = await ticket(browser)
    if called:
        await send(browser, f"{DESK}/call-next")
    assert question in await text(browser, DESK)
    await send(browser, f"/intake/visits/{visit.id}/leave", version=visit.version + called)
    for page in (DESK, f"/intake/visits/{visit.id}"):
        assert f"<span>{state}</span></span>" in await text(browser, page)


@pytest.mark.parametrize(("person", "status"), [(None, 303), (PROVIDER, 403), (NAMUR_DESK, 403)])
async def test_the_desk_is_for_its_own_team(browser: Client, person: Person | None, status: int) -> None:
    browser.signed_in(person)
    assert (await browser.get(DESK)).status_code == status
    assert (await send(browser, f"{DESK}/visits", visit_id=uuid4(), queue="yes")).status_code in (401, 403)
    assert await emitted(browser.store) == []


async def test_who_has_one_centre_goes_straight_to_its_desk(browser: Client) -> None:
    answer = await browser.get("/intake/")
    assert (answer.status_code, answer.headers["location"]) == (303, DESK)
    both = COUNSELLOR.model_copy(update={"centres": frozenset({"liege", "namur"})})
    html = await text(browser.signed_in(both), "/intake/")
    assert "/intake/desk/liege" in html
    assert "/intake/desk/namur" in html


async def test_what_the_desk_cannot_do_is_said_on_the_page_it_came_from(browser: Client) -> None:
    answer = await send(browser, f"{DESK}/call-next")
    assert (answer.status_code, answer.headers["location"]) == (303, DESK)
    assert browser.flash(answer).startswith(
        "error:Cité des métiers de Liège\u00a0: aucune personne n’attend pour ce guichet. Appelez"
    )
    visit = await ticket(browser)
    await send(browser, f"/intake/visits/{visit.id}/call", version=visit.version)
    late = await send(browser, f"/intake/visits/{visit.id}/call", version=visit.version, desk="desk-2")
    assert browser.flash(late).startswith(f"error:{visit.ticket} vient d’être appelé au guichet 1.")
    stale = await send(browser, f"/intake/visits/{visit.id}/leave", version=visit.version)
    assert browser.flash(stale).startswith("error:Quelqu’un a modifié cette page entre-temps.")
    assert "Quelqu’un a modifié cette page entre-temps." in await text(browser, DESK)


async def test_an_unknown_step_does_nothing(browser: Client) -> None:
    visit = await ticket(browser)
    answer = await send(browser, f"/intake/visits/{visit.id}/vanish", version=1)
    assert answer.status_code == 404
    assert len(await emitted(browser.store)) == 1


@pytest.mark.parametrize(("purposes", "leads"), [(["guidance", "plan"], True), (["plan"], False)])
async def test_who_agrees_to_appointments_gets_the_first_one_from_there(
    browser: Client, purposes: list[str], leads: bool
) -> None:
    visit = await ticket(browser)
    html = (await browser.post(f"/intake/visits/{visit.id}", data={**TOLD, "purposes": purposes})).text
    (subject_ref,) = re.findall(r'id="subject-ref">([^<]+)<', html)
    booking = f'href="/scheduling/interviews/new?centre=liege&amp;person={subject_ref}"'
    assert (booking in html, "Fixer un rendez-vous" in html) == (leads, leads)


async def test_a_person_agrees_and_gets_a_link_that_signs_them_in(browser: Client) -> None:
    visit = await ticket(browser)
    assert "Demandez d’abord l’accord de la personne." in await text(browser, f"/intake/visits/{visit.id}")
    answer = await send(browser, f"/intake/visits/{visit.id}", **TOLD)
    html = unescape(answer.text)
    assert answer.status_code == 200
    assert "Accord enregistré" in html
    (link,) = re.findall(r'id="link-address">([^<]+)<', html)
    (subject_ref,) = re.findall(r'id="subject-ref">([^<]+)<', html)
    assert "Valable jusqu’au 1er avr. 2026" in html
    assert f'<code id="subject-ref">{subject_ref}</code>' in await text(browser, f"/intake/visits/{visit.id}")

    path = link.removeprefix(str(browser.process.settings.public_url))
    browser.signed_in(None)
    assert "Choisissez un code PIN." in await text(browser, path)
    opened = await send(browser, path, pin="839517", pin_again="839517")
    assert opened.status_code == 303
    browser.cookies.update(opened.cookies)
    assert await text(browser, f"/intake/fragments/visitors/{subject_ref}") == "<bdi>Prénom Démonstration</bdi>"


async def test_who_lost_their_link_gets_a_new_one(browser: Client) -> None:
    visit = await ticket(browser)
    assert (await send(browser, f"/intake/visits/{visit.id}/link", replaces=uuid4())).status_code == 404
    await send(browser, f"/intake/visits/{visit.id}", **TOLD)
    assert f'action="/intake/visits/{visit.id}/link"' in await text(browser, f"/intake/visits/{visit.id}")
    again = await send(browser, f"/intake/visits/{visit.id}/link", replaces=uuid4())
    assert "Nouveau lien personnel" in unescape(again.text)
    browser.signed_in(NAMUR_DESK)
    assert (await send(browser, f"/intake/visits/{visit.id}/link", replaces=uuid4())).status_code == 404


async def test_what_is_missing_is_said_at_its_field_and_the_rest_is_kept(browser: Client) -> None:
    visit = await ticket(browser)
    answer = await send(browser, f"/intake/visits/{visit.id}", given_name="Prénom", contact="0470 00 00 00")
    html = unescape(answer.text)
    assert answer.status_code == 422
    assert "<title>Erreur" in html
    assert 'href="#family_name"' in html
    assert "Indiquez le nom." in html
    assert "Cochez au moins une case." in html
    assert 'value="0470 00 00 00"' in html
    async with browser.store.read() as session:
        assert (await session.scalars(sa.select(Visitor))).all() == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"language": "x y"}, "language"),
        ({"purposes": "fame"}, "purposes"),
        ({"family_name": "Démonstration " * 9}, "family_name"),
        ({"contact": "0470 00 00 00, " * 9}, "contact"),
    ],
)
async def test_what_is_refused_of_a_person_is_said_at_its_field_and_changes_nothing(
    browser: Client, change: dict[str, str], field: str
) -> None:
    visit = await ticket(browser)
    before = await all_rows(browser.store)
    form = {**TOLD, "contact": "prenom@demo.example"} | change
    answer = await send(browser, f"/intake/visits/{visit.id}", **form)
    html = unescape(answer.text)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in html
    for name in ("given_name", "family_name", "contact"):
        assert f'value="{form[name]}"' in html
    assert await all_rows(browser.store) == before


async def test_who_became_known_meanwhile_is_not_made_known_again(browser: Client) -> None:
    visit = await ticket(browser)
    await send(browser, f"/intake/visits/{visit.id}", **TOLD)
    await browser.get(f"/intake/visits/{visit.id}")
    before = await all_rows(browser.store)
    answer = await send(browser, f"/intake/visits/{visit.id}", **TOLD)
    assert answer.status_code == 422
    assert 'id="errors"' in answer.text
    assert await all_rows(browser.store) == before


async def test_a_name_is_shown_to_the_centres_team_and_nobody_else(browser: Client) -> None:
    visit = await ticket(browser)
    answer = await send(browser, f"/intake/visits/{visit.id}", **{**TOLD, "given_name": "<b>Prénom"})
    (subject_ref,) = re.findall(r'id="subject-ref">([^<]+)<', answer.text)
    fragment = f"/intake/fragments/visitors/{subject_ref}"
    assert (await browser.get(fragment)).text == "<bdi>&lt;b&gt;Prénom Démonstration</bdi>"
    for other in (NAMUR_DESK, PROVIDER, None):
        assert (await browser.signed_in(other).get(fragment)).text == ""
    assert (await browser.get(f"/intake/fragments/visitors/{uuid4()}")).text == ""


async def test_a_form_from_elsewhere_is_refused(browser: Client) -> None:
    form = {"visit_id": str(uuid4()), "queue": "yes"}
    answer = await browser.post(f"{DESK}/visits", data=form, headers={"origin": "https://evil.example"})
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/cross-origin")
    assert await emitted(browser.store) == []


async def test_pages_carry_a_policy_that_lets_only_our_own_scripts_run(browser: Client) -> None:
    first, second = await browser.get(DESK), await browser.get(DESK)
    policy = first.headers["content-security-policy"]
    (nonce,) = re.findall(r"'nonce-([^']+)'", policy)
    scripts = re.findall(r"<script[^>]*>", first.text)
    assert scripts
    assert all(f'nonce="{nonce}"' in script for script in scripts)
    assert nonce not in second.text
    assert "unsafe" not in policy
    assert first.headers["x-content-type-options"] == "nosniff"
    assert first.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("fr", "Nouvelle arrivée"),
        ("de", "Neue Ankunft"),
        ("nl", "Nieuwe aankomst"),
        ("en", "New arrival"),
    ],
)
async def test_the_desk_speaks_four_languages(browser: Client, lang: str, words: str) -> None:
    browser.headers["accept-language"] = lang
    html = await text(browser, DESK)
    assert words in html
    assert f'<html lang="{lang}">' in html


@pytest.mark.parametrize("path", [DESK, ROOM])
async def test_a_stream_shows_the_board_at_once_and_whenever_it_changed(browser: Client, path: str) -> None:
    cookies = dict(browser.cookies)
    async with (
        served(browser.process) as url,
        httpx2.AsyncClient(base_url=url, cookies=cookies, trust_env=False, timeout=10) as watching,
        watching.stream("GET", f"{path}/stream", headers={"accept": "text/event-stream"}) as stream,
    ):
        assert stream.headers["content-type"].startswith("text/event-stream")
        shown = boards_of(stream)
        assert "E-001" not in await anext(shown)
        await ticket(browser)
        async with asyncio.timeout(5):
            assert "E-001" in await anext(shown)
        await send(browser, f"{DESK}/call-next")
        async with asyncio.timeout(5):
            board = unescape(await anext(shown))
        assert "Guichet 1" in board
        assert "is-now" in board


async def test_a_stream_is_as_closed_as_its_page(browser: Client) -> None:
    stream = {"accept": "text/event-stream"}
    assert (await browser.signed_in(None).get(f"{DESK}/stream", headers=stream)).status_code == 401
    assert (await browser.signed_in(NAMUR_DESK).get(f"{DESK}/stream", headers=stream)).status_code == 403
    assert (await browser.get("/intake/waiting-room/bruges/stream", headers=stream)).status_code == 404


async def test_an_old_session_leads_to_the_sign_in(browser: Client, clock: FixedClock) -> None:
    browser.cookies.set("cefo-session", browser.process.signer.session(LIEGE_DESK) + "x")
    answer = await browser.get(DESK)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/intake/desk/liege")
