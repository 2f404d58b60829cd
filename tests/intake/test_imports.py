import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from jsonschema import Draft202012Validator

from services.chassis.testing import Client, FixedClock, client_of, emitted
from services.contracts.arrivals import Activity
from services.contracts.intake import VisitRecorded, VisitStatus
from services.intake.app import SERVICE
from services.intake.imports import VisitLine
from services.intake.store import Visit
from tests.givens.intake import LIEGE_DESK, OPERATOR, open_centres

PATH = "/intake/api/v1/visits/import"
NINE = datetime(2017, 3, 27, 9, 5, tzinfo=UTC)


@pytest.fixture
async def operator(tmp_path: Path, clock: FixedClock) -> AsyncGenerator[Client]:
    async with client_of(SERVICE, tmp_path, person=OPERATOR, clock=clock) as made:
        await open_centres(made.store)
        yield made


def line(**fields: object) -> dict[str, Any]:
    """A visit of the past, served within the hour."""
    times = {f"{name}_at": (NINE + timedelta(minutes=n)).isoformat() for n, name in enumerate(("called", "served"), 5)}
    return {
        "visit_id": str(uuid4()),
        "centre": "liege",
        "area": "find-job",
        "checked_in_at": NINE.isoformat(),
        "status": "served",
        **times,
        "ended_at": (NINE + timedelta(minutes=40)).isoformat(),
        **fields,
    }


def ndjson(*lines: dict[str, Any] | str) -> str:
    return "".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in lines)


async def send(client: Client, body: str | bytes, **headers: str) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The bad lines, and the totals."""
    answer = await client.post(PATH, content=body, headers={"accept-language": "fr", **headers})
    assert answer.status_code == 200, answer.text
    *bad, totals = (json.loads(one) for one in answer.text.splitlines())
    return bad, totals


async def kept(client: Client) -> list[Visit]:
    async with client.store.read() as session:
        return list((await session.scalars(sa.select(Visit).order_by(sa.text("checked_in_at")))).all())


async def test_a_visit_of_the_past_goes_in_whole_and_is_said_once(operator: Client) -> None:
    sent = line()
    assert await send(operator, ndjson(sent)) == ([], {"lines": 1, "accepted": 1, "unchanged": 0, "refused": 0})
    (visit,) = await kept(operator)
    assert (str(visit.id), visit.status, visit.ticket, visit.version) == (sent["visit_id"], "served", None, 1)
    (event,) = await emitted(operator.store)
    assert isinstance(event.event, VisitRecorded)
    assert event.event == VisitRecorded(
        visit_id=visit.id,
        centre="liege",
        area="find-job",
        channel="desk",  # type: ignore[arg-type]
        at=NINE,
        status=VisitStatus.SERVED,
        called_at=visit.called_at,
        served_at=visit.served_at,
        ended_at=visit.ended_at,
    )


async def test_the_same_file_again_changes_nothing(operator: Client) -> None:
    body = ndjson(*(line() for _ in range(20)))
    await send(operator, body)
    assert (await send(operator, body))[1] == {"lines": 20, "accepted": 0, "unchanged": 20, "refused": 0}
    assert len(await emitted(operator.store)) == 20


async def test_a_line_that_stands_twice_in_a_file_counts_once(operator: Client) -> None:
    sent = line()
    assert (await send(operator, ndjson(sent, sent)))[1] == {"lines": 2, "accepted": 1, "unchanged": 1, "refused": 0}


@pytest.mark.parametrize(
    ("wrong", "field", "rule"),
    [
        ({"centre": "bruges"}, "centre", "unknown-centre"),
        ({"area": "mobility"}, "area", "unknown-area"),
        ({"checked_in_at": "2017-03-27T09:05:00"}, "checked_in_at", "moment"),
        ({"checked_in_at": "1979-12-31T22:59:59Z"}, "checked_in_at", "too-long-ago"),
        ({"ended_at": "2030-01-01T00:00:00Z"}, "ended_at", "in-the-future"),
        ({"ended_at": "2017-03-27T08:00:00Z"}, "ended_at", "times-out-of-sequence"),
        ({"served_at": None}, "served_at", "times-out-of-sequence"),
        ({"status": "waiting"}, "status", "literal-error"),
        ({"channel": "fax"}, "channel", "enum"),
        ({"visit_id": "17"}, "visit_id", "uuid-parsing"),
        ({"name": "Dupont"}, "name", "extra-forbidden"),
        ({"other_areas": ["gardening"]}, "other_areas", "unknown-area"),
        ({"activity": "computers"}, "activity", "activity-with-ticket"),
        ({"interpreter_language": "ar"}, "interpreter_language", "extra-forbidden"),
    ],
)
async def test_a_bad_line_is_answered_with_its_number_field_and_rule_and_the_rest_goes_in(
    operator: Client, wrong: dict[str, object], field: str, rule: str
) -> None:
    bad, totals = await send(operator, ndjson(line(), line(**wrong), "", line()))
    assert [(one["line"], one["field"], one["rule"]) for one in bad] == [(2, field, rule)]
    assert bad[0]["message"]
    assert totals == {"lines": 3, "accepted": 2, "unchanged": 0, "refused": 1}
    assert len(await kept(operator)) == len(await emitted(operator.store)) == 2


async def test_a_known_id_with_other_content_is_a_bad_line(operator: Client) -> None:
    sent = line()
    await send(operator, ndjson(sent))
    bad, _ = await send(operator, ndjson(sent | {"area": "select-training"}))
    assert [(one["line"], one["rule"]) for one in bad] == [(1, "already-different")]
    assert [visit.area for visit in await kept(operator)] == ["find-job"]


async def test_what_is_no_json_or_too_long_is_a_bad_line(operator: Client) -> None:
    bad, totals = await send(operator, ndjson("{", line(area="x" * 70_000), line()))
    assert [(one["line"], one["rule"]) for one in bad] == [(1, "json-invalid"), (2, "line-too-long")]
    assert totals["accepted"] == 1


async def test_reasons_are_told_in_the_readers_language(operator: Client) -> None:
    french, _ = await send(operator, ndjson(line(centre="bruges")))
    german, _ = await send(operator, ndjson(line(centre="bruges")), **{"accept-language": "de"})
    assert "Ce centre n’existe pas." in french[0]["message"]
    assert "Dieses Zentrum gibt es nicht." in german[0]["message"]


async def test_csv_says_the_same(operator: Client) -> None:
    one, others = line(), ("select-training", "create-business")
    columns = ["visit_id", "centre", "area", "checked_in_at", "status", "ended_at", "other_areas", "activity"]
    rows = [
        columns,
        [str(uuid4()), "namur", "", NINE.isoformat(), "left", (NINE + timedelta(minutes=9)).isoformat()],
        [str(uuid4()), "liege", "find-job", NINE.isoformat(), "no_queue", "", "  ".join(others), "computers"],
        [str(uuid4()), "bruges", "", NINE.isoformat(), "no_queue", ""],
        [one["visit_id"], "liege", "", NINE.isoformat(), "no_queue", "", "", "", "too", "many"],
    ]
    body = "\n".join(",".join(row) for row in rows)
    bad, totals = await send(operator, "\ufeff" + body, **{"content-type": "text/csv"})
    assert {(fault["line"], fault["field"], fault["rule"]) for fault in bad} == {
        (4, "centre", "unknown-centre"),
        (5, None, "csv-cells"),
    }
    assert totals == {"lines": 4, "accepted": 2, "unchanged": 0, "refused": 2}
    found = {visit.status: (visit.area, visit.other_areas, visit.activity) for visit in await kept(operator)}
    assert found == {
        "left": (None, [], None),
        "no_queue": ("find-job", [*others], "computers"),
    }
    said = [one.event for one in await emitted(operator.store)]
    assert {(one.other_areas, one.activity) for one in said if isinstance(one, VisitRecorded)} == {
        ((), None),
        (others, Activity.COMPUTERS),
    }


def test_a_line_without_the_new_fields_is_the_line_that_it_was() -> None:
    assert not {"other_areas", "activity"} & json.loads(VisitLine.model_validate(line()).model_dump_json()).keys()


async def test_csv_with_an_unknown_column_is_refused_before_anything_goes_in(operator: Client) -> None:
    answer = await operator.post(
        PATH, content="visit_id,centre,surname\n", headers={"content-type": "text/csv", "accept-language": "fr"}
    )
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/csv-header")
    assert "surname" in answer.json()["detail"]


async def test_many_lines_span_many_transactions(operator: Client) -> None:
    lines = [line(visit_id=str(UUID(int=n))) for n in range(2500)]
    lines[1700]["centre"] = "bruges"
    bad, totals = await send(operator, ndjson(*lines))
    assert [one["line"] for one in bad] == [1701]
    assert totals == {"lines": 2500, "accepted": 2499, "unchanged": 0, "refused": 1}


async def test_only_operations_may_import(client: Client) -> None:
    answer = await client.signed_in(LIEGE_DESK).post(PATH, content=ndjson(line()))
    assert answer.status_code == 403
    assert await kept(client) == []


async def test_the_schema_of_a_line_accepts_what_the_import_accepts(operator: Client) -> None:
    schema = (await operator.get(f"{PATH}/schema")).json()
    validator = Draft202012Validator(schema)
    assert validator.is_valid(line())
    assert not validator.is_valid(line(name="Dupont"))
    assert not validator.is_valid({"visit_id": str(uuid4())})
