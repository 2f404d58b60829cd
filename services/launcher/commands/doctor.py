"""`cefo doctor`: whether every part of every service answers."""

from typing import Any

import typer
from rich.table import Table

from services.launcher.catalogue import SERVICES
from services.launcher.commands.client import get
from services.launcher.commands.terminal import LOCAL, Url, console

NOT_READY = (404, 502, 503, 504)
"""404: this process has no such service; 502 and 504: the proxy does not reach it."""


def doctor(url: Url = LOCAL) -> None:
    """Whether every part of every service answers. Each service is asked: they may be processes of their own."""
    table = Table("Service", "Composant", "État")
    fine, waiting = True, list[str]()
    for name in SERVICES:
        parts, warning = _readiness(url, name)
        for part, answers in parts.items():
            table.add_row(name, part, "✓ répond" if answers else "✗ ne répond pas")
        fine = fine and all(parts.values())
        waiting += [name] if warning else []
    console.print(table)
    for name in waiting:
        console.print(f"⚠ Des messages attendent leur envoi. Voyez la page /{name}/mail.", markup=False)
    raise typer.Exit(0 if fine else 1)


def _readiness(url: str, service: str) -> tuple[dict[str, bool], bool]:
    """Which of its parts answer, and whether it warns. Raises `Refusal` where nothing listens."""
    answer: Any = get(url, f"/{service}/health/ready", {}, accept=(200, *NOT_READY))
    if isinstance(answer, bytes) or "services" not in answer:  # a proxy's page, or a problem
        return {"processus": False}, False
    return answer["services"][service], service in answer["warnings"]
