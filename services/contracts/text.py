"""Text that comes in: composed (NFC), trimmed, without characters that cannot be shown, bounded in characters.

Every path, query, form, JSON, CSV and NDJSON field and every event field of text has one of these types. Spaces and
zero-width characters at the ends are removed. Control characters, direction overrides, surrogates, and the character
that stands for lost bytes are refused.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, cast

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, model_validator
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

_BLANK = "\u2800\u115f\u1160\u3164\uffa0"
"""Letters and symbols by their category that show nothing."""
_ZERO_WIDTH = "\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
_SPACE = " \t\r\n\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_EDGE = f"[{_SPACE}{_BLANK}{_ZERO_WIDTH}]+"
_EDGES = re.compile(rf"\A{_EDGE}|{_EDGE}\Z")
_LINE_ENDS = re.compile("\r\n|[\r\u2028\u2029]")
_JOINERS = "\u200c\u200d"
_LAST_LATIN = "\u024f"
_REFUSED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_NO_CHARACTERS = "".join(chr(plane + last) for plane in range(0, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF))
_NOT_SHOWN = re.compile(f"[\u034f\ufdd0-\ufdef\ufffd{_NO_CHARACTERS}]")
"""An invisible joiner, the sign for bytes that were lost when the text was read, and codes that are no characters."""
_LETTERS = str.maketrans(
    {"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "’": "'", "ʼ": "'", "‘": "'"}
)


def trimmed(text: str) -> str:
    """Without spaces and zero-width characters at both ends."""
    if text.isascii() and text.isprintable():
        return text.strip(" ")
    return _EDGES.sub("", text)


def trimmed_if_text(given: object) -> object:
    """The value; a text, and each text of a list, is trimmed."""
    if isinstance(given, str):
        return trimmed(given)
    if isinstance(given, list):
        return [trimmed(one) if isinstance(one, str) else one for one in cast(list[object], given)]
    return given


def clean(text: str, *, lines: bool = False) -> str:
    """The text as it is kept. `lines`: it may have several, which then end in a line feed.

    Raises `ValueError` with the code of the first character that is refused.
    """
    if text.isascii() and text.isprintable():
        return text.strip(" ")
    kept = trimmed(unicodedata.normalize("NFC", _LINE_ENDS.sub("\n", text) if lines else text))
    if not kept.isprintable() or _NOT_SHOWN.search(kept):
        allowed = "\n\t" if lines else ""
        for at, one in enumerate(kept):
            if _is_refused(kept, at, allowed):
                raise ValueError(f"U+{ord(one):04X}")
    return kept


def mended(text: str, *, lines: bool = False) -> str:
    """The text as it is kept, without what would be refused: for sources that nobody here can correct."""
    text = unicodedata.normalize("NFC", text)
    allowed = "\r\n\t" if lines else ""
    shown = (one for at, one in enumerate(text) if not _is_refused(text, at, allowed))
    return clean("".join(shown), lines=lines)


def _is_refused(text: str, at: int, allowed: str) -> bool:
    one = text[at]
    if _NOT_SHOWN.match(one):
        return True
    return unicodedata.category(one) in _REFUSED and one not in allowed and not _joins(text, at)


def _joins(text: str, at: int) -> bool:
    """Whether the character joins two signs of an emoji, or letters of a script that needs it, such as Persian."""
    if text[at] not in _JOINERS:
        return False
    around = (text[at - 1 : at], text[at + 1 : at + 2])
    return all(one > _LAST_LATIN and unicodedata.category(one)[0] in "LMS" for one in around)


def fold(text: str) -> str:
    """The text for comparisons: without case, accents and invisible characters, ligatures as two letters."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold()).translate(_LETTERS)
    return "".join(one for one in plain if unicodedata.category(one) not in ("Mn", "Cf", "Cc"))


def words_of(text: str) -> list[str]:
    """The folded words of a text."""
    return re.findall(r"[^\W_]+", fold(text))


@dataclass(frozen=True, slots=True)
class Text:
    """Metadata of a text field: at most `longest` characters, never empty. `lines`: it may have several lines.

    `published`: refused characters are removed instead, because an event that was emitted cannot be corrected.
    """

    longest: int
    lines: bool = False
    published: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The text is cleaned before its length is checked."""
        text = core_schema.str_schema(max_length=self.longest, strip_whitespace=False)
        return core_schema.no_info_before_validator_function(self._cleaned, text)

    def _cleaned(self, given: object) -> object:
        if not isinstance(given, str):
            return given
        if self.published:
            return mended(given, lines=self.lines)
        try:
            kept = clean(given, lines=self.lines)
        except ValueError as error:
            raise PydanticCustomError(
                "control_character", "The character {character} is refused", {"character": str(error)}
            ) from error
        if not kept:
            raise PydanticCustomError("missing", "Field required")
        return kept


Key = Annotated[str, Text(60)]
"""A code that a rule looks up, such as a centre or an area; the rule refuses one that it does not know."""
Name = Annotated[str, Text(120)]
"""The name of a person, a token or a workshop."""
Line = Annotated[str, Text(200)]
"""One line."""
Local = Annotated[str, Text(2000)]
"""An address of this platform, to go on to."""
Words = Annotated[str, Text(4000, lines=True)]
"""Free text, in lines."""


def without_blanks(given: Mapping[Any, Any]) -> dict[Any, Any]:
    """The fields that have a value, trimmed: an empty text counts as missing."""
    values = {name: trimmed_if_text(value) for name, value in given.items()}
    return {name: value for name, value in values.items() if value != ""}


class Input(BaseModel):
    """What comes in, with its fields. A field that is not declared is refused; an empty text counts as missing."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, given: Any) -> Any:
        return without_blanks(cast(Mapping[Any, Any], given)) if isinstance(given, Mapping) else given
