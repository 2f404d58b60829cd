"""`cefo dead-letters`: lists, reveals, retries and discards events that could not be processed."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from services.launcher.catalogue import SERVICES
from services.launcher.commands import client
from services.launcher.commands.terminal import LOCAL, Data, Token, Url, check_service, console, moment

app = typer.Typer(help="Lister, réessayer ou écarter les événements bloqués.", no_args_is_help=True)

Service = Annotated[str, typer.Argument(help=f"Nom du service : {', '.join(SERVICES)}.")]
Id = Annotated[str, typer.Argument(help="Identifiant affiché par `list`.")]

SHOWN = 199
"""Dead letters listed per service; one more is requested, to know whether there are others."""
STATES = {"dead": "à décider", "held": "mis en attente", "retried": "réessayé", "discarded": "écarté"}


@app.command("list", help="Lister les événements bloqués de tous les services, les plus anciens d’abord.")
def list_dead_letters(
    state: Annotated[str, typer.Option(help=f"Uniquement cet état : {', '.join(STATES)}.")] = "",
    reason: Annotated[str, typer.Option(help="Uniquement cette raison.")] = "",
    service: Annotated[list[str] | None, typer.Option(help="Uniquement ce service (option répétable).")] = None,
    url: Url = LOCAL,
    data: Data = Path("data"),
    token: Token = "",
) -> None:
    """The dead letters of all services, oldest first."""
    query = {name: value for name, value in (("state", state), ("reason", reason)) if value}
    credential = token or client.local_token(data)
    found = 0
    for name in map(check_service, service or SERVICES):
        rows = client.get(url, f"/{name}/api/v1/dead-letters", query | {"limit": SHOWN + 1}, credential)
        for row in rows[:SHOWN]:
            _print(name, row)
        if len(rows) > SHOWN:
            console.print(f"[bold]{name}[/bold] … et d’autres. Voici les {SHOWN} plus anciens.")
        found += len(rows)
    if not found:
        console.print("Aucun événement bloqué." if not query else "Aucun événement pour ce filtre.")


def _print(service: str, row: dict[str, Any]) -> None:
    """Print one dead letter on several lines: an id that is cut or wrapped cannot be copied."""
    event = row["type"] or f"{row['topic']}/{row['partition']}/{row['offset']}"
    console.print(f"[bold]{service}[/bold] {row['id']}   {STATES[row['state']]}", soft_wrap=True)
    console.print(f"  {escape(event)} · {moment(row['at'])} · essais : {row['attempts']}", soft_wrap=True)
    console.print(f"  {escape(row['reason'])} : {escape(row['detail'][:200])}", soft_wrap=True)
    if row["decision"]:
        by, colon, why = row["decision"].partition(": ")
        console.print(f"  décision : {escape(row['names'].get(by, by) + colon + why)}", soft_wrap=True)


@app.command(help="Afficher un événement, avec ce qui est gardé de son contenu.")
def show(service: Service, id: Id, url: Url = LOCAL, data: Data = Path("data"), token: Token = "") -> None:
    """One dead letter, with what is kept of its content."""
    path = f"/{check_service(service)}/api/v1/dead-letters/{id}"
    row = client.get(url, path, {}, token or client.local_token(data))
    _print(service, row)
    facts = Table.grid(padding=(0, 2))
    for name, value in (
        ("position", f"{row['topic']}/{row['partition']}/{row['offset']}"),
        ("source", row["source"] or "–"),
        ("dossier", f"{row['subject'] or '–'}, événement {row['sequence'] or '–'}"),
        ("en attente derrière lui", str(row["behind"])),
        *_content(row),
        ("non gardé, sauf le nom", ", ".join(row["withheld"]) or "–"),
        *((f"lu le {moment(one['at'])}", _read_by(one, row["names"])) for one in row["reveals"]),
    ):
        facts.add_row(f"  {escape(name)}", escape(value))
    console.print(facts)
    if row["encrypted_until"]:
        _print_encrypted(f"cefo dead-letters reveal {service} {id}", moment(row["encrypted_until"]))
    elif row["deleted_at"]:
        console.print(f"Le contenu complet a été supprimé le {moment(row['deleted_at'])}.")


def _read_by(reveal: dict[str, Any], names: dict[str, str]) -> str:
    """Who read the content, and why. The reason is empty after the erasure of the person."""
    who = names.get(reveal["by"]) or reveal["by"]
    return f"{who} : {reveal['reason']}" if reveal["reason"] else who


def _print_encrypted(command: str, until: str) -> None:
    console.print(
        "Le contenu complet est chiffré, car il peut contenir des données personnelles. "
        f'Il sera supprimé le {until}.\nPour le lire : `{command} "pourquoi"`.',
        markup=False,
        soft_wrap=True,
    )


@app.command(help="Lire le contenu complet d’un événement. Votre nom, l’heure et la raison sont conservés.")
def reveal(
    service: Service,
    id: Id,
    reason: Annotated[str, typer.Argument(help="Raison. Elle est conservée, avec votre nom et l’heure.")],
    url: Url = LOCAL,
    data: Data = Path("data"),
    token: Token = "",
) -> None:
    """Show the whole content of a dead letter, which is encrypted in the store."""
    path = f"/{check_service(service)}/api/v1/dead-letters/{id}/reveal"
    facts = Table.grid(padding=(0, 2))
    for name, value in _content(client.post(url, path, {"reason": reason}, token or client.local_token(data))):
        facts.add_row(f"  {escape(name)}", escape(value))
    console.print(facts)


def _content(row: dict[str, Any]) -> list[tuple[str, str]]:
    """Key, headers and value of a record, as rows of a table."""
    headers = [(f"en-tête {name}", value) for name, value in row["headers"]]
    return [("clé", row["key"] if row["key"] is not None else "–"), *headers, ("valeur", row["value"] or "–")]


@app.command(help="Réessayer l’événement. Ceux qui étaient en attente suivent dans l’ordre.")
def retry(
    service: Service,
    id: Annotated[str, typer.Argument(help="Identifiant affiché par `list`. Sinon, donnez `--reason`.")] = "",
    reason: Annotated[
        str, typer.Option(help="Réessayer, dans l’ordre, tous les événements bloqués pour cette raison.")
    ] = "",
    url: Url = LOCAL,
    data: Data = Path("data"),
    token: Token = "",
) -> None:
    """Retry a dead letter, or all of a reason. Events held behind it follow in order."""
    if bool(id) == bool(reason):
        raise typer.BadParameter("Donnez soit un identifiant, soit --reason.")
    credential, base_path = token or client.local_token(data), f"/{check_service(service)}/api/v1/dead-letters"
    if id:
        console.print(STATES[client.post(url, f"{base_path}/{id}/retry", {}, credential)["state"]])
        return
    answer = client.post(url, f"{base_path}/retry", {"reason": reason}, credential)
    console.print(f"Réessayés : {answer['retried']}. Encore bloqués : {answer['left']}.")
    raise typer.Exit(1 if answer["left"] else 0)


@app.command(help="Écarter l’événement, avec une raison. Ceux qui étaient en attente continuent sans lui.")
def discard(
    service: Service,
    id: Id,
    reason: Annotated[str, typer.Argument(help="Raison. Elle est conservée.")],
    url: Url = LOCAL,
    data: Data = Path("data"),
    token: Token = "",
) -> None:
    """Discard a dead letter, with a reason. Events held behind it are processed without it."""
    path = f"/{check_service(service)}/api/v1/dead-letters/{id}/discard"
    console.print(STATES[client.post(url, path, {"reason": reason}, token or client.local_token(data))["state"]])
