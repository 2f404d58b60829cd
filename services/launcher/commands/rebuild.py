"""`cefo rebuild`: rebuilds a read model, and shows the progress until it is complete."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from services.launcher.commands.client import get, local_token, post
from services.launcher.commands.terminal import (
    LOCAL,
    Data,
    Token,
    Url,
    check_service,
    console,
    counted,
    decimal,
    progress_bars,
)


def rebuild(
    service: Annotated[str, typer.Argument(help="Service à recalculer : impact.")],
    again: Annotated[bool, typer.Option(help="Recommencer, même si un calcul est en cours.")] = False,
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
        task = bars.add_task("Calcul des résultats", total=shown["events"])
        while shown["completed_at"] is None:
            bars.update(task, total=shown["events"], completed=shown["done"])
            time.sleep(0.3)
            shown = get(url, path, {}, token)
        bars.update(task, total=shown["events"], completed=shown["done"])
    seconds = time.monotonic() - started
    console.print(
        f"Résultats recalculés : {counted(shown['events'], 'événement relu', 'événements relus')} "
        f"en {decimal(seconds)} s."
    )
    return _warn_of_dead_letters(shown)


def _warn_of_dead_letters(shown: dict[str, Any]) -> int:
    if not shown["waiting"]:
        return 0
    console.print(
        "[bold yellow]![/bold yellow] "
        f"{counted(shown['waiting'], 'événement bloqué', 'événements bloqués')}. Pour voir la "
        "raison : `cefo dead-letters list`. Pour renvoyer des événements manquants : `cefo "
        "republish`."
    )
    return 1
