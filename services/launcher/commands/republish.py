"""`cefo republish`: publishes all events again after a broker was lost."""

from pathlib import Path
from typing import Annotated

import typer

from services.launcher.catalogue import SERVICES
from services.launcher.commands.client import local_token, post
from services.launcher.commands.terminal import LOCAL, Data, Token, Url, check_service, console, counted


def republish(
    service: Annotated[str, typer.Argument(help="Nom d’un service, ou `all` pour tous.")] = "all",
    url: Url = LOCAL,
    data: Data = Path("data"),
    token: Token = "",
) -> None:
    """Publish all emitted events again, in order. Consumers skip those already processed."""
    for name in SERVICES if service == "all" else [check_service(service)]:
        answer = post(url, f"/{name}/api/v1/republish", {}, token or local_token(data))
        console.print(f"{name:<12} {counted(answer['events'], 'événement renvoyé', 'événements renvoyés'):>30}")
