"""`cefo import` finds the files of a folder, their centres, and sends them whole or in parts with the right numbers."""

import gzip
from pathlib import Path

import pytest

from services.launcher.commands import import_files as module
from services.launcher.commands.import_files import import_files


def test_files_are_found_in_their_order_and_in_capital_letters(tmp_path: Path) -> None:
    for name in ("Visits.CSV", "interviews.csv.gz", "workshops.ndjson", "visits.ndjson", "notes.csv", "visits.xlsx"):
        (tmp_path / name).touch()
    found = [file.path.name for file in import_files(tmp_path)]
    assert found == ["visits.ndjson", "Visits.CSV", "workshops.ndjson", "interviews.csv.gz"]
    assert import_files(tmp_path / "nowhere") == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("visits.ndjson", b"{\"centre\":\"liege\"}\n{\"centre\" : \"mons\",\"title\":\"\\\"centre\\\":\"}\n{no\n"),
        ("visits.csv", "\ufeffvisit_id,centre\n1,liege\n2,\n3,mons\n".encode()),
        ("visits.csv", 'visit_id;centre;note\n1;liege;"a\nb"\n3;mons;\n'.encode("utf-16")),
        ("visits.csv.gz", gzip.compress(b"sep=;\nvisit_id;centre\n1;liege\n2;mons\n", mtime=0)),
    ],
)  # fmt: skip
def test_the_centres_of_a_file_are_found_whatever_its_form(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    [file] = import_files(tmp_path)
    assert set(file.centres()) == {"liege", "mons"}


def test_lines_of_json_are_sent_in_parts_that_know_their_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LINES_PER_REQUEST", 2)
    (tmp_path / "visits.ndjson").write_text('{"a":1}\n\n{"a":2}\n{"a":3}', encoding="utf-16")
    first, second = import_files(tmp_path)[0].parts()
    assert (b"".join(first.chunks), [first.number_of(line) for line in (1, 2)]) == (b'{"a":1}\n{"a":2}\n', [1, 3])
    assert (b"".join(second.chunks), second.number_of(1)) == (b'{"a":3}\n', 4)


def test_a_table_is_sent_whole_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "visits.csv").write_bytes(b"visit_id\n" + b"1\n" * 100_000)
    [part] = import_files(tmp_path)[0].parts()
    assert b"".join(part.chunks) == (tmp_path / "visits.csv").read_bytes()
    assert part.number_of(77) == 77
