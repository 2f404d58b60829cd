"""The words of what can be chosen: a refusal names the choices as people read them, never by their codes."""

import re
from collections.abc import Collection, Iterable

from services.chassis.copies.purposes import PURPOSE_TITLES
from services.chassis.i18n import LANGUAGE_NAMES, translate, word_of
from services.chassis.identity.people import ROLE_LABELS
from services.chassis.refusals import CHOICES, with_own_words, with_words
from services.contracts.words import WITH_WORDS

with_own_words(*WITH_WORDS)
with_words(LANGUAGE_NAMES)
with_words(ROLE_LABELS)
with_words(PURPOSE_TITLES)


def words_of(codes: Collection[str]) -> list[str]:
    """The words of these codes in the reader's language; empty for choices that no person makes."""
    known = [named for named in CHOICES if named.issuperset(codes)]
    if not known or not codes:
        return []
    labels = CHOICES[min(known, key=len)]
    return [word_of(labels(code)) if isinstance(labels, type) else translate(labels[code]) for code in codes]


def codes_in(expected: str) -> list[str]:
    """The codes in pydantic's list: `'desk', 'kiosk' or 'phone'`."""
    return re.findall(r"'([^']*)'", expected)


def listed(words: Iterable[str]) -> str:
    """Words in a row."""
    return ", ".join(words)
