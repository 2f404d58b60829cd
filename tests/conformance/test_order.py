"""What is heard takes effect exactly once, in each aggregate's order, and nothing is silently lost."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import pairwise
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from services.chassis.events.consumer import Consumer
from services.chassis.events.dead_letters import RetryFailed, TooLate
from services.chassis.storage.bulk import MAX_PLAIN_INSERT
from services.chassis.storage.store import Cause, Store, Work
from services.chassis.testing import consumer_for
from services.contracts import EVENTS
from services.contracts.cloudevents import Record
from tests.conformance.conftest import StoreOf
from tests.conformance.sample import POISON, Sample, announced, letters, trail

ANNA, BRUNO, CHLOE = uuid4(), uuid4(), uuid4()


async def test_repetitions_have_no_effect(listener: Store, consumer: Consumer, sample: Sample) -> None:
    told = [sample.told(ANNA, 1), sample.told(ANNA, 2), sample.told(BRUNO, 1)]
    await consumer.process([*told, told[0]])
    await consumer.process(told)
    await consumer.process([told[1]])
    assert (await trail(listener, ANNA), await trail(listener, BRUNO)) == ([1, 2], [1])
    assert not await letters(listener)


async def test_what_begins_is_looked_for_only_while_things_are_heard_again(
    listener: Store, consumer: Consumer, sample: Sample
) -> None:
    looks = Counter[str]()

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        looks.update(table for table in ("inbox", "tallies") if f"FROM {table}" in statement)

    event.listen(listener.writer.sync_engine, "before_cursor_execute", note)
    told = [sample.told(tally, 1) for tally in (ANNA, BRUNO)]
    await consumer.process(told)
    assert not looks
    await consumer.process(told)  # fails at the first, and is done again
    assert looks == {"inbox": 1}
    await consumer.process(told[:1])  # expected: one look, no failure
    assert looks == {"inbox": 2}
    await consumer.process([sample.told(CHLOE, 1)])
    await consumer.process([sample.told(uuid4(), 1)])
    assert looks == {"inbox": 3, "tallies": 1}
    assert [await trail(listener, tally) for tally in (ANNA, BRUNO, CHLOE)] == [[1], [1], [1]]
    assert not await letters(listener)


async def test_a_batch_that_was_heard_in_part_adds_what_is_new(
    listener: Store, consumer: Consumer, sample: Sample
) -> None:
    for many in (3, 60):
        tallies, early = [uuid4() for _ in range(many)], uuid4()
        told = [sample.told(tally, 1) for tally in tallies]
        await consumer.process(told[: many // 2])
        await consumer.process([sample.told(early, 2), sample.told(early, 3), *told])
        assert [await trail(listener, tally) for tally in tallies] == [[1]] * many
        assert len(await letters(listener, "held")) == 2
        await consumer.process([sample.told(early, 1)])
        assert await trail(listener, early) == [1, 2, 3]
        assert not await letters(listener)


async def test_an_uncounted_event_is_known_by_its_id(listener: Store, consumer: Consumer, sample: Sample) -> None:
    """Partners need not number their events: the same id is the same event."""
    first, second = (
        record._replace(headers=[header for header in record.headers if header[0] != "ce_sequence"])
        for record in (sample.told(ANNA, 1), sample.told(ANNA, 2))
    )
    await consumer.process([second, first, second])
    await consumer.process([first])
    assert await trail(listener, ANNA) == [2, 1]


async def test_two_consumers_given_the_same_events_apply_them_once(
    listener: Store, open_store: StoreOf, sample: Sample
) -> None:
    """A rebalance does not wait for whoever is in the middle of a batch."""
    told = [sample.told(tally, number) for number in range(1, 6) for tally in (ANNA, BRUNO, CHLOE)]
    ears = [
        consumer_for(store, sample.reactions) for store in (listener, open_store("listener"), open_store("listener"))
    ]
    for batch in (told[:6], told[6:]):
        await asyncio.gather(*(one.process(batch) for one in ears))
    for tally in (ANNA, BRUNO, CHLOE):
        assert await trail(listener, tally) == [1, 2, 3, 4, 5]
    assert not await letters(listener)


async def test_the_second_of_two_takers_waits_for_the_first(
    listener: Store, open_store: StoreOf, sample: Sample
) -> None:
    """Known aggregates, too: the place in the inbox is locked before anything takes effect."""
    first, second = consumer_for(listener, sample.reactions), consumer_for(open_store("listener"), sample.reactions)
    await first.process([sample.told(ANNA, 1)])
    for number in range(2, 12):
        await asyncio.gather(*(one.process([sample.told(ANNA, number)]) for one in (first, second)))
    assert await trail(listener, ANNA) == list(range(1, 12))


async def test_consumers_that_look_first_and_are_given_the_same_new_event_apply_it_once(
    listener: Store, open_store: StoreOf, sample: Sample
) -> None:
    """Each finds no row in the inbox and inserts one. Only one can: the others look again, and count no attempt."""
    stores = [listener, open_store("listener"), open_store("listener")]
    consumers = [consumer_for(store, sample.reactions, attempts=1) for store in stores]
    tallies = [uuid4() for _ in range(10)]
    for tally in tallies:
        for one in consumers:
            await one.process([sample.told(ANNA, 1)])  # after a repetition, a consumer looks first
        await asyncio.gather(*(one.process([sample.told(tally, 1)]) for one in consumers))
    assert [await trail(listener, tally) for tally in tallies] == [[1]] * 10
    assert not await letters(listener)


async def test_an_event_ahead_of_its_time_is_held_and_released(
    listener: Store, consumer: Consumer, sample: Sample
) -> None:
    await consumer.process([sample.told(ANNA, 3), sample.told(BRUNO, 1)])
    await consumer.process([sample.told(ANNA, 2), sample.told(ANNA, 3)])
    assert await trail(listener, ANNA) == []
    held = await letters(listener, "held")
    assert sorted((one.sequence, one.reason, one.subject) for one in held) == [
        (2, "ahead", str(ANNA)),
        (3, "ahead", str(ANNA)),
    ]
    assert not await announced(listener, sample.event.topic)
    await consumer.process([sample.told(ANNA, 1)])
    assert await trail(listener, ANNA) == [1, 2, 3]
    assert not await letters(listener)


async def test_a_batch_out_of_order_is_put_in_order(listener: Store, consumer: Consumer, sample: Sample) -> None:
    await consumer.process([sample.told(ANNA, number) for number in (3, 2, 2, 5, 1)])
    assert await trail(listener, ANNA) == [1, 2, 3]
    assert [one.sequence for one in await letters(listener)] == [5]
    await consumer.process([sample.told(ANNA, 4)])
    assert await trail(listener, ANNA) == [1, 2, 3, 4, 5]


@given(
    order=st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 5)), min_size=1, max_size=14),
    cuts=st.lists(st.integers(0, 14), max_size=4),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_is_shuffled_repeated_and_cut_takes_effect_once_and_in_order(
    listener: Store, sample: Sample, order: list[tuple[str, int]], cuts: list[int]
) -> None:
    consumer = consumer_for(listener, sample.reactions)
    tallies = {"a": uuid4(), "b": uuid4()}
    told = [sample.told(tallies[name], number) for name, number in order]
    bounds = sorted({0, *(cut for cut in cuts if cut < len(told)), len(told)})
    for start, end in pairwise(bounds):
        await consumer.process(told[start:end])
    for name, tally in tallies.items():
        there = {number for one, number in order if one == name}
        unbroken = next(number for number in range(1, 7) if number not in there)
        assert await trail(listener, tally) == list(range(1, unbroken))
        waiting = {one.sequence for one in await letters(listener, "held") if one.subject == str(tally)}
        assert waiting == {number for number in there if number > unbroken}
    assert not await letters(listener, "dead")


async def test_an_unknown_type_is_kept_and_the_order_goes_on(
    listener: Store, consumer: Consumer, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service of a newer version says more than this one knows; its order must not stop for that."""
    newer = "cefo.sample.invented-later.v1"

    def invented(record: Record) -> Record:
        headers = [(name, newer.encode() if name == "ce_type" else value) for name, value in record.headers]
        return record._replace(headers=headers)

    passed, last = invented(sample.told(ANNA, 2)), invented(sample.told(ANNA, 4))
    await consumer.process([sample.told(ANNA, 1), passed, sample.told(ANNA, 3), last])
    assert await trail(listener, ANNA) == [1, 3]
    first, second = await letters(listener, "dead")
    assert [(one.reason, one.sequence, one.value) for one in (first, second)] == [
        ("unknown-type", 2, passed.value),
        ("unknown-type", 4, last.value),
    ]
    with pytest.raises(RetryFailed, match="not known here"):
        await consumer.retry(second.id)
    monkeypatch.setitem(EVENTS, newer, sample.event)
    monkeypatch.setitem(sample.reactions.by_type, newer, sample.reactions.by_type[sample.event.type])
    with pytest.raises(TooLate):
        await consumer.retry(first.id)
    assert await consumer.retry(second.id) == "retried"
    assert await trail(listener, ANNA) == [1, 3, 4]


async def test_a_batch_is_one_transaction_and_one_that_fails_is_redone_one_by_one(
    listener: Store, consumer: Consumer, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    units: list[str] = []
    work = listener.work

    @asynccontextmanager
    async def watched(cause: Cause | None = None) -> AsyncGenerator[Work]:
        units.append("rolled back")
        async with work(cause) as one:
            yield one
        units[-1] = "committed"

    monkeypatch.setattr(listener, "work", watched)
    for many in (1, 2, MAX_PLAIN_INSERT, MAX_PLAIN_INSERT + 1, 50):
        await consumer.process([sample.told(uuid4(), 1) for _ in range(many)])
        assert units == ["committed"]
        units.clear()
    await consumer.process([sample.told(ANNA, 1), sample.told(BRUNO, 1, POISON), sample.told(CHLOE, 1)])
    whole, anna, *tries, buried, chloe = units
    assert (whole, anna, buried, chloe) == ("rolled back", "committed", "committed", "committed")
    assert tries == ["rolled back"] * 3
