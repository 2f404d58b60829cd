"""Broker faults: killed and restarted, one of three lost, all lost with log and offsets."""

import asyncio
import shutil
from collections.abc import Generator
from pathlib import Path

import pytest

from services.launcher.kafka import ApacheKafka
from services.launcher.ports import free_ports
from tests.faults.conftest import separate_on
from tests.faults.evidence import SERVICES, dump, outbox_counts, read_store, read_topics
from tests.faults.history import Answer
from tests.faults.platforms import Separate, assert_consistent, evidence_of, load_on, wait_until_idle
from tests.faults.topics import Publisher
from tests.journeys.stacks import Stack
from tests.parts.fixtures import folder, postgres_in
from tests.parts.presence import KAFKA
from tests.parts.redis import RedisServer

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(900)]


async def test_while_the_broker_is_dead_requests_are_granted_and_their_events_sent_later_in_order(
    separate: Separate, own_kafka: ApacheKafka, seed: int
) -> None:
    load = load_on(separate, seed, Publisher(separate.stack.kafka, separate.history))
    async with load.running():
        await load.until(5)
        own_kafka.kill(1)
        try:
            granted = separate.history.totals()[Answer.OK]
            await _wait_until_unsent(separate, 10, granted)
        finally:
            await asyncio.to_thread(own_kafka.restart, 1)  # the next tests use it too
        await load.until(5)
    await assert_consistent(separate)


async def _wait_until_unsent(platform: Separate, rows: int, granted: int) -> None:
    """Wait until so many events are unsent and more than `granted` requests were granted.

    Fails if events are not unsent (the broker was not dead) or no request is granted without it.
    """
    async with asyncio.timeout(60):
        while (await outbox_counts(platform.store_url("intake")))[1] < rows:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        while platform.history.totals()[Answer.OK] <= granted:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


@pytest.fixture(scope="module")
def three() -> Generator[tuple[ApacheKafka, Path]]:
    """Three nodes, and their folder."""
    with folder("faults-three") as place, ApacheKafka() as cluster:
        with KAFKA.starting():
            cluster.start(3, place / "first", port=free_ports(1)[0])
        yield cluster, place


@pytest.fixture(scope="module")
def on_three(three: tuple[ApacheKafka, Path], own_redis: RedisServer) -> Generator[Separate]:
    """A separate platform on three nodes."""
    with folder("faults-postgres-2") as place, folder("faults-on-three") as home, postgres_in(place) as server:
        store = server.url().rsplit("/", 1)[0]
        with separate_on(home, three[0].bootstrap, store, own_redis.url, CEFO_REPLICATION="3") as platform:
            yield platform


async def test_of_three_nodes_one_may_be_lost(on_three: Separate, three: tuple[ApacheKafka, Path], seed: int) -> None:
    cluster, _ = three
    load = load_on(on_three, seed, Publisher(on_three.stack.kafka, on_three.history))
    async with load.running():
        await load.until(5)
        await asyncio.to_thread(cluster.kill, 1 + seed % 3)
        assert len(cluster.alive) == 2
        await load.until(15, seconds=120)
    await assert_consistent(on_three)
    assert len(cluster.alive) == 2
    await asyncio.to_thread(cluster.restart, 1 + seed % 3)


async def test_a_broker_lost_with_log_and_offsets_is_refilled_from_the_outboxes(
    on_three: Separate, three: tuple[ApacheKafka, Path], seed: int
) -> None:
    """Every service has the same data as before; the new topics have all events."""
    cluster, place = three
    port = int(on_three.stack.kafka.split(",")[0].split(":")[1])
    load = load_on(on_three, seed, Publisher(on_three.stack.kafka, on_three.history))
    async with load.running():
        await load.until(10)
    await assert_consistent(on_three)
    before = {service: dump(await read_store(on_three.store_url(service))) for service in SERVICES}
    await asyncio.to_thread(cluster.stop)
    shutil.rmtree(place / "first")
    on_three.history.broker_lost()
    await asyncio.to_thread(cluster.start, 3, place / "second", port)
    assert not any((await read_topics(on_three.stack.kafka)).values()), "the new broker is not empty"
    stack = Stack(on_three.url, on_three.folder, "local")
    print(await asyncio.to_thread(stack.cefo, "republish"))
    await wait_until_idle(on_three)
    after = {service: dump(store) for service, store in (await evidence_of(on_three)).stores.items()}
    for service in SERVICES:
        assert after[service] == before[service], service
    load = load_on(on_three, seed + 1, Publisher(on_three.stack.kafka, on_three.history))
    async with load.running():
        await load.until(10)
    await assert_consistent(on_three)
