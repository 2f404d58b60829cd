"""Where messages go: a mail server and an SMS gateway, or in the demo a folder.

A transport opens a session for some messages. Its errors (`errors`) say what to do: `RefusedForGood`, `TryLater`,
`ServerAway`.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import aiosmtplib
from aiosmtplib import errors

from services.chassis.mail.addresses import sender_address
from services.chassis.mail.errors import DeliveryError, RefusedForGood, ServerAway, TryLater, is_of_address
from services.chassis.mail.messages import Letter, MailRow, Outgoing
from services.chassis.mail.mime import compose, filed_text
from services.chassis.mail.sms import SmsGateway
from services.chassis.runtime.settings import Settings

SECONDS = 30.0
"""The longest that one step with the mail server may take."""
DEMO_SENDER = Address(display_name="cefo (demo)", addr_spec="noreply@cefo.example")


def sender_of(settings: Settings) -> Address:
    """The sender of every message: that of the demo, if none is configured. Raises `ValueError`."""
    return sender_address(settings.smtp_from) if settings.smtp_from is not None else DEMO_SENDER


Send = Callable[[MailRow, Any], Awaitable[None]]
"""Hands one message over: a `Letter` or a `TextMessage`, as the transport takes them. Raises `DeliveryError`."""


class Transport(Protocol):
    """A way for messages to leave."""

    def session(self) -> AbstractAsyncContextManager[Send]:
        """A connection for some messages. Raises `ServerAway`."""
        ...


class MailFolder:
    """Writes each message, by e-mail or to a telephone, to a file, which only the owner of the data folder may read."""

    def __init__(self, folder: Path, sender: Address = DEMO_SENDER) -> None:
        self.folder = folder
        self.sender = sender

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[Send]:
        """A session; there is nothing to connect to."""

        async def send(row: MailRow, message: Outgoing) -> None:
            written = compose(row, message, self.sender) if isinstance(message, Letter) else filed_text(row, message)
            await asyncio.to_thread(self._write, row.id, bytes(written))

        yield send

    def path(self, id: UUID) -> Path:
        """The file of a message."""
        return self.folder / f"{id}.eml"

    def ids(self) -> set[UUID]:
        """The messages of which there is a file."""
        return {UUID(path.stem) for path in self.folder.glob("*.eml")}

    def _write(self, id: UUID, content: bytes) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = self.path(id).with_suffix(".part")
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(content)
        unfinished.replace(self.path(id))


class SmtpServer:
    """Hands messages to the mail server of the settings."""

    def __init__(self, settings: Settings) -> None:
        assert settings.smtp_host is not None
        assert settings.smtp_from is not None  # `Settings` refuses one without the other
        self._settings = settings
        self._host = settings.smtp_host
        self.sender = sender_address(settings.smtp_from)

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[Send]:
        """One connection. Raises `ServerAway` if there is none, or if the server does not let us in."""
        client = self._client()
        try:
            await client.connect()
        except errors.SMTPResponseException as error:
            raise ServerAway(str(error.code)) from error
        except (errors.SMTPException, OSError) as error:
            raise ServerAway(_code_of(error)) from error
        try:
            yield lambda row, letter: self._send(client, compose(row, letter, self.sender))
        finally:
            client.close()

    def _client(self) -> aiosmtplib.SMTP:
        chosen, secret = self._settings, self._settings.smtp_password_file
        return aiosmtplib.SMTP(
            hostname=self._host,
            port=chosen.smtp_port,
            username=chosen.smtp_user,
            # Read for each connection, so that it can be changed without a restart.
            password=secret.read_text().strip() if secret is not None else None,
            use_tls=chosen.smtp_tls == "tls",
            start_tls=chosen.smtp_tls == "starttls",
            tls_context=ssl.create_default_context(cafile=chosen.smtp_ca_file),
            timeout=SECONDS,
        )

    async def _send(self, client: aiosmtplib.SMTP, message: EmailMessage) -> None:
        try:
            await client.send_message(message, sender=self.sender.addr_spec)
        except errors.SMTPRecipientsRefused as refused:
            answer = refused.recipients[0]
            raise _answer(answer.code, address=_reaches_nobody(answer.message)) from refused
        except errors.SMTPDataError as refused:
            raise _answer(refused.code) from refused
        except errors.SMTPResponseException as refused:
            raise TryLater(str(refused.code)) from refused  # the sender, or the order of commands: not the message
        except (errors.SMTPException, OSError) as error:
            raise ServerAway(_code_of(error)) from error


def _reaches_nobody(text: str) -> bool:
    """Whether a refusal of the recipient is about the address: by its status (RFC 2034), where there is one."""
    status = re.match(r"\s*([245]\.\d{1,3}\.\d{1,3})\b", text)
    return status is None or is_of_address(status[1])


def _answer(code: int, *, address: bool = False) -> DeliveryError:
    return RefusedForGood(str(code), address=address) if 500 <= code < 600 else TryLater(str(code))


def _code_of(error: Exception) -> str:
    match error:
        case TimeoutError():
            return "timeout"
        case ssl.SSLError():
            return "tls"
        case OSError():
            return "no-connection"
        case _:
            return "not-supported"


class Transports(NamedTuple):
    """The transports of a service. None: there is none."""

    mail: Transport | None
    sms: Transport | None = None

    def of(self, message: Outgoing) -> Transport | None:
        """By which this message leaves."""
        return self.mail if isinstance(message, Letter) else self.sms

    @property
    def folder(self) -> MailFolder | None:
        """The folder of the demo."""
        return self.mail if isinstance(self.mail, MailFolder) else None


def sends_mails(settings: Settings) -> bool:
    """Whether e-mails leave this platform: by its mail server, or into the demo's folder."""
    return settings.demo or settings.smtp_host is not None


def sends_text_messages(settings: Settings) -> bool:
    """Whether text messages leave this platform: by its SMS gateway, or into the demo's folder."""
    return settings.demo or settings.sms_url is not None


def transports_of(settings: Settings, service: str) -> Transports:
    """The transports of a service: in the demo a folder of its own, otherwise mail server and SMS gateway."""
    if settings.demo:
        folder = MailFolder(settings.data / "mail" / service)
        return Transports(folder, folder)
    return Transports(
        SmtpServer(settings) if settings.smtp_host is not None else None,
        SmsGateway(settings) if settings.sms_url is not None else None,
    )
