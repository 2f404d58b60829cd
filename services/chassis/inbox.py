"""What was heard: of each aggregate of each source, the last event that took effect here.

The row is written in the transaction of the effect. An event at or below it is a repetition; one more than a step above
it is ahead of its time and is held until the missing one arrives. An event whose sender does not count is known by its id.
"""

from collections.abc import Iterable
from enum import Enum

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import UTCDateTime

from services.chassis.wire import Heard
from services.contracts.directory import COMPACTED

Key = tuple[str, str]
"""(source, aggregate id) or (source, `#` and the event's id)."""


class Place(Enum):
    """Where an event stands with regard to what was heard before."""

    NEXT = "next"
    REPEATED = "repeated"
    AHEAD = "ahead"


def inbox_table(metadata: sa.MetaData) -> sa.Table:
    """The inbox of one service."""
    return sa.Table(
        "inbox",
        metadata,
        sa.Column("source", sa.String(200), primary_key=True),
        sa.Column("subject", sa.String(200), primary_key=True),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("heard_at", UTCDateTime(), nullable=False),
    )


def inbox_key(heard: Heard) -> Key:
    """Under which key this event is remembered."""
    return (heard.source, heard.subject if heard.sequence is not None else f"#{heard.id}")


def place(heard: Heard, last: int | None) -> Place:
    """Where the event stands after `last` (None: nothing heard of this aggregate yet)."""
    if heard.sequence is None:
        return Place.NEXT if last is None else Place.REPEATED
    if last is not None and heard.sequence <= last:
        return Place.REPEATED
    # Compacted topics forget: there the newest is the whole truth.
    if heard.sequence == (last or 0) + 1 or heard.record.topic in COMPACTED:
        return Place.NEXT
    return Place.AHEAD


async def last_heard(session: AsyncSession, inbox: sa.Table, keys: Iterable[Key]) -> dict[Key, int]:
    """The last sequence heard under each of these keys; keys never heard are missing."""
    subjects = {subject for _, subject in keys}
    found = await session.execute(
        sa.select(inbox.c.source, inbox.c.subject, inbox.c.sequence).where(inbox.c.subject.in_(subjects))
    )
    return {(row.source, row.subject): row.sequence for row in found}


async def remember(session: AsyncSession, inbox: sa.Table, positions: dict[Key, int], now: object) -> None:
    """Write the positions, in key order so that two batches cannot wait for each other."""
    if not positions:
        return
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgres_insert
    statement = insert(inbox)
    statement = statement.on_conflict_do_update(
        index_elements=["source", "subject"],
        set_={"sequence": statement.excluded.sequence, "heard_at": statement.excluded.heard_at},
        where=inbox.c.sequence < statement.excluded.sequence,
    )
    rows = [
        {"source": source, "subject": subject, "sequence": sequence, "heard_at": now}
        for (source, subject), sequence in sorted(positions.items())
    ]
    await session.execute(statement, rows)
