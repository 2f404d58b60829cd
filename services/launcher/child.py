"""A server as a child process that ends when we do, however we end."""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="starts-servers")
# Linux sends the "your parent is gone" signal when the *thread* that started the child ends. Callers come and go on
# threads of their own (asyncio.to_thread); this one stays until the interpreter ends.


def guard(signal_name: str, *options: str) -> list[str]:
    """Words before a command that have the system send it this signal (`TERM`) when we are gone; Linux only.

    `setpriv` becomes the command itself: the child's pid is the server's. `options` are further ones of setpriv.
    """
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", signal_name, *options, "--"] if setpriv else []


def spawn_server(
    command: Sequence[str | Path], log: Path, env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a server, its words appended to `log`, in a session of its own so that Ctrl-C reaches only us."""

    def start() -> subprocess.Popen[bytes]:
        with log.open("ab") as out:
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, cwd="/", env=env
            )

    return _starter.submit(start).result()
