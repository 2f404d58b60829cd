"""A name is found however it is spelt, and the same person is asked about before they are registered twice."""

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from services.contracts.text import words_of
from services.intake.domain.contacts import WrongContact, check_contact, contact_key, masked
from services.intake.domain.names import (
    KEY_LENGTH,
    NameTooShort,
    check_searched,
    may_be_same,
    name_keys,
    sound_of,
    sounds_of,
    spoken,
    written,
)

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=80)


@pytest.mark.parametrize(
    "alike",
    [
        ("Dupré", "Dupret", "Duprez", "DUPRE"),
        ("Dupont", "Dupond", "Dupon"),
        ("Lefèvre", "Lefebvre", "lefevre"),
        ("Schmidt", "Schmitt"),
        ("Christophe", "Kristof"),
        ("Philippe", "Filip"),
        ("Huysmans", "Huijsmans"),
        ("François", "Fransoi"),
        ("Devaux", "Devos"),
        ("Zoé", "Zoe"),
        ("Peeters", "Peters"),
        ("Ghislain", "Guislain"),
    ],
)
def test_spellings_of_one_name_sound_alike(alike: tuple[str, ...]) -> None:
    assert len({sound_of(name) for name in alike}) == 1


@pytest.mark.parametrize(
    "pair", [("Amélie", "Émilie"), ("Dupont", "Dubois"), ("Martin", "Marin"), ("Ada", "Ady"), ("Бабич", "Бабій")]
)
def test_other_names_do_not(pair: tuple[str, str]) -> None:
    assert sound_of(pair[0]) != sound_of(pair[1])


@given(given_name=NAMES, family_name=NAMES)
def test_every_name_has_bounded_keys_and_is_like_itself(given_name: str, family_name: str) -> None:
    keys = name_keys(given_name, family_name)
    assert all(len(key) <= 2 + 4 * KEY_LENGTH for key in keys)
    sounds = sounds_of(given_name, family_name)
    assert may_be_same(sounds, sounds, contact=False) == bool(sounds.words)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("Amélie", "Dupré-Léonard"), ("Amelie", "Dupre Leonard"), True),
        (("Amélie", "Dupré-Léonard"), ("Léonard", "Amelie Dupret"), True),
        (("Amélie", "Dupré-Léonard"), ("Amélie", "Dupré"), True),
        (("Jan", "Van den Berghe"), ("Jan", "Vandenberghe"), True),
        (("Jean", "Van den Berghe"), ("Jean", "Vanden Berghe"), True),
        (("Jean-Marie", "Dupont"), ("Jeanmarie", "Dupont"), True),
        (("Abd El Kader", "Benali"), ("Abdelkader", "Ben Ali"), True),
        (("N'Golo", "Diallo"), ("Ngolo", "Diallo"), True),
        (("Marie-Claire", "Dupont"), ("Marie", "Dupond"), True),
        (("Amélie", "Dupré-Léonard"), ("Amélie", "Dupré-Martin"), False),
        (("Amélie", "Dupré"), ("Camille", "Dupré"), False),
    ],
)
def test_a_name_may_be_that_of_a_known_person(one: tuple[str, str], other: tuple[str, str], same: bool) -> None:
    assert may_be_same(sounds_of(*one), sounds_of(*other), contact=False) is same


@pytest.mark.parametrize("stored", ["Müller-Van den Bosch", "Vandenbosch", "van den bosch", "Van Den-Bosch"])
@pytest.mark.parametrize("searched", ["vandenbosch", "Van den Bosch", "van denbosch", "Vanden Bosch", "van-den-bosch"])
def test_a_surname_is_found_with_and_without_blanks(stored: str, searched: str) -> None:
    keys = [key for key in name_keys("Lena", stored) if key.startswith(b"w:")]
    for word in check_searched(searched):
        assert any(key.startswith(written(form)) for form in word.written for key in keys), word


def test_who_has_one_more_surname_may_be_the_same_person() -> None:
    known, new = sounds_of("Lena", "Müller-Van den Bosch"), sounds_of("Lena", "Vandenbosch")
    assert may_be_same(known, new, contact=False)


def test_a_masked_contact_cannot_be_used() -> None:
    assert masked("zoe.lambert@example.org") == "z…@example.org"
    assert masked("0470 12 34 56") == "…56"


def test_with_the_same_contact_a_first_name_in_common_is_enough() -> None:
    before, married = sounds_of("Amélie", "Dupré"), sounds_of("Amélie", "Lambert")
    assert may_be_same(before, married, contact=True)
    assert not may_be_same(before, sounds_of("Hugo", "Dupré"), contact=True)


def test_a_search_has_two_letters_and_looks_up_the_longest_words() -> None:
    assert [word.written[0] for word in check_searched("le Dupré-Léonard le")] == ["leonard", "dupre", "le"]
    assert len(check_searched(" ".join(f"mot{n}" for n in range(30)))) == 6
    for name in ("a", "é", "-", "王"):
        with pytest.raises(NameTooShort):
            check_searched(name)


def test_a_word_is_looked_up_alone_and_joined_to_its_neighbours() -> None:
    berghe = check_searched("Jan Van den Berghe")[0]
    assert berghe.written == ("berghe", "denberghe", "vandenberghe")


@given(given_name=NAMES, family_name=NAMES)
@example(given_name="芳", family_name="王")
@example(given_name="Adébọ́lá", family_name="O")
def test_a_registered_name_finds_itself(given_name: str, family_name: str) -> None:
    name = f"{given_name} {family_name}"
    assume(sum(map(len, words_of(name))) > 1)
    keys = name_keys(given_name, family_name)
    for word in check_searched(name):
        assert {written(word.written[0]), spoken(word.sounds[0])} <= keys


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("0470/12.34.56", "+32470123456"),
        ("+32 470 12 34 56", "+32470123456"),
        ("0032 (0)4 222 33 44", "+3242223344"),
        ("+49 30 901820", "+4930901820"),
        ("+33 6 12 34 56 78", "+33612345678"),
        ("Amelie@Example.ORG", "amelie@example.org"),
        ("amélie", None),
        ("0470 12", None),
        ("0800-FOREM", None),
        ("a@b", None),
    ],
)
def test_a_contact_is_compared_in_one_form(typed: str, key: str | None) -> None:
    assert contact_key(typed) == key
    if key is None:
        with pytest.raises(WrongContact):
            check_contact(typed)
