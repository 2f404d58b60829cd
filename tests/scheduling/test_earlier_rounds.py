"""The rounds of the job for earlier times: which offers end by themselves, and why."""

from uuid import UUID, uuid4

import pytest

from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock
from services.contracts.earlier import EarlierOfferEnd
from services.scheduling.actions.calendar import reserve, resources
from services.scheduling.domain import refusals
from tests.givens.scheduling import LIEGE, MONDAY, NADIA, TOM, Visitor, react
from tests.scheduling.test_earlier import (
    BRUSSELS,
    DAY,
    accepts,
    asks,
    booked_in,
    cancels,
    ends,
    job_runs,
    line,
    live,
    wednesday,
    wish_of,
    works,
)
from tests.scheduling.test_guidance import book, take_path
from tests.scheduling.test_merged_persons import merged


async def test_an_offer_whose_room_is_taken_ends_and_does_not_count(store: Store) -> None:
    interviews: list[UUID] = []
    for week, counsellor in ((5, NADIA), (6, TOM)):
        await works(store, counsellor, "WE")
        visitor = Visitor()
        await react(store, [visitor.registered()])
        path = await take_path(store, visitor)
        booked = await book(store, path, wednesday(week), counsellor=counsellor, room="salle-1")
        interviews.append(booked.id)
        await asks(store, booked.id)
    await job_runs(store)
    offered = await live(store)
    assert {one.starts_at for one in offered.values()} == {wednesday(0)}
    await accepts(store, offered[interviews[0]].id)
    await job_runs(store)
    assert await ends(store) == [EarlierOfferEnd.TAKEN]
    await job_runs(store)
    assert (await live(store))[interviews[1]].starts_at == wednesday(1), "the next time at which the room is free"
    assert (await wish_of(store, interviews[1])).missed == 0


async def test_an_offer_that_no_longer_fits_the_path_is_withdrawn(
    store: Store, clock: FixedClock, adult: Visitor
) -> None:
    await works(store, NADIA, "WE")
    path = await take_path(store, adult)
    interview = await book(store, path, wednesday(6), room=None)
    await asks(store, interview.id)
    await job_runs(store)
    offer = (await live(store))[interview.id]
    await book(store, path, wednesday(3), room=None)  # the order of the two: the offer is before it
    with pytest.raises(refusals.EarlierOfferOver):
        await accepts(store, offer.id)
    await job_runs(store)
    assert await ends(store) == [EarlierOfferEnd.WITHDRAWN]
    clock.now = MONDAY + DAY
    await job_runs(store)
    assert (await live(store))[interview.id].starts_at == wednesday(4)
    assert (await wish_of(store, interview.id)).missed == 0


@pytest.mark.parametrize("under", ["the same reference", "a merged one"])
async def test_an_offer_at_a_time_at_which_the_person_is_booked_is_withdrawn(
    store: Store, adult: Visitor, under: str
) -> None:
    people, interviews = await line(store, 1)
    await cancels(store, interviews[1])
    await job_runs(store)
    offer = (await live(store))[interviews[2]]
    if under == "a merged one":
        await merged(store, adult, people[2])
    booked = adult.subject_ref if under == "a merged one" else people[2].subject_ref
    async with store.work() as work:  # as a seat in a workshop has it
        wanted = resources(LIEGE, TOM, None, booked)
        await reserve(work, uuid4(), wanted, starts_at=wednesday(1), minutes=60, zone=BRUSSELS)
    with pytest.raises(refusals.Overlap):
        await accepts(store, offer.id)
    await job_runs(store)
    assert await ends(store) == [EarlierOfferEnd.WITHDRAWN]
    await job_runs(store)
    assert await live(store) == {}
    assert (await wish_of(store, interviews[2])).missed == 0


async def test_an_offer_that_can_still_be_accepted_stays(store: Store) -> None:
    _people, interviews = await line(store, 1)
    await cancels(store, interviews[1])
    await job_runs(store)
    offer = (await live(store))[interviews[2]]
    await booked_in(store, [9])
    await job_runs(store)
    assert (await live(store))[interviews[2]].id == offer.id
    assert (await accepts(store, offer.id)).starts_at == wednesday(1)
