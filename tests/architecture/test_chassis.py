"""The chassis is how every service is built, and knows none of them."""

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from services.contracts.areas import AREAS
from services.contracts.directory import ServiceStatus
from services.directory.domain.centres import CENTRES
from services.launcher.catalogue import NAMES
from tests.architecture.test_states import STATES

CHASSIS = Path(__file__).parents[2] / "services" / "chassis"
SOURCES = sorted(CHASSIS.rglob("*.py"))
TEMPLATES = sorted(CHASSIS.rglob("*.html"))
BROWSER_FILES = sorted(path for kind in ("*.js", "*.css", "*.svg") for path in (CHASSIS / "web" / "static").glob(kind))
ALSO_ANOTHER_WORD = {
    "accepted": "how many lines an import took in",
    "done": "the kind of the short message after an action, and a tone",
    "open": "an attribute of HTML, which live boards keep",
}
"""Words that are a service's state and something else in the chassis."""


def _said(path: Path) -> Iterator[str]:
    """Strings and comments; of a template or a browser's file everything.

    Names of the language (`directory=`) and imports say nothing.
    """
    if path.suffix != ".py":
        yield path.read_text()
        return
    words = (tokenize.STRING, tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING))
    yield from (
        token.string
        for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline)
        if token.type in words
    )


def _found(words: Iterable[str]) -> dict[str, set[str]]:
    named = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, words))})(?![\w-])")
    found = {
        path.relative_to(CHASSIS).as_posix(): {word for said in _said(path) for word in named.findall(said)}
        for path in (*SOURCES, *TEMPLATES, *BROWSER_FILES)
    }
    return {path: words for path, words in found.items() if words}


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(NAMES, id="service"),
        pytest.param(AREAS, id="area"),
        pytest.param([word for centre in CENTRES for word in (centre.code, centre.town)], id="centre"),
    ],
)
def test_the_chassis_names_none(words: Iterable[str]) -> None:
    assert _found(words) == {}


def test_the_chassis_has_no_state_of_a_service() -> None:
    """In its code; words that are also something else there are named above."""
    states = {state.value for kind in (*STATES, ServiceStatus) if "chassis" not in kind.__module__ for state in kind}
    found = {
        (path.relative_to(CHASSIS).as_posix(), node.value)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value in states
    }
    quoted = re.compile(rf'"({"|".join(map(re.escape, states))})"')
    found |= {
        (path.relative_to(CHASSIS).as_posix(), word) for path in TEMPLATES for word in quoted.findall(path.read_text())
    }
    assert {word for _, word in found} == set(ALSO_ANOTHER_WORD), sorted(found)
