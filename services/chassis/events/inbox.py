"""The inbox: per source and aggregate, the sequence of the last event that took effect here.

The row is written in the transaction of the effect, before it. An event at or below the stored sequence is a
repetition; one more than a step above it is out of order and is held until the missing one arrives. An aggregate whose
first event is missing has a row too, with sequence 0: every transaction that processes an aggregate locks its row. An
event without a sequence has a row under its own id.
"""

from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.events.sequencing import Key, SequenceTracker
from services.chassis.storage.bulk import in_list, insert_rows


async def last_sequences(session: AsyncSession, inbox: sa.Table, keys: Collection[Key]) -> dict[Key, int]:
    """The last processed sequence of each key, locked until the unit of work ends. Unknown keys are missing."""
    if not keys:
        return {}
    found = await session.execute(_sequences(inbox), {"subjects": list({subject for _, subject in keys})})
    return {(row.source, row.subject): row.sequence for row in found}


@cache
def _sequences(inbox: sa.Table) -> Any:
    chosen = sa.select(inbox.c.source, inbox.c.subject, inbox.c.sequence).where(in_list(inbox.c.subject, "subjects"))
    return chosen.order_by(inbox.c.subject, inbox.c.source).with_for_update()


def add_rows_for_held_events(connection: sa.Connection) -> None:
    """Insert a row with sequence 0 for each aggregate that has a held or discarded event and no row.

    For an inbox that was emptied, and for migrations of stores in which such aggregates had no row.
    """
    connection.execute(
        sa.text(
            "insert into inbox (subject, source, sequence, heard_at) "
            "select subject, source, 0, min(at) from dead_letters l "
            "where state in ('held', 'discarded') and sequence is not null and not exists "
            "(select 1 from inbox i where i.subject = l.subject and i.source = l.source) group by subject, source"
        )
    )


async def record_sequences(session: AsyncSession, inbox: sa.Table, tracker: SequenceTracker, now: datetime) -> None:
    """Write each aggregate's new sequence, which locks its row until the unit of work ends.

    A new aggregate is a plain insert. If the row exists, because the event is a repetition or another consumer was
    faster, the insert fails and the batch is retried with a lookup.
    """
    # By subject, then source: the order of locks in docs/architecture.md.
    changed = [(key, last) for key, last in tracker.positions.items() if tracker.stored.get(key) != last]
    changed.sort(key=lambda one: one[0][::-1])
    fresh = [
        {"source": source, "subject": subject, "sequence": last, "heard_at": now}
        for (source, subject), last in changed
        if (source, subject) not in tracker.stored
    ]
    moved = [
        {"of_source": source, "of_subject": subject, "last": last}
        for (source, subject), last in changed
        if (source, subject) in tracker.stored
    ]
    await insert_rows(session, inbox, fresh)
    if moved:
        same = (inbox.c.source == sa.bindparam("of_source"), inbox.c.subject == sa.bindparam("of_subject"))
        further = sa.update(inbox).where(*same).values(sequence=sa.bindparam("last"), heard_at=now)
        await (await session.connection()).execute(further, moved)


async def withdraw_sequences(
    session: AsyncSession, inbox: sa.Table, tracker: SequenceTracker, refused: Collection[Key]
) -> None:
    """Undo what `record_sequences` wrote for these aggregates: their events were refused."""
    same = (inbox.c.source == sa.bindparam("of_source"), inbox.c.subject == sa.bindparam("of_subject"))
    moved, fresh = list[dict[str, Any]](), list[dict[str, Any]]()
    for key in refused:
        named = {"of_source": key[0], "of_subject": key[1]}
        last = tracker.stored.get(key)
        (fresh if last is None else moved).append(named if last is None else {**named, "last": last})
    connection = await session.connection()
    if fresh:
        await connection.execute(sa.delete(inbox).where(*same), fresh)
    if moved:
        await connection.execute(sa.update(inbox).where(*same).values(sequence=sa.bindparam("last")), moved)
