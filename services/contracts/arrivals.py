"""What is recorded with a check-in besides the area: an activity, and the language of an interpreter."""

from enum import StrEnum
from functools import cache
from typing import Annotated, Any, cast

from babel import Locale
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
def known_languages() -> frozenset[str]:
    """The codes of ISO 639 of every language that has a name (Unicode CLDR), `sgn` and `und`."""
    names = cast(Any, Locale("en")).languages
    return (
        frozenset({"sgn", OTHER_LANGUAGE, *(code for code in names if code.isalpha() and len(code) <= 3)})
        - _NO_LANGUAGE
    )


def _known(code: str) -> str:
    if code not in known_languages():
        raise refused("language_code")
    return code


Language = Annotated[_Code, AfterValidator(_known)]
"""A language by its code of ISO 639, for example `ar`; `sgn`: a sign language; `und`: another one."""

INTERPRETED = (
    *("ar", "bg", "de", "en", "es", "fa", "it", "ku", "nl", "pl", "ps", "pt"),
    *("ro", "ru", "so", "sq", "sw", "ti", "tr", "uk", "zh", "sgn"),
)
"""The languages that the desk offers for an interpreter, besides `OTHER_LANGUAGE`, and pages as a counsellor's, besides
French. The APIs take every code of ISO 639."""

InterpreterLanguage = Annotated[Language, private(Privacy.PSEUDONYMOUS)]
"""The language of the interpreter whom a visitor needs. About one person, and so personal data."""

KeptInterpreterLanguage = Annotated[_Code, private(Privacy.PSEUDONYMOUS)]
"""The same in an event of ours, which stays readable if its language has no name any more."""
