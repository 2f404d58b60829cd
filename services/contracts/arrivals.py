"""What is recorded with a check-in besides the area: an activity, and the language of an interpreter."""

from enum import StrEnum
from typing import Annotated

from services.contracts.envelope import Privacy, private
from services.contracts.values import Shape

AREAS_MAX = 20
"""The longest list of other needs that is read; a centre serves fewer."""


class Activity(StrEnum):
    """What a visitor who does not queue comes for."""

    DOCUMENTATION = "documentation"
    COMPUTERS = "computers"


ActivityCode = Annotated[Activity, private(Privacy.OPERATIONAL)]

Language = Annotated[str, Shape("language_code", r"^[a-z]{2,3}$")]
"""A language by its code of ISO 639, for example `ar`; `sgn`: a sign language."""

InterpreterLanguage = Annotated[Language, private(Privacy.PSEUDONYMOUS)]
"""The language of the interpreter whom a visitor needs. About one person, and so personal data."""
