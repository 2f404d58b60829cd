"""Starts of the platform from a process that has imported it already: a fault test starts it dozens of times.

`warm_starts` replaces `subprocess.Popen` for commands that run `python -m services.launcher`. Such a process is a real
one, with its own pid, environment, files and session, and a child of the test's process: to be killed and waited for.
It differs from a cold one in this alone: it was forked after the imports, which take most of a start's processor time.

Only on Linux, where a process can adopt the child of its child. Elsewhere every start is a cold one.
"""

import ctypes
import gc
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

COMMAND = [sys.executable, "-m", "services.launcher"]
_LARGEST = 1 << 20
"""Bytes of a request: the command and its environment."""
_ADOPT = 36
"""`PR_SET_CHILD_SUBREAPER` of prctl(2): a child's orphans become children of this process."""
_UNCHANGED = -1


class _Warm:
    """The process that has imported the platform, and forks it."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            number = theirs.fileno()
            command = [sys.executable, "-m", __name__, str(number)]
            self._process = subprocess.Popen(command, pass_fds=[number], stdin=subprocess.DEVNULL)
        self._ours = threading.Lock()
        self._receive()

    def fork(self, request: Mapping[str, Any], files: list[int]) -> int:
        """Start a process on these three files; returns its pid. It is a child of this process."""
        with self._ours:
            _adopt_orphans(True)
            try:
                socket.send_fds(self._socket, [json.dumps(request).encode()], files)
                return int(self._receive())
            finally:
                _adopt_orphans(False)

    def close(self) -> None:
        self._socket.close()
        self._process.wait(30)

    def _receive(self) -> bytes:
        answer = self._socket.recv(100)
        assert answer, "the process that starts the platform has ended"
        return answer


def _adopt_orphans(on: bool) -> None:
    assert ctypes.CDLL(None, use_errno=True).prctl(_ADOPT, int(on), 0, 0, 0) == 0, os.strerror(ctypes.get_errno())


@contextmanager
def warm_starts() -> Generator[None]:
    """The platform is forked where it would be started, until the block ends."""
    if sys.platform != "linux":
        yield
        return
    cold = subprocess.Popen
    warm = _Warm()
    subprocess.Popen = _popen_from(warm)
    try:
        yield
    finally:
        subprocess.Popen = cold
        warm.close()


@contextmanager
def cold_starts() -> Generator[None]:
    """The platform is started as people start it, also within `warm_starts`."""
    before, subprocess.Popen = subprocess.Popen, _COLD
    try:
        yield
    finally:
        subprocess.Popen = before


_COLD = subprocess.Popen


def _words_of(command: Any) -> list[str]:
    return [] if isinstance(command, str | bytes | Path) else [*map(str, command)]


def _popen_from(warm: _Warm) -> Any:
    class Popen(subprocess.Popen[Any]):
        """Forks the platform; starts everything else as ever."""

        def _execute_child(
            self,
            args: Any,
            executable: Any,
            preexec_fn: Any,
            close_fds: Any,
            pass_fds: Any,
            cwd: Any,
            env: Any,
            startupinfo: Any,
            creationflags: Any,
            shell: Any,
            p2cread: int,
            p2cwrite: int,
            c2pread: int,
            c2pwrite: int,
            errread: int,
            errwrite: int,
            restore_signals: Any,
            gid: Any,
            gids: Any,
            uid: Any,
            umask: int,
            start_new_session: bool,
            process_group: Any,
        ) -> None:
            pipes = (p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite)
            words = _words_of(args)
            if shell or words[:3] != COMMAND:
                some = (args, executable, preexec_fn, close_fds, pass_fds, cwd, env, startupinfo, creationflags, shell)
                rest = (restore_signals, gid, gids, uid, umask, start_new_session, process_group)
                return super()._execute_child(*some, *pipes, *rest)  # pyright: ignore
            request = {
                "argv": words[3:],
                "env": {os.fsdecode(name): os.fsdecode(value) for name, value in (env or os.environ).items()},
                "cwd": os.fspath(cwd or os.getcwd()),
                "umask": umask,
                "session": start_new_session,
            }
            with open(os.devnull) as nothing:
                stdin = nothing.fileno() if p2cread == _UNCHANGED else p2cread
                stdout = 1 if c2pwrite == _UNCHANGED else c2pwrite
                stderr = 2 if errwrite == _UNCHANGED else errwrite
                self.pid = warm.fork(request, [stdin, stdout, stderr])
            self._child_created = True
            self._close_pipe_fds(*pipes)  # pyright: ignore

    return Popen


# In the process that forks


def _serve(requests: socket.socket) -> None:
    """Fork for each request, until there will be no more. The forked process ends in here, as the command does."""
    requests.send(b"ready")
    while True:
        message, files, _flags, _address = socket.recv_fds(requests, _LARGEST, 3)
        if not message:
            return
        read, write = os.pipe()
        between = os.fork()
        if not between:
            pid = os.fork()
            if not pid:
                for one in (read, write, requests.detach()):
                    os.close(one)
                _become(json.loads(message), files)
            os.write(write, str(pid).encode())
            os._exit(0)
        os.waitpid(between, 0)
        requests.send(os.read(read, 100))
        for file in (read, write, *files):
            os.close(file)


def _become(request: Mapping[str, Any], files: list[int]) -> NoReturn:
    """Be the process that was asked for, to its end."""
    if request["session"]:
        os.setsid()
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(request["cwd"])
    if request["umask"] != _UNCHANGED:
        os.umask(request["umask"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.argv = ["cefo", *request["argv"]]
    _set_failpoint(os.environ.get("CEFO_FAILPOINT", ""))
    sys.exit(__main__.main())


def _set_failpoint(wanted: str) -> None:
    """Bind `failpoint` again in each module that bound it at its import, before there was this environment."""
    before, now = failpoints.failpoint, failpoints.failpoint_for(wanted)
    for module in list(sys.modules.values()):
        if getattr(module, "failpoint", None) is before:
            setattr(module, "failpoint", now)  # noqa: B010 - it is not known to be there


if __name__ == "__main__":
    from services.chassis.runtime import failpoints
    from services.launcher import __main__, catalogue

    # What `cefo up` imports when it starts.
    for name in ("launcher.stack", *(f"{service}.app" for service in catalogue.NAMES)):
        import_module(f"services.{name}")
    gc.collect()
    gc.freeze()
    _serve(socket.socket(fileno=int(sys.argv[1])))
