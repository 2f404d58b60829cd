"""Reads a batch for FastStream as the bytes it is.

FastStream's own parser decodes JSON, which costs 10 µs a record, and skips a record whose header is not text. Here
nothing is decoded: the event processor makes a dead letter of what cannot be read.
"""

from typing import Any, cast

from aiokafka import ConsumerRecord
from faststream.kafka.message import KafkaMessage

from services.contracts.cloudevents import TRACEPARENT, Record, trace_of

LINKS = 100
"""Most events of a batch that its span links to."""


async def parse(batch: tuple[ConsumerRecord[Any, Any], ...], _original: Any) -> KafkaMessage:
    """The batch as FastStream's message, without the traces of its events."""
    return _message(batch, [])


async def parse_with_traces(batch: tuple[ConsumerRecord[Any, Any], ...], _original: Any) -> KafkaMessage:
    """The batch as FastStream's message: its span continues the trace of a single event, or links to those of many."""
    return _message(batch, _traces(batch))


def _message(batch: tuple[ConsumerRecord[Any, Any], ...], traces: list[dict[str, Any]]) -> KafkaMessage:
    first, last = batch[0], batch[-1]
    name = f"{first.topic}/{first.partition}/{first.offset}-{last.topic}/{last.partition}/{last.offset}"
    return KafkaMessage(
        cast(Any, batch),
        body=cast(Any, [one.value or b"" for one in batch]),
        headers=traces[0] if len(batch) == 1 and traces else {},
        batch_headers=traces if len(batch) > 1 else [],
        message_id=name,
        correlation_id=name,
        consumer=cast(Any, None),
    )


def _traces(batch: tuple[ConsumerRecord[Any, Any], ...]) -> list[dict[str, Any]]:
    found = ((trace_of(cast(Any, one.headers)), one) for one in batch[:LINKS])
    return [
        {TRACEPARENT: trace, "correlation_id": f"{one.topic}/{one.partition}/{one.offset}"}
        for trace, one in found
        if trace
    ]


async def decode(message: KafkaMessage, _original: Any) -> list[Record]:
    """The records as they stand in their topics."""
    raw = cast("tuple[Any, ...]", message.raw_message)
    return [Record(one.topic, one.key, _headers(one), one.value or b"", one.partition, one.offset) for one in raw]


def _headers(record: Any) -> list[tuple[str, bytes | None]]:
    return list(record.headers)
