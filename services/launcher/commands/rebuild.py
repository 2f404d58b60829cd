"""`cefo rebuild`: rebuilds a read model, and shows the progress until it is complete."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from services.launcher.commands.client import get, local_token, post
from services.launcher.commands.terminal import LOCAL, Data, Token, Url, check_service, console, grouped, progress_bars


def rebuild(
    service: Annotated[str, typer.Argument(help="Un modèle de lecture : impact.")],
    again: Annotated[bool, typer.Option(help="Recommencer, même si une relecture est en cours.")] = False,
    url: Url = LOCAL,
    data: Data = Path("data"),
    token: Token = "",
) -> None:
    """Empty a read model and rebuild it from the topics, while the platform runs."""
    raise typer.Exit(_rebuild(service, url, token or local_token(data), again=again))


def _rebuild(service: str, url: str, token: str, *, again: bool) -> int:
    """Rebuild and wait. Returns the exit code: 1 if dead letters need a decision. Raises `Refusal`."""
    path, started = f"/{check_service(service)}/api/v1/rebuild", time.monotonic()
    shown = post(url, path, {"again": again}, token, accept=(202,))
    with progress_bars() as bars:
        task = bars.add_task(f"{service} : relecture", total=shown["events"])
        while shown["completed_at"] is None:
            bars.update(task, total=shown["events"], completed=shown["done"])
            time.sleep(0.3)
            shown = get(url, path, {}, token)
        bars.update(task, total=shown["events"], completed=shown["done"])
    events, seconds = grouped(shown["events"]), time.monotonic() - started
    console.print(f"{service} est reconstruit : {events} événements relus en {seconds:.1f} s.")
    return _warn_of_dead_letters(shown)


def _warn_of_dead_letters(shown: dict[str, Any]) -> int:
    if not shown["waiting"]:
        return 0
    console.print(
        f"[bold yellow]![/bold yellow] {grouped(shown['waiting'])} événements sont en souffrance : "
        "`cefo dead-letters list` dit pourquoi. S'il en manque avant eux, `cefo republish` les renvoie."
    )
    return 1
