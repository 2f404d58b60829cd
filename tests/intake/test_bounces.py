"""A contact that nothing reaches gets no message until it is saved again, and the desk sees it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlmodel import col

from services.chassis.i18n import add_catalogues
from services.chassis.identity.tokens import signer
from services.chassis.mail.messages import Letter, MailRow
from services.chassis.mail.sender import MailSender
from services.chassis.mail.sms import SmsGateway
from services.chassis.mail.transports import MailFolder, Send, SmtpServer, Transports
from services.chassis.runtime.settings import Settings
from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.intake.actions.bounces import contact_refused
from services.intake.actions.letters import Letters
from services.intake.actions.people import change_details
from services.intake.app import SERVICE
from services.intake.domain.contacts import ContactChannel
from services.intake.store import Visitor
from services.intake.store.messages import Message
from tests.chassis.mail.gateway import Answer, sms_gateway
from tests.chassis.mail.mail_server import MailServer, mail_server
from tests.givens.intake import OPERATOR, open_centres
from tests.intake.test_key_rotation import NEW, OLD, running
from tests.intake.test_letters import ADDRESS, person_with, queued, state_of

PHONE = "0470 12 34 56"


@pytest.fixture(autouse=True)
def words() -> None:
    add_catalogues(SERVICE.folder / "locales")


def sender_of(store: Store, settings: Settings, transports: Transports) -> MailSender:
    return MailSender(store, Message, transports, Letters(store, settings).compose, contact_refused)


async def sent_by(store: Store, server: MailServer, folder: Path) -> None:
    settings = server.settings(folder)
    await sender_of(store, settings, Transports(SmtpServer(settings))).round()


async def refused_at(store: Store, person: UUID) -> object:
    async with store.read() as session:
        return (await session.get_one(Visitor, person)).contact_refused_at


async def saves(store: Store, person: UUID, contact: str, channel: ContactChannel | None = None) -> None:
    async with store.work() as work:
        await change_details(work, person, contact=contact, channel=channel, language="fr")


async def last_sent(store: Store) -> UUID:
    async with store.read() as session:
        query = sa.select(col(Message.id)).where(col(Message.state) == "sent").order_by(col(Message.done_at).desc())
        return (await session.scalars(query)).one()


async def test_an_address_that_the_mail_server_refuses_gets_no_more_until_it_is_saved_again(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    person = await person_with(store)
    async with mail_server() as server:
        server.recipients[ADDRESS] = "550 5.1.1 no such person"
        await queued(store, person)
        await sent_by(store, server, tmp_path)
        assert await refused_at(store, person) == clock.now
        await queued(store, person)
        await sent_by(store, server, tmp_path)
        assert await state_of(store) == [("refused", "550"), ("withheld", "contact-refused")]
        await saves(store, person, "ada@example.com")
        assert await refused_at(store, person) is None
        await queued(store, person)
        await sent_by(store, server, tmp_path)
    assert [message["To"] for message in server.received] == ["ada@example.com"]


@pytest.mark.parametrize("answer", ["451 try again", "550 5.7.1 relaying denied", "452 4.2.2 mailbox full"])
async def test_an_answer_that_is_not_about_the_address_marks_no_contact(
    answer: str, store: Store, tmp_path: Path
) -> None:
    person = await person_with(store)
    async with mail_server() as server:
        server.recipients[ADDRESS] = answer
        await queued(store, person)
        await sent_by(store, server, tmp_path)
    assert await refused_at(store, person) is None


async def test_a_number_that_the_gateway_refuses_is_marked_and_a_wrong_token_marks_none(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    person = await person_with(store, PHONE, channel=ContactChannel.SMS)
    async with sms_gateway() as gateway:
        gateway.answers += [Answer(401), Answer(422)]
        settings = gateway.settings(tmp_path, sms_number_refused="422")
        sender = sender_of(store, settings, Transports(None, SmsGateway(settings)))
        await queued(store, person)
        await sender.round()
        assert (await refused_at(store, person), await state_of(store)) == (None, [("queued", "401")])
        clock.forward(seconds=5)
        await sender.round()
    assert (await refused_at(store, person), await state_of(store)) == (clock.now, [("refused", "422")])


async def test_a_refusal_of_the_contact_before_is_not_of_the_new_one(store: Store) -> None:
    person = await person_with(store)
    await queued(store, person)
    async with store.work() as work:
        row = (await work.session.scalars(sa.select(Message))).one()
        await contact_refused(work, row, "earlier@example.org")
    assert await refused_at(store, person) is None


async def reports(client: Client, message: UUID, status: str) -> int:
    body = {"message": str(message), "status": status}
    return (await client.signed_in(OPERATOR).post("/intake/api/v1/messages/bounces", json=body)).status_code


@pytest.mark.parametrize(("status", "marked"), [("5.1.1", True), ("4.4.1", False), ("5.7.1", False), ("2.0.0", False)])
async def test_a_later_report_marks_the_contact_if_it_is_about_the_address(
    status: str, marked: bool, client: Client, tmp_path: Path
) -> None:
    person = await person_with(client.store)
    await queued(client.store, person)
    async with mail_server() as server:
        await sent_by(client.store, server, tmp_path)
    for _ in range(2):  # the same report again changes nothing
        assert await reports(client, await last_sent(client.store) if _ == 0 else uuid4(), status) == 204
    assert (await refused_at(client.store, person) is not None) is marked
    assert await state_of(client.store) == [("refused", "5.1.1") if marked else ("sent", None)]


async def test_a_report_on_a_message_to_the_contact_before_is_ignored(
    client: Client, clock: FixedClock, tmp_path: Path
) -> None:
    person = await person_with(client.store)
    await queued(client.store, person)
    async with mail_server() as server:
        await sent_by(client.store, server, tmp_path)
    clock.forward(minutes=1)
    await saves(client.store, person, "ada@example.com")
    assert await reports(client, await last_sent(client.store), "5.1.1") == 204
    assert await refused_at(client.store, person) is None


@pytest.mark.parametrize("saved", ["ada@example.com", ADDRESS])
async def test_a_report_is_about_the_contact_to_which_the_message_went(
    saved: str, client: Client, tmp_path: Path
) -> None:
    """Also if another one was saved between the mail server's answer and its record."""
    store, person = client.store, await person_with(client.store)
    settings = client.process.settings

    class Slow(MailFolder):
        """The desk saves the contact while the server takes the message over."""

        @asynccontextmanager
        async def session(self) -> AsyncGenerator[Send]:
            async with MailFolder(tmp_path).session() as write:

                async def send(row: MailRow, letter: Letter) -> None:
                    await write(row, letter)
                    await saves(store, person, saved)

                yield send

    await queued(store, person)
    mailing, letters = SERVICE.mail, Letters(store, settings)
    assert mailing is not None
    transports = Transports(Slow(tmp_path))
    await MailSender(store, Message, transports, letters.compose, on_sent=mailing.on_sent(settings)).round()
    assert await reports(client, await last_sent(store), "5.1.1") == 204
    assert (await refused_at(store, person) is not None) is (saved == ADDRESS)


async def test_no_contact_can_be_found_from_the_record_of_a_message(client: Client) -> None:
    person = await person_with(client.store)
    await queued(client.store, person)
    mail, mailing = client.runtime.mail, SERVICE.mail
    assert mail is not None
    assert mailing is not None
    mail.transports = Transports(MailFolder(client.process.settings.data / "mail"))
    await mail.round()
    async with client.store.read() as session:
        (row,) = await session.scalars(sa.select(Message))
    assert row.sent_to == signer(client.process.settings).digest(ADDRESS)
    assert "ada" not in (row.sent_to or "")


@pytest.mark.parametrize("previous", [True, False])
async def test_a_report_on_a_message_of_before_the_key_was_changed_is_about_the_same_contact(
    previous: bool, tmp_path: Path, clock: FixedClock
) -> None:
    async with running(tmp_path, clock, OLD) as client:
        await open_centres(client.store)
        person = await person_with(client.store)
        await queued(client.store, person)
        mail = client.runtime.mail
        assert mail is not None
        mail.transports = Transports(MailFolder(tmp_path / "mail"))
        await mail.round()
    async with running(tmp_path, clock, NEW, previous=OLD if previous else None) as client:
        assert await reports(client, await last_sent(client.store), "5.1.1") == 204
        assert (await refused_at(client.store, person) is not None) is previous


@pytest.mark.parametrize("status", ["5", "5.1", "9.1.1", "5.1.1 no such person", ""])
async def test_a_report_without_a_status_is_refused(status: str, client: Client) -> None:
    assert await reports(client, uuid4(), status) == 422


async def test_the_desk_sees_it_on_the_page_of_the_person(client: Client) -> None:
    person = await person_with(client.store)
    path = f"/intake/people/{person}?lang=en"
    assert "have been refused" not in (await client.get(path)).text
    async with client.store.work() as work:
        (await work.load(Visitor, person)).contact_refused_at = work.now
    assert "Messages to this e-mail address have been refused since" in (await client.get(path)).text
    await client.post(f"/intake/people/{person}", data={"contact": ADDRESS, "language": "fr"})
    assert "have been refused" not in (await client.get(path)).text
