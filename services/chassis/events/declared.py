"""What of a record its type declares: the attributes and fields that may be kept in plain text.

A value is kept only if it has the form that its attribute or field declares, so that a free text in the place of a code
is not kept. Of everything else the name is kept, if it looks like one.
"""

import contextlib
import re
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Annotated, Any, NamedTuple, cast
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import from_json, to_json

from services.contracts import EVENTS, Event
from services.contracts.attributes import check_token, shown_name, shown_names
from services.contracts.cloudevents import (
    SEQUENCE,
    TRACEPARENT,
    Headers,
    Record,
    binary_record,
    trace_of,
)
from services.contracts.json_keys import repeated_key
from services.contracts.topics import DESK, Topic, topic_named
from services.contracts.validation import LARGEST_CHECK_IN, undeclared_fields


class DeclaredPart(NamedTuple):
    """The declared part of a record."""

    record: Record
    """The record with nothing else in it."""
    withheld: list[str]
    """The names of headers and fields that are left out."""
    suffices: bool
    """Whether this part is all that the service could use of the record."""
    subject_ref: UUID | None
    """The person whom the event is about, if it names one."""

    def attributes(self) -> set[str]:
        """The values of its attributes, and its key."""
        values = (value for _, value in (*self.record.headers, ("", self.record.key)) if value is not None)
        return {value.decode() for value in values}


def declared_part(record: Record) -> DeclaredPart:
    """The declared part of this record. Raises nothing, whatever is in the record."""
    topic = topic_named(record.topic)
    with contextlib.suppress(ValueError):
        record = binary_record(record)
    from_outside = topic.owner == DESK
    headers = [(name, value) for name, value in record.headers if _is_declared(name, value, from_outside)]
    withheld = [shown_name(name) for name, value in record.headers if (name, value) not in headers]
    key = record.key if record.key is not None and _fits(_id(from_outside), record.key) else None
    event = _event_of(headers, topic, record.topic)
    fields, undeclared, faulty = declared_fields(event, record.value) if event is not None else ({}, [], True)
    value = to_json(fields) if fields else b""
    suffices = not faulty and not undeclared and _is_identified(record, headers, key)
    return DeclaredPart(
        record._replace(key=key, headers=headers, value=value),
        shown_names([*withheld, *undeclared]),
        suffices or (from_outside and bool(undeclared)),
        fields.get("subject_ref") and UUID(fields["subject_ref"]),
    )


def declared_fields(event: type[Event], value: bytes) -> tuple[dict[str, Any], list[str], bool]:
    """The declared fields with a valid value, the names of the undeclared ones, and whether a declared one is wrong."""
    try:
        data: Any = from_json(value) if len(value) <= LARGEST_CHECK_IN or event.topic.owner != DESK else None
    except ValueError:
        data = None
    if not isinstance(data, dict):
        return {}, [], True
    faulty = repeated_key(value) is not None
    kept: dict[str, Any] = {}
    for name, adapter in _adapters(event).items():
        if name in data:
            with contextlib.suppress(ValidationError):
                kept[name] = adapter.dump_python(adapter.validate_python(data[name]), mode="json")
    try:
        event.__pydantic_validator__.validate_json(value, extra="forbid")
    except ValidationError as error:
        undeclared = undeclared_fields(error)
        return kept, undeclared, faulty or error.error_count() > len(undeclared)
    return kept, [], faulty


@cache
def _adapters(event: type[Event]) -> dict[str, TypeAdapter[Any]]:
    return {name: TypeAdapter(_with_constraints(one)) for name, one in event.model_fields.items()}


def _with_constraints(field: FieldInfo) -> Any:
    declared = cast(Any, Annotated)
    return declared[(field.annotation, *field.metadata)] if field.metadata else field.annotation


def _event_of(headers: Headers, topic: Topic, topic_name: str) -> type[Event] | None:
    """The type of the event, if this topic accepts it from its source."""
    attributes = dict(headers)
    event = EVENTS.get((attributes.get("ce_type") or b"").decode())
    source = (attributes.get("ce_source") or b"").decode()
    if event is None or event.topic.name != topic.name or not topic.accepts_source(source, topic_name):
        return None
    return event


def _is_identified(record: Record, headers: Headers, key: bytes | None) -> bool:
    """Whether the declared part has what makes this record the event that it is."""
    before, after = dict(record.headers), dict(headers)
    keyed = key == record.key or "ce_subject" in after
    return keyed and all(before.get(name) == after.get(name) for name in _IDENTITY)


_ORDER = (SEQUENCE, "ce_sequence", "ce_previous")
_IDENTITY = ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", *_ORDER)

Fits = Callable[[str], object]
"""Raises `ValueError` for a value of another form, or returns something false."""


def _like(pattern: str) -> Fits:
    return re.compile(pattern).fullmatch


def _token(text: str) -> bool:
    check_token("value", text)
    return True


def _uuid(text: str) -> bool:
    return bool(UUID(text)) and len(text) == 36


def _id(from_outside: bool) -> Fits:
    return _uuid if from_outside else _token


_FORMS: dict[str, Fits] = {
    "ce_specversion": _like(r"[0-9]\.[0-9]"),
    "ce_source": _like(r"[A-Za-z0-9/._~:-]{1,190}"),
    "ce_type": _like(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)+"),
    "ce_time": datetime.fromisoformat,
    **dict.fromkeys(_ORDER, _like(r"[0-9]{1,19}")),
    "ce_sequencetype": _like("Integer"),
    "ce_correlationid": _uuid,
    "ce_causationid": _uuid,
    "ce_dataschema": _like(r"(urn:cefo:schema:|/contracts/)[a-z][a-z0-9.-]*"),
    "ce_datacontenttype": _like(r"application/json(; *charset=utf-8)?"),
    "content-type": _like(r"application/json(; *charset=utf-8)?"),
    TRACEPARENT: lambda text: trace_of([(TRACEPARENT, text.encode())]),
}


def _is_declared(name: str, value: bytes | None, from_outside: bool) -> bool:
    form = _id(from_outside) if name in ("ce_id", "ce_subject") else _FORMS.get(name)
    return form is not None and value is not None and _fits(form, value)


def _fits(form: Fits, value: bytes) -> bool:
    try:
        return bool(form(value.decode()))
    except ValueError:
        return False
