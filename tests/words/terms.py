"""The terms of docs/terms.toml, and what a text calls by another name."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from tests.words.rules import VALUE

FILE = Path(__file__).parents[2] / "docs" / "terms.toml"


@cache
def terms() -> list[dict[str, Any]]:
    """All of them, in the order of the file."""
    return tomllib.loads(FILE.read_text())["term"]


def plain(text: str) -> str:
    """A text without its values and soft hyphens, in lower case, with one kind of space and apostrophe."""
    return re.sub(r"\s+", " ", VALUE.sub(" ", text).replace("’", "'").replace("\N{SOFT HYPHEN}", "")).strip().casefold()


def _phrase(phrase: str) -> re.Pattern[str]:
    whole = phrase.startswith("=")
    wanted = re.escape(plain(phrase.removeprefix("=")))
    return re.compile(rf"^{wanted}[\s.:?!…]*$" if whole else rf"(?<!\w){wanted}(?!\w)")


@cache
def _never(lang: str) -> list[tuple[str, list[re.Pattern[str]], list[re.Pattern[str]]]]:
    return [
        (term["code"], [*map(_phrase, term[f"never_{lang}"])], [*map(_phrase, term.get(f"fine_{lang}", []))])
        for term in terms()
        if term.get(f"never_{lang}")
    ]


def misnamed(text: str, lang: str) -> list[str]:
    """The terms that this text calls by a name that the glossary forbids."""
    found: list[str] = []
    for code, never, fine in _never(lang):
        rest = plain(text)
        for phrase in fine:
            rest = phrase.sub(" ", rest)
        found += [code for phrase in never if phrase.search(rest)][:1]
    return found
