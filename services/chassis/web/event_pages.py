"""What a service's AsyncAPI document says, arranged for its page.

Types are written as TypeScript writes them: `"desk" | "kiosk"`, `uuid | null`, `string[]`.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

Document = dict[str, Any]
Schema = dict[str, Any]
_DAY_MS = 86_400_000


class Field(NamedTuple):
    """A field of a payload, or a header. `path`: from the top, `opening_hours[].weekdays`."""

    path: str
    type: str
    required: bool
    privacy: str | None
    """The privacy class: `public`, `operational` or `pseudonymous`. None for what only holds other fields."""
    default: str | None
    """As JSON; None without a default."""
    description: str


class Message(NamedTuple):
    """An event type. `key`: the field that is also the record's key."""

    type: str
    summary: str
    key: str
    fields: list[Field]


class Channel(NamedTuple):
    """A topic and the event types on it that a service emits, or those that it consumes.

    `days`: how long Kafka keeps an event; None: for good. `compacted`: only the last event of a key is kept.
    """

    topic: str
    compacted: bool
    days: float | None
    partitions: int
    replicas: int
    messages: list[Message]


def shown(document: Document) -> dict[str, Any]:
    """What the template shows: `servers`, `headers`, and the topics that are `emitted` and `consumed`."""
    messages: list[Schema] = list(document["components"]["messages"].values())
    headers: Schema = messages[0]["headers"] if messages else {}
    return {
        "servers": document["servers"],
        "headers": list(_fields(headers, document)),
        "emitted": _channels(document, "send"),
        "consumed": _channels(document, "receive"),
    }


def _channels(document: Document, action: str) -> list[Channel]:
    found: list[Channel] = []
    for operation in document["operations"].values():
        if operation["action"] == action:
            channel = _resolved(document, operation["channel"])
            binding = channel["bindings"]["kafka"]
            kept = binding["topicConfiguration"]
            age = kept["retention.ms"]
            found.append(
                Channel(
                    channel["address"],
                    kept["cleanup.policy"] == ["compact"],
                    age / _DAY_MS if age >= 0 else None,
                    binding["partitions"],
                    binding["replicas"],
                    [_message(document, reference) for reference in operation["messages"]],
                )
            )
    return found


def _message(document: Document, reference: Schema) -> Message:
    message = _resolved(document, reference)
    key = message["bindings"]["kafka"]["key"]["description"].strip("`")
    return Message(message["name"], message["summary"], key, list(_fields(message["payload"], document)))


def _fields(schema: Schema, document: Document, above: str = "") -> Iterator[Field]:
    required = schema.get("required", [])
    for name, field in schema.get("properties", {}).items():
        inner = _resolved(document, field)
        default = orjson.dumps(field["default"]).decode() if "default" in field else None
        description = inner.get("description", "")
        yield Field(above + name, _type(inner, document), name in required, _privacy(inner), default, description)
        of_items = inner.get("type") == "array"
        object = _resolved(document, inner["items"]) if of_items else inner
        yield from _fields(object, document, f"{above}{name}{'[]' if of_items else ''}.")


def _type(schema: Schema, document: Document) -> str:
    schema = _resolved(document, schema)
    if "anyOf" in schema:
        return " | ".join(_type(one, document) for one in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return " | ".join(orjson.dumps(one).decode() for one in schema.get("enum", [schema.get("const")]))
    if schema["type"] == "array":
        item = _type(schema["items"], document)
        return f"({item})[]" if " | " in item else f"{item}[]"
    return str(schema.get("format", schema["type"]))


def _privacy(schema: Schema) -> str | None:
    """The class of a field, which Pydantic writes beside the type, in its alternatives or in its items."""
    parts = [schema, *schema.get("anyOf", []), schema.get("items", {})]
    return next((part["x-privacy"] for part in parts if "x-privacy" in part), None)


def _resolved(document: Document, schema: Schema) -> Schema:
    """The schema with what its `$ref` (RFC 6901) leads to, however often."""
    if "$ref" not in schema:
        return schema
    part: Any = document
    for step in schema["$ref"].removeprefix("#/").split("/"):
        part = part[step.replace("~1", "/").replace("~0", "~")]
    beside = {name: value for name, value in schema.items() if name != "$ref"}
    return _resolved(document, part) | beside
