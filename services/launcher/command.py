"""The `cefo` command."""

import asyncio
import contextlib
import gc
import json
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from pydantic import ValidationError
from rich.markup import escape
from rich.table import Table

from services.launcher import client, letters, rebuilding
from services.launcher.catalogue import SERVICES
from services.launcher.errors import Refusal
from services.launcher.terminal import EMBEDDED, LOCAL, Data, Token, Url, chosen, console, errors

app = typer.Typer(help="Le logiciel libre des centres publics d'orientation.", no_args_is_help=True)
app.add_typer(letters.app, name="dead-letters")


Nodes = Literal["1", "3"]
STAGES = {"planning": "planification", "writing": "écriture"}
"""What the writing of a season does, for its bars."""


@app.command(help="Démarrer la plateforme : les cinq services dans un processus, ou ceux qui sont nommés.")
def up(
    port: Annotated[int, typer.Option(envvar="PORT", help="Port, sur cette machine.")] = 8000,
    data: Data = Path("data"),
    kafka: Annotated[
        str, typer.Option(envvar="CEFO_KAFKA", help="`embedded`, `apache` (démarré ici) ou HÔTE:PORT.")
    ] = EMBEDDED,
    store: Annotated[str, typer.Option(envvar="CEFO_STORE", help="`sqlite` ou postgresql://…")] = "sqlite",
    redis: Annotated[str, typer.Option(envvar="CEFO_REDIS", help="`embedded` ou redis://…")] = EMBEDDED,
    nodes: Annotated[Nodes, typer.Option(help="Nœuds de `--kafka apache`.")] = "1",
    service: Annotated[list[str] | None, typer.Option(help="Seulement ce service ; peut être répété.")] = None,
    demo: Annotated[bool, typer.Option(envvar="CEFO_DEMO", help="Données et comptes de démonstration.")] = True,
    morning: Annotated[
        bool, typer.Option("--morning", help="Avec des visiteurs inventés à Liège, pour essayer.")
    ] = False,
) -> None:
    """Start the platform: all five services in one process, or those that are named."""
    gc.disable()  # until it has come up: what is made now stays
    from services.launcher.stack import Wanted, loop_factory, run  # noqa: PLC0415 - no other command needs the services

    services = tuple(map(chosen, service or SERVICES))
    with contextlib.suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(run(Wanted(port, data, kafka, store, redis, services, demo, int(nodes), morning and demo), console))
    console.print("cefo est arrêté.")


@app.command(help="Écrire les fichiers d'une saison, inventés autour de ses totaux publiés.")
def season(
    year: Annotated[int, typer.Argument(help="La saison : 2017, dont les chiffres sont publiés.")],
    out: Annotated[Path, typer.Option(help="Dossier pour les fichiers.")],
    scale: Annotated[int, typer.Option(min=1, help="Tout, tant de fois.")] = 1,
) -> None:
    """Write the files of a season, invented around its published totals."""
    from services.launcher.season import write_season  # noqa: PLC0415 - no other command needs it

    with client.bars(console) as bars:
        tasks: dict[str, Any] = {}

        def progress(stage: str, done: int, whole: int) -> None:
            task = tasks.setdefault(stage, None) or bars.add_task(STAGES[stage], total=whole)
            tasks[stage] = task
            bars.update(task, completed=done, total=whole)

        files = write_season(year, out, progress, scale=scale)
    for file in files.files:
        console.print(f"  {file.name:<20} {client.grouped(file.lines):>9} lignes")


@app.command(
    name="import",
    help="Importer un dossier de visites, ateliers et entretiens passés, et attendre que tous les services le sachent.",
)
def import_(
    folder: Annotated[Path, typer.Argument(help="Dossier avec visits, workshops et interviews (.ndjson ou .csv).")],
    url: Url = LOCAL,
    data: Data = Path("data"),
    token: Token = "",
) -> None:
    """Take a folder of past visits, workshops and interviews in, and wait until every service has heard of it."""
    raise typer.Exit(client.import_folder(console, folder, url, token or client.local_token(data)))


@app.command(help="Ce que les centres ont accompli : la phrase de la brochure et un tableau, ou du JSON.")
def figures(
    since: Annotated[str, typer.Option("--from", help="Premier jour, par exemple 2017-01-01.")],
    until: Annotated[str, typer.Option("--to", help="Dernier jour, par exemple 2017-09-30.")],
    centre: Annotated[list[str] | None, typer.Option(help="Seulement ce centre ; peut être répété.")] = None,
    area: Annotated[list[str] | None, typer.Option(help="Seulement ce domaine ; peut être répété.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="En JSON.")] = False,
    url: Url = LOCAL,
) -> None:
    """What the centres achieved: the brochure's sentence and a table, or JSON."""
    for day in (since, until):
        _check_day(day)
    answer = client.get(
        url, "/impact/api/v1/figures", {"from": since, "to": until, "centre": centre or [], "area": area or []}
    )
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    console.print(client.sentence(answer))
    table = Table(show_footer=True)
    numbers = ("visitors", "individual_interviews", "guidance_interviews")
    table.add_column("Centre", "Total")
    for key, title in zip(numbers, ("Visiteurs", "Entretiens individuels", "dont orientation"), strict=True):
        table.add_column(title, client.grouped(answer[key]), justify="right")
    for row in answer["by_centre"]:
        table.add_row(row["name"], *(client.grouped(row[key]) for key in numbers))
    console.print(table)


@app.command(help="Faire un jeton pour une machine, valable `CEFO_SESSION_HOURS`, avec la clé de la plateforme.")
def token(
    role: Annotated[str, typer.Argument(help="operator, manager, front-desk, counsellor ou cite.")] = "operator",
    centre: Annotated[list[str] | None, typer.Option(help="Pour ce centre ; peut être répété.")] = None,
    data: Data = Path("data"),
) -> None:
    """Make a bearer token for a machine, good for `CEFO_SESSION_HOURS`, with the platform's key."""
    typer.echo(client.local_token(data, role, centre or []))


@app.command(help="Renvoyer dans l'ordre tout ce qui a été dit : remplit un broker perdu. Qui l'a entendu l'ignore.")
def republish(
    service: Annotated[str, typer.Argument(help="Un service, ou `all`.")] = "all",
    url: Url = LOCAL,
    data: Data = Path("data"),
    token: Token = "",
) -> None:
    """Send everything that was ever said again, in order: refills a broker that was lost. Who heard it ignores it."""
    for name in SERVICES if service == "all" else [chosen(service)]:
        answer = client.post(url, f"/{name}/api/v1/republish", {}, token or client.local_token(data))
        console.print(f"{name:<12} {client.grouped(answer['events']):>9} événements renvoyés")


@app.command(help="Vider un modèle de lecture et le refaire depuis les topics, sans arrêter la plateforme.")
def rebuild(
    service: Annotated[str, typer.Argument(help="Un modèle de lecture : impact.")],
    again: Annotated[bool, typer.Option(help="Recommencer, même si une relecture est en cours.")] = False,
    url: Url = LOCAL,
    data: Data = Path("data"),
    token: Token = "",
) -> None:
    """Empty a read model and have it made again from the topics, while the platform runs."""
    raise typer.Exit(rebuilding.rebuild(console, service, url, token or client.local_token(data), again=again))


@app.command(help="Oublier une personne, partout.")
def erase(subject_ref: str, url: Url = LOCAL, data: Data = Path("data"), token: Token = "") -> None:
    """Forget a person, everywhere."""
    client.delete(url, f"/intake/api/v1/visitors/{subject_ref}", token or client.local_token(data))
    console.print(f"{subject_ref}: effacé dans intake ; les autres services suivent.")


@app.command(help="Si chaque partie de chaque service répond.")
def doctor(url: Url = LOCAL) -> None:
    """Whether every part of every service answers."""
    answer = client.get(url, "/health/ready", {}, accept=(200, 503))
    table = Table("Service", "Partie", "État")
    for name, named in answer["services"].items():
        for part, fine in named.items():
            table.add_row(name, part, "✓ répond" if fine else "✗ ne répond pas")
    console.print(table)
    raise typer.Exit(0 if answer["status"] == "ok" else 1)


def _check_day(text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} n'est pas une date, par exemple 2017-01-01") from error


def main() -> None:
    """Run the command; what the platform refuses is said in one line."""
    try:
        app()
    except Refusal as refusal:
        say_no(str(refusal))
        raise SystemExit(1) from None
    except ValidationError as wrong:
        from services.chassis.web.problems import field_fault  # noqa: PLC0415 - the words for it come with the web

        for fault in wrong.errors(include_url=False, include_input=False):
            name = "".join(f"CEFO_{part}".upper() for part in fault["loc"])
            say_no(f"{name} : {field_fault(fault)['message']}" if name else fault["msg"].removeprefix("Value error, "))
        raise SystemExit(1) from None


def say_no(text: str) -> None:
    """One line on standard error; text of others is not markup."""
    errors.print(f"[bold red]✗[/bold red] {escape(text)}", soft_wrap=True)
