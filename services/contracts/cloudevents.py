"""Events as CloudEvents 1.0 in Kafka binary mode: `ce_*` headers, JSON value, the aggregate's id as key.

Written and read here and not by the CloudEvents library, which takes five times as long (docs/decisions); a test holds
both to the same answer, in both directions.
"""

import re
from collections.abc import Container, Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from pydantic import ValidationError

from services.contracts import EVENTS, Event

Headers = list[tuple[str, bytes | None]]
"""Names and values as Kafka carries them; a name may stand there twice, and a value may be missing."""

LONGEST = 190
"""Most characters of an attribute that the stores keep: type, source, id, subject."""

TRACEPARENT = "traceparent"
"""The header that carries the trace (W3C Trace Context, version 00)."""

_TRACEPARENT = re.compile("00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_LAST_SEQUENCE = 2**63 - 1
_CHAINS = UUID("0d5b1c2e-8a64-4d57-9a44-6a3f4c6f2b10")


class Record(NamedTuple):
    """What stands in a topic, as bytes. `partition` and `offset` are -1 for what was not read from a topic."""

    topic: str
    key: bytes | None
    headers: Headers
    value: bytes
    partition: int = -1
    offset: int = -1


class IncomingEvent(NamedTuple):
    """An event as it was read: what happened, and who said it in which order."""

    event: Event | None
    """None when nobody here asked for the type: then its value was not read either."""
    type: str
    id: str
    source: str
    subject: str
    time: datetime | None
    sequence: int | None
    """Which event of its aggregate this is, from 1; None from partners that do not count."""
    record: Record

    @property
    def correlation_id(self) -> UUID:
        """The chain the event belongs to; the chain it begins, when its sender named none."""
        named = _uuid_or_none(self._header("ce_correlationid"))
        return named or self.uuid or uuid5(_CHAINS, f"{self.source} {self.id}")

    @property
    def uuid(self) -> UUID | None:
        """The event's id; None where its sender has ids of another kind."""
        return _uuid_or_none(self.id)

    @property
    def traceparent(self) -> str | None:
        """The W3C trace that the event was published in, if it names one that can be read."""
        return trace_of(self.record.headers)

    @property
    def causation_id(self) -> UUID | None:
        """The event that set this one off, if its sender named one."""
        return _uuid_or_none(self._header("ce_causationid"))

    def _header(self, wanted: str) -> str | None:
        found = [value for name, value in self.record.headers if name == wanted]
        return (found[-1] or b"").decode() if found else None


def trace_of(headers: Iterable[tuple[str, bytes | None]]) -> str | None:
    """The `traceparent` among these headers; None where there is none, or one that is not well formed."""
    for name, value in headers:
        if name == TRACEPARENT and value is not None:
            text = value.decode("ascii", "replace")
            return text if _TRACEPARENT.fullmatch(text) else None
    return None


class UnreadableEvent(Exception):
    """The bytes are no event we can read. `reason` is a slug, the text says what was wrong.

    `about`: type, source, subject and sequence, where these at least could be read.
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
) -> Record:
    """The record that says `event`, in CloudEvents binary mode."""
    key = event.key.encode()
    moment = time.astimezone(UTC).isoformat()
    headers: Headers = [
        ("ce_id", str(id).encode()),
        *_constant_headers(event.type),
        ("ce_time", moment.replace("+00:00", "Z").encode()),
        ("ce_subject", key),
        ("ce_correlationid", str(correlation_id).encode()),
        ("ce_sequence", b"%d" % sequence),
    ]
    if causation_id is not None:
        headers.append(("ce_causationid", str(causation_id).encode()))
    if traceparent is not None:
        headers.append((TRACEPARENT, traceparent.encode()))
    return Record(event.topic.name, key, headers, event.model_dump_json().encode())


@cache
def _constant_headers(type: str) -> Headers:
    return [
        ("ce_source", EVENTS[type].topic.source.encode()),
        ("ce_type", type.encode()),
        ("ce_specversion", b"1.0"),
        ("ce_dataschema", f"/contracts/{type}.json".encode()),
        ("content-type", b"application/json"),
    ]


def read_event(record: Record, wanted: Container[str] = EVENTS) -> IncomingEvent:
    """Read a record; its value only when its type is `wanted`.

    Raises `Unreadable`, never anything else: what partners send is not ours to trust.
    """
    try:
        attributes = _attributes(record.headers)
        if attributes["specversion"] != "1.0":
            raise ValueError(f"specversion {attributes['specversion']!r} is not '1.0'")
        kind, event_id, source = attributes["type"], attributes["id"], attributes["source"]
        subject = attributes.get("subject") or (record.key or b"").decode() or event_id
        for name, value in (("type", kind), ("id", event_id), ("source", source), ("subject", subject)):
            if not 0 < len(value) <= LONGEST or "\0" in value:
                raise ValueError(f"{name} must have 1 to {LONGEST} characters, none of them NUL; it has {len(value)}")
        sequence = _sequence(attributes["sequence"]) if "sequence" in attributes else None
        time = datetime.fromisoformat(attributes["time"]) if "time" in attributes else None
    except KeyError as error:
        raise UnreadableEvent("bad-envelope", f"header ce_{error.args[0]} is missing") from error
    except ValueError as error:
        raise UnreadableEvent("bad-envelope", str(error)) from error
    try:
        event = EVENTS[kind].__pydantic_validator__.validate_json(record.value) if kind in wanted else None
    except ValidationError as error:
        about = {"type": kind, "source": source, "subject": subject, "sequence": sequence}
        raise UnreadableEvent("bad-data", _first_fault(error), about) from error
    return IncomingEvent(event, kind, event_id, source, subject, time, sequence, record)


def _attributes(headers: Headers) -> dict[str, str]:
    """The CloudEvents attributes. Raises `ValueError`, naming the header that is no text."""
    try:
        return {name[3:]: value.decode() for name, value in headers if name[:3] == "ce_"}  # pyright: ignore[reportOptionalMemberAccess]
    except (AttributeError, UnicodeDecodeError):
        return {name[3:]: _text(name, value) for name, value in headers if name.startswith("ce_")}


def _text(name: str, value: bytes | None) -> str:
    if value is None:
        raise ValueError(f"header {name} has no value")
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"header {name} is not UTF-8: {error.reason} at byte {error.start}") from error


def _sequence(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) <= _LAST_SEQUENCE):
        raise ValueError(f"sequence {text[:40]!r} is no whole number from 1 to {_LAST_SEQUENCE}")
    return int(text)


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, fault['loc'])) or 'value'}: {fault['msg']}"


def _uuid_or_none(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
