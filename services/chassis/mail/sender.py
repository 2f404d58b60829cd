"""Sends queued messages: each is claimed by one replica and handed over once.

If a replica dies between handing over and its commit, the message is sent again under the same `Message-ID`.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.mail.errors import DeliveryError, NothingToSend, NotYet, RefusedForGood, TryLater
from services.chassis.mail.handover import Handover
from services.chassis.mail.messages import (
    MailRow,
    MailState,
    Outgoing,
    close,
    give_up_overdue,
    is_open,
    is_overdue,
    stored_letter,
)
from services.chassis.mail.pauses import ChannelPause, keep_pause, pauses_of
from services.chassis.mail.transports import Transports
from services.chassis.runtime.telemetry import MAIL_ATTEMPTS, MAIL_FAILURES, MAIL_OLDEST, MAIL_QUEUED, log
from services.chassis.storage.claims import ClaimLost, claim, release
from services.chassis.storage.store import Store, Work

MOST = 10
"""Messages that are claimed together."""
LEASE = timedelta(minutes=30)
"""Far longer than the slowest handling of `MOST` messages."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=30)
SLOW = timedelta(minutes=10)
"""Age of a queued message from which operators are warned."""
WARN_EVERY = timedelta(minutes=1)
MOST_ANSWERS = 3
"""Answers that a warning names."""

LetterOf = Callable[[Any], Awaitable[Outgoing]]
"""Composes a claimed row: a letter, or a text message. Raises `NothingToSend`, `NotYet`."""

OnRecipient = Callable[[Work, Any, str], Awaitable[None]]
"""Records, as a message is closed, to which e-mail address or number it was sent, or that nothing reaches this one."""

_log = log(__name__)


class MailSender:
    """Sends the messages of one service's table."""

    def __init__(
        self,
        store: Store,
        table: type[MailRow],
        transports: Transports,
        letter_of: LetterOf = stored_letter,
        on_refused: OnRecipient | None = None,
        on_sent: OnRecipient | None = None,
        pauses: type[ChannelPause] | None = None,
    ) -> None:
        self.store = store
        self.table = table
        self.transports = transports
        self._letter_of = letter_of
        self._on_refused = on_refused
        self._on_sent = on_sent
        self._pauses = pauses
        self._warned_at: datetime | None = None

    async def round(self) -> bool:
        """Send some messages. True if more are due."""
        await self._measure()
        if not await self._any_due():
            return False
        await give_up_overdue(self.store, self.table)
        rows = await claim(self.store, self.table, MOST, LEASE)
        return await self._send_all(rows) and len(rows) == MOST

    async def warning(self) -> str | None:
        """What an operator should know: how many messages wait, since when, and with which answers."""
        queued, oldest = await self._queued()
        if not queued or oldest is None:
            return None
        if not any(self.transports):
            return f"messages waiting: {queued}; there is no mail server, set CEFO_SMTP_HOST"
        if self.store.clock() - oldest < SLOW:
            return None
        answers = ", ".join(f"{code} ({number})" for code, number in await self._answers())
        since = f"messages waiting: {queued}; the oldest since {oldest.isoformat(timespec='minutes')}"
        return f"{since}; last answers: {answers}" if answers else since

    async def _send_all(self, rows: Sequence[MailRow]) -> bool:
        """Hand over these messages. False: a server went away, and its messages were put back."""
        async with Handover(self.transports, await pauses_of(self.store, self._pauses)) as handover:
            for row in rows:
                await self._send(handover, row)
        for channel, away in handover.away.items():
            if away.pause and self._pauses is not None:
                await keep_pause(self.store, self._pauses, channel, away)
        return not handover.away

    async def _send(self, handover: Handover, row: MailRow) -> None:
        message: Outgoing | None = None
        try:
            message = await self._composed(row)
            await handover.send(row, message)
        except NothingToSend as withheld:
            await self._close(row, MailState.WITHHELD, withheld.code)
        except NotYet as early:
            await self._postpone(row, early.until)
        except RefusedForGood as refused:
            of_it = message is not None and refused.address
            await self._close(row, MailState.REFUSED, refused.code, self._on_refused if of_it else None, message)
        except DeliveryError as failed:
            await self._put_back(row, failed)
        else:
            await self._close(row, MailState.SENT, None, self._on_sent, message)

    async def _composed(self, row: MailRow) -> Outgoing:
        """The letter of this row. Raises `NothingToSend`, `NotYet`, or `TryLater` where its text cannot be made."""
        try:
            return await self._letter_of(row)
        except DeliveryError:
            raise
        except Exception as error:  # one that cannot be composed must not keep back the others
            _log.exception("message not composed", service=self.store.service, id=str(row.id), purpose=row.purpose)
            raise TryLater("not-composed") from error

    async def _close(
        self,
        row: MailRow,
        state: MailState,
        error: str | None = None,
        record: OnRecipient | None = None,
        message: Outgoing | None = None,
    ) -> None:
        """Close it. `record`: what is recorded of the recipient, whose row is locked before the message."""
        try:
            async with self.store.work() as work:
                if record is not None and message is not None:
                    await record(work, row, message.recipient)
                await close(work, row, state, error)
        except ClaimLost as lost:
            _log.warning("message handed over after its lease", error=str(lost))
            return
        self._report(row, state.value, error)

    async def _put_back(self, row: MailRow, failed: DeliveryError) -> None:
        try:
            async with self.store.work() as work:
                kept = await release(work, row, max(pause_after(row.attempts), failed.pause))
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
        if error is not None:
            MAIL_FAILURES.labels(self.store.service, error).inc()
        write = _log.info if error is None else _log.warning
        write("message", service=self.store.service, id=str(row.id), purpose=row.purpose, outcome=outcome, error=error)

    async def _queued(self) -> tuple[int, datetime | None]:
        """How many messages are queued, and since when the oldest is."""
        oldest = sa.select(sa.func.count(), sa.func.min(col(self.table.queued_at))).where(is_open(self.table))
        async with self.store.read() as session:
            count, since = (await session.execute(oldest)).one()
        return count, since

    async def _answers(self) -> Sequence[tuple[str, int]]:
        """Why the last attempts of queued messages failed, and of how many, the most frequent first."""
        number, code = sa.func.count(), col(self.table.error)
        failed = sa.select(code, number).where(is_open(self.table), code.is_not(None)).group_by(code)
        async with self.store.read() as session:
            rows = await session.execute(failed.order_by(number.desc(), code).limit(MOST_ANSWERS))
            return [(str(found), int(times)) for found, times in rows]

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
