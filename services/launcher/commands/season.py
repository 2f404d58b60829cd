"""`cefo season`: writes the files of a season."""

from pathlib import Path
from typing import Annotated, Any

import typer

from services.launcher.commands.terminal import console, grouped, progress_bars

STAGES = {"planning": "planification", "writing": "écriture"}
"""The labels of the progress bars, by stage."""


def season(
    year: Annotated[int, typer.Argument(help="La saison : 2017, dont les chiffres sont publiés.")],
    out: Annotated[Path, typer.Option(help="Dossier pour les fichiers.")],
    scale: Annotated[int, typer.Option(min=1, help="Tout, tant de fois.")] = 1,
) -> None:
    """Write the files of a season, invented around its published totals."""
    from services.launcher.season import write_season  # noqa: PLC0415 - no other command needs it

    with progress_bars() as bars:
        tasks: dict[str, Any] = {}

        def progress(stage: str, done: int, whole: int) -> None:
            task = tasks.setdefault(stage, None) or bars.add_task(STAGES[stage], total=whole)
            tasks[stage] = task
            bars.update(task, completed=done, total=whole)

        files = write_season(year, out, progress, scale=scale)
    for file in files.files:
        console.print(f"  {file.name:<20} {grouped(file.lines):>9} lignes")
