"""Reads from the broker where topics begin and end, and the committed offsets of a consumer group."""

import re
from collections.abc import Iterable
from typing import Any, cast

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code
from aiokafka.structs import OffsetAndMetadata

from services.chassis.brokers.clients import close_client
from services.chassis.brokers.port import Broker
from services.contracts import TOPICS

Extents = dict[TopicPartition, tuple[int, int]]
"""Per partition: the first offset that it still holds, and the one after its last."""


async def extents(broker: Broker, topics: Iterable[str]) -> Extents:
    """Where each partition of these topics begins and ends now, those of centres included.

    Raises `BROKER_ERRORS`, for a missing topic too.
    """
    options = broker.client_options
    admin, client = cast(Any, AIOKafkaAdminClient(**options)), AIOKafkaConsumer(**options)
    try:
        await admin.start()
        await client.start()
        partitions: list[TopicPartition] = []
        for topic in await admin.describe_topics(await _names(admin, topics)):
            if topic["error_code"]:
                raise for_code(topic["error_code"])(topic["topic"])
            partitions += [TopicPartition(topic["topic"], one["partition"]) for one in topic["partitions"]]
        first = await cast(Any, client).beginning_offsets(partitions)
        end = await cast(Any, client).end_offsets(partitions)
    finally:
        await admin.close()
        await close_client(client)
    return {tp: (first[tp], end[tp]) for tp in partitions}


async def _names(admin: Any, topics: Iterable[str]) -> list[str]:
    names = set(topics)
    if patterns := [TOPICS[name].pattern for name in names if name in TOPICS and TOPICS[name].per_centre]:
        names |= {name for name in await admin.list_topics() if any(re.fullmatch(one, name) for one in patterns)}
    return sorted(names)


async def committed(
    broker: Broker, group: str, partitions: Iterable[TopicPartition]
) -> dict[TopicPartition, OffsetAndMetadata]:
    """The group's committed offsets, with their metadata. A partition without a commit is missing.

    Raises one of `BROKER_ERRORS`.
    """
    admin = cast(Any, AIOKafkaAdminClient(**broker.client_options))
    try:
        await admin.start()
        found = await admin.list_consumer_group_offsets(group, partitions=list(partitions))
    finally:
        await admin.close()
    return {tp: one for tp, one in found.items() if one.offset >= 0}
