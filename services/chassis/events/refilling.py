"""Has the outboxes of one process publish again what a broker without history no longer holds."""

import asyncio
from collections.abc import Collection, Iterable

import sqlalchemy as sa

from services.chassis.storage.store import Store


async def refill(outboxes: Iterable[Store], topics: Collection[str]) -> None:
    """Have these outboxes publish every event of these topics again. Starts over after a crash."""
    for store in outboxes:
        outbox = store.table("outbox")
        theirs = outbox.c.topic.in_(topics)
        # Wait until published rows are marked as sent: marked after the reset, they would not be published again.
        async with store.read() as session:
            newest = await session.scalar(sa.select(sa.func.max(outbox.c.seq))) or 0
        unmarked = sa.select(sa.exists().where(theirs, outbox.c.sent_at.is_(None), outbox.c.seq <= newest))
        while True:
            async with store.read() as session:
                if not await session.scalar(unmarked):
                    break
            await asyncio.sleep(0.05)
        async with store.work() as work:
            again = sa.update(outbox).where(theirs, outbox.c.sent_at.is_not(None)).values(sent_at=None)
            await work.session.execute(again)
        store.emitted.set()


async def unsent(outboxes: Iterable[Store], topics: Collection[str]) -> int:
    """How many events of these topics the outboxes still have to publish."""
    left = 0
    for store in outboxes:
        outbox = store.table("outbox")
        waiting = sa.select(sa.func.count()).where(outbox.c.sent_at.is_(None), outbox.c.topic.in_(topics))
        async with store.read() as session:
            left += await session.scalar(waiting) or 0
    return left
