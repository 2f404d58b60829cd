"""Four languages: French first, then German, Dutch, English.

English msgids in the code, catalogues beside each package.

Catalogues are read from their `.po` files at start; there is nothing to compile.
"""

from collections.abc import Iterable
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any, cast

from babel import Locale
from babel.messages.pofile import read_po

from services.chassis.refusals import msg

LANGUAGES = ("fr", "de", "nl", "en")
DEFAULT = "fr"
HERE = Path(__file__).parents[1]

language: ContextVar[str] = ContextVar("language", default=DEFAULT)
"""The language of whoever is being answered."""

answering: ContextVar[str] = ContextVar("answering", default="chassis")
"""Which service answers: what its own catalogue says comes before what others say for the same words."""

_folders: list[Path] = [HERE / "locales"]


def add_catalogues(folder: Path) -> None:
    """Read this folder's `<language>.po` files too."""
    if folder not in _folders:
        _folders.append(folder)
        catalogue.cache_clear()


@cache
def catalogue(lang: str, own: str = "chassis") -> dict[str, str]:
    """Every translated message of a language: the own package's, then the chassis', then everybody else's."""
    messages: dict[str, str] = {}
    for folder in sorted(_folders, key=lambda folder: (folder.parent.name == own, folder == HERE / "locales")):
        path = folder / f"{lang}.po"
        if path.exists():
            with path.open("rb") as file:
                for message in read_po(file, locale=lang):
                    # One and many are two messages here: all four languages have just these two forms.
                    pairs = zip(_forms(message.id), _forms(message.string), strict=False)
                    messages |= {english: said for english, said in pairs if english and said}
    return messages


def _forms(text: object) -> tuple[str, ...]:
    return tuple(map(str, cast(Any, text))) if isinstance(text, list | tuple) else (str(text or ""),)


def translate(text: str, lang: str | None = None) -> str:
    """The message in this language (default: the reader's); the msgid itself where it has no translation."""
    return catalogue(lang or language.get(), answering.get()).get(text, text)


def translate_number(one: str, many: str, number: int) -> str:
    """The message for so many of something. French counts none like one."""
    return translate(one if number == 1 or (number == 0 and language.get() == "fr") else many)


def locale() -> Locale:
    """How the reader writes dates and numbers."""
    return Locale.parse({"fr": "fr_BE", "de": "de_BE", "nl": "nl_BE", "en": "en_GB"}[language.get()])


def choose(asked: str | None, remembered: str | None, accepts: str) -> str:
    """The language: asked for in the address, else remembered in the cookie, else the browser's best, else French."""
    for candidate in (asked, remembered):
        if candidate in LANGUAGES:
            return candidate
    return next((lang for lang in _ranked(accepts) if lang in LANGUAGES), DEFAULT)


def _ranked(accepts: str) -> Iterable[str]:
    ranges: list[tuple[float, str]] = []
    for part in accepts.split(",")[:20]:
        tag, _, weight = part.strip().partition(";q=")
        try:
            ranges.append((-float(weight or 1), tag[:2].lower()))
        except ValueError:
            continue
    return (tag for _, tag in sorted(ranges, key=lambda pair: pair[0]))


AREAS = {
    "choose-path": msg("Choosing a guidance path"),
    "select-training": msg("Selecting training"),
    "find-job": msg("Finding a job"),
    "create-business": msg("Creating a business"),
}
"""The default areas' names (domain words of the network). Centres may publish others: these show their code."""


def area_label(code: str) -> str:
    """An area's name in the reader's language."""
    return translate(AREAS.get(code, code))
