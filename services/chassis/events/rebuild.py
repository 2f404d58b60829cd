"""Rebuilds a read model from the topics while the platform runs: `cefo rebuild SERVICE`.

One transaction empties the read model's tables and its inbox, and increments the store's generation. A consumer commits
with each offset the generation in which it began to read that partition; if that is older than the store's generation,
it reads the partition from the beginning. So replicas may notice the rebuild at different times, swap partitions or be
killed: the inbox, written in the transaction of the effect, decides what was processed.

The embedded broker keeps only its last records. There the outboxes publish all their events again.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from aiokafka import TopicPartition

from services.chassis.brokers.availability import is_away
from services.chassis.brokers.offsets import Extents, committed, extents
from services.chassis.brokers.port import Broker
from services.chassis.events.completeness import (
    check_history,
    emitted_by_topic,
    processed_by_source,
    retained_by_topic,
)
from services.chassis.events.inbox import add_rows_for_held_events
from services.chassis.events.reactions import Reactions
from services.chassis.events.refilling import refill, unsent
from services.chassis.events.rereading import Rereading, generation_of
from services.chassis.events.rights import group_of
from services.chassis.refusals import Refused, msg
from services.chassis.runtime.retrying import keep_running
from services.chassis.runtime.telemetry import log
from services.chassis.storage.store import Store, Work
from services.chassis.storage.tables import DEAD, HELD

_log = log(__name__)

CHECK_SECONDS = 0.5
"""Seconds between two checks for a rebuild that started or completed."""


class NotAReadModel(Refused):
    """The service owns its data: the topics do not contain all of it."""

    slug = "not-a-read-model"
    message = msg(
        "{service} cannot be rebuilt: the events do not contain all of its data. Restore its database from a backup."
    )


class RebuildRunning(Refused):
    """A rebuild is running. Follow it, or start another one that replaces it."""

    slug = "rebuild-running"
    message = msg("A rebuild is already running: {service}. Follow it, or start again from the beginning.")


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a rebuild, in events. `waiting`: held events and undecided dead letters."""

    generation: int
    started_at: datetime
    done: int
    events: int
    waiting: int
    completed_at: datetime | None


class Rebuilding:
    """One replica's view of its read model's rebuilds."""

    def __init__(self, store: Store, broker: Broker, reactions: Reactions, tables: Sequence[Any]) -> None:
        self._store = store
        self._broker = broker
        self._group = group_of(store.service)
        self.rereading = Rereading(store, broker, self._group, generation=0)
        """Has this replica's consumer read again what a rebuild needs."""
        self._topics = reactions.topics
        self._sources = reactions.sources
        self._tables = [table.__table__ for table in tables]
        self._rebuilds = store.table("rebuilds")
        self.running = False
        """Whether a rebuild is running: then held events do not expire."""
        self._refilled = 0
        self._lock = asyncio.Lock()

    # --- called for an operator ---

    async def start(self, by: str, *, again: bool = False) -> Progress:
        """Empty the read model and rebuild it.

        Raises `RebuildRunning` unless `again`, `HistoryMissing`, or one of `BROKER_ERRORS`; then nothing was changed.
        """
        latest = await self._latest()
        if latest is not None and latest.completed_at is None and not again:
            raise RebuildRunning(service=self._store.service)
        # Before the topics are measured, so that it never exceeds what they hold.
        processed = await processed_by_source(self._store, self._sources)
        history = self._broker.keeps_history
        held = await extents(self._broker, self._topics) if history else {}
        kept = retained_by_topic(held) if history else await emitted_by_topic(self._broker.outboxes, self._topics)
        check_history(processed, kept)
        await self._begin(by, held, sum(kept.values()), empty=True)
        _log.warning("read model emptied, to be rebuilt", service=self._store.service)
        await self.check_progress()
        return await self.progress()

    async def read_again(self, by: str) -> None:
        """Have a restored read model read its topics again from its next start on. Its inbox knows what it has counted.

        Raises one of `BROKER_ERRORS`; then nothing was changed.
        """
        held = await extents(self._broker, self._topics) if self._broker.keeps_history else {}
        await self._begin(by, held, sum(retained_by_topic(held).values()), empty=False)

    async def _begin(self, by: str, held: Extents, events: int, *, empty: bool) -> None:
        history, latest = self._broker.keeps_history, await self._latest()
        # Offsets may be of a later rebuild than this store knows, which was restored from a backup.
        offsets = await committed(self._broker, self._group, held) if history else {}
        known = max((latest.generation if latest else 0, *map(generation_of, offsets.values())))
        async with self._store.work() as work:
            work.guard("rebuilds_key", RebuildRunning(service=self._store.service))
            row = {
                "generation": known + 1,
                "started_at": work.now,
                "started_by": by[:200],
                "events": events,
                "targets": _as_json(held) if history else None,
                "completed_at": None,
            }
            await work.session.execute(sa.insert(self._rebuilds), row)
            if empty:
                await self._empty(work)

    async def progress(self) -> Progress:
        """The latest rebuild's progress; all zero without one. Raises one of `BROKER_ERRORS`."""
        latest = await self._latest()
        if latest is None:
            return Progress(0, self._store.clock(), 0, 0, 0, None)
        dead_letters = self._store.table("dead_letters")
        undecided = dead_letters.c.state.in_((*HELD, *DEAD))
        async with self._store.read() as session:
            waiting = await session.scalar(sa.select(sa.func.count()).select_from(dead_letters).where(undecided)) or 0
        left = 0 if latest.completed_at else await self._left(latest)
        done = max(0, latest.events - left)
        return Progress(latest.generation, latest.started_at, done, latest.events, waiting, latest.completed_at)

    async def _empty(self, work: Work) -> None:
        """Delete the read model's rows, the inbox and the undecided dead letters. Decided dead letters stay."""
        emptied = [self._store.table("inbox"), *self._tables]
        if self._store.sqlite:
            for table in emptied:
                await work.session.execute(sa.delete(table))
        else:
            # The inbox first, as a batch locks it: a running batch ends before this, the next one starts after it.
            names = ", ".join(f'"{table.name}"' for table in emptied)
            await work.session.execute(sa.text(f"truncate {names}"))
        dead_letters = self._store.table("dead_letters")
        undecided = dead_letters.c.state.in_((*HELD, *DEAD))
        await work.session.execute(sa.delete(dead_letters).where(undecided))
        await (await work.session.connection()).run_sync(add_rows_for_held_events)

    # --- runs beside the consumer ---

    async def run(self) -> None:
        """Check at intervals until cancelled. Retries while the broker or the store is unavailable."""
        await keep_running(self._check_repeatedly, f"rebuild of {self._store.service}", expected=is_away)

    async def _check_repeatedly(self) -> None:
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            await self.check_progress()

    async def load_latest(self) -> Any:
        """Load the latest rebuild, which another replica may have started; called before this one consumes."""
        latest = await self._latest()
        if latest is not None:
            self.rereading.generation = max(self.rereading.generation or 0, latest.generation)
            self.running = latest.completed_at is None
        return latest

    async def check_progress(self) -> None:
        """Load the latest rebuild and, if it is running, do its next step or complete it."""
        async with self._lock:
            latest = await self.load_latest()
            if self.running:
                await self._advance(latest)

    async def _advance(self, latest: Any) -> None:
        if not self._broker.keeps_history and self._refilled < latest.generation:
            # The rebuild is new, or this process died during it, and the embedded broker lost its records.
            await self._update(latest, targets=None)
            await refill(self._broker.outboxes, self._topics)
            self._refilled = latest.generation
        elif latest.targets is None:
            if not await unsent(self._broker.outboxes, self._topics):
                held = await extents(self._broker, self._topics)
                await self._update(latest, targets=_as_json(held))
        elif not await self._left(latest):
            await self._update(latest, completed_at=self._store.clock())
            _log.warning("read model rebuilt", service=self._store.service, generation=latest.generation)

    async def _latest(self) -> Any:
        async with self._store.read() as session:
            chosen = sa.select(self._rebuilds).order_by(self._rebuilds.c.generation.desc()).limit(1)
            return (await session.execute(chosen)).one_or_none()

    async def _update(self, row: Any, **values: Any) -> None:
        table = self._rebuilds
        async with self._store.work() as work:
            await work.session.execute(
                sa.update(table).where(table.c.generation == row.generation, table.c.completed_at.is_(None)), values
            )

    async def _left(self, row: Any) -> int:
        """How many events are still to be read."""
        if row.targets is None:
            return await unsent(self._broker.outboxes, self._topics)
        targets = {_partition(name): (first, end) for name, (first, end) in row.targets.items()}
        offsets = await committed(self._broker, self._group, targets)
        left = 0
        for tp, (first, end) in targets.items():
            offset = offsets.get(tp)
            begun = offset is not None and (not self._broker.keeps_history or generation_of(offset) >= row.generation)
            left += max(0, end - (max(first, offset.offset) if begun and offset is not None else first))
        return left


def _as_json(held: Mapping[TopicPartition, tuple[int, int]]) -> dict[str, list[int]]:
    return {f"{tp.topic}/{tp.partition}": [first, end] for tp, (first, end) in held.items()}


def _partition(name: str) -> TopicPartition:
    topic, _, number = name.rpartition("/")
    return TopicPartition(topic, int(number))
