"""Opens a new epoch in a store that was restored from an older backup: `cefo restore SERVICE`.

Other services know events that this store emitted after the backup and no longer has. With a new epoch their numbers
are not used again, the consumer reads its topics again from the beginning (`Rereading`), and what such events ended is
ended again (`Service.on_restore`).
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import sqlalchemy as sa

from services.chassis.brokers.offsets import committed, extents
from services.chassis.brokers.port import Broker
from services.chassis.brokers.reading import records_in
from services.chassis.events.reactions import Reactions
from services.chassis.events.rereading import generation_of
from services.chassis.events.rights import emitted_topics, group_of
from services.chassis.storage.outbox import unpack_headers
from services.chassis.storage.store import Store, Work
from services.contracts import Event, Topic
from services.contracts.cloudevents import Headers, IncomingEvent, Record, UnreadableEvent, read_event
from services.contracts.sequences import FIRST_SECOND, epoch_at, epoch_of

OVERLAP = timedelta(hours=12)
"""How long before the backup's last event a transaction may have begun that is not in the backup."""

Kind = TypeVar("Kind", bound=Event)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the topics of a service show that its restored store does not."""

    lost: Sequence[IncomingEvent] = ()
    """The events that the store no longer has, oldest first."""
    complete: bool = False
    """Whether the topics hold everything since the backup. False: other events may be missing from `lost`."""
    epoch: int = 0
    """The newest epoch in them, and in the offsets of the service's consumer."""
    overtaken: int = 0
    """How many unsent events of the backup others may ignore: an older backup ran after it, in a newer epoch."""
    keep_unconfirmed: bool | None = None
    """Whether what only the backup confirms stays in force, as an operator decided; None: not decided yet."""

    def newest(self, kind: type[Kind]) -> dict[str, Kind]:
        """The last lost event of this type, by aggregate."""
        return {one.subject: one.event for one in self.lost if isinstance(one.event, kind)}


@dataclass
class Undecided(Exception):
    """Something is in force in the backup, and nothing shows whether it was ended since. `persons`: of how many."""

    persons: int


@dataclass(frozen=True, slots=True)
class Opened:
    """The new epoch. `unsent`: events in the backup that the relay sends first. `ended`: as `on_restore` counted."""

    epoch: int
    restored_to: datetime | None
    unsent: int
    ended: Mapping[str, int]


async def restored_to(store: Store) -> datetime | None:
    """When the last event in the backup was emitted; None if it has none."""
    outbox, epochs = store.table("outbox"), store.table("epochs")
    async with store.read() as session:
        last = await session.scalar(sa.select(sa.func.max(outbox.c.said_at)))
        newest = sa.select(epochs).order_by(epochs.c.epoch.desc()).limit(1)
        opened = (await session.execute(newest)).one_or_none()
    # Opened, and nothing happened since: the command runs for the second time.
    return opened.restored_to if opened is not None and last is not None and last <= opened.opened_at else last


async def seen_by_others(store: Store, broker: Broker, reactions: Reactions) -> Seen:
    """What this service's own topics show that its store does not. Raises one of `BROKER_ERRORS`."""
    since = await restored_to(store)
    late = since - OVERLAP if since is not None else None
    topics = emitted_topics(store.service)
    ids, sent = await _emitted_since(store, topics, late)
    lost: dict[str, IncomingEvent] = {}
    missing, epoch, waiting = set(sent), 0, await _unsent(store)
    for topic in topics:
        async for records in records_in(broker, topic.name):
            # The topic goes on from the backup if it has the last event that the backup knows as sent. Compaction may
            # have left a later one of its key.
            last = sent.get(topic.name)
            if any(
                last == (_id(one.headers), one.key) or (topic.compacted and last and last[1] == one.key)
                for one in records
            ):
                missing.discard(topic.name)
            for one in _readable(records):
                epoch = max(epoch, epoch_of(one.sequence or 0))
                waiting.discard(one.id)
                if one.id not in ids and (late is None or (one.time or late) > late):
                    lost[one.id] = one
    offsets = await committed(broker, group_of(store.service), await extents(broker, reactions.topics))
    epoch = max(epoch, *map(generation_of, offsets.values()), 0)
    oldest_first = sorted(lost.values(), key=lambda one: one.time or FIRST_SECOND)
    overtaken = len(waiting) if epoch > await store.epoch() else 0
    return Seen(oldest_first, bool(sent) and not missing, epoch, overtaken)


async def open_epoch(
    store: Store, seen: Seen, on_restore: Callable[[Work, Seen], Awaitable[Mapping[str, int]]] | None
) -> Opened:
    """Open the next epoch, and end again what was ended after the backup.

    Done twice, it opens another epoch, which changes nothing else. Raises `Undecided`, and then changed nothing.
    """
    since, outbox = await restored_to(store), store.table("outbox")
    epoch = epoch_at(store.clock(), max(await store.epoch(), seen.epoch))
    async with store.work() as work:
        unsent = sa.select(sa.func.count()).select_from(outbox).where(outbox.c.sent_at.is_(None))
        waiting = await work.session.scalar(unsent) or 0
        await work.open_epoch(epoch, since)
        ended: Mapping[str, int] = await on_restore(work, seen) if on_restore is not None else {}
    return Opened(epoch, since, waiting, ended)


async def _emitted_since(
    store: Store, topics: Iterable[Topic], since: datetime | None
) -> tuple[set[str], dict[str, tuple[str, bytes | None]]]:
    """The ids of the events that the outbox has since then; and of each topic the last sent one: id and key."""
    outbox = store.table("outbox")
    late = sa.select(outbox.c.headers)
    of_topics = (outbox.c.sent_at.is_not(None), outbox.c.topic.in_([topic.name for topic in topics]))
    last = sa.select(sa.func.max(outbox.c.seq)).where(*of_topics).group_by(outbox.c.topic)
    async with store.read() as session:
        rows = await session.scalars(late if since is None else late.where(outbox.c.said_at > since))
        ids = {_id(unpack_headers(headers)) for headers in rows}
        newest = (await session.execute(sa.select(outbox).where(outbox.c.seq.in_(last)))).all()
    return ids, {row.topic: (_id(unpack_headers(row.headers)), row.key) for row in newest}


async def _unsent(store: Store) -> set[str]:
    """The ids of the events that the outbox has as unsent."""
    outbox = store.table("outbox")
    async with store.read() as session:
        rows = await session.scalars(sa.select(outbox.c.headers).where(outbox.c.sent_at.is_(None)))
        return {_id(unpack_headers(headers)) for headers in rows}


def _id(headers: Headers) -> str:
    return next(((value or b"").decode() for name, value in headers if name == "ce_id"), "")


def _readable(records: Iterable[Record]) -> Iterable[IncomingEvent]:
    for record in records:
        try:
            yield read_event(record)
        except UnreadableEvent:
            continue  # the end of a key, or what nobody could process
