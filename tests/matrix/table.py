"""The tables in `expected/`: for each line, a route or a variant of it, who gets through."""

import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

from services.launcher.catalogue import NAMES
from tests.matrix.callers import CALLERS, Rule

FOLDER = Path(__file__).parent / "expected"
EVERY_SERVICE = "every-service"


class WrongTable(ValueError):
    """A table names an unknown caller, or one line twice."""


def lines_of(name: str) -> dict[str, Rule]:
    """The lines about the routes of one service, or of the front."""
    table = _read(name)
    groups = [*table["allowed"], *(_read(EVERY_SERVICE)["allowed"] if name in NAMES else ())]
    found: dict[str, Rule] = {}
    for group in groups:
        rule = _rule(group, table.get("unknown", ()))
        for line in group["routes"]:
            if line in found:
                raise WrongTable(f"{name}: {line} is there twice")
            found[line] = rule
    return found


def route_of(line: str) -> str:
    """The route of a line: method and path, without the variant."""
    return line.split(" (", maxsplit=1)[0]


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text())


def _rule(group: dict[str, Any], unknown: Collection[str]) -> Rule:
    who = frozenset(CALLERS if group["who"] == "everyone" else group["who"])
    hidden = frozenset(group.get("hidden", ()))
    if wrong := (who | hidden | set(unknown)) - set(CALLERS):
        raise WrongTable(f"there are no such callers: {sorted(wrong)}")
    return Rule(who, group.get("another"), hidden, frozenset(unknown))
