"""A server as a child process that ends when its parent ends, even by SIGKILL."""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="starts-servers")
# Linux sends the parent-death signal when the *thread* that started the child ends. Callers may run on short-lived
# threads (asyncio.to_thread); this one lives until the interpreter ends.


def guard(signal_name: str, *options: str) -> list[str]:
    """A command prefix by which the kernel sends this signal (`TERM`) when the parent ends. Linux only, else empty.

    `setpriv` execs the command, so that the child's pid is the server's. `options` are further ones of setpriv.
    """
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", signal_name, *options, "--"] if setpriv else []


def spawn_server(
    command: Sequence[str | Path], log: Path, env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a server, its output appended to `log`, in its own session so that Ctrl-C reaches only the parent."""

    def start() -> subprocess.Popen[bytes]:
        with log.open("ab") as out:
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, cwd="/", env=env
            )

    return _starter.submit(start).result()
