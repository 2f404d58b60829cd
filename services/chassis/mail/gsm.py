"""The alphabet of text messages (GSM 03.38), and how many segments a text takes (GSM 03.40).

A text with any other character is sent as UCS-2: 70 characters instead of 160. So ours are written in this alphabet.
"""

import unicodedata

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
MOST_SEGMENTS = 2


def in_alphabet(text: str) -> str:
    """The text in this alphabet: accents that it lacks are left out, and what has no such letter becomes `?`."""
    return "".join(map(_letter, unicodedata.normalize("NFC", text.translate(_PLAIN))))


def segments(text: str) -> int:
    """How many segments a text of this alphabet takes."""
    places = len(text) + sum(text.count(one) for one in _EXTENDED)
    return 1 if places <= ONE else -(-places // EACH)


def fits(text: str) -> bool:
    """Whether it is short enough for a message."""
    return segments(text) <= MOST_SEGMENTS


def _letter(one: str) -> str:
    if one in _BASIC or one in _EXTENDED:
        return one
    base = unicodedata.normalize("NFKD", one)[0]
    return base if base in _BASIC else "?"
