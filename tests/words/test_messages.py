"""The rules for texts, on every message in every language."""

import re
from collections import defaultdict

import pytest

from services.chassis import i18n
from services.launcher import messages
from tests.words import rules
from tests.words.texts import Text, forms, texts

MOST = {True: 15, False: 20}
"""Words in a sentence, for visitors and for teams."""
ALLOWED: dict[str, str] = {}
"""Msgids that may break a rule, with the reason."""


def test_there_are_texts_for_visitors_and_for_teams() -> None:
    for lang in i18n.LANGUAGES:
        mine = [text for text in texts() if text.lang == lang]
        assert sum(text.visitors for text in mine) > 200
        assert sum(not text.visitors for text in mine) > 400


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
def test_a_text_keeps_the_rules(lang: str) -> None:
    wrong = {
        f"{text}: {form!r}": found
        for text in texts()
        if text.lang == lang and text.msgid not in ALLOWED
        for form in text.forms
        if (found := rules.faults(form, lang, MOST[text.visitors], numbers=not text.plural))
    }
    assert wrong == {}


def test_an_exception_is_still_needed() -> None:
    broken = {
        text.msgid
        for text in texts()
        for form in text.forms
        if rules.faults(form, text.lang, MOST[text.visitors], numbers=not text.plural)
    }
    assert ALLOWED.keys() - broken == set()


def test_a_message_has_one_translation() -> None:
    """In all packages; a code has one in each kind."""
    seen: dict[tuple[str | None, str, str], set[tuple[str, ...]]] = defaultdict(set)
    for text in texts():
        seen[text.kind, text.msgid, text.lang].add(text.forms)
    assert {key: found for key, found in seen.items() if len(found) > 1} == {}


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("Pour quel besoin ?", "fr"),
        ("Accord donné le {day} : oui.", "fr"),
        ("« Travailler »", "fr"),
        ("Vous êtes bienvenu.", "fr"),
        ("Appelez le visiteur.", "fr"),
        ("C'est réservé.", "fr"),
        ("Fini; recommencez.", "en"),
        ("{count} places", "fr"),
        ("{n} views", "en"),
        ("Das ist ‘gut’.", "de"),
        ("Der Besucher wartet.", "de"),
        ("Fehler in being_served.", "de"),
        ("Nu (version {version}).", "nl"),
        (" ".join(["woord"] * 21), "nl"),
    ],
)
def test_a_fault_is_found(text: str, lang: str) -> None:
    assert rules.faults(text, lang) != []


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("Pour quel besoin\u202f?", "fr"),
        ("Accord donné le {day}\u00a0: à 09:15.", "fr"),
        ("«\u00a0Travailler\u00a0»", "fr"),
        ("Conseiller ou conseillère", "fr"),
        ("Présences\u00a0: {came} sur {people}", "fr"),
        ("Écrivez à `cefo up; cefo doctor`.", "fr"),
        ("„Gut“, sagt die Beraterin oder der Berater.", "de"),
        ("It’s {minutes} min.", "en"),
    ],
)
def test_a_good_text_passes(text: str, lang: str) -> None:
    assert rules.faults(text, lang) == []


def test_texts_name_themselves() -> None:
    assert str(Text("intake", "Call", None, "fr", ("Appeler",), False, False)) == "intake fr 'Call'"


COUNTED = re.compile(r"(?:\{\w+\}|%\(\w+\)[sd])\s([^\W\d_]+)")
"""A number that is filled in, and the word after it."""


def counted(text: str) -> set[str]:
    """The words of a text that follow a number."""
    return set(COUNTED.findall(text))


@pytest.mark.parametrize("lang", ["fr", "de", "nl"])
def test_what_is_counted_has_a_singular(lang: str) -> None:
    """A word that has a singular and a plural in one message never follows a number without them in another."""
    entries = [
        (forms(one.id), forms(one.string))
        for package in messages.packages()
        for one in messages.catalogue(package, lang)
        if one.id
    ]
    words = {
        word for entry in entries for one, *many in entry for other in many for word in counted(one) ^ counted(other)
    }
    assert {"minutes", "days", "visits"} <= words
    single = [text for entry in entries if len(entry[0]) == 1 for (text,) in entry]
    assert [text for text in single if counted(text) & words] == []
