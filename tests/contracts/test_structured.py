"""Structured mode on the desks' topics: the same event as in binary mode, and the same refusals."""

import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from cloudevents.core.bindings.kafka import to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from services.chassis.events.declared import declared_part
from services.contracts.cloudevents import Record, UnreadableEvent, read_event
from services.contracts.intake import DeskCheckIn
from services.contracts.topics import VISITS
from services.contracts.validation import LARGEST_CHECK_IN

VISIT = uuid4()
DATA = {"visit_id": str(VISIT), "centre": "liege", "at": "2026-03-02T09:05:00+01:00"}
EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "2f6c1a34-9d1e-4a55-8f0e-3b1f6f0a2c11",
    "source": "/desks/liege/kiosk-1",
    "type": DeskCheckIn.type,
    "subject": str(VISIT),
    "time": "2026-03-02T08:05:00Z",
    "datacontenttype": "application/json",
}
TYPE = b"application/cloudevents+json; charset=UTF-8"


def structured(event: dict[str, Any] | bytes, content_type: bytes = TYPE) -> Record:
    value = event if isinstance(event, bytes) else json.dumps(event).encode()
    headers: list[tuple[str, bytes | None]] = [("content-type", content_type), ("traceparent", None)]
    return Record("cefo.desk.check-ins", str(VISIT).encode(), headers, value, 1, 7)


def test_an_event_of_the_library_in_structured_mode_is_read() -> None:
    attributes = EVENT | {"time": datetime(2026, 3, 2, 8, 5, tzinfo=UTC)}
    message = to_structured(CloudEvent(attributes, DATA), JSONFormat())
    headers = [(name, value) for name, value in message.headers.items()]
    incoming = read_event(Record("cefo.desk.check-ins", None, headers, message.value))  # pyright: ignore[reportArgumentType]
    assert (incoming.id, incoming.source, incoming.subject) == (EVENT["id"], EVENT["source"], str(VISIT))
    assert incoming.event == DeskCheckIn.model_validate(DATA)


@pytest.mark.parametrize(
    "event",
    [
        EVENT | {"data": DATA},
        EVENT | {"data_base64": b64encode(json.dumps(DATA).encode()).decode()},
        EVENT | {"data": DATA, "sequence": "3", "sequencetype": "Integer"},
        EVENT | {"data": DATA, "sequence": "first", "retries": 3, "urgent": False, "dataschema": None},
    ],
    ids=["data", "base64", "numbered by the desk", "other attributes"],
)
def test_data_and_extensions_may_be_written_in_every_way_of_the_format(event: dict[str, Any]) -> None:
    incoming = read_event(structured(event))
    assert incoming.event == DeskCheckIn.model_validate(DATA)
    assert incoming.sequence is None


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (b"{", "bad-envelope"),
        (b"[]", "bad-envelope"),
        (EVENT | {"data": DATA, "id": None}, "bad-envelope"),
        (EVENT | {"data": DATA, "visitor": {"name": "Anna"}}, "bad-envelope"),
        (EVENT | {"data": DATA, "Visitor Name": "Anna"}, "bad-envelope"),
        (EVENT | {"data_base64": "Anna D."}, "bad-envelope"),
        (b'{"id": "Anna", %s' % json.dumps(EVENT | {"data": DATA}).encode()[1:], "bad-envelope"),
        (EVENT | {"data": DATA, "note": "x" * LARGEST_CHECK_IN}, "bad-envelope"),
        (EVENT, "bad-data"),
        (EVENT | {"data": DATA | {"nom": "Anna"}}, "undeclared-fields"),
        (EVENT | {"data": DATA, "source": "/plans"}, "foreign-source"),
    ],
)
def test_what_is_refused_says_why_and_repeats_nothing(event: dict[str, Any] | bytes, reason: str) -> None:
    with pytest.raises(UnreadableEvent) as refused:
        read_event(structured(event))
    assert refused.value.reason == reason
    assert "Anna" not in refused.value.detail
    assert b"Anna" not in b"".join(value or b"" for _, value in declared_part(structured(event)).record.headers)


def test_a_dead_letter_keeps_the_declared_part_in_binary_mode() -> None:
    part = declared_part(structured(EVENT | {"data": DATA | {"nom": "Anna"}, "visitor": "Anna"}))
    assert (part.withheld, part.suffices) == (["ce_visitor", "nom", "traceparent"], True)
    assert read_event(part.record).event == DeskCheckIn.model_validate(DATA)
    assert part.record[-2:] == (1, 7)


def test_structured_mode_is_for_the_desks_topics_alone() -> None:
    with pytest.raises(UnreadableEvent):
        read_event(structured(EVENT | {"data": DATA})._replace(topic=VISITS.name))
