"""Messages to the telephone of a person who wants them there: what they say, how they leave, how they are stopped."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.chassis.i18n import LANGUAGES, add_catalogues
from services.chassis.mail.gsm import MOST_SEGMENTS, in_alphabet, segments
from services.chassis.mail.messages import Letter, TextMessage
from services.chassis.mail.sender import MailSender
from services.chassis.mail.sms import SmsGateway
from services.chassis.mail.transports import Transports
from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock, quiet_settings
from services.intake.actions import public_booking as booking
from services.intake.actions.letters import Letters
from services.intake.app import SERVICE
from services.intake.domain.contacts import ContactChannel
from services.intake.domain.messages import MailPurpose
from services.intake.store import Centre, Visitor
from services.intake.store.messages import Message
from tests.chassis.mail.gateway import Answer, sms_gateway
from tests.givens.intake import OPERATOR
from tests.intake.test_letters import demo, in_force, person_with, queued, state_of, with_a_pin
from tests.intake.test_public_booking import a_held_time

__all__ = ["demo"]

PHONE, NUMBER = "0470 12 34 56", "+32470123456"
SMS = ContactChannel.SMS


@pytest.fixture(autouse=True)
def words() -> None:
    add_catalogues(SERVICE.folder / "locales")


async def composed(store: Store, folder: Path, **settings: str) -> TextMessage:
    """The message in the table as it would be sent."""
    async with store.read() as session:
        row = (await session.scalars(sa.select(Message))).one()
    message = await Letters(store, quiet_settings(folder, **settings)).compose(row)
    assert isinstance(message, TextMessage)
    return message


async def test_a_text_message_has_time_centre_and_the_own_page(store: Store, tmp_path: Path) -> None:
    person = await person_with(store, PHONE, channel=SMS)
    await with_a_pin(store, person)
    await queued(store, person)
    async with sms_gateway() as gateway:
        settings = gateway.settings(tmp_path)
        letters = Letters(store, settings)
        await MailSender(store, Message, Transports(None, SmsGateway(settings)), letters.compose).round()
    (sent,) = gateway.sent
    assert sent["to"] == NUMBER
    assert re.sub(r"http://\S+/intake/(l|stop)/\S+", r"<\1>", sent["text"]).split("\n") == [
        "Votre rendez-vous : le 02/04/2026 à 09:15.",
        "Cité des métiers de Liège",
        "http://127.0.0.1:8000/directory/centres/liege",
        "Votre page : <l>",
        "Arreter les messages : <stop>",
    ]
    assert await state_of(store) == [("sent", None)]


@pytest.mark.parametrize("purpose", [one for one in MailPurpose if not one.confirms])
async def test_every_text_message_takes_two_segments_at_most(
    purpose: MailPurpose, client: Client, tmp_path: Path
) -> None:
    person = await person_with(client.store, PHONE, channel=SMS)
    await with_a_pin(client.store, person)
    await queued(client.store, person, purpose)
    texts, url = set[str](), "https://cefo.wallonie.example"
    for lang in LANGUAGES:
        async with client.store.work() as work:
            (await work.load(Visitor, person)).language = lang
            (await work.session.get_one(Centre, "liege")).name = "Carrefour des métiers de Marche-en-Famenne"
        text = (await composed(client.store, tmp_path, public_url=url)).text
        assert text == in_alphabet(text)
        assert segments(text) <= MOST_SEGMENTS
        own, centre = [text.count(f"{url}{path}") for path in ("/intake/l/", "/directory/centres/liege")]
        assert (own, text.count(f"{url}/intake/stop/")) == (1, 1), "they come before the address of the centre's page"
        assert text.count(url) == 2 + centre
        assert not re.search(r"[{}?]", text)
        texts.add(text)
    assert len(texts) == len(LANGUAGES)


async def test_the_message_that_confirms_a_contact_takes_two_segments_and_keeps_its_link(
    client: Client, tmp_path: Path
) -> None:
    texts, held = set[str](), a_held_time()
    for lang in LANGUAGES:
        async with client.store.work() as work:
            (await work.session.get_one(Centre, "liege")).name = "Carrefour des métiers de Marche-en-Famenne"
            who = booking.Asked("Ada", "Lemaire", PHONE, lang, reminders=False)
            await booking.request_booking(
                work, held, who, booking.RequestRules(timedelta(minutes=25), 50, by_text=True)
            )
        text = (await composed(client.store, tmp_path, public_url="https://cefo.wallonie.example")).text
        assert text == in_alphabet(text)
        assert segments(text) <= MOST_SEGMENTS
        assert text.count("/intake/confirm/") == text.count("https://") == 1
        assert not re.search(r"[{}?]", text)
        texts.add(text.partition("https://")[0])
    assert len(texts) == len(LANGUAGES)
    long = f"https://{'a' * 60}.{'b' * 60}.{'c' * 60}.example"
    assert (await composed(client.store, tmp_path, public_url=long)).text.startswith(f"{long}/intake/confirm/")


async def test_the_e_mail_that_confirms_a_contact_has_its_words_in_four_languages(
    client: Client, tmp_path: Path
) -> None:
    texts, held = set[str](), a_held_time()
    for lang in LANGUAGES:
        async with client.store.work() as work:
            who = booking.Asked("Ada", "Lemaire", "ada@example.org", lang, reminders=False)
            await booking.request_booking(
                work, held, who, booking.RequestRules(timedelta(minutes=25), 50, by_text=True)
            )
        async with client.store.read() as session:
            row = (await session.scalars(sa.select(Message))).one()
        letter = await Letters(client.store, quiet_settings(tmp_path)).compose(row)
        assert isinstance(letter, Letter)
        assert not re.search(r"[{}]", letter.subject + letter.body)
        assert "Ada" not in letter.subject + letter.body
        assert (letter.calendars, letter.unsubscribe) == ([], None)
        texts |= {letter.subject, letter.body.replace("ada@example.org", "")}
    assert len(texts) == 2 * len(LANGUAGES)


async def test_the_own_page_is_left_out_without_a_pin_or_without_room(store: Store, tmp_path: Path) -> None:
    person = await person_with(store, PHONE, channel=SMS)
    await queued(store, person)
    assert "/intake/l/" not in (await composed(store, tmp_path)).text
    await with_a_pin(store, person)
    assert "/intake/l/" in (await composed(store, tmp_path)).text
    long = f"https://{'a' * 60}.{'b' * 30}.example"
    text = (await composed(store, tmp_path, public_url=long)).text
    assert "/intake/l/" not in text
    assert "/intake/stop/" in text
    assert segments(text) <= MOST_SEGMENTS


@pytest.mark.parametrize(
    ("contact", "channel"),
    [(PHONE, None), (PHONE, ContactChannel.CALL), ("04 223 45 67", SMS)],
)
async def test_who_wants_no_text_messages_or_cannot_get_any_gets_none(
    contact: str, channel: ContactChannel | None, store: Store, tmp_path: Path
) -> None:
    """The last one is a number on a line."""
    await queued(store, await person_with(store, contact, channel=channel))
    async with sms_gateway() as gateway:
        settings = gateway.settings(tmp_path)
        letters = Letters(store, settings)
        await MailSender(store, Message, Transports(None, SmsGateway(settings)), letters.compose).round()
    assert (gateway.sent, await state_of(store)) == ([], [("withheld", "no-address")])


async def test_text_messages_wait_for_the_morning(store: Store, clock: FixedClock, tmp_path: Path) -> None:
    await queued(store, await person_with(store, PHONE, channel=SMS))
    async with sms_gateway() as gateway:
        gateway.answers.append(Answer(500))
        settings = gateway.settings(tmp_path)
        letters = Letters(store, settings)
        sender = MailSender(store, Message, Transports(None, SmsGateway(settings)), letters.compose)
        for at in ("2026-03-30T20:59", "2026-03-30T21:04", "2026-03-31T06:59"):
            clock.now = datetime.fromisoformat(f"{at}+02:00")
            await sender.round()
            assert (len(gateway.heads), await state_of(store)) == (1, [("queued", "500")])
        clock.forward(minutes=1)
        await sender.round()
    assert (len(gateway.heads), await state_of(store)) == (2, [("sent", None)])


async def test_the_address_in_a_text_message_stops_reminders_alone(client: Client, tmp_path: Path) -> None:
    person = await person_with(client.store, PHONE, channel=SMS)
    await queued(client.store, person)
    async with client.store.read() as session:
        row = (await session.scalars(sa.select(Message))).one()
    message = await Letters(client.store, client.process.settings).compose(row)
    assert isinstance(message, TextMessage)
    [stop] = re.findall(r"/intake/stop/\S+", message.text)
    anyone = client.signed_in(None)
    assert (await anyone.get(stop)).status_code == 200
    assert await in_force(client, person) == {"guidance", "reminders"}
    assert (await anyone.post(stop)).status_code == 200
    assert await in_force(client, person) == {"guidance"}


async def test_the_demo_shows_text_messages_on_its_page(demo: Client) -> None:
    await queued(demo.store, await person_with(demo.store, PHONE, channel=SMS))
    assert demo.runtime.mail is not None
    await demo.runtime.mail.round()
    shown = (await demo.signed_in(OPERATOR).get("/intake/mail?lang=en")).text
    assert NUMBER in shown
    assert "Votre rendez-vous : le 02/04/2026" in shown
