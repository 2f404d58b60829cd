"""kill -9 at each step of delivery and at random moments; SIGTERM during a batch."""

import asyncio
import contextlib
import signal

import httpx2
import pytest

from services.contracts.roles import Role
from tests.faults.evidence import repeated
from tests.faults.locks import locked, wait_until_blocked
from tests.faults.nemesis import Plan, execute
from tests.faults.platforms import (
    Platform,
    Separate,
    Together,
    assert_consistent,
    kill,
    load_on,
    restart,
    token_of,
    wait_until_idle,
    wait_until_killed_at,
)
from tests.faults.topics import Publisher

pytestmark = pytest.mark.timeout(600)

STEPS = {
    "intake": ("store.before-commit:9", "store.after-commit:9"),
    "scheduling": ("relay.sent:2", "relay.acknowledged:2"),
    "impact": ("inbox.written:4", "consumer.handled:4"),
}
"""The failpoints at which each service is killed in turn; the number is the pass."""


@pytest.mark.kafka
@pytest.mark.postgres
async def test_killed_at_each_step_with_a_process_per_service(separate: Separate, seed: int) -> None:
    load = load_on(separate, seed, Publisher(separate.stack.kafka, separate.history))
    async with load.running(clients=8):
        await asyncio.gather(*(kill_at(separate, name, *points) for name, points in STEPS.items()))
        await load.until(10)
    assert repeated(await assert_consistent(separate)) > 0, (
        "a relay that died after the acknowledgement must have sent twice"
    )


async def test_killed_at_each_step_with_everything_in_one_process(together: Together, seed: int) -> None:
    await restart(together, "cefo")
    load = load_on(together, seed)
    async with load.running(clients=8):
        await kill_at(together, "cefo", *(point for points in STEPS.values() for point in points))
        await load.until(10)
    await assert_consistent(together)


async def kill_at(platform: Platform, name: str, *points: str) -> None:
    """Let this process be killed at each of these failpoints in turn, then run on."""
    await asyncio.to_thread(kill, platform, name)
    for point in points:
        platform.start(name, {"CEFO_FAILPOINT": point})
        await wait_until_killed_at(platform, name, point)
    await restart(platform, name)


@pytest.mark.kafka
@pytest.mark.postgres
async def test_killed_at_random_moments_with_a_process_per_service(separate: Separate, seed: int) -> None:
    plan = Plan.of(seed, separate.names, kills=6)
    load = load_on(separate, seed, Publisher(separate.stack.kafka, separate.history))
    async with load.running():
        assert await execute(plan, separate) == plan.kills == 6
    await assert_consistent(separate)


async def test_killed_at_random_moments_with_everything_in_one_process(together: Together, seed: int) -> None:
    await restart(together, "cefo")
    plan = Plan.of(seed, together.names, kills=3)
    load = load_on(together, seed)
    async with load.running():
        assert await execute(plan, together) == plan.kills == 3
    await assert_consistent(together)


@pytest.mark.kafka
@pytest.mark.postgres
async def test_killed_during_a_rebuild(separate: Separate, seed: int) -> None:
    """Impact's figures are rebuilt from the topics; it is killed twice meanwhile, and they are the same."""
    load = load_on(separate, seed)
    async with load.running():
        await load.until(10)
    await wait_until_idle(separate)
    await asyncio.to_thread(kill, separate, "impact")
    # Nothing is left to read: only the rebuild reaches this failpoint.
    separate.start("impact", {"CEFO_FAILPOINT": "inbox.written"})
    await asyncio.to_thread(separate.wait_ready, "impact")
    await rebuild(separate, "impact")
    await wait_until_killed_at(separate, "impact", "inbox.written")
    separate.start("impact", {"CEFO_FAILPOINT": "consumer.handled"})
    await wait_until_killed_at(separate, "impact", "consumer.handled")
    load = load_on(separate, seed + 1)
    async with load.running():
        await restart(separate, "impact")
        await load.until(5)
    await assert_consistent(separate)


async def rebuild(platform: Platform, service: str) -> None:
    """Start a rebuild; the answer may be lost with the process."""
    headers = {"Authorization": f"Bearer {token_of(platform.folder, 'fault-tests', Role.OPERATOR)}"}
    async with httpx2.AsyncClient(base_url=platform.url, timeout=20, trust_env=False) as client:
        platform.history.rebuilt(service)
        with contextlib.suppress(httpx2.HTTPError):
            answer = await client.post(f"/{service}/api/v1/rebuild", json={}, headers=headers)
            assert answer.status_code in (202, 502), answer.text


@pytest.mark.kafka
@pytest.mark.postgres
async def test_sigterm_during_a_batch(separate: Separate, seed: int) -> None:
    """Impact waits for a locked table, so it is certainly processing a batch when SIGTERM arrives."""
    async with locked(separate.store_url("impact"), "tallies") as connection:
        load = load_on(separate, seed)
        async with load.running():
            await load.until(10)
            await wait_until_blocked(connection)
            separate.process("impact").send_signal(signal.SIGTERM)
            await assert_clean_exit(separate, "impact")
    await restart(separate, "impact")
    await assert_consistent(separate)


async def test_sigterm_with_everything_in_one_process(together: Together, seed: int) -> None:
    await restart(together, "cefo")
    load = load_on(together, seed)
    async with load.running():
        await load.until(10)
        together.process("cefo").send_signal(signal.SIGTERM)
        await assert_clean_exit(together, "cefo")
        await restart(together, "cefo")
        await load.until(5)
    await assert_consistent(together)


async def assert_clean_exit(platform: Platform, name: str) -> None:
    """The process ends within 30 seconds, with success or by the SIGTERM that was sent."""
    assert await asyncio.to_thread(platform.process(name).wait, 30) in (0, -signal.SIGTERM)
