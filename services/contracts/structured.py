"""Reads CloudEvents in structured mode: a record whose value is the whole event as JSON.

Front desks' own software may send it on the desks' topics. It is turned into binary mode, in which everything else
reads, refuses and keeps events.
"""

import re
from base64 import b64decode
from typing import Any, cast

from pydantic_core import from_json, to_json

from services.contracts.attributes import shown_name
from services.contracts.json_keys import repeated_key

Headers = list[tuple[str, bytes | None]]

CONTENT_TYPE = "content-type"
_STRUCTURED = re.compile(rb"application/cloudevents(\+json)?\s*(;.*)?", re.I)
_ATTRIBUTE = re.compile(r"[a-z0-9]{1,40}")
_DATA = ("data", "data_base64")


def is_structured(headers: Headers) -> bool:
    """Whether the record's content type says that its value is a whole event."""
    found = [value for name, value in headers if name.lower() == CONTENT_TYPE]
    return bool(found and found[-1] and _STRUCTURED.fullmatch(found[-1]))


def in_binary_mode(headers: Headers, value: bytes) -> tuple[Headers, bytes]:
    """Headers and value of the same event in binary mode. Raises `ValueError`, without a value of the sender."""
    try:
        found: Any = from_json(value)
    except ValueError as error:
        raise ValueError("the value is no JSON, as its content type says") from error
    if not isinstance(found, dict):
        raise ValueError("the value is no JSON object")
    if repeated_key(value) is not None:
        raise ValueError("a member is there twice")
    event = cast("dict[str, Any]", found)
    attributes = [
        (f"ce_{name}", _text(name, one)) for name, one in event.items() if name not in _DATA and one is not None
    ]
    others = [(name, one) for name, one in headers if name.lower() != CONTENT_TYPE and not name.startswith("ce_")]
    return [*attributes, (CONTENT_TYPE, b"application/json"), *others], _data(event)


def _text(name: str, value: Any) -> bytes:
    """An attribute as its header has it. Raises `ValueError`."""
    if not _ATTRIBUTE.fullmatch(name):
        raise ValueError(f"{shown_name(name)} is no name of an attribute")
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if not isinstance(value, str | int):
        raise ValueError(f"attribute {shown_name(name)} is no text")
    return str(value).encode()


def _data(event: dict[str, Any]) -> bytes:
    encoded = event.get("data_base64")
    if encoded is None:
        return to_json(event["data"]) if event.get("data") is not None else b""
    if not isinstance(encoded, str):
        raise ValueError("data_base64 is no text")
    return b64decode(encoded, validate=True)
