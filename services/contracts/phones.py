"""Phone numbers as people write them in Belgium and elsewhere: one reader for every door."""

import re
from dataclasses import dataclass
from typing import Annotated

import phonenumbers
from phonenumbers import shortnumberinfo
from pydantic import AfterValidator

from services.contracts.text import Text
from services.contracts.values import refused

_REGION = "BE"
"""Where a number without a country's code belongs."""
_EXTENSION = re.compile(r"\b(?:poste|toestel|durchwahl|extension)\b\.?", re.IGNORECASE)
_EXTENSION_WORD = re.compile(r"(?<![^\W\d_])(?:ext|x)\.?(?=\s*[0-9]+\W*$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ReadPhone:
    """A number that was read. `written`: as it was, with plain spaces. `spelt`: letters stand for its digits."""

    written: str
    number: phonenumbers.PhoneNumber
    spelt: bool


def read_phone(text: str) -> ReadPhone | None:
    """The number, of any kind of space, with or without an extension in one of the four languages. None: it is none."""
    written = " ".join(text.split())
    plain = _EXTENSION.sub("ext.", written)
    try:
        number = phonenumbers.parse(plain, _REGION)
    except phonenumbers.NumberParseException:
        return None
    spelt = any(one.isalpha() for one in _EXTENSION_WORD.sub("", plain))
    return ReadPhone(written, number, spelt)


def phone_of(text: str) -> str:
    """The number as it was written, with plain spaces. Short ones such as 112, and extensions, are numbers too.

    Raises the refusal `phone_number`.
    """
    read = read_phone(text)
    if read is None:
        raise refused("phone_number")
    if not (phonenumbers.is_possible_number(read.number) or shortnumberinfo.is_valid_short_number(read.number)):
        raise refused("phone_number")
    return read.written


def own_number(text: str) -> str | None:
    """The number of a person's telephone with its country's code, without an extension: by it, numbers are compared.

    None: there is no such number, it is one that nobody has (112), or letters would have to be dialled (0800-FOREM).
    """
    read = read_phone(text)
    if read is None or read.spelt or not phonenumbers.is_valid_number(read.number):
        return None
    bare = phonenumbers.PhoneNumber()
    bare.merge_from(read.number)
    bare.extension = None
    return phonenumbers.format_number(bare, phonenumbers.PhoneNumberFormat.E164)


PhoneNumber = Annotated[str, Text(40), AfterValidator(phone_of)]
