"""Updates the gauges that an operator watches: dead letters by state, and the consumer's lag."""

import contextlib

import sqlalchemy as sa

from services.chassis.brokers.clients import BROKER_ERRORS
from services.chassis.events.consumer import Consumer
from services.chassis.runtime.telemetry import DEAD_LETTERS, LAG
from services.chassis.storage.store import Store
from services.chassis.storage.tables import DeadLetterState


async def measure(store: Store, consumer: Consumer) -> bool:
    """Count the dead letters of each state, and the events that the service has not processed yet."""
    dead_letters = store.table("dead_letters")
    chosen = sa.select(dead_letters.c.state, sa.func.count()).group_by(dead_letters.c.state)
    async with store.read() as session:
        found = {row[0]: int(row[1]) for row in await session.execute(chosen)}
    for state in DeadLetterState:
        DEAD_LETTERS.labels(store.service, state.value).set(found.get(state.value, 0))
    with contextlib.suppress(*BROKER_ERRORS):  # while the broker is away, the outbox gauge shows it
        LAG.labels(store.service).set(await consumer.unread())
    return False
