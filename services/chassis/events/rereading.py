"""Has a consumer read its topics again from the beginning: for a rebuild, and after its store was restored.

A consumer commits with each offset the generation in which it began to read that partition. If the store's generation
is newer, it reads the partition from the beginning. The inbox decides what was processed. The generation of a read
model counts its rebuilds; that of another service is the epoch of its store.
"""

from collections.abc import Mapping
from typing import Any

from aiokafka import TopicPartition
from aiokafka.structs import OffsetAndMetadata

from services.chassis.brokers.offsets import committed
from services.chassis.brokers.port import Broker
from services.chassis.storage.store import Store


class Rereading:
    """One replica's view of the generation in which each of its partitions is read."""

    def __init__(self, store: Store, broker: Broker, group: str, generation: int | None = None) -> None:
        """`generation` None: the epoch of the store."""
        self._store = store
        self._broker = broker
        self._group = group
        self.generation = generation
        self._assignment = -1
        self._generation_of: dict[TopicPartition, int] = {}

    async def admit(
        self, client: Any, fetched: dict[TopicPartition, list[Any]], assignment: int
    ) -> tuple[dict[TopicPartition, list[Any]], list[TopicPartition]]:
        """The records to process, and the partitions that restart from the beginning. Raises one of `BROKER_ERRORS`."""
        wanted = self.generation
        if wanted is None:
            wanted = self.generation = await self._store.epoch()
        if not self._broker.keeps_history or not wanted:
            return fetched, []
        if assignment != self._assignment:
            # Before this rebalance another replica may have read a partition: load its committed generation again.
            self._assignment, self._generation_of = assignment, {}
        unsure = [tp for tp in client.assignment() if self._generation_of.get(tp) != wanted]
        if not unsure:
            return fetched, []
        offsets = await committed(self._broker, self._group, unsure)
        self.generation = max(wanted, *map(generation_of, offsets.values())) if offsets else wanted
        behind = [tp for tp in unsure if tp not in offsets or generation_of(offsets[tp]) < wanted]
        if behind:
            await client.seek_to_beginning(*behind)
        self._generation_of.update(dict.fromkeys(unsure, wanted))
        return {tp: messages for tp, messages in fetched.items() if tp not in behind}, behind

    def with_generation(self, offsets: Mapping[TopicPartition, int]) -> dict[TopicPartition, OffsetAndMetadata]:
        """The offsets to commit, with the generation in which this consumer began to read the partition."""
        begun = {tp: self._generation_of.get(tp, 0) for tp in offsets}
        return {tp: OffsetAndMetadata(offset, str(begun[tp] or "")) for tp, offset in offsets.items()}


def generation_of(offset: OffsetAndMetadata) -> int:
    """The generation that was committed with this offset."""
    return int(offset.metadata) if str(offset.metadata).isdigit() else 0
