"""How the platform connects to Kafka: plain text by mistake, or settings that contradict, stop the start."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.chassis.runtime.settings import Settings
from tests.parts.certificates import Authority

BEYOND = "kafka-1.example.be:9092,kafka-2.example.be:9092"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    authority = Authority(folder)
    authority.issue("cefo-intake")
    authority.issue("other")
    (folder / "password").write_text("open sesame\n")
    (folder / "empty").write_text("\n")
    return folder


@pytest.mark.parametrize("host", ["127.0.0.1:9092", "localhost:9092", "[::1]:9092", "127.0.0.1:1,localhost:2"])
def test_plain_text_stays_on_the_machine(host: str) -> None:
    assert Settings(kafka=host).kafka_security == "plaintext"


@pytest.mark.parametrize("host", [BEYOND, "127.0.0.1:9092,10.0.0.4:9092", "0.0.0.0:9092", "kafka"])
def test_plain_text_beyond_it_is_refused_unless_it_is_accepted_by_name(host: str) -> None:
    with pytest.raises(ValidationError, match=r"en clair sur le réseau\. Mettez CEFO_KAFKA_SECURITY=sasl_tls"):
        Settings(kafka=host)
    with pytest.raises(ValidationError, match="CEFO_PLAINTEXT=kafka"):
        Settings(kafka=host, plaintext=("redis",))
    assert Settings(kafka=host, plaintext=("kafka",)).kafka == host


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"security": "sasl_plaintext", "user": "cefo", "password": "password"}, "passeraient en clair"),
        ({"security": "sasl_tls"}, "vont avec CEFO_KAFKA_SECURITY=sasl_tls"),
        ({"security": "sasl_tls", "user": "cefo"}, "vont avec"),
        ({"security": "tls", "user": "cefo", "password": "password"}, "vont avec"),
        ({"security": "tls", "certificate": "cefo-intake.crt.pem"}, "vont ensemble"),
        ({"security": "tls", "certificate": "cefo-intake.crt.pem", "key": "other.key.pem"}, "paire lisible"),
        ({"security": "tls", "ca": "password"}, "Aucun certificat PEM"),
        ({"security": "tls", "ca": "none.pem"}, "CEFO_KAFKA_CA_FILE"),
        (
            {"security": "sasl_tls", "user": "cefo", "password": "none"},
            "ne peut pas être lu",
        ),
        ({"security": "sasl_tls", "user": "cefo", "password": "empty"}, "est vide"),
        ({"security": "ssl"}, "kafka_security"),
    ],
)
def test_settings_that_cannot_protect_stop_the_start(files: Path, chosen: dict[str, str], message: str) -> None:
    with pytest.raises(ValidationError, match=message) as refused:
        Settings(kafka=BEYOND, **settings_of(files, chosen))
    assert "open sesame" not in str(refused.value)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"security": "sasl_plaintext", "user": "c", "password": "password", "mechanism": "plain"}, "passerait en"),
        ({"ca": "authority.pem"}, "il faut TLS"),
    ],
)
def test_also_on_this_machine(files: Path, chosen: dict[str, str], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Settings(**settings_of(files, chosen))


def test_a_password_comes_from_its_file_and_is_not_shown(files: Path) -> None:
    chosen = {"security": "sasl_tls", "user": "cefo-intake", "password": "password", "mechanism": "plain"}
    settings = Settings(kafka=BEYOND, **settings_of(files, chosen))
    assert settings.kafka_password == "open sesame"
    assert settings.kafka_tls is not None
    assert "open sesame" not in f"{settings!r} {settings.model_dump()}"


def settings_of(files: Path, chosen: dict[str, str]) -> dict[str, Any]:
    """Settings by their short names; those of files are in this folder."""
    named = {"ca": "ca_file", "certificate": "certificate_file", "key": "key_file", "password": "password_file"}
    return {
        f"kafka_{named.get(name, name)}": files / value if name in named else value for name, value in chosen.items()
    }
