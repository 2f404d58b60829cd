"""How the command writes numbers, days and moments."""

import pytest

from services.launcher.commands.terminal import counted, decimal, full_date, grouped, moment


def test_numbers_are_written_as_in_french() -> None:
    assert grouped(181689) == "181\N{NO-BREAK SPACE}689"
    assert decimal(3.25) == "3,2"


@pytest.mark.parametrize(("number", "text"), [(0, "0 ligne"), (1, "1 ligne"), (2, "2 lignes")])
def test_a_number_has_its_noun(number: int, text: str) -> None:
    assert counted(number, "ligne", "lignes") == text


def test_days_and_moments_are_in_words_and_in_local_time() -> None:
    assert full_date("2017-01-01") == "1er janvier 2017"
    assert moment("2026-11-30T08:15:07.123+00:00") == "30 novembre 2026, 09:15"
