"""Measures what an operator watches and nobody passes by: the letters that wait, and what is not heard yet."""

import contextlib
from typing import TYPE_CHECKING

import sqlalchemy as sa

from services.chassis.broker import AWAY
from services.chassis.dead_letters import LetterState
from services.chassis.periodic import Periodic
from services.chassis.telemetry import LAG, LETTERS

if TYPE_CHECKING:
    from services.chassis.service import Runtime


async def measure(runtime: "Runtime") -> bool:
    """Count the letters of each state, and the events that the service has not taken in yet."""
    letters = runtime.store.table("dead_letters")
    chosen = sa.select(letters.c.state, sa.func.count()).group_by(letters.c.state)
    async with runtime.store.read() as session:
        found = {row[0]: int(row[1]) for row in await session.execute(chosen)}
    for state in LetterState:
        LETTERS.labels(runtime.service.name, state.value).set(found.get(state.value, 0))
    with contextlib.suppress(*AWAY):  # the outbox that grows tells of a broker that is away
        LAG.labels(runtime.service.name).set(await runtime.consumer.unread())
    return False


WATCH = Periodic("watch", measure, lambda settings: min(10, settings.round_seconds))
