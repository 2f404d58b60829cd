"""The embedded broker keeps its last records alone: relays wait until every consumer has read the earlier ones."""

import asyncio

import pytest
from aiokafka import TopicPartition

from services.chassis.brokers.backpressure import EmbeddedBackpressure
from services.contracts.cloudevents import Record

VISITS, OTHER = "cefo.intake.visits", "cefo.plans.plans"


def record(size: int) -> Record:
    return Record(VISITS, b"k", [("ce_id", b"x")], b"x" * size)


async def test_without_consumers_a_relay_does_not_wait() -> None:
    window = EmbeddedBackpressure()
    window.sent([(VISITS, 0, 0)], [EmbeddedBackpressure.LIMIT])
    assert window.behind() == 0
    async with asyncio.timeout(1):
        await window.room(EmbeddedBackpressure.LIMIT)


async def test_a_relay_waits_until_the_slowest_consumer_has_committed() -> None:
    window = EmbeddedBackpressure()
    window.join("fast", [VISITS])
    window.join("slow", [VISITS, OTHER])
    window.sent([(VISITS, 0, offset) for offset in range(3000)], [1] * 3000)
    window.sent([(OTHER, 2, 0)], [500])
    assert window.behind() == 3500
    window.committed("fast", {TopicPartition(VISITS, 0): 3000})
    waiting = asyncio.create_task(window.room(1000))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    window.committed("slow", {TopicPartition(VISITS, 0): 400})
    await asyncio.sleep(0.01)
    assert not waiting.done()
    window.committed("slow", {TopicPartition(VISITS, 0): 500})
    async with asyncio.timeout(1):
        await waiting
    assert window.behind() == 3000


async def test_a_batch_larger_than_the_window_goes_alone() -> None:
    window = EmbeddedBackpressure()
    window.join("slow", [VISITS])
    async with asyncio.timeout(1):
        await window.room(EmbeddedBackpressure.LIMIT * 2)
    window.sent([(VISITS, 0, 0)], [1])
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await window.room(EmbeddedBackpressure.LIMIT * 2)


def test_a_records_weight_grows_with_its_size() -> None:
    assert EmbeddedBackpressure.weight(record(10)) == 1
    assert EmbeddedBackpressure.weight(record(5000)) == 5
    assert EmbeddedBackpressure.fitting([1] * 5000) == EmbeddedBackpressure.LIMIT // 2
    assert EmbeddedBackpressure.fitting([EmbeddedBackpressure.LIMIT * 3, 1]) == 1
