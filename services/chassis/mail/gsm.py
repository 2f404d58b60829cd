"""The alphabet of text messages (GSM 03.38), and how many segments a text takes (3GPP TS 23.038 and 23.040).

A text with any other character is sent as UCS-2: 70 characters instead of 160. So ours are written in this alphabet.
"""

import unicodedata
from collections.abc import Sequence

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = "^{}\\[~]|€"
"""Each takes two places."""
_PLAIN = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "–": "-", "—": "-", "…": "...", "œ": "oe"}
)
ONE, EACH = 160, 153
"""Places of a text of one segment, and of each segment of a longer one."""
UCS2_ONE, UCS2_EACH = 70, 67
"""The same of a text in UCS-2, in units of 16 bits."""
MOST_SEGMENTS = 2


def in_alphabet(text: str) -> str:
    """The text in this alphabet: accents that it lacks are left out, and what has no such letter becomes `?`."""
    return "".join(map(_letter, unicodedata.normalize("NFC", text.translate(_PLAIN))))


def segments(text: str) -> int:
    """How many segments a text takes: of this alphabet, or, with any other character, of UCS-2.

    No character is divided between two segments: one of two places begins the next one.
    """
    if all(one in _BASIC or one in _EXTENDED for one in text):
        return _segments([1 + (one in _EXTENDED) for one in text], ONE, EACH)
    return _segments([1 + (one > "\uffff") for one in text], UCS2_ONE, UCS2_EACH)


def fits(text: str) -> bool:
    """Whether it is short enough for a message."""
    return segments(text) <= MOST_SEGMENTS


def _segments(places: Sequence[int], one: int, each: int) -> int:
    """Of characters that take these places, where a single segment has `one` and each of several `each`."""
    if sum(places) <= one:
        return 1
    number, used = 1, 0
    for wide in places:
        if used + wide > each:
            number, used = number + 1, 0
        used += wide
    return number


def _letter(one: str) -> str:
    if one in _BASIC or one in _EXTENDED:
        return one
    base = unicodedata.normalize("NFKD", one)[0]
    return base if base in _BASIC else "?"
