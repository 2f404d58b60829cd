"""All words of a page go through the catalogues, with their punctuation."""

import re
from pathlib import Path

from services.launcher import messages

EXPRESSIONS = re.compile(r"{% block body_class %}[\w ]+{% endblock %}|{#.*?#}|{%.*?%}|{{.*?}}", re.DOTALL)
TAGS = re.compile(r"<!--.*?-->|<(script|style|code)\b.*?</\1>|<[^>]*>|&#?\w+;", re.DOTALL | re.IGNORECASE)
NOT_FOR_PEOPLE = {"asyncapi.html"}
"""Pages for developers, in English."""
NAMES = re.compile(r'\b(cefo|CSV|Excel|JSON)\b|[\w:-]+="[^"]*"')
"""Names that no language translates, and attributes that a macro puts into a tag."""


def words(path: Path) -> list[str]:
    """What stands in a template outside tags and expressions and is more than a separator."""
    plain = NAMES.sub("", TAGS.sub(" ", EXPRESSIONS.sub("", path.read_text())))
    return re.findall(r"[^\W\d_]{2,}|[:;?!]", plain)


def test_a_template_has_no_words_of_its_own() -> None:
    found = {
        path.relative_to(messages.SERVICES).as_posix(): left
        for path in messages.SERVICES.rglob("templates/**/*.html")
        if path.name not in NOT_FOR_PEOPLE and (left := words(path))
    }
    assert found == {}
