"""Catalogues follow what the code marks, and lose no translation."""

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from services.launcher import messages

PO = """
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8"

msgid "Queue"
msgstr "File"

msgid "One who waits"
msgid_plural "{n} who wait"
msgstr[0] "Une personne attend"
msgstr[1] "{n} personnes attendent"

#~ msgid "Gone for a while"
#~ msgstr "Absent un moment"
"""


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package with a French catalogue."""
    monkeypatch.setattr(messages, "SERVICES", tmp_path)
    path = messages.path_of("desk", "fr")
    path.parent.mkdir(parents=True)
    path.write_text(PO)


def template(*marks: str | tuple[str, str]) -> Catalog:
    catalog = Catalog()
    for mark in marks:
        catalog.add(mark)
    return catalog


def written(*marks: str | tuple[str, str]) -> str:
    return messages.text(messages.merged("desk", "fr", template(*marks)))


def test_what_is_new_comes_in_without_a_translation() -> None:
    catalog = messages.merged("desk", "fr", template("Queue", ("One who waits", "{n} who wait"), "Zebra crossing"))
    assert [message.id for message in messages.untranslated(catalog)] == ["Zebra crossing"]


def test_what_the_chassis_translates_is_left_to_it() -> None:
    shared = template("Queue", "Sign out")
    catalog = messages.merged("desk", "fr", template("Queue", "Sign out", "Bell"), shared)
    assert [message.id for message in catalog if message.id] == ["Bell"]


def test_what_is_reworded_keeps_its_old_translation_as_a_suggestion() -> None:
    text = written("Queues")
    assert '#, fuzzy\nmsgid "Queues"\nmsgstr "File"\n' in text


def test_what_is_no_longer_marked_is_kept_and_found_again() -> None:
    messages.path_of("desk", "fr").write_text(written("Gone for a while"))
    assert '#~ msgid "Queue"\n#~ msgstr "File"\n' in messages.path_of("desk", "fr").read_text()
    back = written("Queue", "Gone for a while")
    assert '\nmsgid "Queue"\nmsgstr "File"\n' in back
    assert '\nmsgid "Gone for a while"\nmsgstr "Absent un moment"\n' in back
    assert '#~ msgstr[1] "{n} personnes attendent"\n' in back


def test_written_twice_nothing_changes() -> None:
    marks = ("Queues", ("One who waits", "{n} who wait"), "Zebra crossing")
    once = written(*marks)
    messages.path_of("desk", "fr").write_text(once)
    assert written(*marks) == once
    assert '"Plural-Forms: nplurals=2; plural=(n > 1);\\n"\n' in once
