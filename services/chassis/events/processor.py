"""Processes incoming events exactly once, in order per aggregate.

A batch is one transaction: inbox, changes and outbox together. The first event of an aggregate is assumed to be new. If
the inbox already has a row, the insert fails and the batch is retried with a lookup. If anything else in a batch fails,
its events are processed apart, each on a savepoint. What a rule refuses becomes a dead letter at once. Anything else is
retried a bounded number of times, with a growing pause, and then becomes a dead letter. While the store is unavailable,
the work is retried without limit. Later events of an aggregate with a dead letter are held until an operator retries or
discards it; other aggregates continue.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
import stamina
from sqlalchemy.exc import IntegrityError

from services.chassis.events.dead_letters import (
    attributes_of,
    dead_letter_row,
    explained_headers,
    fault_of,
    has_dead_letter,
)
from services.chassis.events.inbox import last_sequences, record_sequences
from services.chassis.events.reactions import Reactions
from services.chassis.events.sealing import RecordSealer, kept_record
from services.chassis.events.sequencing import HeldEvent, Key, Position, SequenceTracker, inbox_key
from services.chassis.refusals import Refused, Unavailable
from services.chassis.runtime.failpoints import failpoint
from services.chassis.runtime.settings import Settings
from services.chassis.runtime.telemetry import PROCESSED, log
from services.chassis.runtime.tracing import EventTracer, current_traceparent, origin
from services.chassis.storage.bulk import in_list
from services.chassis.storage.errors import is_conflict, is_unavailable, violated_constraint
from services.chassis.storage.isolation import isolated_works
from services.chassis.storage.outbox import raw_row, unpack_headers
from services.chassis.storage.store import Cause, Store, Work
from services.chassis.storage.tables import DEAD, DISCARDED, HELD, DeadLetterState
from services.contracts import EVENTS
from services.contracts.cloudevents import IncomingEvent, Record, UnreadableEvent, previous_of, read_event
from services.contracts.topics import topic_named

_log = log(__name__)
Outcomes = Counter[str]
UNKNOWN_TYPE = "unknown-type"
APART = 100
"""Most events that are processed apart in one transaction."""


class UnknownType(UnreadableEvent):
    """An event type that is newer than this service. It becomes a dead letter and does not block its aggregate."""

    def __init__(self, incoming: IncomingEvent) -> None:
        super().__init__(UNKNOWN_TYPE, "its type is not known here; update this service", attributes_of(incoming))


class EventProcessor:
    """Processes one service's records and publishes its dead letters."""

    def __init__(self, store: Store, settings: Settings, reactions: Reactions) -> None:
        self._store = store
        self._settings = settings
        self._reactions = reactions
        self.sealer = RecordSealer(settings)
        self._dead_letters = table = store.table("dead_letters")
        kept = table.c.state.in_((*HELD, *DEAD, *DISCARDED))
        self._any_kept = sa.select(sa.exists().where(kept))
        theirs = (in_list(table.c.subject, "subjects"), table.c.sequence.is_not(None))
        self._kept = sa.select(table).where(kept, *theirs)
        self._inbox = store.table("inbox")
        self._tracer = EventTracer(settings, store.service)
        self._assume_new = True
        """False after a failure, and while events are repeated: then the inbox is looked up for first events too."""

    async def process(self, records: list[Record]) -> None:
        """Process these records. Returns when each has taken effect, is held, or is a dead letter."""
        try:
            return self.count(await self._try(records))
        except Exception as error:
            facts = {"service": self._store.service, "events": len(records), "error": repr(error)}
            _log.warning("failed, processing one by one", **facts)
        for start in range(0, len(records), APART):
            await self._process_apart(records[start : start + APART])

    async def _process_apart(self, records: list[Record]) -> None:
        """Process each by itself. What fails is tried again together after a pause, so that it delays the others once.

        Later events of an aggregate that failed are held, and follow it.
        """
        pause = self._settings.retry_seconds
        for attempt in range(1, self._settings.attempts + 1):
            last = attempt == self._settings.attempts
            failed: list[Record] = []
            outcomes = await self._while_unavailable(partial(self._attempt, records, attempt, failed, last=last))
            self.count(outcomes)
            if not failed:
                return
            await asyncio.sleep(pause)
            pause, records = min(2 * pause, max(5, pause)), failed

    async def _attempt(self, records: list[Record], attempt: int, failed: list[Record], *, last: bool) -> Outcomes:
        """Process each in a unit of work of its own, all in one transaction. Adds to `failed` what may still succeed.

        What a rule refuses is a dead letter at once, anything else after the last attempt.
        """
        outcomes = Outcomes()
        failed.clear()
        async with isolated_works(self._store) as isolated:
            for record in records:
                try:
                    async with isolated() as work:
                        done = await self.apply(work, [record])
                except Exception as error:
                    if is_unavailable(error):
                        raise
                    if not (last or is_final(error)):
                        failed.append(record)
                        continue
                    async with isolated() as work:
                        done = await self._make_dead_letter(work, record, error, attempt)
                outcomes.update(done)
        return outcomes

    async def _try(self, records: list[Record]) -> Outcomes:
        """Process all in one unit of work; retry with a lookup if an aggregate was not new."""
        while True:
            assume_new, self._assume_new = self._assume_new, False
            try:
                outcomes = await self._in_work(partial(self.apply, records=records, assume_new=assume_new))
            except IntegrityError as error:
                # After a lookup, only another consumer can have inserted the row; the next lookup finds it.
                if not (is_conflict(error) if assume_new else self._was_inserted_concurrently(error)):
                    raise
                _log.info("batch retried with a lookup", service=self._store.service, error=repr(error))
            else:
                self._assume_new = Position.REPEATED.value not in outcomes
                return outcomes

    def _was_inserted_concurrently(self, error: IntegrityError) -> bool:
        """Whether another transaction inserted the aggregate's inbox row first."""
        return violated_constraint(error, self._store.metadata) == self._inbox.primary_key.name

    async def _in_work(self, act: Callable[[Work], Awaitable[Outcomes]]) -> Outcomes:
        """Run `act` in its own unit of work; retry for as long as the store is unavailable."""

        async def once() -> Outcomes:
            async with self._store.work() as work:
                outcomes = await act(work)
            return outcomes

        return await self._while_unavailable(once)

    async def _while_unavailable(self, act: Callable[[], Awaitable[Outcomes]]) -> Outcomes:
        try:
            return await act()
        except Exception as error:
            if not is_unavailable(error):
                raise
        pause = self._settings.retry_seconds
        tries = stamina.retry_context(
            on=is_unavailable, attempts=None, timeout=None, wait_initial=pause, wait_max=max(2, pause), wait_jitter=0
        )
        async for one in tries.with_name(f"work of {self._store.service}", (), {}):
            with one:
                return await act()
        raise AssertionError("retries never end")

    def count(self, outcomes: Outcomes) -> None:
        """Count events by outcome."""
        for outcome, number in outcomes.items():
            PROCESSED.labels(self._store.service, outcome).inc(number)

    async def apply(self, work: Work, records: list[Record], *, assume_new: bool = False) -> Outcomes:
        """Process all in this unit of work.

        `assume_new`: first events are not looked up in the inbox. Raises `IntegrityError` if one has an inbox row.
        """
        outcomes = Outcomes()
        incoming: list[IncomingEvent] = []
        for record in records:
            try:
                incoming.append(read_event(record, self._reactions.by_type))
            except UnreadableEvent as fault:
                outcomes.update(await self._make_dead_letter(work, record, fault, 1))
        looked_for = {inbox_key(one) for one in incoming}
        if assume_new:
            looked_for -= {inbox_key(one) for one in incoming if one.sequence in (1, None)}
        tracker = await self.track(work, looked_for)
        due: list[IncomingEvent] = []
        for one in incoming:
            position, now_due = tracker.admit(one)
            due += now_due
            if position is Position.REPEATED:
                outcomes[position.value] += 1
        for one in tracker.newly_held:
            missing = tracker.positions.get(inbox_key(one), 0) + 1
            detail = f"event {one.sequence} came before event {missing} of its aggregate"
            kept: dict[str, Any] = {"state": DeadLetterState.HELD, "reason": "ahead", "detail": detail, "attempts": 1}
            content = self.sealer.keep(one.record, work.now)
            row = dead_letter_row(one.record, content, at=work.now, **kept, **attributes_of(one))
            await work.session.execute(sa.insert(self._dead_letters), row)
            outcomes[DeadLetterState.HELD] += 1
        outcomes["handled"] = await self.dispatch(work, tracker, due, assume_new=assume_new)
        return outcomes

    async def track(self, work: Work, keys: set[Key]) -> SequenceTracker:
        """The last sequences of these aggregates, locked, and their held, dead and discarded events."""
        last = await last_sequences(work.session, self._inbox, keys)
        kept: dict[Key, list[HeldEvent]] = defaultdict(list)
        if keys and await work.session.scalar(self._any_kept):
            theirs = {"subjects": list({subject for _, subject in keys})}
            for row in await work.session.execute(self._kept, theirs):
                if row.sequence > last.get((row.source, row.subject), 0):
                    state = DeadLetterState(row.state)
                    incoming = read_event(kept_record(row), self._reactions.by_type) if state.is_held else None
                    previous = previous_of(unpack_headers(row.headers), row.sequence)
                    kept[(row.source, row.subject)].append(
                        HeldEvent(row.sequence, previous, row.id, incoming, undecided=state.is_dead)
                    )
        return SequenceTracker(last, kept)

    async def dispatch(
        self, work: Work, tracker: SequenceTracker, due: list[IncomingEvent], *, assume_new: bool = False
    ) -> int:
        """Write each aggregate's new sequence, then react to the due events. Returns how many had a reaction.

        `assume_new`: the aggregates of first events have no rows yet.
        """
        await record_sequences(work.session, self._inbox, tracker, work.now)
        readable = [(one.event, assume_new and one.sequence == 1) for one in due if one.event is not None]
        new = [event for event, begins in readable if begins]
        await self._reactions.fetch(work, [event for event, begins in readable if not begins], new)
        handled = 0
        for one in due:
            reaction = self._reactions.by_type.get(one.type)
            if reaction is not None and one.event is not None:
                origin.set(one)
                with self._tracer.processing(one.type, one.traceparent if self._tracer.records else None):
                    work.cause = partial(_cause, one)
                    await reaction.react(work, one.event)
                handled += 1
            elif one.type not in EVENTS:
                await self._make_dead_letter(work, one.record, UnknownType(one), 1)
        origin.set(None)
        if tracker.released:
            await work.session.execute(
                sa.delete(self._dead_letters).where(self._dead_letters.c.id.in_(tracker.released))
            )
        failpoint("inbox.written")
        return handled

    async def _make_dead_letter(self, work: Work, record: Record, error: Exception, attempts: int) -> Outcomes:
        """Insert the record's dead letter and publish it, unless the record has one already."""
        if await has_dead_letter(work.session, self._dead_letters, record, self.sealer.fingerprints(record)):
            return Outcomes({Position.REPEATED.value: 1})
        reason, detail, known = fault_of(record, error)
        if not isinstance(error, UnreadableEvent):
            origin.set(read_event(record))
        _log.error("dead letter", service=self._store.service, reason=reason, topic=record.topic, offset=record.offset)
        kept, state = self.sealer.keep(record, work.now), DeadLetterState.DEAD
        row = dead_letter_row(
            record, kept, state=state, reason=reason, detail=detail, attempts=attempts, at=work.now, **known
        )
        await work.session.execute(sa.insert(self._dead_letters), row)
        self.publish_dead_letter(work, kept.declared.record, SimpleNamespace(**row))
        origin.set(None)
        return Outcomes([state.value])

    def publish_dead_letter(self, work: Work, declared: Record, row: Any) -> None:
        """Publish the declared part of a record on the dead-letter topic of its topic; `row`: its dead letter."""
        headers = explained_headers(declared, row, service=self._store.service)
        topic = topic_named(declared.topic).dead_letters
        work.publish_raw(raw_row(declared._replace(topic=topic, headers=headers), work.now))


def is_final(error: Exception) -> bool:
    """Whether another attempt would fail too: a rule refused the event."""
    return isinstance(error, Refused) and not isinstance(error, Unavailable)


def _cause(incoming: IncomingEvent) -> Cause:
    """The cause of what the reaction emits: the event's chain, and the current span's trace if there is one."""
    return Cause(incoming.correlation_id, incoming.uuid, current_traceparent() or incoming.traceparent)
