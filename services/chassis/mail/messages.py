"""Queued messages: their columns, their states, and how they are queued, closed and removed."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from services.chassis.mail.addresses import check_address
from services.chassis.storage.claims import Claimable, finish
from services.chassis.storage.store import Store, Work

USEFUL = timedelta(days=2)
"""How long a message is worth sending, unless its sender knows better."""


class MailState(StrEnum):
    """The state of a message."""

    QUEUED = "queued"
    SENT = "sent"
    """The mail server or the SMS gateway has taken it over."""
    REFUSED = "refused"
    """The mail server or the SMS gateway refused it for good."""
    OVERDUE = "overdue"
    """It could not be sent while it was useful."""
    WITHHELD = "withheld"
    """When its turn came, there was nothing to send any more: `NothingToSend` says why."""


@dataclass(frozen=True, slots=True)
class CalendarPart:
    """An invitation (RFC 5546), which goes along."""

    text: str
    method: str
    """As in the object: `REQUEST` or `CANCEL`."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What a message says, and to whom."""

    recipient: str
    subject: str
    body: str
    """Plain text; paragraphs are separated by an empty line."""
    lang: str
    calendars: Sequence[CalendarPart] = ()
    unsubscribe: str | None = None
    """The URL at which the reader's mail program ends such messages with one click (RFC 8058)."""


@dataclass(frozen=True, slots=True)
class TextMessage:
    """A text message to a telephone."""

    recipient: str
    """The number in E.164: `+32470123456`."""
    text: str
    """One or two segments of GSM 03.38 (`gsm.fits`)."""
    lang: str


class Channel(StrEnum):
    """By which messages leave: the mail server, or the SMS gateway."""

    MAIL = "mail"
    SMS = "sms"


Outgoing = Letter | TextMessage
"""What leaves: by the mail server, or by the SMS gateway."""


class MailRow(Claimable):
    """The columns of every table of messages."""

    purpose: str
    """A code, for example `sign-in-link`; its words are in the service's catalogues."""
    queued_at: datetime
    """From when on it is to be sent. Until a later time than now it waits, with that as `claimed_until`."""
    useful_until: datetime
    state: str = MailState.QUEUED
    error: str | None = None
    """Why the last attempt failed: the server's number or a code of ours. Its text may name people."""

    def erase_letter(self) -> None:
        """Erase what the message says; called when it is closed. Nothing here: a table may compose it again."""


class QueuedMail(MailRow):
    """A message whose letter is stored until it is closed."""

    lang: str
    recipient: str | None
    subject: str | None
    body: str | None
    """These three are None once the message is closed."""

    def erase_letter(self) -> None:
        """Erase recipient, subject and text."""
        self.recipient = self.subject = self.body = None


async def stored_letter(row: QueuedMail) -> Letter:
    """The letter of a message that is not closed."""
    assert row.recipient is not None
    return Letter(row.recipient, row.subject or "", row.body or "", row.lang)


Mail = TypeVar("Mail", bound=QueuedMail)


def queue(
    work: Work,
    table: type[Mail],
    *,
    purpose: str,
    recipient: str,
    subject: str,
    body: str,
    lang: str,
    useful_for: timedelta = USEFUL,
) -> Mail:
    """Queue a message; it is sent after the commit. Raises `WrongEmail`.

    Line breaks and control characters in the subject become spaces, so that no header can be added.
    """
    return work.add(
        table(
            purpose=purpose,
            lang=lang,
            recipient=check_address(recipient),
            subject=one_line(subject),
            body=body,
            queued_at=work.now,
            useful_until=work.now + useful_for,
        )
    )


def one_line(text: str) -> str:
    """The text without line breaks and other control characters."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", text).split())


async def close(work: Work, row: MailRow, state: MailState, error: str | None = None) -> None:
    """Close a claimed message: nothing is left of the person. Raises `ClaimLost`."""
    _close(await finish(work, row), state, error)


def _close(row: MailRow, state: MailState, error: str | None) -> None:
    row.state, row.error = state, error
    row.erase_letter()


def is_open(table: type[MailRow]) -> Any:
    """The predicate of messages that are not closed."""
    return col(table.done_at).is_(None)


def is_overdue(table: type[MailRow], now: datetime) -> Any:
    """The predicate of messages that nobody is sending and that are no longer useful."""
    unclaimed = col(table.claim).is_(None) | (col(table.claimed_until) <= now)
    return unclaimed & (col(table.useful_until) <= now)


async def give_up_overdue(store: Store, table: type[MailRow], most: int = 100) -> int:
    """Close messages that nobody is sending and that are no longer useful. Returns how many."""
    async with store.work() as work:
        late = sa.select(table).where(is_open(table), is_overdue(table, work.now))
        rows = (await work.session.scalars(late.limit(most).with_for_update(skip_locked=True))).all()
        for row in rows:
            row.done_at, row.claim, row.claimed_until = work.now, None, None
            _close(row, MailState.OVERDUE, row.error)
    return len(rows)


async def removed_of(store: Store, table: type[MailRow], ids: Collection[UUID]) -> set[UUID]:
    """Those of these messages that are not in the table any more."""
    async with store.read() as session:
        return set(ids) - set(await session.scalars(sa.select(col(table.id)).where(col(table.id).in_(ids))))


async def prune_mail(store: Store, table: type[MailRow], days: int) -> bool:
    """Remove messages that were closed more than `days` ago. Returns False: one round removes all of them."""
    async with store.work() as work:
        old = col(table.done_at) < work.now - timedelta(days=days)
        await work.session.execute(sa.delete(table).where(old))
    return False
