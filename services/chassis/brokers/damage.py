"""Partitions with a record that is damaged on the broker's disk: they are left alone for a while, and hold up no other.

A client raises the error from the poll of all its partitions, for ever. So the partition is not read for some minutes:
another replica may lead it by then, or an operator has repaired it. Its events count as unread meanwhile.
"""

import re
from collections.abc import Collection
from time import monotonic

from aiokafka import TopicPartition
from aiokafka.errors import CorruptRecordException

from services.chassis.runtime.telemetry import log

_log = log(__name__)

PAUSE = 300.0
"""Seconds until a damaged partition is tried again. Each attempt costs the others a new client."""

_PLACE = re.compile(r"TopicPartition\(topic='(?P<topic>[^']+)', partition=(?P<partition>\d+)\)")
"""How aiokafka's error names the partition."""


class DamagedPartitions:
    """The damaged partitions of one subscriber."""

    def __init__(self) -> None:
        self._until: dict[TopicPartition, float] = {}

    def note(self, error: Exception) -> None:
        """Leave the partition alone that this error names, if it is about damage."""
        place = _PLACE.search(str(error)) if isinstance(error, CorruptRecordException) else None
        if place is not None:
            self._until[TopicPartition(place["topic"], int(place["partition"]))] = monotonic() + PAUSE
            _log.error("damaged partition", topic=place["topic"], partition=int(place["partition"]), pause=PAUSE)

    def among(self, assigned: Collection[TopicPartition]) -> set[TopicPartition]:
        """Those of these partitions that are left alone now."""
        return {tp for tp in assigned if self._until.get(tp, 0.0) > monotonic()}
