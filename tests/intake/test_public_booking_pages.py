"""The pages on which a visitor enters name and contact, and confirms the contact: the same for every contact."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from html import unescape
from pathlib import Path
from uuid import UUID, uuid4

import httpx2
import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlmodel import col

from services.chassis.testing import Client, FixedClock, client_of, quiet_settings
from services.contracts.public_booking import CONFIRMED_PATH, CONFIRMED_PERSON, HELD_TIME, ConfirmedPerson
from services.intake.actions.confirmations import confirmation_secret
from services.intake.app import SERVICE
from services.intake.settings import most_unconfirmed
from services.intake.store import PersonalLink, Visitor
from services.intake.store.booking_requests import BookingRequest
from services.intake.store.messages import Message
from tests.givens.intake import open_centres
from tests.givens.rows import rows_of
from tests.intake.test_merged_links import linked
from tests.intake.test_merging import merge
from tests.intake.test_persons import registered
from tests.intake.test_public_booking import a_held_time

ADA = {"given_name": "Ada", "family_name": "Lemaire", "contact": "ada@example.org", "agreed": "true", "language": "fr"}


GATEWAY = "https://sms.example.org/"


@asynccontextmanager
async def browser_at(folder: Path, clock: FixedClock, gateway: str | None) -> AsyncGenerator[Client]:
    settings = quiet_settings(folder, sms_url=gateway)
    async with client_of(SERVICE, folder, person=None, clock=clock, settings=settings) as made:
        await open_centres(made.store)
        made.headers.update({"accept": "text/html", "accept-language": "fr"})
        yield made


@pytest.fixture
async def browser(tmp_path: Path, clock: FixedClock) -> AsyncGenerator[Client]:
    """The browser of a visitor, who is not signed in, where text messages can be sent."""
    async with browser_at(tmp_path, clock, GATEWAY) as made:
        yield made


def sealed(browser: Client, hold_id: UUID | None = None) -> str:
    """What scheduling hands to the browser."""
    return browser.process.signer.seal(HELD_TIME, a_held_time(hold_id).model_dump(mode="json"))


async def asks(browser: Client, form: dict[str, str], time: str | None = None) -> httpx2.Response:
    return await browser.post("/intake/book", params={"time": time or sealed(browser)}, data=form)


async def secret_of(browser: Client) -> str:
    """The secret of the link in the last message."""
    async with browser.store.read() as session:
        row = (
            await session.scalars(sa.select(BookingRequest).where(col(BookingRequest.confirmed_at).is_(None)))
        ).first()
    assert row is not None
    return confirmation_secret(browser.process.signer, row.code)


def token_in(browser: Client, answer: httpx2.Response) -> ConfirmedPerson:
    assert answer.status_code == 307, answer.text
    path, _, token = answer.headers["location"].rpartition("/")
    assert path == CONFIRMED_PATH
    return ConfirmedPerson.model_validate(browser.process.signer.unseal(CONFIRMED_PERSON, token, 60))


async def test_from_the_form_to_the_token(browser: Client) -> None:
    time = sealed(browser)
    form = await browser.get("/intake/book", params={"time": time})
    assert form.status_code == 200
    assert "Cité des métiers de Liège" in form.text
    answer = await asks(browser, ADA, time)
    assert answer.status_code == 303
    page = await browser.get(answer.headers["location"])
    assert answer.headers["set-cookie"].startswith('cefo-chooser="";'), "the next one holds another time"
    assert "Encore une étape" in page.text
    assert "ada@example.org" not in page.text + answer.headers["location"]
    link = f"/intake/confirm/{await secret_of(browser)}"
    assert "Confirmer le rendez-vous" in (await browser.get(link)).text
    assert await rows_of(browser.store, Visitor) == [], "opening the link alone confirms nothing"
    token = token_in(browser, await browser.post(link))
    (visitor,) = await rows_of(browser.store, Visitor)
    assert token.subject_ref == visitor.id
    again = token_in(browser, await browser.post(link))
    assert (again.id, again.subject_ref) == (token.id, token.subject_ref)
    assert "Afficher mon rendez-vous" in (await browser.get(link)).text


@pytest.mark.parametrize("gateway", [None, GATEWAY])
async def test_a_mobile_number_is_taken_only_where_text_messages_can_be_sent(
    gateway: str | None, tmp_path: Path, clock: FixedClock
) -> None:
    async with browser_at(tmp_path, clock, gateway) as browser:
        form = await browser.get("/intake/book", params={"time": sealed(browser)})
        empty = await asks(browser, ADA | {"contact": ""})
        number = await asks(browser, ADA | {"contact": "0470 12 34 56"})
        kept = await rows_of(browser.store, BookingRequest)
    assert ("GSM" in form.text, "GSM" in empty.text) == (gateway is not None, gateway is not None)
    assert (number.status_code, len(kept)) == ((422, 0) if gateway is None else (303, 1))
    words = "Nous ne pouvons pas envoyer de SMS ici. Indiquez une adresse e-mail."
    assert (words in unescape(number.text)) is (gateway is None)


async def test_the_answer_is_the_same_for_a_known_and_an_unknown_contact(browser: Client) -> None:
    await registered(browser.store, "Ada", "Lemaire", contact="ada@example.org")
    answers: list[tuple[int, str, str]] = []
    for contact in ("ada@example.org", "nobody@example.org"):
        statements: list[str] = []
        time = sealed(browser, uuid4())
        with Statements(browser, statements):
            answer = await asks(browser, ADA | {"contact": contact}, time)
        page = await browser.get(answer.headers["location"])
        answers.append((answer.status_code, without_secrets(page.text.replace(time, "")), "\n".join(statements)))
    assert answers[0] == answers[1]
    assert len(await rows_of(browser.store, Message)) == 2


def without_secrets(text: str) -> str:
    """A page without its nonces, which differ each time."""
    return re.sub(r'nonce="[^"]*"', "", text)


class Statements:
    """Collects the statements that a store sends meanwhile."""

    def __init__(self, browser: Client, into: list[str]) -> None:
        self._engine, self._into = browser.store.writer.sync_engine, into

    def _note(self, _connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        self._into.append(statement)

    def __enter__(self) -> None:
        event.listen(self._engine, "before_cursor_execute", self._note)

    def __exit__(self, *_error: object) -> None:
        event.remove(self._engine, "before_cursor_execute", self._note)


async def test_what_is_missing_or_wrong_is_said_at_its_field(browser: Client) -> None:
    answer = await asks(browser, {"language": "fr"})
    assert answer.status_code == 422
    for words in ("Indiquez votre prénom.", "Indiquez votre nom.", "Indiquez une adresse e-mail", "Cochez cette case"):
        assert words in unescape(answer.text)
    wrong = await asks(browser, ADA | {"contact": "nothing"})
    assert (wrong.status_code, 'value="nothing"' in wrong.text) == (422, True)
    landline = await asks(browser, ADA | {"contact": "04 222 33 44"})
    assert "ne reçoit pas de SMS" in unescape(landline.text)
    assert await rows_of(browser.store, BookingRequest) == []


async def test_a_contact_gets_three_messages_an_hour_and_the_answer_does_not_say_so(browser: Client) -> None:
    answers = [await asks(browser, ADA) for _ in range(5)]
    assert {one.status_code for one in answers} == {303}
    assert len(await rows_of(browser.store, Message)) == 3
    await asks(browser, ADA | {"contact": "other@example.org"})
    assert len(await rows_of(browser.store, Message)) == 4


async def test_one_address_does_not_fill_what_a_centre_takes(browser: Client) -> None:
    each, _slash, window = browser.process.settings.limit_request.partition("/")
    assert window == "hour"
    assert int(each) * 2 < most_unconfirmed(browser.runtime), "half an hour may be in two windows"
    mistakes = [await asks(browser, ADA | {"family_name": ""}) for _ in range(5)]
    assert {one.status_code for one in mistakes} == {422}, "they do not count"
    answers = [await asks(browser, ADA | {"contact": f"a{number}@example.org"}) for number in range(int(each) + 1)]
    assert [one.status_code for one in answers] == [303] * int(each) + [429]


async def test_only_what_scheduling_signed_is_taken(browser: Client) -> None:
    held = a_held_time().model_dump(mode="json")
    for forged in ("nothing", browser.process.signer.seal(CONFIRMED_PERSON, held), sealed(browser) + "x"):
        assert (await browser.get("/intake/book", params={"time": forged})).status_code == 404
        assert (await asks(browser, ADA, forged)).status_code == 404
    assert await rows_of(browser.store, BookingRequest) == []


async def test_a_time_that_is_no_longer_held_leads_back_to_the_free_times(browser: Client, clock: FixedClock) -> None:
    time = sealed(browser)
    clock.now += timedelta(minutes=6)
    for answer in (await browser.get("/intake/book", params={"time": time}), await asks(browser, ADA, time)):
        assert answer.status_code == 409
        assert "/scheduling/centres/liege/book" in answer.text


async def test_a_link_ends_with_its_request(browser: Client, clock: FixedClock) -> None:
    await asks(browser, ADA)
    link = f"/intake/confirm/{await secret_of(browser)}"
    clock.now += timedelta(minutes=31)
    for answer in (await browser.get(link), await browser.post(link), await browser.post("/intake/confirm/nothing")):
        assert answer.status_code == 404
    assert await rows_of(browser.store, Visitor) == []


@pytest.mark.parametrize("kept", ["the older one", "the booking's"])
async def test_who_was_merged_since_makes_no_link_by_the_mailbox_alone(browser: Client, kept: str) -> None:
    older = await registered(browser.store, "Ada", "Maire")
    await asks(browser, ADA)
    token = token_in(browser, await browser.post(f"/intake/confirm/{await secret_of(browser)}"))
    assert token.continues_at is not None
    link = await linked(browser.store, older)
    pair = (token.subject_ref, older) if kept == "the older one" else (older, token.subject_ref)
    await merge(browser.store, *pair)
    assert (await browser.post(token.continues_at)).status_code == 409
    assert [(one.id, one.ended_at) for one in await rows_of(browser.store, PersonalLink)] == [(link.id, None)]


async def test_a_new_person_chooses_a_pin_once_and_a_known_one_has_no_link_made(browser: Client) -> None:
    await asks(browser, ADA)
    token = token_in(browser, await browser.post(f"/intake/confirm/{await secret_of(browser)}"))
    assert token.continues_at is not None
    answer = await browser.post(token.continues_at)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/intake/l/")
    assert "PIN" in (await browser.get(answer.headers["location"])).text
    answer = await browser.post(token.continues_at)  # pressed again, before the PIN is chosen
    chosen = await browser.post(answer.headers["location"], data={"pin": "839517", "pin_again": "839517"})
    assert chosen.status_code == 303
    assert (await browser.post(token.continues_at)).status_code == 409
    assert len(await rows_of(browser.store, PersonalLink)) == 2
    await asks(browser, ADA)
    known = token_in(browser, await browser.post(f"/intake/confirm/{await secret_of(browser)}"))
    assert (known.subject_ref, known.continues_at) == (token.subject_ref, None)
    page = browser.process.signer.disguise("page-after-booking", known.id)
    assert (await browser.post(f"/intake/book/page/{page}")).status_code == 404
    assert len(await rows_of(browser.store, PersonalLink)) == 2
