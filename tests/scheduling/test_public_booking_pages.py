"""The public pages of scheduling: free times of a centre, a chosen time, and what was booked."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx2
import pytest
import sqlalchemy as sa

from services.chassis.testing import Client, FixedClock, client_of
from services.contracts.public_booking import CONFIRMED_PERSON, HELD_TIME, ConfirmedPerson, HeldTime, choose_path
from services.contracts.roles import Role
from services.scheduling.actions.booking_rules import RuleFacts
from services.scheduling.app import SERVICE
from services.scheduling.store import Interview, SlotHold
from tests.givens.rows import rows_of
from tests.givens.scheduling import COUNSELLOR, LIEGE, MONDAY, open_liege
from tests.scheduling.test_guidance import TUESDAY
from tests.scheduling.test_public_booking import ON, USUAL, opened

PAGE = choose_path(LIEGE)
TIME = {"area": "find-job", "starts_at": TUESDAY.isoformat()}


@pytest.fixture
async def browser(tmp_path: Path, clock: FixedClock) -> AsyncGenerator[Client]:
    """The browser of a visitor, who is not signed in. Liège books on its page."""
    async with client_of(SERVICE, tmp_path, person=None, clock=clock) as made:
        await open_liege(made.store)
        await opened(made.store)
        made.headers.update({"accept": "text/html", "accept-language": "fr"})
        yield made


async def chooses(browser: Client, **form: str) -> HeldTime:
    """The time that the browser holds from now on, as intake reads it."""
    answer = await browser.post(PAGE, data=TIME | form)
    assert answer.status_code == 303, answer.text
    url = urlsplit(answer.headers["location"])
    assert url.path == "/intake/book"
    sealed = parse_qs(url.query)["time"][0]
    return HeldTime.model_validate(browser.process.signer.unseal(HELD_TIME, sealed, 60))


def confirmed(browser: Client, held: HeldTime, **changed: object) -> str:
    """What intake signs once the contact is confirmed."""
    person = ConfirmedPerson(
        id=uuid4(),
        held=held,
        subject_ref=uuid4(),
        registered_at_centre=LIEGE,
        registered_at=MONDAY,
        correlation_id=uuid4(),
        purposes=("guidance",),
        expires_at=MONDAY + timedelta(minutes=15),
        continues_at="/intake/book/page/secret",
    ).model_copy(update=changed)
    return browser.process.signer.seal(CONFIRMED_PERSON, person.model_dump(mode="json"))


async def books(browser: Client, token: str, **form: str) -> httpx2.Response:
    return await browser.post(f"/scheduling/confirmed/{token}", data=form)


async def test_free_times_are_chosen_by_area_language_and_half_of_the_day(browser: Client) -> None:
    first = await browser.get(PAGE)
    assert (first.status_code, 'name="starts_at"' in first.text) == (200, False)
    page = unescape((await browser.get(PAGE, params={"area": "find-job", "half": "morning"})).text)
    assert TUESDAY.isoformat() in page
    assert ">13:30<" not in page
    assert ">13:30<" in (await browser.get(PAGE, params={"area": "find-job", "half": "afternoon"})).text
    assert "Nadia" not in page, "no counsellor is named"
    assert "liege-c" not in page


async def test_a_centre_that_does_not_book_online_says_how_to_come(browser: Client) -> None:
    assert "Cité des métiers (liege)" in (await browser.get("/scheduling/book")).text
    await opened(browser.store, ON.model_copy(update={"public": False}))
    page = await browser.get(PAGE, params={"area": "find-job"})
    assert (page.status_code, "sans rendez-vous" in page.text, 'name="starts_at"' in page.text) == (200, True, False)
    assert "Cité des métiers (liege)" not in (await browser.get("/scheduling/book")).text
    answer = await browser.post(PAGE, data=TIME, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == PAGE
    assert await rows_of(browser.store, SlotHold) == []


async def test_a_chosen_time_is_held_once_by_browser(browser: Client) -> None:
    await chooses(browser)
    held = await chooses(browser, starts_at=(TUESDAY + timedelta(hours=1)).isoformat())
    assert [(one.id, one.expires_at) for one in await rows_of(browser.store, SlotHold)] == [
        (held.hold_id, held.held_until)
    ]
    browser.cookies.clear()
    await chooses(browser, starts_at=(TUESDAY + timedelta(hours=1)).isoformat())
    assert len(await rows_of(browser.store, SlotHold)) == 2


async def test_a_browser_finds_its_own_time_and_chooses_it_again(browser: Client) -> None:
    await chooses(browser)
    browser.cookies.clear()
    wish = {"area": "find-job"}
    assert TUESDAY.isoformat() in (await browser.get(PAGE, params=wish)).text
    assert len(browser.cookies) == 1, "the page itself sets it"
    first, second = await asyncio.gather(chooses(browser), chooses(browser))
    assert first == second
    assert len(await rows_of(browser.store, SlotHold)) == 2
    assert TUESDAY.isoformat() in (await browser.get(PAGE, params=wish)).text
    assert await chooses(browser) == first


async def test_a_refusal_for_the_team_is_said_to_the_visitor_in_other_words(browser: Client) -> None:
    answer = await books(browser, confirmed(browser, await chooses(browser), purposes=("reminders",)))
    page = unescape(answer.text)
    assert answer.status_code == 409
    assert "Téléphonez à votre centre." in page
    assert "/directory/centres/liege/phone" in page
    assert "accord" not in page


async def test_the_mode_of_the_interview_is_shown(browser: Client) -> None:
    token = confirmed(browser, await chooses(browser))
    answer = await books(browser, token)
    async with browser.store.work() as work:
        (interview,) = (await work.session.scalars(sa.select(Interview))).all()
        interview.mode = "telephone"
    page = unescape((await browser.get(answer.headers["location"])).text)
    assert ("Par téléphone" in page, "Sur place" in page) == (True, False)


async def test_a_time_that_is_gone_leads_back_with_the_choices(browser: Client) -> None:
    for _ in range(2):
        await chooses(browser)
        browser.cookies.clear()
    answer = await browser.post(PAGE, data=TIME)
    assert answer.status_code == 303
    back = await browser.get(answer.headers["location"])
    assert "plus libre" in unescape(back.text)
    assert TUESDAY.isoformat() not in back.text


async def test_a_confirmed_booking_is_shown_and_again_after_a_second_press(browser: Client) -> None:
    token = confirmed(browser, await chooses(browser))
    answer = await books(browser, token)
    assert answer.status_code == 303
    for _ in range(2):
        page = unescape((await browser.get(answer.headers["location"])).text)
        assert "Votre rendez-vous est fixé" in page
        assert 'action="/intake/book/page/secret"' in page
        answer = await books(browser, token)
    assert len(await rows_of(browser.store, Interview)) == 1


async def test_it_works_on_another_device(browser: Client) -> None:
    token = confirmed(browser, await chooses(browser))
    browser.cookies.clear()
    assert (await books(browser, token)).status_code == 303
    assert await rows_of(browser.store, SlotHold) == []


async def test_who_has_an_appointment_is_shown_that_one(browser: Client) -> None:
    person = uuid4()
    await books(browser, confirmed(browser, await chooses(browser), subject_ref=person))
    other = await chooses(browser, starts_at=(TUESDAY + timedelta(hours=1)).isoformat())
    answer = await books(browser, confirmed(browser, other, subject_ref=person, continues_at=None))
    page = unescape((await browser.get(answer.headers["location"])).text)
    assert "Vous avez déjà un rendez-vous" in page
    assert "10:00" in page
    assert len(await rows_of(browser.store, Interview)) == 1


async def test_a_lost_time_offers_the_next_three(browser: Client, clock: FixedClock) -> None:
    held = await chooses(browser)
    clock.now += timedelta(minutes=5)
    for _ in range(2):
        browser.cookies.clear()
        await chooses(browser)
    token = confirmed(browser, held)
    answer = await books(browser, token)
    assert answer.status_code == 409
    assert answer.text.count('name="starts_at"') == 3
    later = TUESDAY + timedelta(hours=1)
    assert later.isoformat() in answer.text
    assert (await books(browser, token, starts_at=later.isoformat())).status_code == 303
    (interview,) = await rows_of(browser.store, Interview)
    assert (interview.id, interview.starts_at) == (held.hold_id, later)


async def test_only_what_intake_signed_and_lately_books(browser: Client, clock: FixedClock) -> None:
    held = await chooses(browser)
    token = confirmed(browser, held)
    forged = browser.process.signer.seal(HELD_TIME, held.model_dump(mode="json"))
    for one in ("nothing", forged, token + "x"):
        assert (await books(browser, one)).status_code == 404
        assert (await browser.get(f"/scheduling/confirmed/{one}")).status_code == 404
    assert (await browser.get(f"/scheduling/confirmed/{token}")).status_code == 404, "it is not booked yet"
    clock.now += timedelta(minutes=15)
    assert (await books(browser, token)).status_code == 404
    assert await rows_of(browser.store, Interview) == []


async def test_managers_open_the_public_page_in_the_rules(tmp_path: Path, clock: FixedClock) -> None:
    manager = COUNSELLOR.model_copy(update={"roles": frozenset({Role.MANAGER})})
    async with client_of(SERVICE, tmp_path, person=manager, clock=clock) as client:
        await open_liege(client.store)
        client.headers.update({"accept": "text/html", "accept-language": "fr"})
        form = {"horizon_days": "60", "notice_hours": "2", "visitor_notice_hours": "24", "version": "0"}
        assert 'value="true" checked' not in (await client.get(f"/scheduling/rules/{LIEGE}")).text
        await client.post(f"/scheduling/rules/{LIEGE}", data=form | {"public": "true"})
        assert 'value="true" checked' in (await client.get(f"/scheduling/rules/{LIEGE}")).text
        await client.post(f"/scheduling/rules/{LIEGE}", data=form | {"version": "1"})
        assert 'value="true" checked' not in (await client.get(f"/scheduling/rules/{LIEGE}")).text
    assert not RuleFacts(horizon_days=1, notice_hours=0, visitor_notice_hours=0).public
    assert not USUAL.public


async def test_only_who_is_not_signed_in_finds_it_in_the_menu(browser: Client) -> None:
    entry = 'href="/scheduling/book"'
    assert entry in (await browser.get(PAGE)).text
    counsellor = browser.signed_in(COUNSELLOR)
    assert entry not in (await counsellor.get(PAGE, headers={"accept": "text/html"})).text
