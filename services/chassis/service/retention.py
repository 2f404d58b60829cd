"""Removes rows that are older than their retention age. docs/decisions/0010-retention.md gives the reason for each age.

- Outbox rows: sent longer ago than `CEFO_OUTBOX_DAYS`. Of compacted topics, the last row of each key stays.
- Inbox rows: last updated longer ago than `CEFO_INBOX_DAYS`, and no event of the aggregate is held.
- Dead letters: resolved longer ago than `CEFO_DEAD_LETTER_DAYS`. A discarded one stays while its order needs it.
- The encrypted content of dead letters: after `CEFO_UNREADABLE_DAYS`.

Every replica runs it; two at the same moment remove the same rows once. Each page is a unit of work of its own.
"""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from services.chassis.runtime.settings import Settings
from services.chassis.runtime.telemetry import PRUNED
from services.chassis.storage.store import Store
from services.chassis.storage.tables import CONTENTS, DISCARDED, RETRIED
from services.contracts import TOPICS

PAGE = 2000
"""Most rows that one unit of work looks at."""


async def prune(store: Store, settings: Settings, *, read_model: bool) -> bool:
    """Remove rows and contents past their retention age. Returns False: one round removes all of them."""
    await delete_sealed(store)
    if settings.outbox_days:
        await prune_outbox(store, settings.outbox_days)
    if settings.dead_letter_days:
        await prune_dead_letters(store, settings.dead_letter_days, read_model=read_model)
    if settings.inbox_days:
        await prune_inbox(store, settings.inbox_days)
    return False


async def prune_outbox(store: Store, days: int, page: int = PAGE) -> int:
    """Remove rows sent more than `days` ago, oldest first. Returns how many.

    Rows are sent, and sent again, in the order of `seq`: an aggregate's earlier rows never stay behind its later ones.
    """
    outbox, before = store.table("outbox"), _age(store, days)
    last, removed = 0, 0
    while True:
        async with store.work() as work:
            ends = (sa.func.length(outbox.c.value) == 0).label("ends")
            columns = (outbox.c.seq, outbox.c.topic, outbox.c.key, outbox.c.sent_at, ends)
            chosen = sa.select(*columns).where(outbox.c.seq > last).order_by(outbox.c.seq).limit(page)
            rows = (await work.session.execute(chosen)).all()
            old = [row for row in rows if row.sent_at is not None and row.sent_at < before]
            kept = await _last_of_each_key(work.session, outbox, old)
            gone = [row.seq for row in old if row.seq not in kept]
            # Checked again: a concurrent `cefo republish` may have reset `sent_at`, and those rows must stay.
            still_old = (outbox.c.seq.in_(gone), outbox.c.sent_at < before)
            removed += await _changed(work.session, sa.delete(outbox).where(*still_old))
        if len(rows) < page or not old:
            break
        last = rows[-1].seq
    _count(store, "outbox", removed)
    return removed


async def _last_of_each_key(session: Any, outbox: sa.Table, old: list[Any]) -> set[int]:
    """The `seq` of the last row of each key in compacted topics: a new consumer needs it, and only it.

    If it ends the key, none is needed: the broker has removed the key too.
    """
    compacted = {topic.name for topic in TOPICS.values() if topic.compacted}
    keys: dict[str, set[bytes | None]] = {}
    for row in old:
        if row.topic in compacted:
            keys.setdefault(row.topic, set()).add(row.key)
    kept: set[int] = set()
    for topic, some in keys.items():
        newest = sa.select(sa.func.max(outbox.c.seq)).where(outbox.c.topic == topic, outbox.c.key.in_(some))
        kept.update(await session.scalars(newest.group_by(outbox.c.key)))
    return kept - {row.seq for row in old if row.ends}


async def prune_inbox(store: Store, days: int, page: int = PAGE) -> int:
    """Remove rows of aggregates whose last event is older than `days` and cannot be read again. Returns how many."""
    inbox, dead_letters, before = store.table("inbox"), store.table("dead_letters"), _age(store, days)
    waits = sa.exists().where(
        dead_letters.c.source == inbox.c.source,
        dead_letters.c.subject == inbox.c.subject,
        dead_letters.c.state.not_in(RETRIED),
    )
    # Compacted topics keep the last event of each key for good, so it can always be read again.
    stateful = {topic.source for topic in TOPICS.values() if topic.compacted and not topic.read_at_start}
    last, removed = ("", ""), 0  # in the order of the key
    while True:
        async with store.work() as work:
            columns = (inbox.c.subject, inbox.c.source)
            key = sa.tuple_(*columns)
            chosen = sa.select(*columns).where(key > last).order_by(*columns).limit(page)
            rows = (await work.session.execute(chosen)).all()
            if rows:
                here = (key > last, key <= tuple(rows[-1]))
                old = (inbox.c.heard_at < before, inbox.c.source.not_in(stateful), ~waits)
                removed += await _changed(work.session, sa.delete(inbox).where(*here, *old))
        if len(rows) < page:
            break
        last = tuple(rows[-1])
    _count(store, "inbox", removed)
    return removed


async def prune_dead_letters(store: Store, days: int, *, read_model: bool, page: int = PAGE) -> int:
    """Remove dead letters decided more than `days` ago. Returns how many.

    A discarded event is skipped when its sequence is reached, and in a read model during every rebuild. Its dead letter
    stays until then, or in a read model for good.
    """
    dead_letters, inbox, before = store.table("dead_letters"), store.table("inbox"), _age(store, days)
    passed = sa.exists().where(
        inbox.c.source == dead_letters.c.source,
        inbox.c.subject == dead_letters.c.subject,
        inbox.c.sequence >= dead_letters.c.sequence,
    )
    discarded = dead_letters.c.state.in_(DISCARDED)
    done = discarded & (dead_letters.c.sequence.is_(None) | passed) & sa.literal(not read_model)
    old = (dead_letters.c.decided_at < before, dead_letters.c.state.in_(RETRIED) | done)
    removed = 0
    while True:
        async with store.work() as work:
            chosen = sa.select(dead_letters.c.id).where(*old).limit(page)
            ids = list(await work.session.scalars(chosen))
            reveals = store.table("dead_letter_reveals")
            await work.session.execute(sa.delete(reveals).where(reveals.c.dead_letter.in_(ids)))
            removed += await _changed(work.session, sa.delete(dead_letters).where(dead_letters.c.id.in_(ids)))
            work.purged.update(CONTENTS if ids else ())
        if len(ids) < page:
            break
    _count(store, "dead_letters", removed)
    return removed


async def delete_sealed(store: Store) -> int:
    """Delete the encrypted contents whose time is over. Returns how many."""
    table = store.table("dead_letters")
    over = (table.c.sealed_until <= store.clock(), table.c.sealed.is_not(None))
    async with store.work() as work:
        deleted = await _changed(work.session, sa.update(table).where(*over).values(sealed=None))
        work.purged.update(CONTENTS if deleted else ())
    _count(store, "sealed", deleted)
    return deleted


def _age(store: Store, days: int) -> datetime:
    return store.clock() - timedelta(days=days)


async def _changed(session: Any, statement: sa.Delete | sa.Update) -> int:
    return (await session.execute(statement)).rowcount


def _count(store: Store, table: str, removed: int) -> None:
    if removed:
        PRUNED.labels(store.service, table).inc(removed)
