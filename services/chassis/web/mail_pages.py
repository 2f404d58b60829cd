"""The page of a service's messages, for operators: what was sent, what waits, what was refused.

In the demo it shows the messages themselves, which are in a folder instead of people's mailboxes and telephones.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from fastapi import Request
from sqlmodel import col
from starlette.responses import Response

from services.chassis.identity.people import Person
from services.chassis.mail.messages import MailRow
from services.chassis.mail.transports import MailFolder, transports_of
from services.chassis.refusals import msg
from services.chassis.storage.list_order import ListOrder
from services.chassis.web.pages import page
from services.chassis.web.routing import Reading, Router, Running, allow
from services.contracts.roles import Role

SHOWN = 100
"""Messages on a page."""


REASONS = {
    "no-mail-server": msg("No mail server is set up."),
    "no-sms-gateway": msg("No SMS gateway is set up."),
    "no-secret": msg("The token of the SMS gateway cannot be read."),
    "no-connection": msg("There was no connection to the server."),
    "timeout": msg("The server did not answer in time."),
    "tls": msg("The certificate of the server is not trusted."),
    "not-supported": msg("The server does not support what the settings ask for."),
    "not-composed": msg("The text could not be made. The log says why."),
}
"""Why an attempt failed, by the codes of the transports. Others are answers of the server."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A message as the page shows it. Recipient, subject and text are there in the demo only."""

    purpose: str
    queued_at: datetime
    state: str
    attempts: int
    error: str | None
    recipient: str | None = None
    subject: str | None = None
    text: str | None = None


def mail_router(service: str, table: type[MailRow], reasons: Mapping[str, str] | None = None) -> Router:
    """The page of this service's messages. `reasons`: the words (msgids) for its own codes of `NothingToSend`."""
    words = REASONS | dict(reasons or {})
    router = Router(f"/{service}", pages=True)

    @router.get("/mail")
    async def mail(
        request: Request,
        read: Reading,
        running: Running,
        person: Annotated[Person, allow(region_wide=[Role.OPERATOR])],
        after: UUID | None = None,
    ) -> Response:
        """The messages, page by page, the newest first. `after`: the last one of the page before."""
        transports = transports_of(running.settings, service)
        newest = ListOrder(col(table.queued_at), id=col(table.id), newest_first=True)
        rows = list(await read.scalars(await newest.page(read, sa.select(table), SHOWN + 1, after)))
        messages = [await _shown(row, transports.folder) for row in rows[:SHOWN]]
        last = rows[SHOWN - 1].id if len(rows) > SHOWN else None
        can_send = transports.mail is not None
        return page(request, "mail.html", messages=messages, last=last, can_send=can_send, reasons=words)

    return router


async def _shown(row: MailRow, folder: MailFolder | None) -> Sent:
    message = await asyncio.to_thread(_message, folder.path(row.id)) if folder is not None else None
    return Sent(
        purpose=row.purpose,
        queued_at=row.queued_at,
        state=row.state,
        attempts=row.attempts,
        error=row.error,
        recipient=str(message["To"]) if message is not None else None,
        subject=str(message["Subject"]) if message is not None else None,
        text=_text_of(message) if message is not None else None,
    )


def _text_of(message: EmailMessage) -> str | None:
    part = message.get_body(("plain",))
    return str(part.get_content()) if part is not None else None


def _message(path: Path) -> EmailMessage | None:
    """The message in this file; None: it was not written yet, or was deleted."""
    if not path.exists():
        return None
    return message_from_bytes(path.read_bytes(), policy=policy.default)
