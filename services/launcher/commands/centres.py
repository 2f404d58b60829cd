"""The centres in import files, and waiting until the importing services know them."""

import csv
import re
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from services.launcher.errors import Refusal

WAIT_SECONDS = 60.0
"""A published centre reaches every service within a second; after a minute something is stuck."""
PAUSE_SECONDS = 0.2

_CENTRE = re.compile(rb'"centre"\s*:\s*"([^"\\]{1,40})"')


class CentresUnknown(Refusal):
    """A service has not received centres that the directory has published."""


def centres_in(path: Path) -> set[str]:
    """The centre codes in a file. Lines without one are left to the import, which refuses them."""
    return set(_in_csv(path) if path.suffix == ".csv" else _in_json(path))


def _in_json(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        for line in file:
            if found := _CENTRE.search(line):
                yield found[1].decode("utf-8", "replace")


def _in_csv(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        for row in csv.DictReader(file):
            if code := row.get("centre"):
                yield code


def wait_for_centres(
    ask: Callable[[str], list[dict[str, Any]]], services: Iterable[str], named: set[str], seconds: float = WAIT_SECONDS
) -> None:
    """Wait until these services know every named centre that the directory has published.

    An import right after the start would otherwise have each line refused. `ask` returns a service's centres.
    Centres unknown to the directory are not waited for: the import refuses their lines.
    Raises `CentresUnknown` after `seconds`.
    """
    wanted = named & _codes(ask("directory"))
    end = time.monotonic() + seconds
    for service in services:
        while missing := wanted - _codes(ask(service)):
            if time.monotonic() > end:
                raise CentresUnknown(
                    f"Après {seconds:.0f} s, {service} ne connaît pas encore : "
                    f"{', '.join(sorted(missing))}. Vérifiez avec `cefo doctor` et `cefo "
                    "dead-letters list`. Rien n’a été importé."
                )
            time.sleep(PAUSE_SECONDS)


def _codes(centres: list[dict[str, Any]]) -> set[str]:
    return {centre["code"] for centre in centres}
