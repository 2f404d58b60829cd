"""Brings what was heard to its effect exactly once, in each aggregate's order.

A batch is one transaction: inbox, changes and outbox together. When anything in a batch fails, its events are taken one
by one: each is tried a bounded number of times, with a growing pause, and then becomes a dead letter. When the store is
away nothing is given up: it is waited for. Behind a dead letter, later events of its aggregate are held until somebody
retries or discards it; everybody else's go on.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.chassis.beginnings import take_up
from services.chassis.bulk import among
from services.chassis.crash import crash_point
from services.chassis.dead_letters import (
    LetterState,
    OutOfOrder,
    RetryFailed,
    TooLate,
    about,
    explained,
    kept_already,
    letter,
    letter_row,
    named,
    original,
)
from services.chassis.errors import Refused
from services.chassis.faults import is_away
from services.chassis.inbox import Key, Order, Place, Waiting, inbox_key, last_heard, place, remember
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
        kept = letters.c.state.in_([LetterState.HELD.value, LetterState.DISCARDED.value])
        self._any_kept = sa.select(sa.exists().where(kept))
        theirs = (among(letters.c.subject, "subjects"), letters.c.sequence.is_not(None))
        self._kept = sa.select(letters).where(kept, *theirs)
        self._inbox = store.table("inbox")

    async def take(self, records: list[Record]) -> None:
        """Bring these records to their effect; returns when each has had it, is held, or is a dead letter."""
        if len(records) > 1:
            try:
                return self._tell(await self._in_work(lambda work: self._apply(work, records)))
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
                return self._tell(await self._in_work(lambda work: self._apply(work, [record])))
            except Exception as error:
                failure = error
            if attempt >= self._settings.attempts:
                break
            attempt += 1
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5)
        self._tell(await self._in_work(lambda work: self._bury(work, record, failure, attempt)))

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

    def _tell(self, outcomes: Outcomes) -> None:
        for outcome, number in outcomes.items():
            HEARD.labels(self._store.service, outcome).inc(number)

    async def _apply(self, work: Work, records: list[Record]) -> Outcomes:
        """All of these in one unit of work."""
        outcomes = Outcomes()
        heard: list[Heard] = []
        for record in records:
            try:
                heard.append(read_event(record, self._reactions.by_type))
            except Unreadable as fault:
                outcomes.update(await self._bury(work, record, fault, 1))
        order = await self._order(work, {inbox_key(one) for one in heard})
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
        outcomes["handled"] = await self._bring_about(work, order, due)
        return outcomes

    async def _order(self, work: Work, keys: set[Key]) -> Order:
        """How far these aggregates have come, locked, and what waits in them."""
        if not keys:
            return Order({}, {})
        last = await last_heard(work.session, self._inbox, keys)
        waiting: dict[Key, list[Waiting]] = defaultdict(list)
        if await work.session.scalar(self._any_kept):
            theirs = {"subjects": list({subject for _, subject in keys})}
            for row in await work.session.execute(self._kept, theirs):
                if row.sequence > last.get((row.source, row.subject), 0):
                    held = row.state == LetterState.HELD.value
                    heard = read_event(original(row), self._reactions.by_type) if held else None
                    waiting[(row.source, row.subject)].append(Waiting(row.sequence, row.id, heard))
        return Order(last, waiting)

    async def _bring_about(self, work: Work, order: Order, due: list[Heard]) -> int:
        """React to what is due, and remember how far each aggregate has come. Returns how many had a reaction."""
        await self._reactions.fetch(work, (one.event for one in due if one.event is not None))
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
        await remember(work.session, self._inbox, order, work.now)
        crash_point("inbox.written")
        return handled

    async def _bury(self, work: Work, record: Record, error: Exception, attempts: int) -> Outcomes:
        """Keep the record as a dead letter, and say so on the dead-letter topic; once, however often it comes."""
        if await kept_already(work.session, self._letters, record):
            return Outcomes({Place.REPEATED.value: 1})
        reason, detail, known = _explained(record, error)
        _log.error("dead letter", service=self._store.service, reason=reason, topic=record.topic, offset=record.offset)
        row = letter_row(
            record, state=LetterState.DEAD, reason=reason, detail=detail, attempts=attempts, at=work.now, **known
        )
        await work.session.execute(sa.insert(self._letters), row)
        self._announce(work, record, reason, detail, attempts)
        return Outcomes({LetterState.DEAD.value: 1})

    def _announce(self, work: Work, record: Record, reason: str, detail: str, attempts: int) -> None:
        headers = explained(record, reason=reason, detail=detail, attempts=attempts, service=self._store.service)
        work.send_raw(raw_row(record._replace(topic=dead_letters(record.topic), headers=headers), work.now))

    async def expire_held(self) -> None:
        """What was held too long becomes a dead letter: somebody has to look."""
        table = self._letters
        since = self._store.clock() - timedelta(seconds=self._settings.hold_seconds)
        if self._settings.history_ends:
            await take_up(self._store, since, self._order, self._bring_about)
        held_too_long = (table.c.state == LetterState.HELD.value, table.c.at <= since)
        async with self._store.read() as session:
            if not await session.scalar(sa.select(sa.exists().where(*held_too_long))):
                return
        async with self._store.work() as work:
            chosen = sa.select(table).where(*held_too_long).order_by(table.c.sequence).with_for_update()
            rows = (await work.session.execute(chosen)).all()
            for row in rows:
                self._announce(work, original(row), row.reason, row.detail, row.attempts)
            dead = sa.update(table).where(table.c.id.in_([row.id for row in rows]))
            await work.session.execute(dead.values(state=LetterState.DEAD.value))
        self._tell(Outcomes({LetterState.DEAD.value: len(rows)}))

    async def retry(self, id: UUID) -> str:
        """Try a dead letter again, now. Returns what became of it.

        Raises the refusal of the reaction, `OutOfOrder`, or `RetryFailed`; then nothing changed.
        """
        try:
            async with self._store.work() as work:
                return await self._retry(work, id)
        except Exception as error:
            if isinstance(error, Refused) or is_away(error):
                raise
            reason, detail = (error.reason, error.detail) if isinstance(error, Unreadable) else named(error)
            raise RetryFailed(reason=reason, detail=detail) from error

    async def _retry(self, work: Work, id: UUID) -> str:
        row = await letter(work.session, self._letters, id, lock=True)
        if row.state != LetterState.DEAD.value:
            return row.state
        heard = read_event(original(row))
        key = inbox_key(heard)
        last = (await last_heard(work.session, self._inbox, {key})).get(key)
        where = place(heard, last)
        if where is Place.AHEAD:
            raise OutOfOrder(missing=(last or 0) + 1, sequence=heard.sequence)
        if row.reason == UNKNOWN_TYPE:
            await self._retry_passed_over(work, heard, last or 0)
        else:
            await self._apply(work, [original(row)])
        return await self._decide(work, id, LetterState.RETRIED, where.value)

    async def _retry_passed_over(self, work: Work, heard: Heard, last: int) -> None:
        """The order went on when this event's type was not known; it can be handled if nothing came after it."""
        if heard.type not in EVENTS:
            raise UnknownType(heard)
        if heard.sequence is not None and heard.sequence < last:
            raise TooLate(sequence=heard.sequence, last=last)
        await self._bring_about(work, Order({}, {}), [heard])

    async def discard(self, id: UUID, decision: str) -> str:
        """Decide that a letter is not to be handled; what waited behind it goes on. Returns what became of it."""
        async with self._store.work() as work:
            row = await letter(work.session, self._letters, id, lock=True)
            if row.state in (LetterState.RETRIED, LetterState.DISCARDED):
                return row.state
            state = await self._decide(work, id, LetterState.DISCARDED, decision)
            if row.sequence is not None:
                key = (row.source, row.subject)
                order = await self._order(work, {key})
                if row.sequence == order.positions.get(key, 0) + 1:
                    await self._bring_about(work, order, order.pass_on(key, row.sequence))
            return state

    async def _decide(self, work: Work, id: UUID, state: LetterState, decision: str) -> str:
        decided = {"state": state.value, "decided_at": work.now, "decision": decision}
        await work.session.execute(sa.update(self._letters).where(self._letters.c.id == id).values(**decided))
        return state.value


def _explained(record: Record, error: Exception) -> tuple[str, str, dict[str, Any]]:
    if isinstance(error, Unreadable):
        return error.reason, error.detail, error.about
    return *named(error), about(read_event(record))


def _cause(heard: Heard) -> Cause:
    return Cause(heard.correlation_id, _uuid(heard.id))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
