"""Queued messages: their columns, their states, and how they are queued, closed and removed."""

import re
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

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
    """The mail server has taken it over."""
    REFUSED = "refused"
    """The mail server refused it for good."""
    OVERDUE = "overdue"
    """It could not be sent while it was useful."""


class QueuedMail(Claimable):
    """The columns of every table of messages."""

    purpose: str
    """A code, for example `sign-in-link`; its words are in the service's catalogues."""
    lang: str
    recipient: str | None
    subject: str | None
    body: str | None
    """These three are None once the message is closed."""
    queued_at: datetime
    useful_until: datetime
    state: str = MailState.QUEUED
    error: str | None = None
    """Why the last attempt failed: the mail server's number or a code of ours. Its text may name people."""


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


async def close(work: Work, row: QueuedMail, state: MailState, error: str | None = None) -> None:
    """Close a claimed message: nothing is left of the person. Raises `ClaimLost`."""
    _close(await finish(work, row), state, error)


def _close(row: QueuedMail, state: MailState, error: str | None) -> None:
    row.state, row.error = state, error
    row.recipient = row.subject = row.body = None


def is_open(table: type[QueuedMail]) -> Any:
    """The predicate of messages that are not closed."""
    return col(table.done_at).is_(None)


def is_overdue(table: type[QueuedMail], now: datetime) -> Any:
    """The predicate of messages that nobody is sending and that are no longer useful."""
    unclaimed = col(table.claim).is_(None) | (col(table.claimed_until) <= now)
    return unclaimed & (col(table.useful_until) <= now)


async def give_up_overdue(store: Store, table: type[QueuedMail], most: int = 100) -> int:
    """Close messages that nobody is sending and that are no longer useful. Returns how many."""
    async with store.work() as work:
        late = sa.select(table).where(is_open(table), is_overdue(table, work.now))
        rows = (await work.session.scalars(late.limit(most).with_for_update(skip_locked=True))).all()
        for row in rows:
            row.done_at, row.claim, row.claimed_until = work.now, None, None
            _close(row, MailState.OVERDUE, row.error)
    return len(rows)


async def prune_mail(store: Store, table: type[QueuedMail], days: int) -> bool:
    """Remove messages that were closed more than `days` ago. Returns False: one round removes all of them."""
    async with store.work() as work:
        old = col(table.done_at) < work.now - timedelta(days=days)
        await work.session.execute(sa.delete(table).where(old))
    return False
