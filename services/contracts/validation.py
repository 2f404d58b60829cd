"""Validates the value of an event: its declared fields, and on the desks' topics no others."""

from pydantic import ValidationError

from services.contracts.attributes import shown_names, shown_path
from services.contracts.envelope import Event
from services.contracts.topics import DESK, Topic

LARGEST_CHECK_IN = 64 * 1024
"""Most bytes of a value on the desks' topics."""

UNDECLARED = "undeclared-fields"
"""The reason for which an event of a desk with undeclared fields is refused."""


def validated(topic: Topic, event: type[Event], value: bytes) -> Event:
    """The event with this value. Raises `ValidationError`, for an undeclared field of a desk too."""
    if topic.owner != DESK:
        return event.__pydantic_validator__.validate_json(value)
    # A value that is too large is not parsed.
    return event.__pydantic_validator__.validate_json(value if len(value) <= LARGEST_CHECK_IN else b"", extra="forbid")


def fault_of(error: ValidationError) -> tuple[str, str]:
    """Reason and detail: the names of all undeclared fields, or else the first wrong field and its rule."""
    faults = error.errors(include_url=False, include_input=False)
    if undeclared := undeclared_fields(error):
        return UNDECLARED, f"fields that this type of event does not declare: {', '.join(shown_names(undeclared))}"
    return "bad-data", f"{shown_path(faults[0]['loc']) or 'value'}: {faults[0]['msg']} ({faults[0]['type']})"


def undeclared_fields(error: ValidationError) -> list[str]:
    """The names of the undeclared fields among these faults, as people may see them."""
    faults = error.errors(include_url=False, include_input=False, include_context=False)
    return [shown_path(one["loc"]) for one in faults if one["type"] == "extra_forbidden"]
