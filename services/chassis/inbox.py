"""What was heard: of each aggregate of each source, the last event that took effect here.

The row is written in the transaction of the effect, before it. An event at or below it is a repetition; one more than a
step above it is ahead of its time and is held until the missing one arrives. What is held behind a beginning that is
missing has a row too, of sequence 0: whoever does anything for an aggregate holds its row, so that nobody else can do
something for it at the same time. An event whose sender does not count is known by its id.
"""

from bisect import insort
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import UTCDateTime

from services.chassis.bulk import among, insert_rows
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
        # The key begins with what a batch asks for: with the source first, PostgreSQL reads all of a source's rows.
        sa.Column("subject", sa.String(200), primary_key=True),
        sa.Column("source", sa.String(200), primary_key=True),
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


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that came too early. `letter`: where it is kept; `heard` None: somebody decided to pass it over."""

    sequence: int
    letter: UUID | None
    heard: Heard | None


class Order:
    """Puts what is heard into each aggregate's order: what is due now, and what waits for an event that is missing."""

    def __init__(self, last: Mapping[Key, int], waiting: Mapping[Key, Iterable[Waiting]]) -> None:
        self.before = dict(last)
        self.positions = dict(last)
        self.freed: list[UUID] = []
        """Letters of events that wait no longer."""
        self._waiting = {key: sorted(some, key=lambda one: one.sequence) for key, some in waiting.items()}

    def admit(self, heard: Heard) -> tuple[Place, list[Heard]]:
        """Where the event stands, and which events are due now, in order."""
        key = inbox_key(heard)
        where = place(heard, self.positions.get(key))
        if where is Place.NEXT and self._passed_over(key, heard.sequence):
            return Place.REPEATED, self.pass_on(key, heard.sequence or 1)
        if where is Place.NEXT:
            return where, [heard, *self.pass_on(key, heard.sequence or 1)]
        if where is Place.AHEAD and heard.sequence is not None:
            self.positions.setdefault(key, 0)
            line = self._waiting.setdefault(key, [])
            if heard.sequence not in {one.sequence for one in line}:
                insort(line, Waiting(heard.sequence, None, heard), key=lambda one: one.sequence)
        return where, []

    def first_held(self, key: Key) -> int | None:
        """The first event of the aggregate that waits to be handled."""
        return next((one.sequence for one in self._waiting.get(key, ()) if one.heard is not None), None)

    def pass_on(self, key: Key, sequence: int) -> list[Heard]:
        """The aggregate has come to this event: which of those that waited are due now, in order."""
        due: list[Heard] = []
        self.positions[key] = sequence
        line = self._waiting.get(key, [])
        while line and line[0].sequence <= self.positions[key] + 1:
            one = line.pop(0)
            if one.letter is not None and one.heard is not None:
                self.freed.append(one.letter)
            if one.sequence > self.positions[key]:
                self.positions[key] = one.sequence
                due += [one.heard] if one.heard is not None else []
        return due

    def _passed_over(self, key: Key, sequence: int | None) -> bool:
        """Somebody discarded this event before; it comes again because everything is read again."""
        return any(one.sequence == sequence and one.heard is None for one in self._waiting.get(key, ()))

    @property
    def early(self) -> list[Heard]:
        """What waits and is kept nowhere yet."""
        return [one.heard for line in self._waiting.values() for one in line if one.letter is None and one.heard]


async def last_heard(session: AsyncSession, inbox: sa.Table, keys: Collection[Key]) -> dict[Key, int]:
    """The last sequence heard under each of these keys, locked until the end of the work; None heard: missing."""
    if not keys:
        return {}
    found = await session.execute(_lasts(inbox), {"subjects": list({subject for _, subject in keys})})
    return {(row.source, row.subject): row.sequence for row in found}


@cache
def _lasts(inbox: sa.Table) -> Any:
    chosen = sa.select(inbox.c.source, inbox.c.subject, inbox.c.sequence).where(among(inbox.c.subject, "subjects"))
    return chosen.order_by(inbox.c.subject, inbox.c.source).with_for_update()


def give_rows_to_what_waits(connection: sa.Connection) -> None:
    """Give each aggregate that has a held or discarded event, and no row, one of sequence 0.

    For an inbox that was emptied, and for migrations of stores in which such aggregates had none.
    """
    connection.execute(
        sa.text(
            "insert into inbox (subject, source, sequence, heard_at) "
            "select subject, source, 0, min(at) from dead_letters l "
            "where state in ('held', 'discarded') and sequence is not null and not exists "
            "(select 1 from inbox i where i.subject = l.subject and i.source = l.source) group by subject, source"
        )
    )


async def remember(session: AsyncSession, inbox: sa.Table, order: Order, now: datetime) -> None:
    """Write how far each aggregate comes, so that it is locked until the end of the work.

    What begins is a plain insert: when it was heard before, or another consumer was given it too, it fails here, is
    redone, and then found heard.
    """
    # In the order of the key, so that two batches cannot wait for each other.
    changed = [(key, last) for key, last in order.positions.items() if order.before.get(key) != last]
    changed.sort(key=lambda one: one[0][::-1])
    fresh = [
        {"source": source, "subject": subject, "sequence": last, "heard_at": now}
        for (source, subject), last in changed
        if (source, subject) not in order.before
    ]
    moved = [
        {"of_source": source, "of_subject": subject, "last": last}
        for (source, subject), last in changed
        if (source, subject) in order.before
    ]
    await insert_rows(session, inbox, fresh)
    if moved:
        same = (inbox.c.source == sa.bindparam("of_source"), inbox.c.subject == sa.bindparam("of_subject"))
        further = sa.update(inbox).where(*same).values(sequence=sa.bindparam("last"), heard_at=now)
        await (await session.connection()).execute(further, moved)
