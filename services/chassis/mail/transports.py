"""Where messages go: a mail server, or in the demo a folder.

A transport opens a session for some messages. Its errors say what to do: `RefusedForGood`, `TryLater`, `ServerAway`.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol
from uuid import UUID

import aiosmtplib
from aiosmtplib import errors

from services.chassis.mail.addresses import sender_address
from services.chassis.runtime.settings import Settings

SECONDS = 30.0
"""The longest that one step with the mail server may take."""
DEMO_SENDER = Address(display_name="cefo (demo)", addr_spec="noreply@cefo.example")


class DeliveryError(Exception):
    """A message was not taken over; `code` is the mail server's number or a code of ours."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class RefusedForGood(DeliveryError):
    """The mail server will never take this message."""


class TryLater(DeliveryError):
    """The mail server does not take this message now."""


class NothingToSend(DeliveryError):
    """The message is not to be sent any more; `code` says why."""


class NotYet(DeliveryError):
    """The message can wait, and is not to be sent before `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__("not-yet")
        self.until = until


class ServerAway(DeliveryError):
    """The mail server does not take any message now."""


Send = Callable[[UUID, EmailMessage], Awaitable[None]]
"""Hands one message over. Raises `DeliveryError`."""


class Transport(Protocol):
    """A way for messages to leave."""

    sender: Address

    def session(self) -> AbstractAsyncContextManager[Send]:
        """A connection for some messages. Raises `ServerAway`."""
        ...


class MailFolder:
    """Writes each message to a file, which only the owner of the data folder may read."""

    def __init__(self, folder: Path, sender: Address = DEMO_SENDER) -> None:
        self.folder = folder
        self.sender = sender

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[Send]:
        """A session; there is nothing to connect to."""

        async def send(id: UUID, message: EmailMessage) -> None:
            await asyncio.to_thread(self._write, id, bytes(message))

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
            yield lambda _id, message: self._send(client, message)
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
            raise _answer(refused.recipients[0].code) from refused
        except errors.SMTPDataError as refused:
            raise _answer(refused.code) from refused
        except errors.SMTPResponseException as refused:
            raise TryLater(str(refused.code)) from refused  # the sender, or the order of commands: not the message
        except (errors.SMTPException, OSError) as error:
            raise ServerAway(_code_of(error)) from error


def _answer(code: int) -> DeliveryError:
    return RefusedForGood(str(code)) if 500 <= code < 600 else TryLater(str(code))


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


def transport_of(settings: Settings, service: str) -> Transport | None:
    """The transport of a service: in the demo a folder of its own, otherwise the mail server; None: there is none."""
    if settings.demo:
        return MailFolder(settings.data / "mail" / service)
    return SmtpServer(settings) if settings.smtp_host is not None else None
