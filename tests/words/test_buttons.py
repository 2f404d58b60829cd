"""A button says what happens, with a verb."""

import re
from collections.abc import Iterator
from functools import cache

import pytest

from services.chassis import i18n
from services.launcher import messages
from tests.words.texts import texts

BUTTON = re.compile(r"<button\b[^>]*>(.*?)</button>", re.DOTALL)
MARKED = re.compile(r'_\("((?:[^"\\]|\\.)*)"|_\(\'((?:[^\'\\]|\\.)*)\'')
MACRO = re.compile(r"\b(?:confirm|button)\((.*?)(?:}}|%})", re.DOTALL)
"""A call of a macro that writes buttons: their labels, and a question, which is a sentence."""
HIDDEN = re.compile(r'<span class="visually-hidden">.*?</span>', re.DOTALL)
ANSWER = re.compile(r"^(Oui|Non|Ja|Nein|Nee|Yes|No), ")
VERB = {
    "fr": r"^(Ne |Se |S’|Tout )?[\w’]*(er|ir|re)\b",
    "de": r"(^[A-ZÄÖÜ]|\b[a-zäöü])\w*(en|ern|eln|tun)$",
    "nl": r"(?i)\b(aanmaken|aanmelden|aanvragen|(de)?activeren|afdrukken|afmelden|afronden|annuleren|beëindigen"
    r"|aanvaarden|beginnen|bevestigen|bewaren|wissen|goedkeuren|(in|uit)schrijven|halen|sturen|uitnodigen|verwijderen"
    r"|instellen|intrekken|kiezen|maken|melden|samenvoegen|scheiden|nemen|noteren|ontvangen|openen|oproepen|opslaan|proberen|sluiten|stopzetten|tonen|toevoegen|(door)?geven"
    r"|verbeteren|vernieuwen|verplaatsen|versturen|verwerpen|weigeren|zetten|zoeken)$",
    "en": r"^(Not )?(Add|Announce|Answer|Apply|Accept|Assign|Assess|Book|Call|Cancel|Change|Check|Choose|Close|Complete"
    r"|Confirm|Continue|Correct|Count|Create|Decline|Delete|Discard|Do|Download|Drop|Enter|Finish|Give|Go|Hold|Keep|Leave|Merge|Move|Open|Pause|Print"
    r"|Put|Receive|Record|Refer|Register|Reload|Remove|Reopen|Resume|Retry|Return|Save|Search|Send|Separate|Set|Show|Sign|Start"
    r"|Begin|Stop|Take|Transfer|Try|Undo|Update|Use|Withdraw|Write|Refresh|Copy|Approve|Deactivate|Reactivate|End|Renew|Revoke)\b",
}
"""The infinitive: first in French, last in German and Dutch. The imperative in English.

A German noun has a capital letter; a Dutch plural ends like an infinitive, so the verbs are listed.
"""
ALLOWED: dict[str, str] = {}
"""Labels without a verb, with the reason."""


@cache
def labels() -> frozenset[str]:
    """The msgids that are the label of a button in a template; hidden additions left out."""
    return frozenset(_labels())


def _labels() -> Iterator[str]:
    for path in messages.SERVICES.rglob("templates/**/*.html"):
        source = path.read_text()
        for inner in (*BUTTON.findall(source), *MACRO.findall(source)):
            for double, single in MARKED.findall(HIDDEN.sub("", inner)):
                if not (label := double or single).endswith((".", "?", "!")):
                    yield label


def test_there_are_buttons() -> None:
    assert len(labels()) > 50


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
def test_a_button_has_a_verb(lang: str) -> None:
    assert {
        text.msgid: form
        for text in texts()
        if text.lang == lang and text.msgid in labels() - ALLOWED.keys()
        for form in text.forms
        if not re.search(VERB[lang], ANSWER.sub("", form)[:1].upper() + ANSWER.sub("", form)[1:])
    } == {}


@pytest.mark.parametrize(
    ("text", "lang"),
    [("Mijn plannen", "nl"), ("Alle Anfragen", "de"), ("Nouvelle note", "fr"), ("Has come", "en")],
)
def test_a_label_without_a_verb_is_found(text: str, lang: str) -> None:
    assert not re.search(VERB[lang], text)
