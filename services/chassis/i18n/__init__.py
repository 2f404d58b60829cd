"""Four languages: French first, then German, Dutch, English.

English msgids in the code, a catalogue per language in each package, read by Babel's gettext classes. Every
service also reads the chassis' catalogue and that of the contracts. A msgid has one translation in all of them.

A code (a state, an area) is a msgid with its kind as context, and has a word in all four languages.

A catalogue is compiled in memory when the first message of its language is translated.
"""

import re
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, Literal, cast, get_args
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import get_global, negotiate_locale
from babel.dates import format_date, get_day_names
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from services.chassis.refusals import msg
from services.contracts.text import fold

Language = Literal["fr", "de", "nl", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
LANGUAGE_NAMES = {"fr": "Français", "de": "Deutsch", "nl": "Nederlands", "en": "English"}
"""Each in itself."""
DEFAULT = "fr"
HERE = Path(__file__).parents[1]

language: ContextVar[str] = ContextVar("language", default=DEFAULT)
"""The language of the current request."""

_folders: list[Path] = [HERE / "locales", HERE.parent / "contracts" / "locales"]


def add_catalogues(folder: Path) -> None:
    """Read this folder's `<language>.po` files too."""
    if folder not in _folders:
        _folders.append(folder)
        catalogue.cache_clear()


@cache
def catalogue(lang: str) -> NullTranslations:
    """A language's messages, from all packages, with their plural forms."""
    paths = [path for folder in _folders if (path := folder / f"{lang}.po").exists()]
    first, *others = [Translations(BytesIO(_compiled(path))) for path in paths] or [NullTranslations()]
    for one in others:
        first.add_fallback(one)
    return first


@cache
def _compiled(path: Path) -> bytes:
    """A `.po` file in the binary form that gettext reads; compiled once per process."""
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=path.stem))
    return compiled.getvalue()


def translate(text: str, lang: str | None = None) -> str:
    """The message in this language (default: the reader's); the msgid itself where it has no translation."""
    # To gettext, the empty message is the catalogue's header.
    return catalogue(lang or language.get()).gettext(text) if text else ""


def translate_number(one: str, many: str, number: int) -> str:
    """The message for this number, by the catalogue's plural forms: in French, 0 is singular."""
    return catalogue(language.get()).ngettext(one, many, number)


def word_of(code: str, kind: str | None = None, lang: str | None = None) -> str:
    """The word for a member of an enumeration, or a code of the named kind; the code itself where it has none."""
    return str(catalogue(lang or language.get()).pgettext(kind or type(code).__name__, str(code)))


def by_name(text: str) -> tuple[str, str]:
    """The key that sorts names as a reader looks for them: Étienne before Zoé, Œuvre among the O.

    Stores differ in how they sort letters, so lists that people read are sorted by this key.
    """
    return fold(text), text


def locale(lang: str | None = None) -> Locale:
    """The locale of dates and numbers for this language (default: the reader's)."""
    return _locale(lang or language.get())


@cache
def _locale(lang: str) -> Locale:
    return Locale.parse({"fr": "fr_BE", "de": "de_BE", "nl": "nl_BE", "en": "en_GB"}[lang])


NAMED = {"sgn": msg("sign language"), "und": msg("another language")}
"""Codes that are no single language. Babel has no words for them that people use."""
NO_NAME = msg("the language with the code {code}")


def language_name(code: str) -> str:
    """A language in the reader's one, by its code of ISO 639 (`sgn`: a sign language; `und`: another one)."""
    names: Mapping[str, str] = cast(Any, locale()).languages
    name = names.get(code) or names.get(get_global("language_aliases").get(code, ""))  # `prs` is `fa_AF`: Dari
    return translate(NAMED[code]) if code in NAMED else name or translate(NO_NAME).format(code=code)


Form = Literal["short", "medium", "long", "full", "month", "weekday"]
_PATTERNS = {"month": "MMMM y", "weekday": "EEE d MMM"}
"""Forms that Babel has no name for: March 2026; Mon 2 Mar."""


def date_text(day: date, form: Form = "long", lang: str | None = None) -> str:
    """A day in this language (default: the reader's); `short` is in figures, with four of the year."""
    return _date_text(day.date() if isinstance(day, datetime) else day, form, lang or language.get())


@lru_cache(maxsize=4096)
def _date_text(day: date, form: Form, lang: str) -> str:
    """The text; kept, because a calendar or a list writes the same days again and again."""
    if form == "short":
        return format_date(day, _IN_FIGURES[lang], locale(lang))
    text = format_date(day, _PATTERNS.get(form, form), locale(lang))
    # Babel does not know that French writes the first of the month as an ordinal.
    return re.sub(r"(?<!\d)1 (?=\D)", "1er ", text, count=1) if lang == "fr" else text


def coming_day(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """The local day of a coming moment: today, tomorrow, the weekday of the next days, or the date."""
    day, today = at.astimezone(zone).date(), now.astimezone(zone).date()
    if day == today:
        return translate(msg("today"))
    if day == today + timedelta(days=1):
        return translate(msg("tomorrow"))
    if day - today < timedelta(days=7):
        return get_day_names("wide", locale=locale())[day.weekday()]
    return date_text(day, "full")


def moment_text(at: datetime, form: Form = "medium") -> str:
    """A day and the time to the minute, in the current language."""
    return f"{date_text(at, form)}, {time_text(at)}"


def time_text(at: datetime | time) -> str:
    """The time to the minute: 09:15."""
    return f"{at:%H:%M}"


_IN_FIGURES = {"fr": "dd/MM/yyyy", "de": "dd.MM.yyyy", "nl": "dd/MM/yyyy", "en": "dd/MM/yyyy"}


def choose(asked: str | None, remembered: str | None, accepts: str) -> str:
    """The language: from the URL, else the cookie, else the best match of `Accept-Language`, else French."""
    for candidate in (asked, remembered):
        if candidate in LANGUAGES:
            return candidate
    return negotiate_locale(_ranked(accepts), LANGUAGES, sep="-") or DEFAULT


def _ranked(accepts: str) -> Iterator[str]:
    """The tags of an `Accept-Language` header (RFC 9110, 12.5.4), best first, without refused and malformed ones."""
    ranges: list[tuple[float, str]] = []
    for part in accepts.split(",")[:20]:
        tag, _, weight = part.lower().replace(" ", "").partition(";q=")
        try:
            wanted = float(weight or 1)
        except ValueError:
            continue
        if tag and wanted > 0:
            ranges.append((wanted, tag))
    return (tag for _, tag in sorted(ranges, key=lambda pair: -pair[0]))
