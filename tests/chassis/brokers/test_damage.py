"""A partition with a damaged record is left alone for a while; the others are not."""

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from services.chassis.brokers import damage
from services.chassis.brokers.damage import PAUSE, DamagedPartitions

DAMAGED = TopicPartition("cefo.desk.check-ins.liege", 2)
SOUND = TopicPartition("cefo.desk.check-ins.liege", 1)


def reading_error() -> Exception:
    """What aiokafka raises for a record of which one bit changed on the disk."""
    batch = DefaultRecordBatchBuilder(
        magic=2, compression_type=0, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=-1,
        batch_size=1000,
    )  # fmt: skip
    batch.append(0, timestamp=0, key=b"anna", value=b"1234567890", headers=[])
    written = bytearray(batch.build())
    written[-3] ^= 1
    records = PartitionRecords(DAMAGED, MemoryRecords(bytes(written)), [], 0, None, None, True, 0)
    with pytest.raises(CorruptRecordException) as raised:
        next(records)
    return raised.value


def test_a_damaged_partition_is_left_alone_for_some_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(damage, "monotonic", lambda: now[0])
    partitions = DamagedPartitions()
    partitions.note(ConnectionError(f"Invalid CRC - {DAMAGED}"))
    assert partitions.among([DAMAGED, SOUND]) == set()
    partitions.note(reading_error())
    assert partitions.among([DAMAGED, SOUND]) == {DAMAGED}
    now[0] += PAUSE + 1
    assert partitions.among([DAMAGED, SOUND]) == set()
