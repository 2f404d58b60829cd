"""`cefo up`: the platform, in this process."""

import asyncio
import contextlib
import gc
from pathlib import Path
from typing import Annotated, Literal

import typer

from services.launcher.catalogue import SERVICES
from services.launcher.commands.terminal import Data, check_service, console
from services.launcher.wanted import EMBEDDED, StackOptions

Nodes = Literal["1", "3"]


def up(
    port: Annotated[int, typer.Option(envvar="PORT", help="Port sur cette machine.")] = 8000,
    data: Data = Path("data"),
    kafka: Annotated[
        str, typer.Option(envvar="CEFO_KAFKA", help="`embedded`, `apache` (démarré ici) ou HÔTE:PORT.")
    ] = EMBEDDED,
    store: Annotated[str, typer.Option(envvar="CEFO_STORE", help="`sqlite` ou postgresql://…")] = "sqlite",
    redis: Annotated[str, typer.Option(envvar="CEFO_REDIS", help="`embedded` ou redis://…")] = EMBEDDED,
    nodes: Annotated[Nodes, typer.Option(help="Nombre de nœuds, avec `--kafka apache`.")] = "1",
    service: Annotated[list[str] | None, typer.Option(help="Uniquement ce service (option répétable).")] = None,
    demo: Annotated[
        bool, typer.Option("--demo", envvar="CEFO_DEMO", help="Créer des données et des comptes de démonstration.")
    ] = False,
    morning: Annotated[
        bool, typer.Option("--morning", help="Une démonstration, avec une matinée inventée à Liège.")
    ] = False,
) -> None:
    """Start the platform: all five services in one process, or those that are named."""
    gc.disable()  # until started: objects created now live as long as the process
    from services.launcher.stack import loop_factory, run  # noqa: PLC0415 - no other command needs the services

    services = tuple(map(check_service, service or SERVICES))
    with contextlib.suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(
            run(StackOptions(port, data, kafka, store, redis, services, demo or morning, int(nodes), morning), console)
        )
    console.print("cefo est arrêté.")
