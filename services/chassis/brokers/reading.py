"""Reads topics without a consumer group."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import stamina
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import UnknownTopicOrPartitionError

from services.chassis.brokers.clients import DEADLINE, close_client, start_client, with_timeout
from services.chassis.brokers.offsets import Extents, extents
from services.chassis.brokers.port import Broker
from services.contracts.cloudevents import Record

_POLL_MS = 500


async def records_in(broker: Broker, topic: str) -> AsyncGenerator[list[Record]]:
    """Every record that the topic holds when this begins, in pages. A record without a value has an empty one.

    Raises one of `BROKER_ERRORS`, also when the broker answers no fetch for `DEADLINE` seconds.
    """
    async with aclosing(_records(broker, await _extents(broker, topic))) as pages:
        async for records in pages:
            yield records


async def hold_records(broker: Broker, ranges: Extents) -> bool:
    """Whether there is a record in one of these ranges: [first, end) offsets. Raises one of `BROKER_ERRORS`."""
    async with aclosing(_records(broker, ranges)) as pages:
        async for records in pages:
            if records:
                return True
    return False


async def _records(broker: Broker, ranges: Extents) -> AsyncGenerator[list[Record]]:
    ends = {tp: end for tp, (first, end) in ranges.items() if end > first}
    if not ends:
        return
    client: Any = AIOKafkaConsumer(**broker.client_options, auto_offset_reset="earliest", enable_auto_commit=False)
    await start_client(client)
    try:
        client.assign(list(ends))
        for tp in ends:
            client.seek(tp, ranges[tp][0])
        since = dict.fromkeys(ends, _now_ms())
        while ends:
            answered = {tp for tp in ends if (client.last_poll_timestamp(tp) or 0) > since[tp]}
            fetched = await client.getmany(*ends, timeout_ms=_POLL_MS, max_records=1000)
            for records in fetched.values():
                yield [
                    Record(one.topic, one.key, list(one.headers), one.value or b"", one.partition, one.offset)
                    for one in records
                ]
            since |= dict.fromkeys(fetched, _now_ms())
            for tp, end in list(ends.items()):
                # Compaction may have removed the last records: then a fetch after them is answered with nothing.
                if (tp in answered and tp not in fetched) or await with_timeout(DEADLINE, client.position(tp)) >= end:
                    del ends[tp]
                elif _now_ms() - since[tp] > DEADLINE * 1000:
                    raise TimeoutError(f"{tp.topic} cannot be read to its end")
    finally:
        await close_client(client)


# A topic that was created a moment ago is not known yet to every broker: a service that starts first asks too early.
@stamina.retry(
    on=UnknownTopicOrPartitionError, attempts=None, timeout=DEADLINE, wait_initial=0.2, wait_max=0.5, wait_jitter=0
)
async def _extents(broker: Broker, topic: str) -> Extents:
    return await with_timeout(2 * DEADLINE, extents(broker, [topic]), grace=1)


def _now_ms() -> float:
    return time.time() * 1000
