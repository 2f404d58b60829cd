"""The files that browsers load beside a page: where they are, and their URLs, which change with their content.

Those of every page are in `STATIC`, under `/static`; those of one service in its folder `static`, under
`/{service}/static`.
"""

import hashlib
from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"
MINIFIED = "minified"
"""The folder for the minified files in each folder of files; `services.chassis.web.assets` fills it."""
_OWN: dict[str, Path] = {}


def add_files(service: str, folder: Path) -> None:
    """A service has files of its own, in `folder`."""
    _OWN[service] = folder


def minified_name(path: Path) -> str:
    """The name of the minified file made from this one: an older one is never taken for it."""
    return f"{path.stem}.{_digest(path, path.stat().st_mtime)}{path.suffix}"


def static(name: str, service: str | None = None) -> str:
    """The URL of a file, so that browsers may cache it for good; of the minified one where that is there.

    `service`: whose file it is; None for one of every page.
    """
    folder, address = (STATIC, "/static") if service is None else (_OWN.get(service), f"/{service}/static")
    path = folder / name if folder is not None else None
    if folder is None or path is None or not path.is_file():
        return f"{address}/{name}"
    if (folder / MINIFIED / minified_name(path)).is_file():
        return f"{address}/{MINIFIED}/{minified_name(path)}"
    return f"{address}/{name}?v={_digest(path, path.stat().st_mtime)}"


@cache
def _digest(path: Path, _changed: float) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
