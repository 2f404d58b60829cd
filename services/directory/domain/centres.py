"""Reference data: the twelve centres of the network and their public holidays.

The centres' real opening hours were not found: these are placeholders, which a manager can change.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import holidays

from services.chassis.refusals import msg
from services.directory.domain import ALL_AREAS

TIMEZONE = "Europe/Brussels"
LANGUAGES = ("fr", "de", "nl", "en")

_WORKING_DAYS = ("MO", "TU", "WE", "TH", "FR")
DEFAULT_HOURS: tuple[dict[str, Any], ...] = (
    {"weekdays": list(_WORKING_DAYS), "opens_at": "09:00", "closes_at": "12:00"},
    {"weekdays": list(_WORKING_DAYS), "opens_at": "13:00", "closes_at": "16:30"},
)
"""Monday to Friday, two half-days, local time."""


@dataclass(frozen=True, slots=True)
class KnownCentre:
    """One of the twelve centres. `kind`: a `cite` serves every visitor, a `carrefour` its surroundings."""

    code: str
    name: str
    town: str
    kind: str
    areas: tuple[str, ...] = ALL_AREAS


def _cite(code: str, town: str) -> KnownCentre:
    return KnownCentre(code, f"Cité des métiers de {town}", town, "cite")


def _carrefour(code: str, town: str) -> KnownCentre:
    return KnownCentre(code, f"Carrefour des métiers de {town}", town, "carrefour")


CENTRES = (
    _cite("charleroi", "Charleroi"),
    _cite("liege", "Liège"),
    _cite("namur", "Namur"),
    KnownCentre("arlon", "Carrefour des métiers d’Arlon", "Arlon", "carrefour"),
    _carrefour("huy", "Huy"),
    _carrefour("la-louviere", "La Louvière"),
    _carrefour("marche-en-famenne", "Marche-en-Famenne"),
    _carrefour("mons", "Mons"),
    _carrefour("mouscron", "Mouscron"),
    _carrefour("nivelles", "Nivelles"),
    _carrefour("tournai", "Tournai"),
    _carrefour("verviers", "Verviers"),
)


PROVINCES: dict[str, tuple[str, ...]] = {
    msg("Walloon Brabant"): ("nivelles",),
    msg("Hainaut"): ("charleroi", "la-louviere", "mons", "mouscron", "tournai"),
    msg("Province of Liège"): ("huy", "liege", "verviers"),
    msg("Province of Luxembourg"): ("arlon", "marche-en-famenne"),
    msg("Province of Namur"): ("namur",),
}
"""The centres' codes by their province, as people know the region."""


def centre_id(code: str) -> UUID:
    """The id of a centre's row, derived from its code."""
    return uuid5(NAMESPACE_URL, f"https://cefo.example/centre/{code}")


@cache
def public_holidays(first: int, last: int) -> tuple[str, ...]:
    """Belgium's public holidays from `first` to `last`, both years included, as sorted ISO dates."""
    years = range(first, last + 1)
    return tuple(sorted(day.isoformat() for day in holidays.country_holidays("BE", years=years))) if years else ()
