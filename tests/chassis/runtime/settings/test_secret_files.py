"""Secrets in files."""

from pathlib import Path

import pytest

from services.chassis.runtime.settings.secret_files import UnusableSecret, check_key, read_secret


def test_a_secret_ends_before_its_line_break(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("p@ss word/:\n")
    assert read_secret(file, "THE_SECRET_FILE") == "p@ss word/:"


@pytest.mark.parametrize(("content", "why"), [(b"", "est vide"), (b" \n", "est vide"), (b"\xff\xfe", "être lu")])
def test_a_file_without_one_is_named(tmp_path: Path, content: bytes, why: str) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)
    with pytest.raises(UnusableSecret, match=f"THE_SECRET_FILE.*{file}.*{why}"):
        read_secret(file, "THE_SECRET_FILE")
    with pytest.raises(UnusableSecret, match="être lu"):
        read_secret(tmp_path, "THE_SECRET_FILE")


def test_a_short_key_is_not_repeated() -> None:
    assert check_key("k" * 32, "THE_SECRET") == "k" * 32
    with pytest.raises(UnusableSecret) as refused:
        check_key("from-the-vault", "THE_SECRET")
    assert "from-the-vault" not in str(refused.value)
