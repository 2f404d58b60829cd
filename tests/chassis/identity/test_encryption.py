"""Encryption with keys of their own for each purpose, derived from the platform's key."""

from pathlib import Path
from typing import Any

import pytest

from services.chassis.identity.encryption import Encryption, KeyGone
from services.chassis.testing import quiet_settings

PLAIN = b"Anna Dubois\0\xff"


def encryption(folder: Path, key: str, previous: str = "", purpose: str = "test") -> Encryption:
    more: dict[str, Any] = {}
    for name, text in (("secret_key_file", key), ("previous_secret_key_file", previous)):
        if text:
            more[name] = folder / text
            more[name].write_text(text * 40)
            more[name].chmod(0o600)
    return Encryption(quiet_settings(folder, **more), purpose)


def test_what_was_encrypted_is_read_with_the_same_key_and_for_the_same_purpose(tmp_path: Path) -> None:
    encrypted = encryption(tmp_path, "a").encrypt(PLAIN)
    assert b"Anna" not in encrypted
    assert encryption(tmp_path, "a").decrypt(encrypted) == PLAIN
    for other in (encryption(tmp_path, "a", purpose="other"), encryption(tmp_path, "b")):
        with pytest.raises(KeyGone):
            other.decrypt(encrypted)


def test_what_the_previous_key_encrypted_is_read_until_that_key_is_taken_away(tmp_path: Path) -> None:
    encrypted = encryption(tmp_path, "a").encrypt(PLAIN)
    both = encryption(tmp_path, "b", "a")
    assert both.decrypt(encrypted) == PLAIN
    assert encryption(tmp_path, "b").decrypt(both.encrypt(PLAIN)) == PLAIN
    assert both.digests(PLAIN)[1] == encryption(tmp_path, "a").digests(PLAIN)[0]


def test_a_change_of_the_encrypted_bytes_is_noticed(tmp_path: Path) -> None:
    one = encryption(tmp_path, "a")
    encrypted = one.encrypt(PLAIN)
    with pytest.raises(KeyGone):
        one.decrypt(encrypted[:-8] + b"AAAAAAA=")
