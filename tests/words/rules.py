"""The rules for texts that people read, as far as a program can check them."""

import re
from collections.abc import Iterator

NBSP, NNBSP = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"
VALUE = re.compile(r"%\(\w+\)[sd]|\{\w*\}")
WORD = re.compile(r"[^\W_]+(?:[’'\-‑][^\W_]+)*")
CODE = re.compile(r"`[^`]*`|https?://\S+|\b[\w.]+@[\w.]+")

QUOTES = {"fr": "«»", "de": "„“", "nl": "‘", "en": "“”"}
"""The quotation marks of a language. `’` closes one in Dutch and is an apostrophe everywhere."""


def spacing(text: str, lang: str) -> Iterator[str]:
    """French spacing: a no-break space before `:` and inside `« »`, a narrow one before `; ? ! %`."""
    if "  " in text or text != text.strip(" "):
        yield "a space too many"
    if lang != "fr":
        if re.search(r"[ \u00a0\u202f][;:?!]", text):
            yield "a space before punctuation"
        return
    for found in re.finditer(r"(.?)([:;?!%»])(.?)", VALUE.sub("0", text)):
        before, mark, after = found.groups()
        if mark == ":" and after and not re.match(r"[\s\u00a0\u202f]", after):
            continue  # a time or an address
        if mark in "?!" and before in "?!…(":
            continue
        wanted = NBSP if mark in ":»" else NNBSP
        if before != wanted:
            yield f"before {mark}: {'a no-break space' if wanted == NBSP else 'a narrow no-break space'}"
    if re.search(r"«(?!\u00a0)", text):
        yield "after «: a no-break space"


def marks(text: str, lang: str) -> Iterator[str]:
    """Quotation marks of the language, curly apostrophes, no semicolon, no three dots."""
    if '"' in text or "'" in text:
        yield "a straight quotation mark or apostrophe"
    others = set("«»„“”‘") - set(QUOTES[lang])
    if found := sorted(others & set(text)):
        yield f"quotation marks of another language: {' '.join(found)}"
    if ";" in text:
        yield "a semicolon: make two sentences"
    if "..." in text:
        yield "three dots: …"


def sentences(text: str) -> list[int]:
    """The words of each sentence. A colon, a dash, a line and a bracket end one too."""
    plain = VALUE.sub(" X ", text)
    return [
        n
        for part in re.split(r"[.?!…:·\n()–—]+(?=\s|$|[\u00a0\u202f])|[()–—]", plain)
        if (n := len(WORD.findall(part)))
    ]


def length(text: str, most: int) -> Iterator[str]:
    longest = max(sentences(text), default=0)
    if longest > most:
        yield f"a sentence of {longest} words, at most {most}"


PEOPLE = {
    "fr": r"visiteurs?(?! pour)|conseillers?|participants?|opérateurs?|utilisateurs?|bienvenu|(dé)?connecté|agents?",
    "de": r"Besucher|Berater(?!/in)|Teilnehmer(?!/in)|Nutzer(?!/in)|Benutzer(?!/in)|Mitarbeiter(?!/in)",
    "nl": r"bezoeker|zijn of haar|haar of hem|hij of zij",
    "en": r"his|her|he|she|whoever",
}
"""Words for people that are masculine only, or that say both badly."""
BOTH = re.compile(
    r"conseillers? ou (une (autre )?|de sa |cette |la même )?conseillères?"
    r"|(Berater|Besucher)in oder (der |des |dem |demselben |diesen )?(Berater|Besucher)s?",
    re.IGNORECASE,
)
"""Both forms, as they stand in a sentence."""


def people(text: str, lang: str) -> Iterator[str]:
    if found := re.search(rf"\b({PEOPLE[lang]})\b", BOTH.sub("", text), re.IGNORECASE if lang != "de" else 0):
        yield f"for a person of any gender: {found.group()!r}"


COUNTS = (
    r"(?:n|num|count|number|people|seats|minutes|days|hours|views|open|all|taken|limit|held|booked|came|services"
    r"|lines|sessions|max_length|min_length)"
)
LOOSE = {
    "fr": "sur|à|au|et|ou|par|de|min|h|places? libres sur|maximum|au",
    "de": "von|bis|und|oder|pro|je|Min|Std|in",
    "nl": "van|tot|en|of|per|min|op",
    "en": "of|to|and|or|per|min|at|in|on",
}


def plural(text: str, lang: str) -> Iterator[str]:
    """A number that stands before its noun needs plural forms."""
    for found in re.finditer(rf"(?:\{{{COUNTS}\}}|%\({COUNTS}\)[sd])[ \u00a0]([^\W\d_]+)", text):
        if not re.fullmatch(LOOSE[lang], found.group(1)):
            yield f"plural forms are needed: {found.group()!r}"


def raw(text: str) -> Iterator[str]:
    """No codes, UUIDs or version numbers."""
    plain = VALUE.sub("", text)
    if found := re.search(r"\w_\w|[0-9a-f]{8}-[0-9a-f]{4}", plain):
        yield f"a raw code: {found.group()!r}"
    if re.search(r"\{(version|seen|slug)\}", text):
        yield "a version number or a code as a value"


def faults(text: str, lang: str, most: int = 20, numbers: bool = True) -> list[str]:
    """What is wrong with a text in a language; `most` words a sentence; a plural message needs no check of numbers."""
    text = CODE.sub("code", text)
    found = [*spacing(text, lang), *marks(text, lang), *length(text, most), *people(text, lang), *raw(text)]
    return [*found, *plural(text, lang)] if numbers else found
