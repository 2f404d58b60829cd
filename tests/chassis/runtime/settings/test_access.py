"""Who gets in: keys that cannot be guessed, and a demo that stays on this machine."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.chassis.runtime.settings import Settings
from services.chassis.runtime.settings.access import IN_PUBLIC, on_loopback
from tests.words.rules import NBSP

KEY = "k" * 32
SHORT = "k" * 31


def refused(**settings: Any) -> str:
    """Why these settings stop the start."""
    with pytest.raises(ValidationError) as wrong:
        Settings(**settings)
    return str(wrong.value)


@pytest.mark.parametrize("key", ["", "from-the-vault", SHORT])
def test_a_key_that_is_empty_or_short_stops_the_start(tmp_path: Path, key: str) -> None:
    file = tmp_path / "key"
    file.write_text(f"{key}\n")
    for name, setting in (
        ("secret_key", key),
        ("secret_key_file", file),
        ("previous_secret_key_file", file),
    ):
        text = refused(**{name: setting})
        assert f"CEFO_{name.upper()}{NBSP}:" in text
        assert "au moins 32 octets" in text or "est vide" in text
        assert not key or key not in text


def test_a_key_comes_from_one_place(tmp_path: Path) -> None:
    assert "Gardez l’un des deux" in refused(secret_key=KEY, secret_key_file=tmp_path / "key")
    assert "ne peut pas être lu" in refused(secret_key_file=tmp_path / "nowhere")
    (tmp_path / "key").write_text(f"{KEY}\n")
    settings = Settings(secret_key_file=tmp_path / "key", previous_secret_key_file=tmp_path / "key")
    assert settings.configured_keys() == (KEY, KEY)
    assert Settings().configured_keys() == (None, None)
    assert Settings.model_validate({"secret_key": KEY}).configured_keys() == (KEY, None)


def test_a_key_is_measured_in_bytes() -> None:
    assert Settings.model_validate({"secret_key": "é" * 16}).secret_key is not None


@pytest.mark.parametrize(
    "public",
    [
        {"host": "0.0.0.0"},
        {"host": "::"},
        {"host": "192.168.1.7"},
        {"host": "cefo.example"},
        {"public_url": "https://cefo.example"},
        {"public_url": "http://cefo.example"},
        {"public_url": "https://127.0.0.1:8443"},
        {"public_url": "http://localhost.example"},
        {"public_url": "nonsense"},
    ],
)
def test_a_demo_that_others_reach_is_refused_unless_a_setting_says_so(public: dict[str, str]) -> None:
    text = refused(demo=True, **public)
    assert f"CEFO_{next(iter(public)).upper()}" in text
    assert f"CEFO_DEMO_IN_PUBLIC={IN_PUBLIC}" in text
    accepted = Settings.model_validate({"demo": True, "demo_in_public": IN_PUBLIC} | public)
    assert accepted.demo
    assert not Settings.model_validate(public).demo


@pytest.mark.parametrize("value", ["", "true", "yes", f"{IN_PUBLIC}!"])
def test_nothing_but_the_words_says_so(value: str) -> None:
    refused(demo=True, public_url="https://cefo.example", demo_in_public=value)


def test_a_demo_on_this_machine_starts() -> None:
    for here in ({}, {"host": "127.0.0.2"}, {"host": "localhost"}, {"host": "::1"}, {"public_url": "http://[::1]:80"}):
        assert Settings.model_validate({"demo": True} | here).demo


def test_the_rehearsal_clock_is_for_a_demo(tmp_path: Path) -> None:
    assert "CEFO_DEMO=true" in refused(rehearsal_clock=tmp_path / "clock")
    assert Settings(rehearsal_clock=tmp_path / "clock", demo=True).demo


def test_a_host_is_on_loopback_only_if_it_says_so() -> None:
    assert [host for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost") if not on_loopback(host)] == []
    assert [host for host in ("", "0.0.0.0", "127.0.0.1.example", "10.0.0.1", "[::1]") if on_loopback(host)] == []
