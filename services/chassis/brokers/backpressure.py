"""How far the embedded stack's relays may run ahead of its consumers."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from itertools import accumulate

from aiokafka import TopicPartition

from services.chassis.brokers.port import RecordPosition
from services.contracts.cloudevents import Record


class EmbeddedBackpressure:
    """Keeps the relays of the embedded stack from overrunning its consumers.

    The embedded broker keeps the last 100,000 records or 5 MiB of a partition. Every consumer reports how far it has
    committed; a relay waits while anything it would send could push out what some group has not committed yet.
    """

    LIMIT = 4000
    """Most that a consumer may still have to read, in KiB, each record rounded up: even in one partition it fits."""

    def __init__(self) -> None:
        self._groups: dict[str, set[str]] = {}
        self._committed: dict[tuple[str, str, int], int] = {}
        self._sent: dict[tuple[str, int], deque[tuple[int, int]]] = defaultdict(deque)
        """Offset and weight of what some group may still have to read, per topic and partition."""
        self._moved = asyncio.Event()

    @staticmethod
    def weight(record: Record) -> int:
        """What a record takes of the window, in KiB, rounded up."""
        headers = sum(len(name) + len(value or b"") + 4 for name, value in record.headers)
        return 1 + (len(record.value) + len(record.key or b"") + headers) // 1024

    @classmethod
    def fitting(cls, weights: list[int]) -> int:
        """How many of these records may be sent at once: at least one, together at most half the window."""
        return max(1, sum(so_far <= cls.LIMIT // 2 for so_far in accumulate(weights)))

    def join(self, group: str, topics: Iterable[str]) -> None:
        """This group will read these topics."""
        self._groups[group] = set(topics)

    def committed(self, group: str, offsets: Mapping[TopicPartition, int]) -> None:
        """The group has handled everything before these offsets."""
        for partition, offset in offsets.items():
            self._committed[(group, partition.topic, partition.partition)] = offset
        self._moved.set()

    def sent(self, places: Iterable[RecordPosition], weights: Iterable[int]) -> None:
        """These records are in their topics now."""
        for (topic, partition, offset), weight in zip(places, weights, strict=True):
            self._sent[(topic, partition)].append((offset, weight))
        for (topic, partition), line in self._sent.items():
            read = min((self._read(g, topic, partition) for g, t in self._groups.items() if topic in t), default=None)
            while line and (read is None or line[0][0] < read):
                line.popleft()

    def behind(self) -> int:
        """How much the slowest group still has to handle, in all its topics together."""
        lags = (
            sum(
                weight
                for (topic, partition), line in self._sent.items()
                if topic in topics
                for offset, weight in line
                if offset >= self._read(group, topic, partition)
            )
            for group, topics in self._groups.items()
        )
        return max(lags, default=0)

    async def room(self, wanted: int) -> None:
        """Wait until this many KiB can be sent without pushing out records that a group has not read yet."""
        while (behind := self.behind()) and behind + wanted > self.LIMIT:
            self._moved.clear()
            await self._moved.wait()

    def _read(self, group: str, topic: str, partition: int) -> int:
        return self._committed.get((group, topic, partition), 0)
