"""The settings of every connection to Kafka: address, encryption, and as whom the platform connects."""

import ssl
from functools import cached_property
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from services.chassis.runtime.settings.connections import LOOPBACK, Connections, check_files
from services.chassis.runtime.settings.secret_files import read_secret
from services.chassis.runtime.tls import tls_context


class KafkaSettings(Connections):
    """How the platform connects to Kafka. Refuses what would send events or a password in plain text by mistake."""

    kafka: str = Field(
        default="127.0.0.1:9092",
        description="Kafka bootstrap servers, `host:port[,host:port]`; "
        "`cefo up` starts an embedded broker where it is not set.",
    )
    kafka_security: str = Field(
        default="plaintext",
        pattern="^(plaintext|tls|sasl_tls|sasl_plaintext)$",
        description="How clients connect to Kafka: `tls` encrypts, `sasl_…` signs in with user and password.",
    )
    kafka_ca_file: Path | None = Field(
        default=None,
        description="Certificate authorities of the brokers, in PEM; by default those of the machine.",
    )
    kafka_certificate_file: Path | None = Field(
        default=None, description="Certificate that this process shows to Kafka (mTLS), in PEM."
    )
    kafka_key_file: Path | None = Field(default=None, description="Private key of that certificate, in PEM.")
    kafka_mechanism: str = Field(
        default="scram-sha-512",
        pattern="^(scram-sha-512|scram-sha-256|plain)$",
        description="How `sasl_…` proves the password; `plain` with `sasl_tls` only.",
    )
    kafka_user: str | None = Field(default=None, description="User of `sasl_…`; best, one for each service.")
    kafka_password_file: Path | None = Field(
        default=None, description="File with that user's password; read at the start."
    )

    @model_validator(mode="after")
    def _kafka_is_reached_safely(self) -> Self:
        """Refuse plain text beyond this machine, and settings that contradict each other or cannot be read."""
        encrypted, signs_in = self.kafka_security.endswith("tls"), self.kafka_security.startswith("sasl")
        if not encrypted and any(host not in LOOPBACK for host in self.kafka_hosts):
            self.refuse_plaintext("kafka", "CEFO_KAFKA", "Mettez CEFO_KAFKA_SECURITY=sasl_tls ou `tls`.")
        if signs_in in (self.kafka_user is None, self.kafka_password_file is None):
            raise ValueError(
                "CEFO_KAFKA_USER et CEFO_KAFKA_PASSWORD_FILE vont avec CEFO_KAFKA_SECURITY=sasl_tls. "
                "Mettez les trois, ou aucun."
            )
        if self.kafka_mechanism == "plain" and self.kafka_security == "sasl_plaintext":
            raise ValueError(
                "Avec CEFO_KAFKA_MECHANISM=plain, le mot de passe passerait en clair sur le réseau. "
                "Mettez CEFO_KAFKA_SECURITY=sasl_tls, ou CEFO_KAFKA_MECHANISM=scram-sha-512."
            )
        if not encrypted and (self.kafka_ca_file or self.kafka_certificate_file or self.kafka_key_file):
            raise ValueError("Avec un certificat, il faut TLS. Mettez CEFO_KAFKA_SECURITY=tls ou `sasl_tls`.")
        if encrypted:
            check_files("CEFO_KAFKA", self.kafka_ca_file, self.kafka_certificate_file, self.kafka_key_file)
        _ = self.kafka_password
        return self

    @property
    def kafka_servers(self) -> list[str]:
        """The bootstrap servers, one by one."""
        return [server.strip() for server in self.kafka.split(",")]

    @property
    def kafka_hosts(self) -> list[str]:
        """Their hosts, without ports and brackets."""
        return [server.rpartition(":")[0].strip("[]") or server for server in self.kafka_servers]

    @cached_property
    def kafka_tls(self) -> ssl.SSLContext | None:
        """Verifies the brokers, shows this process' certificate; None without TLS."""
        if not self.kafka_security.endswith("tls"):
            return None
        return tls_context(self.kafka_ca_file, self.kafka_certificate_file, self.kafka_key_file)

    @property
    def kafka_password(self) -> str:
        """The password in its file; empty without a user. Raises `UnusableSecret`."""
        file = self.kafka_password_file
        return read_secret(file, "CEFO_KAFKA_PASSWORD_FILE") if file is not None else ""
