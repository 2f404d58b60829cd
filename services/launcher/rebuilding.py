"""`cefo rebuild`: starts it, shows how far it has come, ends when the figures are complete."""

import time
from typing import Any

from rich.console import Console

from services.launcher import client
from services.launcher.terminal import chosen


def rebuild(console: Console, service: str, url: str, token: str, *, again: bool) -> int:
    """Rebuild and wait. Returns the exit code: 1 when events wait that only somebody can help. Raises `Refusal`."""
    path, started = f"/{chosen(service)}/api/v1/rebuild", time.monotonic()
    shown = client.post(url, path, {"again": again}, token, accept=(202,))
    with client.bars(console) as bars:
        task = bars.add_task(f"{service} : relecture", total=shown["events"])
        while shown["completed_at"] is None:
            bars.update(task, total=shown["events"], completed=shown["done"])
            time.sleep(0.3)
            shown = client.get(url, path, {}, token)
        bars.update(task, total=shown["events"], completed=shown["done"])
    events, seconds = client.grouped(shown["events"]), time.monotonic() - started
    console.print(f"{service} est reconstruit : {events} événements relus en {seconds:.1f} s.")
    return _warned(console, shown)


def _warned(console: Console, shown: dict[str, Any]) -> int:
    if not shown["waiting"]:
        return 0
    console.print(
        f"[bold yellow]![/bold yellow] {client.grouped(shown['waiting'])} événements sont en souffrance : "
        "`cefo dead-letters list` dit pourquoi. S'il en manque avant eux, `cefo republish` les renvoie."
    )
    return 1
