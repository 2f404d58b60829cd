"""How easy the pages that visitors read are to read, in French: `python -m tests.words.reading` prints a table.

A page is a template that extends a frame, with the templates of its package that it includes or imports, and for some
the modules whose texts it shows. Measured are whole sentences, in every state of the page; labels and buttons are
words, not sentences. The score is Flesch's reading ease with the weights of Kandel and Moles for French: 207 less
1.015 for each word of a sentence, less 73.6 for each syllable of a word. 100 is very easy, 0 very hard.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyphen
from jinja2 import Environment, meta

from services.launcher import messages
from tests.words.rules import VALUE, WORD, sentences
from tests.words.texts import VISITORS, places, texts

_HYPHENS = pyphen.Pyphen(lang="fr")
"""A syllable ends where a word may be divided."""

FLOOR = 70.0
"""What every page reaches: the lower end of "fairly easy", which is read by people of 12 or 13 years.

Flesch's bands are for readers of their own language (The Art of Readable Writing, 1949). Kandel and Moles (Cahiers
d'études de radio-télévision 19, 1958) weighted French so that the same bands hold. No table binds them to the levels of
the European framework, which rate people; where they are mapped, 70 to 80 is B1
(https://www.englishexpert.de/wp/2025/07/15/readability, who calls it rough). A low score finds long words and
sentences; a high one does not prove that a text is understood.
"""
TEAMS_ONLY = {"plans/templates/plans/overview.html"}
"""Pages in the folders of visitors' pages that only a counsellor opens."""
MODULES = {
    "directory/templates/directory/centres.html": ("directory/pages/centres.py",),
    "directory/templates/directory/centre.html": ("directory/pages/centres.py",),
    "plans/templates/plans/plan.html": ("plans/pages/words.py", "plans/pages/views.py", "plans/pages/plan.py"),
    "plans/templates/plans/dimension.html": ("plans/pages/writing.py",),
    "impact/templates/impact/public.html": (
        "impact/domain/periods.py",
        "impact/pages/public.py",
        "impact/templates/impact/report.html",
    ),
}
"""Modules with texts of a page."""
MESSAGES = {
    "errors and refusals": ("chassis/web/problems.py", "chassis/refusals.py", "plans/domain/refusals.py"),
}
"""Texts that any page may show."""
TEMPLATES = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)


@dataclass(frozen=True)
class Reading:
    """A page's measures."""

    page: str
    score: float
    words: int
    longest: int
    """Words of the longest sentence."""


@cache
def pages() -> dict[str, frozenset[str]]:
    """The files of each page that visitors read, as `package/path`."""
    found = {name: frozenset(files) for name, files in MESSAGES.items()}
    for path in sorted(messages.SERVICES.rglob("templates/**/*.html")):
        page = path.relative_to(messages.SERVICES).as_posix()
        is_page = re.search(r"{% extends|<!doctype", path.read_text())
        if is_page and VISITORS.match(page) and page not in TEAMS_ONLY:
            found[page] = frozenset(_parts(path)) | frozenset(MODULES.get(page, ()))
    return found


def _parts(path: Path, seen: frozenset[Path] = frozenset()) -> Iterator[str]:
    """The template and what it includes or imports from its package. A frame is a page of its own."""
    yield path.relative_to(messages.SERVICES).as_posix()
    source = path.read_text()
    root = next(parent for parent in path.parents if parent.name == "templates")
    for name in meta.find_referenced_templates(TEMPLATES.parse(source)):
        part = root / (name or "")
        if part.is_file() and part not in seen and f'{{% extends "{name}"' not in source:
            yield from _parts(part, seen | {path})


def prose(files: frozenset[str]) -> str:
    """The French sentences of these files, one text a line; `10` in place of each value."""
    found = {
        VALUE.sub("10", form)
        for text in texts()
        if text.lang == "fr" and files & set(places(text.package).get(text.msgid, ()))
        for form in text.forms
        if re.search(r"\s.*[.?!]$", form, re.DOTALL)
    }
    return "\n".join(sorted(found))


def measured(page: str, text: str) -> Reading:
    """The measures of a text."""
    lengths, words = sentences(text), WORD.findall(text)
    syllables = sum(len(_HYPHENS.positions(word)) + 1 for word in words)
    score = 207 - 1.015 * len(words) / len(lengths) - 73.6 * syllables / len(words)
    return Reading(page, round(score, 1), len(words), max(lengths))


def readings() -> list[Reading]:
    """Every page with sentences, the hardest first."""
    found = [measured(page, text) for page, files in pages().items() if (text := prose(files))]
    return sorted(found, key=lambda one: one.score)


def main() -> int:
    """Print the table."""
    sys.stdout.write(f"Reading ease in French, at least {FLOOR:.0f} on every page that visitors read\n")
    sys.stdout.write("score  words  longest sentence  page\n")
    for one in readings():
        page = one.page.replace("/templates/", "/", 1)
        sys.stdout.write(f"{one.score:5.1f}  {one.words:5}  {one.longest:16}  {page}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
