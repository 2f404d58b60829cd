"""What the command says when it cannot: one line that names what is wrong and the way out, and an exit code."""

import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
import stamina

from services.chassis.brokers import acls
from services.chassis.brokers.acls import Right
from services.chassis.identity.tokens import signer
from services.chassis.runtime.settings import Settings
from services.contracts.roles import Role
from services.launcher.commands import app, erase

Cefo = Callable[..., tuple[int, str]]


@pytest.fixture
def cefo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Cefo:
    """Runs the command as a terminal does; answers its exit code and everything it printed."""
    monkeypatch.setenv("CEFO_DATA", str(tmp_path))
    monkeypatch.setenv("CEFO_URL", "http://127.0.0.1:1")

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["cefo", *arguments])
        with pytest.raises(SystemExit) as ended:
            app.main()
        text = capsys.readouterr()
        assert "Traceback" not in text.err
        return int(ended.value.code or 0), text.out + text.err

    return run


@pytest.mark.parametrize(
    "arguments",
    [
        ("doctor",),
        ("dead-letters", "list"),
        ("republish",),
        ("rebuild", "impact"),
        ("erase", "7f2c1a34-9d1e-4a55-8f0e-3b1f6f0a2c11"),
    ],
)
def test_a_platform_that_does_not_answer_is_named(cefo: Cefo, arguments: tuple[str, ...]) -> None:
    code, text = cefo(*arguments)
    assert code == 1
    assert "✗ http://127.0.0.1:1 ne répond pas" in text
    assert "make run" in text


@pytest.mark.parametrize(
    "arguments",
    [
        ("rebuild", "liege"),
        ("republish", "liege"),
        ("dead-letters", "retry", "liege", "1"),
        ("dead-letters", "list", "--service", "liege"),
        ("up", "--service", "liege"),
    ],
)
def test_a_service_that_does_not_exist_is_told_with_those_that_do(cefo: Cefo, arguments: tuple[str, ...]) -> None:
    code, text = cefo(*arguments)
    assert code == 1
    assert "Ce service n’existe pas : liege. Services possibles : intake, scheduling, plans, directory, impact." in text


def test_a_role_that_does_not_exist_is_told_with_those_that_do(cefo: Cefo) -> None:
    code, text = cefo("token", "boss")
    assert (code, "Ce rôle n’existe pas : boss." in text, "operator" in text) == (1, True, True)


def test_a_token_is_made_with_the_platforms_key(cefo: Cefo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ada w/")
    code, text = cefo("token", "operator")
    person = signer(Settings(data=tmp_path)).person(text.strip())
    assert code == 0
    assert person is not None
    assert person.has(Role.OPERATOR)
    assert person.subject.startswith("machine/operator/ada-w-/")


def test_commands_work_in_the_environment_of_a_process_per_service(
    cefo: Cefo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There `{service}` is in the names of files, of which none is called so."""
    (tmp_path / "password-directory").write_text("a password")
    given: list[Settings] = []

    def apply_rights(settings: Settings, rights: list[Right]) -> int:
        given.append(settings)
        return len(rights)

    monkeypatch.setattr(acls, "apply_rights", apply_rights)
    for part in ("STORE", "KAFKA"):
        monkeypatch.setenv(f"CEFO_{part}_PASSWORD_FILE", str(tmp_path / "password-{service}"))
    monkeypatch.setenv("CEFO_STORE", "postgresql://cefo_{service}@127.0.0.1:1")
    monkeypatch.setenv("CEFO_KAFKA", "kafka.example.test:9093")
    monkeypatch.setenv("CEFO_KAFKA_SECURITY", "sasl_tls")
    monkeypatch.setenv("CEFO_KAFKA_USER", "admin")
    code, text = cefo("token", "operator")
    assert (code, "✗" in text) == (0, False), text
    code, text = cefo("kafka", "acls", "--apply")
    assert (code, [settings.kafka_user for settings in given]) == (0, ["admin"]), text


def test_a_centre_and_each_of_its_devices_may_have_a_kafka_user_of_its_own(cefo: Cefo) -> None:
    devices = ("--device", "liege:kiosk-1", "--device", "liege:desk-2")
    code, text = cefo("kafka", "acls", "--service", "impact", "--centre", "liege", *devices, "--commands")
    lines = [line for line in text.splitlines() if "cefo-desk-" in line]
    users = ["cefo-desk-liege", "cefo-desk-liege-kiosk-1", "cefo-desk-liege-desk-2"]
    assert (code, len(lines)) == (0, len(users)), text
    for user, line in zip(users, lines, strict=True):
        assert f"'User:{user}'" in line
        assert line.endswith("--operation Write --topic 'cefo.desk.check-ins.liege'")


@pytest.mark.parametrize("device", ["liege", "liege:", ":kiosk-1", "liege:Kiosk 1", "liege:kiosk:1"])
def test_a_device_has_a_centre_and_a_name(cefo: Cefo, device: str) -> None:
    code, text = cefo("kafka", "acls", "--device", device)
    assert (code, "ne va pas" in text) == (1, True), text


def test_a_retry_names_one_letter_or_one_reason(cefo: Cefo) -> None:
    for more in ((), ("1", "--reason", "ahead")):
        code, text = cefo("dead-letters", "retry", "intake", *more)
        assert (code, "Donnez soit un identifiant, soit --reason" in text) == (2, True)


def test_an_erasure_names_a_person_or_asks_for_the_status(cefo: Cefo) -> None:
    for more in ((), ("7f2c1a34-9d1e-4a55-8f0e-3b1f6f0a2c11", "--status")):
        code, text = cefo("erase", *more)
        assert (code, "Donnez soit une référence, soit --status" in text) == (2, True)


@pytest.mark.parametrize(
    ("found", "expected", "line"),
    [
        ([], 0, "Tous les effacements sont confirmés."),
        (
            [
                {
                    "subject_ref": "7f2c1a34-9d1e-4a55-8f0e-3b1f6f0a2c11",
                    "erased_at": "2026-03-02T08:00:00Z",
                    "confirmed": {"directory": None, "plans": "2026-03-02T08:00:01Z", "scheduling": None},
                }
            ],
            1,
            "pas encore confirmé par : directory, scheduling",
        ),
    ],
)
def test_the_status_names_who_has_not_confirmed(
    cefo: Cefo, monkeypatch: pytest.MonkeyPatch, found: list[object], expected: int, line: str
) -> None:
    def get(*_asked: object) -> list[object]:
        return found

    monkeypatch.setattr(erase, "get", get)
    code, text = cefo("erase", "--status", "--token", "any")
    assert (code, line in text) == (expected, True)


IN_DATA = {"erased-file": "it is in the data folder"}
WARNINGS = {"intake": IN_DATA, "scheduling": IN_DATA, "directory": {"mail": "messages waiting: 1"}}


class Proxy(BaseHTTPRequestHandler):
    """Answers for services that are ready. It does not reach plans' process, and impact's hangs."""

    released = threading.Event()

    def do_GET(self) -> None:
        service = self.path.split("/")[1]
        if service == "impact":
            self.released.wait(20)
            return
        ready = {"status": "ok", "services": {service: {"store": True}}, "warnings": WARNINGS}
        self.send_response(502 if service == "plans" else 200)
        self.send_header("Content-Type", "text/html" if service == "plans" else "application/json")
        self.end_headers()
        self.wfile.write(b"<h1>Bad Gateway</h1>" if service == "plans" else json.dumps(ready).encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_the_doctor_asks_every_service_behind_a_proxy(cefo: Cefo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.launcher.commands.doctor.SECONDS", 1)
    with HTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        code, text = cefo("doctor", "--url", f"http://127.0.0.1:{proxy.server_port}")
        Proxy.released.set()
        proxy.shutdown()
    assert code == 1
    assert text.count("processus") == 2
    assert (text.count("✓ répond"), text.count("✗ ne répond pas")) == (3, 2)
    assert text.count("CEFO_ERASED_FILE ailleurs") == 1
    assert "Voyez la page /directory/mail." in text


REFERENCE = "7f2c1a34-9d1e-4a55-8f0e-3b1f6f0a2c11"
OTHER_REFERENCE = "0b6f1c52-4c0e-4a0f-9f53-5b0d1f4f7c22"


class Holders(BaseHTTPRequestHandler):
    """Each service answers what it holds about the person; `silent` ones do not."""

    silent: ClassVar[set[str]] = set()
    held: ClassVar[dict[str, Any]] = {
        "scheduling": {"paths": [], "interviews": [], "seats": [], "visits": [], "calendars": []}
    }
    under_another: ClassVar[dict[str, Any]] = {}
    """The same under another reference of the person."""

    def do_POST(self) -> None:
        service = self.path.split("/")[1]
        document = {
            "service": service,
            "subject_ref": REFERENCE,
            "exported_at": "2026-03-02T08:00:00Z",
            "data": self.held.get(service),
            "merged": [{"subject_ref": OTHER_REFERENCE, "data": self.under_another.get(service)}],
            "exports": ["2026-03-01T08:00:00Z"],
        }
        self.send_response(502 if service in self.silent else 200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def holders(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Holders]]:
    with HTTPServer(("127.0.0.1", 0), Holders) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        monkeypatch.setenv("CEFO_URL", f"http://127.0.0.1:{server.server_port}")
        yield Holders
        server.shutdown()


def test_an_export_is_a_file_for_its_owner_alone(cefo: Cefo, holders: type[Holders], tmp_path: Path) -> None:
    file = tmp_path / "person.json"
    assert cefo("export-person", REFERENCE, "--out", str(file))[0] == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert json.loads(file.read_text())["scheduling"]["data"] == holders.held["scheduling"]
    code, text = cefo("export-person", REFERENCE, "--out", str(file))
    assert (code, "Ce fichier existe déjà" in text) == (1, True)
    code, text = cefo("export-person", REFERENCE, "--out", str(tmp_path / "none" / "person.json"))
    assert (code, "Ce dossier n’existe pas" in text) == (1, True)
    code, text = cefo("export-person", REFERENCE)
    assert code == 0
    assert "Déjà exporté le 1er mars 2026" in text


def test_an_export_without_one_service_is_none(
    cefo: Cefo, holders: type[Holders], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(holders, "silent", {"plans", "directory"})
    code, text = cefo("export-person", REFERENCE, "--out", str(tmp_path / "person.json"))
    assert (code, "plans, directory." in text.splitlines()[-1]) == (1, True)
    assert not (tmp_path / "person.json").exists()


def test_an_export_has_what_is_under_another_reference_of_the_person(
    cefo: Cefo, holders: type[Holders], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(
        holders, "under_another", {"plans": {"purposes": ["plan"], "plans": [], "paths": [], "referrals": []}}
    )
    monkeypatch.setattr(holders, "held", {})
    code, text = cefo("export-person", REFERENCE)
    assert (code, f"Référence : {OTHER_REFERENCE}" in text) == (0, True)
    assert text.count("Rien sur cette personne.") == 3
    file = tmp_path / "person.json"
    assert cefo("export-person", REFERENCE, "--out", str(file))[0] == 0
    assert json.loads(file.read_text())["plans"]["merged"][0]["data"]["purposes"] == ["plan"]


def test_a_person_whom_no_service_knows_is_refused(
    cefo: Cefo, holders: type[Holders], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holders, "held", {})
    code, text = cefo("export-person", REFERENCE)
    assert (code, "Aucun service ne connaît cette référence" in text) == (1, True)


def test_a_kafka_that_does_not_answer_stops_the_start(cefo: Cefo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CEFO_REDIS", "redis://127.0.0.1:1")
    with stamina.set_testing(True, attempts=1):
        code, text = cefo("up", "--port", "0", "--kafka", "127.0.0.1:1", "--service", "impact")
    assert code == 1
    assert "✗ Kafka ne répond pas" in text
    assert "CEFO_KAFKA_CA_FILE" in text


def test_settings_that_contradict_each_other_stop_the_start(cefo: Cefo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CEFO_INBOX_DAYS", "10")
    code, text = cefo("up", "--port", "0")
    assert code == 1
    assert "✗ CEFO_INBOX_DAYS=10, mais CEFO_OUTBOX_DAYS=0" in text


def test_a_setting_that_breaks_its_rule_stops_the_start(cefo: Cefo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CEFO_BATCH", "0")
    code, text = cefo("up", "--port", "0")
    assert (code, "✗ CEFO_BATCH : Écrivez 1 ou plus." in text) == (1, True)


def test_a_port_that_is_taken_is_told_with_the_way_out(cefo: Cefo) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        code, text = cefo("up", "--port", str(port))
    assert code == 1
    assert f"make run PORT={port + 1}" in text


def test_a_store_that_does_not_answer_is_told_without_its_password(cefo: Cefo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CEFO_STORE", "postgresql://cefo:kanarie@127.0.0.1:1")
    code, text = cefo("up")
    assert (code, "✗ PostgreSQL ne répond pas" in text, "kanarie" in text) == (1, True, False)


@pytest.mark.parametrize("option", ["--store", "--redis"])
def test_a_password_among_the_arguments_is_refused(cefo: Cefo, option: str) -> None:
    for address in ("postgresql://cefo:kanarie@127.0.0.1:1", "redis://:kanarie@127.0.0.1:1/0"):
        code, text = cefo("up", option, address)
        assert (code, "CEFO_STORE_PASSWORD_FILE" in text, "kanarie" in text) == (1, True, False)


def test_a_key_that_could_be_guessed_stops_every_command(cefo: Cefo, tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("kanarie")
    code, text = cefo("token", "operator")
    assert (code, "au moins 32 octets" in text, "kanarie" in text) == (1, True, False)


def test_a_demo_that_others_reach_is_refused(cefo: Cefo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CEFO_HOST", "0.0.0.0")
    code, text = cefo("up", "--demo", "--port", "0")
    assert (code, "✗ Avec CEFO_HOST" in text, "CEFO_DEMO_IN_PUBLIC=" in text) == (1, True, True)


def test_a_season_that_nobody_published_names_those_there_are(cefo: Cefo, tmp_path: Path) -> None:
    code, text = cefo("season", "2018", "--out", str(tmp_path / "season"))
    assert (code, "2017" in text) == (1, True)


def test_a_cluster_has_one_node_or_three(cefo: Cefo) -> None:
    code, text = cefo("up", "--kafka", "apache", "--nodes", "2")
    assert (code, "--nodes" in text) == (2, True)
