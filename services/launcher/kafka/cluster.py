"""The running nodes: start, stop, kill, restart."""

import contextlib
import logging
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from services.launcher.child import guard, spawn_server
from services.launcher.kafka.classes import class_data_sharing
from services.launcher.kafka.errors import NodeDidNotStart, PortTaken
from services.launcher.kafka.jars import RECIPE, jars, java
from services.launcher.kafka.layout import Cluster
from services.launcher.kafka.locks import Locks
from services.launcher.ports import is_free

_START_TIMEOUT = 120.0  # seconds; 3 alone on the machine, many times that beside a full test run
_STOP_TIMEOUT = 10.0  # seconds; then it is killed
_PORT_TIMEOUT = 5.0  # seconds; a node whose starter was killed needs a moment to end
_client_log = logging.getLogger("services.launcher.kafka.client")
_client_log.addHandler(logging.NullHandler())
_client_log.propagate = False


class ApacheKafka:
    """One cluster of Apache Kafka nodes, each a Java process that ends with its parent, even by SIGKILL (Linux).

    Blocking, for one thread at a time.
    """

    def __init__(self, sharing: str = "") -> None:
        """`sharing`: Java's option for class data sharing; by default that of the usual archive."""
        self._sharing = sharing
        self._folder = Path()
        self._locks: Locks | None = None
        self._cluster: Cluster | None = None
        self._nodes: dict[int, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @staticmethod
    def libs() -> Path:
        """The folder of jars, copied by Maven on first use."""
        return jars()

    @property
    def bootstrap(self) -> str:
        """`127.0.0.1:PORT[,127.0.0.1:PORT…]`; only after `start`."""
        return self._started.bootstrap

    @property
    def admin(self) -> str:
        """The address of the first node for `locks.ADMIN`; only after `start` with locks."""
        return f"127.0.0.1:{self._started.admin_ports[0]}"

    @property
    def alive(self) -> list[int]:
        """The nodes that run, by number."""
        return [number for number, node in self._nodes.items() if node.poll() is None]

    def pid(self, node: int) -> int:
        """The process id of a node, for tests that send it signals."""
        return self._nodes[node].pid

    def start(self, nodes: int, folder: Path, port: int = 0, locks: Locks | None = None) -> str:
        """Start the folder's cluster, creating it if missing. Returns the bootstrap addresses.

        `nodes` is 1 or 3; `port` is the first node's (the next ones follow), 0 for any free ones, chosen once per
        folder. `locks`: only who signs in may do what was granted; None: anyone on this machine may do all. Returns
        when every node has joined. Raises a `LocalKafkaError` and leaves nothing running.
        """
        if nodes not in (1, 3):
            raise ValueError(f"nodes is {nodes}; a local cluster has 1 or 3")
        if self.alive:
            raise RuntimeError(f"{self._folder} is already running; stop it first")
        folder = folder.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        cluster = Cluster.of(folder, nodes, port, locked=locks is not None)
        self._sharing = self._sharing or class_data_sharing(self._dump_archive)
        self._folder, self._cluster, self._nodes, self._locks = folder, cluster, {}, locks
        numbers = range(1, nodes + 1)
        try:
            for number in numbers:
                self._wait_for_ports(number)
            self._format([number for number in numbers if not (self._data(number) / "meta.properties").exists()])
            for number in numbers:
                self._launch(number)
            self._wait_until_joined(nodes)
        except BaseException:
            self.stop()
            raise
        return cluster.bootstrap

    def stop(self) -> None:
        """Stop every node; those still running after `_STOP_TIMEOUT` are killed. Data is kept."""
        for number in self.alive:
            self._nodes[number].terminate()
        deadline = time.monotonic() + _STOP_TIMEOUT
        while (left := len(self.alive)) and time.monotonic() < deadline:
            # A clean shutdown needs a majority of controllers. The last of three nodes has none and would wait five
            # minutes; killing it loses nothing: acknowledged records are on disk and are recovered at the next start.
            if 1 < self._started.size >= 2 * left:
                deadline = min(deadline, time.monotonic() + 1)
            time.sleep(0.05)
        for number in self._nodes:
            self.kill(number)

    def kill(self, node: int) -> None:
        """Kill a node (1, 2, 3) with SIGKILL, as in a crash."""
        process = self._nodes[node]
        process.kill()
        process.wait()

    def restart(self, node: int) -> None:
        """Restart a node with its data and ports; a running one is stopped first."""
        process = self._nodes[node]
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        self.kill(node)
        self._wait_for_ports(node)
        self._launch(node)
        self._wait_until_joined(len(self.alive))

    @property
    def _started(self) -> Cluster:
        if self._cluster is None:
            raise RuntimeError("not started yet: call start() first")
        return self._cluster

    def _home(self, number: int) -> Path:
        return self._folder / f"node-{number}"

    def _data(self, number: int) -> Path:
        return self._home(number) / "data"

    def _java(self, number: int, heap: int, *arguments: str) -> list[str]:
        return [
            java(),
            f"-Xmx{heap}m",
            *filter(None, [self._sharing]),
            # C1 compiler only: half the processor time to start, and no slower under the load of one machine.
            "-XX:TieredStopAtLevel=1",
            "-XX:+ExitOnOutOfMemoryError",
            f"-Dcefo.kafka.logs={self._home(number)}",
            f"-Dlog4j2.configurationFile={RECIPE / 'log4j2.yaml'}",
            "-cp",
            f"{jars()}/*",
            *arguments,
            str(self._home(number) / "server.properties"),
        ]

    def _write_settings(self, number: int) -> None:
        self._home(number).mkdir(exist_ok=True)
        locks: dict[str, str] = {}
        if self._locks is not None:
            keystore = self._home(number) / "keystore.pem"
            self._locks.write_keystore(keystore)
            locks = self._locks.properties(keystore)
        text = self._started.properties(number, self._data(number), locks)
        (self._home(number) / "server.properties").write_text(text)

    def _format(self, numbers: list[int]) -> None:
        """Format the storage of new nodes, in parallel: each takes Java over a second."""
        running: dict[int, subprocess.Popen[bytes]] = {}
        try:
            for number in numbers:
                self._write_settings(number)
                # --ignore-formatted: an interrupted run may already have formatted the storage.
                options = ("format", "--ignore-formatted", "-t", self._started.cluster_id, "-c")
                tool = self._java(number, 128, "kafka.tools.StorageTool", *options)
                running[number] = spawn_server([*guard("KILL"), *tool], self._home(number) / "console.log")
            for number, process in running.items():
                if process.wait() != 0:
                    raise NodeDidNotStart(f"Le formatage de {self._data(number)} a échoué.\n{self._log_tail(number)}")
        finally:
            for process in running.values():
                process.kill()
                process.wait()

    def _launch(self, number: int) -> None:
        self._write_settings(number)
        command = self._java(number, 512 if self._started.size == 1 else 256, "kafka.Kafka")
        # If this process dies, three nodes must not wait for each other to stop: see stop().
        signal_name = "TERM" if self._started.size == 1 else "KILL"
        self._nodes[number] = spawn_server([*guard(signal_name), *command], self._home(number) / "console.log")

    def _wait_for_ports(self, number: int) -> None:
        deadline = time.monotonic() + _PORT_TIMEOUT
        for port in self._started.listeners(number).values():
            while not is_free(port):
                if time.monotonic() > deadline:
                    raise PortTaken(
                        f"Le nœud {number} de {self._folder} a besoin du port 127.0.0.1:{port}, "
                        "déjà utilisé. Ce cluster tourne-t-il déjà ? Arrêtez-le, ou choisissez un "
                        "autre --port."
                    )
                time.sleep(0.2)

    def _wait_until_joined(self, nodes: int) -> None:
        """Wait until every running node answers on its own port and lists that many nodes.

        One node's answer is not enough: for some seconds nodes still list one that was killed.
        """
        deadline = time.monotonic() + _START_TIMEOUT
        for number in self.alive:
            settings: dict[str, str | int | float | bool] = {"log_level": 0, "reconnect.backoff.max.ms": 200}
            ports = self._started.listeners(number)
            settings["bootstrap.servers"] = f"127.0.0.1:{ports.get('ADMIN', ports['CLIENT'])}"
            settings |= self._locks.client if self._locks is not None else {}
            with AdminClient(settings, logger=_client_log) as client:
                while not _sees_nodes(client, nodes):
                    self._check_alive(nodes)
                    if time.monotonic() > deadline:
                        tails = "\n".join(f"nœud {n} : {self._log_tail(n)}" for n in self._nodes)
                        raise NodeDidNotStart(
                            f"Pas de réponse du nœud {number} en {_START_TIMEOUT:.0f} s. Fin des journaux :\n{tails}"
                        )
                    time.sleep(0.1)

    def _check_alive(self, nodes: int) -> None:
        if len(self.alive) >= nodes:
            return
        for number, node in self._nodes.items():
            if node.poll() not in (None, -signal.SIGKILL):
                raise NodeDidNotStart(
                    f"Le nœud {number} s’est arrêté (code {node.returncode}). Fin de son "
                    f"journal :\n{self._log_tail(number)}"
                )
        raise NodeDidNotStart(f"Un nœud de {self._folder} a été arrêté de force pendant son démarrage. Recommencez.")

    @staticmethod
    def _dump_archive(sharing: str) -> bool:
        """Run a temporary node with this Java option. Returns whether it started and stopped cleanly."""
        with tempfile.TemporaryDirectory(prefix="cefo-kafka-") as folder, ApacheKafka(sharing) as node:
            try:
                node.start(1, Path(folder))
            except NodeDidNotStart:
                return False  # the cluster's own start reports the cause, if it fails too
            node.stop()
            return node._nodes[1].returncode != -signal.SIGKILL

    def _log_tail(self, number: int) -> str:
        lines: list[str] = []
        for name in ("console.log", "server.log"):
            with contextlib.suppress(FileNotFoundError):
                lines += (self._home(number) / name).read_text(errors="replace").splitlines()[-15:]
        return "\n".join(lines) + f"\n(journaux complets : {self._home(number)})"


def _sees_nodes(client: AdminClient, nodes: int) -> bool:
    try:
        return len(client.list_topics(timeout=1).brokers) >= nodes
    except KafkaException:
        return False
