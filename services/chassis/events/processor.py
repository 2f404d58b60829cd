"""Processes incoming events exactly once, in order per aggregate.

A batch is one transaction: inbox, changes and outbox together. The first event of an aggregate is assumed to be new. If
the inbox already has a row, the insert fails and the batch is retried with a lookup. What a rule refuses without a
trace (`steps`) becomes a dead letter in the same transaction. If anything else in a batch fails, its events are
processed apart, each on a savepoint: what a rule refuses becomes a dead letter at once, anything else is retried a
bounded number of times, with a growing pause, and then becomes a dead letter. While the store is unavailable, the work
is retried without limit. Later events of an aggregate with a dead letter are held until an operator retries or discards
it; other aggregates continue.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import sqlalchemy as sa
import stamina
from sqlalchemy.exc import IntegrityError

from services.chassis.events.dead_letters import attributes_of
from services.chassis.events.inbox import last_sequences, record_sequences, withdraw_sequences
from services.chassis.events.making_dead import DeadLetterMaker, Fault, Outcomes
from services.chassis.events.reactions import Reaction, Reactions
from services.chassis.events.sealing import RecordSealer, kept_record
from services.chassis.events.sequencing import HeldEvent, Key, Position, SequenceTracker, inbox_key
from services.chassis.events.steps import Steps, is_final
from services.chassis.runtime.failpoints import failpoint
from services.chassis.runtime.settings import Settings
from services.chassis.runtime.telemetry import PROCESSED, log
from services.chassis.runtime.tracing import EventTracer, current_traceparent, origin
from services.chassis.storage.bulk import in_list
from services.chassis.storage.errors import is_conflict, is_unavailable, violated_constraint
from services.chassis.storage.isolation import isolated_works
from services.chassis.storage.outbox import unpack_headers
from services.chassis.storage.store import Cause, Store, Work
from services.chassis.storage.tables import DEAD, DISCARDED, HELD, DeadLetterState
from services.contracts import EVENTS
from services.contracts.cloudevents import IncomingEvent, Record, UnreadableEvent, previous_of, read_event

_log = log(__name__)
UNKNOWN_TYPE = "unknown-type"
APART = 100
"""Most events that are processed apart in one transaction. Of a larger batch only the hundreds that fail are."""


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
        self.dead_letters = DeadLetterMaker(store, self.sealer)
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
            _log.warning("failed, processing in smaller parts", **facts)
        if len(records) <= APART:
            return await self._process_apart(records)
        for start in range(0, len(records), APART):
            await self.process(records[start : start + APART])

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
                        done = await self.dead_letters.make(work, [Fault(record, error)], attempt)
                outcomes.update(done)
        return outcomes

    async def _try(self, records: list[Record]) -> Outcomes:
        """Process all in one unit of work; retry with a lookup if an aggregate was not new."""
        while True:
            assume_new, self._assume_new = self._assume_new, False
            act = partial(self.apply, records=records, assume_new=assume_new, batch=True)
            try:
                outcomes = await self._in_work(act)
            except IntegrityError as error:
                # After a lookup, only another consumer can have inserted the row; the next lookup finds it.
                if not (is_conflict(error) if assume_new else self._was_inserted_concurrently(error)):
                    raise
                # After every start on topics that are read again: nothing that an operator need know.
                _log.debug("batch retried with a lookup", service=self._store.service, error=repr(error))
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

    async def apply(
        self, work: Work, records: list[Record], *, assume_new: bool = False, batch: bool = False
    ) -> Outcomes:
        """Process all in this unit of work.

        `assume_new`: first events are not looked up in the inbox. Raises `IntegrityError` if one has an inbox row.
        `batch`: what is refused without a trace becomes a dead letter; otherwise every refusal is raised.
        """
        outcomes = Outcomes()
        unreadable: list[Fault] = []
        incoming: list[IncomingEvent] = []
        for record in records:
            try:
                incoming.append(read_event(record, self._reactions.by_type))
            except UnreadableEvent as fault:
                unreadable.append(Fault(record, fault))
        outcomes += await self.dead_letters.make(work, unreadable)
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
        outcomes += await self.dead_letters.hold(work, tracker)
        return outcomes + await self.dispatch(work, tracker, due, assume_new=assume_new, batch=batch)

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
        self,
        work: Work,
        tracker: SequenceTracker,
        due: list[IncomingEvent],
        *,
        assume_new: bool = False,
        batch: bool = False,
    ) -> Outcomes:
        """Write each aggregate's new sequence, then react to the due events. Returns how many had which outcome.

        `assume_new`: the aggregates of first events have no rows yet. `batch`: as in `apply`.
        """
        await record_sequences(work.session, self._inbox, tracker, work.now)
        readable = [(one.event, assume_new and one.sequence == 1) for one in due if one.event is not None]
        new = [event for event, begins in readable if begins]
        await self._reactions.fetch(work, [event for event, begins in readable if not begins], new)
        handled = 0
        of_unknown_type: list[Fault] = []
        steps = Steps(work, tracker, due)
        for one in due:
            reaction = self._reactions.by_type.get(one.type)
            if reaction is not None and one.event is not None:
                act = partial(self._react, work, reaction.react, one)
                await (steps.take(one, act) if batch else act())
                handled += 1
            elif one.type not in EVENTS:
                of_unknown_type.append(Fault(one.record, UnknownType(one)))
        origin.set(None)
        refused = await steps.refused()
        if refused:
            await withdraw_sequences(work.session, self._inbox, tracker, [inbox_key(one) for one, _ in refused])
        dead = await self.dead_letters.make(
            work, [*of_unknown_type, *(Fault(one.record, why, one) for one, why in refused)]
        )
        if tracker.released:
            await work.session.execute(
                sa.delete(self._dead_letters).where(self._dead_letters.c.id.in_(tracker.released))
            )
        failpoint("inbox.written")
        return dead + Outcomes(handled=handled - len(refused))

    async def _react(self, work: Work, react: Reaction[Any], incoming: IncomingEvent) -> None:
        origin.set(incoming)
        with self._tracer.processing(incoming.type, incoming.traceparent if self._tracer.records else None):
            work.cause = partial(_cause, incoming)
            await react(work, incoming.event)


def _cause(incoming: IncomingEvent) -> Cause:
    """The cause of what the reaction emits: the event's chain, and the current span's trace if there is one."""
    return Cause(incoming.correlation_id, incoming.uuid, current_traceparent() or incoming.traceparent)
