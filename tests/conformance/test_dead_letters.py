"""What cannot be handled is kept with everything there is to know, until somebody decides."""

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
from tests.conformance.sample import POISON, Counted, Sample, Tally, Unlucky, announced, letters, trail

ANNA, BRUNO, CHLOE = uuid4(), uuid4(), uuid4()


async def test_a_poison_event_alone_is_buried_with_everything_there_is_to_know(
    listener: Store, consumer: Consumer, sample: Sample, clock: FixedClock
) -> None:
    poison = sample.told(BRUNO, 1, POISON)._replace(partition=2, offset=41)
    poison.headers.append(("x-desk", b"caf\xe9"))
    await consumer.process([sample.told(ANNA, 1), poison, sample.told(CHLOE, 1), sample.told(ANNA, 2)])
    assert await trail(listener, ANNA) == [1, 2]
    assert await trail(listener, CHLOE) == [1]
    assert await trail(listener, BRUNO) == []
    [letter] = await letters(listener)
    assert (letter.state, letter.reason, letter.attempts) == ("dead", "unlucky", 3)
    assert "Nobody counts 666." in letter.detail
    assert (letter.topic, letter.partition, letter.offset) == (sample.event.topic.name, 2, 41)
    assert (letter.type, letter.source, letter.subject, letter.sequence) == (
        sample.event.type,
        "/sample",
        str(BRUNO),
        1,
    )
    assert (letter.key, letter.value, unpack_headers(letter.headers)) == (poison.key, poison.value, poison.headers)
    assert letter.at == clock()
    [copy] = await announced(listener, sample.event.topic)
    assert (copy.key, copy.value) == (poison.key, poison.value)
    assert copy.headers[: len(poison.headers)] == poison.headers
    assert dict(copy.headers[len(poison.headers) :]) == {
        "cefo-reason": b"unlucky",
        "cefo-detail": b"unlucky: Nobody counts 666.",
        "cefo-service": listener.service.encode(),
        "cefo-attempts": b"3",
        "cefo-position": f"{sample.event.topic.name}/2/41".encode(),
    }


async def test_behind_a_dead_letter_its_own_aggregate_waits_and_a_retry_sets_it_going(
    listener: Store, consumer: Consumer, sample: Sample
) -> None:
    await consumer.process([sample.told(ANNA, 1, POISON), sample.told(ANNA, 2), sample.told(BRUNO, 1)])
    await consumer.process([sample.told(ANNA, 3)])
    assert (await trail(listener, ANNA), await trail(listener, BRUNO)) == ([], [1])
    [dead] = await letters(listener, "dead")
    assert [one.sequence for one in await letters(listener, "held")] == [2, 3]
    with pytest.raises(Unlucky):
        await consumer.retry(dead.id)
    assert [one.state for one in await letters(listener)] == ["dead", "held", "held"]
    sample.unlucky.clear()
    assert await consumer.retry(dead.id) == "retried"
    assert await trail(listener, ANNA) == [POISON, 2, 3]
    assert [(one.state, one.decision) for one in await letters(listener)] == [("retried", "next")]
    assert await consumer.retry(dead.id) == "retried"
    assert await trail(listener, ANNA) == [POISON, 2, 3]


async def test_a_retry_out_of_order_is_refused(listener: Store, consumer: Consumer, sample: Sample) -> None:
    sample.unlucky.update({1, 2})
    late = consumer_for(listener, sample.reactions, attempts=1, hold_seconds=0.001)
    await late.process([sample.told(ANNA, 1)])
    await late.process([sample.told(ANNA, 2)])
    await expire(listener, sample)
    first, second = sorted(await letters(listener, "dead"), key=lambda one: one.sequence)
    sample.unlucky.clear()
    with pytest.raises(OutOfOrder, match=r"Event 2 .* before event 1\."):
        await consumer.retry(second.id)
    assert await trail(listener, ANNA) == []
    assert await consumer.retry(first.id) == "retried"
    assert await consumer.retry(second.id) == "retried"
    assert await trail(listener, ANNA) == [1, 2]


async def test_what_comes_while_an_earlier_one_is_retried_waits_for_it(
    listener: Store, open_store: StoreOf, consumer: Consumer, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the aggregate took effect before: there is no row yet in which the two could meet."""
    await consumer.process([sample.told(ANNA, 1, POISON)])
    [dead] = await letters(listener)
    sample.unlucky.clear()
    inside, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(work: Work, said: Counted) -> None:
        inside.set()
        await go_on.wait()
        await sample.count(work, said)

    listening = sample.reactions.by_type[sample.event.type]
    monkeypatch.setitem(sample.reactions.by_type, sample.event.type, type(listening)(slowly, Tally))
    retrying = asyncio.create_task(consumer.retry(dead.id))
    await inside.wait()
    other = open_store("listener")
    looked = asyncio.Event()

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "INTO inbox" in statement or "INTO dead_letters" in statement:
            looked.set()

    event.listen(other.writer.sync_engine, "before_cursor_execute", note)
    peer = consumer_for(other, sample.reactions)
    taking = asyncio.create_task(peer.process([sample.told(ANNA, 2)]))
    if not listener.sqlite:  # which has one writer, and lets nobody look meanwhile
        await looked.wait()
        await asyncio.sleep(0.1)
    go_on.set()
    await asyncio.gather(retrying, taking)
    await peer.process([sample.told(ANNA, 3)])
    assert await trail(listener, ANNA) == [POISON, 2, 3]
    assert [one.state for one in await letters(listener)] == ["retried"]


async def test_what_is_discarded_before_anything_was_heard_is_passed_over_in_its_turn(
    listener: Store, consumer: Consumer, sample: Sample
) -> None:
    """Unreadable, so that it did not wait for its turn; and what begins is taken for new."""
    await consumer.process([sample.told(ANNA, 2)._replace(value=b"{not json")])
    [letter] = await letters(listener)
    assert await consumer.discard(letter.id, "t/ops: nobody can read it") == "discarded"
    await consumer.process([sample.told(ANNA, 1), sample.told(BRUNO, 1)])
    await consumer.process([sample.told(ANNA, 3)])
    assert (await trail(listener, ANNA), await trail(listener, BRUNO)) == ([1, 3], [1])
    assert [one.state for one in await letters(listener)] == ["discarded"]


async def expire(listener: Store, sample: Sample) -> None:
    """Five minutes later."""
    clock = listener.clock
    assert isinstance(clock, FixedClock)
    clock.forward(minutes=6)
    await consumer_for(listener, sample.reactions).expire_held()


async def test_a_retry_of_unknown_or_unreadable_letters_says_so(
    listener: Store, consumer: Consumer, sample: Sample
) -> None:
    with pytest.raises(NotFound):
        await consumer.retry(uuid4())
    await consumer.process([sample.told(ANNA, 1)._replace(value=b"{not json")])
    [letter] = await letters(listener)
    with pytest.raises(RetryFailed, match="bad-data"):
        await consumer.retry(letter.id)
    assert (await letters(listener))[0].state == "dead"


async def test_a_retry_that_breaks_says_what_broke_and_changes_nothing(
    listener: Store, consumer: Consumer, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    await consumer.process([sample.told(ANNA, 1, POISON)])
    [letter] = await letters(listener)

    async def breaks(*_: Any) -> None:
        raise ZeroDivisionError("no counsellors")

    listening = sample.reactions.by_type[sample.event.type]
    monkeypatch.setitem(sample.reactions.by_type, sample.event.type, type(listening)(breaks, Tally))
    with pytest.raises(RetryFailed, match=r"ZeroDivisionError\): no counsellors"):
        await consumer.retry(letter.id)
    assert [one.state for one in await letters(listener)] == ["dead"]


async def test_a_discarded_letter_lets_its_aggregate_go_on(listener: Store, consumer: Consumer, sample: Sample) -> None:
    await consumer.process([sample.told(ANNA, 1, POISON), sample.told(ANNA, 2)])
    [dead] = await letters(listener, "dead")
    assert await consumer.discard(dead.id, "exploitation: sent by mistake") == "discarded"
    assert await trail(listener, ANNA) == [2]
    await consumer.process([sample.told(ANNA, 1, POISON), sample.told(ANNA, 3)])
    assert await trail(listener, ANNA) == [2, 3]
    assert [(one.state, one.decision) for one in await letters(listener)] == [
        ("discarded", "exploitation: sent by mistake")
    ]
    assert await consumer.discard(dead.id, "again") == "discarded"
    assert await consumer.retry(dead.id) == "discarded"


async def test_an_unreadable_event_can_be_discarded_for_its_aggregate_to_go_on(
    listener: Store, consumer: Consumer, sample: Sample
) -> None:
    """Its envelope can be read, so its place is known."""
    await consumer.process([sample.told(ANNA, 1)._replace(value=b"\xff{"), sample.told(ANNA, 2)])
    [dead] = await letters(listener, "dead")
    assert (dead.reason, dead.subject, dead.sequence) == ("bad-data", str(ANNA), 1)
    await consumer.discard(dead.id, "never was an event")
    assert await trail(listener, ANNA) == [2]


async def test_what_was_discarded_ahead_of_its_time_is_passed_over_when_its_time_comes(
    listener: Store, consumer: Consumer, sample: Sample
) -> None:
    await consumer.process([sample.told(ANNA, 2), sample.told(ANNA, 3)])
    second = next(one for one in await letters(listener, "held") if one.sequence == 2)
    await consumer.discard(second.id, "counted twice")
    await consumer.process([sample.told(ANNA, 2)])
    await consumer.process([sample.told(ANNA, 1)])
    assert await trail(listener, ANNA) == [1, 3]
    assert [one.state for one in await letters(listener)] == ["discarded"]


async def test_what_is_held_too_long_dies_and_says_so(
    listener: Store, consumer: Consumer, sample: Sample, clock: FixedClock
) -> None:
    early = sample.told(ANNA, 2)
    await consumer.process([early])
    clock.forward(minutes=4)
    await consumer.process([sample.told(BRUNO, 2)])
    await consumer.expire_held()
    assert [one.state for one in await letters(listener)] == ["held", "held"]
    clock.forward(minutes=1, seconds=1)
    await consumer.expire_held()
    assert [(one.state, one.subject) for one in await letters(listener)] == [("dead", str(ANNA)), ("held", str(BRUNO))]
    [copy] = await announced(listener, sample.event.topic)
    assert copy.value == early.value
    assert dict(copy.headers)["cefo-reason"] == b"ahead"
    assert b"before event 1" in (dict(copy.headers)["cefo-detail"] or b"")
