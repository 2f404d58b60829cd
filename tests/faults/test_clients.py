"""A client of the broker that gives up, on a broker that stands still: nothing of it goes on."""

import asyncio
import gc
import os
import signal
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.chassis.brokers.broker import Broker, Producer, close_client
from services.chassis.testing import quiet_settings
from services.contracts.cloudevents import Record
from services.launcher.kafka import ApacheKafka

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]


@contextmanager
def standing_still(cluster: ApacheKafka) -> Generator[None]:
    """The node takes connections and answers nothing."""
    os.kill(cluster.pid(1), signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(cluster.pid(1), signal.SIGCONT)


async def test_a_producer_that_gives_up_leaves_nothing_behind(own_kafka: ApacheKafka, tmp_path: Path) -> None:
    broker = Broker(quiet_settings(tmp_path, kafka=own_kafka.bootstrap))
    await broker.ensure_topics()
    before = asyncio.all_tasks()
    producer = await broker.producer()
    with standing_still(own_kafka):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await producer.send([Record("cefo.desk.check-ins", b"key", [], b"value")])
        await producer.close()
        assert asyncio.all_tasks() == before
    del producer
    gc.collect()  # an unclosed connection warns here, and a warning is an error


async def test_a_consumer_that_gives_up_leaves_nothing_behind(own_kafka: ApacheKafka, tmp_path: Path) -> None:
    broker = Broker(quiet_settings(tmp_path, kafka=own_kafka.bootstrap))
    await broker.ensure_topics()
    before = asyncio.all_tasks()
    consumer = await broker.consumer("faults.gives-up", ["cefo.desk.check-ins"])
    await consumer.getmany(timeout_ms=5000)
    with standing_still(own_kafka):
        await close_client(consumer)
        assert asyncio.all_tasks() == before
    del consumer
    gc.collect()


async def test_whoever_is_cut_while_it_connects_leaves_nothing_behind(own_kafka: ApacheKafka, tmp_path: Path) -> None:
    broker = Broker(quiet_settings(tmp_path, kafka=own_kafka.bootstrap))
    await broker.ensure_topics()
    before = asyncio.all_tasks()
    for step in range(30):
        for connect in (lambda: broker.consumer("faults.cut", ["cefo.desk.check-ins"]), broker.producer):
            connecting = asyncio.create_task(connect())
            await asyncio.sleep(step * 0.001)
            connecting.cancel()
            (client,) = await asyncio.gather(connecting, return_exceptions=True)
            if isinstance(client, Producer):
                await client.close()
            elif not isinstance(client, BaseException):
                await close_client(client)
    assert asyncio.all_tasks() == before
    gc.collect()
