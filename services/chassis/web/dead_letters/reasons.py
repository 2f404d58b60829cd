"""What the reasons of dead letters mean, in the reader's language. Stores and topics keep them as slugs, in English."""

import re
from collections.abc import Iterator
from functools import cache
from string import Formatter

from services.chassis.i18n import translate
from services.chassis.refusals import Refused, msg
from services.chassis.web.problems import outline, rule_words

REASONS = {
    "ahead": msg("An earlier event of the same record is still missing."),
    "bad-data": msg("Its content does not match this type of event."),
    "bad-envelope": msg("The headers of an event are missing or incomplete."),
    "foreign-centre": msg("The event is about another centre than that of its topic."),
    "foreign-source": msg("Its sender may not write to this topic."),
    "foreign-topic": msg("This type of event is not accepted on this topic."),
    "subject-erased": msg("The person was deleted. The event is discarded automatically."),
    "undeclared-fields": msg("It contains fields that this type of event does not have. They were not kept."),
    "unknown-type": msg("This type of event is not known here yet. Its sender is newer than this service."),
}
"""Explanations of the platform's own reasons; other reasons are the slugs of refusals, or names of errors."""
_REFUSED = msg("A rule refused it. The details say which.")
_FAILED = msg("An error of the software stopped it. The details say which.")


def reason_words(reason: str) -> str:
    """What a reason means (a msgid)."""
    return REASONS.get(reason) or (_REFUSED if reason.islower() else _FAILED)


def explained(reason: str, detail: str = "") -> str:
    """The field and its rule, or the message of the rule that refused the event, in the reader's language.

    Empty where only the technical detail has more than `reason_words`. Without a detail values are shown as `…`.
    """
    if fault := _FAULT.fullmatch(detail) if reason == "bad-data" else None:
        return f"{fault['field']}: {rule_words(fault['rule'])}"
    refusals = [one for one in _every(Refused) if one.slug == reason]
    for one in refusals:
        if found := _pattern(one.slug, one.message).fullmatch(detail):
            values = {name: translate(value) if value else value for name, value in found.groupdict().items()}
            return translate(one.message).format(**values)
    return outline(refusals[0].message) if refusals else ""


_FAULT = re.compile(r"(?P<field>[^:]*): .* \((?P<rule>[a-z_]+)\)", re.DOTALL)
"""As `fault_of` of an event writes it."""


def _every(refusal: type[Refused]) -> Iterator[type[Refused]]:
    yield refusal
    for one in refusal.__subclasses__():
        yield from _every(one)


@cache
def _pattern(slug: str, message: str) -> re.Pattern[str]:
    """What finds the values in the English text of a refusal."""
    parts, names = [re.escape(f"{slug}: ")], set[str]()
    for literal, name, _, _ in Formatter().parse(message):
        parts.append(re.escape(literal))
        if name:
            parts.append(f"(?P={name})" if name in names else f"(?P<{name}>.*)")
            names.add(name)
    return re.compile("".join(parts), re.DOTALL)
