"""No secret in what a start prints that is refused: a canary in every secret setting, and in the addresses with one."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from services.launcher.commands import app
from tests.launcher.secrets import is_file, secret_settings

CANARY = "kanarie7f3a"
Refused = Callable[[], str]


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Refused:
    """Starts the platform, which does not start; answers everything that it printed."""
    monkeypatch.setenv("CEFO_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(sys, "argv", ["cefo", "up", "--port", "0"])
    monkeypatch.setenv("CEFO_STORE", "postgresql://cefo@127.0.0.1:1")  # where nothing answers

    def start() -> str:
        with pytest.raises(SystemExit) as ended:
            app.main()
        assert ended.value.code == 1
        printed = capsys.readouterr()
        return printed.out + printed.err

    return start


def test_the_secret_settings_are_found() -> None:
    assert {
        "secret_key",
        "secret_key_file",
        "previous_secret_key_file",
        "store_password_file",
        "redis_password_file",
        "smtp_password_file",
    } <= set(secret_settings())


@pytest.mark.parametrize("name", sorted(secret_settings()))
def test_a_secret_that_stops_the_start_is_not_printed(
    name: str, refused: Refused, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Too short for a key, no certificate, or without what belongs to it: most of them are refused for themselves."""
    file = tmp_path / "file"
    file.write_text(CANARY)
    monkeypatch.setenv(f"CEFO_{name.upper()}", str(file) if is_file(name) else CANARY)
    text = refused()
    assert "✗" in text
    assert CANARY not in text


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CEFO_STORE", f"postgresql://cefo:{CANARY}@127.0.0.1:1"),
        ("CEFO_STORE", f"postgresql://cefo:{CANARY}@127.0.0.1:port"),
        ("CEFO_STORE", f"postgresql://cefo:{CANARY}/@127.0.0.1:1"),
        ("CEFO_STORE", f"postgres://cefo:{CANARY}@127.0.0.1:1"),
        ("CEFO_STORE", f"mysql://cefo:{CANARY}@127.0.0.1:1"),
        ("CEFO_STORE", f"postgresql://cefo:{CANARY}@[127.0.0.1:1"),
        ("CEFO_STORE", f"postgresql://cefo@127.0.0.1:1/?password={CANARY}"),
        ("CEFO_REDIS", f"redis://:{CANARY}@127.0.0.1:port/0"),
        ("CEFO_REDIS", f"http://:{CANARY}@127.0.0.1:1/0"),
        ("CEFO_REDIS", f"redis://:{CANARY}/@127.0.0.1:1/0"),
        ("CEFO_OTLP_ENDPOINT", f"http://user:{CANARY}@127.0.0.1:port"),
        ("CEFO_DIRECTORY_OIDC", f'[{{"key": "a", "client_secret": "{CANARY}"}}]'),
        ("CEFO_DIRECTORY_OIDC", f'[{{"client_secret": "{CANARY}"'),
    ],
)
def test_an_address_with_a_secret_that_stops_the_start_is_not_printed(
    variable: str, value: str, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    assert CANARY not in refused()
