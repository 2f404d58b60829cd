"""`cefo import`: imports a folder of past visits, workshops and interviews, and of providers."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from services.launcher.catalogue import SERVICES
from services.launcher.commands.centres import wait_for_centres
from services.launcher.commands.client import get, local_token, send_file
from services.launcher.commands.import_files import KINDS, ImportFile, import_files
from services.launcher.commands.terminal import LOCAL, Data, Token, Url, console, counted, decimal, progress_bars
from services.launcher.errors import Refusal

SHOWN = 20


def import_(
    folder: Annotated[
        Path, typer.Argument(help="Dossier avec visits, workshops, interviews, organizations, services.")
    ],
    url: Url = LOCAL,
    data: Data = Path("data"),
    token: Token = "",
) -> None:
    """Import a folder of past visits, workshops, interviews and providers, and wait until all services caught up."""
    raise typer.Exit(import_folder(folder, url, token or local_token(data)))


def import_folder(folder: Path, url: str, token: str) -> int:
    """Import the folder's files in order, and wait until every service has caught up. Returns the exit code."""
    files = import_files(folder)
    if not files:
        raise Refusal(
            f"Rien à importer dans {folder}. Ajoutez-y un fichier visits, workshops, interviews, organizations "
            "ou services (.ndjson ou .csv)."
        )
    refused = 0
    started = time.monotonic()
    _wait_for_centres(files, url)
    with progress_bars() as shown:
        for file in files:
            refused += _import_file(shown, file, url, token)
        _wait_until_caught_up(shown, url, token)
    console.print(
        f"Import terminé en {decimal(time.monotonic() - started)} s."
        + (f" {counted(refused, 'ligne refusée', 'lignes refusées')}." if refused else "")
    )
    return 1 if refused else 0


def _wait_for_centres(files: list[ImportFile], url: str) -> None:
    """Wait until the importing services know the centres in the files. Raises `Refusal`."""
    named = {centre for file in files for centre in file.centres()}
    services = list(dict.fromkeys(file.target.split("/")[1] for file in files))
    wait_for_centres(lambda service: get(url, f"/{service}/api/v1/centres", {}), services, named)


def _import_file(shown: Progress, file: ImportFile, url: str, token: str) -> int:
    """Import one file, and print its first faults. Returns the number of refused lines."""
    name, whole = file.path.name, sum(1 for _ in file.lines())
    task = shown.add_task(name, total=whole)
    totals, printed = {"lines": 0, "accepted": 0, "unchanged": 0, "refused": 0}, 0
    for part in file.parts():
        for answer in send_file(url + file.target, token, KINDS[file.kind], part.chunks):
            if "rule" not in answer:
                totals = {key: number + answer[key] for key, number in totals.items()}
            elif printed < SHOWN:
                printed += 1
                where = f"{name}:{part.number_of(answer['line'])} {answer['field'] or ''}".rstrip()
                shown.console.print(f"  {where} : {answer['message']} ({answer['rule']})")
        shown.update(task, completed=totals["lines"])
    shown.update(task, completed=whole)
    shown.console.print(
        f"  {name} : {counted(totals['accepted'], 'nouvelle ligne', 'nouvelles lignes')}, "
        f"{counted(totals['unchanged'], 'déjà connue', 'déjà connues')}, "
        f"{counted(totals['refused'], 'refusée', 'refusées')}"
    )
    return totals["refused"]


def _wait_until_caught_up(shown: Progress, url: str, token: str) -> None:
    """Wait until no outbox has unsent and no consumer unread events, three times in a row."""
    task, most, quiet = shown.add_task("événements à traiter", total=1), 1, 0
    while quiet < 3:
        answers = [get(url, f"/{name}/api/v1/backlog", {}, token) for name in SERVICES]
        left = sum(answer["unsent"] + answer["unread"] for answer in answers)
        most = max(most, left)
        quiet = quiet + 1 if left == 0 else 0
        shown.update(task, total=most, completed=most - left)
        time.sleep(0.3)
