"""Which centres an import's files name, and whether the services that take them in have heard of them."""

import csv
import re
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from services.launcher.errors import Refusal

WAIT_SECONDS = 60.0
"""News of a centre needs a second; a minute means that something stands still."""
PAUSE_SECONDS = 0.2

_CENTRE = re.compile(rb'"centre"\s*:\s*"([^"\\]{1,40})"')


class CentresUnknown(Refusal):
    """A service has not heard of centres that the directory has published."""


def centres_in(path: Path) -> set[str]:
    """The codes of centres that a file of lines names; what is no code is left to the import to refuse."""
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
    """Until these services know every named centre that the directory has published.

    Whoever starts a platform and imports at once would otherwise be refused each line. `ask` answers a service's list
    of centres. A centre that the directory does not know is not waited for: the import names it, line by line.
    Raises `CentresUnknown` after `seconds`.
    """
    wanted = named & _codes(ask("directory"))
    end = time.monotonic() + seconds
    for service in services:
        while missing := wanted - _codes(ask(service)):
            if time.monotonic() > end:
                raise CentresUnknown(
                    f"après {seconds:.0f} s, {service} n'a pas entendu parler de {', '.join(sorted(missing))}, que "
                    "l'annuaire a publiés : son consommateur et le relais de l'annuaire tournent-ils ? Voyez "
                    "`cefo doctor` et `cefo dead-letters list`. Rien n'a été importé."
                )
            time.sleep(PAUSE_SECONDS)


def _codes(centres: list[dict[str, Any]]) -> set[str]:
    return {centre["code"] for centre in centres}
