"""The environment of `deploy/local/start`: one for all services, with the name of each where it is asked for."""

from pathlib import Path

import pytest

from services.launcher.local import LocalStack


def stack_in(folder: Path) -> LocalStack:
    """A stack whose services have an account each, on Kafka and on PostgreSQL."""
    kafka = {"CEFO_KAFKA_SECURITY": "sasl_plaintext", "CEFO_KAFKA_USER": "cefo-{service}"}
    files = {
        f"CEFO_{part}_PASSWORD_FILE": str(folder / f"{part.lower()}-{{service}}")
        for part in ("KAFKA", "STORE", "REDIS")
    }
    store, redis = "postgresql://cefo_{service}@127.0.0.1:5432", "redis://cefo-{service}@127.0.0.1:6379/0"
    return LocalStack(folder, "127.0.0.1:9093", store, redis, 8000, kafka | files)


def test_each_service_has_accounts_and_passwords_of_its_own(tmp_path: Path) -> None:
    for part in ("kafka", "store", "redis"):
        (tmp_path / f"{part}-plans").write_text(f"secret-of-{part}")
    settings = stack_in(tmp_path).settings("plans")
    assert (settings.kafka_user, settings.kafka_password) == ("cefo-plans", "secret-of-kafka")
    assert "//cefo_plans:secret-of-store@127.0.0.1:5432/cefo_plans" in settings.store_url("plans")
    assert (settings.redis, settings.redis_options()["password"]) == (
        "redis://cefo-plans@127.0.0.1:6379/0",
        "secret-of-redis",
    )


def test_a_missing_password_of_one_service_stops_the_start_before_any_runs(tmp_path: Path) -> None:
    stack = stack_in(tmp_path)
    with pytest.raises(ValueError, match=r"(kafka|store|redis)-intake"):
        stack.start()
    assert not stack.processes


def test_the_address_for_people_is_the_one_that_was_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = LocalStack(tmp_path, "127.0.0.1:9092", "sqlite", "redis://127.0.0.1:6379/0", 8000)
    assert stack.settings("intake").public_url == "http://127.0.0.1:8000"
    monkeypatch.setenv("CEFO_PUBLIC_URL", "https://orientation.example.be")
    assert stack.settings("intake").public_url == "https://orientation.example.be"
