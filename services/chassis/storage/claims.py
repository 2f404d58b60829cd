"""Rows that one worker at a time handles, and then none: for what must not be done twice, such as sending a message.

::

    for message in await claim(store, Message, most=20, lease=timedelta(minutes=2)):
        send(message)                                   # outside any transaction
        async with store.work() as work:
            await finish(work, message)                 # with whatever else is to be kept about it

A worker claims rows for a time, the lease. One that dies leaves its rows to the next after the lease; one that comes
back late is refused with `ClaimLost` and changes nothing. So a row is handled by one worker, and by a second only where
the first died or was slower than the lease: choose a lease much longer than the slowest handling, and give the receiver
the row's id as the key by which it can tell a repetition (a `Message-ID`).

Work that is harmless when two replicas do it at the same moment (pruning, expiring, measuring) needs no claim: it is a
`Job`, at intervals, in every replica.
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
    """The token of the worker that has it now."""
    claimed_until: datetime | None = None
    """Nobody else takes it before; in a row that was given back, when it is to be tried again."""
    attempts: int = 0
    """How often it was claimed."""
    done_at: datetime | None = None


Row = TypeVar("Row", bound=Claimable)


class ClaimLost(Exception):
    """The lease ran out and another worker has claimed the row, or has handled it. Do nothing more with it."""


def open_rows(table: str) -> sa.Index:
    """The index by which a table's open rows are found, however many are done."""
    is_open = sa.text("done_at IS NULL")
    return sa.Index(f"{table}_open", "claimed_until", postgresql_where=is_open, sqlite_where=is_open)


async def claim(store: Store, table: type[Row], most: int, lease: timedelta) -> Sequence[Row]:
    """Up to `most` open rows, in no certain order, which nobody else gets until the lease ends. Committed."""
    token = uuid4()
    async with store.work() as work:
        until = col(table.claimed_until)
        is_free = col(table.done_at).is_(None) & (until.is_(None) | (until <= work.now))
        # What another worker is claiming at this moment is passed over. SQLite has one writer, and ignores the lock.
        chosen = sa.select(table).where(is_free).limit(most).with_for_update(skip_locked=True)
        rows = (await work.session.scalars(chosen)).all()
        for row in rows:
            row.claim, row.claimed_until, row.attempts = token, work.now + lease, row.attempts + 1
    return rows


async def finish(work: Work, row: Row) -> Row:
    """The row, handled for good, with what else this work keeps. Raises `ClaimLost`."""
    kept = await _claimed(work, row)
    kept.done_at, kept.claim, kept.claimed_until = work.now, None, None
    return kept


async def release(work: Work, row: Row, pause: timedelta = timedelta()) -> Row:
    """The row, open again for any worker after the pause. Raises `ClaimLost`."""
    kept = await _claimed(work, row)
    kept.claim, kept.claimed_until = None, work.now + pause
    return kept


async def _claimed(work: Work, row: Row) -> Row:
    kept = await work.find(type(row), row.id)
    if kept is None or row.claim is None or kept.claim != row.claim:
        table = cast(Any, type(row)).__tablename__
        raise ClaimLost(f"{table} {row.id}: claimed with {row.claim}, now with {kept and kept.claim}")
    return kept
