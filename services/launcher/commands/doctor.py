"""`cefo doctor`: whether every part of every service answers."""

from typing import Any

import typer
from rich.table import Table

from services.chassis.runtime.telemetry import Warns
from services.launcher.catalogue import SERVICES
from services.launcher.commands.client import TooLate, get
from services.launcher.commands.terminal import LOCAL, Url, console

_MISSING = {"reread": "✗ relit ses événements depuis la sauvegarde, patientez"}
"""What a part's state says that is not merely silent."""
WARNINGS: dict[Warns, str] = {
    "mail": "Des messages attendent leur envoi. Voyez la page /{service}/mail.",
    "erased-records": "{service} ne lit pas toute la liste des personnes effacées. Voyez docs/operations.md.",
    "erased-file": "La liste des personnes effacées est dans le dossier des données. Mettez CEFO_ERASED_FILE ailleurs.",
}
"""What is printed, by the subject of a warning."""

NOT_READY = (404, 502, 503, 504)
"""404: this process has no such service; 502 and 504: the proxy does not reach it."""
SECONDS = 10.0
"""How long a service may take to answer. A process that hangs takes connections, and a proxy waits for it."""


def doctor(url: Url = LOCAL) -> None:
    """Whether every part of every service answers. Each service is asked: they may be processes of their own."""
    table = Table("Service", "Composant", "État")
    fine, found = True, dict[str, None]()
    for name in SERVICES:
        parts, warnings = _readiness(url, name)
        for part, answers in parts.items():
            table.add_row(name, part, "✓ répond" if answers else _MISSING.get(part, "✗ ne répond pas"))
        fine = fine and all(parts.values())
        found |= dict.fromkeys(WARNINGS[about].format(service=name) for about in warnings)
    console.print(table)
    for text in found:
        console.print(f"⚠ {text}", markup=False, soft_wrap=True)
    raise typer.Exit(0 if fine else 1)


def _readiness(url: str, service: str) -> tuple[dict[str, bool], list[Warns]]:
    """Which of its parts answer, and what it warns of. Raises `Refusal` where nothing listens."""
    try:
        answer: Any = get(url, f"/{service}/health/ready", {}, accept=(200, *NOT_READY), seconds=SECONDS)
    except TooLate:
        return {"processus": False}, []
    if isinstance(answer, bytes) or "services" not in answer:  # a proxy's page, or a problem
        return {"processus": False}, []
    return answer["services"][service], list(answer["warnings"].get(service, {}))
