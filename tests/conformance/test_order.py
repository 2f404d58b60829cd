"""Events take effect exactly once and in order per aggregate, and none is silently lost."""

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
from tests.conformance.sample import POISON, Sample, dead_letter_records, dead_letters, trail

ANNA, BRUNO, CHLOE = uuid4(), uuid4(), uuid4()


async def test_repetitions_have_no_effect(consumer_store: Store, consumer: Consumer, sample: Sample) -> None:
    records = [sample.record_of(ANNA, 1), sample.record_of(ANNA, 2), sample.record_of(BRUNO, 1)]
    await consumer.process([*records, records[0]])
    await consumer.process(records)
    await consumer.process([records[1]])
    assert (await trail(consumer_store, ANNA), await trail(consumer_store, BRUNO)) == ([1, 2], [1])
    assert not await dead_letters(consumer_store)


async def test_a_first_event_is_looked_up_only_on_a_retry(
    consumer_store: Store, consumer: Consumer, sample: Sample
) -> None:
    lookups = Counter[str]()

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        lookups.update(table for table in ("inbox", "tallies") if f"FROM {table}" in statement)

    event.listen(consumer_store.writer.sync_engine, "before_cursor_execute", note)
    records = [sample.record_of(tally, 1) for tally in (ANNA, BRUNO)]
    await consumer.process(records)
    assert not lookups
    await consumer.process(records)  # the insert fails, and the batch is retried with a lookup
    assert lookups == {"inbox": 1}
    await consumer.process(records[:1])  # repetitions are expected now: one lookup, no failure
    assert lookups == {"inbox": 2}
    await consumer.process([sample.record_of(CHLOE, 1)])
    await consumer.process([sample.record_of(uuid4(), 1)])
    assert lookups == {"inbox": 3, "tallies": 1}
    assert [await trail(consumer_store, tally) for tally in (ANNA, BRUNO, CHLOE)] == [[1], [1], [1]]
    assert not await dead_letters(consumer_store)


async def test_a_partly_repeated_batch_applies_the_new_events(
    consumer_store: Store, consumer: Consumer, sample: Sample
) -> None:
    for many in (3, 60):
        tallies, early = [uuid4() for _ in range(many)], uuid4()
        records = [sample.record_of(tally, 1) for tally in tallies]
        await consumer.process(records[: many // 2])
        await consumer.process([sample.record_of(early, 2), sample.record_of(early, 3), *records])
        assert [await trail(consumer_store, tally) for tally in tallies] == [[1]] * many
        assert len(await dead_letters(consumer_store, "held")) == 2
        await consumer.process([sample.record_of(early, 1)])
        assert await trail(consumer_store, early) == [1, 2, 3]
        assert not await dead_letters(consumer_store)


async def test_an_event_without_a_sequence_is_deduplicated_by_its_id(
    consumer_store: Store, consumer: Consumer, sample: Sample
) -> None:
    """Partners need not number their events: the same id is the same event."""
    first, second = (
        record._replace(headers=[header for header in record.headers if header[0] != "ce_cefosequence"])
        for record in (sample.record_of(ANNA, 1), sample.record_of(ANNA, 2))
    )
    await consumer.process([second, first, second])
    await consumer.process([first])
    assert await trail(consumer_store, ANNA) == [2, 1]


async def test_two_consumers_given_the_same_events_apply_them_once(
    consumer_store: Store, open_store: StoreOf, sample: Sample
) -> None:
    """A rebalance does not wait for a consumer in the middle of a batch."""
    records = [sample.record_of(tally, number) for number in range(1, 6) for tally in (ANNA, BRUNO, CHLOE)]
    consumers = [
        consumer_for(store, sample.reactions)
        for store in (consumer_store, open_store("consumer"), open_store("consumer"))
    ]
    for batch in (records[:6], records[6:]):
        await asyncio.gather(*(one.process(batch) for one in consumers))
    for tally in (ANNA, BRUNO, CHLOE):
        assert await trail(consumer_store, tally) == [1, 2, 3, 4, 5]
    assert not await dead_letters(consumer_store)


async def test_of_two_consumers_the_second_waits_for_the_first(
    consumer_store: Store, open_store: StoreOf, sample: Sample
) -> None:
    """Also for known aggregates: the inbox row is locked before any event takes effect."""
    first, second = (
        consumer_for(consumer_store, sample.reactions),
        consumer_for(open_store("consumer"), sample.reactions),
    )
    await first.process([sample.record_of(ANNA, 1)])
    for number in range(2, 12):
        await asyncio.gather(*(one.process([sample.record_of(ANNA, number)]) for one in (first, second)))
    assert await trail(consumer_store, ANNA) == list(range(1, 12))


async def test_consumers_that_look_up_first_and_are_given_the_same_new_event_apply_it_once(
    consumer_store: Store, open_store: StoreOf, sample: Sample
) -> None:
    """Each finds no row in the inbox and inserts one. One succeeds: the others retry, which counts as no attempt."""
    stores = [consumer_store, open_store("consumer"), open_store("consumer")]
    consumers = [consumer_for(store, sample.reactions, attempts=1) for store in stores]
    tallies = [uuid4() for _ in range(10)]
    for tally in tallies:
        for one in consumers:
            await one.process([sample.record_of(ANNA, 1)])  # after a repetition, a consumer looks up first events too
        await asyncio.gather(*(one.process([sample.record_of(tally, 1)]) for one in consumers))
    assert [await trail(consumer_store, tally) for tally in tallies] == [[1]] * 10
    assert not await dead_letters(consumer_store)


async def test_an_out_of_order_event_is_held_and_released(
    consumer_store: Store, consumer: Consumer, sample: Sample
) -> None:
    await consumer.process([sample.record_of(ANNA, 3), sample.record_of(BRUNO, 1)])
    await consumer.process([sample.record_of(ANNA, 2), sample.record_of(ANNA, 3)])
    assert await trail(consumer_store, ANNA) == []
    held = await dead_letters(consumer_store, "held")
    assert sorted((one.sequence, one.reason, one.subject) for one in held) == [
        (2, "ahead", str(ANNA)),
        (3, "ahead", str(ANNA)),
    ]
    assert not await dead_letter_records(consumer_store, sample.event.topic)
    await consumer.process([sample.record_of(ANNA, 1)])
    assert await trail(consumer_store, ANNA) == [1, 2, 3]
    assert not await dead_letters(consumer_store)


async def test_a_batch_out_of_order_is_put_in_order(consumer_store: Store, consumer: Consumer, sample: Sample) -> None:
    await consumer.process([sample.record_of(ANNA, number) for number in (3, 2, 2, 5, 1)])
    assert await trail(consumer_store, ANNA) == [1, 2, 3]
    assert [one.sequence for one in await dead_letters(consumer_store)] == [5]
    await consumer.process([sample.record_of(ANNA, 4)])
    assert await trail(consumer_store, ANNA) == [1, 2, 3, 4, 5]


@given(
    order=st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 5)), min_size=1, max_size=14),
    cuts=st.lists(st.integers(0, 14), max_size=4),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_shuffled_repeated_and_split_events_take_effect_once_and_in_order(
    consumer_store: Store, sample: Sample, order: list[tuple[str, int]], cuts: list[int]
) -> None:
    consumer = consumer_for(consumer_store, sample.reactions)
    tallies = {"a": uuid4(), "b": uuid4()}
    records = [sample.record_of(tallies[name], number) for name, number in order]
    bounds = sorted({0, *(cut for cut in cuts if cut < len(records)), len(records)})
    for start, end in pairwise(bounds):
        await consumer.process(records[start:end])
    for name, tally in tallies.items():
        received = {number for one, number in order if one == name}
        unbroken = next(number for number in range(1, 7) if number not in received)
        assert await trail(consumer_store, tally) == list(range(1, unbroken))
        waiting = {one.sequence for one in await dead_letters(consumer_store, "held") if one.subject == str(tally)}
        assert waiting == {number for number in received if number > unbroken}
    assert not await dead_letters(consumer_store, "dead")


async def test_an_unknown_type_becomes_a_dead_letter_and_does_not_block_its_aggregate(
    consumer_store: Store, consumer: Consumer, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A newer version of a service emits types that this one does not know; later events must still be processed."""
    newer = "cefo.sample.invented-later.v1"

    def invented(record: Record) -> Record:
        headers = [(name, newer.encode() if name == "ce_type" else value) for name, value in record.headers]
        return record._replace(headers=headers)

    passed, last = invented(sample.record_of(ANNA, 2)), invented(sample.record_of(ANNA, 4))
    await consumer.process([sample.record_of(ANNA, 1), passed, sample.record_of(ANNA, 3), last])
    assert await trail(consumer_store, ANNA) == [1, 3]
    first, second = await dead_letters(consumer_store, "dead")
    assert [(one.reason, one.sequence) for one in (first, second)] == [("unknown-type", 2), ("unknown-type", 4)]
    kept = [await consumer.reveal(one.id, "ops", "a test") for one in (first, second)]
    assert [one.value for one in kept] == [passed.value, last.value]
    with pytest.raises(RetryFailed) as again:
        await consumer.retry(second.id)
    assert "not known here" in again.value.values["detail"]
    monkeypatch.setitem(EVENTS, newer, sample.event)
    monkeypatch.setitem(sample.reactions.by_type, newer, sample.reactions.by_type[sample.event.type])
    with pytest.raises(TooLate):
        await consumer.retry(first.id)
    assert await consumer.retry(second.id) == "retried"
    assert await trail(consumer_store, ANNA) == [1, 3, 4]


async def test_a_batch_is_one_transaction_and_what_fails_in_it_is_processed_apart(
    consumer_store: Store, consumer: Consumer, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    units: list[str] = []
    work = consumer_store.work

    @asynccontextmanager
    async def watched(cause: Cause | None = None) -> AsyncGenerator[Work]:
        units.append("rolled back")
        async with work(cause) as one:
            yield one
        units[-1] = "committed"

    monkeypatch.setattr(consumer_store, "work", watched)
    for many in (1, 2, MAX_PLAIN_INSERT, MAX_PLAIN_INSERT + 1, 50):
        await consumer.process([sample.record_of(uuid4(), 1) for _ in range(many)])
        assert units == ["committed"]
        units.clear()
    await consumer.process([sample.record_of(ANNA, 1), sample.record_of(BRUNO, 1, POISON), sample.record_of(CHLOE, 1)])
    assert units == ["committed"]  # with a dead letter
    units.clear()
    emil = uuid4()
    await consumer.process([sample.record_of(ANNA, 2), sample.record_of(emil, 1, POISON), sample.record_of(emil, 2)])
    assert units == ["rolled back"]  # what follows are savepoints in one transaction
    assert await trail(consumer_store, ANNA) == [1, 2]
    assert [(one.sequence, one.state) for one in await dead_letters(consumer_store) if one.subject == str(emil)] == [
        (1, "dead"),
        (2, "held"),
    ]
