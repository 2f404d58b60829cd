"""What is refused or fails in a batch: what it costs the others, and that it leaves nothing behind."""

from collections import Counter
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event

from services.chassis.events.consumer import Consumer
from services.chassis.storage.store import Store, Work
from services.contracts.cloudevents import Record
from tests.conformance.sample import POISON, Counted, Sample, Tally, Unlucky, dead_letter_records, dead_letters, trail

ANNA = uuid4()


async def test_what_a_rule_refuses_is_tried_once_and_what_fails_otherwise_again_together(
    consumer_store: Store, consumer: Consumer, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each leaves nothing behind: what it wrote before it failed is rolled back, and nobody else's."""
    tries = Counter[UUID]()
    refused, broken, late = uuid4(), uuid4(), uuid4()

    async def count(work: Work, event: Any) -> None:
        tries[event.tally_id] += 1
        await sample.count(work, event)
        if event.tally_id == refused:
            raise Unlucky(number=event.number)
        if event.tally_id == broken or (event.tally_id == late and tries[late] < 3):
            raise ZeroDivisionError

    reaction = sample.reactions.by_type[sample.event.type]
    monkeypatch.setitem(sample.reactions.by_type, sample.event.type, type(reaction)(count, None))
    others = [uuid4() for _ in range(5)]
    records = [sample.record_of(one, 1) for one in (*others[:2], refused, broken, late, *others[2:])]
    await consumer.process([*records, sample.record_of(late, 2), sample.record_of(broken, 2)])
    assert [await trail(consumer_store, one) for one in others] == [[1]] * 5
    assert await trail(consumer_store, late) == [1, 2]
    assert await trail(consumer_store, refused) == await trail(consumer_store, broken) == []
    found = {(one.subject, one.sequence, one.state, one.attempts) for one in await dead_letters(consumer_store)}
    assert found == {(str(refused), 1, "dead", 1), (str(broken), 1, "dead", 3), (str(broken), 2, "held", 1)}
    assert tries[refused] == 2  # with the batch, and by itself


def note(counted: Counter[str], name: str, *_: object) -> None:
    counted[name] += 1


async def test_the_refusals_of_a_batch_cost_it_no_transactions_and_few_statements(
    consumer_store: Store, consumer: Consumer, sample: Sample
) -> None:
    """However many there are, and with others between them: these do not wait for more than the rows."""
    counted = Counter[str]()
    engine = consumer_store.writer.sync_engine
    for name in ("before_cursor_execute", "commit", "savepoint"):
        event.listen(engine, name, partial(note, counted, name))
    accepted = [uuid4() for _ in range(4)]
    records: list[Record] = []
    for tally in accepted:
        records.append(sample.record_of(tally, 1))
        for _ in range(40):
            records.append(sample.record_of(uuid4(), 1, POISON))
            records.append(sample.record_of(uuid4(), 1)._replace(value=b"{not json"))
    records = [record._replace(partition=0, offset=number) for number, record in enumerate(records)]
    await consumer.process(records)
    assert counted.pop("before_cursor_execute") < 20
    assert counted == {"commit": 1}
    await consumer.process(records)  # read again: nothing is added
    assert [await trail(consumer_store, one) for one in accepted] == [[1]] * 4
    dead = await dead_letters(consumer_store, "dead")
    assert Counter(one.reason for one in dead) == {"unlucky": 160, "bad-data": 160}
    assert len(await dead_letter_records(consumer_store, sample.event.topic)) == 320
    sample.unlucky.clear()
    refused = next(one for one in dead if one.reason == "unlucky")
    assert await consumer.retry(refused.id) == "retried"
    assert await trail(consumer_store, UUID(refused.subject)) == [POISON]


async def test_one_event_that_fails_takes_only_its_hundred_apart(
    consumer_store: Store, consumer: Consumer, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Counter[str]()
    event.listen(consumer_store.writer.sync_engine, "savepoint", partial(note, counted, "savepoint"))

    async def count(work: Work, counted: Counted) -> None:
        if counted.number == POISON:
            raise ZeroDivisionError
        await sample.count(work, counted)

    reaction = sample.reactions.by_type[sample.event.type]
    monkeypatch.setitem(sample.reactions.by_type, sample.event.type, type(reaction)(count, Tally))
    others = [uuid4() for _ in range(300)]
    records = [sample.record_of(one, 1) for one in others]
    records.insert(150, sample.record_of(ANNA, 1, POISON))
    await consumer.process(records)
    assert 100 <= counted["savepoint"] < 120
    assert [one.reason for one in await dead_letters(consumer_store)] == ["ZeroDivisionError"]
    assert [await trail(consumer_store, one) for one in (others[0], others[149], others[-1])] == [[1]] * 3
