"""The inputs of the table on the desks' topic: each becomes a dead letter that says in words what is expected."""

import json
import re
from collections.abc import AsyncGenerator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from services.chassis.events.consumer import Consumer
from services.chassis.testing import Client
from services.contracts.cloudevents import Record
from services.launcher.embedded import EmbeddedKafka
from tests.conformance.conftest import BROKERS, broker_at
from tests.conformance.sample import eventually, running
from tests.doors.inputs import BLANKS, REFUSED, Kind, Row
from tests.givens.rows import count
from tests.givens.scenarios import SCENARIOS
from tests.parts.postgres import PostgresServer
from tests.parts.stores import BOTH

FIELDS: dict[str, tuple[Kind, ...]] = {
    "at": ("moment",),
    "centre": ("line", "words"),
    "area": ("line", "words"),
    "channel": ("choice",),
    "queue": ("yes-or-no",),
    "other_areas": ("list",),
    "interpreter_language": ("any-language",),
}
BY_THE_CLOCK = {"too-far-ahead", "in-the-future"}
SENT = [(field, row) for field, kinds in FIELDS.items() for row in REFUSED if set(kinds) & set(row.kinds)]
TOPIC = "cefo.desk.check-ins"
DETAIL = re.compile(r"(?P<field>[^:]*): .* \((?P<rule>[a-z_]+)\)", re.DOTALL)
"""Of a dead letter."""


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
    before = await count(desk.store, "visits")
    await desk.consume(*(check_in(**{field: row.value}) for field, row in SENT))
    async with desk.store.read() as session:
        letters = [row.detail for row in await session.execute(sa.select(desk.store.table("dead_letters")))]
    assert await count(desk.store, "visits") == before
    assert len(letters) == len(SENT)
    assert [letter for letter in letters if "^" in letter or "pattern" in letter] == []


@pytest.mark.parametrize("at", BROKERS)
async def test_every_wrong_field_is_named_behind_a_broker_too(
    at: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """All on one topic and in one go: field and rule of each are those of the table."""
    embedded = EmbeddedKafka() if at == "embedded" else None
    bootstrap = (embedded or request.getfixturevalue("kafka")).bootstrap
    broker = broker_at(bootstrap, tmp_path / "broker", embedded=embedded is not None)
    ids = [str(uuid4()) for _ in SENT]
    records = [check_in(visit_id=id, **{field: row.value}) for id, (field, row) in zip(ids, SENT, strict=True)]
    async with SCENARIOS["intake"](tmp_path, "sqlite") as (client, _ids):
        letters = client.store.table("dead_letters")
        chosen = sa.select(letters.c.subject, letters.c.reason, letters.c.detail).where(letters.c.subject.in_(ids))

        async def named() -> dict[str, tuple[str, str]]:
            async with client.store.read() as session:
                return {row.subject: fault_of(row.reason, row.detail) for row in await session.execute(chosen)}

        async def all_named() -> bool:
            return len(await named()) == len(SENT)

        await broker.ensure_topics()
        group = f"doors-{uuid4().hex[:8]}"
        consumer = Consumer(client.store, broker, client.runtime.service.reactions, group=group)
        producer = await broker.producer(consumer.stream)
        async with running(consumer.run()):
            await consumer.ready.wait()
            for part in range(0, len(records), 20):
                await producer.send(records[part : part + 20])
            await eventually(all_named)
        await producer.close()
        found = await named()
    table = [(found[id], field, row) for id, (field, row) in zip(ids, SENT, strict=True)]
    assert [one for one in table if one[0] not in expected_of(*one[1:])] == []
    if embedded is not None:
        embedded.close()


def fault_of(reason: str, detail: str) -> tuple[str, str]:
    """The field and the rule that a dead letter names; the reason alone, if a rule of intake refused it."""
    found = DETAIL.fullmatch(detail) if reason == "bad-data" else None
    return (found["field"], found["rule"].replace("_", "-")) if found else ("", reason)


CODES = {"centre": "centre-code", "area": "area-code", "at": "moment"}
"""The rules of the fields that are codes there and no free text, and of what is no time of the calendar."""


def expected_of(field: str, row: Row) -> set[tuple[str, str]]:
    """Field and rule of a dead letter for this row; a rule that compares the time with the clock names no field."""
    rules = {CODES[field]} if field in CODES else set(row.rules)
    return {(field, rule) for rule in rules} | {("", rule) for rule in row.rules if rule in BY_THE_CLOCK}


async def test_blanks_around_a_value_are_no_part_of_it(desk: Client) -> None:
    sent = [(field, BLANKS[kind]) for field, kinds in FIELDS.items() for kind in kinds if kind in BLANKS]
    assert {field for field, _ in sent} == {"at", "queue", "interpreter_language"}
    before = await count(desk.store, "visits")
    others = {"centre": " liege ", "area": "\u200bfind-job", "channel": "desk ", "other_areas": [" find-job"]}
    await desk.consume(*(check_in(**{field: value}) for field, value in [*sent, *others.items()]))
    assert await count(desk.store, "dead_letters") == 0
    assert await count(desk.store, "visits") == before + len(sent) + len(others)


async def test_a_byte_order_mark_is_no_part_of_a_check_in_and_a_repeated_header_is_refused(desk: Client) -> None:
    before, marked, twice = await count(desk.store, "visits"), check_in(), check_in()
    await desk.consume(
        marked._replace(value=b"\xef\xbb\xbf" + marked.value),
        twice._replace(headers=[*twice.headers, ("ce_id", b"another")]),
    )
    async with desk.store.read() as session:
        [letter] = await session.execute(sa.select(desk.store.table("dead_letters")))
    assert await count(desk.store, "visits") == before + 1
    assert (letter.reason, letter.detail) == ("bad-envelope", "header ce_id is there twice")


async def test_a_check_in_has_no_more_areas_than_at_the_api(desk: Client) -> None:
    await desk.consume(check_in(other_areas=["find-job"] * 21), check_in(other_areas=["find-job"] * 20))
    async with desk.store.read() as session:
        [letter] = await session.execute(sa.select(desk.store.table("dead_letters")))
    assert letter.detail.endswith("(too_long)")


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
