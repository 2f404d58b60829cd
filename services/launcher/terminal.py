"""What the commands share at the terminal: where they write, and the options that many of them take."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from services.launcher.catalogue import SERVICES
from services.launcher.errors import Refusal

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)

Url = Annotated[str, typer.Option(envvar="CEFO_URL", help="Où tourne la plateforme.")]
Data = Annotated[Path, typer.Option(envvar="CEFO_DATA", help="Dossier des stores et de la clé.")]
Token = Annotated[
    str, typer.Option(envvar="CEFO_TOKEN", help="Fait par `cefo token` ; sinon fait avec la clé du dossier.")
]
EMBEDDED = "embedded"
"""A part that is started in the process itself, and needs nothing installed."""

LOCAL = "http://127.0.0.1:8000"


def chosen(service: str) -> str:
    """The service's name. Raises `Refusal` for one that does not exist."""
    if service not in SERVICES:
        raise Refusal(f"{service} : ce service n'existe pas ; il y a {', '.join(SERVICES)}.")
    return service
