"""Batches as FastStream gets them: the bytes as they are, whatever they hold, and the traces of their events."""

from typing import Any

import pytest
from aiokafka import ConsumerRecord

from services.chassis.brokers.message import LINKS, decode, parse, parse_with_traces
from services.contracts.cloudevents import Headers, Record

TOPIC = "cefo.intake.visits"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def read(
    offset: int, value: bytes | None = b"{}", headers: Any = (), key: bytes | None = b"k"
) -> ConsumerRecord[Any, Any]:
    return ConsumerRecord(TOPIC, 2, offset, 0, 0, key, value, None, 0, len(value or b""), tuple(headers))


async def test_a_batch_comes_out_byte_for_byte_with_its_offsets() -> None:
    odd: Headers = [("ce_type", b"\xff"), ("ce_type", None), ("x", b"")]
    batch = (read(7, b"\xff{", odd), read(8, None, key=None))
    message = await parse(batch, None)
    assert message.body == [b"\xff{", b""]
    assert await decode(message, None) == [
        Record(TOPIC, b"k", odd, b"\xff{", 2, 7),
        Record(TOPIC, None, [], b"", 2, 8),
    ]


async def test_a_message_is_named_by_its_first_and_last_offset() -> None:
    message = await parse((read(7), read(8), read(11)), None)
    assert message.message_id == message.correlation_id == f"{TOPIC}/2/7-{TOPIC}/2/11"


async def test_traces_are_read_only_where_they_are_exported() -> None:
    message = await parse((read(7, headers=[("traceparent", TRACE.encode())]),), None)
    assert (message.headers, message.batch_headers) == ({}, [])


async def test_a_single_event_continues_its_trace() -> None:
    message = await parse_with_traces((read(7, headers=[("traceparent", TRACE.encode())]),), None)
    assert message.headers == {"traceparent": TRACE, "correlation_id": f"{TOPIC}/2/7"}
    assert message.batch_headers == []


async def test_a_batch_links_to_the_well_formed_traces_of_its_first_events() -> None:
    traced = [read(offset, headers=[("traceparent", TRACE.encode())]) for offset in range(LINKS)]
    broken, late = read(LINKS, headers=[("traceparent", b"\xff")]), read(LINKS + 1, headers=traced[0].headers)
    message = await parse_with_traces((*traced[1:], broken, late), None)
    assert message.headers == {}
    assert [one["correlation_id"] for one in message.batch_headers] == [f"{TOPIC}/2/{n}" for n in range(1, LINKS)]


@pytest.mark.parametrize("headers", [[], [("traceparent", b"garbage")], [("traceparent", None)]])
async def test_an_event_without_a_trace_starts_none(headers: list[tuple[str, bytes | None]]) -> None:
    message = await parse_with_traces((read(7, headers=headers),), None)
    assert message.headers == {}
