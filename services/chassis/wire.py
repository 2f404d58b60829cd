"""Events as CloudEvents 1.0 in Kafka binary mode: `ce_*` headers, JSON value, the aggregate's id as key."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from cloudevents.core.bindings.kafka import to_binary
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from pydantic import ValidationError

from services.contracts import EVENTS, Event

Headers = list[tuple[str, bytes | None]]
"""Names and values as Kafka carries them; a name may stand there twice, and a value may be missing."""

LONGEST = 190
"""Most characters of an attribute that the stores keep: type, source, id, subject."""

_LAST_SEQUENCE = 2**63 - 1
_JSON = JSONFormat()


class Record(NamedTuple):
    """What stands in a topic, as bytes. `partition` and `offset` are -1 for what was not read from a topic."""

    topic: str
    key: bytes | None
    headers: Headers
    value: bytes
    partition: int = -1
    offset: int = -1


@dataclass(frozen=True, slots=True)
class Heard:
    """An event as it was read: what happened, and who said it in which order."""

    event: Event | None
    """None when this service does not know the type."""
    type: str
    id: str
    source: str
    subject: str
    time: datetime | None
    sequence: int | None
    """Which event of its aggregate this is, from 1; None from partners that do not count."""
    correlation_id: UUID
    causation_id: UUID | None
    record: Record


class Unreadable(Exception):
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
    source: str,
    time: datetime,
    sequence: int,
    correlation_id: UUID,
    causation_id: UUID | None,
) -> Record:
    """The record that says `event`, in CloudEvents binary mode."""
    attributes: dict[str, Any] = {
        "id": str(id),
        "source": source,
        "type": event.type,
        "specversion": "1.0",
        "time": time,
        "subject": event.key,
        "datacontenttype": "application/json",
        "dataschema": f"/contracts/{event.type}.json",
        "correlationid": str(correlation_id),
        "sequence": str(sequence),
    }
    if causation_id is not None:
        attributes["causationid"] = str(causation_id)
    message = to_binary(CloudEvent(attributes, event.model_dump_json().encode()), _JSON)
    return Record(event.topic, event.key.encode(), list(message.headers.items()), message.value)


def read_event(record: Record) -> Heard:
    """Read a record. Raises `Unreadable`, never anything else: what partners send is not ours to trust.

    The headers are read here and not by the library, which takes five times as long;
    a test holds both to the same answer.
    """
    try:
        said = {name[3:]: _text(name, value) for name, value in record.headers if name.startswith("ce_")}
        if said["specversion"] != "1.0":
            raise ValueError(f"specversion {said['specversion']!r} is not '1.0'")
        subject = said.get("subject") or (record.key or b"").decode() or said["id"]
        kind, event_id, source = said["type"], said["id"], said["source"]
        for name, value in (("type", kind), ("id", event_id), ("source", source), ("subject", subject)):
            if not 0 < len(value) <= LONGEST or "\0" in value:
                raise ValueError(f"{name} must have 1 to {LONGEST} characters, none of them NUL; it has {len(value)}")
        sequence = _sequence(said["sequence"]) if "sequence" in said else None
        time = datetime.fromisoformat(said["time"]) if "time" in said else None
    except KeyError as error:
        raise Unreadable("bad-envelope", f"header ce_{error.args[0]} is missing") from error
    except ValueError as error:
        raise Unreadable("bad-envelope", str(error)) from error
    event_class = EVENTS.get(kind)
    try:
        event = event_class.model_validate_json(record.value) if event_class is not None else None
    except ValidationError as error:
        about = {"type": kind, "source": source, "subject": subject, "sequence": sequence}
        raise Unreadable("bad-data", _first_fault(error), about) from error
    return Heard(
        event=event,
        type=kind,
        id=event_id,
        source=source,
        subject=subject,
        time=time,
        sequence=sequence,
        correlation_id=_uuid_or_none(said.get("correlationid")) or _uuid_or_none(event_id) or uuid4(),
        causation_id=_uuid_or_none(said.get("causationid")),
        record=record,
    )


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
