"""Starts an aggregate mid-stream when its earlier events were pruned.

After pruning, an aggregate can start above sequence 1: for a new consumer, and for one whose inbox row was pruned after
years without an event. The missing events cannot arrive any more. So the first event that was held long enough is
processed as the first of its aggregate, unless an earlier one is a dead letter, which an operator can still retry.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa

from services.chassis.events.sequencing import Key, SequenceTracker
from services.chassis.runtime.telemetry import PROCESSED, log
from services.chassis.storage.errors import is_unavailable
from services.chassis.storage.store import Store, Work
from services.chassis.storage.tables import DEAD, HELD
from services.contracts.cloudevents import IncomingEvent

_log = log(__name__)

PAGE = 500
"""Most aggregates in one unit of work."""


async def start_mid_stream(
    store: Store,
    since: datetime,
    tracker_for: Callable[[Work, set[Key]], Awaitable[SequenceTracker]],
    dispatch: Callable[[Work, SequenceTracker, list[IncomingEvent]], Awaitable[object]],
) -> None:
    """Start the aggregates whose first event was held before `since`. One that fails stays held, then becomes dead."""

    async def start(found: set[Key]) -> None:
        async with store.work() as work:
            tracker = await tracker_for(work, found)
            # Meanwhile another replica may have started it, or an earlier event may have arrived.
            firsts = {key: tracker.first_held(key) for key in sorted(found) if not tracker.stored.get(key)}
            fresh = {key: first for key, first in firsts.items() if first is not None}
            due = [one for key, first in fresh.items() for one in tracker.advance(key, first - 1)]
            await dispatch(work, tracker, due)
        PROCESSED.labels(store.service, "begun").inc(len(fresh))

    failed: set[Key] = set()
    while found := await _startable(store, since, failed):
        try:
            await start(found)
        except Exception as error:
            if is_unavailable(error):
                raise
            for key in found:
                try:
                    await start({key})
                except Exception as fault:
                    if is_unavailable(fault):
                        raise
                    _log.warning("cannot start mid-stream", service=store.service, aggregate=key[1], error=repr(fault))
                    failed.add(key)


async def _startable(store: Store, since: datetime, failed: set[Key]) -> set[Key]:
    """Aggregates without a processed event that have an event held since `since` and no earlier dead letter."""
    held, inbox = store.table("dead_letters"), store.table("inbox")
    before = held.alias()
    same = (before.c.source == held.c.source, before.c.subject == held.c.subject)
    dead = (before.c.state.in_(DEAD), before.c.sequence < held.c.sequence)
    same_key = (inbox.c.source == held.c.source, inbox.c.subject == held.c.subject)
    known = sa.exists().where(*same_key, inbox.c.sequence > 0)
    chosen = (
        sa.select(held.c.source, held.c.subject)
        .where(held.c.state.in_(HELD), held.c.at <= since, ~known)
        .where(~sa.exists().where(*same, *dead))
        .group_by(held.c.source, held.c.subject)
        .order_by(held.c.source, held.c.subject)
        .limit(PAGE + len(failed))
    )
    async with store.read() as session:
        rows = cast(Any, await session.execute(chosen)).all()
    return {(source, subject) for source, subject in rows} - failed
