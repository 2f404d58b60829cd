"""Servers as child processes: find, start as the right user, stop with this process."""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from services.launcher.child import guard, spawn_server

_SYSTEM = "/usr/local/sbin:/usr/sbin:/sbin"  # where servers live and an ordinary PATH does not look


def executable(*names: str) -> str | None:
    """The first of these programs that is on the PATH, or where the system keeps its servers."""
    path = f"{os.environ.get('PATH', '')}:{_SYSTEM}"
    return next((found for name in names if (found := shutil.which(name, path=path))), None)


def start_server(command: Sequence[str | Path], log: Path, user: str | None = None) -> subprocess.Popen[bytes]:
    """Start a server in the background, as this user (None: the current one); it ends with this process."""
    if user is None:
        return spawn_server([*guard("QUIT"), *command], log, env=_environment())
    group = str(pwd.getpwnam(user).pw_gid)
    words = guard("QUIT", "--reuid", user, "--regid", group, "--init-groups")
    if not words:
        raise RuntimeError(f"running a server as {user} needs setpriv (util-linux), which was not found")
    return spawn_server([*words, *command], log, env=_environment())


def run(command: Sequence[str | Path], log: Path, user: str | None = None) -> None:
    """Run to the end, as this user; raises with its output if it fails."""
    process = start_server(command, log, user)
    if process.wait() != 0:
        raise RuntimeError(f"{process.args!r} failed ({process.returncode}):\n{log.read_text(errors='replace')}")


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, within: float = 60) -> None:
    """Wait until the server answers. Raises with its log if it ends, or after `within` seconds."""
    deadline = time.monotonic() + within
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            how = "does not answer" if process.returncode is None else f"ended ({process.returncode})"
            raise RuntimeError(f"{process.args!r} {how}:\n{log.read_text(errors='replace')[-3000:]}")
        time.sleep(0.03)


def suspend(pid: int, within: float = 10) -> None:
    """Suspend a process, and wait until each of its threads stands still: one may have to complete a write first."""
    os.kill(pid, signal.SIGSTOP)
    deadline = time.monotonic() + within
    while not is_suspended(pid):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{pid} was not suspended within {within:.0f} s")
        time.sleep(0.01)


def is_suspended(pid: int) -> bool:
    """Whether the process exists, and none of its threads runs."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return all((thread / "stat").read_text().rpartition(")")[2].split()[0] == "T" for thread in threads)


def _environment() -> dict[str, str]:
    # The caller's PGDATA, PGPORT and locale are not the test server's.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return {**kept, "LC_ALL": "C.UTF-8"}
