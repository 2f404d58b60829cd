"""`cefo figures`: what the centres achieved, exactly; `cefo publish`: makes ended months public."""

import json
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from services.launcher.commands.client import get, local_token, post
from services.launcher.commands.terminal import LOCAL, Data, Token, Url, console, counted, full_date, grouped


def figures(
    since: Annotated[str, typer.Option("--from", help="Premier jour, par exemple 2017-01-01.")],
    until: Annotated[str, typer.Option("--to", help="Dernier jour, par exemple 2017-09-30.")],
    centre: Annotated[list[str] | None, typer.Option(help="Uniquement ce centre (option répétable).")] = None,
    area: Annotated[list[str] | None, typer.Option(help="Uniquement ce besoin (option répétable).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Afficher en JSON.")] = False,
    url: Url = LOCAL,
    data: Data = Path("data"),
    token: Token = "",
) -> None:
    """What the centres achieved, exactly: the brochure's sentence and a table, or JSON. The platform logs it."""
    for day in (since, until):
        _check_day(day)
    query = {"from": since, "to": until, "centre": centre or [], "area": area or []}
    answer = get(url, "/impact/api/v1/figures/exact", query, token or local_token(data))
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    console.print(_sentence(answer))
    table = Table(show_footer=True)
    numbers = ("visitors", "individual_interviews", "guidance_interviews")
    table.add_column("Centre", "Total")
    for key, title in zip(numbers, ("Visites", "Entretiens individuels", "dont entretiens d’orientation"), strict=True):
        table.add_column(title, grouped(answer[key]), justify="right")
    for row in answer["by_centre"]:
        table.add_row(row["name"], *(grouped(row[key]) for key in numbers))
    console.print(table)


def _sentence(answer: dict[str, Any]) -> str:
    """The sentence of the results' page."""
    visitors, interviews = answer["visitors"], answer["individual_interviews"]
    guidance = answer["guidance_interviews"]
    return (
        f"Du {full_date(answer['from'])} au {full_date(answer['to'])} : "
        f"{counted(visitors, 'visite', 'visites')} et "
        f"{counted(interviews, 'entretien individuel', 'entretiens individuels')}, "
        f"dont {counted(guidance, 'entretien d’orientation', 'entretiens d’orientation')}."
    )


def _check_day(text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} n’est pas une date. Écrivez par exemple 2017-01-01.") from error


def publish(
    since: Annotated[str, typer.Option("--from", help="Premier mois, par exemple 2017-01.")],
    until: Annotated[str, typer.Option("--to", help="Dernier mois, par exemple 2017-09.")],
    after_restore: Annotated[
        bool, typer.Option("--after-restore", help="Aussi des mois peut-être publiés avant une restauration.")
    ] = False,
    url: Url = LOCAL,
    data: Data = Path("data"),
    token: Token = "",
) -> None:
    """Publish ended months at once, for example after an import."""
    months = {"since": since, "until": until, "after_restore": after_restore}
    published = post(url, "/impact/api/v1/publications", months, token or local_token(data))["published"]
    console.print(f"{counted(len(published), 'mois publié', 'mois publiés')} : {', '.join(published) or '–'}.")
