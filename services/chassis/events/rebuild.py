"""Makes a read model again from the topics, while the platform runs: `cefo rebuild impact`.

One transaction empties what the service made of the events, together with its inbox, and counts up the store's
generation. A consumer notes with each offset it commits in which generation it began to read that partition; where the
note is older than the store's generation, it starts from the beginning. So it does not matter who notices when, which
replica reads what, or who is killed in between: what counts is in the inbox, in the transaction of the effect.

The embedded broker holds a window only. There every outbox sends again what it ever said.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from aiokafka import TopicPartition
from aiokafka.structs import OffsetAndMetadata

from services.chassis.brokers.availability import is_away
from services.chassis.brokers.offsets import committed, extents
from services.chassis.brokers.port import Broker
from services.chassis.events.completeness import (
    check_history,
    emitted_by_topic,
    processed_by_source,
    retained_by_topic,
)
from services.chassis.events.inbox import add_rows_for_held_events
from services.chassis.events.reactions import Reactions
from services.chassis.refusals import Refused, msg
from services.chassis.runtime.retrying import keep_running
from services.chassis.runtime.telemetry import log
from services.chassis.storage.store import Store, Work
from services.chassis.storage.tables import DeadLetterState

_log = log(__name__)

CHECK_SECONDS = 0.5
"""Seconds between two looks at whether the store was emptied, or is full again."""


class NotAReadModel(Refused):
    """The service owns what it keeps: the topics do not tell all of it."""

    slug = "not-a-read-model"
    message = msg(
        "{service} owns what it keeps; the topics do not tell all of it, so it cannot be rebuilt from them. "
        "Restore its database from a backup instead."
    )


class RebuildRunning(Refused):
    """A rebuild goes on. Follow it, or ask for another one that replaces it."""

    slug = "rebuild-running"
    message = msg("{service} is being rebuilt already. Follow that one, or start again from the beginning.")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rebuild has come. `waiting`: events held because an earlier one is missing, and dead letters."""

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
        self._group = f"cefo.{store.service}"
        self._topics = reactions.topics
        self._sources = reactions.sources
        self._tables = [table.__table__ for table in tables]
        self._rebuilds = store.table("rebuilds")
        self.generation = 0
        self.running = False
        """Whether a rebuild goes on: what is held then waits as long as it takes."""
        self._refilled = 0
        self._lock = asyncio.Lock()
        self._assignment = -1
        self._generation_of: dict[TopicPartition, int] = {}

    # --- what an operator asks for ---

    async def start(self, by: str, *, again: bool = False) -> Progress:
        """Empty the read model and have it made again.

        Raises `RebuildRunning` unless `again`, `HistoryMissing`, or one of `AWAY`; then nothing was changed.
        """
        latest = await self._latest()
        if latest is not None and latest.completed_at is None and not again:
            raise RebuildRunning(service=self._store.service)
        # Before the topics are measured, so that it is never more than they hold.
        heard = await processed_by_source(self._store, self._sources)
        history = self._broker.keeps_history
        held = await extents(self._broker, self._topics) if history else {}
        kept = retained_by_topic(held) if history else await emitted_by_topic(self._broker.outboxes, self._topics)
        check_history(heard, kept)
        async with self._store.work() as work:
            work.guard("rebuilds_key", RebuildRunning(service=self._store.service))
            row = {
                "generation": (latest.generation if latest else 0) + 1,
                "started_at": work.now,
                "started_by": by[:200],
                "events": sum(kept.values()),
                "targets": _as_json(held) if history else None,
                "completed_at": None,
            }
            await work.session.execute(sa.insert(self._rebuilds), row)
            await self._empty(work)
        _log.warning("read model emptied, to be rebuilt", service=self._store.service, generation=row["generation"])
        await self.check_progress()
        return await self.progress()

    async def progress(self) -> Progress:
        """How far the latest rebuild has come; all zero when there never was one. Raises one of `AWAY`."""
        latest = await self._latest()
        if latest is None:
            return Progress(0, self._store.clock(), 0, 0, 0, None)
        letters = self._store.table("dead_letters")
        open_letters = letters.c.state.in_([DeadLetterState.HELD.value, DeadLetterState.DEAD.value])
        async with self._store.read() as session:
            waiting = await session.scalar(sa.select(sa.func.count()).select_from(letters).where(open_letters)) or 0
        left = 0 if latest.completed_at else await self._left(latest)
        done = max(0, latest.events - left)
        return Progress(latest.generation, latest.started_at, done, latest.events, waiting, latest.completed_at)

    async def _empty(self, work: Work) -> None:
        """Everything that was made of events, and the memory of having heard them. What was decided stays."""
        emptied = [self._store.table("inbox"), *self._tables]
        if self._store.sqlite:
            for table in emptied:
                await work.session.execute(sa.delete(table))
        else:
            # The inbox first, as a batch does: a running one ends before, the next one begins after.
            names = ", ".join(f'"{table.name}"' for table in emptied)
            await work.session.execute(sa.text(f"truncate {names}"))
        letters = self._store.table("dead_letters")
        undecided = letters.c.state.in_([DeadLetterState.HELD.value, DeadLetterState.DEAD.value])
        await work.session.execute(sa.delete(letters).where(undecided))
        await (await work.session.connection()).run_sync(add_rows_for_held_events)

    # --- what runs beside the consumer ---

    async def run(self) -> None:
        """Look now and then until cancelled. Whatever is away is waited for."""
        await keep_running(self._check_repeatedly, f"rebuild of {self._store.service}", expected=is_away)

    async def _check_repeatedly(self) -> None:
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            await self.check_progress()

    async def load_latest(self) -> Any:
        """Learn of a rebuild that was started elsewhere, before this replica takes anything in."""
        latest = await self._latest()
        if latest is not None:
            self.generation = max(self.generation, latest.generation)
            self.running = latest.completed_at is None
        return latest

    async def check_progress(self) -> None:
        """Learn of a rebuild that was started elsewhere; see whether the one that goes on is complete."""
        async with self._lock:
            latest = await self.load_latest()
            if self.running:
                await self._advance(latest)

    async def _advance(self, latest: Any) -> None:
        if not self._broker.keeps_history and self._refilled < latest.generation:
            # New, or this process died in the middle and its broker with it: what that one held is nowhere now.
            await self._update(latest, targets=None)
            await self._refill()
            self._refilled = latest.generation
        elif latest.targets is None:
            if not await self._unsent():
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
            return await self._unsent()
        targets = {_partition(name): (first, end) for name, (first, end) in row.targets.items()}
        places = await committed(self._broker, self._group, targets)
        left = 0
        for tp, (first, end) in targets.items():
            place = places.get(tp)
            begun = place is not None and (not self._broker.keeps_history or _generation(place) >= row.generation)
            left += max(0, end - (max(first, place.offset) if begun and place is not None else first))
        return left

    async def _refill(self) -> None:
        """Have everything that the topics lost sent again. After a crash in the middle: all of it, once more."""
        for store in self._broker.outboxes:
            outbox = store.table("outbox")
            told = outbox.c.topic.in_(self._topics)
            # What was heard may not be marked as sent yet: it would be left out here, and marked afterwards.
            async with store.read() as session:
                newest = await session.scalar(sa.select(sa.func.max(outbox.c.seq))) or 0
            unmarked = sa.select(sa.exists().where(told, outbox.c.sent_at.is_(None), outbox.c.seq <= newest))
            while True:
                async with store.read() as session:
                    if not await session.scalar(unmarked):
                        break
                await asyncio.sleep(0.05)
            async with store.work() as work:
                again = sa.update(outbox).where(told, outbox.c.sent_at.is_not(None)).values(sent_at=None)
                await work.session.execute(again)
            store.emitted.set()

    async def _unsent(self) -> int:
        left = 0
        for store in self._broker.outboxes:
            outbox = store.table("outbox")
            unsent = sa.select(sa.func.count()).where(outbox.c.sent_at.is_(None), outbox.c.topic.in_(self._topics))
            async with store.read() as session:
                left += await session.scalar(unsent) or 0
        return left

    # --- what the consumer asks ---

    async def admit(
        self, client: Any, fetched: dict[TopicPartition, list[Any]], assignment: int
    ) -> tuple[dict[TopicPartition, list[Any]], list[TopicPartition]]:
        """What of this is to be taken in, and which partitions start from their beginning now. Raises one of `AWAY`."""
        if not self._broker.keeps_history or not self.generation:
            return fetched, []
        if assignment != self._assignment:
            # After a rebalance somebody else may have read a partition in between: look again how it was left.
            self._assignment, self._generation_of = assignment, {}
        unsure = [tp for tp in client.assignment() if self._generation_of.get(tp) != self.generation]
        if not unsure:
            return fetched, []
        wanted = self.generation
        places = await committed(self._broker, self._group, unsure)
        self.generation = max(wanted, *(_generation(place) for place in places.values())) if places else wanted
        behind = [tp for tp in unsure if tp not in places or _generation(places[tp]) < wanted]
        if behind:
            await client.seek_to_beginning(*behind)
        self._generation_of.update(dict.fromkeys(unsure, wanted))
        return {tp: messages for tp, messages in fetched.items() if tp not in behind}, behind

    def with_generation(self, offsets: Mapping[TopicPartition, int]) -> dict[TopicPartition, OffsetAndMetadata]:
        """The offsets to commit, with the generation in which this consumer began to read the partition."""
        begun = {tp: self._generation_of.get(tp, 0) for tp in offsets}
        return {tp: OffsetAndMetadata(offset, str(begun[tp] or "")) for tp, offset in offsets.items()}


def _as_json(held: Mapping[TopicPartition, tuple[int, int]]) -> dict[str, list[int]]:
    return {f"{tp.topic}/{tp.partition}": [first, end] for tp, (first, end) in held.items()}


def _partition(name: str) -> TopicPartition:
    topic, _, number = name.rpartition("/")
    return TopicPartition(topic, int(number))


def _generation(place: OffsetAndMetadata) -> int:
    return int(place.metadata) if str(place.metadata).isdigit() else 0
