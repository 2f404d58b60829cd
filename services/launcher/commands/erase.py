"""`cefo erase`: erases a visitor in every service, and shows which services have confirmed it."""

from pathlib import Path
from time import monotonic, sleep
from typing import Annotated, Any

import typer

from services.launcher.commands.client import delete, get, local_token
from services.launcher.commands.terminal import LOCAL, Data, Token, Url, console, moment

CONFIRMED_WITHIN = 10.0
"""Seconds that services have to confirm before the command says which have not."""
SHOWN = 199
"""Erasures that `--status` lists; one more is requested, to know whether there are others."""


def erase(
    subject_ref: Annotated[str, typer.Argument(help="Référence de la personne : 36 lettres, chiffres et tirets.")] = "",
    status: Annotated[
        bool, typer.Option("--status", help="Afficher les effacements qu’un service n’a pas encore confirmés.")
    ] = False,
    unknown: Annotated[
        bool, typer.Option("--unknown", help="Effacer aussi une personne que l’accueil ne connaît pas.")
    ] = False,
    url: Url = LOCAL,
    data: Data = Path("data"),
    token: Token = "",
) -> None:
    """Erase a visitor in every service, or list the erasures that a service has not confirmed: then exit with 1.

    With `--unknown`, show what each service had, and exit with 1 unless one had something.
    """
    if bool(subject_ref) == status:
        raise typer.BadParameter("Donnez soit une référence, soit --status.")
    credential = token or local_token(data)
    if status:
        raise typer.Exit(_print_unconfirmed(url, credential))
    delete(url, f"/intake/api/v1/visitors/{subject_ref}", {"unknown": unknown}, credential)
    if unknown:
        raise typer.Exit(_print_found(url, credential, subject_ref))
    console.print(f"Données effacées à l’accueil : {subject_ref}. Les autres services suivent.")


def _print_found(url: str, token: str, subject_ref: str) -> int:
    """Wait until every service has confirmed, and print what each had. Returns the exit code."""
    console.print(f"Effacement demandé à tous les services : {subject_ref}.", soft_wrap=True)
    until = monotonic() + CONFIRMED_WITHIN
    while (row := _erasure(url, token, subject_ref)) and None in row["confirmed"].values() and monotonic() < until:
        sleep(0.5)
    if row is None:
        return 1
    for service, at in row["confirmed"].items():
        had = row["found"][service]
        text = "pas encore confirmé" if at is None else "rien trouvé" if had is False else "données effacées"
        console.print(f"  {service} : {text}")
    if not any(row["found"].values()):
        console.print("Aucun service n’a trouvé de données. Vérifiez la référence, puis lancez `cefo erase --status`.")
    return 0 if any(row["found"].values()) else 1


def _erasure(url: str, token: str, subject_ref: str) -> dict[str, Any] | None:
    """The erasure of this person; None if it is none of the last ones."""
    rows: list[dict[str, Any]] = get(url, "/intake/api/v1/erasures", {"limit": SHOWN + 1}, token)
    return next((row for row in rows if row["subject_ref"] == subject_ref.lower()), None)


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
