"""Search parameters, results, and the numbers that decide the order."""

import math
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import orjson

from services.directory.domain import UnknownCursor

BOOSTS = {"name": 3.0, "topics": 2.0, "organization": 1.0, "description": 1.0, "town": 1.0}
"""The weight of a match, by field."""

BAND = 0.5
"""Relevance is rounded down to a multiple of this."""

DEPTH = 1000
"""The number of best matches that a search with words orders."""

SEARCHABLE = ("active", "temporarily closed")
MAX_WORDS = 12


class Kind(StrEnum):
    """What is searched."""

    SERVICE = "service"
    PLACE = "place"
    """A service at one location."""
    ORGANIZATION = "organization"
    """One that offers nothing is found; one whose services are all withdrawn is not."""


@dataclass(frozen=True, slots=True)
class SearchParams:
    """The parameters of a search."""

    words: str = ""
    kind: Kind = Kind.SERVICE
    area: str | None = None
    town: str | None = None
    """A key of `town_key`. Empty: a name of which nothing is left, so that no service has it."""
    language: str | None = None
    term: UUID | None = None
    """Of any taxonomy; in an attribute of the service or of anything in it."""
    taxonomy: UUID | None = None
    organization: UUID | None = None
    postcode: str | None = None
    """A key of `postcode_key`: that of a location."""
    modified_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ranked:
    """One result and the numbers that decide its rank."""

    id: UUID
    score: float
    band: float
    lot: int
    fields: dict[str, float]
    """The share of each field in the score."""


@dataclass(frozen=True, slots=True)
class Found:
    """One page of results."""

    total: int
    results: list[Ranked]
    next: str | None
    """The cursor of the next page; None on the last."""
    relaxed: bool = False
    """No service matched all words; these match some."""


def postcode_key(text: str) -> str:
    """A postal code as a key: without spaces, in capital letters."""
    return "".join(text.split()).upper()


def band_of(score: float) -> float:
    """The score, rounded down to its band."""
    return math.floor(score / BAND) * BAND


def cursor_after(last: Ranked) -> str:
    """The cursor of the page after this result."""
    return orjson.dumps([last.band, last.lot]).hex()


def read_cursor(text: str) -> tuple[float, int]:
    """Band and lot of the last result of the page before. Raises `UnknownCursor`."""
    try:
        values = orjson.loads(bytes.fromhex(text))
        band, lot = float(values[0]), int(values[1])
    except (ValueError, TypeError, LookupError) as error:
        raise UnknownCursor() from error
    if not 0 <= lot < 2**64:
        raise UnknownCursor()
    return band, lot
