"""Sends queued messages: each is claimed by one replica and handed over once.

If a replica dies between handing over and its commit, the message is sent again under the same `Message-ID`.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from email import policy
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import Policy
from email.utils import format_datetime
from html import escape
from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.mail.messages import (
    Letter,
    MailRow,
    MailState,
    close,
    give_up_overdue,
    is_open,
    is_overdue,
    stored_letter,
)
from services.chassis.mail.transports import (
    DeliveryError,
    NothingToSend,
    NotYet,
    RefusedForGood,
    Send,
    ServerAway,
    Transport,
    TryLater,
)
from services.chassis.runtime.telemetry import MAIL_ATTEMPTS, MAIL_OLDEST, MAIL_QUEUED, log
from services.chassis.storage.claims import ClaimLost, claim, release
from services.chassis.storage.store import Store

MOST = 10
"""Messages of one connection."""
LEASE = timedelta(minutes=30)
"""Far longer than the slowest handling of `MOST` messages."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=30)
SLOW = timedelta(minutes=10)
"""Age of a queued message from which operators are warned."""
WARN_EVERY = timedelta(minutes=1)

_BODY = '<body style="overflow-wrap: anywhere">'  # long addresses do not fit on a telephone
LetterOf = Callable[[Any], Awaitable[Letter]]
"""Composes the letter of a claimed row. Raises `NothingToSend`, `NotYet`."""

_log = log(__name__)


class _UrlHeader(UnstructuredHeader, BaseHeader):
    """A header with a URL, on one line however long it is: folded, it would be an encoded word, which is no URL."""

    def fold(self, *, policy: Policy) -> str:
        """The line. A message is written by policies of others too (`aiosmtplib`), and all of them ask this."""
        return f"{self.name}: {self}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("List-Unsubscribe", _UrlHeader)
_POLICY = policy.SMTP.clone(header_factory=_HEADERS)


class MailSender:
    """Sends the messages of one service's table."""

    def __init__(
        self,
        store: Store,
        table: type[MailRow],
        transport: Transport | None,
        letter_of: LetterOf = stored_letter,
    ) -> None:
        self.store = store
        self.table = table
        self.transport = transport
        self._letter_of = letter_of
        self._warned_at: datetime | None = None

    async def round(self) -> bool:
        """Send some messages. True if more are due."""
        await self._measure()
        if not await self._any_due():
            return False
        await give_up_overdue(self.store, self.table)
        if self.transport is None:
            return False
        rows = await claim(self.store, self.table, MOST, LEASE)
        return await self._send_all(self.transport, rows) and len(rows) == MOST

    async def warning(self) -> str | None:
        """What an operator should know: how many messages wait, and why."""
        queued, oldest = await self._queued()
        if not queued or oldest is None:
            return None
        if self.transport is None:
            return f"messages waiting: {queued}; there is no mail server, set CEFO_SMTP_HOST"
        slow = self.store.clock() - oldest >= SLOW
        return f"messages waiting: {queued}; the oldest since {oldest.isoformat(timespec='minutes')}" if slow else None

    async def _send_all(self, transport: Transport, rows: Sequence[MailRow]) -> bool:
        """Hand over these messages. False: the server went away, and all that are left were released."""
        left = list(rows)
        try:
            async with transport.session() as send:
                while left:
                    await self._send(transport, send, left[0])
                    del left[0]
        except ServerAway as away:
            for row in left:
                await self._put_back(row, away)
            return False
        return True

    async def _send(self, transport: Transport, send: Send, row: MailRow) -> None:
        try:
            letter = await self._composed(row)
            await send(row.id, compose(row, letter, transport.sender))
        except ServerAway:
            raise
        except NothingToSend as withheld:
            await self._close(row, MailState.WITHHELD, withheld.code)
        except NotYet as early:
            await self._postpone(row, early.until)
        except RefusedForGood as refused:
            await self._close(row, MailState.REFUSED, refused.code)
        except DeliveryError as failed:
            await self._put_back(row, failed)
        else:
            await self._close(row, MailState.SENT)

    async def _composed(self, row: MailRow) -> Letter:
        """The letter of this row. Raises `NothingToSend`, `NotYet`, or `TryLater` where its text cannot be made."""
        try:
            return await self._letter_of(row)
        except DeliveryError:
            raise
        except Exception as error:  # one that cannot be composed must not keep back the others
            _log.exception("message not composed", service=self.store.service, id=str(row.id), purpose=row.purpose)
            raise TryLater("not-composed") from error

    async def _close(self, row: MailRow, state: MailState, error: str | None = None) -> None:
        try:
            async with self.store.work() as work:
                await close(work, row, state, error)
        except ClaimLost as lost:
            _log.warning("message handed over after its lease", error=str(lost))
            return
        self._report(row, state.value, error)

    async def _put_back(self, row: MailRow, failed: DeliveryError) -> None:
        try:
            async with self.store.work() as work:
                kept = await release(work, row, pause_after(row.attempts))
                kept.error = failed.code
        except ClaimLost as lost:
            _log.warning("message tried after its lease", error=str(lost))
            return
        self._report(row, "put-back", failed.code)

    async def _postpone(self, row: MailRow, until: datetime) -> None:
        """Queue it for that time, as if it had not been claimed: nothing failed."""
        try:
            async with self.store.work() as work:
                kept = await release(work, row, until - work.now)
                kept.queued_at, kept.attempts = until, kept.attempts - 1
        except ClaimLost as lost:
            _log.warning("message postponed after its lease", error=str(lost))
            return
        self._report(row, "postponed")

    def _report(self, row: MailRow, outcome: str, error: str | None = None) -> None:
        MAIL_ATTEMPTS.labels(self.store.service, outcome).inc()
        write = _log.info if error is None else _log.warning
        write("message", service=self.store.service, id=str(row.id), purpose=row.purpose, outcome=outcome, error=error)

    async def _queued(self) -> tuple[int, datetime | None]:
        """How many messages are queued, and since when the oldest is."""
        oldest = sa.select(sa.func.count(), sa.func.min(col(self.table.queued_at))).where(is_open(self.table))
        async with self.store.read() as session:
            count, since = (await session.execute(oldest)).one()
        return count, since

    async def _measure(self) -> None:
        queued, oldest = await self._queued()
        now = self.store.clock()
        MAIL_QUEUED.labels(self.store.service).set(queued)
        age = max(now - oldest, timedelta()) if oldest is not None else timedelta()  # one may wait for the morning
        MAIL_OLDEST.labels(self.store.service).set(age.total_seconds())
        if self._warned_at is not None and now - self._warned_at < WARN_EVERY:
            return
        if warning := await self.warning():
            self._warned_at = now
            _log.warning("mail", service=self.store.service, warning=warning)

    async def _any_due(self) -> bool:
        """Whether a message may be claimed or given up; only reads."""
        until, now = col(self.table.claimed_until), self.store.clock()
        due = until.is_(None) | (until <= now) | is_overdue(self.table, now)
        chosen = sa.select(col(self.table.id)).where(is_open(self.table), due).limit(1)
        async with self.store.read() as session:
            return await session.scalar(chosen) is not None


def pause_after(attempts: int) -> timedelta:
    """How long a message rests after this many attempts: 5 s, then twice as long each time, up to half an hour."""
    return min(FIRST_PAUSE * 2 ** min(attempts - 1, 20), LONGEST_PAUSE)


def compose(row: MailRow, letter: Letter, sender: Address) -> EmailMessage:
    """The message with its headers. Its `Message-ID` is the row's id, the same in every attempt."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = sender
    message["To"] = Address(addr_spec=letter.recipient)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(row.queued_at)
    message["Message-ID"] = f"<{row.id}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    if letter.unsubscribe is not None:
        message["List-Unsubscribe"] = f"<{letter.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(letter.body)
    message.add_alternative(_html_of(letter), subtype="html")
    if letter.calendar is not None:
        part = letter.calendar
        message.add_attachment(part.text, subtype="calendar", filename="cefo.ics", params={"method": part.method})
    message["Content-Language"] = letter.lang  # last: the content sets all headers of this kind
    return message


def _html_of(letter: Letter) -> str:
    """The text of a letter for programs that show HTML: its paragraphs, and addresses that can be clicked."""
    paragraphs = (paragraph.splitlines() for paragraph in letter.body.split("\n\n") if paragraph.strip())
    shown = "".join(f"<p>{'<br>'.join(map(_line, lines))}</p>\n" for lines in paragraphs)
    title = escape(letter.subject)
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
    return f'<!doctype html>\n<html lang="{escape(letter.lang)}"><head>{head}</head>\n{_BODY}\n{shown}</body></html>\n'


def _line(text: str) -> str:
    shown = escape(text.strip())
    return f'<a href="{shown}">{shown}</a>' if shown.startswith(("https://", "http://")) else shown
