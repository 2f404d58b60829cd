"""Phone numbers of organisations, as people write them in Belgium and elsewhere."""

import re
from typing import Annotated

import phonenumbers
from phonenumbers import shortnumberinfo
from pydantic import AfterValidator

from services.contracts.text import Text
from services.contracts.values import refused

_REGION = "BE"
"""Where a number without a country's code belongs."""
_EXTENSION = re.compile(r"\b(?:poste|toestel|durchwahl|extension)\b\.?", re.IGNORECASE)


def phone_of(text: str) -> str:
    """The number as it was written, with plain spaces. Short ones such as 112, and extensions, are numbers too.

    Raises the refusal `phone_number`.
    """
    plain = " ".join(text.split())
    try:
        number = phonenumbers.parse(_EXTENSION.sub("ext.", plain), _REGION)
    except phonenumbers.NumberParseException:
        raise refused("phone_number") from None
    if not (phonenumbers.is_possible_number(number) or shortnumberinfo.is_valid_short_number(number)):
        raise refused("phone_number")
    return plain


PhoneNumber = Annotated[str, Text(40), AfterValidator(phone_of)]
