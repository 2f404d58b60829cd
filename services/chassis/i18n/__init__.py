"""Four languages: French first, then German, Dutch, English.

English msgids in the code, a catalogue per language in each package, read by Babel's gettext classes. Every
service also reads the chassis' catalogue and that of the contracts, which translates the names of codes.

A catalogue is compiled in memory when the first message of its language is translated.
"""

from collections.abc import Iterator
from contextvars import ContextVar
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Literal, get_args

from babel import Locale
from babel.core import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

Language = Literal["fr", "de", "nl", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
DEFAULT = "fr"
HERE = Path(__file__).parents[1]

language: ContextVar[str] = ContextVar("language", default=DEFAULT)
"""The language of the current request."""

answering: ContextVar[str] = ContextVar("answering", default="chassis")
"""The service that answers: its own catalogue takes precedence over others for the same msgid."""

_folders: list[Path] = [HERE / "locales", HERE.parent / "contracts" / "locales"]


def add_catalogues(folder: Path) -> None:
    """Read this folder's `<language>.po` files too."""
    if folder not in _folders:
        _folders.append(folder)
        catalogue.cache_clear()


@cache
def catalogue(lang: str, own: str = "chassis") -> NullTranslations:
    """A language's messages: the service's own, then the chassis', then all others, each with its plural forms."""
    ordered = sorted(_folders, key=lambda folder: (folder.parent.name != own, folder != HERE / "locales"))
    paths = [path for folder in ordered if (path := folder / f"{lang}.po").exists()]
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
    return catalogue(lang or language.get(), answering.get()).gettext(text) if text else ""


def translate_number(one: str, many: str, number: int) -> str:
    """The message for this number, by the catalogue's plural forms: in French, 0 is singular."""
    return catalogue(language.get(), answering.get()).ngettext(one, many, number)


def locale() -> Locale:
    """The locale of dates and numbers for the current language."""
    return Locale.parse({"fr": "fr_BE", "de": "de_BE", "nl": "nl_BE", "en": "en_GB"}[language.get()])


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
