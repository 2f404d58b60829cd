"""Waits until the importing services know the centres that the directory has published."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from services.launcher.errors import Refusal

WAIT_SECONDS = 60.0
"""A published centre reaches every service within a second; after a minute something is stuck."""
PAUSE_SECONDS = 0.2


class CentresUnknown(Refusal):
    """A service has not received centres that the directory has published."""


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
