"""Injects records into topics, as a system outside the platform would, and records the acknowledged ones."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from services.chassis.brokers.clients import close_client
from tests.faults.history import Headers, History, Injected, Outcome

DEADLINE = 5.0
"""Seconds after which it is unknown whether a record is in its topic."""


class Publisher:
    """A producer that is created again after each failure."""

    def __init__(self, bootstrap: str, history: History) -> None:
        self.bootstrap = bootstrap
        self._history = history
        self._producer: Any = None
        self._lock = asyncio.Lock()

    async def publish(
        self, topic: str, key: bytes | None, headers: Headers, value: bytes | None, *, outcome: Outcome
    ) -> bool:
        """Publish a record. True if the broker acknowledged it; otherwise the topic may contain it or not."""
        async with self._lock:
            try:
                async with asyncio.timeout(DEADLINE):
                    if self._producer is None:
                        self._producer = await self._connected()
                    sent = await self._producer.send_and_wait(topic, value, key=key, headers=headers)
            except (KafkaError, OSError, TimeoutError):
                await self.close()
                return False
        self._history.record_injected(Injected(topic, sent.partition, sent.offset, headers, value, outcome))
        return True

    async def replay(self, records: Sequence[tuple[str, bytes | None, Headers, bytes | None]]) -> None:
        """Publish these records of the platform again, in this order; they are not recorded."""
        self._producer = self._producer or await self._connected()
        for topic, key, headers, value in records:
            await self._producer.send_and_wait(topic, value, key=key, headers=headers)

    async def close(self) -> None:
        """Close the producer."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await close_client(producer)

    async def _connected(self) -> Any:
        producer = cast(
            Any,
            AIOKafkaProducer(
                bootstrap_servers=self.bootstrap,
                acks="all",
                max_request_size=8 * 1024 * 1024,
                request_timeout_ms=int(DEADLINE * 1000),
            ),
        )
        try:
            await producer.start()
        except BaseException:
            await producer.stop()
            raise
        return producer
