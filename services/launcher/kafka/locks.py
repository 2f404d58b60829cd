"""A cluster with locks: TLS, users with passwords, and no right that was not granted.

Users sign in by SCRAM on the address for clients. On a second address a client shows a certificate of the cluster's
authority, and its common name is its user; `ADMIN` may do everything, and creates the users and their rights.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from services.launcher.kafka.errors import LockMissing

ADMIN = "admin"
"""The common name of the certificate that administers the cluster; each node has it too."""

_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
_MECHANISMS = ("SCRAM-SHA-512", "SCRAM-SHA-256")


@dataclass(frozen=True, slots=True)
class Locks:
    """The files of a locked cluster, in PEM: its authority, and a certificate of `ADMIN` for 127.0.0.1 with its key."""

    ca: Path
    certificate: Path
    key: Path

    @classmethod
    def in_folder(cls, folder: Path) -> Self:
        """The files of this folder: `ca.pem`, `admin.pem`, `admin-key.pem`. Raises `LockMissing`."""
        locks = cls(folder / "ca.pem", folder / f"{ADMIN}.pem", folder / f"{ADMIN}-key.pem")
        for file in (locks.ca, locks.certificate, locks.key):
            if not file.is_file():
                raise LockMissing(f"Fichier introuvable : {file}. docs/kafka.md montre comment le créer.")
        return locks

    def properties(self, keystore: Path) -> dict[str, str]:
        """A node's settings; `keystore` is its file with key and certificate, which `write_keystore` writes."""
        modules = {f"listener.name.client.{name.lower()}.sasl.jaas.config": _SCRAM for name in _MECHANISMS}
        return modules | {
            "listener.security.protocol.map": "CLIENT:SASL_SSL,ADMIN:SSL,CONTROLLER:SSL",
            "inter.broker.listener.name": "ADMIN",
            "listener.name.admin.ssl.client.auth": "required",
            "listener.name.controller.ssl.client.auth": "required",
            "sasl.enabled.mechanisms": ",".join(_MECHANISMS),
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(keystore),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.ca.resolve()),
            "ssl.principal.mapping.rules": "RULE:^CN=([^,]+).*$/$1/,DEFAULT",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": f"User:{ADMIN}",
        }

    def write_keystore(self, file: Path) -> None:
        """Write key and certificate into one file, as Kafka reads them."""
        file.touch(mode=0o600)
        file.write_text(f"{self.key.read_text()}\n{self.certificate.read_text()}")

    @property
    def client(self) -> dict[str, str]:
        """How confluent-kafka's client administers the cluster."""
        return {
            "security.protocol": "ssl",
            "ssl.ca.location": str(self.ca),
            "ssl.certificate.location": str(self.certificate),
            "ssl.key.location": str(self.key),
        }
