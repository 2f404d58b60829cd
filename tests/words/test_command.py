"""The rules for texts, on those of the `cefo` command: its help, and what it prints, in French."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import typer.main

from services.launcher import messages
from services.launcher.commands.app import app
from tests.words.rules import NBSP, faults
from tests.words.terms import misnamed

LAUNCHER = messages.SERVICES / "launcher"
SETTINGS = messages.SERVICES / "chassis" / "runtime" / "settings"
"""Its refusals are printed by the command."""

FOR_DEVELOPERS = {"architecture.py", "glossary.py", "new_migration.py"}
"""Modules that write documents and code, in English."""
PRINTS = {"print", "print_error", "add_task", "Refusal", "BadParameter"}
"""Calls whose texts people read, also where they have no French word."""
FRENCH = re.compile(
    r"[àâçéèêëîïôûùœ’«»]|\b(aucun|dans|des|du|est|et|la|le|les|ne|ou|par|pas|pour|sont|sur|un|une)\b", re.IGNORECASE
)
TYPER_OWN = ("--help", "--install-completion", "--show-completion")
"""Options whose help Typer writes, in English."""
MARKUP = re.compile(r"\[/?[a-z][^\]]*\]")
CODES = re.compile(
    r"`[^`]*`|--[a-z]+|\bCEFO_[A-Z_]+(=\S+)?|\bPORT=\S+|\b(kafka|postgresql|redis)://\S*|[\w./]*/start\b"
)
"""Names and values of the machine, which no rule is about."""
ALLOWED = {"bootstrap: {}": "scripts read it", "admin: {}": "scripts read it"}
"""Texts that may break a rule, with the reason."""


def help_texts(command: Any = None, path: str = "cefo") -> Iterator[tuple[str, str]]:
    """Where each text of the help stands, and the text: of the command, its subcommands, arguments and options."""
    command = command or typer.main.get_command(app)
    yield path, command.help or ""
    for parameter in command.params:
        if not set(parameter.opts) & set(TYPER_OWN):
            yield f"{path} {parameter.name}", parameter.help or ""
    for name, inner in getattr(command, "commands", {}).items():
        yield from help_texts(inner, f"{path} {name}")


def template(node: ast.AST) -> str | None:
    """A string's text, with `{}` for each value of an f-string."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(template(part) or "" if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return None


def strings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The strings of a module with their lines, without docstrings and the parts of others."""
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if id(node) not in inner | docs and (text := template(node)) is not None:
            yield getattr(node, "lineno", 0), text


def printed(tree: ast.Module) -> set[str]:
    """The strings in calls that print."""
    shown = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _name(node) in PRINTS]
    return {text for call in shown for node in ast.walk(call) if (text := template(node)) is not None}


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


@cache
def code_texts() -> tuple[tuple[str, str], ...]:
    """Where each text stands in the code, and the text: those with a space and French words, and those printed."""
    found: list[tuple[str, str]] = []
    for path in (*sorted(LAUNCHER.rglob("*.py")), *sorted(SETTINGS.rglob("*.py"))):
        if path.name in FOR_DEVELOPERS:
            continue
        tree = ast.parse(path.read_text())
        shown = printed(tree)
        place = path.relative_to(messages.SERVICES)
        found += [
            (f"{place}:{line}", text)
            for line, text in strings(tree)
            if re.search(r"[^\W\d_]{3}", text) and " " in text.strip() and (FRENCH.search(text) or text in shown)
        ]
    return tuple(found)


def plain(text: str) -> str:
    """A text without markup, codes, and the blanks that put it into columns or begin a line."""
    text = CODES.sub("code", MARKUP.sub("", text))
    return " ".join(re.split(r"[ \n]+", text.strip()))


def wrong(texts: Iterator[tuple[str, str]] | tuple[tuple[str, str], ...]) -> dict[str, list[str]]:
    """What breaks a rule or has another name, by place."""
    return {
        f"{place}: {text!r}": found
        for place, text in texts
        if text not in ALLOWED
        if (found := [*faults(plain(text), "fr"), *misnamed(plain(text), "fr")])
    }


def test_there_are_texts() -> None:
    assert len(list(help_texts())) > 60
    assert len(code_texts()) > 80


def test_every_command_argument_and_option_has_a_help() -> None:
    assert [place for place, text in help_texts() if not text.strip()] == []


def test_a_help_is_a_sentence() -> None:
    ends = (".", "…", "`")
    assert [
        text for _, text in help_texts() if not (text[:1].isupper() or text[:1] == "`") or text[-1] not in ends
    ] == []


def test_the_help_keeps_the_rules() -> None:
    assert wrong(help_texts()) == {}


def test_what_the_command_prints_keeps_the_rules() -> None:
    assert wrong(code_texts()) == {}


def test_an_exception_is_still_needed() -> None:
    texts = {text for _, text in (*help_texts(), *code_texts())}
    assert ALLOWED.keys() - texts == set()


@pytest.mark.parametrize(
    "source",
    [
        'print("Le port est pris ; choisissez-en un autre")',
        'raise Refusal(f"{service} : ce service n’existe pas")',
        'HELP = "Les événements en souffrance"',
        "console.print(f'  {file:<20} l\\'annuaire, ouvert à tous')",
    ],
)
def test_a_fault_is_found(source: str) -> None:
    tree = ast.parse(source)
    assert wrong(tuple(("here", text) for _, text in strings(tree))) != {}


@pytest.mark.parametrize("text", [f"Jeton créé avec `cefo token`{NBSP}: --url", "  {} · essais\u00a0: {}"])
def test_a_good_text_passes(text: str) -> None:
    assert wrong((("here", text),)) == {}


def test_docstrings_are_no_texts() -> None:
    assert list(strings(ast.parse('"""Le module est en anglais."""\nx = "un mot"'))) == [(2, "un mot")]
