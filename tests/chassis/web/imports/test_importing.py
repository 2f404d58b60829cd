"""Streaming imports: a bad line is answered with number, field and rule; the others are imported, once."""

import gzip
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from sqlalchemy.exc import DataError

from services.chassis.storage.store import Store, Work
from services.chassis.testing import Client
from services.chassis.web.imports import bodies, importing
from tests.chassis.sample_service import IMPORT, stored_notes


async def send(client: Client, body: Any, kind: str = "application/x-ndjson") -> tuple[list[dict[str, Any]], Any]:
    """(the bad lines, the totals)"""
    answer = await client.post(IMPORT, content=body, headers={"content-type": kind})
    assert answer.status_code == 200, answer.text
    *bad, totals = [json.loads(line) for line in answer.text.splitlines()]
    return bad, totals


async def test_good_lines_go_in_and_bad_ones_are_answered(operator: Client) -> None:
    body = b'{"words":"a"}\n\n{"words":7}\n{"words":"b","colour":1}\n{not json}\n{"words":"twice"}\n{"words":"z"}'
    bad, totals = await send(operator, body)
    assert [(one["line"], one["field"], one["rule"]) for one in bad] == [
        (3, "words", "string-type"),
        (4, "colour", "extra-forbidden"),
        (5, None, "json-invalid"),
        (6, "words", "twice"),
    ]
    assert all(one["message"] for one in bad)
    assert [one.get("first") for one in bad] == [None, None, None, 1]
    assert totals == {"lines": 6, "accepted": 2, "unchanged": 0, "refused": 4}
    assert await stored_notes(operator) == ["a", "z"]
    again, totals = await send(operator, body)
    assert again == bad
    assert totals == {"lines": 6, "accepted": 0, "unchanged": 2, "refused": 4}


async def test_csv_has_the_same_answers(operator: Client) -> None:
    body = "\ufeffwords,number\r\na,1\r\n\r\nb,two\r\nc,1,2\r\ntwice,\r\nd,\r\n".encode()
    bad, totals = await send(operator, body, "text/csv; charset=utf-8")
    assert [(one["line"], one["field"], one["rule"]) for one in bad] == [
        (4, "number", "whole-number"),
        (5, None, "csv-cells"),
        (6, "words", "twice"),
    ]
    assert totals == {"lines": 5, "accepted": 2, "unchanged": 0, "refused": 3}
    assert await stored_notes(operator) == ["a", "d"]


async def test_csv_needs_known_columns(operator: Client) -> None:
    answer = await operator.post(IMPORT, content=b"words,colour\na,red\n", headers={"content-type": "text/csv"})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/csv-header")
    assert "colour" in answer.json()["detail"]


@pytest.mark.parametrize("kind", ["application/x-ndjson", "text/csv"])
async def test_a_line_past_the_limit_is_refused_and_the_next_goes_in(operator: Client, kind: str) -> None:
    long = b"x" * (bodies.LINE_LIMIT + 5)
    first, last = (b"words", b"z") if kind == "text/csv" else (b'{"words":"a"}', b'{"words":"z"}')
    bad, totals = await send(operator, first + b"\n" + long + b"\n" + last + b"\n", kind)
    assert [(one["line"], one["rule"]) for one in bad] == [(2, "line-too-long")]
    assert totals["refused"] == 1
    assert "z" in await stored_notes(operator)


@pytest.fixture
def together(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many lines each transaction had."""
    numbers: list[int] = []
    recorded = importing.record_batch

    async def watched(store: Store, batch: Any, *more: Any) -> Any:
        numbers.append(len(batch))
        return await recorded(store, batch, *more)

    monkeypatch.setattr(importing, "record_batch", watched)
    return numbers


async def test_lines_are_put_together_from_any_chunks(
    operator: Client, monkeypatch: pytest.MonkeyPatch, together: list[int]
) -> None:
    monkeypatch.setattr(importing, "BATCH", 10)
    whole = b"".join(b'{"words":"n%03d \xc3\xa9"}\n' % number for number in range(35))

    async def chunks() -> AsyncGenerator[bytes]:
        for start in range(0, len(whole), 7):
            yield whole[start : start + 7]

    bad, totals = await send(operator, chunks())
    assert bad == []
    assert totals == {"lines": 35, "accepted": 35, "unchanged": 0, "refused": 0}
    assert together == [10, 10, 10, 5]
    assert len(await stored_notes(operator)) == 35


async def test_long_lines_go_in_with_fewer_of_them_in_a_transaction(
    operator: Client, monkeypatch: pytest.MonkeyPatch, together: list[int]
) -> None:
    monkeypatch.setattr(importing, "BATCH_BYTES", 60)
    lines = b"".join(b'{"words":"n%d"}\n' % number for number in range(10))
    _, totals = await send(operator, lines)
    assert (together, totals["accepted"]) == ([5, 5], 10)


async def test_only_the_import_takes_large_bodies(operator: Client) -> None:
    lines = b"".join(b'{"words":"n%d"}\n' % number for number in range(500))
    assert len(lines) > operator.process.settings.body_limit
    _, totals = await send(operator, lines)
    assert totals["accepted"] == 500


async def test_broken_text_is_a_bad_line(operator: Client) -> None:
    bad, totals = await send(operator, b"words\n\x81\n\nok\n", "text/csv")
    assert (bad[0]["line"], bad[0]["rule"], totals["accepted"]) == (2, "encoding", 1)
    bad, totals = await send(operator, b'{"words":"\x81"}\n{"words":"\xe9t\xe9"}\n')
    assert (bad[0]["line"], bad[0]["rule"], totals["accepted"]) == (1, "encoding", 1)
    assert await stored_notes(operator) == ["ok", "été"]


async def test_every_fault_of_a_line_is_reported_and_the_line_counts_once(operator: Client) -> None:
    body = b'{"words":7,"number":"x","colour":1}\n{"words":"a","number":[' + b'"x",' * 50 + b'"x"]}\n'
    bad, totals = await send(operator, body)
    assert [(one["line"], one["field"]) for one in bad[:3]] == [(1, "words"), (1, "number"), (1, "colour")]
    bad, _totals = await send(operator, b'{"words":"twice","number":"x"}')
    assert [(one["line"], one["rule"]) for one in bad] == [(1, "whole-number"), (1, "twice")]
    assert totals == {"lines": 2, "accepted": 0, "unchanged": 0, "refused": 2}


async def test_a_line_that_cannot_be_stored_takes_no_other_with_it(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers: list[int] = []
    inserted = Work.insert

    async def insert(work: Work, table: Any, rows: Any) -> None:
        numbers.append(len(rows))
        if any(row["words"] == "unknown to the store" for row in rows):
            raise DataError("insert", None, ValueError("a character that the store does not have"))
        await inserted(work, table, rows)

    monkeypatch.setattr(Work, "insert", insert)
    lines = [{"words": f"n{number}"} for number in range(9)]
    lines[6] = {"words": "unknown to the store"}
    bad, totals = await send(operator, "\n".join(map(json.dumps, lines)))
    assert [(one["line"], one["rule"]) for one in bad] == [(7, "not-stored")]
    assert totals == {"lines": 9, "accepted": 8, "unchanged": 0, "refused": 1}
    assert len(await stored_notes(operator)) == 8
    assert len(numbers) < 9


async def test_a_store_that_is_away_refuses_the_request_and_no_line(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def insert(work: Work, table: Any, rows: Any) -> None:
        raise ConnectionError("gone")

    monkeypatch.setattr(Work, "insert", insert)
    answer = await operator.post(IMPORT, content=b'{"words":"a"}\n')
    assert answer.status_code == 503


async def test_a_packed_file_is_bounded_by_what_it_holds(operator: Client) -> None:
    line = b'{"words":"a"}' + b" " * 500 + b"\n"
    answer = await operator.post(IMPORT, content=gzip.compress(line * 1000))
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/body-too-large")
    answer = await operator.post(IMPORT, content=gzip.compress(line)[:-2])
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/gzip")


@pytest.mark.parametrize("kind", ["Text/CSV; charset=UTF-8", "application/vnd.ms-excel", "TEXT/TAB-SEPARATED-VALUES"])
async def test_a_table_is_known_by_any_of_its_names(operator: Client, kind: str) -> None:
    _, totals = await send(operator, b"words\tnumber\na\t1\n", kind)
    assert totals["accepted"] == 1


@pytest.mark.parametrize("kind", ["", "Application/JSON", "application/x-www-form-urlencoded"])
async def test_lines_of_json_are_read_without_their_name_too(operator: Client, kind: str) -> None:
    _, totals = await send(operator, b'{"words":"a"}\n', kind)
    assert totals["accepted"] == 1
