"""Measurements and comparators do their work, with tiny sizes; the documents show the measured figures."""

import json
from collections.abc import Awaitable, Callable, Generator
from contextlib import nullcontext
from pathlib import Path

import pytest

from services.launcher.kafka import ApacheKafka
from tests.bench import report
from tests.bench.__main__ import ROWS
from tests.bench.load import Connection, request
from tests.bench.measuring import Better, Row, Size, in_turns, row
from tests.bench.row_c_relay import check_order, to_relay
from tests.bench.row_d_live import milliseconds
from tests.bench.row_j_pages import rows_of
from tests.parts.postgres import PostgresServer
from tests.parts.redis import RedisPart
from tests.parts.warm import cold_starts, warm_starts
from tests.queries.reading import Route

SMALL = Size(rounds=1, small=True)


@pytest.fixture(scope="module")
def started_warm() -> Generator[None]:
    with warm_starts():
        yield


@pytest.mark.kafka
@pytest.mark.postgres
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("started_warm")
@pytest.mark.parametrize("key", ["a", "c", "d", "e", "g", "h", "i", "k", "l", "m", "o", "p"])
async def test_a_row_measures_both_sides_of_completed_work(
    key: str, kafka: ApacheKafka, postgres: PostgresServer, redis_server: RedisPart
) -> None:
    """Each measurement raises if the results are not as expected: rows, order, figures, tickets."""
    with cold_starts() if key == "h" else nullcontext():  # h measures a start
        rows = await ROWS[key](SMALL)
    assert {one.key[0] for one in rows} == {"a": {"a", "b"}, "p": {"p", "q"}}.get(key, {key})
    for one in rows:
        assert one.ours >= 0
        assert one.comparator is None or one.comparator > 0


def test_every_row_of_the_table_can_be_selected() -> None:
    assert set(ROWS) == set("abcdefghijklmnopq")


@pytest.mark.parametrize(
    ("ours", "comparator", "target", "better", "absolute", "ratio", "met"),
    [
        ([20.0, 10.0, 30.0], [2.0, 1.0, 1.0], 20, "at least", False, 20.0, True),
        ([19.0], [1.0], 20, "at least", False, 19.0, False),
        ([5.0], [1.0], 5, "at most", False, 5.0, True),
        ([6.0], [1.0], 5, "at most", False, 6.0, False),
        ([400.0], [8.0], 400, "at least", True, 50.0, True),
        ([399.0], [8.0], 400, "at least", True, 49.875, False),
        ([3.1], None, 3, "at most", True, None, False),
    ],
)
def test_a_target_bounds_the_ratio_of_the_medians_or_our_own_median(
    ours: list[float],
    comparator: list[float] | None,
    target: float,
    better: Better,
    absolute: bool,
    ratio: float | None,
    met: bool,
) -> None:
    made = row(
        "x",
        "",
        "/s",
        ours=ours,
        comparator=comparator,
        target=target,
        better=better,
        absolute=absolute,
    )
    assert (made.ratio, made.met) == (ratio, met)


async def test_ours_and_the_comparator_take_turns() -> None:
    order: list[str] = []

    def takes(name: str, figure: float) -> Callable[[], Awaitable[float]]:
        async def act() -> float:
            order.append(name)
            return figure

        return act

    assert await in_turns(2, takes("ours", 1), takes("theirs", 2)) == ([1, 1], [2, 2])
    assert order == ["ours", "theirs", "ours", "theirs"]


def test_a_relay_that_loses_repeats_or_reorders_is_detected() -> None:
    right = to_relay(8, "t")
    check_order(right)
    for wrong in (right[1:], [right[0], *right], [right[2], *right[:2], *right[3:]]):
        with pytest.raises(RuntimeError, match="comes after"):
            check_order(wrong)


def test_the_page_that_grew_most_and_the_slowest_one_are_shown() -> None:
    quick, slow = (Route("intake", f"GET /{name}", "desk") for name in ("quick", "slow"))
    grown, longest = rows_of({quick: 2.0, slow: 30.0}, {quick: 5.0, slow: 40.0}, 1_800_000)
    assert (grown.key, grown.ours, grown.comparator, grown.ratio, grown.met) == ("j", 5.0, 2.0, 2.5, False)
    assert (longest.key, longest.ours, longest.met) == ("n", 40.0, True)
    assert "GET /quick" in grown.measure
    assert "GET /slow" in longest.measure


async def test_the_load_client_reads_answers_in_pieces() -> None:
    connection = Connection()
    sent: list[bytes] = []

    class Wire:
        def write(self, data: bytes) -> None:
            sent.append(data)
            for piece in (b"HTTP/1.1 201 Crea", b"ted\r\nContent-Length: 5\r\n\r\nhe", b"llo"):
                connection.data_received(piece)

    connection.connection_made(Wire())  # type: ignore[arg-type]
    answer = await connection.send(request("PUT", "/x", b"{}"))
    assert (answer.status, answer.body) == (201, b"hello")
    assert sent[0].startswith(b"PUT /x HTTP/1.1\r\n")
    assert sent[0].endswith(b"Content-Length: 2\r\n\r\n{}")


def test_percentiles_are_of_all_values() -> None:
    assert milliseconds([number / 1000 for number in range(101)]) == pytest.approx((50, 99))


@pytest.mark.parametrize("document", report.PARTS, ids=lambda path: path.name)
def test_the_documents_show_the_figures_of_bench_json(document: Path) -> None:
    rows = json.loads(report.RESULT.read_text())["rows"]
    assert report.between_markers(report.PARTS[document](rows)) in document.read_text()


def test_bench_json_has_the_fields_of_a_row() -> None:
    result = json.loads(report.RESULT.read_text())
    assert all(set(one) == set(Row.__dataclass_fields__) for one in result["rows"])
    assert {one["key"][0] for one in result["rows"]} == set(ROWS)
    assert not result["small"]
