"""openapi-python-client, in an environment of its own: it needs an older typer than the platform."""

import functools
import subprocess
import sys
from pathlib import Path

PYTHON = Path(sys.prefix) / "openapi-client" / "bin" / "python"
"""`make setup-dev` installs it there."""


@functools.cache
def version() -> str | None:
    """The installed version; None if there is none."""
    if not PYTHON.is_file():
        return None
    command = [PYTHON, "-c", "from importlib.metadata import version; print(version('openapi-python-client'))"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or None
