"""Several processes of one service: a member suspended and resumed, a rebalance during a batch, two relays.

Impact counts, so a duplicate shows in its figures. To hold it in the middle of a batch, its table is locked: its
transaction waits, and with it the whole consumer.
"""

import asyncio
import os
import signal
from collections.abc import Generator
from typing import Any, cast

import httpx2
import pytest
from confluent_kafka.admin import AdminClient

from services.contracts.roles import Role
from tests.faults.evidence import outbox_counts, unread
from tests.faults.locks import connected, locked, wait_until_blocked
from tests.faults.platforms import Separate, assert_consistent, kill, load_on, restart, token_of, wait_until_idle
from tests.faults.topics import Publisher
from tests.parts.process import is_suspended, suspend

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(600)]


@pytest.fixture
def peers(separate: Separate) -> Generator[list[str]]:
    """Names of replicas that a test starts; they are killed after it."""
    names: list[str] = []
    yield names
    for name in names:
        process = separate.stack.processes.pop(name)
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


async def start_peer(separate: Separate, peers: list[str], service: str) -> str:
    """One more process of a service, with partitions of its own."""
    separate.stack.start_service(service, replica="-2")
    peers.append(f"{service}-2")
    await asyncio.to_thread(separate.wait_ready, f"{service}-2")
    return f"{service}-2"


def partitions_held(separate: Separate, service: str) -> list[int]:
    """How many partitions each member of a service's group was given."""
    with AdminClient({"bootstrap.servers": separate.stack.kafka}) as client:
        name = f"cefo.{service}"
        group = cast(Any, client.describe_consumer_groups([name])[name].result(30))
    return [len(member.assignment.topic_partitions) for member in group.members]


async def all_read(separate: Separate, seconds: float = 90) -> None:
    """Wait until every record is read."""
    async with asyncio.timeout(seconds):
        while await unread(separate.stack.kafka):  # noqa: ASYNC110
            await asyncio.sleep(0.3)


async def test_a_peer_takes_over_from_a_suspended_one(separate: Separate, seed: int, peers: list[str]) -> None:
    """SIGSTOP for longer than the session, then SIGCONT: it still uses its old assignment."""
    await start_peer(separate, peers, "impact")
    await wait_until_idle(separate)
    pid = separate.process("impact").pid
    assert all(held := await asyncio.to_thread(partitions_held, separate, "impact"))
    assert len(held) == 2, "each has its own partitions"
    try:
        await asyncio.to_thread(suspend, pid)
        load = load_on(separate, seed)
        async with load.running():
            await load.until(12)
        await all_read(separate)
        assert is_suspended(pid)
        assert len(await asyncio.to_thread(partitions_held, separate, "impact")) == 1, (
            "the suspended member was not removed"
        )
    finally:
        os.kill(pid, signal.SIGCONT)
    load = load_on(separate, seed + 1)
    async with load.running():
        await load.until(5)
    await assert_consistent(separate)


async def test_the_batch_of_a_zombie_is_counted_once(separate: Separate, seed: int, peers: list[str]) -> None:
    """Suspended during its transaction; a peer gets the same records and has to wait; then it is resumed."""
    pid = separate.process("impact").pid
    async with locked(separate.store_url("impact"), "tallies") as connection:
        load = load_on(separate, seed)
        async with load.running():
            await load.until(8)
            zombie = await wait_until_blocked(connection)
        os.kill(pid, signal.SIGSTOP)  # before its transaction can continue
    try:
        await asyncio.to_thread(suspend, pid)
        await start_peer(separate, peers, "impact")
        async with connected(separate.store_url("impact")) as connection:
            await wait_until_blocked(connection, zombie)
    finally:
        os.kill(pid, signal.SIGCONT)
    await assert_consistent(separate)


async def test_a_rebalance_during_a_batch_duplicates_nothing(separate: Separate, seed: int, peers: list[str]) -> None:
    """A second member joins during the first one's batch: it gets records that the first is still processing."""
    async with locked(separate.store_url("impact"), "tallies") as connection:
        load = load_on(separate, seed)
        async with load.running():
            await load.until(8)
            await wait_until_blocked(connection)
            assert await reported_backlog(separate, "impact") > 0, "the lag of a slow consumer must be visible"
            await start_peer(separate, peers, "impact")
            await load.until(5)
    await assert_consistent(separate)
    kill(separate, "impact")
    load = load_on(separate, seed + 1)
    async with load.running():
        await load.until(5)
    await all_read(separate)
    await restart(separate, "impact")
    await assert_consistent(separate)


async def reported_backlog(separate: Separate, service: str) -> int:
    """How many unread records a service reports."""
    token = token_of(separate.folder, "fault-tests", Role.OPERATOR)
    async with httpx2.AsyncClient(base_url=separate.url, timeout=20, trust_env=False) as client:
        path = f"/{service}/api/v1/backlog"
        answer = await client.get(path, headers={"Authorization": f"Bearer {token}"})
        return answer.json()["unread"]


async def test_of_two_relays_one_sends_and_the_other_takes_over(
    separate: Separate, seed: int, peers: list[str]
) -> None:
    leader = (
        "select pid from pg_locks join pg_database on pg_database.oid = pg_locks.database "
        "where locktype = 'advisory' and granted and datname = current_database()"
    )
    await start_peer(separate, peers, "intake")
    load = load_on(separate, seed, Publisher(separate.stack.kafka, separate.history))
    async with connected(separate.store_url("intake")) as connection:
        [first] = [row["pid"] for row in await connection.fetch(leader)]
        async with load.running():
            await load.until(10)
            assert [row["pid"] for row in await connection.fetch(leader)] == [first]
            separate.process("intake").terminate()
            await asyncio.to_thread(separate.process("intake").wait, 30)
            so_far, _ = await outbox_counts(separate.store_url("intake"))
            await wait_until_sent(separate, so_far + 3)
            [second] = [row["pid"] for row in await connection.fetch(leader)]
            assert second != first
            await restart(separate, "intake")
            await load.until(5)
    await assert_consistent(separate)


async def wait_until_sent(separate: Separate, number: int) -> None:
    """Wait until intake has more than so many events, all sent: its second process consumes check-ins from Kafka."""
    async with asyncio.timeout(60):
        while True:
            every, unsent = await outbox_counts(separate.store_url("intake"))
            if every > number and unsent == 0:
                return
            await asyncio.sleep(0.2)
