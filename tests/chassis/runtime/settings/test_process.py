"""Settings: from the environment, each with its rule; a wrong value stops the start."""

import pytest
from pydantic import ValidationError

from services.chassis.runtime.settings import Settings


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
        ({"topic_days": 30}, r"CEFO_BACKUP_DAYS=0, mais .* et à moins de 30\."),
        ({"outbox_days": 20, "topic_days": 30, "backup_days": 20}, r"CEFO_BACKUP_DAYS=20, mais .* et à moins de 20\."),
    ],
)
def test_ages_that_contradict_each_other_stop_the_start(ages: dict[str, int], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Settings(**ages)  # pyright: ignore[reportArgumentType]


def test_ages_that_agree_are_taken() -> None:
    assert not Settings().history_ends
    assert Settings(inbox_days=61, outbox_days=30, topic_days=30, backup_days=29).history_ends
