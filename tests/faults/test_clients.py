"""A client that gives up on an unresponsive broker leaves no task and no connection behind."""

import asyncio
import gc
import os
import signal
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition

from services.chassis.brokers import Broker, broker_of
from services.chassis.brokers.port import Producer
from services.chassis.brokers.subscriber import Fetched, Subscriber
from services.chassis.testing import quiet_settings
from services.contracts.cloudevents import Record
from services.launcher.kafka import ApacheKafka
from tests.parts.process import suspend

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

TOPIC = "cefo.desk.check-ins"


@contextmanager
def unresponsive(cluster: ApacheKafka) -> Generator[None]:
    """The node accepts connections and answers nothing."""
    suspend(cluster.pid(1))
    try:
        yield
    finally:
        os.kill(cluster.pid(1), signal.SIGCONT)


class IgnoringHandler:
    """A handler that ignores all records."""

    async def process(self, records: list[Record]) -> None: ...

    async def admit(self, client: Any, fetched: Fetched, assignment: int) -> tuple[Fetched, list[TopicPartition]]:
        return fetched, []

    def committable(self, offsets: Mapping[TopicPartition, int]) -> Mapping[TopicPartition, int]:
        return offsets

    async def between_batches(self, *, idle: bool) -> None: ...


def subscriber(broker: Broker, group: str) -> Subscriber:
    return Subscriber(broker.stream(group), IgnoringHandler(), [TOPIC], group, 100, **broker.consumer_options(least=1))


async def cancelled(task: "asyncio.Task[Any]") -> Any:
    task.cancel()
    (answer,) = await asyncio.gather(task, return_exceptions=True)
    return answer


async def test_a_producer_that_gives_up_leaves_nothing_behind(own_kafka: ApacheKafka, tmp_path: Path) -> None:
    broker = broker_of(quiet_settings(tmp_path, kafka=own_kafka.bootstrap))
    await broker.ensure_topics()
    before = asyncio.all_tasks()
    producer = await broker.producer(broker.stream("faults"))
    with unresponsive(own_kafka):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await producer.send([Record(TOPIC, b"key", [], b"value")])
        await producer.close()
        assert asyncio.all_tasks() == before
    del producer
    gc.collect()  # an unclosed connection warns here, and a warning is an error


async def test_a_subscriber_that_gives_up_leaves_nothing_behind(own_kafka: ApacheKafka, tmp_path: Path) -> None:
    broker = broker_of(quiet_settings(tmp_path, kafka=own_kafka.bootstrap))
    await broker.ensure_topics()
    before = asyncio.all_tasks()
    consuming = subscriber(broker, "faults.gives-up")
    running = asyncio.create_task(consuming.run())
    await consuming.ready.wait()
    with unresponsive(own_kafka):
        await cancelled(running)
        assert asyncio.all_tasks() == before
    del consuming, running
    gc.collect()


async def test_a_client_that_is_cancelled_while_it_connects_leaves_nothing_behind(
    own_kafka: ApacheKafka, tmp_path: Path
) -> None:
    broker = broker_of(quiet_settings(tmp_path, kafka=own_kafka.bootstrap))
    await broker.ensure_topics()
    before = asyncio.all_tasks()

    async def producer() -> Producer:
        return await broker.producer(broker.stream("faults"))

    for step in range(30):
        for connect in (producer, subscriber(broker, "faults.cut").run):
            connecting = asyncio.create_task(connect())
            await asyncio.sleep(step * 0.001)
            answer = await cancelled(connecting)
            if not isinstance(answer, BaseException):
                await answer.close()
    assert asyncio.all_tasks() == before
    gc.collect()
