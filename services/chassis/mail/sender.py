"""Sends queued messages: each is claimed by one replica and handed over once.

If a replica dies between handing over and its commit, the message is sent again under the same `Message-ID`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.mail.messages import MailState, QueuedMail, close, give_up_overdue, is_open, is_overdue
from services.chassis.mail.transports import DeliveryError, RefusedForGood, Send, ServerAway, Transport
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

_log = log(__name__)


class MailSender:
    """Sends the messages of one service's table."""

    def __init__(self, store: Store, table: type[QueuedMail], transport: Transport | None) -> None:
        self._store = store
        self._table = table
        self._transport = transport
        self._warned_at: datetime | None = None

    async def round(self) -> bool:
        """Send some messages. True if more are due."""
        await self._measure()
        if not await self._any_due():
            return False
        await give_up_overdue(self._store, self._table)
        if self._transport is None:
            return False
        rows = await claim(self._store, self._table, MOST, LEASE)
        return await self._send_all(self._transport, rows) and len(rows) == MOST

    async def warning(self) -> str | None:
        """What an operator should know: how many messages wait, and why."""
        queued, oldest = await self._queued()
        if not queued or oldest is None:
            return None
        if self._transport is None:
            return f"messages waiting: {queued}; there is no mail server, set CEFO_SMTP_HOST"
        slow = self._store.clock() - oldest >= SLOW
        return f"messages waiting: {queued}; the oldest since {oldest.isoformat(timespec='minutes')}" if slow else None

    async def _send_all(self, transport: Transport, rows: Sequence[QueuedMail]) -> bool:
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

    async def _send(self, transport: Transport, send: Send, row: QueuedMail) -> None:
        try:
            await send(row.id, compose(row, transport.sender))
        except ServerAway:
            raise
        except RefusedForGood as refused:
            await self._close(row, MailState.REFUSED, refused.code)
        except DeliveryError as failed:
            await self._put_back(row, failed)
        else:
            await self._close(row, MailState.SENT)

    async def _close(self, row: QueuedMail, state: MailState, error: str | None = None) -> None:
        try:
            async with self._store.work() as work:
                await close(work, row, state, error)
        except ClaimLost as lost:
            _log.warning("message handed over after its lease", error=str(lost))
            return
        self._report(row, state.value, error)

    async def _put_back(self, row: QueuedMail, failed: DeliveryError) -> None:
        try:
            async with self._store.work() as work:
                kept = await release(work, row, pause_after(row.attempts))
                kept.error = failed.code
        except ClaimLost as lost:
            _log.warning("message tried after its lease", error=str(lost))
            return
        self._report(row, "put-back", failed.code)

    def _report(self, row: QueuedMail, outcome: str, error: str | None) -> None:
        MAIL_ATTEMPTS.labels(self._store.service, outcome).inc()
        write = _log.info if error is None else _log.warning
        write("message", service=self._store.service, id=str(row.id), purpose=row.purpose, outcome=outcome, error=error)

    async def _queued(self) -> tuple[int, datetime | None]:
        """How many messages are queued, and since when the oldest is."""
        oldest = sa.select(sa.func.count(), sa.func.min(col(self._table.queued_at))).where(is_open(self._table))
        async with self._store.read() as session:
            count, since = (await session.execute(oldest)).one()
        return count, since

    async def _measure(self) -> None:
        queued, oldest = await self._queued()
        now = self._store.clock()
        MAIL_QUEUED.labels(self._store.service).set(queued)
        MAIL_OLDEST.labels(self._store.service).set((now - oldest).total_seconds() if oldest is not None else 0)
        if self._warned_at is not None and now - self._warned_at < WARN_EVERY:
            return
        if warning := await self.warning():
            self._warned_at = now
            _log.warning("mail", service=self._store.service, warning=warning)

    async def _any_due(self) -> bool:
        """Whether a message may be claimed or given up; only reads."""
        until, now = col(self._table.claimed_until), self._store.clock()
        due = until.is_(None) | (until <= now) | is_overdue(self._table, now)
        chosen = sa.select(col(self._table.id)).where(is_open(self._table), due).limit(1)
        async with self._store.read() as session:
            return await session.scalar(chosen) is not None


def pause_after(attempts: int) -> timedelta:
    """How long a message rests after this many attempts: 5 s, then twice as long each time, up to half an hour."""
    return min(FIRST_PAUSE * 2 ** min(attempts - 1, 20), LONGEST_PAUSE)


def compose(row: QueuedMail, sender: Address) -> EmailMessage:
    """The message with its headers. Its `Message-ID` is the row's id, the same in every attempt."""
    assert row.recipient is not None
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = sender
    message["To"] = Address(addr_spec=row.recipient)
    message["Subject"] = row.subject or ""
    message["Date"] = format_datetime(row.queued_at)
    message["Message-ID"] = f"<{row.id}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(row.body or "")
    message["Content-Language"] = row.lang  # last: the content sets all headers of this kind
    return message
