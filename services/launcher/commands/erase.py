"""`cefo erase`: erases a visitor in every service."""

from pathlib import Path
from typing import Annotated

import typer

from services.launcher.commands.client import delete, local_token
from services.launcher.commands.terminal import LOCAL, Data, Token, Url, console


def erase(
    subject_ref: Annotated[str, typer.Argument(help="Référence de la personne : 36 lettres, chiffres et tirets.")],
    url: Url = LOCAL,
    data: Data = Path("data"),
    token: Token = "",
) -> None:
    """Erase a visitor in every service."""
    delete(url, f"/intake/api/v1/visitors/{subject_ref}", token or local_token(data))
    console.print(f"Données effacées à l’accueil : {subject_ref}. Les autres services suivent.")
