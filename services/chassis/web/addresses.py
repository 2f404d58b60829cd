"""The query of an address, as every route reads it."""

import re
from urllib.parse import quote_plus, unquote_plus

from services.contracts.text import trimmed

_BLANK_BEFORE_OFFSET = re.compile(r"(?<=[0-9]) (?=[0-9]{2}:[0-9]{2}\Z)", re.ASCII)
_MOMENT = re.compile(r"[0-9-]+[Tt][0-9:.]+ [0-9]{2}:[0-9]{2}", re.ASCII)
"""A time as an address has it whose sender did not encode the plus sign: an address reads it as a blank."""


def without_blanks(query: bytes) -> bytes:
    """The query with trimmed values, and without the empty ones: they count as missing, as in a form and in JSON.

    The plus sign of a time with its zone is one, also if it was not encoded.
    """
    return b"&".join(filter(None, map(_trimmed, query.split(b"&"))))


def _trimmed(parameter: bytes) -> bytes:
    """The parameter, its value trimmed; nothing if it has none."""
    name, _, raw = parameter.partition(b"=")
    value = unquote_plus(raw.decode("latin-1"))
    kept = trimmed(value)
    if _MOMENT.fullmatch(kept):
        kept = _BLANK_BEFORE_OFFSET.sub("+", kept)
    if kept == value:
        return parameter if kept else b""
    return name + b"=" + quote_plus(kept).encode() if kept else b""
