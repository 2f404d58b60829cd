"""The two stacks as people start them: one embedded process, and a process per service behind nginx on real parts."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import httpx2

from services.launcher.local import LocalStack
from services.launcher.ports import free_ports
from services.launcher.trust import tls_verify

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Stack:
    """A running platform."""

    url: str
    data: Path
    name: str
    kafka: str = ""
    """Where partners' software reads, and front desks' software writes."""
    processes: Mapping[str, "subprocess.Popen[bytes]"] = field(default_factory=dict[str, "subprocess.Popen[bytes]"])
    """What runs, by service; `cefo` where all are one."""
    clients: list[httpx2.Client] = field(default_factory=list[httpx2.Client])

    def browse(self) -> httpx2.Client:
        """A client that keeps cookies and says where its requests come from, as a browser does."""
        headers = {"Origin": self.url}
        verify = tls_verify(self.url)
        client = httpx2.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False, verify=verify)
        self.clients.append(client)
        return client

    def close(self) -> None:
        """Close every client."""
        for client in self.clients:
            client.close()

    def cefo(self, *arguments: str) -> str:
        """What the `cefo` command prints. Fails when the command does."""
        options = {"CEFO_URL": self.url, "CEFO_DATA": str(self.data)}
        done = subprocess.run(
            [sys.executable, "-m", "services.launcher", *arguments],
            env={**os.environ, **options},
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@contextmanager
def embedded(folder: Path) -> Generator[Stack]:
    """`cefo up --demo`, as `make run` starts it, without the morning."""
    with up(folder) as (stack, _process):
        yield stack


@contextmanager
def up(
    folder: Path, *parts: str, data: Path | None = None, demo: bool = True
) -> Generator[tuple[Stack, "subprocess.Popen[bytes]"]]:
    """`cefo up` on these parts, all five services in one process; ended as Ctrl-C does if it still runs.

    Its log is in `folder`, and so is all else unless `data` is another one.
    """
    port, data = free_ports(1)[0], data or folder
    options = ["--port", str(port), "--data", str(data), *parts]
    command = [sys.executable, "-m", "services.launcher", "up", *options]
    rehearsal = {"CEFO_DEMO": "true", "CEFO_REHEARSAL_CLOCK": str(data / "clock")} if demo else {}
    with (folder / "up.log").open("wb") as log:
        process = subprocess.Popen(
            command, env={**os.environ, **rehearsal}, stdout=log, stderr=log, start_new_session=True
        )
    stack = Stack(f"http://127.0.0.1:{port}", data, "embedded", processes={"cefo": process})
    try:
        wait_ready(stack, process, folder / "up.log")
        if demo:
            wait_for_centres(stack)
        yield replace(stack, kafka=eventually(lambda: _kafka_in(folder / "up.log"), bool)), process
    finally:
        stack.close()
        try:
            if process.poll() is None:
                ctrl_c(process)
                process.wait(30)
        finally:
            process.kill()


def ctrl_c(process: "subprocess.Popen[bytes]") -> None:
    """What a terminal does: it signals everything that was started from it."""
    os.killpg(process.pid, signal.SIGINT)


def _kafka_in(log: Path) -> str:
    """Where `cefo up` says that its Kafka is; nothing before that."""
    said = re.search(r"Kafka\s: (\S+)", log.read_text())
    return said[1] if said else ""


def wait_ready(stack: Stack, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until every part answers; fails with the log's end when the process ends before."""

    def ready() -> bool:
        if process.poll() is not None:
            raise AssertionError(log.read_text()[-3000:])
        try:
            return client.get(f"{stack.url}/health/ready").status_code == 200
        except httpx2.HTTPError:
            return False

    with httpx2.Client(timeout=5, trust_env=False, verify=tls_verify(stack.url)) as client:
        eventually(ready, bool, seconds=90)


def wait_for_centres(stack: Stack) -> None:
    """Wait until intake knows the demo's centres: ready, it may not have read yet that the directory publishes them."""
    with httpx2.Client(timeout=5, trust_env=False, verify=tls_verify(stack.url)) as client:
        room = f"{stack.url}/intake/waiting-room/liege"
        eventually(lambda: client.get(room), lambda answer: answer.status_code == 200)


@contextmanager
def local(folder: Path, kafka: str, store: str, redis: str) -> Generator[Stack]:
    """`deploy/local/start`, with the demo."""
    rehearsal = {"CEFO_DEMO": "true", "CEFO_REHEARSAL_CLOCK": str(folder / "clock")}
    with LocalStack(folder, kafka, store, redis, env=rehearsal) as running:
        stack = Stack(running.url, folder, "local", kafka, running.processes)
        try:
            wait_for_centres(stack)
            yield stack
        finally:
            stack.close()


def eventually(ask: Callable[[], Answer], enough: Callable[[Answer], object], seconds: float = 30) -> Answer:
    """Ask until the answer is enough; events need a moment. Fails with the last answer."""
    end = time.monotonic() + seconds
    while not enough(answer := ask()):
        assert time.monotonic() < end, f"after {seconds} s still: {getattr(answer, 'text', answer)!r}"
        time.sleep(0.1)
    return answer
