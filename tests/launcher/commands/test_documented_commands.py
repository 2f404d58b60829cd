"""Every command that a document names is there, with its options."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from services.launcher.commands.app import app

ROOT = Path(__file__).parents[3]
DOCUMENTS = [path for folder in (".", "docs", "docs/decisions") for path in sorted((ROOT / folder).glob("*.md"))]
NAMED = re.compile(r"(?:`|^|\.venv/bin/)cefo ([a-z][^`\n#]*)", re.MULTILINE)
COMMAND: Any = typer.main.get_command(app)


def named(document: Path) -> set[str]:
    return {line.strip() for line in NAMED.findall(document.read_text())}


def test_documents_name_commands() -> None:
    assert sum(len(named(document)) for document in DOCUMENTS) > 15


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_they_exist(document: Path) -> None:
    for line in named(document):
        command, words = COMMAND, line.split()
        while words and hasattr(command, "commands"):
            name, *words = words
            assert set(name.split("|")) <= set(command.commands), f"{document.name}: cefo {line}"
            command = command.commands[name.split("|")[0]]
        options = {name for parameter in command.params for name in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, f"{document.name}: cefo {line}"
