"""Topics by name: those of the contracts, and those of each centre."""

import re

import pytest

from services.contracts.topics import CENTRES, DESK_CHECK_INS, topic_named


def test_a_centres_topic_belongs_to_the_topic_of_all_centres() -> None:
    assert topic_named("cefo.desk.check-ins.la-louviere") == topic_named("cefo.desk.check-ins") == DESK_CHECK_INS
    assert DESK_CHECK_INS.centre_of("cefo.desk.check-ins.la-louviere") == "la-louviere"
    assert DESK_CHECK_INS.centre_of("cefo.desk.check-ins") is None
    assert DESK_CHECK_INS.names(["mons"]) == ["cefo.desk.check-ins", "cefo.desk.check-ins.mons"]
    assert CENTRES.names(["mons"]) == ["cefo.directory.centres"]


@pytest.mark.parametrize(
    "name",
    [
        "cefo.desk.check-ins.dead-letters",
        "cefo.desk.check-ins.Mons",
        "cefo.desk.check-ins.",
        "cefo.desk.check-ins.mons.mons",
        "cefo.directory.centres.mons",
        "cefo",
    ],
)
def test_no_other_name_is_a_topic_of_a_centre(name: str) -> None:
    with pytest.raises(KeyError):
        topic_named(name)
    assert not re.fullmatch(f"{DESK_CHECK_INS.pattern}|{CENTRES.pattern}", name)


def test_a_centre_called_dead_letters_gets_no_topic() -> None:
    """Its topic would be the one of the dead letters."""
    assert DESK_CHECK_INS.names(["dead-letters"]) == ["cefo.desk.check-ins"]
    assert re.fullmatch(DESK_CHECK_INS.pattern, "cefo.desk.check-ins.dead-letters-b")
