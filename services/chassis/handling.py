"""Brings what was heard to its effect exactly once, in each aggregate's order.

A batch is one transaction: inbox, changes and outbox together. What begins an aggregate is taken for new: the inbox
allows it once, so that a batch in which it is not new fails there, and is done again with a look. When anything else in
a batch fails, its events are taken one by one: each is tried a bounded number of times, with a growing pause, and then
becomes a dead letter. When the store is away nothing is given up: it is waited for. Behind a dead letter, later events
of its aggregate are held until somebody retries or discards it; everybody else's go on.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from services.chassis.bulk import among
from services.chassis.crash import crash_point
from services.chassis.dead_letters import (
    LetterState,
    about,
    explained,
    fault_of,
    kept_already,
    letter_row,
    original,
)
from services.chassis.faults import is_away, lost_a_race, second_row_of
from services.chassis.inbox import Key, Order, Place, Waiting, inbox_key, last_heard, remember
from services.chassis.outbox import raw_row
from services.chassis.reactions import Reactions
from services.chassis.settings import Settings
from services.chassis.store import Cause, Store, Work
from services.chassis.telemetry import HEARD, log
from services.chassis.wire import Heard, Record, Unreadable, read_event
from services.contracts import EVENTS
from services.contracts.envelope import dead_letters

_log = log(__name__)
Outcomes = Counter[str]
UNKNOWN_TYPE = "unknown-type"


class UnknownType(Unreadable):
    """An event of a newer version than this service: kept to be seen, while its aggregate's order goes on."""

    def __init__(self, heard: Heard) -> None:
        super().__init__(UNKNOWN_TYPE, f"{heard.type} is not known here; update this service", about(heard))


class Handling:
    """What one service does with the records that its consumer brings, and with its dead letters."""

    def __init__(self, store: Store, settings: Settings, reactions: Reactions) -> None:
        self._store = store
        self._settings = settings
        self._reactions = reactions
        self._letters = letters = store.table("dead_letters")
        kept = sa.or_(letters.c.state == LetterState.HELD.value, letters.c.state == LetterState.DISCARDED.value)
        self._any_kept = sa.select(sa.exists().where(kept))
        theirs = (among(letters.c.subject, "subjects"), letters.c.sequence.is_not(None))
        self._kept = sa.select(letters).where(kept, *theirs)
        self._inbox = store.table("inbox")
        self._trusting = True
        """Whether what begins is taken for new: not after a failure, nor while events are heard again."""

    async def take(self, records: list[Record]) -> None:
        """Bring these records to their effect; returns when each has had it, is held, or is a dead letter."""
        if len(records) > 1:
            try:
                return self.tell(await self._try(records))
            except Exception as error:
                many = len(records)
                _log.warning("batch redone one by one", service=self._store.service, events=many, error=repr(error))
        for record in records:
            await self._take_one(record)

    async def _take_one(self, record: Record) -> None:
        pause = self._settings.retry_seconds
        attempt = 1
        while True:
            try:
                return self.tell(await self._try([record]))
            except Exception as error:
                failure = error
            if attempt >= self._settings.attempts:
                break
            attempt += 1
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5)
        self.tell(await self._in_work(lambda work: self._bury(work, record, failure, attempt)))

    async def _try(self, records: list[Record]) -> Outcomes:
        """All of these in one unit of work; in another one, with a look, where something was not new."""
        while True:
            trusting, self._trusting = self._trusting, False
            try:
                outcomes = await self._in_work(partial(self.apply, records=records, trusting=trusting))
            except IntegrityError as error:
                # With a look only another consumer can have been faster; then it is there to be seen.
                if not (lost_a_race(error) if trusting else second_row_of(error) == "inbox"):
                    raise
                _log.info("redone with a look", service=self._store.service, error=repr(error))
            else:
                self._trusting = Place.REPEATED.value not in outcomes
                return outcomes

    async def _in_work(self, act: Callable[[Work], Awaitable[Outcomes]]) -> Outcomes:
        """Do this in a unit of work of its own; while the store is away, wait for it."""
        pause = self._settings.retry_seconds
        while True:
            try:
                async with self._store.work() as work:
                    outcomes = await act(work)
                return outcomes
            except Exception as error:
                if not is_away(error):
                    raise
                _log.warning("store is away", service=self._store.service, error=repr(error))
            await asyncio.sleep(pause)
            pause = min(pause * 2, 2)

    def tell(self, outcomes: Outcomes) -> None:
        """Count what became of events."""
        for outcome, number in outcomes.items():
            HEARD.labels(self._store.service, outcome).inc(number)

    async def apply(self, work: Work, records: list[Record], *, trusting: bool = False) -> Outcomes:
        """All of these in one unit of work.

        `trusting`: what begins is not looked for; fails where it was heard before, or something waits for it.
        """
        outcomes = Outcomes()
        heard: list[Heard] = []
        for record in records:
            try:
                heard.append(read_event(record, self._reactions.by_type))
            except Unreadable as fault:
                outcomes.update(await self._bury(work, record, fault, 1))
        looked_for = {inbox_key(one) for one in heard}
        if trusting:
            looked_for -= {inbox_key(one) for one in heard if one.sequence in (1, None)}
        order = await self.order(work, looked_for)
        due: list[Heard] = []
        for one in heard:
            where, now_due = order.admit(one)
            due += now_due
            if where is Place.REPEATED:
                outcomes[where.value] += 1
        for one in order.early:
            missing = order.positions.get(inbox_key(one), 0) + 1
            detail = f"event {one.sequence} came before event {missing} of its aggregate"
            kept: dict[str, Any] = {"state": LetterState.HELD, "reason": "ahead", "detail": detail, "attempts": 1}
            row = letter_row(one.record, at=work.now, **kept, **about(one))
            await work.session.execute(sa.insert(self._letters), row)
            outcomes[LetterState.HELD] += 1
        outcomes["handled"] = await self.bring_about(work, order, due, trusting=trusting)
        return outcomes

    async def order(self, work: Work, keys: set[Key]) -> Order:
        """How far these aggregates have come, locked, and what waits in them."""
        last = await last_heard(work.session, self._inbox, keys)
        waiting: dict[Key, list[Waiting]] = defaultdict(list)
        if keys and await work.session.scalar(self._any_kept):
            theirs = {"subjects": list({subject for _, subject in keys})}
            for row in await work.session.execute(self._kept, theirs):
                if row.sequence > last.get((row.source, row.subject), 0):
                    held = row.state == LetterState.HELD.value
                    heard = read_event(original(row), self._reactions.by_type) if held else None
                    waiting[(row.source, row.subject)].append(Waiting(row.sequence, row.id, heard))
        return Order(last, waiting)

    async def bring_about(self, work: Work, order: Order, due: list[Heard], *, trusting: bool = False) -> int:
        """Write how far each aggregate comes, then react to what is due. Returns how many had a reaction.

        `trusting`: what begins is new here.
        """
        await remember(work.session, self._inbox, order, work.now)
        told = [(one.event, trusting and one.sequence == 1) for one in due if one.event is not None]
        new = [event for event, begins in told if begins]
        await self._reactions.fetch(work, [event for event, begins in told if not begins], new)
        handled = 0
        for one in due:
            listener = self._reactions.by_type.get(one.type)
            if listener is not None and one.event is not None:
                work.cause = partial(_cause, one)
                await listener.react(work, one.event)
                handled += 1
            elif one.type not in EVENTS:
                await self._bury(work, one.record, UnknownType(one), 1)
        if order.freed:
            await work.session.execute(sa.delete(self._letters).where(self._letters.c.id.in_(order.freed)))
        crash_point("inbox.written")
        return handled

    async def _bury(self, work: Work, record: Record, error: Exception, attempts: int) -> Outcomes:
        """Keep the record as a dead letter, and say so on the dead-letter topic; once, however often it comes."""
        if await kept_already(work.session, self._letters, record):
            return Outcomes({Place.REPEATED.value: 1})
        reason, detail, known = fault_of(record, error)
        _log.error("dead letter", service=self._store.service, reason=reason, topic=record.topic, offset=record.offset)
        row = letter_row(
            record, state=LetterState.DEAD, reason=reason, detail=detail, attempts=attempts, at=work.now, **known
        )
        await work.session.execute(sa.insert(self._letters), row)
        self.announce(work, record, reason, detail, attempts)
        return Outcomes({LetterState.DEAD.value: 1})

    def announce(self, work: Work, record: Record, reason: str, detail: str, attempts: int) -> None:
        """Say on the dead-letter topic that this record became one."""
        headers = explained(record, reason=reason, detail=detail, attempts=attempts, service=self._store.service)
        work.send_raw(raw_row(record._replace(topic=dead_letters(record.topic), headers=headers), work.now))


def _cause(heard: Heard) -> Cause:
    return Cause(heard.correlation_id, heard.uuid)
