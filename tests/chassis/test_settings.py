"""Settings: from the environment, each with its rule, a wrong one stops the start."""

import json
import logging
from pathlib import Path

import pytest
import structlog
from pydantic import ValidationError

from services.chassis.runtime.settings import Settings
from services.chassis.runtime.telemetry import configure_logging, log


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


def test_logs_are_json_lines_without_local_variables(capsys: pytest.CaptureFixture[str]) -> None:
    """A traceback that shows variables shows people."""
    root = logging.getLogger()
    handlers, level, drawn = root.handlers, root.level, structlog.get_config()
    try:
        configure_logging(Settings())
        contact = "0470 00 00 00"
        try:
            raise ValueError(f"no room for {len(contact)}")
        except ValueError:
            log("services.intake").exception("request failed", path="/intake/")
        logging.getLogger("uvicorn.error").warning("from a library")
    finally:
        root.handlers, root.level = handlers, level
        structlog.configure(**drawn)
    ours, theirs = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["level"], ours["path"]) == ("request failed", "error", "/intake/")
    assert "ValueError: no room for 13" in ours["exception"]
    assert contact not in json.dumps(ours)
    assert (theirs["event"], theirs["logger"]) == ("from a library", "uvicorn.error")


@pytest.mark.parametrize(
    ("ages", "told"),
    [
        ({"inbox_days": 100}, r"CEFO_INBOX_DAYS=100, mais .* et CEFO_TOPIC_DAYS=0 : .* compterait deux fois"),
        ({"inbox_days": 100, "outbox_days": 30}, r"CEFO_TOPIC_DAYS=0 : .* donnez un âge aux trois"),
        ({"inbox_days": 60, "outbox_days": 30, "topic_days": 30}, r"Mettez CEFO_INBOX_DAYS=61 ou plus"),
        ({"outbox_days": 1, "hold_seconds": 86_400}, r"Mettez CEFO_HOLD_SECONDS sous 86400"),
    ],
)
def test_ages_that_contradict_each_other_stop_the_start(ages: dict[str, int], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Settings(**ages)  # pyright: ignore[reportArgumentType]


def test_ages_that_agree_are_taken() -> None:
    assert not Settings().history_ends
    assert Settings(inbox_days=61, outbox_days=30, topic_days=30).history_ends
