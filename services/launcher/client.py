"""How the command talks to a running platform."""

import time
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2
import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from services.chassis.identity.people import Person
from services.chassis.identity.tokens import signer
from services.chassis.runtime.settings import Settings
from services.contracts.roles import Role
from services.launcher.catalogue import SERVICES
from services.launcher.centres import centres_in, wait_for_centres
from services.launcher.errors import Refusal
from services.launcher.trust import trusted

LINES_PER_REQUEST = 20_000
SHOWN = 20
IMPORTS = (
    ("visits", "/intake/api/v1/visits/import"),
    ("workshops", "/scheduling/api/v1/workshops/import"),
    ("interviews", "/scheduling/api/v1/interviews/import"),
)


def local_token(data: Path, role: str = "operator", centres: list[str] | None = None) -> str:
    """A token made with this machine's key. Raises `Refusal` for a role that does not exist."""
    if role not in list(Role):
        raise Refusal(f"{role} : ce rôle n'existe pas ; il y a {', '.join(Role)}.")
    person = Person(
        subject=f"machine/{role}", name=role, roles=frozenset({Role(role)}), centres=frozenset(centres or ())
    )
    return signer(Settings(data=data)).session(person)


def get(url: str, path: str, query: dict[str, Any], token: str = "", accept: tuple[int, ...] = (200,)) -> Any:
    """The JSON answer. Raises `Refusal`."""
    return _asked("GET", url, path, token, accept, params=query)


def post(url: str, path: str, body: dict[str, Any], token: str, accept: tuple[int, ...] = (200, 201)) -> Any:
    """The JSON answer. Raises `Refusal`."""
    return _asked("POST", url, path, token, accept, json=body)


def delete(url: str, path: str, token: str) -> None:
    """Nothing, if it was done. Raises `Refusal`."""
    _asked("DELETE", url, quote(path), token, (204,))


@cache
def _client(scheme: str) -> httpx2.Client:
    """One for all requests of a command.

    Each request has a connection of its own, so that none meets one that a restarted platform has closed.
    """
    none_kept = httpx2.Limits(max_keepalive_connections=0)
    return httpx2.Client(timeout=600, trust_env=False, verify=trusted(f"{scheme}:"), limits=none_kept)


def _asked(method: str, url: str, path: str, token: str, accept: tuple[int, ...], **more: Any) -> Any:
    headers = {"Accept-Language": "fr"} | ({"Authorization": f"Bearer {token}"} if token else {})
    try:
        answer = _client(urlsplit(url).scheme).request(method, url.rstrip("/") + path, headers=headers, **more)
    except httpx2.HTTPError as error:
        raise Refusal(f"{url} ne répond pas ({error}). La plateforme tourne-t-elle ? `make run` la démarre.") from error
    if answer.status_code not in accept:
        raise Refusal(_said(answer))
    return answer.json() if answer.content and "json" in answer.headers.get("content-type", "") else answer.content


def _said(answer: httpx2.Response) -> str:
    try:
        return f"{answer.status_code} {answer.json()['detail']}"
    except (ValueError, KeyError):
        return f"{answer.status_code} {answer.text[:200]}"


def bars(console: Console) -> Progress:
    """Progress bars for a person, lines for a log."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )


def import_folder(console: Console, folder: Path, url: str, token: str) -> int:
    """Take the folder's files in, in order, and wait until every service has heard. Returns the exit code."""
    files = [
        (path, target)
        for name, target in IMPORTS
        for path in (folder / f"{name}.ndjson", folder / f"{name}.csv")
        if path.exists()
    ]
    if not files:
        raise Refusal(f"{folder} ne contient ni visits, ni workshops, ni interviews (.ndjson ou .csv).")
    refused = 0
    started = time.monotonic()
    _wait_for_centres(files, url)
    with bars(console) as shown:
        for path, target in files:
            refused += _import_file(shown, path, url + target, token)
        _wait_until_heard(shown, url, token)
    console.print(
        f"Terminé en {time.monotonic() - started:.1f} s" + (f" ; {refused} lignes refusées" if refused else "")
    )
    return 1 if refused else 0


def _wait_for_centres(files: list[tuple[Path, str]], url: str) -> None:
    """A platform that has just started hears of its centres within a second. Raises `Refusal`."""
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
            for answer in _sent(target, token, header, lines):
                if "rule" in answer:
                    line = answer["line"] + before - (1 if header else 0)
                    if totals["refused"] < SHOWN:
                        where = f"{path.name}:{line} {answer['field'] or ''}"
                        shown.console.print(f"  {where}: {answer['message']} ({answer['rule']})")
                    totals["refused"] += 1
                else:
                    totals["accepted"] += answer["accepted"]
                    totals["unchanged"] += answer["unchanged"]
            before += len(lines)
            shown.update(task, completed=before)
    shown.console.print(
        f"  {path.name}: {grouped(totals['accepted'])} nouvelles, {grouped(totals['unchanged'])} déjà connues, "
        f"{grouped(totals['refused'])} refusées"
    )
    return totals["refused"]


def _sent(target: str, token: str, header: bytes, lines: list[bytes]) -> Iterator[dict[str, Any]]:
    kind = "text/csv" if header else "application/x-ndjson"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": kind, "Accept-Language": "fr"}
    try:
        answer = _client(urlsplit(target).scheme).post(target, content=header + b"".join(lines), headers=headers)
    except httpx2.HTTPError as error:
        raise Refusal(
            f"{target} ne répond pas ({error}). Importez de nouveau : ce qui est entré ne compte qu'une fois."
        ) from error
    if answer.status_code != 200:
        raise Refusal(_said(answer))
    for line in answer.content.splitlines():
        yield orjson.loads(line)


def _wait_until_heard(shown: Progress, url: str, token: str) -> None:
    """Until no outbox has anything unsent and no consumer anything unread, three times in a row."""
    task, most, quiet = shown.add_task("événements en route", total=1), 1, 0
    while quiet < 3:
        answers = [get(url, f"/{name}/api/v1/backlog", {}, token) for name in SERVICES]
        left = sum(answer["unsent"] + answer["unread"] for answer in answers)
        most = max(most, left)
        quiet = quiet + 1 if left == 0 else 0
        shown.update(task, total=most, completed=most - left)
        time.sleep(0.3)


def grouped(number: int) -> str:
    """A number as French writes it: 181 689."""
    return f"{number:,}".replace(",", "\N{NO-BREAK SPACE}")


def sentence(answer: dict[str, Any]) -> str:
    """The brochure's sentence."""
    visitors, interviews = answer["visitors"], answer["individual_interviews"]
    guidance = answer["guidance_interviews"]
    return (
        f"Du {answer['from']} au {answer['to']} : {counted(visitors, 'visiteur', 'visiteurs')} ; "
        f"{counted(interviews, 'entretien individuel', 'entretiens individuels')}, "
        f"dont {counted(guidance, 'lié', 'liés')} à l'offre d'orientation."
    )


def counted(number: int, one: str, many: str) -> str:
    """So many of something; French counts none like one."""
    return f"{grouped(number)} {one if number < 2 else many}"
