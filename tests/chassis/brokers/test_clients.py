"""A client's steps end in time, whatever the client does meanwhile."""

import asyncio
from typing import Any, cast

import pytest
from aiokafka.errors import KafkaConnectionError
from structlog.testing import capture_logs

from services.chassis.brokers.clients import close_client, with_timeout


async def own_fetch_cancelled() -> None:
    """What aiokafka's fetcher does at its end while a fetch is under way."""
    fetch = asyncio.create_task(asyncio.sleep(60))
    await asyncio.sleep(0)
    fetch.cancel()
    await fetch


async def test_a_step_that_cancels_itself_is_an_error_and_not_our_end() -> None:
    with pytest.raises(KafkaConnectionError):
        await with_timeout(5, own_fetch_cancelled())


async def test_a_cancellation_of_ours_ends_the_step_and_us() -> None:
    waiting = asyncio.create_task(with_timeout(5, asyncio.sleep(60)))
    await asyncio.sleep(0.01)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled()


async def test_a_step_that_takes_too_long_is_ended() -> None:
    with pytest.raises(TimeoutError):
        await with_timeout(0.01, asyncio.sleep(60))


class Connections:
    """The part of a client that holds its connections."""

    _sync_task = None

    def __init__(self) -> None:
        self.closed = 0

    async def close(self) -> None:
        """Close them."""
        self.closed += 1


class Consumer:
    """A consumer that stops as aiokafka's does while a fetch is under way."""

    _coordinator = None

    def __init__(self) -> None:
        self._client = Connections()
        self._fetcher = Connections()

    async def stop(self) -> None:
        """Cancelled before the connections are closed."""
        await own_fetch_cancelled()


async def test_a_client_that_stops_in_the_middle_of_a_fetch_is_closed_all_the_same() -> None:
    client = Consumer()
    with capture_logs() as logs:
        await close_client(cast(Any, client))
    assert client._client.closed == 1  # pyright: ignore[reportPrivateUsage]
    assert [line["event"] for line in logs] == ["a client of the broker did not stop cleanly"]
