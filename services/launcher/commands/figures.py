"""`cefo figures`: what the centres achieved."""

import json
from datetime import date
from typing import Annotated, Any

import typer
from rich.table import Table

from services.launcher.commands.client import get
from services.launcher.commands.terminal import LOCAL, Url, console, counted, grouped


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
    answer = get(
        url, "/impact/api/v1/figures", {"from": since, "to": until, "centre": centre or [], "area": area or []}
    )
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    console.print(_sentence(answer))
    table = Table(show_footer=True)
    numbers = ("visitors", "individual_interviews", "guidance_interviews")
    table.add_column("Centre", "Total")
    for key, title in zip(numbers, ("Visiteurs", "Entretiens individuels", "dont orientation"), strict=True):
        table.add_column(title, grouped(answer[key]), justify="right")
    for row in answer["by_centre"]:
        table.add_row(row["name"], *(grouped(row[key]) for key in numbers))
    console.print(table)


def _sentence(answer: dict[str, Any]) -> str:
    """The brochure's sentence."""
    visitors, interviews = answer["visitors"], answer["individual_interviews"]
    guidance = answer["guidance_interviews"]
    return (
        f"Du {answer['from']} au {answer['to']} : {counted(visitors, 'visiteur', 'visiteurs')} ; "
        f"{counted(interviews, 'entretien individuel', 'entretiens individuels')}, "
        f"dont {counted(guidance, 'lié', 'liés')} à l'offre d'orientation."
    )


def _check_day(text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} n'est pas une date, par exemple 2017-01-01") from error
