"""How text is cleaned, and how it is compared."""

import pytest

from services.contracts.text import clean, fold, mended, words_of


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (" Zoe\u0308 ", "Zoë"),
        ("\u200b\ufeffMarie-Ève\u00a0", "Marie-Ève"),
        ("\u2800", ""),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d👧", "👩\u200d👧"),
    ],
)
def test_a_text_is_composed_and_trimmed(sent: str, kept: str) -> None:
    assert clean(sent) == kept


@pytest.mark.parametrize("sent", ["a\0b", "a\u200bb", "pay\u200dpal", "\u202eexe", "a\ud800b", "a\u2028b", "a\nb"])
def test_what_cannot_be_shown_is_refused_with_its_code(sent: str) -> None:
    with pytest.raises(ValueError, match=r"^U\+[0-9A-F]{4,6}$"):
        clean(sent)
    assert clean(mended(sent))


def test_lines_end_in_a_line_feed() -> None:
    assert clean("one\r\ntwo\rthree\u2028four\n", lines=True) == "one\ntwo\nthree\nfour"


@pytest.mark.parametrize(
    ("one", "other"),
    [("Œuvre", "OEUVRE"), ("métier", "me\u0301tier"), ("Straße", "STRASSE"), ("l’été", "L'ETE"), ("ﬁn", "fin")],
)
def test_the_same_word_in_another_spelling_compares_equal(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_the_words_of_punctuation_are_none() -> None:
    assert words_of("La Louvière / Houdeng-Gœgnies") == ["la", "louviere", "houdeng", "goegnies"]
    assert words_of("!?… _") == []
