"""Old rows are pruned without breaking a guarantee: no repetition, no gap, no event held for ever."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from services.chassis.events.consumer import Consumer
from services.chassis.service.retention import prune_dead_letters, prune_inbox, prune_outbox
from services.chassis.storage.outbox import republish, unpack_headers
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock, consumer_for
from services.contracts import TOPICS
from services.contracts.cloudevents import Record, read_event
from tests.conformance.sample import POISON, Sample, dead_letters, trail

ANNA, BRUNO, CHLOE = uuid4(), uuid4(), uuid4()
HOLD = 300


@pytest.fixture
def pruning_consumer(consumer_store: Store, sample: Sample) -> Consumer:
    """A consumer in a system that prunes old events."""
    return consumer_for(
        consumer_store, sample.reactions, attempts=1, hold_seconds=HOLD, outbox_days=30, topic_days=30, backup_days=29
    )


async def send(store: Store) -> list[Record]:
    """Return what a relay publishes now: all unsent rows, in order; marks them as sent."""
    outbox = store.table("outbox")
    async with store.work() as work:
        unsent = sa.select(outbox).where(outbox.c.sent_at.is_(None)).order_by(outbox.c.seq)
        rows = (await work.session.execute(unsent)).all()
        await work.session.execute(outbox.update().where(outbox.c.sent_at.is_(None)).values(sent_at=work.now))
    return [Record(row.topic, row.key, unpack_headers(row.headers), row.value) for row in rows]


async def sequences(store: Store, who: UUID) -> list[int]:
    """The sequences of this tally's events in the outbox."""
    outbox = store.table("outbox")
    async with store.read() as session:
        rows = (await session.execute(sa.select(outbox).order_by(outbox.c.seq))).all()
    events = [read_event(Record(row.topic, row.key, unpack_headers(row.headers), row.value)) for row in rows]
    return [one.sequence or 0 for one in events if one.subject == str(who)]


async def known(store: Store) -> set[str]:
    inbox = store.table("inbox")
    async with store.read() as session:
        return set(await session.scalars(sa.select(inbox.c.subject)))


async def test_only_outbox_rows_sent_long_ago_are_pruned(
    producer_store: Store, sample: Sample, clock: FixedClock
) -> None:
    for number in (1, 2, 3):
        for who in (ANNA, BRUNO):
            await sample.emit(producer_store, who, number)
    await send(producer_store)
    clock.forward(days=20)
    await sample.emit(producer_store, ANNA, 4)
    await send(producer_store)
    await sample.emit(producer_store, CHLOE, 1)
    clock.forward(days=11)
    assert await prune_outbox(producer_store, days=30, page=2) == 6
    assert [await sequences(producer_store, who) for who in (ANNA, BRUNO, CHLOE)] == [[4], [], [1]]
    clock.forward(days=1000)
    assert await prune_outbox(producer_store, days=30) == 1
    assert await sequences(producer_store, CHLOE) == [1], "an unsent row stays"


async def test_republished_rows_are_kept_for_the_full_period_again(
    producer_store: Store, sample: Sample, clock: FixedClock
) -> None:
    await sample.emit(producer_store, ANNA, 1)
    await send(producer_store)
    clock.forward(days=31)
    async with producer_store.work() as work:
        assert await republish(work.session, producer_store.table("outbox")) == 1
    assert await prune_outbox(producer_store, days=30) == 0
    assert len(await send(producer_store)) == 1
    assert await prune_outbox(producer_store, days=30) == 0


async def test_topics_that_hold_state_keep_the_last_event_of_each_key(
    producer_store: Store, consumer_store: Store, sample: Sample, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new broker receives every centre's state from the outbox, however old it is."""
    monkeypatch.setitem(TOPICS, sample.event.topic.name, replace(sample.event.topic, compacted=True))
    for number in (1, 2, 3):
        for who in (ANNA, BRUNO):
            await sample.emit(producer_store, who, number)
    await send(producer_store)
    clock.forward(days=31)
    await sample.emit(producer_store, BRUNO, 4)
    assert await prune_outbox(producer_store, days=30, page=2) == 5
    assert [await sequences(producer_store, who) for who in (ANNA, BRUNO)] == [[3], [4]]
    async with producer_store.work() as work:
        await republish(work.session, producer_store.table("outbox"))
    await consumer_for(consumer_store, sample.reactions).process(await send(producer_store))
    assert [await trail(consumer_store, who) for who in (ANNA, BRUNO)] == [[3], [4]]
    assert not await dead_letters(consumer_store)


async def test_after_a_lost_broker_the_consumer_has_processed_everything(
    producer_store: Store, consumer_store: Store, pruning_consumer: Consumer, sample: Sample, clock: FixedClock
) -> None:
    """Half of the history was pruned; a consumer that processed it before needs only the rest."""
    for number in (1, 2, 3):
        await sample.emit(producer_store, ANNA, number)
    await pruning_consumer.process(await send(producer_store))
    clock.forward(days=31)
    for number in (4, 5):
        await sample.emit(producer_store, ANNA, number)
    await send(producer_store)  # and the broker is lost before a consumer reads them
    assert await prune_outbox(producer_store, days=30) == 3
    async with producer_store.work() as work:
        await republish(work.session, producer_store.table("outbox"))
    again = await send(producer_store)
    await pruning_consumer.process(again)
    await pruning_consumer.process(again)
    assert await trail(consumer_store, ANNA) == [1, 2, 3, 4, 5]
    assert not await dead_letters(consumer_store)


async def test_a_new_consumer_starts_mid_stream_where_the_history_begins(
    consumer_store: Store, pruning_consumer: Consumer, sample: Sample, clock: FixedClock
) -> None:
    await pruning_consumer.process(
        [sample.record_of(ANNA, number) for number in (40, 41)] + [sample.record_of(BRUNO, 1)]
    )
    await pruning_consumer.process([sample.record_of(ANNA, 42)])
    await pruning_consumer.expire_held()
    assert await trail(consumer_store, ANNA) == [], "the missing events may only be late"
    clock.forward(seconds=HOLD + 1)
    await pruning_consumer.expire_held()
    assert [await trail(consumer_store, who) for who in (ANNA, BRUNO)] == [[40, 41, 42], [1]]
    await pruning_consumer.process([sample.record_of(ANNA, number) for number in (41, 43)])
    assert await trail(consumer_store, ANNA) == [40, 41, 42, 43]
    assert not await dead_letters(consumer_store)


async def test_it_starts_with_the_earliest_event_also_if_that_arrived_last(
    consumer_store: Store, pruning_consumer: Consumer, sample: Sample, clock: FixedClock
) -> None:
    """Republished events can be earlier than the first that was received."""
    await pruning_consumer.process([sample.record_of(ANNA, 42)])
    clock.forward(seconds=HOLD - 1)
    await pruning_consumer.process([sample.record_of(ANNA, number) for number in (41, 40)])
    clock.forward(seconds=2)
    await pruning_consumer.expire_held()
    assert await trail(consumer_store, ANNA) == [40, 41, 42]
    assert not await dead_letters(consumer_store)


async def test_without_pruning_an_aggregate_does_not_start_mid_stream(
    consumer_store: Store, consumer: Consumer, sample: Sample, clock: FixedClock
) -> None:
    await consumer.process([sample.record_of(ANNA, 40)])
    clock.forward(seconds=HOLD + 1)
    await consumer.expire_held()
    assert [(one.state, one.reason) for one in await dead_letters(consumer_store)] == [("dead", "ahead")]


async def test_no_aggregate_starts_mid_stream_after_a_dead_letter_or_a_gap(
    consumer_store: Store, pruning_consumer: Consumer, sample: Sample, clock: FixedClock
) -> None:
    """Both can still be repaired: one by a retry, the other by republishing."""
    await pruning_consumer.process(
        [sample.record_of(ANNA, 1, POISON), sample.record_of(ANNA, 2), sample.record_of(BRUNO, 1)]
    )
    await pruning_consumer.process([sample.record_of(BRUNO, 3)])
    clock.forward(seconds=HOLD + 1)
    await pruning_consumer.expire_held()
    assert [await trail(consumer_store, who) for who in (ANNA, BRUNO)] == [[], [1]]
    assert {one.state for one in await dead_letters(consumer_store)} == {"dead"}
    sample.unlucky.clear()
    for dead in sorted(await dead_letters(consumer_store), key=lambda one: one.sequence):
        if dead.subject == str(ANNA):
            await pruning_consumer.retry(dead.id)
    assert await trail(consumer_store, ANNA) == [POISON, 2]


async def test_an_aggregate_that_fails_to_start_mid_stream_does_not_block_others(
    consumer_store: Store, pruning_consumer: Consumer, sample: Sample, clock: FixedClock
) -> None:
    await pruning_consumer.process(
        [sample.record_of(ANNA, 7, POISON), sample.record_of(BRUNO, 7), sample.record_of(CHLOE, 9)]
    )
    clock.forward(seconds=HOLD + 1)
    await pruning_consumer.expire_held()
    assert [await trail(consumer_store, who) for who in (ANNA, BRUNO, CHLOE)] == [[], [7], [9]]
    assert [(one.state, one.subject) for one in await dead_letters(consumer_store)] == [("dead", str(ANNA))]


async def test_only_inactive_inbox_rows_without_held_events_are_pruned(
    consumer_store: Store,
    pruning_consumer: Consumer,
    sample: Sample,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unnumbered = sample.record_of(CHLOE, 1)
    unnumbered = unnumbered._replace(headers=[one for one in unnumbered.headers if one[0] != "ce_cefosequence"])
    await pruning_consumer.process([sample.record_of(ANNA, 1), sample.record_of(BRUNO, 1), unnumbered])
    await pruning_consumer.process([sample.record_of(BRUNO, 3)])
    clock.forward(days=62)
    recent = uuid4()
    await pruning_consumer.process([sample.record_of(recent, 1)])
    with monkeypatch.context() as patched:
        patched.setitem(TOPICS, sample.event.topic.name, replace(sample.event.topic, compacted=True))
        assert await prune_inbox(consumer_store, days=61) == 0, "the state of a key can be published again at any time"
    assert await prune_inbox(consumer_store, days=61, page=1) == 2
    assert await known(consumer_store) == {str(BRUNO), str(recent)}
    await pruning_consumer.process([sample.record_of(ANNA, 2)])
    clock.forward(seconds=HOLD + 1)
    await pruning_consumer.expire_held()
    assert await trail(consumer_store, ANNA) == [1, 2], "years later, the aggregate starts mid-stream"


async def test_only_dead_letters_decided_long_ago_are_pruned(
    consumer_store: Store, consumer: Consumer, sample: Sample, clock: FixedClock
) -> None:
    people = [uuid4() for _ in range(4)]
    await consumer.process([sample.record_of(who, 1, POISON) for who in people] + [sample.record_of(BRUNO, 3)])
    ids = {one.subject: one.id for one in await dead_letters(consumer_store)}
    sample.unlucky.clear()
    await consumer.retry(ids[str(people[0])])
    await consumer.discard(ids[str(people[1])], "noise")
    await consumer.discard(ids[str(BRUNO)], "before its turn")
    clock.forward(days=10)
    await consumer.retry(ids[str(people[2])])
    clock.forward(days=21)
    assert await prune_dead_letters(consumer_store, days=30, read_model=True, page=1) == 1
    assert await prune_dead_letters(consumer_store, days=30, read_model=False, page=1) == 1
    left = {one.subject: one.state for one in await dead_letters(consumer_store)}
    assert left == {str(people[2]): "retried", str(people[3]): "dead", str(BRUNO): "discarded"}
    await consumer.process(
        [sample.record_of(BRUNO, 1), sample.record_of(BRUNO, 2), sample.record_of(BRUNO, 3), sample.record_of(BRUNO, 4)]
    )
    assert await trail(consumer_store, BRUNO) == [1, 2, 4]
    assert await prune_dead_letters(consumer_store, days=30, read_model=False) == 1


async def test_a_discarded_event_has_no_effect_after_its_dead_letter_was_pruned(
    consumer_store: Store, consumer: Consumer, sample: Sample, clock: FixedClock
) -> None:
    await consumer.process([sample.record_of(ANNA, 1, POISON), sample.record_of(ANNA, 2)])
    [dead] = await dead_letters(consumer_store, "dead")
    await consumer.discard(dead.id, "noise")
    clock.now += timedelta(days=31)
    assert await prune_dead_letters(consumer_store, days=30, read_model=False) == 1
    sample.unlucky.clear()
    await consumer.process([sample.record_of(ANNA, 1, POISON), sample.record_of(ANNA, 2), sample.record_of(ANNA, 3)])
    assert await trail(consumer_store, ANNA) == [2, 3]
