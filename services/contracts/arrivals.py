"""What is recorded with a check-in besides the area: an activity, and the language of an interpreter."""

from enum import StrEnum
from functools import cache
from typing import Annotated, Any, cast

from babel import Locale
from babel.core import get_global
from pydantic import AfterValidator

from services.contracts.envelope import Privacy, private
from services.contracts.values import Shape, refused

AREAS_MAX = 20
"""The longest list of other needs that is read; a centre serves fewer."""


class Activity(StrEnum):
    """What a visitor who does not queue comes for."""

    DOCUMENTATION = "documentation"
    COMPUTERS = "computers"


ActivityCode = Annotated[Activity, private(Privacy.OPERATIONAL)]

_Code = Annotated[str, Shape("language_code", r"^[a-z]{2,3}$")]
OTHER_LANGUAGE = "und"
"""The code of ISO 639 for a language that is not determined: another one than those in a list."""
_NO_LANGUAGE = {"mis", "mul", "zxx"}
"""Codes of ISO 639 that name no language: uncoded, several, none."""


@cache
def _two_letters() -> frozenset[str]:
    """ISO 639-1: no code was added since 2002, so that the names of the Unicode CLDR cover all."""
    return frozenset(code for code in cast(Any, Locale("en")).languages if len(code) == 2)


def _usual(code: str) -> str:
    """The code of two letters where the Unicode CLDR has one for it: `ar` for `ara` and `arb`."""
    usual: str = get_global("language_aliases").get(code, code)
    return usual if len(code) == 3 and len(usual) == 2 else code


def _some(code: str) -> str:
    """Not what is surely no language. Few of the 7,900 codes of three letters have a name in the Unicode CLDR."""
    if code in _NO_LANGUAGE or (len(code) == 2 and code not in _two_letters()):
        raise refused("language_code")
    return code


AnyLanguage = Annotated[_Code, AfterValidator(_usual)]
"""A language by its code of ISO 639, where no visit is to be lost: it has the form of one."""

Language = Annotated[AnyLanguage, AfterValidator(_some)]
"""A language by its code of ISO 639, for example `ar`; `sgn`: a sign language; `und`: another one."""

INTERPRETED = (
    *("ar", "bg", "de", "en", "es", "fa", "it", "ku", "nl", "pl", "ps", "pt"),
    *("ro", "ru", "so", "sq", "sw", "ti", "tr", "uk", "zh", "sgn"),
)
"""The languages that the desk offers for an interpreter, besides `OTHER_LANGUAGE`, and pages as a counsellor's, besides
French. The APIs take every code of ISO 639."""

InterpreterLanguage = Annotated[AnyLanguage, private(Privacy.PSEUDONYMOUS)]
"""The language of the interpreter whom a visitor needs. About one person, and so personal data."""

KeptInterpreterLanguage = Annotated[_Code, private(Privacy.PSEUDONYMOUS)]
"""The same in an event of ours, as it was recorded."""
