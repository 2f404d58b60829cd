"""An event that cannot be processed is kept with all its data until an operator decides."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event

from services.chassis.events.consumer import Consumer
from services.chassis.events.dead_letters import OutOfOrder, RetryFailed
from services.chassis.refusals import NotFound
from services.chassis.storage.outbox import unpack_headers
from services.chassis.storage.store import Store, Work
from services.chassis.testing import FixedClock, consumer_for
from tests.conformance.conftest import StoreOf
from tests.conformance.sample import POISON, Counted, Sample, Tally, Unlucky, dead_letter_records, dead_letters, trail

ANNA, BRUNO, CHLOE = uuid4(), uuid4(), uuid4()


async def test_only_the_poison_event_becomes_a_dead_letter_with_all_its_data(
    consumer_store: Store, consumer: Consumer, sample: Sample, clock: FixedClock
) -> None:
    poison = sample.record_of(BRUNO, 1, POISON)._replace(partition=2, offset=41)
    poison.headers.append(("x-desk", b"caf\xe9"))
    await consumer.process([sample.record_of(ANNA, 1), poison, sample.record_of(CHLOE, 1), sample.record_of(ANNA, 2)])
    assert await trail(consumer_store, ANNA) == [1, 2]
    assert await trail(consumer_store, CHLOE) == [1]
    assert await trail(consumer_store, BRUNO) == []
    [dead_letter] = await dead_letters(consumer_store)
    assert (dead_letter.state, dead_letter.reason, dead_letter.attempts) == ("dead", "unlucky", 1)
    assert "666 cannot be counted." in dead_letter.detail
    assert (dead_letter.topic, dead_letter.partition, dead_letter.offset) == (sample.event.topic.name, 2, 41)
    assert (dead_letter.type, dead_letter.source, dead_letter.subject, dead_letter.sequence) == (
        sample.event.type,
        "/sample",
        str(BRUNO),
        1,
    )
    assert (dead_letter.key, dead_letter.value, unpack_headers(dead_letter.headers)) == (
        poison.key,
        poison.value,
        poison.headers[:-1],
    )
    assert dead_letter.withheld == ["x-desk"]
    assert dead_letter.at == clock()
    [copy] = await dead_letter_records(consumer_store, sample.event.topic)
    assert (copy.key, copy.value) == (poison.key, poison.value)
    assert copy.headers[: len(poison.headers) - 1] == poison.headers[:-1]
    assert dict(copy.headers[len(poison.headers) - 1 :]) == {
        "cefo-reason": b"unlucky",
        "cefo-detail": b"unlucky: 666 cannot be counted.",
        "cefo-service": consumer_store.service.encode(),
        "cefo-attempts": b"1",
        "cefo-position": f"{sample.event.topic.name}/2/41".encode(),
        "cefo-withheld": b"x-desk",
    }


async def test_a_dead_letter_blocks_only_its_aggregate_until_a_retry(
    consumer_store: Store, consumer: Consumer, sample: Sample
) -> None:
    await consumer.process([sample.record_of(ANNA, 1, POISON), sample.record_of(ANNA, 2), sample.record_of(BRUNO, 1)])
    await consumer.process([sample.record_of(ANNA, 3)])
    assert (await trail(consumer_store, ANNA), await trail(consumer_store, BRUNO)) == ([], [1])
    [dead] = await dead_letters(consumer_store, "dead")
    assert [one.sequence for one in await dead_letters(consumer_store, "held")] == [2, 3]
    with pytest.raises(Unlucky):
        await consumer.retry(dead.id)
    assert [one.state for one in await dead_letters(consumer_store)] == ["dead", "held", "held"]
    sample.unlucky.clear()
    assert await consumer.retry(dead.id) == "retried"
    assert await trail(consumer_store, ANNA) == [POISON, 2, 3]
    assert [(one.state, one.decision) for one in await dead_letters(consumer_store)] == [("retried", "next")]
    assert await consumer.retry(dead.id) == "retried"
    assert await trail(consumer_store, ANNA) == [POISON, 2, 3]


async def test_a_retry_out_of_order_is_refused(consumer_store: Store, consumer: Consumer, sample: Sample) -> None:
    sample.unlucky.update({1, 2})
    late = consumer_for(consumer_store, sample.reactions, attempts=1, hold_seconds=0.001)
    await late.process([sample.record_of(ANNA, 1)])
    await late.process([sample.record_of(ANNA, 2)])
    await expire(consumer_store, sample)
    first, second = sorted(await dead_letters(consumer_store, "dead"), key=lambda one: one.sequence)
    sample.unlucky.clear()
    with pytest.raises(OutOfOrder, match=r"Event 2 .* before event 1 "):
        await consumer.retry(second.id)
    assert await trail(consumer_store, ANNA) == []
    assert await consumer.retry(first.id) == "retried"
    assert await consumer.retry(second.id) == "retried"
    assert await trail(consumer_store, ANNA) == [1, 2]


async def test_an_event_waits_while_an_earlier_one_is_retried(
    consumer_store: Store, open_store: StoreOf, consumer: Consumer, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No event of the aggregate took effect before, so there is no inbox row yet that both could lock."""
    await consumer.process([sample.record_of(ANNA, 1, POISON)])
    [dead] = await dead_letters(consumer_store)
    sample.unlucky.clear()
    inside, proceed = asyncio.Event(), asyncio.Event()

    async def slowly(work: Work, counted: Counted) -> None:
        inside.set()
        await proceed.wait()
        await sample.count(work, counted)

    reaction = sample.reactions.by_type[sample.event.type]
    monkeypatch.setitem(sample.reactions.by_type, sample.event.type, type(reaction)(slowly, Tally))
    retrying = asyncio.create_task(consumer.retry(dead.id))
    await inside.wait()
    other = open_store("consumer")
    queried = asyncio.Event()

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "INTO inbox" in statement or "INTO dead_letters" in statement:
            queried.set()

    event.listen(other.writer.sync_engine, "before_cursor_execute", note)
    peer = consumer_for(other, sample.reactions)
    processing = asyncio.create_task(peer.process([sample.record_of(ANNA, 2)]))
    if not consumer_store.sqlite:  # SQLite has one writer: the peer waits before its first query
        await queried.wait()
        await asyncio.sleep(0.1)
    proceed.set()
    await asyncio.gather(retrying, processing)
    await peer.process([sample.record_of(ANNA, 3)])
    assert await trail(consumer_store, ANNA) == [POISON, 2, 3]
    assert [one.state for one in await dead_letters(consumer_store)] == ["retried"]


async def test_an_event_discarded_before_the_first_one_is_skipped_in_its_turn(
    consumer_store: Store, consumer: Consumer, sample: Sample
) -> None:
    """It is unreadable, so it was not held; and a first event is assumed to be new."""
    await consumer.process([sample.record_of(ANNA, 2)._replace(value=b"{not json")])
    [dead_letter] = await dead_letters(consumer_store)
    assert await consumer.discard(dead_letter.id, "t/ops: unreadable") == "discarded"
    await consumer.process([sample.record_of(ANNA, 1), sample.record_of(BRUNO, 1)])
    await consumer.process([sample.record_of(ANNA, 3)])
    assert (await trail(consumer_store, ANNA), await trail(consumer_store, BRUNO)) == ([1, 3], [1])
    assert [one.state for one in await dead_letters(consumer_store)] == ["discarded"]


async def expire(consumer_store: Store, sample: Sample) -> None:
    """Expire held events, six minutes later."""
    clock = consumer_store.clock
    assert isinstance(clock, FixedClock)
    clock.forward(minutes=6)
    await consumer_for(consumer_store, sample.reactions).expire_held()


async def test_a_retry_of_an_unknown_or_unreadable_dead_letter_is_refused(
    consumer_store: Store, consumer: Consumer, sample: Sample
) -> None:
    with pytest.raises(NotFound):
        await consumer.retry(uuid4())
    await consumer.process([sample.record_of(ANNA, 1)._replace(value=b"{not json")])
    [dead_letter] = await dead_letters(consumer_store)
    with pytest.raises(RetryFailed) as refused:
        await consumer.retry(dead_letter.id)
    assert refused.value.values["reason"] == "bad-data"
    assert (await dead_letters(consumer_store))[0].state == "dead"


async def test_a_failed_retry_names_the_error_and_changes_nothing(
    consumer_store: Store, consumer: Consumer, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    await consumer.process([sample.record_of(ANNA, 1, POISON)])
    [dead_letter] = await dead_letters(consumer_store)

    async def breaks(*_: Any) -> None:
        raise ZeroDivisionError("no counsellors")

    reaction = sample.reactions.by_type[sample.event.type]
    monkeypatch.setitem(sample.reactions.by_type, sample.event.type, type(reaction)(breaks, Tally))
    with pytest.raises(RetryFailed) as refused:
        await consumer.retry(dead_letter.id)
    assert refused.value.values == {"reason": "ZeroDivisionError", "detail": "no counsellors"}
    assert [one.state for one in await dead_letters(consumer_store)] == ["dead"]


async def test_discarding_a_dead_letter_unblocks_its_aggregate(
    consumer_store: Store, consumer: Consumer, sample: Sample
) -> None:
    await consumer.process([sample.record_of(ANNA, 1, POISON), sample.record_of(ANNA, 2)])
    [dead] = await dead_letters(consumer_store, "dead")
    assert await consumer.discard(dead.id, "exploitation: sent by mistake") == "discarded"
    assert await trail(consumer_store, ANNA) == [2]
    await consumer.process([sample.record_of(ANNA, 1, POISON), sample.record_of(ANNA, 3)])
    assert await trail(consumer_store, ANNA) == [2, 3]
    assert [(one.state, one.decision) for one in await dead_letters(consumer_store)] == [
        ("discarded", "exploitation: sent by mistake")
    ]
    assert await consumer.discard(dead.id, "again") == "discarded"
    assert await consumer.retry(dead.id) == "discarded"


async def test_discarding_an_unreadable_event_unblocks_its_aggregate(
    consumer_store: Store, consumer: Consumer, sample: Sample
) -> None:
    """Its envelope can be read, so its aggregate and sequence are known."""
    await consumer.process([sample.record_of(ANNA, 1)._replace(value=b"\xff{"), sample.record_of(ANNA, 2)])
    [dead] = await dead_letters(consumer_store, "dead")
    assert (dead.reason, dead.subject, dead.sequence) == ("bad-data", str(ANNA), 1)
    await consumer.discard(dead.id, "never was an event")
    assert await trail(consumer_store, ANNA) == [2]


async def test_a_held_event_that_was_discarded_is_skipped_in_its_turn(
    consumer_store: Store, consumer: Consumer, sample: Sample
) -> None:
    await consumer.process([sample.record_of(ANNA, 2), sample.record_of(ANNA, 3)])
    second = next(one for one in await dead_letters(consumer_store, "held") if one.sequence == 2)
    await consumer.discard(second.id, "counted twice")
    await consumer.process([sample.record_of(ANNA, 2)])
    await consumer.process([sample.record_of(ANNA, 1)])
    assert await trail(consumer_store, ANNA) == [1, 3]
    assert [one.state for one in await dead_letters(consumer_store)] == ["discarded"]


async def test_an_event_held_too_long_becomes_a_published_dead_letter(
    consumer_store: Store, consumer: Consumer, sample: Sample, clock: FixedClock
) -> None:
    early = sample.record_of(ANNA, 2)
    await consumer.process([early])
    clock.forward(minutes=4)
    await consumer.process([sample.record_of(BRUNO, 2)])
    await consumer.expire_held()
    assert [one.state for one in await dead_letters(consumer_store)] == ["held", "held"]
    clock.forward(minutes=1, seconds=1)
    await consumer.expire_held()
    assert [(one.state, one.subject) for one in await dead_letters(consumer_store)] == [
        ("dead", str(ANNA)),
        ("held", str(BRUNO)),
    ]
    [copy] = await dead_letter_records(consumer_store, sample.event.topic)
    assert copy.value == early.value
    assert dict(copy.headers)["cefo-reason"] == b"ahead"
    assert b"before event 1" in (dict(copy.headers)["cefo-detail"] or b"")
