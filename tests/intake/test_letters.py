"""What a message says, how it leaves, and how its reader stops it."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from services.chassis.i18n import LANGUAGES, add_catalogues
from services.chassis.mail.messages import Letter
from services.chassis.mail.sender import LEASE, MailSender
from services.chassis.mail.transports import SmtpServer, Transports
from services.chassis.runtime.settings import Settings
from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock, client_of, quiet_settings
from services.intake.actions import links, people
from services.intake.actions.consent import consents_in_force
from services.intake.actions.letters import Letters
from services.intake.actions.messages import queue_about
from services.intake.app import SERVICE
from services.intake.domain.contacts import ContactChannel
from services.intake.domain.links import hash_pin
from services.intake.domain.message_words import WORDS
from services.intake.domain.messages import MailPurpose, Meeting
from services.intake.pages.personal_data import read_personal_data
from services.intake.store import PersonalLink, Visit, Visitor
from services.intake.store.messages import Message
from tests.chassis.mail.mail_server import MailServer, certificate, mail_server
from tests.givens.calendars import read_calendar
from tests.givens.intake import LIEGE_DESK, OPERATOR, open_centres, walks_in

THURSDAY = datetime.fromisoformat("2026-04-02T09:15:00+02:00")
ADDRESS = "ada@example.org"


@pytest.fixture(autouse=True)
def words() -> None:
    add_catalogues(SERVICE.folder / "locales")


@pytest.fixture
async def demo(tmp_path: Path, clock: FixedClock) -> AsyncGenerator[Client]:
    """A browser at Liège's desk, in the demonstration."""
    settings = quiet_settings(tmp_path, demo=True)
    async with client_of(SERVICE, tmp_path, person=LIEGE_DESK, clock=clock, settings=settings) as made:
        await open_centres(made.store)
        yield made


async def person_with(
    store: Store, contact: str | None = ADDRESS, language: str = "fr", channel: ContactChannel | None = None
) -> UUID:
    visit_id = uuid4()
    async with store.work() as work:
        await walks_in(work, visit_id)
        await work.session.flush()
        visitor = await people.register_visitor(
            work,
            visit_id,
            given_name="Ada",
            family_name=f"Lovelace {uuid4().hex}",
            contact=contact,
            language=language,
            purposes=["guidance", "reminders"],
            recorded_by="test/desk-liege",
        )
        visitor.channel = channel
    return visitor.id


async def with_a_pin(store: Store, subject_ref: UUID) -> None:
    """The person has opened their link."""
    async with store.work() as work:
        await links.create_link(work, subject_ref, "test/desk-liege")
        await work.session.flush()
        await work.session.execute(sa.update(PersonalLink).values(pin=hash_pin("839517")))


async def queued(store: Store, subject_ref: UUID, purpose: MailPurpose = MailPurpose.APPOINTMENT_BOOKED) -> None:
    meeting = Meeting(uuid4(), THURSDAY, THURSDAY + timedelta(minutes=60))
    async with store.work() as work:
        await queue_about(work, purpose, subject_ref, "liege", meeting.id, [meeting], 0)


async def state_of(store: Store) -> list[tuple[str, str | None]]:
    async with store.read() as session:
        return [(row.state, row.error) for row in await session.scalars(sa.select(Message))]


def sender_of(store: Store, settings: Settings) -> MailSender:
    return MailSender(store, Message, Transports(SmtpServer(settings)), Letters(store, settings).compose)


def plain(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


@asynccontextmanager
async def post_office(folder: Path) -> AsyncGenerator[tuple[MailServer, Settings]]:
    """A real mail server that asks for TLS, and the settings of a process that sends through it."""
    authority, context = certificate(folder)
    async with mail_server(tls_context=context, require_starttls=True) as server:
        settings = server.settings(folder, smtp_tls="starttls", smtp_ca_file=authority)
        yield server, settings


async def test_a_message_leaves_over_tls_with_time_centre_and_the_own_page(store: Store, tmp_path: Path) -> None:
    person = await person_with(store)
    await with_a_pin(store, person)
    await queued(store, person)
    async with post_office(tmp_path) as (server, settings):
        await sender_of(store, settings).round()
    (message,) = server.received
    assert (message["To"], message["Content-Language"]) == (ADDRESS, "fr")
    assert message["Subject"] == "Votre rendez-vous du 2 avril 2026 à 09:15"
    said = re.sub(r"http://\S+/intake/(l|stop)/\S+", r"<\1>", plain(message))
    assert said.split("\n\n") == [
        "Bonjour,",
        "Votre rendez-vous est fixé. Nous nous réjouissons de vous accueillir.",
        "Jeudi 2 avril 2026, 09:15\nCité des métiers de Liège",
        "Vous ne pouvez pas venir\u202f? Prévenez votre centre dès que possible.",
        "Votre page, qui s’ouvre avec votre code PIN\u00a0:\n<l>",
        "Vous avez donné votre accord pour les messages de votre centre. "
        "Pour les arrêter, ouvrez cette page\u00a0:\n<stop>",
        "Cité des métiers de Liège\n"
        "Téléphone et heures d’ouverture\u00a0: http://127.0.0.1:8000/directory/centres/liege\n",
    ]
    assert not re.search("Ada|Lovelace|liege-c01", str(message).replace(ADDRESS, ""))
    (file,) = message.iter_attachments()
    [read] = read_calendar(file.get_content())
    assert (read.starts_at, read.ends_at) == (THURSDAY, THURSDAY + timedelta(minutes=60))
    assert read.location == "Cité des métiers de Liège"
    assert await state_of(store) == [("sent", None)]


async def test_after_a_crash_between_sending_and_its_record_the_same_message_is_sent_again(
    store: Store, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Crash(BaseException):
        """Ends the process."""

    async def crash(*_: Any) -> None:
        raise Crash

    await queued(store, await person_with(store))
    async with post_office(tmp_path) as (server, settings):
        with monkeypatch.context() as patched:
            patched.setattr(MailSender, "_close", crash)
            with pytest.raises(Crash):
                await sender_of(store, settings).round()
        assert await state_of(store) == [("queued", None)]
        await sender_of(store, settings).round()
        assert len(server.received) == 1, "it is still claimed"
        clock.forward(seconds=LEASE.total_seconds())
        await sender_of(store, settings).round()
        first, again = server.received
    assert first["Message-ID"] == again["Message-ID"]
    assert await state_of(store) == [("sent", None)]


async def test_what_failed_in_the_evening_is_tried_again_in_the_morning(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    await queued(store, await person_with(store))
    async with mail_server() as server:
        server.data += ["451 greylisted"]
        sender = sender_of(store, server.settings(tmp_path))
        for at in ("20:59", "21:04", "06:59"):
            clock.now = datetime.fromisoformat(f"2026-03-{30 + (at < '12')}T{at}+02:00")
            await sender.round()
            assert (server.received, await state_of(store)) == ([], [("queued", "451")])
        assert await sender.warning() is None
        clock.forward(minutes=1)
        await sender.round()
        async with store.read() as session:
            row = (await session.scalars(sa.select(Message))).one()
        assert (row.state, row.attempts, row.queued_at, len(server.received)) == ("sent", 2, clock.now, 1)


@pytest.mark.parametrize(
    ("contact", "reason"), [(None, "no-address"), ("0470 12 34 56", "no-address"), (ADDRESS, "no-consent")]
)
async def test_who_has_no_address_or_agrees_no_more_gets_none(
    contact: str | None, reason: str, store: Store, tmp_path: Path
) -> None:
    person = await person_with(store, contact)
    await queued(store, person)
    if reason == "no-consent":
        async with store.work() as work:  # as in a process that had claimed it
            for one in await consents_in_force(work.session, person):
                one.withdrawn_at = work.now
    async with mail_server() as server:
        await sender_of(store, server.settings(tmp_path)).round()
    assert (server.received, await state_of(store)) == ([], [("withheld", reason)])


@pytest.mark.parametrize("purpose", [one for one in MailPurpose if not one.confirms])
async def test_every_message_has_its_words_in_four_languages(
    purpose: MailPurpose, client: Client, tmp_path: Path
) -> None:
    assert WORDS.keys() == set(MailPurpose)
    person = await person_with(client.store)
    await queued(client.store, person, purpose)
    letters, said = Letters(client.store, quiet_settings(tmp_path)), set[str]()
    for lang in LANGUAGES:
        async with client.store.work() as work:
            (await work.load(Visitor, person)).language = lang
        async with client.store.read() as session:
            row = (await session.scalars(sa.select(Message))).one()
        letter = await letters.compose(row)
        assert isinstance(letter, Letter)
        assert not re.search(r"[{}]", letter.subject + letter.body)
        assert "/intake/l/" not in letter.body, "a link without a PIN is not mailed: who reads it could choose one"
        assert bool(letter.calendars) == purpose.in_calendar
        said |= {letter.subject, letter.body}
    assert len(said) == 2 * len(LANGUAGES)


async def mailed(client: Client) -> tuple[UUID, str, str]:
    """A person, and the paths of their page and of the end of their messages as a message has them."""
    person = await person_with(client.store)
    await with_a_pin(client.store, person)
    await queued(client.store, person)
    async with client.store.read() as session:
        row = (await session.scalars(sa.select(Message))).one()
    letter = await Letters(client.store, client.process.settings).compose(row)
    assert isinstance(letter, Letter)
    [page] = re.findall(r"/intake/l/\S+", letter.body)
    [stop] = re.findall(r"/intake/stop/\S+", letter.body)
    assert letter.unsubscribe is not None
    assert letter.unsubscribe.endswith(stop)
    return person, page, stop


async def in_force(client: Client, person: UUID) -> set[str]:
    async with client.store.read() as session:
        return {one.purpose for one in await consents_in_force(session, person)}


async def test_one_click_of_a_mail_program_ends_reminders_alone(client: Client) -> None:
    person, _, stop = await mailed(client)
    anyone = client.signed_in(None)
    assert "Stop the messages" in (await anyone.get(f"{stop}?lang=en")).text
    assert await in_force(client, person) == {"guidance", "reminders"}, "reading the page stops nothing"
    for _ in range(2):
        answer = await anyone.post(stop, data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
        assert await in_force(client, person) == {"guidance"}
    assert "You no longer get messages" in (await anyone.get(f"{stop}?lang=en")).text
    assert await state_of(client.store) == []


async def test_the_mailed_link_asks_for_the_pin_until_a_new_link_ends_it(client: Client) -> None:
    person, page, stop = await mailed(client)
    anyone = client.signed_in(None)
    shown = await anyone.get(page)
    assert shown.status_code == 200
    assert 'name="pin_again"' not in shown.text
    opened = await anyone.post(page, data={"pin": "839517"}, follow_redirects=False)
    assert opened.status_code == 303
    async with client.store.work() as work:
        await links.create_link(work, person, "test/desk-liege")
    assert (await anyone.get(page)).status_code == 404
    assert (await anyone.get(f"{page[:-1]}A")).status_code == 404
    assert (await anyone.get(stop.replace("/stop/", "/l/"))).status_code == 404


@pytest.mark.parametrize("secret", ["nothing", "a" * 22, "é" * 22, "A" * 500])
async def test_an_address_that_nobody_was_sent_stops_nothing(secret: str, client: Client) -> None:
    for method in ("GET", "POST"):
        answer = await client.signed_in(None).request(method, f"/intake/stop/{secret}")
        assert answer.status_code in (404, 422)


async def test_the_desk_and_the_person_see_what_was_sent_and_no_text(demo: Client) -> None:
    reached, not_reached = [await person_with(demo.store, contact) for contact in (ADDRESS, None)]
    await queued(demo.store, reached)
    await queued(demo.store, not_reached)
    assert demo.runtime.mail is not None
    await demo.runtime.mail.round()
    async with demo.store.read() as session:
        visits = {row.subject_ref: row.id for row in await session.scalars(sa.select(Visit))}
        data = await read_personal_data(session, reached)
    shown = (await demo.get(f"/intake/visits/{visits[reached]}?lang=en")).text
    assert all(text in shown for text in ("Appointment booked", "Sent"))
    assert "Your appointment on" not in shown
    shown = (await demo.get(f"/intake/visits/{visits[not_reached]}?lang=en")).text
    assert all(
        text in shown
        for text in ("Not sent", "No e-mail address, and no number on which the person wants text messages.")
    )
    assert data is not None
    assert [(one.purpose, one.centre, one.state) for one in data.messages] == [
        ("appointment-booked", "Cité des métiers de Liège", "sent")
    ]
    shown = (await demo.signed_in(OPERATOR).get("/intake/mail?lang=en")).text
    assert "demonstration" in shown
    assert "Your appointment" not in shown, "it was written in French"
    assert ADDRESS in shown
