"""`cefo doctor`: whether every part of every service answers."""

import typer
from rich.table import Table

from services.launcher.commands.client import get
from services.launcher.commands.terminal import LOCAL, Url, console


def doctor(url: Url = LOCAL) -> None:
    """Whether every part of every service answers."""
    answer = get(url, "/health/ready", {}, accept=(200, 503))
    table = Table("Service", "Composant", "État")
    for name, named in answer["services"].items():
        for part, fine in named.items():
            table.add_row(name, part, "✓ répond" if fine else "✗ ne répond pas")
    console.print(table)
    for name in answer["warnings"]:
        console.print(f"⚠ Des messages attendent leur envoi. Voyez la page /{name}/mail.", markup=False)
    raise typer.Exit(0 if answer["status"] == "ok" else 1)
