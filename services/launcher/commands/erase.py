"""`cefo erase`: erases a visitor in every service, and shows which services have confirmed it."""

from pathlib import Path
from typing import Annotated, Any

import typer

from services.launcher.commands.client import delete, get, local_token
from services.launcher.commands.terminal import LOCAL, Data, Token, Url, console, moment

SHOWN = 199
"""Erasures that `--status` lists; one more is requested, to know whether there are others."""


def erase(
    subject_ref: Annotated[str, typer.Argument(help="Référence de la personne : 36 lettres, chiffres et tirets.")] = "",
    status: Annotated[
        bool, typer.Option("--status", help="Afficher les effacements qu’un service n’a pas encore confirmés.")
    ] = False,
    url: Url = LOCAL,
    data: Data = Path("data"),
    token: Token = "",
) -> None:
    """Erase a visitor in every service, or list the erasures that a service has not confirmed: then exit with 1."""
    if bool(subject_ref) == status:
        raise typer.BadParameter("Donnez soit une référence, soit --status.")
    credential = token or local_token(data)
    if status:
        raise typer.Exit(_print_unconfirmed(url, credential))
    delete(url, f"/intake/api/v1/visitors/{subject_ref}", credential)
    console.print(f"Données effacées à l’accueil : {subject_ref}. Les autres services suivent.")


def _print_unconfirmed(url: str, token: str) -> int:
    found = get(url, "/intake/api/v1/erasures", {"unconfirmed": True, "limit": SHOWN + 1}, token)
    if not found:
        console.print("Tous les effacements sont confirmés.")
    for row in found[:SHOWN]:
        _print(row)
    if len(found) > SHOWN:
        console.print(f"… et d’autres. Voici les {SHOWN} plus anciens.")
    return 1 if found else 0


def _print(row: dict[str, Any]) -> None:
    missing = [service for service, at in row["confirmed"].items() if at is None]
    console.print(f"{row['subject_ref']}   effacée le {moment(row['erased_at'])}", soft_wrap=True)
    console.print(f"  pas encore confirmé par : {', '.join(missing)}", soft_wrap=True)
