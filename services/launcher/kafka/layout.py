"""A cluster on disk: its identity, its ports, and its nodes' folders and settings.

::

    FOLDER/cluster.json         cluster id and ports: a later start finds the same cluster at the same address
    FOLDER/node-1/data          the records, kept until the folder is deleted
    FOLDER/node-1/server.log    the node's log; console.log has Java's own output
"""

import base64
import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Self

from services.launcher.kafka.errors import ClusterDiffers
from services.launcher.ports import free_ports


@dataclass(frozen=True)
class Cluster:
    """A cluster's identity and addresses; node n has the n-th port of each list."""

    cluster_id: str
    client_ports: list[int]
    controller_ports: list[int]
    admin_ports: list[int] = field(default_factory=list[int])
    """Of a cluster with locks."""

    @classmethod
    def of(cls, folder: Path, nodes: int, port: int, *, locked: bool = False) -> Self:
        """The cluster in this folder, or a new one. `port` is that of the first node, 0 for any.

        Raises `ClusterDiffers` when the folder's cluster has another number of nodes.
        """
        file = folder / "cluster.json"
        if file.exists():
            found = cls(**json.loads(file.read_text()))
            if found.size != nodes:
                raise ClusterDiffers(
                    f"Le cluster de {folder} a un autre nombre de nœuds : {found.size}, et non "
                    f"{nodes}. Démarrez-le avec --nodes {found.size}, ou choisissez un autre "
                    "dossier."
                )
            if port in (0, found.client_ports[0]) and locked == bool(found.admin_ports):
                return found
            clients = found.client_ports if port == 0 else _client_ports(port, nodes)
            cluster = cls(found.cluster_id, clients, found.controller_ports)
        else:
            clients = _client_ports(port, nodes)
            cluster = cls(_new_id(), clients, free_ports(nodes, exclude=clients))
        if locked:
            taken = [*cluster.client_ports, *cluster.controller_ports]
            cluster = replace(cluster, admin_ports=free_ports(nodes, exclude=taken))
        new = file.with_suffix(".new")
        new.write_text(json.dumps(asdict(cluster), indent=1))
        new.replace(file)
        return cluster

    @property
    def size(self) -> int:
        """The number of nodes."""
        return len(self.client_ports)

    @property
    def bootstrap(self) -> str:
        """The nodes' addresses, separated by commas."""
        return ",".join(f"127.0.0.1:{port}" for port in self.client_ports)

    def listeners(self, node: int) -> dict[str, int]:
        """The ports on which this node (1, 2, 3) listens: for clients, for controllers, with locks for the admin."""
        admin = {"ADMIN": self.admin_ports[node - 1]} if self.admin_ports else {}
        return {"CLIENT": self.client_ports[node - 1], "CONTROLLER": self.controller_ports[node - 1], **admin}

    def properties(self, node: int, data: Path, locks: Mapping[str, str] | None = None) -> str:
        """The node's server.properties; `locks`: the settings of its locks."""
        addresses = {name: f"{name}://127.0.0.1:{port}" for name, port in self.listeners(node).items()}
        advertised = [address for name, address in addresses.items() if name != "CONTROLLER"]
        voters = ",".join(f"{n}@127.0.0.1:{port}" for n, port in enumerate(self.controller_ports, start=1))
        copies, in_sync = (3, 2) if self.size >= 3 else (1, 1)
        settings = {
            "process.roles": "broker,controller",
            "node.id": node,
            "controller.quorum.voters": voters,
            "listeners": ",".join(addresses.values()),
            "advertised.listeners": ",".join(advertised),
            "listener.security.protocol.map": "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "CLIENT",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": data,
            "auto.create.topics.enable": "false",
            "default.replication.factor": copies,
            "min.insync.replicas": in_sync,
            "offsets.topic.num.partitions": 5,
            "offsets.topic.replication.factor": copies,
            "transaction.state.log.num.partitions": 5,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": in_sync,
            "share.coordinator.state.topic.num.partitions": 5,
            "share.coordinator.state.topic.replication.factor": copies,
            "share.coordinator.state.topic.min.isr": in_sync,
            "group.initial.rebalance.delay.ms": 0,
            # A restarted node must wait until its former session expires: 9 s by default.
            "broker.session.timeout.ms": 4_000,
            "broker.heartbeat.interval.ms": 1_000,
            # An idle controller writes a record that all nodes read, by default twice a second.
            "metadata.max.idle.interval.ms": 10_000,
            # The default, 128 MiB, is allocated at start: half of a node's heap here.
            "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
            **(locks or {}),
        }
        return "".join(f"{name}={value}\n" for name, value in settings.items())


def _client_ports(first: int, nodes: int) -> list[int]:
    return list(range(first, first + nodes)) if first else free_ports(nodes)


def _new_id() -> str:
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):  # Kafka's own tool would read it as an option
            return text
