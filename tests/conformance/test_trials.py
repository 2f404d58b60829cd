"""A trial says what processing a record would end in, and leaves nothing behind: for a desk's software."""

from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from services.chassis.events.trials import Trial
from services.chassis.storage.store import Store, Work
from services.chassis.testing import consumer_for
from services.contracts.cloudevents import Record
from tests.conformance.sample import POISON, Desk, Sample, Tally, dead_letters, trail

ANNA = uuid4()


async def tried(store: Store, sample: Sample, record: Record) -> Trial:
    async def look(work: Work) -> list[int]:
        tally = await work.find(Tally, ANNA)
        return tally.trail if tally is not None else []

    return await consumer_for(store, sample.reactions).try_out(record, look)


async def test_a_trial_has_the_effect_and_leaves_none(consumer_store: Store, sample: Sample) -> None:
    for _ in range(2):
        assert await tried(consumer_store, sample, sample.record_of(ANNA, 1)) == Trial(found=[1])
    assert await trail(consumer_store, ANNA) == []
    await consumer_for(consumer_store, sample.reactions).process([sample.record_of(ANNA, 1)])
    assert await tried(consumer_store, sample, sample.record_of(ANNA, 1)) == Trial(repeated=True, found=[1])


async def test_a_trial_names_what_refuses_the_record_and_makes_no_dead_letter(
    consumer_store: Store, sample: Sample
) -> None:
    refused = await tried(consumer_store, sample, sample.record_of(ANNA, 1, POISON))
    assert (refused.reason, refused.found) == ("unlucky", None)
    unreadable = await tried(consumer_store, sample, sample.record_of(ANNA, 1)._replace(value=b"{"))
    assert unreadable.reason == "bad-data"
    assert await dead_letters(consumer_store) == []


async def test_a_trial_meets_the_constraints_of_the_store(consumer_store: Store) -> None:
    async with consumer_store.work() as work:
        work.session.add(Desk(name="one", seats=1))
    with pytest.raises(IntegrityError):
        async with consumer_store.trial() as work:
            work.session.add(Desk(name="one", seats=2))
    async with consumer_store.trial() as work:
        work.session.add(Desk(name="two", seats=2))
    async with consumer_store.read() as session:
        assert (await session.scalars(sa.select(col(Desk.name)))).all() == ["one"]
