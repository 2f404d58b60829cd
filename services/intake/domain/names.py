"""Names of persons: how they are searched, and which look alike. Accents, case and the order of words do not count.

`sound_of` follows Phonex (Frédéric Brouard, 1999, "L'art des Soundex"), which renders French letters by their sound,
simplified: it keeps letters instead of numbers, treats o, u and their combinations alike, and drops final consonants
that French does not pronounce. A few Dutch and German spellings of Belgian names are in it (ij, sch, ck, w, double
vowels). A name in another script has no sound but its letters. It finds candidates: people decide.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from services.chassis.refusals import Invalid, Refused, msg
from services.contracts.text import fold, words_of

KEYS_VERSION = 3
"""Increased with every change of `name_keys`: the keys of all persons are then made again."""
SEARCHED_WORDS = 6
"""Words of a search that are looked up, the longest ones."""
JOINED_WORDS = 3
"""Adjacent words of a name, or of a search, that may be one word: Van den Bosch, Vandenbosch."""
SIMILAR = 100
"""Persons with a similar name who are known to be somebody else."""
KEY_LENGTH = 40
"""Characters of a word that are compared."""

_HEARD = str.maketrans({"ç": "s", "Ç": "s"})
"""What the ear takes from an accent."""

_SOUNDS = [
    (re.compile(pattern), by)
    for pattern, by in (
        (r"([a-z])\1+", r"\1"),
        (r"x$", ""),
        (r"x", "ks"),
        (r"ph", "f"),
        (r"th", "t"),
        (r"ch(?=[lnrt])", "k"),
        (r"t?s?ch|sh", "x"),
        (r"bv", "v"),
        (r"qu?|ck", "k"),
        (r"c(?=[eiy])", "s"),
        (r"c", "k"),
        (r"gn", "n"),
        (r"g(?=[eiy])", "j"),
        (r"g[uh]+(?=[eiy])", "g"),
        (r"h", ""),
        (r"ij", "i"),
        (r"y", "i"),
        (r"z", "s"),
        (r"w", "v"),
        (r"eau|au|ou|u", "o"),
        (r"ae", "a"),
        (r"oe", "o"),
        (r"ai|ei|eo", "e"),
        (r"m(?=[bp])", "n"),
        (r"([a-z])\1+", r"\1"),
        (r"(?<=..)[dpst]+$", ""),
        (r"(?<=...)e$", ""),
        (r"(?<=...)[dpst]+$", ""),
    )
]


PARTICLES = ("d", "l", "de", "du", "la", "le", "van", "vande", "vanden", "vander", "von", "el", "al", "ben", "ait", "o")
"""What stands before a surname, in some spellings as one word with it."""
_TYPED = "abcdefghijklmnopqrstuvwxyz"
_SHORTEST_MISTYPED, _LONGEST_MISTYPED = 4, 20
"""Letters of a word of a search in which a slip is looked for: a shorter one has too many neighbours."""


class NameTooShort(Invalid):
    """One letter finds too many people."""

    slug = "name-too-short"
    message = msg("Enter at least two letters of the name.")
    field_name = "name"


class LooksLikeKnown(Refused):
    """The centre has registered somebody of a similar name: is it the same person?"""

    slug = "looks-like-known"
    message = msg(
        "A person with a similar name is already registered at this centre. Check whether it is the same person. "
        "If it is not, confirm with the references of the persons found."
    )
    field_name = "distinct_from"


def sound_of(word: str) -> str:
    """How a word of a name sounds, by its letters."""
    plain = fold(word.translate(_HEARD))
    if not re.fullmatch(r"[a-z]+", plain):
        return plain[:KEY_LENGTH]
    sound = plain
    for pattern, by in _SOUNDS:
        sound = pattern.sub(by, sound)
    return (sound or plain)[:KEY_LENGTH]


@dataclass(frozen=True, slots=True)
class Sounds:
    """How a name sounds. First name and surname of several words are also one word each: Jean-Marie, Jeanmarie."""

    given: frozenset[str]
    """The words of the first name, and the whole."""
    family: str
    """The whole surname."""
    words: frozenset[str]
    """Every word."""
    all: frozenset[str]
    """Every word, adjacent words as one, the whole first name and the whole surname."""


def sounds_of(given_name: str, family_name: str) -> Sounds:
    """How a name sounds."""
    given, family = _heard_words(given_name), _heard_words(family_name)
    words = frozenset(map(sound_of, [*given, *family]))
    whole_given, whole_family = sound_of("".join(given)), sound_of("".join(family))
    return Sounds(
        frozenset(map(sound_of, given)) | _if_any(whole_given),
        whole_family,
        words,
        words | frozenset(map(sound_of, _joined(given) | _joined(family))) | _if_any(whole_given, whole_family),
    )


def written(word: str) -> bytes:
    """The key of a word as it is written. Bytes: every store has them in the same order."""
    return b"w:" + word[:KEY_LENGTH].encode()


def spoken(sound: str) -> bytes:
    """The key of a word as it sounds."""
    return b"s:" + sound.encode()


def name_keys(given_name: str, family_name: str) -> frozenset[bytes]:
    """By which a person is found, as written and as it sounds.

    Each word, adjacent words as one, the whole first name, the whole surname.
    """
    given, family = words_of(given_name), words_of(family_name)
    words = _if_any(*given, *family, "".join(given), "".join(family)) | _joined(given) | _joined(family)
    sounds = sounds_of(given_name, family_name)
    return frozenset(map(written, words)) | frozenset(map(spoken, sounds.all))


@dataclass(frozen=True, slots=True)
class SearchedWord:
    """A word of a search in the forms in which it may be stored: alone, then joined to its neighbours."""

    written: tuple[str, ...]
    sounds: tuple[str, ...]


def check_searched(name: str) -> list[SearchedWord]:
    """The words to search for, at most `SEARCHED_WORDS`, the longest first. Raises `NameTooShort`."""
    words, heard = words_of(name), _heard_words(name)
    if sum(map(len, words)) < 2:
        raise NameTooShort()
    places = sorted({word: at for at, word in enumerate(words)}.values(), key=lambda at: (-len(words[at]), at))
    return [SearchedWord(_forms(words, at), tuple(map(sound_of, _forms(heard, at)))) for at in places[:SEARCHED_WORDS]]


def mistyped(word: str) -> frozenset[str]:
    """The words of which this one may be a slip: one letter is missing, too many, wrong or in its neighbour's place.

    And the word with a particle before it, or without: D’Artagnan, Dartagnan, Artagnan. At most 1,100, made without a
    look at any name; empty for a word that is short, long or not of Latin letters.
    """
    if not _SHORTEST_MISTYPED <= len(word) <= _LONGEST_MISTYPED or not re.fullmatch(r"[a-z]+", word):
        return frozenset()
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    without = {head + tail[1:] for head, tail in cuts if tail}
    added = {head + letter + tail for head, tail in cuts for letter in _TYPED}
    other = {head + letter + tail[1:] for head, tail in cuts if tail for letter in _TYPED}
    turned = {head + tail[1] + tail[0] + tail[2:] for head, tail in cuts if len(tail) > 1}
    longer = {particle + word for particle in PARTICLES}
    shorter = {word.removeprefix(one) for one in PARTICLES if len(word) - len(one) >= _SHORTEST_MISTYPED}
    return frozenset(without | added | other | turned | longer | shorter) - {word}


def may_be_same(one: Sounds, other: Sounds, *, contact: bool) -> bool:
    """Whether two names may be one person's: each word of one is in the other.

    A first name in common is enough with the same surname, in however many words, or with the same contact
    (`contact`). Families share contacts.
    """
    same_family = one.family != "" and one.family == other.family
    if (contact or same_family) and one.given & other.given:
        return True
    return bool(one.words and other.words) and (one.words <= other.all or other.words <= one.all)


def is_same_name(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Whether first name and surname have the same letters, each; case, accents, spaces and hyphens do not count.

    For what no one compares: a contact that a family or an institution shares proves no similar name.
    """
    return all(_letters(mine) == _letters(theirs) != "" for mine, theirs in zip(one, other, strict=True))


def _letters(name: str) -> str:
    return "".join(one for one in fold(name) if unicodedata.category(one)[0] in "LMN")


def _forms(words: Sequence[str], at: int) -> tuple[str, ...]:
    """The word at this place, then it and its neighbours as one word, of at most `JOINED_WORDS`."""
    spans = (
        (begin, begin + length) for length in range(1, JOINED_WORDS + 1) for begin in range(at - length + 1, at + 1)
    )
    return tuple("".join(words[begin:end]) for begin, end in spans if begin >= 0 and end <= len(words))


def _joined(words: Sequence[str]) -> frozenset[str]:
    """Adjacent words, two to `JOINED_WORDS` of them, as one word each."""
    return frozenset(
        "".join(words[begin : begin + length])
        for length in range(2, JOINED_WORDS + 1)
        for begin in range(len(words) - length + 1)
    )


def _heard_words(name: str) -> list[str]:
    """The folded words of a name, with the sound of a cedilla."""
    return words_of(name.translate(_HEARD))


def _if_any(*words: str) -> frozenset[str]:
    return frozenset(word for word in words if word)
