"""kill -9 at each step of delivery, and anywhere; SIGTERM in the middle of a batch."""

import asyncio
import contextlib
import signal

import httpx2
import pytest

from services.contracts.roles import Role
from tests.faults.evidence import repeated
from tests.faults.locks import locked, somebody_waits_for
from tests.faults.nemesis import Plan, carry_out
from tests.faults.platforms import (
    Platform,
    Separate,
    Together,
    died_at,
    kill,
    load_on,
    restart,
    settled,
    token_of,
    verdict,
)
from tests.faults.topics import Publisher

pytestmark = pytest.mark.timeout(600)

STEPS = {
    "intake": ("store.before-commit:9", "store.after-commit:9"),
    "scheduling": ("relay.sent:2", "relay.acknowledged:2"),
    "impact": ("inbox.written:4", "consumer.handled:4"),
}
"""Where each service dies, one after the other; the number says at which pass."""


@pytest.mark.kafka
@pytest.mark.postgres
async def test_killed_at_each_step_with_a_process_per_service(separate: Separate, seed: int) -> None:
    load = load_on(separate, seed, Publisher(separate.stack.kafka, separate.history))
    async with load.running(people=8):
        await asyncio.gather(*(die_at(separate, name, *points) for name, points in STEPS.items()))
        await load.until(10)
    assert repeated(await verdict(separate)) > 0, "a relay that died after the acknowledgement must have sent twice"


async def test_killed_at_each_step_with_everything_in_one_process(together: Together, seed: int) -> None:
    await restart(together, "cefo")
    load = load_on(together, seed)
    async with load.running(people=8):
        await die_at(together, "cefo", *(point for points in STEPS.values() for point in points))
        await load.until(10)
    await verdict(together)


async def die_at(platform: Platform, name: str, *points: str) -> None:
    """Have this process die at each of these points in turn, then live."""
    await asyncio.to_thread(kill, platform, name)
    for point in points:
        platform.start(name, {"CEFO_FAILPOINT": point})
        await died_at(platform, name, point)
    await restart(platform, name)


@pytest.mark.kafka
@pytest.mark.postgres
async def test_killed_anywhere_with_a_process_per_service(separate: Separate, seed: int) -> None:
    plan = Plan.of(seed, separate.names, kills=6)
    load = load_on(separate, seed, Publisher(separate.stack.kafka, separate.history))
    async with load.running():
        assert await carry_out(plan, separate) == plan.kills == 6
    await verdict(separate)


async def test_killed_anywhere_with_everything_in_one_process(together: Together, seed: int) -> None:
    await restart(together, "cefo")
    plan = Plan.of(seed, together.names, kills=3)
    load = load_on(together, seed)
    async with load.running():
        assert await carry_out(plan, together) == plan.kills == 3
    await verdict(together)


@pytest.mark.kafka
@pytest.mark.postgres
async def test_killed_in_the_middle_of_a_rebuild(separate: Separate, seed: int) -> None:
    """Impact's figures are made anew from the topics; it dies twice on the way, and they come out the same."""
    load = load_on(separate, seed)
    async with load.running():
        await load.until(10)
    await settled(separate)
    await asyncio.to_thread(kill, separate, "impact")
    # Nothing is left to read: it comes to this place only because of the rebuild.
    separate.start("impact", {"CEFO_FAILPOINT": "inbox.written"})
    await asyncio.to_thread(separate.wait_ready, "impact")
    await rebuild(separate, "impact")
    await died_at(separate, "impact", "inbox.written")
    separate.start("impact", {"CEFO_FAILPOINT": "consumer.handled"})
    await died_at(separate, "impact", "consumer.handled")
    load = load_on(separate, seed + 1)
    async with load.running():
        await restart(separate, "impact")
        await load.until(5)
    await verdict(separate)


async def rebuild(platform: Platform, service: str) -> None:
    """Have a read model rebuilt; the answer may be lost with the process."""
    headers = {"Authorization": f"Bearer {token_of(platform.folder, 'fault-tests', Role.OPERATOR)}"}
    async with httpx2.AsyncClient(base_url=platform.url, timeout=20, trust_env=False) as client:
        platform.history.rebuilt(service)
        with contextlib.suppress(httpx2.HTTPError):
            answer = await client.post(f"/{service}/api/v1/rebuild", json={}, headers=headers)
            assert answer.status_code in (202, 502), answer.text


@pytest.mark.kafka
@pytest.mark.postgres
async def test_told_to_stop_in_the_middle_of_a_batch(separate: Separate, seed: int) -> None:
    """Impact waits for a row that somebody else has locked: it is in its batch for certain when SIGTERM comes."""
    async with locked(separate.store_url("impact"), "tallies") as connection:
        load = load_on(separate, seed)
        async with load.running():
            await load.until(10)
            await somebody_waits_for(connection)
            separate.process("impact").send_signal(signal.SIGTERM)
            await ends_in_order(separate, "impact")
    await restart(separate, "impact")
    await verdict(separate)


async def test_told_to_stop_with_everything_in_one_process(together: Together, seed: int) -> None:
    await restart(together, "cefo")
    load = load_on(together, seed)
    async with load.running():
        await load.until(10)
        together.process("cefo").send_signal(signal.SIGTERM)
        await ends_in_order(together, "cefo")
        await restart(together, "cefo")
        await load.until(5)
    await verdict(together)


async def ends_in_order(platform: Platform, name: str) -> None:
    """Within seconds, by the signal that it was sent and no other."""
    assert await asyncio.to_thread(platform.process(name).wait, 30) in (0, -signal.SIGTERM)
