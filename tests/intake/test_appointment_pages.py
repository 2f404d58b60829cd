"""The desk's list of who is expected, the person's codes, and the kiosk's door for them."""

import asyncio
import re
from datetime import timedelta
from html import unescape
from uuid import UUID

import httpx2
import pytest
import sqlalchemy as sa
from sqlmodel import col

from services.chassis.identity.people import Person, visitor
from services.chassis.testing import Client, FixedClock
from services.contracts.appointments import AppointmentMode
from services.contracts.roles import Role
from services.contracts.scheduling import InterviewCancelled, Side
from services.intake.actions import merging
from services.intake.domain.appointments import in_groups
from services.intake.pages import appointments
from services.intake.reactions import reactions
from services.intake.store import PersonAccess
from tests.givens.appointments import TEN, appointment, booked, expects, moved, registered, workshop_with
from tests.givens.events import react_to
from tests.givens.intake import COUNSELLOR, LIEGE_DESK, NAMUR_DESK
from tests.parts.served import boards_of, served

DESK = "/intake/desk/liege"
LIST = f"{DESK}/appointments"
API = "/intake/api/v1/appointments"
PAGE = {"accept": "text/html", "accept-language": "fr"}
KIOSK = Person(subject="test/kiosk", name="Borne", roles=frozenset({Role.KIOSK}), centres=frozenset({"liege"}))


@pytest.fixture
def browser(client: Client) -> Client:
    client.headers.update(PAGE)
    return client


async def text(client: Client, path: str, status: int = 200) -> str:
    answer = await client.get(path)
    assert answer.status_code == status, answer.text
    return unescape(answer.text)


async def press(client: Client, path: str, to: str = DESK, **form: str) -> str:
    answer = await client.post(path, data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, to), answer.text
    return client.flash(answer)


async def code_of(client: Client, id: UUID) -> str:
    copy = await appointment(client.store, id)
    assert copy is not None
    return copy.code


async def test_what_is_not_at_the_centre_is_listed_without_a_code(browser: Client) -> None:
    person = await registered(browser.store)
    afar = booked(person, mode=AppointmentMode.TELEPHONE)
    await expects(browser.store, afar)
    page = await text(browser, f"/intake/visitors/{person}/appointments")
    assert "Par téléphone" in page
    assert "Code pour l’arrivée" not in page
    assert in_groups(await code_of(browser, afar.interview_id)) not in page
    assert "Aucun rendez-vous" not in page
    at_the_centre = booked(person, TEN + timedelta(hours=1))
    await expects(browser.store, at_the_centre)
    page = await text(browser, f"/intake/visitors/{person}/appointments")
    assert page.count("<img") == 1
    assert in_groups(await code_of(browser, at_the_centre.interview_id)) in page


async def test_the_desk_sees_who_is_expected_and_records_the_arrival(browser: Client, clock: FixedClock) -> None:
    early, late = booked(await registered(browser.store), TEN), booked(await registered(browser.store, "Zoé Petit"))
    await expects(browser.store, early, late.model_copy(update={"starts_at": TEN - timedelta(minutes=45)}))
    clock.now = TEN - timedelta(minutes=30)
    board = await text(browser, DESK)
    assert "Attendus aujourd’hui" in board
    assert board.index("Zoé Petit") < board.index("Amélie Dupré"), "who is late comes first"
    assert "Accueil" in board
    html = await text(browser, f"{DESK}/appointments")
    assert "2 personnes ne sont pas encore là" in html
    assert "1 personne est en retard" in html
    ticket = "done:Ticket P-001\u00a0: à donner à la personne."
    assert await press(browser, f"/intake/appointments/{early.interview_id}/arrive") == ticket
    assert await press(browser, f"/intake/appointments/{early.interview_id}/arrive") == ticket
    html = await text(browser, f"{DESK}/appointments")
    assert "Arrivée à 10:30" not in html
    assert "Arrivée à 09:30" in html
    assert "En avance" in html
    assert "Rendez-vous\u00a0: " in await text(browser, DESK)
    await press(browser, f"/intake/appointments/{late.interview_id}/arrive")
    board = await text(browser, DESK)
    assert "Attendus aujourd’hui" not in board, "nobody is missing any more"
    assert f'href="{DESK}/appointments"' in board, "but an arrival can still be undone"
    visit = re.search(rf'{early.interview_id}/undo".*?name="visit_id" value="([^"]+)"', html, re.DOTALL)
    assert visit is not None
    undo = f"/intake/appointments/{early.interview_id}/undo"
    assert (await press(browser, undo, visit_id=visit[1])).startswith("done:L’arrivée est")
    assert "1 personne n’est pas encore là" in await text(browser, f"{DESK}/appointments")
    assert "Notée par erreur" in await text(browser, DESK)


async def test_a_name_finds_and_a_code_checks_in_at_once(browser: Client) -> None:
    mine, other = booked(await registered(browser.store)), booked(await registered(browser.store, "Zoé Petit"))
    await expects(browser.store, mine, other)
    found = await browser.post(f"{DESK}/appointments", data={"name": "dupre ame"})
    assert found.status_code == 200
    assert "Amélie Dupré" in found.text
    assert "Zoé Petit" not in found.text
    assert (
        "Essayez une autre orthographe" in (await browser.post(f"{DESK}/appointments", data={"name": "Leclercq"})).text
    )
    for wrong in ("0000000000", "D", ""):
        assert (await browser.post(f"{DESK}/appointments", data={"name": wrong})).status_code == 422
    code = in_groups(await code_of(browser, other.interview_id))
    ready = f"{LIST}?code=yes"
    assert (await press(browser, LIST, ready, name=code)).startswith("done:Ticket P-001")
    assert "autofocus" in await text(browser, ready), "for the next code"
    assert "autofocus" not in await text(browser, LIST)


async def test_the_list_stays_when_arrivals_are_recorded_in_it(browser: Client) -> None:
    _, seats = await workshop_with(browser.store, *[await registered(browser.store, f"Zoé Petit-{n}") for n in "ab"])
    html = await text(browser, LIST)
    for seat in seats:
        form = html.partition(f'action="/intake/appointments/{seat}/arrive"')[2].partition("</form>")[0]
        assert 'name="listed" value="yes"' in form
        answer = await press(browser, f"/intake/appointments/{seat}/arrive", LIST, listed="yes")
        assert answer == "done:Arrivée notée. La personne peut aller à l’atelier."
    copy = await appointment(browser.store, seats[0])
    assert copy is not None
    await press(browser, f"/intake/appointments/{seats[0]}/undo", LIST, listed="yes", visit_id=str(copy.visit_id))
    wrong = await browser.post(LIST, data={"name": "123 456 7890"})
    assert wrong.status_code == 422
    assert "donnez un ticket ordinaire à la personne" in unescape(wrong.text), "who reads it gives the tickets"


async def test_a_name_finds_who_is_expected_among_all_who_have_it(
    browser: Client, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appointments, "SEARCHED", 2)
    await expects(browser.store, booked(await registered(browser.store)))
    for later in ("Luc Dupont", "Zoé Dupuis"):  # and not expected
        clock.forward(minutes=1)
        await registered(browser.store, later)
    found = await browser.post(f"{DESK}/appointments", data={"name": "dup"})
    assert "Amélie Dupré" in found.text


@pytest.mark.parametrize("expected", ["alias", "kept"])
async def test_either_name_of_a_merged_person_finds_their_appointment(browser: Client, expected: str) -> None:
    alias, kept = await registered(browser.store), await registered(browser.store, "Sofie Claes")
    other = booked(await registered(browser.store, "Amélie Dupuis"))
    await expects(browser.store, booked(alias if expected == "alias" else kept), other)
    async with browser.store.work() as work:
        await merging.merge(work, alias, kept, LIEGE_DESK)
    own = "Amélie Dupré" if expected == "alias" else "Sofie Claes"
    for name in ("Dupré", "Claes"):
        found = await browser.post(f"{DESK}/appointments", data={"name": name})
        assert own in found.text, name
        assert ("Amélie Dupuis" in found.text) is False
    assert own not in (await browser.post(f"{DESK}/appointments", data={"name": "Dupuis"})).text


async def test_the_list_follows_arrivals_and_changes_by_itself(browser: Client, clock: FixedClock) -> None:
    booking = booked(await registered(browser.store))
    await expects(browser.store, booking)
    clock.now = TEN - timedelta(minutes=30)
    path = f"{DESK}/appointments/stream"
    assert f'data-hx-sse-connect="{path}"' in await text(browser, f"{DESK}/appointments")
    assert "data-hx-sse-connect" not in (await browser.post(f"{DESK}/appointments", data={"name": "Amélie"})).text
    stream = {"accept": "text/event-stream", "accept-language": "fr"}
    async with (
        served(browser.process) as url,
        httpx2.AsyncClient(base_url=url, cookies=dict(browser.cookies), trust_env=False, timeout=10) as watching,
        watching.stream("GET", path, headers=stream) as answer,
    ):
        shown = boards_of(answer)
        first = unescape(await anext(shown))
        assert ("Amélie Dupré" in first, "1 personne n’est pas encore là" in first) == (True, True)
        await press(browser, f"/intake/appointments/{booking.interview_id}/arrive")
        async with asyncio.timeout(5):
            assert "Arrivée à 09:30" in unescape(await anext(shown))
        other = booked(await registered(browser.store, "Zoé Petit"))
        await expects(browser.store, other)
        async with asyncio.timeout(5):
            assert "Zoé Petit" in unescape(await anext(shown))
        await expects(browser.store, moved(other, TEN + timedelta(days=1)))
        async with asyncio.timeout(5):
            assert "Zoé Petit" not in unescape(await anext(shown))
    for person, expected in ((None, 401), (NAMUR_DESK, 403), (KIOSK, 403)):
        assert (await browser.signed_in(person).get(path, headers=stream)).status_code == expected


async def test_the_kiosk_has_the_code_alone_and_says_no_name(browser: Client) -> None:
    interview = booked(await registered(browser.store))
    await expects(browser.store, interview)
    _, (seat,) = await workshop_with(browser.store, await registered(browser.store, "Zoé Petit"))
    codes = await code_of(browser, interview.interview_id), await code_of(browser, seat)
    browser.signed_in(KIOSK)
    for code, ticket in zip(codes, ("P-001", None), strict=True):
        for _ in range(2):
            answer = await browser.post(f"{API}/arrivals?qr=true", json={"centre": "liege", "code": code})
            assert answer.status_code == 200
            assert answer.json().keys() == {"visit_id", "ticket", "ticket_page", "ticket_qr"}
            assert answer.json()["ticket"] == ticket
    wrong = await browser.post(f"{API}/arrivals", json={"centre": "liege", "code": "12"})
    assert (wrong.status_code, wrong.json()["errors"][0]["rule"]) == (404, "unknown-code")
    elsewhere = await browser.post(f"{API}/arrivals", json={"centre": "namur", "code": codes[0]})
    assert elsewhere.status_code == 403
    for path in (f"{API}?centre=liege", f"{DESK}/appointments"):
        assert (await browser.get(path, headers={"accept": "application/json"})).status_code == 403
    browser.signed_in(LIEGE_DESK)
    listed = (await browser.get(f"{API}?centre=liege")).json()
    assert {one["timing"] for one in listed} == {"arrived-early"}
    assert not {"code", "name"} & set(listed[0])


async def test_desk_and_kiosk_hand_out_no_ticket_that_nobody_can_call(browser: Client) -> None:
    interview = booked(await registered(browser.store))
    await expects(browser.store, interview)
    by_code = {"centre": "liege", "code": await code_of(browser, interview.interview_id)}
    desk = f"/intake/appointments/{interview.interview_id}/arrive"
    await press(browser, desk)
    for again in ("desk", "kiosk"):
        browser.signed_in(LIEGE_DESK)
        (visit,) = (await browser.get("/intake/api/v1/visits?centre=liege")).json()
        assert (await browser.post(f"/intake/api/v1/visits/{visit['id']}/leave", json={})).status_code == 200
        if again == "desk":
            assert "P-001" in await press(browser, desk)
        else:
            browser.signed_in(KIOSK)
            assert (await browser.post(f"{API}/arrivals", json=by_code)).json()["ticket"] == "P-001"
    browser.signed_in(LIEGE_DESK)
    (visit,) = (await browser.get("/intake/api/v1/visits?centre=liege")).json()
    assert visit["status"] == "waiting"
    for step in ("serve", "finish"):
        assert (await browser.post(f"/intake/api/v1/visits/{visit['id']}/{step}", json={})).status_code == 200
    refused = await browser.post(f"{DESK}/appointments", data={"name": by_code["code"]})
    assert (refused.status_code, "Donnez-lui un ticket ordinaire" in unescape(refused.text)) == (422, True)
    browser.signed_in(KIOSK)
    answer = await browser.post(f"{API}/arrivals", json=by_code)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/already-received")


async def test_a_code_that_opens_nothing_is_answered_like_a_guess_and_the_day_of_another_one_is_not_shown(
    browser: Client,
) -> None:
    """The kiosk has its own sentences for these types."""
    later = booked(await registered(browser.store), TEN + timedelta(days=1))
    cancelled = booked(await registered(browser.store, "Zoé Petit"))
    elsewhere = booked(await registered(browser.store, centre="namur"), centre="namur")
    await expects(browser.store, later, cancelled, elsewhere)
    codes = [await code_of(browser, one.interview_id) for one in (cancelled, elsewhere, later)]
    ended = InterviewCancelled(
        interview_id=cancelled.interview_id,
        kind=cancelled.kind,
        centre="liege",
        at=TEN,
        cancelled_by=Side.VISITOR,
        reason="ill",
    )
    await react_to(browser.store, reactions, [ended])
    browser.signed_in(KIOSK)
    browser.headers["accept"] = "application/json"
    answers = [
        (await browser.post(f"{API}/arrivals", json={"centre": "liege", "code": code}))
        for code in ("1234567890", *codes)
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 404, 409]
    assert answers[0].json() | {"instance": 0} == answers[1].json() | {"instance": 0}
    assert answers[0].json()["type"] == answers[2].json()["type"] == "/problems/unknown-code"
    assert answers[3].json()["type"] == "/problems/appointment-not-today"
    kiosk = await text(browser, "/intake/app/kiosk")
    for part in ("data-received=", "data-other-day=", "data-unknown=", "data-often=", "data-desk=", "data-offline="):
        assert kiosk.count(part) == 4, "in every language"


async def test_codes_are_shown_to_their_person_and_to_the_teams_of_the_appointment(browser: Client) -> None:
    person = await registered(browser.store)
    booking = booked(person)
    await expects(browser.store, booking)
    code = in_groups(await code_of(browser, booking.interview_id))
    address = f"/intake/visitors/{person}/appointments"
    for who in (LIEGE_DESK, COUNSELLOR):
        browser.signed_in(who)
        shown = await text(browser, address)
        assert code in shown
        assert f'href="/scheduling/interviews/{booking.interview_id}"' in shown
    browser.signed_in(NAMUR_DESK)
    await text(browser, address, 404)
    async with browser.store.read() as session:
        opened = await session.scalars(
            sa.select(col(PersonAccess.person)).where(col(PersonAccess.subject_ref) == person)
        )
    assert sorted(opened) == sorted([LIEGE_DESK.subject, COUNSELLOR.subject]), "who opened it is noted, once each"
    browser.signed_in(visitor(person))
    own = await text(browser, "/intake/mine")
    assert code in own
    assert f'"/scheduling/interviews/{booking.interview_id}"' not in own
