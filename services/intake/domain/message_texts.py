"""The texts of messages with their placeholders, and how these are filled in. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Placeholder(StrEnum):
    """What a text leaves open, in braces: `{date}`."""

    CENTRE = "centre"
    DATE = "date"
    """Of the appointment, or of the first session."""
    TIME = "time"
    TIMES = "times"
    """Every date with its time, each on a line of its own."""
    LINK = "link"
    """The personal link."""
    STOP = "stop"
    """The address at which the person stops the messages."""


@dataclass(frozen=True, slots=True)
class Texts:
    """What a message says: the subject and body of its e-mail, and the text to a telephone."""

    subject: str
    body: str
    """Paragraphs are separated by an empty line."""
    sms: str


Values = Mapping[Placeholder, str]
_OPEN = re.compile(r"\{([^{}]*)\}")


def filled(text: str, values: Values) -> str:
    """The text with these values. Nothing in a value is a placeholder."""
    return _OPEN.sub(lambda found: values.get(Placeholder(found[1]), ""), text)


def filled_parts(text: str, values: Values, between: str) -> str:
    """The same, without the parts that need the personal link where there is none. `between` separates the parts."""
    link = f"{{{Placeholder.LINK}}}"
    return filled(
        between.join(one for one in text.split(between) if link not in one or Placeholder.LINK in values), values
    )
