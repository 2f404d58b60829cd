"""docs/glossary.md, made from docs/terms.toml: the words of pages and code, and the rules for texts."""

import tomllib
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

from services.chassis.i18n import LANGUAGES

_HEAD = """\
# Glossary

<!-- Made by `make snapshots` from docs/terms.toml: change that file. -->

The words of the pages and of the code. One thing has one word, and one word means one thing, in each of the four
languages. Before you write or translate a text, look its nouns and verbs up here and use the word of the row; a word
that is in no row is everyday language. *Never* lists what the thing is not called: a test finds these words in every
text that people read (“alone”: only where they are the whole text). A new term is a new row in `docs/terms.toml`, with
its word in four languages.

The rules for texts:

1. One message in English has one translation in each language, in all catalogues, unless a context says why not.
2. Speak to the reader: *vous*, *Sie*, *u*, *you*. No word for a person is masculine only.
3. A button says what happens, with a verb.
4. A state has no gender: a noun, “en …”, “à …”, or the form of the noun beside it (*demande* – *acceptée*).
5. French: a no-break space before `:` and inside « », a narrow one before `;`, `?`, `!` and `%`; the apostrophe is ’.
6. Quotes: « » in French, „ “ in German, ‘ ’ in Dutch, “ ” in English.
7. A text with a number has its singular and its plural, or needs none (“1 sur 2”). In French, 0 is singular.
8. No semicolon: two sentences. At most 15 words a sentence for visitors, 20 for teams; one idea in each; no image.
9. A refusal says what is wrong, then what to do next.
10. Dates in words or with four digits of the year, never with seconds; lengths as “1 h 30”.
"""


def page(terms: Path) -> str:
    """The page from the file of terms: the rules, then a table per section, in the order of the terms."""
    sections = groupby(tomllib.loads(terms.read_text())["term"], key=lambda term: term["section"])
    return _HEAD + "".join(f"\n## {section}\n\n{_table(list(rows))}" for section, rows in sections)


def _table(terms: list[dict[str, Any]]) -> str:
    """The terms of one section, and the reasons below it. Terms that no page shows need no columns of languages."""
    shown = any(language in term for term in terms for language in LANGUAGES)
    columns = ["term", *(language.upper() for language in LANGUAGES), "means", "never", "where"]
    rows = [_shown_row(term) for term in terms]
    if not shown:
        columns = ["term", "means", "where"]
        rows = [[term["code"], term["means"], f"`{term['where']}`"] for term in terms]
    reasons = [f"- *{term['code']}*: {term['why']}" for term in terms if "why" in term]
    lines = [_line(columns), _line(["---"] * len(columns)), *map(_line, rows), *(["", *reasons] if reasons else [])]
    return "\n".join(lines) + "\n"


def _shown_row(term: dict[str, Any]) -> list[str]:
    words = [term.get(language, "–") for language in LANGUAGES]
    return [term["code"], *words, term["means"], _never(term), f"`{term['where']}`"]


def _never(term: dict[str, Any]) -> str:
    """What the thing is never called, by language: `FR` pas venu (alone) · `DE` als versäumt."""
    lists = ((language.upper(), term.get(f"never_{language}", [])) for language in LANGUAGES)
    return " · ".join(f"`{language}` {' / '.join(map(_plain, phrases))}" for language, phrases in lists if phrases)


def _plain(phrase: str) -> str:
    whole = phrase.removeprefix("=")
    return f"{whole} (alone)" if whole != phrase else phrase


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
