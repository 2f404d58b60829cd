"""A malformed event becomes a dead letter with its bytes, encrypted; the next event is processed."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from services.chassis.events.consumer import Consumer
from services.chassis.storage.store import Store
from services.contracts.cloudevents import Record
from tests.conformance.sample import Desk, Sample, dead_letter_records, dead_letters, trail

ANNA, BRUNO, CHLOE = uuid4(), uuid4(), uuid4()


def plus(name: str, value: bytes | None) -> Callable[[Record], Record]:
    """The same record with one more header; the last header of a name counts."""
    return lambda record: record._replace(headers=[*record.headers, (name, value)])


def minus(*names: str, key: bytes | None = b"") -> Callable[[Record], Record]:
    """The same record without these headers."""
    return lambda record: record._replace(
        headers=[header for header in record.headers if header[0] not in names], key=key or record.key
    )


def holding(value: bytes) -> Callable[[Record], Record]:
    """The same record with another value."""
    return lambda record: record._replace(value=value)


MALFORMED = {
    "no headers": minus(*(f"ce_{name}" for name in ("id", "source", "type", "specversion", "time", "subject"))),
    "missing type": minus("ce_type"),
    "header not UTF-8": plus("ce_note", b"\xff\xfe"),
    "header without value": plus("ce_note", None),
    "empty source": plus("ce_source", b""),
    "other specversion": plus("ce_specversion", b"0.3"),
    "source longer than a column": plus("ce_source", b"/" * 300),
    "NUL in the subject": plus("ce_subject", b"a\0b"),
    "sequence of no integer": plus("ce_cefosequence", b"one"),
    "sequence past every column": plus("ce_cefosequence", b"9" * 30),
    "sequence zero": plus("ce_cefosequence", b"0"),
    "time of no calendar": plus("ce_time", b"yesterday"),
    "time at the edge of the calendar": plus("ce_time", b"0001-01-01T00:00:00+14:00"),
    "number as a time": plus("ce_time", b"1490601600"),
    "true as a number": holding(b'{"tally_id": "7f2c1a34-9d1e-4a55-8f0e-3b1f6f0a2c11", "number": true}'),
    "key of no text": minus("ce_subject", key=b"\xff"),
    "broken JSON": holding(b'{"tally_id": '),
    "no value": holding(b""),
    "not UTF-8": holding(b"\xff\xfe\x00"),
    "another shape": holding(b'["tally"]'),
    "wrong type": holding(b'{"tally_id": 7, "number": "many"}'),
    "a field twice": holding(
        b'{"tally_id":"7f2c1a34-9d1e-4a55-8f0e-3b1f6f0a2c11","number":1,"number":2}',
    ),
    "negative number": holding(b'{"tally_id": "7f2c1a34-9d1e-4a55-8f0e-3b1f6f0a2c11", "number": -1}'),
}


UNREADABLE = ("broken JSON", "not UTF-8", "another shape")
"""Nothing of their value is kept in plain text."""


async def test_malformed_events_become_dead_letters_and_the_next_is_processed(
    consumer_store: Store, consumer: Consumer, sample: Sample
) -> None:
    poisons = {name: spoil(sample.record_of(uuid4(), 1)) for name, spoil in MALFORMED.items()}
    await consumer.process([*poisons.values(), sample.record_of(ANNA, 1)])
    for poison in poisons.values():
        await consumer.process([poison])
    await consumer.process([sample.record_of(ANNA, 2)])
    assert await trail(consumer_store, ANNA) == [1, 2]
    found = await dead_letters(consumer_store)
    assert len(found) == 2 * len(MALFORMED)
    kept = [await consumer.reveal(one.id, "ops", "a test") for one in found]
    for name, poison in poisons.items():
        assert kept.count(minus("ce_note")(poison)) == 2, name  # without a note that nothing declares it is valid
    broken = {poison.value for name, poison in poisons.items() if name in UNREADABLE}
    assert await plain_texts(consumer_store) & broken == set()
    assert {one.reason for one in found} == {"bad-envelope", "bad-data"}
    assert len(await dead_letter_records(consumer_store, sample.event.topic)) == 2 * len(MALFORMED)


async def test_values_that_do_not_fit_a_column_become_a_dead_letter(
    consumer_store: Store, consumer: Consumer, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Drivers report some of these as connection errors; waiting for the store would block all events."""

    async def keep(work: Any, event: Any) -> None:
        await work.insert(Desk, [{"id": event.tally_id, "name": str(event.number), "seats": event.number}])

    reaction = sample.reactions.by_type[sample.event.type]
    monkeypatch.setitem(sample.reactions.by_type, sample.event.type, type(reaction)(keep, None))
    async with asyncio.timeout(10):
        await consumer.process([sample.record_of(ANNA, 1, 10**30), sample.record_of(BRUNO, 1, 4)])
    [dead_letter] = await dead_letters(consumer_store)
    assert (dead_letter.state, dead_letter.subject) == ("dead", str(ANNA))
    async with consumer_store.read() as session:
        assert (await session.scalars(sa.select(Desk))).one().seats == 4


async def test_a_record_that_is_read_again_has_one_dead_letter(
    consumer_store: Store, consumer: Consumer, sample: Sample
) -> None:
    """Topics are read again after a crash in mid-batch, and for a rebuild."""
    poison = sample.record_of(ANNA, 1)._replace(value=b"{", partition=0, offset=7)
    await consumer.process([poison, sample.record_of(BRUNO, 1)])
    await consumer.process([sample.record_of(BRUNO, 2), poison])
    replaced = poison._replace(value=b"[")  # a new cluster has another record at this offset
    await consumer.process([replaced])
    kept = [await consumer.reveal(one.id, "ops", "a test") for one in await dead_letters(consumer_store, "dead")]
    assert [one.value for one in kept] == [b"{", b"["]
    assert len(await dead_letter_records(consumer_store, sample.event.topic)) == 2


async def plain_texts(store: Store) -> set[bytes]:
    """What stands in plain text in the dead letters and their copies."""
    async with store.read() as session:
        rows = [*await session.execute(store.table("dead_letters").select())]
        rows += [*await session.execute(store.table("outbox").select())]
    return {value for row in rows for value in (row.key, row.value) if value}
