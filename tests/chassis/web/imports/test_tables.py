"""CSV as spreadsheets write it, line by line; and one bad row takes no other with it."""

from time import process_time
from typing import Any

import pytest

from services.chassis.web.imports.faults import NoHeader, RepeatedColumn
from services.chassis.web.imports.tables import Table


def rows(*lines: str, names: str = "id centre title") -> list[tuple[int, Any]]:
    """Number and cells of each row; of a refused one, its rule."""
    table = Table(names.split())
    read = [row for number, line in enumerate(lines, 1) for row in table.rows(number, line)]
    return [(number, cells if isinstance(cells, dict) else cells.slug) for number, cells in [*read, *table.last()]]


HUY = {"id": "1", "centre": "huy", "title": "a"}


@pytest.mark.parametrize(
    "lines",
    [
        ("id,centre,title", "1,huy,a"),
        ("id;centre;title", "1;huy;a"),
        ("id\tcentre\ttitle", "1\thuy\ta"),
        ("sep=|", "id|centre|title", "1|huy|a"),
        ("sep=\t\r\n", "id\tcentre\ttitle", "1\thuy\ta"),
        ("sep=\t\t\t", "id\tcentre\ttitle", "1\thuy\ta"),
        ("sep=;;;;", "id;centre;title", "1;huy;a"),
        ('"sep=,",,', "id,centre,title", "1,huy,a"),
        ('"sep=;"', "id;centre;title", "1;huy;a"),
        ("SEP=,\r", "id,centre,title\r", "1,huy,a\r"),
        (" id , centre,title ", " 1 ,huy\N{NO-BREAK SPACE}, a"),
        ("title;;centre;id;", "a;;huy;1;;;"),
        (";;;", "id;centre;title", ";;;", "1;huy;a", ';"";;'),
        ('"id","centre","title"', '"1","huy","a"'),
    ],
)
def test_a_row_is_read_however_a_spreadsheet_writes_it(lines: tuple[str, ...]) -> None:
    assert [cells for _, cells in rows(*lines)] == [HUY]


def test_what_stands_in_quotation_marks_may_have_separators_marks_and_line_ends() -> None:
    read = rows("id,centre,title", '1,huy,"a, ""b""', 'and c"', '2,huy,it"s', "3,huy,")
    assert read == [
        (2, {"id": "1", "centre": "huy", "title": 'a, "b"\nand c'}),
        (4, {"id": "2", "centre": "huy", "title": 'it"s'}),
        (5, {"id": "3", "centre": "huy"}),
    ]


@pytest.mark.parametrize(
    ("lines", "refused"),
    [
        (('2,huy,"never closed',), {2}),
        (('2,huy,"closed by the next', '3,huy,"b"', "4,huy,c"), {2}),
        (('2,huy,"closed too late', "3,huy,b", '4,huy,"c",d', "5,huy,e"), {2, 4}),
        (('2,huy,"text" after it',), {2}),
        (('2,huy,"one','3,huy,"two', '4,huy,"three'), {2, 3, 4}),
        (('2,huy,"' + "x" * 70_000, "3,huy,b"), {2}),
        (("2,huy,a,b", "3,huy,c"), {2}),
    ],
)  # fmt: skip
def test_a_row_with_a_wrong_mark_or_cell_takes_no_other_with_it(lines: tuple[str, ...], refused: set[int]) -> None:
    read = dict(rows("id,centre,title", *lines, "9,huy,z"))
    assert {number for number, cells in read.items() if isinstance(cells, str)} == refused
    assert {cells["id"] for cells in read.values() if isinstance(cells, dict)} == (
        {line[0] for line in (*lines, "9")} - {str(number) for number in refused}
    )


def test_a_value_in_a_column_without_a_name_is_refused() -> None:
    assert rows("id,,centre,title", "1,x,huy,a", "1,,huy,a,x") == [(2, "csv-cells"), (3, "csv-cells")]


def test_a_header_needs_names_that_are_known_and_each_once() -> None:
    with pytest.raises(NoHeader) as unknown:
        rows("id;colour;" + "x" * 99)
    assert unknown.value.values == {"unknown": f"colour, {'x' * 40}"}
    with pytest.raises(RepeatedColumn) as twice:
        rows("id,centre,title, centre")
    assert twice.value.values == {"column": "centre"}


@pytest.mark.parametrize("line", ['"', '""', '"""', 'x,"a', 'x,"""', '"x""', ",".join('"' * 9), '"' * 50])
def test_marks_that_are_never_closed_cost_little(line: str) -> None:
    started = process_time()
    assert len(rows("id,centre,title", *[line] * 3000)) <= 3000
    assert process_time() - started < 3
