"""The rounds of the job for earlier times: which offers end by themselves, and why."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.storage.store import Store, Work
from services.chassis.testing import FixedClock
from services.contracts.earlier import EarlierOfferEnd, EarlierTimeOffered
from services.scheduling.actions import earlier, earlier_times
from services.scheduling.actions.calendar import reserve, resources
from services.scheduling.actions.earlier_times import offer_earlier_times
from services.scheduling.domain import refusals
from services.scheduling.domain.earlier import (
    KEPT,
    WishEnd,
    answer_by,
    earlier_starts,
    half_starts,
    is_earlier,
    keeps_the_path,
    path_starts,
)
from services.scheduling.domain.slots import Timeline
from services.scheduling.domain.times import Half, is_in_half
from services.scheduling.store import EarlierOffer, EarlierWish
from services.scheduling.store.slots import FreeTime
from tests.givens.events import emitted_events
from tests.givens.rows import rows_of
from tests.givens.scheduling import LIEGE, MONDAY, NADIA, TOM, Visitor, react
from tests.scheduling.test_earlier import (
    BRUSSELS,
    DAY,
    NOTICE,
    TERMS,
    accepts,
    asks,
    booked_in,
    cancels,
    ends,
    job_runs,
    leaves,
    line,
    live,
    wednesday,
    wish_of,
    works,
)
from tests.scheduling.test_guidance import book, take_path
from tests.scheduling.test_merged_persons import merged


async def test_the_days_are_counted_from_the_first_one_that_the_path_allows(store: Store) -> None:
    """The interview before it is in eight weeks: until then nothing could be offered, and later times are free."""
    await works(store, NADIA, "WE")
    visitor = Visitor()
    await react(store, [visitor.registered()])
    path = await take_path(store, visitor)
    first = await book(store, path, wednesday(8), counsellor=NADIA, room=None)
    second = await book(store, path, wednesday(20), counsellor=NADIA, room=None)
    await asks(store, second.id)
    await job_runs(store)
    week = 8 - (-TERMS.reflection // timedelta(weeks=1))
    offers = await live(store)
    assert [(one.interview_id, one.starts_at) for one in offers.values()] == [(second.id, wednesday(max(week, 9)))]
    # The offer stays one when the search begins with the first days again.
    await cancels(store, first.id)
    await job_runs(store)
    assert await live(store) == offers
    assert await ends(store) == []


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


async def begun(store: Store, work: Work, change: Coroutine[None, None, object]) -> "asyncio.Task[object]":
    """Begin another change, and go on when it is done or waits for this unit of work."""
    task = asyncio.create_task(change)
    if not store.sqlite:  # there it waits for the only writer
        waits = sa.text("select count(*) from pg_locks where pg_backend_pid() = any(pg_blocking_pids(pid))")
        while not task.done() and not await work.session.scalar(waits):  # noqa: ASYNC110
            await asyncio.sleep(0)
    return task


async def change_of(store: Store, person: Visitor, interview: UUID, how: str) -> None:
    if how == "leaves":
        await leaves(store, interview)
    else:
        await react(store, [person.erased()])


async def with_a_change_before_the_commit(
    store: Store, patch: pytest.MonkeyPatch, change: Callable[[], Coroutine[None, None, object]]
) -> None:
    """Run a round; the change begins when the offers are written, and not committed."""
    carry_out, tasks = earlier_times.carry_out, list["asyncio.Task[object]"]()

    async def then_change(work: Work, due: earlier_times.Due) -> None:
        await carry_out(work, due)
        await work.session.flush()
        tasks.append(await begun(store, work, change()))

    patch.setattr(earlier_times, "carry_out", then_change)
    await offer_earlier_times(store, TERMS)
    assert tasks, "nothing was due"
    await asyncio.gather(*tasks)
    patch.undo()


@pytest.mark.parametrize("how", ["leaves", "erased"])
async def test_who_goes_while_a_round_makes_the_offer_has_none(
    store: Store, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    people, interviews = await line(store, 2)
    await cancels(store, interviews[1])
    change = partial(change_of, store, people[2], interviews[2], how)
    await with_a_change_before_the_commit(store, monkeypatch, change)
    assert set(await live(store)) == {interviews[3]}
    assert await ends(store) == [EarlierOfferEnd.WITHDRAWN]


@pytest.mark.parametrize("how", ["leaves", "erased"])
async def test_who_asks_and_goes_during_a_round_has_no_offer(
    store: Store, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    people, interviews = await line(store, 1)
    (last,), (id,) = await booked_in(store, [5])
    await cancels(store, interviews[1])
    lock = earlier_times.lock_wishes

    async def then_ask(session: AsyncSession) -> Collection[UUID]:
        locked = await lock(session)
        if not store.sqlite:  # there no other can write now
            await asks(store, id)
        return locked

    if store.sqlite:
        await asks(store, id)
    monkeypatch.setattr(earlier_times, "lock_wishes", then_ask)
    await with_a_change_before_the_commit(store, monkeypatch, partial(change_of, store, last, id, how))
    assert set(await live(store)) == {interviews[2]}
    if not store.sqlite:
        asked = [one.subject_ref for one in await emitted_events(store, EarlierTimeOffered)]
        assert asked == [people[2].subject_ref]


@pytest.mark.parametrize("deleted", [False, True])
async def test_an_offer_for_which_nobody_waits_is_withdrawn(store: Store, deleted: bool) -> None:
    _people, interviews = await line(store, 1)
    await cancels(store, interviews[1])
    await job_runs(store)
    async with store.work() as work:  # as an earlier version left it
        wish = await work.load(EarlierWish, interviews[2])
        if deleted:
            await work.session.delete(wish)
        else:
            earlier.end_wish(work, wish, WishEnd.LEFT)
    await job_runs(store)
    assert await live(store) == {}
    assert await ends(store) == [EarlierOfferEnd.WITHDRAWN]
    assert len(await rows_of(store, EarlierOffer)) == (0 if deleted else 1), "nothing else would delete it"


async def test_a_round_looks_at_no_free_time_that_suits_nobody(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await works(store, NADIA, "MO", "TU", "WE", opens="09:00", closes="12:00")
    _people, (first, second) = await booked_in(store, [3, 4])
    await asks(store, first, half=Half.AFTERNOON)
    await asks(store, second, half=Half.AFTERNOON)
    looked: list[datetime] = []

    def look(starts_at: datetime, counsellor: str, centre: str) -> FreeTime:
        looked.append(starts_at)
        return FreeTime(starts_at, counsellor, centre)

    with monkeypatch.context() as patch:
        patch.setattr("services.scheduling.store.slots.FreeTime", look)
        await job_runs(store)
    assert (looked, await live(store)) == ([], {})
    await asks(store, second)
    await job_runs(store)
    assert set(await live(store)) == {second}


@pytest.mark.parametrize("first", [date(2026, 3, 20), date(2026, 10, 16)])  # the clocks change in the second week
@pytest.mark.parametrize("reflection", [timedelta(), timedelta(days=1), timedelta(days=3), timedelta(hours=60)])
def test_the_rules_as_bits_are_the_rules(first: date, reflection: timedelta) -> None:
    line = Timeline.of(first, first + timedelta(days=15))
    at = datetime(first.year, first.month, first.day, tzinfo=UTC)
    now, booked = at + timedelta(hours=9, minutes=7), at + timedelta(days=12, hours=22, minutes=45)
    others = [at + timedelta(days=4, hours=13), at + timedelta(days=9, hours=23), at + timedelta(days=14)]
    earlier_ones = earlier_starts(line, now, booked, NOTICE, BRUSSELS)
    halves = {half: half_starts(line, half, BRUSSELS) for half in Half}
    path = path_starts(line, booked, others, reflection, BRUSSELS)
    for bit in range(line.size):
        moment = line.moment(bit)
        offered = is_earlier(moment, booked, BRUSSELS) and answer_by(now, moment, NOTICE, DAY, BRUSSELS) is not None
        assert bool(earlier_ones >> bit & 1) == offered
        assert bool(path >> bit & 1) == keeps_the_path(moment, booked, others, reflection, BRUSSELS)
        if line.first <= moment.astimezone(BRUSSELS).date() <= line.last:
            assert [bool(halves[half] >> bit & 1) for half in Half] == [
                is_in_half(moment, half, BRUSSELS) for half in Half
            ]


async def test_who_asks_again_before_the_old_entry_is_deleted_stays(
    store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await works(store, NADIA, "WE")
    _people, (id,) = await booked_in(store, [9])
    await asks(store, id)
    await leaves(store, id)
    clock.now += KEPT + timedelta(minutes=1)
    work = store.work

    @asynccontextmanager
    async def after_asking() -> AsyncGenerator[Work]:
        monkeypatch.undo()
        await asks(store, id)
        async with work() as one:
            yield one

    monkeypatch.setattr(store, "work", after_asking)
    await job_runs(store)
    assert (await wish_of(store, id)).ended_at is None
