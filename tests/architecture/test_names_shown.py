"""A text that people typed stands in `<bdi>`: written from right to left, it would turn the words around it.

In a sentence by the filter: `_("With {counsellor}").format(counsellor=name | bdi)`; alone by the element.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import jinja2
import pytest
from jinja2 import nodes

SERVICES = Path(__file__).resolve().parents[2] / "services"
TEMPLATES = sorted(SERVICES.glob("*/templates/*.html")) + sorted(SERVICES.glob("*/templates/**/*/*.html"))
NO_TEXT = frozenset(
    [
        "all",
        "at",
        "because",
        "button",
        "called",
        "came",
        "count",
        "date",
        "days",
        "desk",
        "guidance",
        "have",
        "interviews",
        "key",
        "label",
        "length",
        "limit",
        "lot",
        "met",
        "most",
        "n",
        "need",
        "number",
        "oldest",
        "part",
        "people",
        "seats",
        "seconds",
        "since",
        "taken",
        "ticket",
        "time",
        "until",
        "visitors",
        "waiting",
        "year",
        "youngest",
    ]
)
"""What sentences are formatted with that nobody types: numbers, times, tickets, and words of the screen."""
TYPED = "given_name|family_name|display_name|name|title|whom|what|city|organization_name|provider_name|service_name"
"""The columns of texts that people type."""
SHOWN = re.compile(rf"{{{{ (?:(?:\w+\.)+(?:{TYPED})|name|centre_name) }}}}")
ENVIRONMENT = jinja2.Environment(extensions=["jinja2.ext.i18n"], autoescape=True)


def unmarked_arguments(source: str) -> Iterator[str]:
    """The arguments of sentences that are neither marked nor known to be no typed text."""
    for call in ENVIRONMENT.parse(source).find_all(nodes.Call):
        if isinstance(call.node, nodes.Getattr) and call.node.attr == "format":
            for argument in call.kwargs:
                if not isinstance(argument.value, nodes.Filter | nodes.Call) and argument.key not in NO_TEXT:
                    yield f"line {argument.lineno}: {argument.key}"


def unmarked_texts(source: str) -> Iterator[str]:
    """The typed texts that stand in a page without the element."""
    for found in SHOWN.finditer(source):
        before = source[: found.start()]
        line = before[before.rfind("\n") + 1 :]
        is_marked = before.rfind("<bdi>") > before.rfind("</bdi>")
        in_attribute = line.rfind('="') > line.rfind('"', line.rfind('="') + 2)
        if not (is_marked or in_attribute or "{% block title %}" in line or "{% set " in line):
            yield f"line {before.count(chr(10)) + 1}: {found[0]}"


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: f"{path.parents[1].name}/{path.name}")
def test_typed_texts_are_marked(template: Path) -> None:
    source = template.read_text()
    assert [*unmarked_arguments(source), *unmarked_texts(source)] == []


def test_what_is_not_marked_is_found() -> None:
    assert list(unmarked_arguments('{{ _("With {who}").format(who=one.name) }}')) == ["line 1: who"]
    assert list(unmarked_arguments('{{ _("With {who}").format(who=one.name | bdi) }}')) == []
    assert list(unmarked_texts('<h1 id="{{ name }}">{{ one.name }}</h1>')) == ["line 1: {{ one.name }}"]
    assert list(unmarked_texts("<bdi>{{ one.given_name }} {{ one.family_name }}</bdi>")) == []
