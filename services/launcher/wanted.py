"""What a stack is made of."""

from dataclasses import dataclass
from pathlib import Path

from services.launcher.catalogue import SERVICES

EMBEDDED = "embedded"
"""A part that is started in the process itself, and needs nothing installed."""


@dataclass(frozen=True, slots=True)
class StackOptions:
    """What the command line asks for."""

    port: int = 8000
    data: Path = Path("data")
    kafka: str = EMBEDDED
    """`embedded`, `apache` (started here), or `host:port`."""
    store: str = "sqlite"
    redis: str = EMBEDDED
    services: tuple[str, ...] = tuple(SERVICES)
    demo: bool = True
    nodes: int = 1
    morning: bool = False
