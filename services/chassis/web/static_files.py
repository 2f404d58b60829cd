"""The files that browsers load beside a page: where they are, and their URLs, which change with their content."""

import hashlib
from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"
MINIFIED = "minified"
"""The folder in `STATIC` for the minified files; `services.chassis.web.assets` fills it."""


def minified_name(path: Path) -> str:
    """The name of the minified file made from this one: an older one is never taken for it."""
    return f"{path.stem}.{_digest(path, path.stat().st_mtime)}{path.suffix}"


def static(name: str) -> str:
    """The URL of a file, so that browsers may cache it for good; of the minified one where that is there."""
    path = STATIC / name
    if not path.is_file():
        return f"/static/{name}"
    if (STATIC / MINIFIED / minified_name(path)).is_file():
        return f"/static/{MINIFIED}/{minified_name(path)}"
    return f"/static/{name}?v={_digest(path, path.stat().st_mtime)}"


@cache
def _digest(path: Path, _changed: float) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
