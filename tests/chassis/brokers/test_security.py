"""Every client of Kafka connects by the same options: address, name, encryption, and user or certificate."""

import ssl
from pathlib import Path
from typing import Any

import pytest
from faststream.security import SASLPlaintext, SASLScram256, SASLScram512

from services.chassis.brokers import broker_of
from services.chassis.brokers.security import ClientCertificate, client_options, librdkafka_options, security_of
from services.chassis.testing import quiet_settings
from tests.parts.certificates import Authority

SERVERS = "kafka-1.example.be:9093,kafka-2.example.be:9093"


@pytest.fixture(scope="module")
def signed_in(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The settings of a user over TLS."""
    folder = tmp_path_factory.mktemp("files")
    authority = Authority(folder)
    authority.issue("cefo-intake")
    (folder / "password").write_text("open sesame")
    return {
        "kafka": SERVERS,
        "kafka_security": "sasl_tls",
        "kafka_ca_file": authority.file,
        "kafka_user": "cefo-intake",
        "kafka_password_file": folder / "password",
    }


@pytest.mark.parametrize(
    ("mechanism", "scheme", "name"),
    [
        ("scram-sha-512", SASLScram512, "SCRAM-SHA-512"),
        ("scram-sha-256", SASLScram256, "SCRAM-SHA-256"),
        ("plain", SASLPlaintext, "PLAIN"),
    ],
)
def test_a_user_signs_in_over_tls(
    signed_in: dict[str, Any], mechanism: str, scheme: type, name: str, tmp_path: Path
) -> None:
    settings = quiet_settings(tmp_path, **signed_in, kafka_mechanism=mechanism)
    assert type(security_of(settings)) is scheme
    options = client_options(settings, "cefo-intake")
    context = options.pop("ssl_context")
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert options == {
        "bootstrap_servers": SERVERS.split(","),
        "client_id": "cefo-intake",
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": name,
        "sasl_plain_username": "cefo-intake",
        "sasl_plain_password": "open sesame",
    }
    assert librdkafka_options(settings, "cefo-acls") == {
        "bootstrap.servers": SERVERS,
        "client.id": "cefo-acls",
        "security.protocol": "sasl_ssl",
        "ssl.ca.location": str(signed_in["kafka_ca_file"]),
        "sasl.mechanism": name,
        "sasl.username": "cefo-intake",
        "sasl.password": "open sesame",
    }


def test_a_certificate_is_shown_over_tls(signed_in: dict[str, Any], tmp_path: Path) -> None:
    folder = signed_in["kafka_ca_file"].parent
    certificate = {
        "kafka_certificate_file": folder / "cefo-intake.crt.pem",
        "kafka_key_file": folder / "cefo-intake.key.pem",
    }
    settings = quiet_settings(
        tmp_path, kafka=SERVERS, kafka_security="tls", kafka_ca_file=signed_in["kafka_ca_file"], **certificate
    )
    assert isinstance(security_of(settings), ClientCertificate)
    assert client_options(settings, "cefo")["security_protocol"] == "SSL"
    assert librdkafka_options(settings, "cefo")["ssl.certificate.location"] == str(folder / "cefo-intake.crt.pem")


def test_plain_text_has_no_security(tmp_path: Path) -> None:
    settings = quiet_settings(tmp_path)
    assert security_of(settings) is None
    assert client_options(settings, "cefo") == {"bootstrap_servers": ["127.0.0.1:1"], "client_id": "cefo"}


async def test_a_client_is_named_after_the_service_of_its_process(signed_in: dict[str, Any], tmp_path: Path) -> None:
    broker = broker_of(quiet_settings(tmp_path, **signed_in))
    builder: Any = await broker.stream("intake").connect()
    assert (builder.keywords["security_protocol"], builder.keywords["sasl_plain_username"]) == (
        "SASL_SSL",
        "cefo-intake",
    )
    assert broker.client_options["client_id"] == "cefo-intake"
    broker.stream("plans")
    assert broker.client_options["client_id"] == "cefo"
