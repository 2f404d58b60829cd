"""A seat in a workshop occupies its person during the sessions that are to come, on both stores."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock
from services.contracts.scheduling import Side
from services.scheduling.actions import guidance, seats, workshop_changes, workshops
from services.scheduling.domain import refusals
from services.scheduling.domain.offers import ANSWER_WITHIN
from services.scheduling.domain.rules import CancelReason
from services.scheduling.store import QuarterHour, Seat, Workshop
from tests.givens.patience import patiently
from tests.givens.rows import rows_of
from tests.givens.scheduling import NADIA, TOM, Visitor, react
from tests.scheduling.test_guidance import book, change, take_path
from tests.scheduling.test_merged_persons import merged, separated
from tests.scheduling.test_workshop_changes import moved, plan_of
from tests.scheduling.test_workshops import SESSIONS, TUESDAY, announce, give_back, people, record, take

HOUR = timedelta(hours=1)
ONE = [(TUESDAY, 120)]


async def occupied(store: Store, *refs: UUID) -> list[datetime]:
    """The quarter-hours of these people, in order."""
    keys = {f"person:{ref}" for ref in refs}
    return sorted(one.quarter for one in await rows_of(store, QuarterHour) if one.resource in keys)


def hours(*begins: datetime, length: int = 3) -> list[datetime]:
    """All quarter-hours of so many hours from each of these times."""
    return [at + number * timedelta(minutes=15) for at in begins for number in range(4 * length)]


async def other_workshop(store: Store, sessions: Sequence[tuple[datetime, int]] = ONE, places: int = 3) -> Workshop:
    """With another facilitator, without the room."""
    async with store.work() as work:
        return await workshops.announce(
            work, centre="liege", area=None, title="CV", counsellor=TOM, room=None, seats=places, sessions=sessions
        )


async def accepts(store: Store, seat: Seat) -> Seat:
    async with store.work() as work:
        return await seats.accept(work, seat.id, answer=ANSWER_WITHIN)


async def changes(store: Store, workshop: Workshop, plan: workshop_changes.Plan, *, busy: bool = False) -> None:
    async with store.work() as work:
        row = await work.load(Workshop, workshop.id)
        await workshop_changes.change(work, row, plan, outside_usual_hours=True, participants_busy=busy)


async def test_who_has_a_seat_has_no_interview_during_a_session(store: Store, adult: Visitor) -> None:
    path = await take_path(store, adult)
    workshop = await announce(store)
    seat = await take(store, workshop, adult.subject_ref)
    assert await occupied(store, adult.subject_ref) == hours(*(at for at, _minutes in SESSIONS))
    for at, _minutes in SESSIONS:
        with pytest.raises(refusals.Overlap) as refused:
            await book(store, path, at + HOUR, counsellor=TOM, room=None)
        assert refused.value.about == "starts_at"
    later = await book(store, path, TUESDAY + 5 * HOUR, counsellor=TOM, room=None)
    with pytest.raises(refusals.Overlap):
        await change(store, later.id, guidance.move, counsellor=TOM, room=None, starts_at=TUESDAY, minutes=60)
    await give_back(store, workshop, seat)
    assert await occupied(store, adult.subject_ref) == hours(TUESDAY + 5 * HOUR, length=1)
    await change(store, later.id, guidance.move, counsellor=TOM, room=None, starts_at=TUESDAY + HOUR, minutes=60)


async def test_who_has_an_interview_or_a_seat_then_learns_which_before_taking_another(
    store: Store, adult: Visitor
) -> None:
    interview = await book(store, await take_path(store, adult), TUESDAY + HOUR, counsellor=TOM, room=None)
    workshop = await announce(store)
    with pytest.raises(refusals.OtherAppointment) as refused:
        await take(store, workshop, adult.subject_ref)
    assert refused.value.values["what"] == "interview"
    assert refused.value.values["at"] == TUESDAY + HOUR
    await change(store, interview.id, guidance.cancel, by=Side.VISITOR, reason="other")
    await take(store, workshop, adult.subject_ref)
    second = await other_workshop(store, [(TUESDAY + timedelta(days=7, hours=2), 60)])
    with pytest.raises(refusals.OtherAppointment) as refused:
        await take(store, second, adult.subject_ref)
    assert refused.value.values["what"] == "workshop"
    assert refused.value.values["at"] == TUESDAY + timedelta(days=7), "the session that is then, not the first one"


async def test_who_waits_is_free_until_they_accept(store: Store, adult: Visitor) -> None:
    workshop = await announce(store, places=1)
    (first,) = await people(store, 1)
    seat = await take(store, workshop, first)
    waiting = await take(store, workshop, adult.subject_ref, waitlist=True)
    assert await occupied(store, adult.subject_ref) == []
    interview = await book(store, await take_path(store, adult), TUESDAY + timedelta(days=7), counsellor=TOM, room=None)
    offered = await give_back(store, workshop, seat)
    assert offered is not None
    assert offered.id == waiting.id
    with pytest.raises(refusals.OtherAppointment):
        await accepts(store, waiting)
    await change(store, interview.id, guidance.cancel, by=Side.VISITOR, reason="other")
    assert (await accepts(store, waiting)).status == "taken"
    assert await occupied(store, adult.subject_ref) == hours(*(at for at, _minutes in SESSIONS))


async def test_what_began_occupies_nobody_new_and_stays_with_who_was_there(
    store: Store, adult: Visitor, clock: FixedClock
) -> None:
    workshop = await announce(store)
    seat = await take(store, workshop, adult.subject_ref)
    clock.now = TUESDAY + timedelta(days=1)
    (late,) = await people(store, 1)
    await take(store, workshop, late)
    assert await occupied(store, late) == hours(*(at for at, _minutes in SESSIONS[1:]))
    await record(store, workshop, 1, [seat])
    assert await occupied(store, adult.subject_ref) == hours(*(at for at, _minutes in SESSIONS))


async def test_a_cancelled_workshop_and_an_erased_person_occupy_nobody(store: Store) -> None:
    first, second = Visitor(), Visitor()
    await react(store, [first.registered(), second.registered()])
    workshop, other = await announce(store), await other_workshop(store, [(TUESDAY + 4 * HOUR, 60)])
    for one in (first, second):
        await take(store, workshop, one.subject_ref)
    await take(store, other, second.subject_ref)
    await react(store, [first.erased()])
    assert await occupied(store, first.subject_ref) == []
    async with store.work() as work:
        row = await work.load(Workshop, workshop.id)
        await workshops.cancel_workshop(work, row, reason=CancelReason.OTHER.value)
    assert await occupied(store, second.subject_ref) == hours(TUESDAY + 4 * HOUR, length=1)


async def test_a_session_that_moves_takes_its_participants_along(store: Store) -> None:
    workshop, refs = await announce(store), await people(store, 2)
    for one in refs:
        await take(store, workshop, one)
    plan = await plan_of(store, workshop)
    await changes(store, workshop, replace(plan, sessions=moved(plan, 1, HOUR).sessions[:2], facilitators=[TOM]))
    for one in refs:
        assert await occupied(store, one) == hours(TUESDAY, TUESDAY + timedelta(days=7, hours=1))
    plan = await plan_of(store, workshop)
    await changes(store, workshop, replace(plan, room="salle-1"))
    assert await occupied(store, *refs) == sorted(hours(TUESDAY, TUESDAY + timedelta(days=7, hours=1)) * 2)


async def test_the_team_is_asked_once_about_participants_who_have_something_else(store: Store, adult: Visitor) -> None:
    path = await take_path(store, adult)
    workshop, at = await announce(store, sessions=ONE), TUESDAY + timedelta(days=1)
    for one in [adult.subject_ref, *await people(store, 2)]:
        await take(store, workshop, one)
    interview = await book(store, path, at + HOUR, counsellor=TOM, room=None)
    plan = await plan_of(store, workshop)
    to = moved(plan, 0, timedelta(days=1))
    with pytest.raises(refusals.ParticipantsBusy) as refused:
        await changes(store, workshop, to)
    assert refused.value.values == {"people": 1}
    assert await plan_of(store, workshop) == plan
    await changes(store, workshop, to, busy=True)
    assert await occupied(store, adult.subject_ref) == hours(at, length=2)
    await changes(store, workshop, replace(await plan_of(store, workshop), room="salle-1"))  # it is not asked again
    await change(store, interview.id, guidance.cancel, by=Side.VISITOR, reason="other")
    assert await occupied(store, adult.subject_ref) == hours(at, length=1)


async def test_a_merged_persons_seat_occupies_both_references_until_they_are_separated(
    store: Store, adult: Visitor
) -> None:
    second = Visitor()
    await react(store, [second.registered()])
    path = await take_path(store, adult)
    await merged(store, second, adult)
    workshop = await announce(store, sessions=ONE)
    seat = await take(store, workshop, second.subject_ref)
    with pytest.raises(refusals.Overlap):
        await book(store, path, TUESDAY, counsellor=TOM, room=None)
    with pytest.raises(refusals.OtherAppointment):
        await take(store, await other_workshop(store), adult.subject_ref)
    later = await book(store, path, TUESDAY + 5 * HOUR, counsellor=TOM, room=None)
    for ref in (adult.subject_ref, second.subject_ref):
        assert await occupied(store, ref) == [*hours(TUESDAY, length=2), *hours(TUESDAY + 5 * HOUR, length=1)]
    await separated(store, second)
    assert await occupied(store, second.subject_ref) == hours(TUESDAY, length=2)
    assert await occupied(store, adult.subject_ref) == hours(TUESDAY + 5 * HOUR, length=1)
    await merged(store, second, adult)
    await change(store, later.id, guidance.cancel, by=Side.VISITOR, reason="other")
    await give_back(store, workshop, seat)
    assert await occupied(store, adult.subject_ref, second.subject_ref) == []


async def test_of_two_who_are_one_each_seat_is_freed_for_itself(store: Store, adult: Visitor) -> None:
    second = Visitor()
    await react(store, [second.registered()])
    workshop = await announce(store, sessions=ONE)
    first = await take(store, workshop, adult.subject_ref)
    await take(store, workshop, second.subject_ref)
    await merged(store, second, adult)
    await give_back(store, workshop, first)
    assert await occupied(store, adult.subject_ref) == []
    assert await occupied(store, second.subject_ref) == hours(TUESDAY, length=2)


async def test_an_alias_that_goes_on_to_another_person_leaves_the_first_one(store: Store, adult: Visitor) -> None:
    alias, third = Visitor(), Visitor()
    await react(store, [alias.registered(), third.registered()])
    await merged(store, alias, adult)
    await book(store, await take_path(store, alias), counsellor=TOM, room=None)
    assert await occupied(store, adult.subject_ref) == await occupied(store, alias.subject_ref) != []
    await merged(store, alias, third)
    assert await occupied(store, adult.subject_ref) == []
    assert await occupied(store, alias.subject_ref) == hours(TUESDAY + HOUR, length=1)


async def race(*wanted: Awaitable[Any]) -> list[Any]:
    """All at once; what they raise beside what they return."""
    return list(await asyncio.gather(*wanted, return_exceptions=True))


async def test_of_an_interview_and_a_seat_at_once_one_is_given(store: Store) -> None:
    workshop = await announce(store, places=20)
    known = [Visitor() for _ in range(6)]
    await react(store, [one.registered() for one in known], in_one_batch=True)
    paths = [await take_path(store, one) for one in known]
    wanted = [patiently(partial(take, store, workshop, one.subject_ref)) for one in known]
    booking = partial(book, counsellor=TOM, room=None)
    wanted += [
        patiently(partial(booking, store, path, TUESDAY + timedelta(days=7 * week, hours=hour)))
        for number, path in enumerate(paths)
        for week, hour in [divmod(number, 3)]
    ]
    answers = await race(*wanted)
    assert {type(one) for one in answers if isinstance(one, BaseException)} <= {
        refusals.Overlap,
        refusals.OtherAppointment,
    }
    given = [not isinstance(one, BaseException) for one in answers]
    assert [first + other for first, other in zip(given[:6], given[6:], strict=True)] == [1] * 6, answers


async def test_of_two_references_at_once_one_gets_the_time(store: Store, adult: Visitor) -> None:
    second = Visitor()
    await react(store, [second.registered()])
    paths = [await take_path(store, one) for one in (adult, second)]
    await merged(store, second, adult)
    for day in range(5):
        at = TUESDAY + timedelta(days=7 * day, hours=1)
        first, other = (
            patiently(partial(book, store, path, at, counsellor=counsellor, room=None))
            for path, counsellor in zip(paths, (NADIA, TOM), strict=True)
        )
        answers = await race(first, other)
        refused = [one for one in answers if isinstance(one, BaseException)]
        assert [type(one) for one in refused] == [refusals.Overlap], answers
        (made,) = [one for one in answers if not isinstance(one, BaseException)]
        await change(store, made.id, guidance.cancel, by=Side.VISITOR, reason="other")


async def test_fifty_people_take_their_seats_at_once(store: Store) -> None:
    async with store.work() as work:
        workshop = await workshops.announce(
            work, centre="liege", area=None, title="CV", counsellor=TOM, room=None, seats=40, sessions=SESSIONS
        )
    refs = await people(store, 50)
    answers = await race(*(patiently(partial(take, store, workshop, one)) for one in refs))
    assert [type(one) for one in answers if isinstance(one, BaseException)] == [refusals.WorkshopFull] * 10
    assert len(await occupied(store, *refs)) == 40 * 3 * 12
    plan = await plan_of(store, workshop)
    await changes(store, workshop, moved(plan, 0, HOUR))
    assert len(await occupied(store, *refs)) == 40 * 3 * 12
