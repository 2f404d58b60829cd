"""One thing, one word: the terms of docs/terms.toml, in every text."""

from collections import Counter

import pytest

from services.chassis import i18n
from tests.words.rules import WORD
from tests.words.terms import FILE, misnamed, plain, terms
from tests.words.texts import texts

KEYS = {"section", "code", "means", "where", "why", *i18n.LANGUAGES} | {
    f"{key}_{lang}" for key in ("never", "fine") for lang in i18n.LANGUAGES
}


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
def test_no_text_uses_a_forbidden_name(lang: str) -> None:
    found = {
        f"{text}: {form!r}": wrong
        for text in texts()
        if text.lang == lang
        for form in text.forms
        if (wrong := misnamed(form, lang))
    }
    assert found == {}


def test_terms_are_whole() -> None:
    assert len(terms()) > 100
    assert [code for code, many in Counter(term["code"] for term in terms()).items() if many > 1] == []
    for term in terms():
        assert term.keys() <= KEYS, term["code"]
        assert term["means"].endswith((".", ")")), term["code"]
        if place := term.get("where"):
            root = FILE.parents[1]
            assert (root / place).exists() or (FILE.parent / place).exists(), f"{term['code']}: {place}"


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
def test_a_terms_word_is_on_some_page(lang: str) -> None:
    """Its longest word, at least: a verb is conjugated, and an article changes."""
    everything = " ".join(plain(form) for text in texts() if text.lang == lang for form in text.forms)
    words = {term["code"]: max(WORD.findall(plain(term[lang])), key=len) for term in terms() if lang in term}
    assert {code: word for code, word in words.items() if word not in everything} == {}


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
def test_a_word_is_not_forbidden_itself(lang: str) -> None:
    """No term's word is a name that another term, or itself, must never have."""
    assert {term["code"]: wrong for term in terms() if lang in term and (wrong := misnamed(term[lang], lang))} == {}


@pytest.mark.parametrize(
    ("text", "lang"),
    [("Envoyer une mise en relation", "fr"), ("Einen Termin buchen", "de"), ("Somebody " + "comes in", "en")],
)
def test_a_forbidden_name_is_found(text: str, lang: str) -> None:
    assert misnamed(text, lang) != []
