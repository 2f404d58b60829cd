"""The inputs of the table on the desks' topic: each becomes a dead letter that says in words what is expected."""

import json
from collections.abc import AsyncGenerator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from services.chassis.testing import Client
from services.contracts.cloudevents import Record
from tests.doors.inputs import REFUSED, Kind
from tests.givens.rows import count
from tests.givens.scenarios import SCENARIOS
from tests.parts.postgres import PostgresServer
from tests.parts.stores import BOTH

FIELDS: dict[str, tuple[Kind, ...]] = {
    "at": ("moment",),
    "centre": ("line", "words"),
    "area": ("line", "words"),
    "channel": ("choice",),
}
TOPIC = "cefo.desk.check-ins"


def check_in(**fields: Any) -> Record:
    """A check-in as a desk's own software writes it."""
    body = {"visit_id": str(uuid4()), "centre": "liege", "at": "2026-03-02T07:55:00Z"} | fields
    headers: list[tuple[str, bytes | None]] = [
        ("ce_specversion", b"1.0"),
        ("ce_id", str(uuid4()).encode()),
        ("ce_source", b"/desks/liege/kiosk-1"),
        ("ce_type", b"cefo.desk.check-in.v1"),
        ("ce_time", b"2026-03-02T07:55:00Z"),
        ("content-type", b"application/json"),
    ]
    return Record(TOPIC, body["visit_id"].encode(), headers, json.dumps(body).encode())


@pytest.fixture(params=BOTH)
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Client]:
    store = "sqlite"
    if request.param == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres")
        store = (await server.create_database("cefo_intake")).rpartition("/")[0]
    async with SCENARIOS["intake"](tmp_path, store) as (client, _ids):
        yield client


async def test_a_wrong_field_is_a_dead_letter_that_says_what_is_expected(desk: Client) -> None:
    sent = [(field, row) for field, kinds in FIELDS.items() for row in REFUSED if set(kinds) & set(row.kinds)]
    before = await count(desk.store, "visits")
    await desk.consume(*(check_in(**{field: row.value}) for field, row in sent))
    async with desk.store.read() as session:
        letters = [row.detail for row in await session.execute(sa.select(desk.store.table("dead_letters")))]
    assert await count(desk.store, "visits") == before
    assert len(letters) == len(sent)
    assert [letter for letter in letters if "^" in letter or "pattern" in letter] == []


async def test_an_empty_field_counts_as_missing_and_a_time_is_equal_by_instant(desk: Client) -> None:
    id = str(uuid4())
    before = await count(desk.store, "visits")
    await desk.consume(
        check_in(visit_id=id, area=""),
        check_in(visit_id=id, at="2026-03-02t08:55:00+01:00"),
    )
    async with desk.store.read() as session:
        visits = list(await session.execute(sa.select(desk.store.table("visits"))))
    assert len(visits) == before + 1
    assert await count(desk.store, "dead_letters") == 0
    assert datetime.fromisoformat("2026-03-02T07:55:00+00:00") in [visit.checked_in_at for visit in visits]
