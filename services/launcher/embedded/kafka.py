"""A Kafka broker inside this process, on loopback, and the republishing of events that it lost."""

from typing import Any, cast

import sqlalchemy as sa
from confluent_kafka import Producer

from services.chassis.brokers.backpressure import EmbeddedBackpressure
from services.chassis.storage.store import Store


class EmbeddedKafka:
    """librdkafka's mock cluster: the Kafka protocol in memory, with a bounded window per partition."""

    def __init__(self) -> None:
        self._cluster = cast(Any, Producer({"bootstrap.servers": "", "test.mock.num.brokers": 1, "log_level": 0}))
        broker = next(iter(self._cluster.list_topics(timeout=10).brokers.values()))
        self.bootstrap = f"{broker.host}:{broker.port}"

    def close(self) -> None:
        """Stop the cluster. Its records are lost; the outboxes keep them."""
        self._cluster = None


async def refill(store: Store) -> None:
    """Mark as unsent what the previous broker may have lost before every consumer read it.

    The embedded broker keeps consumers at most `EmbeddedBackpressure.LIMIT` records behind, and a relay sends at most
    one batch more. Inboxes skip what was already processed.
    """
    outbox = store.table("outbox")
    async with store.work() as work:
        newest = await work.session.scalar(sa.select(sa.func.max(outbox.c.seq)).where(outbox.c.sent_at.is_not(None)))
        if newest is not None:
            lost = outbox.c.seq > newest - 2 * EmbeddedBackpressure.LIMIT
            await work.session.execute(sa.update(outbox).where(lost).values(sent_at=None))
