"""Events as CloudEvents 1.0 in Kafka binary mode: `ce_*` headers, JSON value, the aggregate's id as key.

Desks may also send in structured mode (`structured`).

Written and read here, as the CloudEvents library takes five times as long (docs/decisions); a test compares both, in
both directions.
"""

import re
from codecs import BOM_UTF8
from collections.abc import Container, Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from pydantic import ValidationError

from services.contracts import EVENTS, Event
from services.contracts.attributes import check_once, check_token, shown_name
from services.contracts.json_keys import repeated_key
from services.contracts.sequences import begins_epoch
from services.contracts.structured import in_binary_mode, is_structured
from services.contracts.topics import DESK, Topic, topic_named
from services.contracts.validation import LARGEST_CHECK_IN, fault_of, validated
from services.contracts.values import moment_of

Headers = list[tuple[str, bytes | None]]
"""Names and values as in Kafka: a name may occur twice, and a value may be None."""

SEQUENCE = "ce_cefosequence"
"""The header with an event's number in its aggregate. CloudEvents' own extension `sequence` orders within a source."""

TRACEPARENT = "traceparent"
"""The header that carries the trace (W3C Trace Context, version 00)."""

_TRACEPARENT = re.compile("00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_LAST_SEQUENCE = 2**63 - 1
_PREVIOUS = "ce_previous"
_CHAINS = UUID("0d5b1c2e-8a64-4d57-9a44-6a3f4c6f2b10")


class Record(NamedTuple):
    """A Kafka record. `partition` and `offset` are -1 if it was not read from a topic."""

    topic: str
    key: bytes | None
    headers: Headers
    value: bytes
    partition: int = -1
    offset: int = -1


class IncomingEvent(NamedTuple):
    """An event that was read from a record, with its CloudEvents attributes."""

    event: Event | None
    """None if the service does not consume this type: then the value was not parsed."""
    type: str
    id: str
    source: str
    subject: str
    time: datetime | None
    sequence: int | None
    """The event's number within its aggregate, from 1; None if the sender does not number its events."""
    record: Record

    @property
    def previous(self) -> int:
        """The number that this event follows in its aggregate; 0 for the first, and without a number."""
        return previous_of(self.record.headers, self.sequence or 1)

    @property
    def correlation_id(self) -> UUID:
        """The event's chain; if the sender named none, the event starts one."""
        named = _uuid_or_none(self._header("ce_correlationid"))
        return named or self.uuid or uuid5(_CHAINS, f"{self.source} {self.id}")

    @property
    def uuid(self) -> UUID | None:
        """The event's id; None if it is not a UUID."""
        return _uuid_or_none(self.id)

    @property
    def traceparent(self) -> str | None:
        """The W3C trace in which the event was published, if its header is well formed."""
        return trace_of(self.record.headers)

    @property
    def causation_id(self) -> UUID | None:
        """The event that caused this one, if the sender named it."""
        return _uuid_or_none(self._header("ce_causationid"))

    def _header(self, wanted: str) -> str | None:
        found = [value for name, value in self.record.headers if name == wanted]
        return (found[-1] or b"").decode() if found else None


def trace_of(headers: Iterable[tuple[str, bytes | None]]) -> str | None:
    """The `traceparent` among these headers; None if it is missing or malformed."""
    for name, value in headers:
        if name == TRACEPARENT and value is not None:
            text = value.decode("ascii", "replace")
            return text if _TRACEPARENT.fullmatch(text) else None
    return None


def previous_of(headers: Iterable[tuple[str, bytes | None]], sequence: int) -> int:
    """The number that the event with these headers follows: the one before, unless it begins an epoch and names it.

    A dead letter that was emptied names none: what begins an epoch then follows anything.
    """
    unnamed = 0 if begins_epoch(sequence) else sequence - 1
    return next((int(value) for name, value in headers if name == _PREVIOUS and value), unnamed)


class UnreadableEvent(Exception):
    """The record is not a valid event, or not one that its sender may emit.

    `reason` is a slug, `detail` names the error.
    `about`: type, source, subject and sequence, if these could be read. Without a sequence it has no place in the
    order of its aggregate.
    """

    def __init__(self, reason: str, detail: str, about: dict[str, Any] | None = None) -> None:
        self.reason = reason
        self.detail = detail
        self.about = about or {}
        super().__init__(f"{reason}: {detail}")


def write_event(
    event: Event,
    *,
    id: UUID,
    time: datetime,
    sequence: int,
    correlation_id: UUID,
    causation_id: UUID | None,
    traceparent: str | None = None,
    previous: int | None = None,
) -> Record:
    """The record of `event`, in CloudEvents binary mode.

    `previous`: the number that it follows, if not the one before.
    """
    key = event.key.encode()
    moment = time.astimezone(UTC).isoformat()
    headers: Headers = [
        ("ce_id", str(id).encode()),
        *_constant_headers(event.type),
        ("ce_time", moment.replace("+00:00", "Z").encode()),
        ("ce_subject", key),
        ("ce_correlationid", str(correlation_id).encode()),
        (SEQUENCE, b"%d" % sequence),
    ]
    if previous is not None:
        headers.append((_PREVIOUS, b"%d" % previous))
    if causation_id is not None:
        headers.append(("ce_causationid", str(causation_id).encode()))
    if traceparent is not None:
        headers.append((TRACEPARENT, traceparent.encode()))
    return Record(event.topic.name, key, headers, event.model_dump_json().encode())


def schema_uri(type: str) -> str:
    """The URI that identifies the schema of a type's payload, the same on every platform.

    A platform serves the schema at `/contracts/TYPE.json`.
    """
    return f"urn:cefo:schema:{type}"


@cache
def _constant_headers(type: str) -> Headers:
    return [
        ("ce_source", EVENTS[type].topic.source.encode()),
        ("ce_type", type.encode()),
        ("ce_specversion", b"1.0"),
        ("ce_dataschema", schema_uri(type).encode()),
        ("content-type", b"application/json"),
    ]


def read_event(record: Record, wanted: Container[str] = EVENTS) -> IncomingEvent:
    """Read a record; its value only if its type is in `wanted`.

    A type is accepted only on its own topic and from its own source, and on the desks' topics only with the fields that
    it declares. Raises `UnreadableEvent` and no other error, whatever bytes a partner sent; its detail repeats none of
    them.
    """
    topic = topic_named(record.topic)
    try:
        record = binary_record(record)
        attributes = _attributes(record.headers)
        if attributes["specversion"] != "1.0":
            raise ValueError("specversion is not '1.0'")
        kind, event_id, source = attributes["type"], attributes["id"], attributes["source"]
        subject = attributes.get("subject") or (record.key or b"").decode() or event_id
        for name, value in (("type", kind), ("id", event_id), ("source", source), ("subject", subject)):
            check_token(name, value)
        # Events that were published by earlier versions have `sequence`. A desk numbers its events as it likes.
        number = attributes.get("cefosequence", attributes.get("sequence")) if topic.owner != DESK else None
        sequence = _sequence(number) if number is not None else None
        if sequence is not None and "previous" in attributes:
            _check_previous(attributes["previous"], sequence)
        time = _time(attributes["time"]) if "time" in attributes else None
    except KeyError as error:
        raise UnreadableEvent("bad-envelope", f"header ce_{error.args[0]} is missing") from error
    except ValueError as error:
        raise UnreadableEvent("bad-envelope", str(error)) from error
    if (foreign := _foreign_origin(topic, record.topic, kind, source)) is not None:
        raise UnreadableEvent(*foreign, {"type": kind, "source": source, "subject": subject})
    about = {"type": kind, "source": source, "subject": subject, "sequence": sequence}
    try:
        event = validated(topic, EVENTS[kind], record.value) if kind in wanted else None
    except ValidationError as error:
        raise UnreadableEvent(*fault_of(error), about) from error
    if event is not None and (name := repeated_key(record.value, len(event.model_fields_set))) is not None:
        raise UnreadableEvent("bad-data", f"{shown_name(name)}: this field is there twice", about)
    incoming = IncomingEvent(event, kind, event_id, source, subject, time, sequence, record)
    if topic.per_centre:
        _check_centre(incoming)
    return incoming


def binary_record(record: Record) -> Record:
    """A desk's record in binary mode, without a byte order mark; else itself. Raises `ValueError`."""
    if topic_named(record.topic).owner != DESK:
        return record
    check_once(record.headers)
    record = record._replace(value=record.value.removeprefix(BOM_UTF8))
    if not is_structured(record.headers):
        return record
    if len(record.value) > LARGEST_CHECK_IN:
        raise ValueError(f"the value has more than {LARGEST_CHECK_IN} bytes")
    headers, value = in_binary_mode(record.headers, record.value)
    return record._replace(headers=headers, value=value)


def _foreign_origin(topic: Topic, topic_name: str, kind: str, source: str) -> tuple[str, str] | None:
    """Reason and detail if a type is not on its own topic, or a source not on one of its own; else None."""
    known = EVENTS.get(kind)
    if known is not None and known.topic.name != topic.name:
        return "foreign-topic", f"{kind} is accepted on {known.topic.name} only"
    if not topic.accepts_source(source, topic_name):
        return "foreign-source", f"its source may not emit on {topic_name}"
    return None


def _check_centre(incoming: IncomingEvent) -> None:
    """Raises `UnreadableEvent` for an event about another centre than the one whose topic it is on."""
    topic = incoming.record.topic
    centre, named = topic_named(topic).centre_of(topic), getattr(incoming.event, "centre", None)
    if centre is not None and incoming.event is not None and named != centre:
        about = {"type": incoming.type, "source": incoming.source, "subject": incoming.subject}
        raise UnreadableEvent("foreign-centre", f"the topic of {centre} has an event about {named}", about)


def _attributes(headers: Headers) -> dict[str, str]:
    """The CloudEvents attributes. Raises `ValueError`, naming the header that is not UTF-8."""
    try:
        return {name[3:]: value.decode() for name, value in headers if name[:3] == "ce_"}  # pyright: ignore[reportOptionalMemberAccess]
    except (AttributeError, UnicodeDecodeError):
        return {name[3:]: _text(name, value) for name, value in headers if name.startswith("ce_")}


def _text(name: str, value: bytes | None) -> str:
    if value is None:
        raise ValueError(f"header {shown_name(name)} has no value")
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"header {shown_name(name)} is not UTF-8: {error.reason} at byte {error.start}") from error


def _sequence(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) <= _LAST_SEQUENCE):
        raise ValueError(f"sequence is not a whole number from 1 to {_LAST_SEQUENCE}")
    return int(text)


def _check_previous(text: str, sequence: int) -> None:
    """Raises `ValueError` for what no event with this number can follow."""
    if text != "0" and _sequence(text) >= sequence:
        raise ValueError("previous is not below the sequence")


def _time(text: str) -> datetime:
    try:
        return moment_of(text)
    except ValueError as error:
        raise ValueError("time is not a time as RFC 3339 writes it") from error


def _uuid_or_none(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
