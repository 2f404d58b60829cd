"""Retries, discards and reveals dead letters, and turns events that were held too long into dead letters.

After a retry or a discard, the later events of the aggregate that were held are processed in order.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from services.chassis.events.dead_letters import (
    RETRY,
    SUBJECT_ERASED,
    OutOfOrder,
    RetryFailed,
    TooLate,
    load_dead_letter,
    reason_and_detail,
)
from services.chassis.events.inbox import last_sequences
from services.chassis.events.making_dead import Outcomes
from services.chassis.events.mid_stream import start_mid_stream
from services.chassis.events.processor import UNKNOWN_TYPE, EventProcessor, UnknownType
from services.chassis.events.sealing import kept_record
from services.chassis.events.sequencing import Position, SequenceTracker, inbox_key, position_of
from services.chassis.refusals import Refused
from services.chassis.runtime.settings import Settings
from services.chassis.runtime.telemetry import log
from services.chassis.storage.errors import is_unavailable, retry_on_conflict
from services.chassis.storage.store import Store, Work
from services.chassis.storage.tables import CONTENTS, DEAD, HELD, DeadLetterState
from services.contracts import EVENTS
from services.contracts.cloudevents import IncomingEvent, Record, UnreadableEvent, read_event

_log = log(__name__)

RETRIED = 100
"""Most dead letters that are retried by themselves between two batches."""


class DeadLetterResolver:
    """Resolves one service's dead letters and held events."""

    def __init__(self, store: Store, settings: Settings, processor: EventProcessor) -> None:
        self._store = store
        self._settings = settings
        self._processor = processor
        self._dead_letters = store.table("dead_letters")
        self._inbox = store.table("inbox")

    async def expire_held(self) -> None:
        """Turn events that were held longer than `CEFO_HOLD_SECONDS` into dead letters, for an operator to decide."""
        table = self._dead_letters
        since = self._store.clock() - timedelta(seconds=self._settings.hold_seconds)
        if self._settings.history_ends:
            await start_mid_stream(self._store, since, self._processor.track, self._processor.dispatch)
        held_too_long = (table.c.state.in_(HELD), table.c.at <= since)
        async with self._store.read() as session:
            if not await session.scalar(sa.select(sa.exists().where(*held_too_long))):
                return
        async with self._store.work() as work:
            chosen = sa.select(table).where(*held_too_long).order_by(table.c.sequence).with_for_update()
            rows = (await work.session.execute(chosen)).all()
            for row in rows:
                self._processor.dead_letters.publish(work, kept_record(row), row)
            dead = sa.update(table).where(table.c.id.in_([row.id for row in rows]))
            await work.session.execute(dead.values(state=DeadLetterState.DEAD.value))
        self._processor.count(Outcomes(DeadLetterState.DEAD.value for _ in rows))

    async def discard_erased(self) -> None:
        """Discard the dead letters whose person was erased; the events held behind them are processed."""
        table = self._dead_letters
        erased = sa.select(table.c.id).where(table.c.state.in_(DEAD), table.c.reason == SUBJECT_ERASED)
        async with self._store.read() as session:
            ids = list(await session.scalars(erased.order_by(table.c.source, table.c.subject, table.c.sequence)))
        for id in ids:
            await self.discard(id, SUBJECT_ERASED)

    async def retry_due(self) -> None:
        """Retry the oldest of the dead letters that lacked something which is there now (`retry_refused`), in order."""
        table = self._dead_letters
        due = (table.c.state.in_(DEAD), table.c.decision.startswith(RETRY))
        # Those of a batch are equally old.
        oldest = (table.c.at, table.c.topic, table.c.partition, table.c.offset)
        async with self._store.read() as session:
            ids = list(await session.scalars(sa.select(table.c.id).where(*due).order_by(*oldest).limit(RETRIED)))
        for id in ids:
            try:
                await self.retry(id)
            except Refused as error:
                _log.info("dead letter still refused", service=self._store.service, id=str(id), reason=error.slug)
                async with self._store.work() as work:
                    await work.session.execute(sa.update(table).where(table.c.id == id, *due).values(decision=None))

    async def reveal(self, id: UUID, by: str, reason: str) -> Record:
        """The whole record of a dead letter; notes who asked for it and why. Raises `ContentDeleted` or `KeyGone`."""
        async with self._store.work() as work:
            row = await load_dead_letter(work.session, self._dead_letters, id)
            record = self._processor.sealer.whole(row)
            noted = {"id": uuid4(), "dead_letter": id, "at": work.now, "by": by, "reason": reason}
            await work.session.execute(sa.insert(work.table("dead_letter_reveals")), noted)
        _log.info("dead letter revealed", service=self._store.service, id=str(id), by=by)
        return record

    async def retry(self, id: UUID) -> str:
        """Retry a dead letter now. Returns its new state.

        Raises the refusal of the reaction, `OutOfOrder`, `TooLate` or `RetryFailed`; then nothing changed.
        """
        try:
            return await retry_on_conflict(partial(self._in_work, self._retry, id))
        except Exception as error:
            if isinstance(error, Refused) or is_unavailable(error):
                raise
            reason, detail = (
                (error.reason, error.detail) if isinstance(error, UnreadableEvent) else reason_and_detail(error)
            )
            raise RetryFailed(about="event", reason=reason, detail=detail) from error

    async def _retry(self, work: Work, id: UUID) -> str:
        row = await load_dead_letter(work.session, self._dead_letters, id, lock=True)
        if not DeadLetterState(row.state).is_dead:
            return row.state
        record = self._processor.sealer.whole(row)
        incoming = read_event(record)
        key = inbox_key(incoming)
        last = (await last_sequences(work.session, self._inbox, {key})).get(key)
        position = position_of(incoming, last)
        if position is Position.AHEAD:
            raise OutOfOrder(missing=(last or 0) + 1, sequence=incoming.sequence)
        if row.reason == UNKNOWN_TYPE:
            await self._retry_unknown_type(work, incoming, last or 0)
        else:
            await self._processor.apply(work, [record])
        return await self._decide(work, row, DeadLetterState.RETRIED, position.value)

    async def _retry_unknown_type(self, work: Work, incoming: IncomingEvent, last: int) -> None:
        """Process an event that its aggregate skipped as its type was unknown. Raises `TooLate` after a later one."""
        if incoming.type not in EVENTS:
            raise UnknownType(incoming)
        if incoming.sequence is not None and incoming.sequence < last:
            raise TooLate(sequence=incoming.sequence, last=last)
        await self._processor.dispatch(work, SequenceTracker({}, {}), [incoming])

    async def discard(self, id: UUID, decision: str) -> str:
        """Discard a dead letter, then process the events held behind it. `decision`: who and why. Returns its state."""
        return await retry_on_conflict(partial(self._in_work, self._discard, id, decision))

    async def _discard(self, work: Work, id: UUID, decision: str) -> str:
        row = await load_dead_letter(work.session, self._dead_letters, id, lock=True)
        state = DeadLetterState(row.state)
        if state.is_retried or state.is_discarded:
            return row.state
        decided = await self._decide(work, row, DeadLetterState.DISCARDED, decision)
        if row.sequence is not None:
            key = (row.source, row.subject)
            tracker = await self._processor.track(work, {key})
            await self._processor.dispatch(work, tracker, tracker.pass_over(key, row.sequence))
        return decided

    async def _in_work(self, act: Callable[..., Awaitable[str]], *arguments: Any) -> str:
        async with self._store.work() as work:
            return await act(work, *arguments)

    async def _decide(self, work: Work, row: Any, state: DeadLetterState, decision: str) -> str:
        decided: dict[str, Any] = {"state": state.value, "decided_at": work.now, "decision": decision}
        if row.sealed is not None:
            decided |= {"sealed": None, "sealed_until": work.now}
            work.purged.update(CONTENTS)
        await work.session.execute(
            sa.update(self._dead_letters).where(self._dead_letters.c.id == row.id).values(decided)
        )
        return state.value
