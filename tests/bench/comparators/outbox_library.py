"""faststream-outbox, relaying to Kafka as its documentation shows."""

from typing import Any

import orjson
import sqlalchemy as sa
from faststream.kafka import KafkaBroker, KafkaResponse
from faststream_outbox import OutboxBroker, make_outbox_table
from faststream_outbox.annotations import OutboxMessage
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from services.contracts.cloudevents import Record

WORKERS = 8
"""With one it is several times slower; more than four make little difference on two cores."""


class LibraryRelay:
    """One outbox table, one Kafka topic, the relay between them."""

    def __init__(self, database: str, kafka: str, topic: str) -> None:
        self._engine = create_async_engine(database, pool_size=WORKERS + 5)
        self._metadata = sa.MetaData()
        self._outbox = OutboxBroker(
            self._engine, outbox_table=make_outbox_table(self._metadata, table_name="outbox"), logger=None
        )
        self._kafka = KafkaBroker(kafka, acks="all", logger=None)
        to_kafka = self._kafka.publisher(topic)

        @to_kafka
        @self._outbox.subscriber(
            "events",
            max_workers=WORKERS,
            fetch_batch_size=500,
            min_fetch_interval=0.01,
            max_fetch_interval=0.1,
            terminal_flush_batch_size=100,
        )
        async def relay(body: dict[str, Any], message: OutboxMessage) -> KafkaResponse:
            return KafkaResponse(body, key=body["visit_id"].encode(), headers=message.headers)

        _ = relay

    async def fill(self, records: list[Record]) -> None:
        """Insert the rows to relay in one transaction, as a producer does."""
        async with self._engine.begin() as connection:
            await connection.run_sync(self._metadata.create_all)
        async with AsyncSession(self._engine) as session:
            for record in records:
                headers = {name: (value or b"").decode() for name, value in record.headers if name.startswith("ce_")}
                await self._outbox.publish(orjson.loads(record.value), queue="events", session=session, headers=headers)
            await session.commit()

    async def start(self) -> None:
        """Start to relay."""
        await self._kafka.start()
        await self._outbox.start()

    async def stop(self) -> None:
        """Stop relaying."""
        await self._outbox.stop()
        await self._kafka.stop()
        await self._engine.dispose()
