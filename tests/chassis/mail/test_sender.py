"""Messages are sent once, by whichever replica claims them; a fault delays them, and nothing is lost."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import structlog
from prometheus_client import REGISTRY

from services.chassis.mail.errors import NothingToSend
from services.chassis.mail.messages import CalendarPart, Letter, MailRow, MailState
from services.chassis.mail.mime import compose
from services.chassis.mail.sender import LEASE, MOST, MailSender, pause_after
from services.chassis.mail.transports import DEMO_SENDER, MailFolder, Send, SmtpServer, Transports
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock
from tests.chassis.mail.mail_server import MailServer
from tests.chassis.mail.test_messages import queued, stored
from tests.chassis.sample_service import Mail, Table


def sender_of(store: Store, server: MailServer, folder: Path) -> MailSender:
    return MailSender(store, Mail, Transports(SmtpServer(server.settings(folder))))


LETTER = Letter("ada@ifapme.example", "Votre lien", "Voici : https://x\n", "fr")


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


async def states(store: Store) -> list[tuple[str, int, str | None]]:
    return [(row.state, row.attempts, row.error) for row in await stored(store)]


async def test_a_message_is_sent_and_nothing_of_the_person_stays(
    store: Store, server: MailServer, tmp_path: Path
) -> None:
    id = (await queued(store, subject="Votre lien à usage unique", body="Bonjour,\n\nÀ bientôt : https://x/?a=b\n")).id
    assert await sender_of(store, server, tmp_path).round() is False
    (message,) = server.received
    assert (message["To"], message["From"]) == ("ada@ifapme.example", "Orientation <noreply@cefo.example>")
    assert (message["Subject"], message["Message-ID"]) == ("Votre lien à usage unique", f"<{id}@cefo.example>")
    assert (message["Auto-Submitted"], message["Content-Language"]) == ("auto-generated", "fr")
    assert text_of(message) == "Bonjour,\n\nÀ bientôt : https://x/?a=b\n"
    (row,) = await stored(store)
    assert (row.state, row.recipient, row.subject, row.body) == (MailState.SENT, None, None, None)


async def test_a_message_that_is_refused_for_good_is_not_tried_again(
    store: Store, server: MailServer, clock: FixedClock, tmp_path: Path
) -> None:
    server.recipients["ada@ifapme.example"] = "550 ada@ifapme.example is unknown here"
    await queued(store)
    sender = sender_of(store, server, tmp_path)
    await sender.round()
    clock.forward(days=1)
    await sender.round()
    assert await states(store) == [(MailState.REFUSED, 1, "550")]
    assert (await stored(store))[0].recipient is None


async def test_a_temporary_refusal_is_tried_again_after_a_pause(
    store: Store, server: MailServer, clock: FixedClock, tmp_path: Path
) -> None:
    server.data += ["451 greylisted", "452 disk full"]
    await queued(store)
    sender = sender_of(store, server, tmp_path)
    for pause, code in ((5, "451"), (10, "452")):
        await sender.round()
        assert (await states(store))[0][2] == code
        clock.forward(seconds=pause - 1)
        await sender.round()  # too early
        assert (await states(store))[0][2] == code
        clock.forward(seconds=1)
    await sender.round()
    assert await states(store) == [(MailState.SENT, 3, None)]
    assert len(server.received) == 1


async def test_a_server_that_is_away_delays_all_and_loses_none(
    store: Store, server: MailServer, clock: FixedClock, tmp_path: Path
) -> None:
    for _ in range(3):
        await queued(store)
    away = MailSender(store, Mail, Transports(SmtpServer(server.settings(tmp_path, smtp_port=1))))
    assert await away.round() is False
    assert await states(store) == [(MailState.QUEUED, 1, "no-connection")] * 3
    clock.forward(seconds=5)
    await sender_of(store, server, tmp_path).round()
    assert await states(store) == [(MailState.SENT, 2, None)] * 3


async def test_a_message_that_could_not_be_sent_in_time_is_given_up(
    store: Store, server: MailServer, clock: FixedClock, tmp_path: Path
) -> None:
    await queued(store, useful_for=timedelta(minutes=15))
    await MailSender(store, Mail, Transports(SmtpServer(server.settings(tmp_path, smtp_port=1)))).round()
    clock.forward(minutes=15)
    await sender_of(store, server, tmp_path).round()
    assert await states(store) == [(MailState.OVERDUE, 1, "no-connection")]
    assert server.received == []


async def test_two_replicas_send_each_message_once(
    url: str, store: Store, server: MailServer, clock: FixedClock, tmp_path: Path
) -> None:
    other = Store(url, "sample", Table.metadata, clock)
    for _ in range(3 * MOST):
        await queued(store)
    senders = [sender_of(one, server, tmp_path) for one in (store, other)]

    async def until_done(sender: MailSender) -> None:
        while await sender.round():
            pass

    await asyncio.gather(*(until_done(sender) for sender in senders))
    await other.close()
    ids = [message["Message-ID"] for message in server.received]
    assert len(ids) == len(set(ids)) == 3 * MOST
    assert {state for state, _, _ in await states(store)} == {MailState.SENT}


async def test_a_replica_that_is_slower_than_its_lease_changes_nothing(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    folder = MailFolder(tmp_path)

    class Slow(MailFolder):
        """Until it has written, its lease is over and another replica has sent the message."""

        @asynccontextmanager
        async def session(self) -> AsyncGenerator[Send]:
            async with folder.session() as write:

                async def send(row: MailRow, letter: Letter) -> None:
                    clock.forward(seconds=LEASE.total_seconds())
                    await MailSender(store, Mail, Transports(folder)).round()
                    await write(row, letter)

                yield send

    id = (await queued(store)).id
    with structlog.testing.capture_logs() as lines:
        await MailSender(store, Mail, Transports(Slow(tmp_path))).round()
    assert await states(store) == [(MailState.SENT, 2, None)]
    assert "message handed over after its lease" in [line["event"] for line in lines]
    assert folder.path(id).exists()


async def test_without_a_mail_server_messages_wait_and_say_so(
    store: Store, server: MailServer, clock: FixedClock, tmp_path: Path
) -> None:
    nowhere = MailSender(store, Mail, Transports(None))
    assert await nowhere.warning() is None
    await queued(store)
    with structlog.testing.capture_logs() as lines:
        for _ in range(3):
            assert await nowhere.round() is False
            clock.forward(seconds=30)
    warning = "messages waiting: 1; there is no mail server, set CEFO_SMTP_HOST"
    assert await nowhere.warning() == warning
    assert [line["warning"] for line in lines if line["event"] == "mail"] == [warning] * 2  # once a minute
    assert await states(store) == [(MailState.QUEUED, 3, "no-mail-server")]
    assert REGISTRY.get_sample_value("cefo_mail_queued", {"service": "sample"}) == 1
    assert REGISTRY.get_sample_value("cefo_mail_oldest_seconds", {"service": "sample"}) == 60
    await sender_of(store, server, tmp_path).round()
    assert await states(store) == [(MailState.SENT, 4, None)]
    assert await nowhere.warning() is None


async def test_messages_that_wait_for_long_are_a_warning(
    store: Store, server: MailServer, clock: FixedClock, tmp_path: Path
) -> None:
    await queued(store)
    sender = sender_of(store, server, tmp_path)
    clock.forward(minutes=9)
    assert await sender.warning() is None
    clock.forward(minutes=1)
    assert await sender.warning() == "messages waiting: 1; the oldest since 2026-03-02T08:00+00:00"


async def test_no_log_line_names_a_person(store: Store, server: MailServer, tmp_path: Path) -> None:
    server.recipients["ada@ifapme.example"] = "550 ada@ifapme.example is unknown here"
    await queued(store)
    await queued(store, recipient="ben@ifapme.example")
    with structlog.testing.capture_logs() as lines:
        await sender_of(store, server, tmp_path).round()
    assert [line["outcome"] for line in lines if line["event"] == "message"] == ["refused", "sent"]
    assert "ifapme" not in str(lines)
    assert "Votre lien" not in str(lines)


@pytest.mark.parametrize(
    "typed",
    [
        {"subject": "Lien\r\nBcc: all@ifapme.example"},
        {"subject": "Lien\r\n\r\nUn autre texte"},
        {"body": "\r\nBcc: all@ifapme.example\r\n.\r\nMAIL FROM:<x@y.example>\r\n"},
    ],
)
async def test_no_header_and_no_command_can_be_added(
    typed: dict[str, Any], store: Store, server: MailServer, tmp_path: Path
) -> None:
    await queued(store, **typed)
    await sender_of(store, server, tmp_path).round()
    (message,) = server.received
    assert message["Bcc"] is None
    assert sorted(message.keys()) == sorted(compose(await unsent(store), LETTER, DEMO_SENDER).keys())
    assert text_of(message).strip() == typed.get("body", "Voici : https://x").replace("\r\n", "\n").strip()


async def unsent(store: Store) -> Mail:
    return await queued(store)


async def test_a_letter_that_is_composed_when_it_is_sent(store: Store, server: MailServer, tmp_path: Path) -> None:
    """One with nothing to say any more is withheld, one that cannot be composed waits, and neither stops the others."""
    rows = [await queued(store) for _ in range(3)]

    async def letter_of(row: Mail) -> Letter:
        if row.id == rows[0].id:
            raise NothingToSend("no-consent")
        if row.id == rows[1].id:
            raise ZeroDivisionError
        body = "Bonjour <Ada>,\n\nLigne 1\nhttps://x/?a=1&b=2\n"
        calendar = CalendarPart("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "REQUEST")
        return Letter("ada@ifapme.example", "Rendez-vous", body, "de", [calendar], "https://x/stop/1")

    await MailSender(store, Mail, Transports(SmtpServer(server.settings(tmp_path))), letter_of).round()
    found = {row.id: (row.state, row.error) for row in await stored(store)}
    assert [found[row.id] for row in rows] == [("withheld", "no-consent"), ("queued", "not-composed"), ("sent", None)]
    (message,) = server.received
    assert message["List-Unsubscribe"] == "<https://x/stop/1>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    html = text_of(message, "html")
    assert '<html lang="de">' in html
    assert "<p>Bonjour &lt;Ada&gt;,</p>" in html
    assert '<p>Ligne 1<br><a href="https://x/?a=1&amp;b=2">https://x/?a=1&amp;b=2</a></p>' in html
    (file,) = message.iter_attachments()
    assert (file.get_content_type(), file.get_filename()) == ("application/ics", "cefo.ics")
    [part] = [one for one in message.walk() if one.get_content_type() == "text/calendar"]
    assert (part.get_param("method"), part.get_content_charset()) == ("REQUEST", "utf-8")
    assert not part.is_attachment()
    assert part.get_content().splitlines() == file.get_content().decode().splitlines()
    assert part.get_content().splitlines() == ["BEGIN:VCALENDAR", "END:VCALENDAR"]


def test_pauses_grow_up_to_half_an_hour() -> None:
    assert [pause_after(n).total_seconds() for n in (1, 2, 3, 10, 1000)] == [5, 10, 20, 1800, 1800]
