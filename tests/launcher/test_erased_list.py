"""A list of erased persons that cannot be used stops the start, and says what to do."""

from pathlib import Path

import pytest
from rich.console import Console

from services.chassis.testing import quiet_settings
from services.launcher.stack import ErasedListUnusable, check_erased_list


def test_a_bad_line_is_named_with_its_file(tmp_path: Path) -> None:
    settings = quiet_settings(tmp_path, erased_file=tmp_path / "effacées.txt")
    check_erased_list(settings, Console())
    settings.erased_list.write_text("# une note\nune personne\n")
    with pytest.raises(ErasedListUnusable, match=rf"La ligne 2 de {settings.erased_list} n’est pas lisible"):
        check_erased_list(settings, Console())


def test_a_list_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a-file").write_text("")
    settings = quiet_settings(tmp_path, erased_file=tmp_path / "a-file" / "erased.txt")
    with pytest.raises(ErasedListUnusable, match="CEFO_ERASED_FILE"):
        check_erased_list(settings, Console())


def test_the_list_is_beside_the_data_and_one_within_them_is_warned_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A backup of the data folder, put back, would bring back a list without who was erased since."""
    data = tmp_path / "data"
    assert quiet_settings(data).erased_list == tmp_path / "data-never-restore" / "erased-persons.txt"
    check_erased_list(quiet_settings(data), Console())
    assert capsys.readouterr().out == ""
    check_erased_list(quiet_settings(data, erased_file=data / "erased.txt"), Console())
    assert "CEFO_ERASED_FILE ailleurs" in capsys.readouterr().out


def test_a_list_where_earlier_versions_had_it_is_checked_too(tmp_path: Path) -> None:
    settings = quiet_settings(tmp_path / "data")
    settings.earlier_erased_list.parent.mkdir(parents=True)
    settings.earlier_erased_list.write_text("une personne\n")
    with pytest.raises(ErasedListUnusable, match=r"La ligne 1 de .*never-restore"):
        check_erased_list(settings, Console())
