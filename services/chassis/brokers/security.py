"""How every client connects to Kafka: the one place that makes connection options of the settings."""

from typing import Any

from faststream.kafka.security import parse_security
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from services.chassis.runtime.settings import Settings

_SASL = {"scram-sha-512": SASLScram512, "scram-sha-256": SASLScram256, "plain": SASLPlaintext}


class ClientCertificate(BaseSecurity):
    """TLS on which the client proves who it is by a certificate (mTLS)."""

    def get_requirement(self) -> list[dict[str, Any]]:
        """AsyncAPI's name for it."""
        return [{"x509": []}]

    def get_schema(self) -> dict[str, dict[str, str]]:
        """AsyncAPI's description of it."""
        return {"x509": {"type": "X509"}}


def security_of(settings: Settings) -> BaseSecurity | None:
    """FastStream's security for these settings; None: plain text, without a user."""
    if settings.kafka_user is not None:
        scheme = _SASL[settings.kafka_mechanism]
        return scheme(settings.kafka_user, settings.kafka_password, ssl_context=settings.kafka_tls)
    if settings.kafka_certificate_file is not None:
        return ClientCertificate(settings.kafka_tls)
    return BaseSecurity(settings.kafka_tls) if settings.kafka_tls is not None else None


def client_options(settings: Settings, client_id: str) -> dict[str, Any]:
    """Address, name and security of an aiokafka client."""
    return {
        "bootstrap_servers": settings.kafka_servers,
        "client_id": client_id,
        **parse_security(security_of(settings)),
    }


def librdkafka_options(settings: Settings, client_id: str) -> dict[str, Any]:
    """The same for a client of confluent-kafka, which can change access rights as aiokafka's cannot."""
    protocol = {"plaintext": "plaintext", "tls": "ssl", "sasl_tls": "sasl_ssl", "sasl_plaintext": "sasl_plaintext"}
    options = {
        "bootstrap.servers": ",".join(settings.kafka_servers),
        "client.id": client_id,
        "security.protocol": protocol[settings.kafka_security],
        "ssl.ca.location": settings.kafka_ca_file,
        "ssl.certificate.location": settings.kafka_certificate_file,
        "ssl.key.location": settings.kafka_key_file,
    }
    if settings.kafka_user is not None:
        options["sasl.mechanism"] = settings.kafka_mechanism.upper()
        options |= {"sasl.username": settings.kafka_user, "sasl.password": settings.kafka_password}
    return {name: str(value) for name, value in options.items() if value is not None}
