"""`cefo season`: writes the files of a season."""

from pathlib import Path
from typing import Annotated, Any

import typer

from services.launcher.commands.terminal import console, counted, progress_bars

STAGES = {"planning": "planification", "writing": "écriture"}
"""The labels of the progress bars, by stage."""


def season(
    year: Annotated[int, typer.Argument(help="Année de la saison. Seule année publiée : 2017.")],
    out: Annotated[Path, typer.Option(help="Dossier des fichiers à écrire.")],
    scale: Annotated[int, typer.Option(min=1, help="Multiplier tous les nombres par cette valeur.")] = 1,
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
        console.print(f"  {file.name:<20} {counted(file.lines, 'ligne', 'lignes'):>16}")
