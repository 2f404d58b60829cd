"""`cefo import`: imports a folder of past visits, workshops and interviews."""

import time
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from services.launcher.catalogue import SERVICES
from services.launcher.commands.centres import centres_in, wait_for_centres
from services.launcher.commands.client import get, local_token, send_lines
from services.launcher.commands.terminal import LOCAL, Data, Token, Url, console, counted, decimal, progress_bars
from services.launcher.errors import Refusal

LINES_PER_REQUEST = 20_000
SHOWN = 20
IMPORTS = (
    ("visits", "/intake/api/v1/visits/import"),
    ("workshops", "/scheduling/api/v1/workshops/import"),
    ("interviews", "/scheduling/api/v1/interviews/import"),
)


def import_(
    folder: Annotated[Path, typer.Argument(help="Dossier avec visits, workshops et interviews (.ndjson ou .csv).")],
    url: Url = LOCAL,
    data: Data = Path("data"),
    token: Token = "",
) -> None:
    """Import a folder of past visits, workshops and interviews, and wait until every service has caught up."""
    raise typer.Exit(import_folder(folder, url, token or local_token(data)))


def import_folder(folder: Path, url: str, token: str) -> int:
    """Import the folder's files in order, and wait until every service has caught up. Returns the exit code."""
    files = [
        (path, target)
        for name, target in IMPORTS
        for path in (folder / f"{name}.ndjson", folder / f"{name}.csv")
        if path.exists()
    ]
    if not files:
        raise Refusal(
            f"Rien à importer dans {folder}. Ajoutez-y un fichier visits, workshops ou interviews (.ndjson ou .csv)."
        )
    refused = 0
    started = time.monotonic()
    _wait_for_centres(files, url)
    with progress_bars() as shown:
        for path, target in files:
            refused += _import_file(shown, path, url + target, token)
        _wait_until_caught_up(shown, url, token)
    console.print(
        f"Import terminé en {decimal(time.monotonic() - started)} s."
        + (f" {counted(refused, 'ligne refusée', 'lignes refusées')}." if refused else "")
    )
    return 1 if refused else 0


def _wait_for_centres(files: list[tuple[Path, str]], url: str) -> None:
    """Wait until the importing services know the centres in the files. Raises `Refusal`."""
    named = set[str]().union(*(centres_in(path) for path, _ in files))
    services = list(dict.fromkeys(target.split("/")[1] for _, target in files))
    wait_for_centres(lambda service: get(url, f"/{service}/api/v1/centres", {}), services, named)


def _import_file(shown: Progress, path: Path, target: str, token: str) -> int:
    with path.open("rb") as file:
        whole = sum(1 for _ in file)
    task = shown.add_task(path.name, total=whole)
    totals = {"accepted": 0, "unchanged": 0, "refused": 0}
    with path.open("rb") as file:
        header = file.readline() if path.suffix == ".csv" else b""
        before = 1 if header else 0
        while lines := list(islice(file, LINES_PER_REQUEST)):
            for answer in send_lines(target, token, header, lines):
                if "rule" in answer:
                    line = answer["line"] + before - (1 if header else 0)
                    if totals["refused"] < SHOWN:
                        where = f"{path.name}:{line} {answer['field'] or ''}".rstrip()
                        shown.console.print(f"  {where} : {answer['message']} ({answer['rule']})")
                    totals["refused"] += 1
                else:
                    totals["accepted"] += answer["accepted"]
                    totals["unchanged"] += answer["unchanged"]
            before += len(lines)
            shown.update(task, completed=before)
    shown.console.print(
        f"  {path.name} : {counted(totals['accepted'], 'nouvelle ligne', 'nouvelles lignes')}, "
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
