"""Rules of directory entries: valid values, freshness, and the daily lot that keeps the search neutral."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.chassis.refusals import Invalid, UnknownArea, msg, with_words
from services.contracts.areas import AREAS
from services.contracts.directory import WEEKDAYS
from services.contracts.text import words_of
from services.directory.domain.opening_refusals import HoursOverlap, WrongHours
from services.directory.domain.refusals import (
    NotAZone,
    PlacesBeyondCapacity,
    UnknownLanguage,
    UnknownTopic,
)

ALL_AREAS = AREAS
"""The four areas of the centres. A network may add its own (Brussels has a fifth, mobility)."""

TOPICS = {
    "guidance": msg("Guidance and counselling"),
    "skills-assessment": msg("Skills assessment"),
    "skills-recognition": msg("Recognition of skills"),
    "vocational-training": msg("Vocational training"),
    "apprenticeship": msg("Dual training"),
    "evening-courses": msg("Evening courses"),
    "basic-skills": msg("Basic skills"),
    "language-course": msg("Language course"),
    "digital-skills": msg("Digital skills"),
    "job-search": msg("Job search"),
    "work-experience": msg("Work placement"),
    "business-start": msg("Starting a business"),
    "rights": msg("Rights and procedures"),
    "higher-education": msg("Higher education"),
}
"""The taxonomy `cefo-topics`: topics of services."""

LANGUAGE_LABELS = {
    "fr": msg("French"),
    "de": msg("German"),
    "nl": msg("Dutch"),
    "en": msg("English"),
    "ar": msg("Arabic"),
    "es": msg("Spanish"),
    "it": msg("Italian"),
    "tr": msg("Turkish"),
    "uk": msg("Ukrainian"),
    "sfb": msg("French Belgian Sign Language"),
}

WEEKDAY_LABELS = {
    "MO": msg("Monday"),
    "TU": msg("Tuesday"),
    "WE": msg("Wednesday"),
    "TH": msg("Thursday"),
    "FR": msg("Friday"),
    "SA": msg("Saturday"),
    "SU": msg("Sunday"),
}
with_words(WEEKDAY_LABELS)
"""With a capital letter in every language: they begin a sentence."""

_FRESH, _AGEING = timedelta(days=183), timedelta(days=365)


class Freshness(StrEnum):
    """How long ago the provider assured that a service is correct."""

    FRESH = "fresh"
    """Within six months."""
    AGEING = "ageing"
    """Within a year."""
    STALE = "stale"
    UNKNOWN = "unknown"
    """Never assured."""


def freshness(assured: date | None, today: date) -> Freshness:
    """The freshness of a service that was assured on `assured`."""
    if assured is None:
        return Freshness.UNKNOWN
    age = today - assured
    return Freshness.FRESH if age <= _FRESH else Freshness.AGEING if age <= _AGEING else Freshness.STALE


def lot(day: date, id: UUID) -> int:
    """The service's rank among equals on a day, pseudorandom: 0 … 2⁶⁴-1, uniform, different every day."""
    return int.from_bytes(hashlib.blake2b(f"{day.isoformat()} {id}".encode(), digest_size=8).digest(), "big")


def town_key(name: str) -> str:
    """A town's name as a key: `La Louvière` and `la-louviere` are the same. Empty if nothing is left."""
    return "-".join(words_of(name))


def region_of(postal_code: str) -> str:
    """The region of a Belgian postal code, in its own language; of any other, the country."""
    number = int(postal_code) if postal_code.isascii() and postal_code.isdecimal() else 0
    if 1000 <= number < 1300:
        return "Bruxelles-Capitale"
    if 1300 <= number < 1500 or 4000 <= number < 8000:
        return "Wallonie"
    return "Vlaanderen" if 1500 <= number < 10_000 else "Belgique"


def check_areas(areas: Iterable[str], known: Sequence[str] = ALL_AREAS) -> None:
    """Raises `UnknownArea`."""
    for area in areas:
        if area not in known:
            raise UnknownArea(about="areas", area=area, known=tuple(known))


def check_topics(topics: Iterable[str]) -> None:
    """Raises `UnknownTopic`."""
    for topic in topics:
        if topic not in TOPICS:
            raise UnknownTopic(topic=topic, known=tuple(TOPICS))


def check_languages(languages: Iterable[str], *, field: str = "languages") -> None:
    """Raises `UnknownLanguage` about `field`."""
    for language in languages:
        if language not in LANGUAGE_LABELS:
            raise UnknownLanguage(about=field, language=language, known=tuple(LANGUAGE_LABELS))


def check_places(capacity: int | None, places_open: int | None) -> None:
    """There are at most as many open places as places. Raises `PlacesBeyondCapacity`."""
    if places_open is not None and (capacity is None or not 0 <= places_open <= capacity):
        raise PlacesBeyondCapacity(places_open=places_open, capacity="–" if capacity is None else capacity)


class CheckedLater(Invalid):
    """A service was checked on a day that has not come yet."""

    slug = "checked-later"
    message = msg("This day has not come yet: {day}. Give the day on which the service was last checked.")
    field_name = "assured_date"


def check_checked(assured_date: date | None, today: date, *, field: str = "assured_date") -> None:
    """A service was checked today or earlier. Raises `CheckedLater` about `field`."""
    if assured_date is not None and assured_date > today:
        raise CheckedLater(about=field, day=assured_date)


def check_zone(zone: str) -> None:
    """Raises `NotAZone`."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise NotAZone(zone=zone) from error


def check_schedule(opens_at: str, closes_at: str) -> None:
    """Local times `HH:MM`, closing after opening. Raises `WrongHours`."""
    if closes_at <= opens_at:
        raise WrongHours(opens_at=opens_at, closes_at=closes_at)


def check_opening(hours: Iterable[tuple[Sequence[str], str, str]]) -> None:
    """Opening hours (weekdays, opens, closes) do not overlap. Raises `WrongHours`, `HoursOverlap`."""
    by_day: dict[str, list[tuple[str, str]]] = {}
    for weekdays, opens_at, closes_at in hours:
        check_schedule(opens_at, closes_at)
        for weekday in weekdays:
            by_day.setdefault(weekday, []).append((opens_at, closes_at))
    for weekday in WEEKDAYS:
        spans = sorted(by_day.get(weekday, []))
        for first, second in pairwise(spans):
            if second[0] < first[1]:
                raise HoursOverlap(weekday=WEEKDAY_LABELS[weekday], first="–".join(first), second="–".join(second))
