"""Redis may be lost, event streams may break, and the clock may jump."""

import asyncio
import contextlib
import random
import socket
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import httpx2
import orjson
import pytest

from services.contracts.roles import Role
from tests.faults.evidence import read_store
from tests.faults.history import Answer
from tests.faults.platforms import Separate, assert_consistent, kill, load_on, restart, token_of, wait_until_idle
from tests.faults.topics import Publisher
from tests.parts.redis import RedisServer

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(600)]


async def test_without_redis_requests_are_granted_and_nothing_is_wrong(
    separate: Separate, own_redis: RedisServer, seed: int
) -> None:
    """Emptied under load, then killed, then restarted and empty."""
    load = load_on(separate, seed, Publisher(separate.stack.kafka, separate.history))
    async with load.running():
        await load.until(4)
        assert ask_redis(own_redis.url, b"FLUSHALL\r\n") == b"+OK\r\n"
        await load.until(4)
        own_redis.kill()
        with pytest.raises(OSError, match="refused"):
            ask_redis(own_redis.url, b"PING\r\n")
        granted = separate.history.totals()[Answer.OK]
        await load.until(8)
        assert separate.history.totals()[Answer.OK] > granted
        await asyncio.to_thread(own_redis.restart)
        await load.until(4)
    await assert_consistent(separate)


def ask_redis(url: str, command: bytes) -> bytes:
    """Redis' answer to this command."""
    with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=5) as connection:
        connection.sendall(command)
        return connection.recv(64)


async def test_a_stream_that_breaks_continues_without_a_gap(separate: Separate, seed: int) -> None:
    """A reader of the referral events, disconnected after every few events; directory is killed too."""
    dice = random.Random(seed)
    load = load_on(separate, seed)
    reader = Reader(separate, dice)
    reading = asyncio.create_task(reader.read())
    try:
        async with load.running(clients=8):
            await reader.has_read(6)
            kill(separate, "directory")
            await restart(separate, "directory")
            await reader.has_read(12)
        await wait_until_idle(separate)
        store = await read_store(separate.store_url("directory"))
        rows = sorted(store["referral_events"], key=lambda row: row["position"])
        await reader.has_read(len(rows))
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    assert [(row["referral_id"], row["sequence"]) for row in rows] == reader.seen
    assert reader.breaks > 3
    await assert_consistent(separate)


class Reader:
    """A Cité that reads the stream of referral events on an unreliable connection."""

    def __init__(self, separate: Separate, dice: random.Random) -> None:
        self._separate = separate
        self._dice = dice
        self._last = ""
        self.seen: list[tuple[str, int]] = []
        """Referral and number of each event, in the order of arrival."""
        self.breaks = 0

    async def read(self) -> None:
        """Read until cancelled, resuming after the last event."""
        token = token_of(self._separate.folder, "fault-tests", Role.CITE, centres=frozenset({"charleroi"}))
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx2.AsyncClient(base_url=self._separate.url, timeout=30, trust_env=False) as client:
            while True:
                where = {"Last-Event-ID": self._last} if self._last else {}
                with contextlib.suppress(httpx2.HTTPError):
                    await self._until_it_breaks(client, headers | where)
                self.breaks += 1
                await asyncio.sleep(0.1)

    async def _until_it_breaks(self, client: httpx2.AsyncClient, headers: dict[str, str]) -> None:
        left = self._dice.randint(1, 6)
        fields: dict[str, str] = {}
        async with client.stream("GET", "/directory/api/v1/referral-events/stream", headers=headers) as answer:
            async for line in answer.aiter_lines():
                name, _, value = line.partition(": ")
                fields[name] = value
                if line == "" and "data" in fields:
                    event: dict[str, Any] = orjson.loads(fields["data"])
                    self.seen.append((event["subject"], int(event["cefosequence"])))
                    self._last = fields["id"]
                    fields, left = {}, left - 1
                if left == 0:
                    return

    async def has_read(self, events: int) -> None:
        """Wait until so many events were read."""
        async with asyncio.timeout(120):
            while len(self.seen) < events:  # noqa: ASYNC110
                await asyncio.sleep(0.1)


async def test_a_clock_that_jumps_changes_no_order_and_no_lease(separate: Separate, seed: int) -> None:
    """Forward by more than a day, back by most of it, and back to the right time, under load."""
    clock = separate.folder / "clock"
    load = load_on(separate, seed, Publisher(separate.stack.kafka, separate.history))
    async with load.running():
        for seconds in (26 * 3600, 1800, 0):
            clock.write_text(str(seconds))
            granted = separate.history.totals()[Answer.OK]
            await load.until(6)
            assert separate.history.totals()[Answer.OK] > granted
    evidence = await assert_consistent(separate)
    rows = sorted(evidence.stores["intake"]["outbox"], key=lambda row: row["seq"])
    steps = [later["said_at"] - earlier["said_at"] for earlier, later in pairwise(rows)]
    assert max(steps).total_seconds() > 80_000, "the clock did not jump forward"
    assert min(steps).total_seconds() < -80_000, "the clock did not jump back"
