"""Files as offices write them: each is read, or each wrong line is refused alone, in the reader's language.

A new row: put a file into `files/`, and its expected answer into `FILES`. All of its ids must be its own.
"""

import gzip
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from services.chassis.testing import Client, client_of, quiet_settings
from services.intake.app import SERVICE
from tests.givens.intake import OPERATOR, open_centres
from tests.parts.postgres import PostgresServer
from tests.parts.stores import BOTH

FOLDER = Path(__file__).parent / "files"
IMPORT = "/intake/api/v1/visits/import"
CSV, NDJSON = "text/csv", "application/x-ndjson"


class Expected(NamedTuple):
    """How many lines are imported, and the line, field and rule of each fault."""

    accepted: int
    faults: tuple[tuple[int, str | None, str], ...] = ()


FILES = {
    "visits-03-semicolon.csv": Expected(2),
    "visits-05-utf16le-excel-unicode.csv": Expected(1),
    "visits-06-trailing-comma.csv": Expected(2),
    "visits-16-cp1252.csv": Expected(1, ((2, "centre", "unknown-centre"),)),
    "visits-22-quoted-newline.csv": Expected(2, ((3, "centre", "control-character"),)),
    "visits-bom.ndjson": Expected(2),
    "visits-repeated-key.ndjson": Expected(0, ((1, "centre", "repeated-field"),)),
    "visits-two-faults.csv": Expected(
        1,
        (
            (2, "area", "unknown-area"),
            (2, "called_at", "times-out-of-sequence"),
            (3, "visit_id", "uuid-parsing"),
            (3, "checked_in_at", "moment"),
        ),
    ),
}


@pytest_asyncio.fixture(params=BOTH, scope="module", loop_scope="module")
async def operator(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Client]:
    """Intake with two centres, on each store."""
    folder, more = tmp_path_factory.mktemp("doors"), dict[str, Any]()
    if request.param == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres")
        await server.create_database("cefo_intake")
        more = {"store": server.url().rpartition("/")[0]}
    async with client_of(SERVICE, folder, person=OPERATOR, settings=quiet_settings(folder, **more)) as client:
        await open_centres(client.store)
        yield client


async def send(client: Client, content: bytes, kind: str, **headers: str) -> tuple[int, list[dict[str, Any]]]:
    """The status, and the objects of the answer."""
    answer = await client.post(IMPORT, content=content, headers={"content-type": kind, **headers})
    return answer.status_code, [json.loads(line) for line in answer.text.splitlines()]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", FILES)
async def test_a_file_is_read_and_what_is_wrong_is_named(operator: Client, name: str) -> None:
    expected, kind = FILES[name], CSV if name.endswith(".csv") else NDJSON
    content = (FOLDER / name).read_bytes()
    status, [*faults, totals] = await send(operator, content, kind)
    assert status == 200
    assert sorted((one["line"], one["field"], one["rule"]) for one in faults) == sorted(expected.faults)
    refused = len({line for line, _, _ in expected.faults})
    assert (totals["accepted"], totals["unchanged"], totals["refused"]) == (expected.accepted, 0, refused)
    _, [*again, totals] = await send(operator, gzip.compress(content), kind.upper(), **{"content-encoding": "gzip"})
    assert again == faults
    assert (totals["accepted"], totals["unchanged"], totals["refused"]) == (0, expected.accepted, refused)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_column_that_is_there_twice_is_refused_in_the_readers_language(operator: Client) -> None:
    content = (FOLDER / "visits-17-dup-header.csv").read_bytes()
    for language, words in (("fr", "portent le même nom"), ("de", "denselben Namen")):
        status, [problem] = await send(operator, content, CSV, **{"accept-language": language})
        assert (status, problem["type"]) == (422, "/problems/csv-repeated-column")
        assert words in problem["detail"]
        assert "centre" in problem["detail"]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("kind", "packed"),
    [("application/pdf", ""), ("text/plain; charset=utf-8", ""), ("multipart/form-data", ""), (CSV, "br")],
)
async def test_a_file_of_another_kind_is_refused(operator: Client, kind: str, packed: str) -> None:
    content = (FOLDER / "visits-03-semicolon.csv").read_bytes()
    status, [problem] = await send(operator, content, kind, **{"content-encoding": packed, "accept-language": "fr"})
    assert (status, problem["type"]) == (415, "/problems/unsupported-media-type")
    assert (packed or kind.partition(";")[0]) in problem["detail"]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("content", [b"PK\x03\x04\x14\x00\x06\x00\x08", "visit_id,centre\n".encode("utf-32")])
async def test_a_workbook_that_is_sent_as_csv_is_refused_in_words(operator: Client, content: bytes) -> None:
    status, [problem] = await send(operator, content, CSV, **{"accept-language": "fr"})
    assert (status, problem["type"]) == (422, "/problems/csv-not-text")
    assert "n’est pas un fichier texte" in problem["detail"]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_json_body_with_a_field_twice_is_refused(operator: Client) -> None:
    target = "/intake/api/v1/visits/2f1d3a55-6f0b-4a0b-9c53-2f0f5ad0f3b1"
    for body in (
        b'{"centre":"namur","centre":"liege"}',
        b'{"centre": "namur",\n "centr\\u0065" : "liege"}',
        '{"centre":"namur","centre":"liege"}'.encode("utf-16"),
    ):
        answer = await operator.put(target, content=body, headers={"content-type": "Application/JSON"})
        assert (answer.status_code, answer.json()["errors"][0]["rule"]) == (422, "repeated-field")
        assert answer.json()["errors"][0]["field"] == "centre"
    answer = await operator.put(
        target, content=b'{"\\ud800":1,"\\ud800":2}', headers={"content-type": "application/json"}
    )
    assert (answer.status_code, answer.json()["errors"][0]["rule"]) == (422, "repeated-field")
