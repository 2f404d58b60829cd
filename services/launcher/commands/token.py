"""`cefo token`: a bearer token for a machine."""

from pathlib import Path
from typing import Annotated

import typer

from services.launcher.commands.client import local_token
from services.launcher.commands.terminal import Data


def token(
    role: Annotated[
        str, typer.Argument(help="Rôle : operator, manager, front-desk, kiosk, counsellor ou cite.")
    ] = "operator",
    centre: Annotated[list[str] | None, typer.Option(help="Uniquement pour ce centre (option répétable).")] = None,
    data: Data = Path("data"),
) -> None:
    """Make a bearer token for a machine, valid for `CEFO_SESSION_HOURS`, with the platform's key."""
    typer.echo(local_token(data, role, centre or []))
