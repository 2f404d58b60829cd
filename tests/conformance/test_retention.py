"""What is old goes, and nothing that was promised goes with it: no repetition, no gap, nothing held for ever."""

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
from tests.conformance.sample import POISON, Sample, letters, trail

ANNA, BRUNO, CHLOE = uuid4(), uuid4(), uuid4()
HOLD = 300


@pytest.fixture
def forgetful(listener: Store, sample: Sample) -> Consumer:
    """The listener's ear, where old events go."""
    return consumer_for(listener, sample.reactions, attempts=1, hold_seconds=HOLD, outbox_days=30, topic_days=30)


async def send(store: Store) -> list[Record]:
    """What a relay sends now: everything unsent, in order, marked as sent."""
    outbox = store.table("outbox")
    async with store.work() as work:
        unsent = sa.select(outbox).where(outbox.c.sent_at.is_(None)).order_by(outbox.c.seq)
        rows = (await work.session.execute(unsent)).all()
        await work.session.execute(outbox.update().where(outbox.c.sent_at.is_(None)).values(sent_at=work.now))
    return [Record(row.topic, row.key, unpack_headers(row.headers), row.value) for row in rows]


async def sequences(store: Store, who: UUID) -> list[int]:
    """The events of this tally that the outbox holds."""
    outbox = store.table("outbox")
    async with store.read() as session:
        rows = (await session.execute(sa.select(outbox).order_by(outbox.c.seq))).all()
    heard = [read_event(Record(row.topic, row.key, unpack_headers(row.headers), row.value)) for row in rows]
    return [one.sequence or 0 for one in heard if one.subject == str(who)]


async def known(store: Store) -> set[str]:
    inbox = store.table("inbox")
    async with store.read() as session:
        return set(await session.scalars(sa.select(inbox.c.subject)))


async def test_of_the_outbox_only_what_was_sent_long_ago_goes(
    speaker: Store, sample: Sample, clock: FixedClock
) -> None:
    for number in (1, 2, 3):
        for who in (ANNA, BRUNO):
            await sample.say(speaker, who, number)
    await send(speaker)
    clock.forward(days=20)
    await sample.say(speaker, ANNA, 4)
    await send(speaker)
    await sample.say(speaker, CHLOE, 1)
    clock.forward(days=11)
    assert await prune_outbox(speaker, days=30, page=2) == 6
    assert [await sequences(speaker, who) for who in (ANNA, BRUNO, CHLOE)] == [[4], [], [1]]
    clock.forward(days=1000)
    assert await prune_outbox(speaker, days=30) == 1
    assert await sequences(speaker, CHLOE) == [1], "what the broker never had stays"


async def test_what_is_to_be_sent_again_becomes_young_again(speaker: Store, sample: Sample, clock: FixedClock) -> None:
    await sample.say(speaker, ANNA, 1)
    await send(speaker)
    clock.forward(days=31)
    async with speaker.work() as work:
        assert await republish(work.session, speaker.table("outbox")) == 1
    assert await prune_outbox(speaker, days=30) == 0
    assert len(await send(speaker)) == 1
    assert await prune_outbox(speaker, days=30) == 0


async def test_topics_that_hold_state_keep_the_last_event_of_each_key(
    speaker: Store, listener: Store, sample: Sample, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new broker gets every centre's state from the outbox, however old it is."""
    monkeypatch.setitem(TOPICS, sample.event.topic.name, replace(sample.event.topic, compacted=True))
    for number in (1, 2, 3):
        for who in (ANNA, BRUNO):
            await sample.say(speaker, who, number)
    await send(speaker)
    clock.forward(days=31)
    await sample.say(speaker, BRUNO, 4)
    assert await prune_outbox(speaker, days=30, page=2) == 5
    assert [await sequences(speaker, who) for who in (ANNA, BRUNO)] == [[3], [4]]
    async with speaker.work() as work:
        await republish(work.session, speaker.table("outbox"))
    await consumer_for(listener, sample.reactions).process(await send(speaker))
    assert [await trail(listener, who) for who in (ANNA, BRUNO)] == [[3], [4]]
    assert not await letters(listener)


async def test_after_a_lost_broker_everybody_ends_as_before(
    speaker: Store, listener: Store, forgetful: Consumer, sample: Sample, clock: FixedClock
) -> None:
    """Half of the history left the outbox; whoever heard it needs no more than the rest."""
    for number in (1, 2, 3):
        await sample.say(speaker, ANNA, number)
    await forgetful.process(await send(speaker))
    clock.forward(days=31)
    for number in (4, 5):
        await sample.say(speaker, ANNA, number)
    await send(speaker)  # and the broker is lost before anybody reads it
    assert await prune_outbox(speaker, days=30) == 3
    async with speaker.work() as work:
        await republish(work.session, speaker.table("outbox"))
    again = await send(speaker)
    await forgetful.process(again)
    await forgetful.process(again)
    assert await trail(listener, ANNA) == [1, 2, 3, 4, 5]
    assert not await letters(listener)


async def test_a_new_consumer_begins_where_the_history_begins(
    listener: Store, forgetful: Consumer, sample: Sample, clock: FixedClock
) -> None:
    await forgetful.process([sample.told(ANNA, number) for number in (40, 41)] + [sample.told(BRUNO, 1)])
    await forgetful.process([sample.told(ANNA, 42)])
    await forgetful.expire_held()
    assert await trail(listener, ANNA) == [], "the missing ones may only be late"
    clock.forward(seconds=HOLD + 1)
    await forgetful.expire_held()
    assert [await trail(listener, who) for who in (ANNA, BRUNO)] == [[40, 41, 42], [1]]
    await forgetful.process([sample.told(ANNA, number) for number in (41, 43)])
    assert await trail(listener, ANNA) == [40, 41, 42, 43]
    assert not await letters(listener)


async def test_it_begins_with_the_earliest_also_where_that_came_last(
    listener: Store, forgetful: Consumer, sample: Sample, clock: FixedClock
) -> None:
    """Published again, events come from further back than the first that was seen."""
    await forgetful.process([sample.told(ANNA, 42)])
    clock.forward(seconds=HOLD - 1)
    await forgetful.process([sample.told(ANNA, number) for number in (41, 40)])
    clock.forward(seconds=2)
    await forgetful.expire_held()
    assert await trail(listener, ANNA) == [40, 41, 42]
    assert not await letters(listener)


async def test_where_nothing_old_goes_what_is_missing_is_asked_for(
    listener: Store, consumer: Consumer, sample: Sample, clock: FixedClock
) -> None:
    await consumer.process([sample.told(ANNA, 40)])
    clock.forward(seconds=HOLD + 1)
    await consumer.expire_held()
    assert [(one.state, one.reason) for one in await letters(listener)] == [("dead", "ahead")]


async def test_nothing_begins_behind_a_dead_letter_or_after_a_gap(
    listener: Store, forgetful: Consumer, sample: Sample, clock: FixedClock
) -> None:
    """Both can still be mended: one by a retry, the other by publishing again."""
    await forgetful.process([sample.told(ANNA, 1, POISON), sample.told(ANNA, 2), sample.told(BRUNO, 1)])
    await forgetful.process([sample.told(BRUNO, 3)])
    clock.forward(seconds=HOLD + 1)
    await forgetful.expire_held()
    assert [await trail(listener, who) for who in (ANNA, BRUNO)] == [[], [1]]
    assert {one.state for one in await letters(listener)} == {"dead"}
    sample.unlucky.clear()
    for dead in sorted(await letters(listener), key=lambda one: one.sequence):
        if dead.subject == str(ANNA):
            await forgetful.retry(dead.id)
    assert await trail(listener, ANNA) == [POISON, 2]


async def test_one_that_cannot_begin_stops_nobody(
    listener: Store, forgetful: Consumer, sample: Sample, clock: FixedClock
) -> None:
    await forgetful.process([sample.told(ANNA, 7, POISON), sample.told(BRUNO, 7), sample.told(CHLOE, 9)])
    clock.forward(seconds=HOLD + 1)
    await forgetful.expire_held()
    assert [await trail(listener, who) for who in (ANNA, BRUNO, CHLOE)] == [[], [7], [9]]
    assert [(one.state, one.subject) for one in await letters(listener)] == [("dead", str(ANNA))]


async def test_the_inbox_forgets_only_what_is_silent_and_waits_for_nothing(
    listener: Store, forgetful: Consumer, sample: Sample, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    uncounted = sample.told(CHLOE, 1)
    uncounted = uncounted._replace(headers=[one for one in uncounted.headers if one[0] != "ce_sequence"])
    await forgetful.process([sample.told(ANNA, 1), sample.told(BRUNO, 1), uncounted])
    await forgetful.process([sample.told(BRUNO, 3)])
    clock.forward(days=62)
    young = uuid4()
    await forgetful.process([sample.told(young, 1)])
    with monkeypatch.context() as patched:
        patched.setitem(TOPICS, sample.event.topic.name, replace(sample.event.topic, compacted=True))
        assert await prune_inbox(listener, days=61) == 0, "the state of a key can come again for good"
    assert await prune_inbox(listener, days=61, page=1) == 2
    assert await known(listener) == {str(BRUNO), str(young)}
    await forgetful.process([sample.told(ANNA, 2)])
    clock.forward(seconds=HOLD + 1)
    await forgetful.expire_held()
    assert await trail(listener, ANNA) == [1, 2], "years later, the next event is taken up where it stands"


async def test_of_the_letters_only_what_was_decided_long_ago_goes(
    listener: Store, consumer: Consumer, sample: Sample, clock: FixedClock
) -> None:
    people = [uuid4() for _ in range(4)]
    await consumer.process([sample.told(who, 1, POISON) for who in people] + [sample.told(BRUNO, 3)])
    of = {one.subject: one.id for one in await letters(listener)}
    sample.unlucky.clear()
    await consumer.retry(of[str(people[0])])
    await consumer.discard(of[str(people[1])], "noise")
    await consumer.discard(of[str(BRUNO)], "before its turn")
    clock.forward(days=10)
    await consumer.retry(of[str(people[2])])
    clock.forward(days=21)
    assert await prune_dead_letters(listener, days=30, read_model=True, page=1) == 1
    assert await prune_dead_letters(listener, days=30, read_model=False, page=1) == 1
    left = {one.subject: one.state for one in await letters(listener)}
    assert left == {str(people[2]): "retried", str(people[3]): "dead", str(BRUNO): "discarded"}
    await consumer.process([sample.told(BRUNO, 1), sample.told(BRUNO, 2), sample.told(BRUNO, 3), sample.told(BRUNO, 4)])
    assert await trail(listener, BRUNO) == [1, 2, 4]
    assert await prune_dead_letters(listener, days=30, read_model=False) == 1


async def test_a_discarded_event_has_no_effect_after_its_letter_went(
    listener: Store, consumer: Consumer, sample: Sample, clock: FixedClock
) -> None:
    await consumer.process([sample.told(ANNA, 1, POISON), sample.told(ANNA, 2)])
    [dead] = await letters(listener, "dead")
    await consumer.discard(dead.id, "noise")
    clock.now += timedelta(days=31)
    assert await prune_dead_letters(listener, days=30, read_model=False) == 1
    sample.unlucky.clear()
    await consumer.process([sample.told(ANNA, 1, POISON), sample.told(ANNA, 2), sample.told(ANNA, 3)])
    assert await trail(listener, ANNA) == [2, 3]
