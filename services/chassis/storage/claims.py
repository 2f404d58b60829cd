"""Claims: each row is handled by one worker at a time, once. For work such as sending a message.

::

    for message in await claim(store, Message, most=20, lease=timedelta(minutes=2)):
        send(message)                                   # outside any transaction
        async with store.work() as work:
            await finish(work, message)                 # and changes in the same transaction

A worker claims rows for the duration of a lease. If it dies, another worker can claim them after the lease; if it
finishes late, it gets `ClaimLost` and changes nothing. So a second worker handles a row only if the first died or was
slower than the lease: choose a lease much longer than the slowest handling, and give the receiver the row's id as
idempotency key (a `Message-ID`).

Work that two replicas can safely do at the same time (pruning, expiring, measuring) needs no claim: it is a `Job`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col

from services.chassis.storage.store import Store, Work


class Claimable(SQLModel):
    """The columns of a row that is claimed. Add `open_rows(<table>)` to its `__table_args__`."""

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    claim: UUID | None = None
    """The token of the worker that claimed it."""
    claimed_until: datetime | None = None
    """End of the lease; in a released row, the earliest retry."""
    attempts: int = 0
    """The number of claims."""
    done_at: datetime | None = None


Row = TypeVar("Row", bound=Claimable)


class ClaimLost(Exception):
    """The lease expired and another worker has claimed or finished the row. Do nothing more with it."""


def open_rows(table: str) -> sa.Index:
    """A partial index of a table's open rows, independent of the number of finished ones."""
    is_open = sa.text("done_at IS NULL")
    return sa.Index(f"{table}_open", "claimed_until", postgresql_where=is_open, sqlite_where=is_open)


async def claim(store: Store, table: type[Row], most: int, lease: timedelta) -> Sequence[Row]:
    """Claim up to `most` open rows, in any order, until the lease ends. Committed."""
    token = uuid4()
    async with store.work() as work:
        until = col(table.claimed_until)
        is_free = col(table.done_at).is_(None) & (until.is_(None) | (until <= work.now))
        # Skips rows that another worker is claiming. SQLite has one writer, and ignores the lock.
        chosen = sa.select(table).where(is_free).limit(most).with_for_update(skip_locked=True)
        rows = (await work.session.scalars(chosen)).all()
        for row in rows:
            row.claim, row.claimed_until, row.attempts = token, work.now + lease, row.attempts + 1
    return rows


async def finish(work: Work, row: Row) -> Row:
    """Mark the row as done, in this unit of work. Raises `ClaimLost`."""
    kept = await _claimed(work, row)
    kept.done_at, kept.claim, kept.claimed_until = work.now, None, None
    return kept


async def release(work: Work, row: Row, pause: timedelta = timedelta()) -> Row:
    """Reopen the row for any worker after the pause. Raises `ClaimLost`."""
    kept = await _claimed(work, row)
    kept.claim, kept.claimed_until = None, work.now + pause
    return kept


async def _claimed(work: Work, row: Row) -> Row:
    kept = await work.find(type(row), row.id)
    if kept is None or row.claim is None or kept.claim != row.claim:
        table = cast(Any, type(row)).__tablename__
        raise ClaimLost(f"{table} {row.id}: claimed with {row.claim}, now with {kept and kept.claim}")
    return kept
