"""The second stack on one machine: a process per service behind nginx, on existing Kafka, PostgreSQL and Redis servers.

In the value of a `CEFO_…` variable, `{service}` becomes the service's name: each has its own accounts and passwords.
Used by `deploy/local/start`, by the journeys and by the fault tests.
"""

import argparse
import asyncio
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from types import FrameType, TracebackType
from typing import Self

import httpx2
from rich.console import Console

from services.chassis.identity.tokens import signer
from services.chassis.runtime.settings import Settings
from services.chassis.service.definition import REREAD
from services.launcher.arguments import refuse_passwords
from services.launcher.catalogue import SERVICES
from services.launcher.commands.terminal import refusals_printed
from services.launcher.errors import Refusal
from services.launcher.first_steps import DIRECTORY, print_first_steps
from services.launcher.ports import free_ports
from services.launcher.service_settings import environment_of, settings_of_service
from services.launcher.trust import tls_verify

TEMPLATE = Path(__file__).parents[2] / "deploy" / "local" / "nginx.conf.template"


class LocalStackError(Refusal):
    """A part of the local stack is missing or did not start."""


@dataclass(slots=True)
class LocalStack:
    """Five service processes and an nginx in front. `kafka`, `store` and `redis` as for `cefo up`."""

    folder: Path
    kafka: str
    store: str
    redis: str
    port: int = 0
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    """Further environment variables of every service."""
    ports: dict[str, int] = field(default_factory=dict[str, int])
    metrics_ports: dict[str, int] = field(default_factory=dict[str, int])
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict[str, "subprocess.Popen[bytes]"])

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The public URL."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start everything and wait until every part is ready. Raises `LocalStackError`."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Not ephemeral ports: a client that retries a stopped service could be given that service's port.
        self.port, *ports = [self.port or free_ports(1)[0], *free_ports(len(SERVICES))]
        self.ports = dict(zip(SERVICES, ports, strict=True))
        for name in SERVICES:  # a setting that is wrong for one of them stops the start before any of them runs
            signer(self.settings(name))  # makes the key that all processes share
        for name in SERVICES:
            self.start_service(name)
        self._start_nginx()
        for name in SERVICES:
            self.wait_ready(name)

    def start_service(self, name: str, *, replica: str = "", env: Mapping[str, str] | None = None) -> None:
        """Start one service's process; with `replica` another one, named by both, which nginx does not use.

        `env`: environment variables of this process only.
        """
        process = f"{name}{replica}"
        if process not in self.ports:
            (self.ports[process],) = free_ports(1)
        if process not in self.metrics_ports:
            (self.metrics_ports[process],) = free_ports(1)
        command = [sys.executable, "-m", "services.launcher", "up", "--service", name]
        options = ["--port", str(self.ports[process])]
        with open(self.folder / f"{process}.log", "ab", opener=_for_owner) as log:
            self.processes[process] = subprocess.Popen(
                [*command, *options],
                env={
                    **environment_of(name, self._environment()),
                    "CEFO_METRICS_PORT": str(self.metrics_ports[process]),
                    **(env or {}),
                },
                stdout=log,
                stderr=log,
                start_new_session=True,
                umask=0o077,
            )

    def settings(self, name: str) -> Settings:
        """The settings of one service's process. Raises `ValidationError` and `UnusableSecret`."""
        return settings_of_service(name, self._environment())

    def _environment(self) -> dict[str, str]:
        """The environment of every service's process, with `{service}` for its name."""
        # The servers not as arguments: every user of the machine can read those, and an address may hold a password.
        parts = {"CEFO_KAFKA": self.kafka, "CEFO_STORE": self.store, "CEFO_REDIS": self.redis}
        return {"CEFO_PUBLIC_URL": self.url, **os.environ, "CEFO_DATA": str(self.folder), **parts, **self.env}

    def wait_ready(self, name: str, seconds: float = 90) -> None:
        """Wait until the service is ready, longer than it waits for Kafka itself; as long as a restored one needs.

        Raises `LocalStackError` with the end of its log.
        """
        end = time.monotonic() + seconds
        with httpx2.Client(timeout=5, trust_env=False, verify=tls_verify(self.url)) as client:
            while time.monotonic() < end:
                try:
                    answer = client.get(f"http://127.0.0.1:{self.ports[name]}/health/ready")
                    if answer.status_code == 200:
                        return
                    if any(REREAD in parts for parts in answer.json()["services"].values()):
                        end = time.monotonic() + seconds
                except httpx2.HTTPError:
                    pass
                if self.processes[name].poll() is not None:
                    break
                time.sleep(0.1)
        raise LocalStackError(f"Le service {name} n’a pas démarré. Fin de son journal :\n{self.log_end(name)}")

    def log_end(self, name: str, lines: int = 30) -> str:
        """The last lines of a service's log."""
        return "\n".join((self.folder / f"{name}.log").read_text(errors="replace").splitlines()[-lines:])

    def stop(self) -> None:
        """Stop what was started here, services first."""
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.clear()

    def _start_nginx(self) -> None:
        program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
        if program is None:
            raise LocalStackError("nginx est introuvable. Installez le paquet nginx.")
        values = {name.upper(): str(port) for name, port in self.ports.items()}
        folder = self.folder.absolute()
        text = Template(TEMPLATE.read_text()).substitute(values, PORT=str(self.port), FOLDER=str(folder))
        (folder / "nginx.conf").touch(mode=0o600)
        (folder / "nginx.conf").write_text(text)
        self.processes["nginx"] = subprocess.Popen(
            [program, "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")],
            start_new_session=True,
            umask=0o077,
        )


def _for_owner(path: str, flags: int) -> int:
    """Open a file that only its owner may read."""
    return os.open(path, flags, 0o600)


def main() -> None:
    """Run until a signal."""
    os.umask(0o077)
    options = argparse.ArgumentParser(
        description="Démarrer un processus par service derrière nginx, "
        "avec des serveurs Kafka, PostgreSQL et Redis existants."
    )
    options.add_argument("--port", type=int, default=8000)
    options.add_argument("--folder", type=Path, default=Path("data/local"))
    for name, example in (
        ("kafka", "127.0.0.1:9092"),
        ("store", "postgresql://cefo@127.0.0.1:5432"),
        ("redis", "redis://127.0.0.1:6379/0"),
    ):
        options.add_argument(f"--{name}", default=os.environ.get(f"CEFO_{name.upper()}", example))
    args = options.parse_args()
    refuse_passwords(sys.argv)
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    with LocalStack(args.folder, args.kafka, args.store, args.redis, args.port) as stack:
        console = Console(highlight=False)
        console.print(f"cefo est prêt : {stack.url}   (un processus par service, Ctrl-C pour arrêter)")
        for name, port in stack.metrics_ports.items():
            console.print(f"  http://127.0.0.1:{port}/metrics   {name}")
        asyncio.run(print_first_steps(console, stack.settings(DIRECTORY)))
        stopping.wait()


if __name__ == "__main__":
    with refusals_printed():
        main()
