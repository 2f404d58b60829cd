"""How the attributes of an event are written, and how a name that a sender chose is shown.

An attribute that is stored is a token: 1 to 190 printable ASCII characters without a space. So neither an inbox nor a
dead letter takes a sentence for an id.
"""

import re
from collections.abc import Iterable

LONGEST = 190
"""Most characters of an attribute that is stored: type, source, id, subject."""

MOST_NAMES = 20
"""Most names that are shown of those that a sender added."""

_TOKEN = re.compile(rf"[!-~]{{1,{LONGEST}}}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z_-]{0,38}[0-9]{0,2}")


def check_token(attribute: str, text: str) -> None:
    """Raises `ValueError`, without the text, if this attribute is not a token."""
    if not _TOKEN.fullmatch(text):
        raise ValueError(f"{attribute} must have 1 to {LONGEST} printable ASCII characters, and no space")


def check_once(headers: Iterable[tuple[str, bytes | None]]) -> None:
    """Raises `ValueError` for an attribute that has two headers: which of them was meant?"""
    names = [name for name, _ in headers if name.startswith("ce_")]
    if len(set(names)) < len(names):
        raise ValueError(f"header {shown_name(max(names, key=names.count))} is there twice")


def shown_name(name: object) -> str:
    """A field's or header's name as people may see it: one that could be a text or a number is only counted."""
    text = str(name)
    return text if isinstance(name, int) or _NAME.fullmatch(text) else f"({len(text)} characters)"


def shown_path(path: Iterable[object]) -> str:
    """The place of a field: `sessions.0.title`."""
    return ".".join(map(shown_name, path))


def shown_names(names: Iterable[str]) -> list[str]:
    """These names, each once and in order, at most `MOST_NAMES`; then how many others there are."""
    found = sorted(set(names))
    rest = len(found) - MOST_NAMES
    return [*found[:MOST_NAMES], f"+{rest}"] if rest > 0 else found
