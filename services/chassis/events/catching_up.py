"""Keeps a restored service closed until it has read its topics again: docs/decisions/0033-older-backups.md.

Its store is of yesterday. Until its consumer has read what happened since, a token that was revoked and a consent that
was withdrawn still count in it. So it answers no request, sends no event and runs no job of its own before.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping

import sqlalchemy as sa
from aiokafka import TopicPartition

from services.chassis.brokers.availability import is_away
from services.chassis.brokers.offsets import committed, extents
from services.chassis.brokers.port import Broker
from services.chassis.brokers.reading import hold_records
from services.chassis.events.reactions import Reactions
from services.chassis.events.rebuild import Rebuilding
from services.chassis.events.refilling import refill, unsent
from services.chassis.events.rereading import generation_of
from services.chassis.events.rights import group_of
from services.chassis.runtime.retrying import keep_running
from services.chassis.runtime.telemetry import log
from services.chassis.storage.store import Store

_log = log(__name__)

_CHECK_SECONDS = 0.5
_STUCK_CHECKS = 6
"""After so many checks without progress, the rest of a partition is looked at: it may hold no record any more."""

Ends = dict[TopicPartition, int]


class CatchingUp:
    """Whether one replica's store has what happened after the backup from which it was restored."""

    def __init__(
        self,
        store: Store,
        broker: Broker,
        reactions: Reactions,
        rebuilding: Rebuilding | None,
        *,
        damaged: Callable[[Collection[TopicPartition]], set[TopicPartition]],
    ) -> None:
        """`rebuilding`: of a read model, which is made from the topics again.

        `damaged`: those of these partitions that the consumer leaves alone now.
        """
        self._store = store
        self._broker = broker
        self._topics = reactions.topics
        self._rebuilding = rebuilding
        self._damaged = damaged
        self._group = group_of(store.service)
        self._epochs = store.table("epochs")
        self.done = asyncio.Event()
        """Set while the service may serve: at once, unless its store was restored."""
        self.done.set()

    async def begin(self) -> None:
        """Close the service if its store was restored and has not read its topics since. Called before it serves."""
        if await self._pending() is not None:
            self.done.clear()
            _log.warning("restored store reads its topics again", service=self._store.service)

    async def run(self) -> None:
        """Open the service as soon as its consumer has read what the topics held when this began. Then wait."""
        await keep_running(self._catch_up, f"catching up of {self._store.service}", expected=is_away)

    async def _catch_up(self) -> None:
        await asyncio.sleep(_CHECK_SECONDS)  # the other stores of this process start too
        if await self._pending() is not None:
            if self._rebuilding is not None:
                await self._until_rebuilt(self._rebuilding)
            else:
                await self._until_reread()
            async with self._store.work() as work:
                open_ones = self._epochs.c.reread_at.is_(None)
                await work.session.execute(sa.update(self._epochs).where(open_ones).values(reread_at=work.now))
            _log.warning("restored store has read its topics", service=self._store.service)
        self.done.set()
        await asyncio.Event().wait()

    async def _pending(self) -> int | None:
        """The newest epoch, if its topics were not read yet in it."""
        newest = sa.select(self._epochs.c.epoch, self._epochs.c.reread_at).order_by(self._epochs.c.epoch.desc())
        async with self._store.read() as session:
            row = (await session.execute(newest.limit(1))).one_or_none()
        return row.epoch if row is not None and row.reread_at is None else None

    async def _until_rebuilt(self, rebuilding: Rebuilding) -> None:
        while (latest := await rebuilding.load_latest()) is not None and latest.completed_at is None:  # noqa: ASYNC110
            await asyncio.sleep(_CHECK_SECONDS)

    async def _until_reread(self) -> None:
        if not self._broker.keeps_history:
            await refill(self._broker.outboxes, self._topics)
            while await unsent(self._broker.outboxes, self._topics):  # noqa: ASYNC110 - no task sets an event
                await asyncio.sleep(_CHECK_SECONDS)
        held = await extents(self._broker, self._topics)
        left = {tp: end for tp, (first, end) in held.items() if end > first}
        reached, stuck = Ends(), 0
        # Another replica may be the one that sees the end.
        while left and (epoch := await self._pending()) is not None:
            before, reached = reached, await self._reached(left, epoch)
            stuck = stuck + 1 if reached == before else 0
            left = {tp: end for tp, end in left.items() if reached.get(tp, 0) < end}
            damaged = self._damaged(left)
            if left and left.keys() == damaged:
                # Nobody knows when the broker's disk is repaired, and the centres are closed until then.
                places = [f"{tp.topic}/{tp.partition}" for tp in sorted(damaged)]
                _log.error("opens without damaged partitions", service=self._store.service, partitions=places)
                break
            if left and stuck >= _STUCK_CHECKS:
                sound = {tp: end for tp, end in left.items() if tp not in damaged}
                kept = await self._with_records(sound, reached, held)
                left, stuck = {tp: end for tp, end in left.items() if tp in damaged or tp in kept}, 0
            await asyncio.sleep(_CHECK_SECONDS)

    async def _reached(self, partitions: Ends, epoch: int) -> Ends:
        """Up to where the group has read these partitions in this epoch."""
        offsets = await committed(self._broker, self._group, partitions)
        history = self._broker.keeps_history
        return {tp: one.offset for tp, one in offsets.items() if not history or generation_of(one) >= epoch}

    async def _with_records(self, left: Ends, reached: Ends, held: Mapping[TopicPartition, tuple[int, int]]) -> Ends:
        """Those of these partitions that still hold a record before the end: compaction may have removed the last."""
        return {
            tp: end
            for tp, end in left.items()
            if await hold_records(self._broker, {tp: (max(reached.get(tp, 0), held[tp][0]), end)})
        }
