"""Puts records into topics as somebody outside the platform would, and notes those that the broker acknowledged."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from services.chassis.brokers.clients import close_client
from tests.faults.history import Fate, Headers, History, Published

DEADLINE = 5.0
"""Seconds after which a record may or may not be in its topic."""


class Publisher:
    """A producer that survives the broker: a new one is made after each failure."""

    def __init__(self, bootstrap: str, history: History) -> None:
        self.bootstrap = bootstrap
        self._history = history
        self._producer: Any = None
        self._one_at_a_time = asyncio.Lock()

    async def publish(
        self, topic: str, key: bytes | None, headers: Headers, value: bytes | None, *, fate: Fate
    ) -> bool:
        """Whether the broker has it for certain. Where it does not say so, it may have it all the same."""
        async with self._one_at_a_time:
            try:
                async with asyncio.timeout(DEADLINE):
                    if self._producer is None:
                        self._producer = await self._connected()
                    sent = await self._producer.send_and_wait(topic, value, key=key, headers=headers)
            except (KafkaError, OSError, TimeoutError):
                await self.close()
                return False
        self._history.publish(Published(topic, sent.partition, sent.offset, headers, value, fate))
        return True

    async def replay(self, records: Sequence[tuple[str, bytes | None, Headers, bytes | None]]) -> None:
        """Put these into their topics once more, in this order; what the platform itself said needs no note."""
        self._producer = self._producer or await self._connected()
        for topic, key, headers, value in records:
            await self._producer.send_and_wait(topic, value, key=key, headers=headers)

    async def close(self) -> None:
        """Let go of the broker."""
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
