"""Checks before a rebuild that every processed event can be read again."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

import sqlalchemy as sa

from services.chassis.brokers.offsets import Extents
from services.chassis.refusals import Refused, msg
from services.chassis.storage.store import Store
from services.contracts import TOPICS
from services.contracts.sequences import EPOCH


class HistoryMissing(Refused):
    """The topics hold fewer events than were processed from them: figures would be smaller after a rebuild."""

    slug = "history-missing"
    message = msg(
        "Events received from {source}: {heard}. Events that can still be read: {kept}. Nothing was "
        "changed. Publish everything again first. If that does not help, the rest of the history is "
        "lost."
    )


async def processed_by_source(store: Store, sources: Collection[str]) -> dict[str, tuple[int, int]]:
    """Per source whose events have a sequence: (processed events, aggregates)."""
    inbox = store.table("inbox")
    # What an aggregate emitted before its last epoch is not known here: then the sum is a lower bound.
    columns = (inbox.c.source, sa.func.sum(inbox.c.sequence % EPOCH), sa.func.count())
    chosen = sa.select(*columns).where(~inbox.c.subject.startswith("#")).group_by(inbox.c.source)
    async with store.read() as session:
        rows = (await session.execute(chosen)).all()
    return {source: (int(events), aggregates) for source, events, aggregates in rows if source in sources}


async def emitted_by_topic(stores: Iterable[Store], topics: Collection[str]) -> Counter[str]:
    """How many events of each topic these stores' outboxes hold."""
    kept = Counter[str]()
    for store in stores:
        outbox = store.table("outbox")
        chosen = sa.select(outbox.c.topic, sa.func.count()).where(outbox.c.topic.in_(topics)).group_by(outbox.c.topic)
        async with store.read() as session:
            for topic, number in (await session.execute(chosen)).all():
                kept[topic] += number
    return kept


def check_history(processed: Mapping[str, tuple[int, int]], kept: Mapping[str, int]) -> None:
    """Raises `HistoryMissing` if fewer events can be read again than were processed. Compacted topics: one per key."""
    for source, (events, aggregates) in sorted(processed.items()):
        topics = [topic for topic in TOPICS.values() if topic.source == source and topic.name in kept]
        wanted = aggregates if any(topic.compacted for topic in topics) else events
        readable = sum(kept[topic.name] for topic in topics)
        if readable < wanted:
            raise HistoryMissing(source=source, heard=wanted, kept=readable)


def retained_by_topic(retained: Extents) -> Counter[str]:
    """How many records of each topic the broker holds."""
    kept = Counter[str]()
    for tp, (first, end) in retained.items():
        kept[tp.topic] += end - first
    return kept
