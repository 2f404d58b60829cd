"""Each message leaves by its own transport, and one that is away or missing keeps back no other."""

from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

from services.chassis.mail.messages import Letter, Outgoing, TextMessage
from services.chassis.mail.sender import MailSender
from services.chassis.mail.sms import SmsGateway
from services.chassis.mail.transports import SmtpServer, Transports, transports_of
from services.chassis.storage.store import Store
from tests.chassis.mail.gateway import Gateway
from tests.chassis.mail.mail_server import MailServer
from tests.chassis.mail.test_messages import queued
from tests.chassis.mail.test_sender import states
from tests.chassis.mail.test_sms import NUMBER, by_phone
from tests.chassis.sample_service import Mail


async def test_the_mail_server_and_the_gateway_keep_back_only_their_own(
    store: Store, server: MailServer, gateway: Gateway, tmp_path: Path
) -> None:
    rows = [await queued(store) for _ in range(4)]
    by: Mapping[UUID, Outgoing] = {
        row.id: TextMessage(NUMBER, "t", "fr") if at % 2 else Letter("ada@ifapme.example", "s", "b", "fr")
        for at, row in enumerate(rows)
    }

    async def composed(row: Mail) -> Outgoing:
        return by[row.id]

    away = SmtpServer(server.settings(tmp_path, smtp_port=1))
    await MailSender(store, Mail, Transports(away, SmsGateway(gateway.settings(tmp_path))), composed).round()
    assert sorted(await states(store), key=str) == [("queued", 1, "no-connection")] * 2 + [("sent", 1, None)] * 2


async def test_without_a_gateway_a_text_message_is_withheld(store: Store, server: MailServer, tmp_path: Path) -> None:
    await queued(store)
    await MailSender(store, Mail, Transports(SmtpServer(server.settings(tmp_path))), by_phone).round()
    assert await states(store) == [("withheld", 1, "no-sms-gateway")]


async def test_without_mail_server_and_gateway_each_message_says_why_it_is_not_sent(store: Store) -> None:
    await queued(store)
    await MailSender(store, Mail, Transports(None), by_phone).round()
    await queued(store)
    await MailSender(store, Mail, Transports(None)).round()
    assert sorted(await states(store), key=str) == [
        ("queued", 1, "no-mail-server"),
        ("withheld", 1, "no-sms-gateway"),
    ]


async def test_without_a_mail_server_text_messages_leave(store: Store, gateway: Gateway, tmp_path: Path) -> None:
    await queued(store)
    transports = transports_of(gateway.settings(tmp_path), "sample")
    await MailSender(store, Mail, transports, by_phone).round()
    await queued(store)
    await MailSender(store, Mail, transports).round()
    assert sorted(await states(store), key=str) == [("queued", 1, "no-mail-server"), ("sent", 1, None)]
