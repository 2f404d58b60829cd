"""The options of a stack."""

from dataclasses import dataclass
from pathlib import Path

from services.launcher.catalogue import SERVICES

EMBEDDED = "embedded"
"""The value for a part that runs inside the process and needs no installation."""


@dataclass(frozen=True, slots=True)
class StackOptions:
    """The options of `cefo up`."""

    port: int = 8000
    data: Path = Path("data")
    kafka: str = EMBEDDED
    """`embedded`, `apache` (started here), or `host:port`."""
    store: str = "sqlite"
    redis: str = EMBEDDED
    services: tuple[str, ...] = tuple(SERVICES)
    demo: bool = False
    nodes: int = 1
    morning: bool = False
