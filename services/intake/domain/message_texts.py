"""The texts of messages: which placeholders they may and must have, and how these are filled in. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.chassis.refusals import Invalid, msg
from services.intake.domain.messages import MailPurpose


class Placeholder(StrEnum):
    """What a text leaves open, in braces: `{date}`."""

    CENTRE = "centre"
    CONTACT = "contact"
    """The address of the centre's public page, with its telephone number."""
    DATE = "date"
    """Of the appointment, or of the first session."""
    TIME = "time"
    TIMES = "times"
    """Every date with its time, each on a line of its own."""
    UNTIL = "until"
    """Until when the person can answer."""
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
    """The same, without the parts that need the personal link where there is none. `between` separates the parts.

    A line with the address of the centre's page is left out where there is no room for it.
    """
    link, contact = f"{{{Placeholder.LINK}}}", f"{{{Placeholder.CONTACT}}}"
    if Placeholder.CONTACT not in values:
        text = "\n".join(line for line in text.split("\n") if contact not in line)
    return filled(
        between.join(one for one in text.split(between) if link not in one or Placeholder.LINK in values), values
    )


class UnknownPlaceholder(Invalid):
    """Braces are around something that is no placeholder of this text."""

    slug = "unknown-placeholder"
    message = msg("Only these words may stand in braces here: {allowed}. Remove the others.")


class MissingPlaceholder(Invalid):
    """The text lacks something that the person needs."""

    slug = "missing-placeholder"
    message = msg("This is missing in the text: {missing}. Add it.")


class LinkNotAlone(Invalid):
    """What goes with the personal link would be missing where there is no link."""

    slug = "link-not-alone"
    message = msg(
        "Put {{link}} in a paragraph of its own, without other words in braces. "
        "In a text message, put it on a line of its own."
    )


class TextMessageTooLong(Invalid):
    """The text message would take more than two segments."""

    slug = "text-message-too-long"
    message = msg(
        "With its links and the longest name of a centre, this text message is too long. "
        "Its parts: {parts}, at most: {most}. Shorten it."
    )
    field_name = "sms"


_P = Placeholder
_ALWAYS = (_P.CENTRE, _P.LINK, _P.STOP)
"""What a body and a text message have in any case."""


def allowed_in(field: str, purpose: MailPurpose) -> tuple[Placeholder, ...]:
    """The placeholders that a field of `Texts` may have."""
    times = {"subject": (_P.DATE, _P.TIME), "body": (_P.TIMES, _P.DATE, _P.TIME), "sms": (_P.DATE, _P.TIME)}[field]
    until = (_P.UNTIL,) if purpose.asks else ()
    always = (_P.CENTRE,) if field == "subject" else (*_always(purpose), _P.CONTACT)
    return (*always, *(times if purpose.has_times else ()), *until)


def _always(purpose: MailPurpose) -> tuple[Placeholder, ...]:
    return (_P.CENTRE, _P.LINK) if purpose.confirms else _ALWAYS


def needed_in(field: str, purpose: MailPurpose) -> tuple[Placeholder, ...]:
    """The placeholders that a field of `Texts` must have."""
    times = {"subject": (), "body": (_P.TIMES,), "sms": (_P.DATE, _P.TIME)}[field]
    until = (_P.UNTIL,) if purpose.asks and field != "subject" else ()
    always = () if field == "subject" else _always(purpose)
    return (*always, *(times if purpose.has_times else ()), *until)


def check_texts(texts: Texts, purpose: MailPurpose) -> None:
    """Raises `UnknownPlaceholder`, `MissingPlaceholder` and `LinkNotAlone` about the field."""
    for field, text in (("subject", texts.subject), ("body", texts.body), ("sms", texts.sms)):
        allowed, found = allowed_in(field, purpose), _OPEN.findall(text)
        if set(found) - set(allowed) or re.search(r"[{}]", _OPEN.sub("", text)):
            raise UnknownPlaceholder(field, allowed=in_braces(allowed))
        if missing := [one for one in needed_in(field, purpose) if one not in found]:
            raise MissingPlaceholder(field, missing=in_braces(missing))
        parts = text.split("\n" if field == "sms" else "\n\n")
        if any("{link}" in one and len(_OPEN.findall(one)) > 1 for one in parts):
            raise LinkNotAlone(field)


def in_braces(placeholders: Iterable[Placeholder]) -> str:
    """Placeholders as they are typed: `{date}, {time}`."""
    return ", ".join(f"{{{one}}}" for one in placeholders)
