"""The embedded broker forgets: relays wait rather than push out what somebody still has to read."""

import asyncio

import pytest
from aiokafka import TopicPartition

from services.chassis.brokers.backpressure import EmbeddedBackpressure
from services.contracts.cloudevents import Record

VISITS, OTHER = "cefo.intake.visits", "cefo.plans.plans"


def records(size: int) -> Record:
    return Record(VISITS, b"k", [("ce_id", b"x")], b"x" * size)


async def test_nobody_listens_so_nobody_is_waited_for() -> None:
    window = EmbeddedBackpressure()
    window.sent([(VISITS, 0, 0)], [EmbeddedBackpressure.LIMIT])
    assert window.behind() == 0
    async with asyncio.timeout(1):
        await window.room(EmbeddedBackpressure.LIMIT)


async def test_a_relay_waits_until_the_slowest_has_committed() -> None:
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


async def test_what_is_larger_than_the_window_goes_alone() -> None:
    window = EmbeddedBackpressure()
    window.join("slow", [VISITS])
    async with asyncio.timeout(1):
        await window.room(EmbeddedBackpressure.LIMIT * 2)
    window.sent([(VISITS, 0, 0)], [1])
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await window.room(EmbeddedBackpressure.LIMIT * 2)


def test_a_record_weighs_what_it_holds() -> None:
    assert EmbeddedBackpressure.weight(records(10)) == 1
    assert EmbeddedBackpressure.weight(records(5000)) == 5
    assert EmbeddedBackpressure.fitting([1] * 5000) == EmbeddedBackpressure.LIMIT // 2
    assert EmbeddedBackpressure.fitting([EmbeddedBackpressure.LIMIT * 3, 1]) == 1
