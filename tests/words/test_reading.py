"""Every page that visitors read is at level B1 in French."""

import pytest

from tests.words.reading import FLOOR, MESSAGES, MODULES, TEAMS_ONLY, main, measured, pages, prose, readings

HARD = (
    "L’identification préalable des compétences professionnelles transférables constitue une condition indispensable "
    "à l’élaboration ultérieure d’un projet de réorientation individualisé."
)
PLAIN = "Que savez-vous bien faire ? Écrivez quelques mots. Vous pouvez changer le texte plus tard."


def test_a_page_is_easy_to_read() -> None:
    """`FLOOR` says which score this is, and why it stands for B1."""
    assert {one.page: one.score for one in readings() if one.score < FLOOR} == {}


def test_the_visitors_pages_are_measured_and_not_the_teams() -> None:
    measured_pages = {one.page for one in readings()}
    for page in ("plans/plan.html", "plans/dimension.html", "plans/print.html", "plans/help/my-plan.html"):
        assert f"plans/templates/{page}" in measured_pages
    assert "directory/templates/directory/search.html" in measured_pages
    assert not {page for page in pages() if "desk" in page or "dead_letter" in page or "overview" in page}


def test_a_pages_parts_count_as_the_page() -> None:
    text = prose(pages()["plans/templates/plans/plan.html"])
    assert "Comment arriver à cet objectif\u202f?" in text  # goals.html, which board.html includes
    assert "Le centre envoie la demande." in text  # pages/views.py
    assert "Enregistrer" not in text.splitlines()


def test_an_exception_names_a_page_that_is_there() -> None:
    assert set(MODULES) - set(pages()) == set()
    assert all(prose(pages()[name]) for name in MESSAGES)
    assert TEAMS_ONLY & set(pages()) == set()


def test_the_score_tells_hard_from_plain() -> None:
    readings()
    assert measured("hard", HARD).score < FLOOR - 30
    assert measured("plain", PLAIN).score > FLOOR + 10
    assert measured("plain", PLAIN).longest == 7


@pytest.mark.parametrize("column", ["score", "words", "longest sentence", "plans/plans/plan.html"])
def test_the_table_has_its_columns(column: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0
    assert column in capsys.readouterr().out
