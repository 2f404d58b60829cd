"""Settings: from the environment, each with its rule; a wrong value stops the start."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from services.chassis.runtime.settings import Settings


def test_each_service_has_its_own_database(tmp_path: Path) -> None:
    assert Settings(data=tmp_path).store_url("intake") == f"sqlite+aiosqlite:///{tmp_path}/stores/intake.db"
    server = Settings(store="postgresql://cefo:secret@db:5432/")
    assert server.store_url("plans") == "postgresql+asyncpg://cefo:secret@db:5432/cefo_plans"


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CEFO_BATCH", "17")
    monkeypatch.setenv("CEFO_PUBLIC_URL", "https://cefo.example")
    settings = Settings()
    assert (settings.batch, settings.secure) == (17, True)


@pytest.mark.parametrize(
    ("name", "value"), [("BATCH", "0"), ("ATTEMPTS", "many"), ("RETRY_SECONDS", "-1"), ("LOG_LEVEL", "loud")]
)
def test_a_value_that_breaks_its_rule_stops_the_start(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"CEFO_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


@pytest.mark.parametrize(
    ("ages", "message"),
    [
        ({"inbox_days": 100}, r"CEFO_INBOX_DAYS=100, mais .* et CEFO_TOPIC_DAYS=0\. .* compterait deux fois"),
        ({"inbox_days": 100, "outbox_days": 30}, r"CEFO_TOPIC_DAYS=0\. .* donnez une durée aux trois"),
        ({"inbox_days": 60, "outbox_days": 30, "topic_days": 30}, r"Mettez CEFO_INBOX_DAYS=61 ou plus"),
        ({"outbox_days": 1, "hold_seconds": 86_400}, r"Mettez moins de 86400"),
    ],
)
def test_ages_that_contradict_each_other_stop_the_start(ages: dict[str, int], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Settings(**ages)  # pyright: ignore[reportArgumentType]


def test_ages_that_agree_are_taken() -> None:
    assert not Settings().history_ends
    assert Settings(inbox_days=61, outbox_days=30, topic_days=30).history_ends


@pytest.mark.parametrize(
    ("mail", "message"),
    [
        ({"smtp_host": "mail"}, "Il manque CEFO_SMTP_FROM"),
        (
            {"smtp_host": "mail", "smtp_from": "a@b.example", "smtp_tls": "none", "smtp_user": "cefo"},
            "passerait en clair",
        ),
        ({"smtp_host": "mail", "smtp_from": "a@b.example", "smtp_user": "cefo"}, "CEFO_SMTP_PASSWORD_FILE vont"),
        ({"smtp_host": "mail", "smtp_from": "a@b.example", "smtp_tls": "maybe"}, "smtp_tls"),
    ],
)
def test_a_mail_server_that_cannot_be_used_stops_the_start(mail: dict[str, str], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Settings(**mail)  # pyright: ignore[reportArgumentType]


def test_a_password_may_stay_on_the_machine_in_plain_text(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    mail = {"smtp_host": "localhost", "smtp_from": "a@b.example", "smtp_tls": "none", "smtp_user": "cefo"}
    assert Settings(**mail, smtp_password_file=secret).smtp_host == "localhost"  # pyright: ignore[reportArgumentType]
