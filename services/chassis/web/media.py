"""Answers that are no JSON document: sequences of events, lines or rows. A route names its kind in `response_class`."""

from typing import Any

from sse_starlette import EventSourceResponse
from starlette.responses import Response, StreamingResponse


class EventStream(EventSourceResponse):
    """Server-sent events; the data of each is JSON, or HTML for pages."""

    media_type = "text/event-stream"


class Lines(StreamingResponse):
    """JSON objects, one per line."""

    media_type = "application/x-ndjson"


class Csv(Response):
    """Rows of a table, the first with the names of the columns."""

    media_type = "text/csv"


SEQUENCES = frozenset(kind.media_type for kind in (EventStream, Lines, Csv))


def as_text(media_type: str, item: dict[str, Any] | None) -> dict[str, Any]:
    """The JSON Schema of a text that is a sequence. `item`: the schema of one event, line or row."""
    schema: dict[str, Any] = {"type": "string", "contentMediaType": media_type}
    return schema | ({"contentSchema": {"type": "array", "items": item}} if item else {})
