"""Starting, watching and closing the Kafka clients: the only module that knows their private attributes."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, cast

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, KafkaError

from services.chassis.runtime.telemetry import log

BROKER_ERRORS = (KafkaError, OSError, TimeoutError)
"""What a client raises when the broker cannot be reached."""

DEADLINE = 20.0
"""Seconds that a client may take to start, or a round of sends to be acknowledged, before the client is replaced."""

_log = log(__name__)
_T = TypeVar("_T")


async def start_client(client: AIOKafkaProducer | AIOKafkaConsumer) -> None:
    """Connect. Raises one of `BROKER_ERRORS`; then the client is closed."""
    try:
        await with_timeout(DEADLINE, client.start(), grace=1)
    except BaseException:
        await close_client(client)
        raise


async def with_timeout(seconds: float, step: Coroutine[Any, Any, _T], *, grace: float = 0) -> _T:
    """The result of this step of a client. Raises `TimeoutError` when it takes longer, `KafkaConnectionError` when it
    ends cancelled.

    Unlike `asyncio.wait_for` of Python 3.11 it never loses a cancellation that comes as the step ends, and one that the
    step swallows stays its own. A start that is cut off in the middle leaves a connection that nothing closes: with
    `grace` it has so many seconds more to end by itself.
    """
    task = asyncio.create_task(step)
    try:
        async with asyncio.timeout(seconds):
            await asyncio.wait([task])
    except BaseException:
        await asyncio.wait([task], timeout=grace)
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # the caller gets the timeout, or is cancelled itself
        raise
    if task.cancelled():
        # aiokafka stops a fetch by cancelling it, and then awaits it. This would end our task as if we had been
        # cancelled ourselves: without a word, and for good.
        raise KafkaConnectionError("the client cancelled one of its own steps")
    return task.result()


def when_cluster_is_lost(consumer: AIOKafkaConsumer, report: Callable[[Exception], None]) -> None:
    """Has this started client report once it no longer learns which broker leads a partition or its group.

    Its task for that ends without a sign when a connection breaks in the moment of asking: uvloop then raises what
    aiokafka does not expect (aio-libs/aiokafka#1038). The client still fetches, and never commits again; and one that
    was about to join its group waits for ever.
    """

    def ended(_: object) -> None:
        report(KafkaConnectionError("the client no longer follows the cluster"))

    cast(Any, consumer)._client._sync_task.add_done_callback(ended)


def keep_all_topics(consumer: AIOKafkaConsumer) -> None:
    """Has this client go on asking for the metadata of all topics, which a subscription by pattern needs.

    While it knows no leader of a partition, aiokafka 0.14.0 asks for that topic by its name. From then on its metadata
    has no other, and the subscription shrinks to that topic, for good (no issue upstream yet).
    """
    client = cast(Any, consumer)._client
    add_topic = client.add_topic

    def add(topic: str) -> Any:
        return add_topic(topic) if client._topics else client.force_metadata_update()  # no name: all topics

    client.add_topic = add


async def close_client(client: AIOKafkaProducer | AIOKafkaConsumer) -> None:
    """Close the connections, without waiting for a broker that does not answer. Raises no error of the client."""
    _clear_failed_metadata_task(client)
    try:
        await with_timeout(3, client.stop())
    except Exception as error:
        _log.warning("a client of the broker did not stop cleanly", error=repr(error))
        await _force_close(cast(Any, client))


def _clear_failed_metadata_task(client: Any) -> None:
    """Clears the failed metadata task so that `stop()` does not re-raise its error before it closes a connection."""
    inner = client.client if hasattr(client, "_sender") else client._client
    if (following := inner._sync_task) is not None and following.done() and not following.cancelled():
        following.exception()
        inner._sync_task = None


async def _force_close(client: Any) -> None:
    """Force-closes what `stop()` left running: its tasks would go on sending or fetching, over open connections."""
    _clear_failed_metadata_task(client)
    sends = hasattr(client, "_sender")
    if sends:
        steps = [client._sender.close, client.client.close]
    else:
        heartbeat = getattr(client._coordinator, "_stop_heartbeat_task", None)  # none without a group
        steps = [heartbeat, client._fetcher.close, client._client.close]
    for step in filter(None, steps):
        with contextlib.suppress(Exception):
            await with_timeout(1, step())
    if sends:
        # Only now: a request on its way puts its batches back a moment after its connection is closed.
        await asyncio.sleep(0.2)
        client._message_accumulator.fail_all(KafkaError("given up"))
        await asyncio.sleep(0.01)  # and in the loop's next turns the stop that waited for these batches ends
