"""A list of erased persons that cannot be used stops the start, and says what to do."""

from pathlib import Path

import pytest

from services.chassis.testing import quiet_settings
from services.launcher.stack import ErasedListUnusable, check_erased_list


def test_a_bad_line_is_named_with_its_file(tmp_path: Path) -> None:
    settings = quiet_settings(tmp_path, erased_file=tmp_path / "effacées.txt")
    check_erased_list(settings)
    settings.erased_list.write_text("# une note\nune personne\n")
    with pytest.raises(ErasedListUnusable, match=rf"La ligne 2 de {settings.erased_list} n’est pas lisible"):
        check_erased_list(settings)


def test_a_list_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a-file").write_text("")
    settings = quiet_settings(tmp_path, erased_file=tmp_path / "a-file" / "erased.txt")
    with pytest.raises(ErasedListUnusable, match="CEFO_ERASED_FILE"):
        check_erased_list(settings)
