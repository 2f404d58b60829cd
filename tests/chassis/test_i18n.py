"""Four languages, French first."""

from collections.abc import Generator
from enum import StrEnum
from pathlib import Path

import pytest

from services.chassis import i18n

PO = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Two services; one of them has plural forms, the other a code."""
    translations = {
        "desk": 'msgctxt "Kind"\nmsgid "done"\nmsgstr "visite terminée"\n',
        "plan": 'msgid "Done"\nmsgstr "Fait"\n\n'
        'msgid "one step"\nmsgid_plural "%(num)d steps"\nmsgstr[0] "une étape"\nmsgstr[1] "%(num)d étapes"\n',
    }
    folders = [i18n.HERE / "locales"]
    for name, text in translations.items():
        folder = tmp_path / name / "locales"
        folder.mkdir(parents=True)
        (folder / "fr.po").write_text(PO + text)
        folders.append(folder)
    monkeypatch.setattr(i18n, "_folders", folders)
    i18n.catalogue.cache_clear()
    token = i18n.language.set("fr")
    yield
    i18n.language.reset(token)
    i18n.catalogue.cache_clear()


@pytest.mark.parametrize(
    ("asked", "remembered", "accepts", "chosen"),
    [
        (None, None, "", "fr"),
        ("de", "nl", "en", "de"),
        ("xx", "nl", "en", "nl"),
        (None, "xx", "en", "en"),
        (None, None, "es-ES,es;q=0.9", "fr"),
        (None, None, "nl-BE;q=0.5, de-AT;q=0.7, es", "de"),
        (None, None, "en;q=zero, nl", "nl"),
        (None, None, "DE-at, fr; q=0.8", "de"),
        (None, None, "fr;q=0.2, nl; q=0.9", "nl"),
        (None, None, "de;q=0, *;q=0.5, en;q=0.1", "en"),
        (None, None, "de;q=nan, nl;q=-1, en;q=inf", "en"),
        (None, None, ";;;,,,q=", "fr"),
    ],
)
def test_a_language_is_chosen(asked: str | None, remembered: str | None, accepts: str, chosen: str) -> None:
    assert i18n.choose(asked, remembered, accepts) == chosen


class Kind(StrEnum):
    """States; one has no word."""

    DONE = "done"
    NEW = "new"


@pytest.mark.usefixtures("packages")
def test_every_services_messages_are_read() -> None:
    assert i18n.translate("Done") == "Fait"
    assert i18n.translate("Done", "en") == "Done"


@pytest.mark.usefixtures("packages")
def test_a_code_has_the_word_of_its_kind() -> None:
    assert i18n.word_of(Kind.DONE) == i18n.word_of("done", "Kind") == "visite terminée"
    assert i18n.word_of("done", "Another") == "done"
    assert i18n.word_of(Kind.NEW) == "new"


@pytest.mark.usefixtures("packages")
def test_one_and_many_and_none() -> None:
    one, many = "one step", "%(num)d steps"
    assert i18n.translate_number(one, many, 1) == "une étape"
    assert i18n.translate_number(one, many, 2) == "%(num)d étapes"
    assert i18n.translate_number(one, many, 0) == "une étape", "French counts none like one"
    i18n.language.set("en")
    assert i18n.translate_number(one, many, 0) == many


@pytest.mark.usefixtures("packages")
def test_a_message_without_translation_is_shown_in_english() -> None:
    assert i18n.translate("Never translated") == "Never translated"
    assert i18n.translate_number("one untranslated", "untranslated ones", 2) == "untranslated ones"
    assert i18n.translate("") == ""


def test_the_chassis_own_words_count_in_every_language() -> None:
    for lang, one, many in (
        ("fr", "{n} événement demande encore une décision.", "{n} événements demandent encore une décision."),
        ("de", "{n} Ereignis braucht noch eine Entscheidung.", "{n} Ereignisse brauchen noch eine Entscheidung."),
        ("nl", "{n} gebeurtenis vraagt nog een beslissing.", "{n} gebeurtenissen vragen nog een beslissing."),
        ("en", "{n} event still needs a decision.", "{n} events still need a decision."),
    ):
        token = i18n.language.set(lang)
        numbers = [
            i18n.translate_number("{n} event still needs a decision.", "{n} events still need a decision.", number)
            for number in (1, 2)
        ]
        i18n.language.reset(token)
        assert numbers == [one, many]


def test_names_sort_as_a_reader_looks_for_them() -> None:
    names = ["Zoé", "Étienne", "zacharie", "Œuvre", "Olivier", "Émile", "Eva", "Oda"]
    assert sorted(names, key=i18n.by_name) == ["Émile", "Étienne", "Eva", "Oda", "Œuvre", "Olivier", "zacharie", "Zoé"]
