"""Times that are held for who chose them, on both stores: against bookings, other holds, absences and time."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.chassis.refusals import Refused
from services.chassis.storage.store import Cause, Store
from services.chassis.testing import Client, FixedClock
from services.contracts.scheduling import Side
from services.scheduling.actions import booking_rules, guidance, holds
from services.scheduling.actions.booking_rules import RuleFacts
from services.scheduling.actions.next_times import Wanted, booking
from services.scheduling.domain import refusals
from services.scheduling.domain.holds import (
    HOLD,
    KEPT,
    LONGEST_HOLD,
    new_browser_token,
    owner_of_browser,
    owner_of_person,
)
from services.scheduling.domain.times import HORIZON
from services.scheduling.store import Interview, QuarterHour, SlotHold
from tests.givens.events import emitted_events
from tests.givens.rows import rows_of
from tests.givens.scheduling import LIEGE, NADIA, TOM, Visitor, react
from tests.scheduling.test_absences import enter, while_open
from tests.scheduling.test_guidance import TUESDAY, book, change, other_path, take_path
from tests.scheduling.test_own_appointments import NEXT_MONDAY
from tests.scheduling.test_working_hours import free, is_away, works

AMELIE, BRUNO = owner_of_browser("amelie"), owner_of_browser("bruno")


async def holds_time(
    store: Store, owner: str = AMELIE, at: datetime = TUESDAY, counsellor: str = NADIA, minutes: int = 60
) -> SlotHold:
    async with store.work() as work:
        return await holds.hold_slot(
            work, owner, centre=LIEGE, counsellor=counsellor, starts_at=at, minutes=minutes, area="find-job"
        )


async def books_held(store: Store, path: UUID, hold: UUID, owner: str = AMELIE) -> Interview:
    async with store.work() as work:
        return await holds.book_held(work, await holds.held_by(work, owner, hold), path, horizon=HORIZON)


async def quarters(store: Store, resource: str = f"counsellor:{NADIA}") -> list[datetime]:
    return sorted(one.quarter for one in await rows_of(store, QuarterHour) if one.resource == resource)


async def test_a_held_time_is_taken_for_everyone_else_at_once(store: Store, adult: Visitor, clock: FixedClock) -> None:
    held = await holds_time(store)
    offered = await free(store, clock)
    assert [time for time in ("09:00", "09:15", "10:45", "11:00") if time in offered] == ["09:00", "11:00"]
    assert "10:00" in await free(store, clock, besides=held.id)
    for act in (book(store, await take_path(store, adult)), holds_time(store, BRUNO)):
        with pytest.raises(refusals.Overlap) as refused:
            await act
        assert refused.value.about == "counsellor"
    await holds_time(store, BRUNO, counsellor=TOM)


async def test_a_hold_stops_nothing_from_the_moment_it_expires(store: Store, adult: Visitor, clock: FixedClock) -> None:
    await holds_time(store)
    clock.now += HOLD - timedelta(microseconds=1)
    path = await take_path(store, adult)
    with pytest.raises(refusals.Overlap):
        await book(store, path)
    clock.now += timedelta(microseconds=1)
    assert "10:00" in await free(store, clock)
    booked = await book(store, path)  # no job has run
    assert {one.holder for one in await rows_of(store, QuarterHour)} == {booked.id}


async def test_another_hold_takes_a_part_of_one_that_expired(store: Store, clock: FixedClock) -> None:
    await holds_time(store)
    clock.now += HOLD
    await holds_time(store, BRUNO, TUESDAY + timedelta(minutes=30))
    assert "10:00" not in await free(store, clock)
    assert "09:30" in await free(store, clock)


async def test_who_chooses_another_time_frees_the_one_before(store: Store, clock: FixedClock) -> None:
    first = await holds_time(store)
    second = await holds_time(store, at=TUESDAY + timedelta(minutes=15))
    assert first.id != second.id
    assert await quarters(store) == [TUESDAY + timedelta(minutes=15 * number) for number in (1, 2, 3, 4)]
    clock.now += timedelta(minutes=1)
    again = await holds_time(store, at=TUESDAY + timedelta(minutes=15))
    assert (again.id, again.expires_at) == (second.id, second.expires_at)  # a second press changes nothing
    (kept,) = await rows_of(store, SlotHold)
    assert (kept.id, kept.owner) == (second.id, AMELIE)


async def test_a_refused_choice_keeps_the_one_before(store: Store, clock: FixedClock) -> None:
    await holds_time(store)
    await holds_time(store, BRUNO, TUESDAY + timedelta(hours=1))
    with pytest.raises(refusals.Overlap):
        await holds_time(store, at=TUESDAY + timedelta(minutes=30))
    assert len(await quarters(store)) == 8
    async with store.work() as work:
        assert (await holds.held_by(work, AMELIE)).starts_at == TUESDAY


async def test_only_what_can_be_booked_is_held(store: Store) -> None:
    with pytest.raises(refusals.WrongLength):
        await holds_time(store, minutes=45)
    with pytest.raises(refusals.OutsideHours):
        await holds_time(store, at=TUESDAY + timedelta(hours=2))
    with pytest.raises(refusals.UnknownCounsellor):
        await holds_time(store, counsellor="nobody")
    await works(store, "13:00", "16:00")
    with pytest.raises(refusals.OutsideWorkingHours):
        await holds_time(store)
    async with store.work() as work:
        await booking_rules.set_rules(work, LIEGE, RuleFacts(horizon_days=1, notice_hours=48, visitor_notice_hours=24))
    for at, refusal in ((TUESDAY + timedelta(hours=4), refusals.TooSoon), (NEXT_MONDAY, refusals.TooFarAhead)):
        with pytest.raises(refusal):
            await holds_time(store, at=at)
    assert await rows_of(store, SlotHold) == []


async def test_booking_ends_the_hold_and_keeps_its_id(store: Store, adult: Visitor) -> None:
    held = await holds_time(store)
    path = await take_path(store, adult)
    booked = await books_held(store, path, held.id)
    assert (booked.id, booked.counsellor, booked.starts_at) == (held.id, NADIA, TUESDAY)
    assert await rows_of(store, SlotHold) == []
    assert len(await quarters(store)) == 4
    with pytest.raises(refusals.HoldOver):
        await books_held(store, path, held.id)
    async with store.work() as work:
        found = await holds.booked_from(work, held.id)
    assert found is not None
    assert found.path_id == path
    await change(store, booked.id, guidance.cancel, by=Side.VISITOR, reason="other")
    assert await quarters(store) == []


async def test_a_hold_that_expired_is_booked_while_nobody_else_has_the_time(
    store: Store, adult: Visitor, clock: FixedClock
) -> None:
    held = await holds_time(store)
    clock.now += HOLD + timedelta(minutes=10)
    path = await take_path(store, adult)
    await books_held(store, path, held.id)
    taken = await holds_time(store, at=TUESDAY + timedelta(hours=4))
    clock.now += HOLD
    await book(store, await other_path(store), TUESDAY + timedelta(hours=4), room="salle-2")
    with pytest.raises(refusals.Overlap):
        await books_held(store, path, taken.id)


async def test_nobody_books_the_hold_of_another_browser(store: Store, adult: Visitor) -> None:
    held = await holds_time(store)
    path = await take_path(store, adult)
    for owner, id in ((BRUNO, held.id), (AMELIE, uuid4())):
        with pytest.raises(refusals.HoldOver):
            await books_held(store, path, id, owner)
    assert await rows_of(store, Interview) == []


async def test_a_hold_is_prolonged_to_its_limit_and_never_shortened(store: Store, clock: FixedClock) -> None:
    made = await holds_time(store)

    async def prolongs(by: timedelta) -> datetime:
        async with store.work() as work:
            held = await holds.held_by(work, AMELIE, made.id)
            await holds.prolong(work, held, by)
            return held.expires_at

    assert await prolongs(timedelta(minutes=1)) == made.expires_at
    clock.now += timedelta(minutes=4)
    assert await prolongs(timedelta(minutes=10)) == clock.now + timedelta(minutes=10)
    clock.now += timedelta(minutes=9)
    assert await prolongs(LONGEST_HOLD) == made.made_at + LONGEST_HOLD
    clock.now = made.made_at + LONGEST_HOLD
    with pytest.raises(refusals.HoldOver):
        await prolongs(timedelta(minutes=1))
    assert "10:00" in await free(store, clock)


async def test_what_is_given_back_is_free(store: Store, clock: FixedClock) -> None:
    await holds_time(store)
    async with store.work() as work:
        await holds.give_back(work, BRUNO)
        await holds.give_back(work, AMELIE)
    assert await rows_of(store, QuarterHour) == []
    assert await rows_of(store, SlotHold) == []


async def test_an_absence_ends_the_holds_in_it(store: Store, clock: FixedClock) -> None:
    held = await holds_time(store)
    elsewhere = await holds_time(store, BRUNO, counsellor=TOM)
    await is_away(store)
    assert [one.id for one in await rows_of(store, SlotHold)] == [elsewhere.id]
    assert len(await quarters(store)) == 12
    async with store.work() as work:
        with pytest.raises(refusals.HoldOver):
            await holds.held_by(work, AMELIE, held.id)
    with pytest.raises(refusals.CounsellorAway):
        await holds_time(store)


async def test_an_absence_that_is_entered_while_a_time_is_held_has_it(store: Store, clock: FixedClock) -> None:
    async def chooses(work: Any) -> None:
        await holds.hold_slot(work, AMELIE, centre=LIEGE, counsellor=NADIA, starts_at=TUESDAY, minutes=60)

    assert not isinstance(await while_open(store, chooses, enter(store, uuid4())), Exception)
    assert await rows_of(store, SlotHold) == []
    clock.now += HOLD
    assert "10:00" not in await free(store, clock)


async def test_two_tabs_of_one_browser_at_once_hold_one_time(store: Store) -> None:
    times = [TUESDAY + timedelta(hours=hour) for hour in (-1, 0, 1, 4)]
    await asyncio.gather(*(holds_time(store, at=at) for at in times))
    (kept,) = await rows_of(store, SlotHold)
    assert await quarters(store) == [kept.starts_at + timedelta(minutes=15 * number) for number in range(4)]


async def test_of_many_browsers_one_holds_the_time_and_one_press_of_two_books_it(store: Store, adult: Visitor) -> None:
    owners = [owner_of_browser(new_browser_token()) for _ in range(20)]
    answers = await asyncio.gather(*(holds_time(store, owner) for owner in owners), return_exceptions=True)
    (held,) = [one for one in answers if isinstance(one, SlotHold)]
    assert {type(one) for one in answers if one is not held} == {refusals.Overlap}
    assert len(await rows_of(store, SlotHold)) == 1
    path = await take_path(store, adult)
    presses = (books_held(store, path, held.id, held.owner) for _ in range(4))
    pressed = await asyncio.gather(*presses, return_exceptions=True)
    assert sum(isinstance(one, Interview) for one in pressed) == 1
    assert {type(one) for one in pressed if not isinstance(one, Interview)} == {refusals.HoldOver}
    assert len(await rows_of(store, Interview)) == 1


async def test_who_comes_second_reads_the_next_three_free_times(desk: Client, clock: FixedClock) -> None:
    await holds_time(desk.store)

    async def choose() -> None:
        async with booking(desk.runtime, Cause(), HORIZON) as made:
            made.wanted = Wanted(LIEGE, NADIA, None, TUESDAY, 60, None)
            await holds.hold_slot(made.work, BRUNO, centre=LIEGE, counsellor=NADIA, starts_at=TUESDAY, minutes=60)

    with pytest.raises(refusals.Overlap) as refused:
        await choose()
    offered = refused.value.values["next_free"]
    assert [(one.counsellor, one.starts_at) for one in offered] == [
        (NADIA, TUESDAY + timedelta(hours=1)),
        (NADIA, TUESDAY + timedelta(hours=3)),
        (NADIA, TUESDAY + timedelta(hours=3, minutes=15)),
    ]


async def test_the_job_deletes_what_is_long_over_and_nothing_else(store: Store, clock: FixedClock) -> None:
    await holds_time(store)
    clock.now += KEPT
    later = await holds_time(store, BRUNO, TUESDAY + timedelta(hours=4))
    clock.now += HOLD
    await holds.delete_expired(store)
    assert len(await rows_of(store, SlotHold)) == 2
    clock.now += timedelta(seconds=1)
    await holds.delete_expired(store)
    assert [one.id for one in await rows_of(store, SlotHold)] == [later.id]
    assert {one.holder for one in await rows_of(store, QuarterHour)} == {later.id}


async def test_an_erased_visitor_holds_nothing(store: Store, adult: Visitor) -> None:
    await holds_time(store, owner_of_person(adult.subject_ref))
    await react(store, [adult.erased()])
    assert await rows_of(store, SlotHold) == []
    assert await rows_of(store, QuarterHour) == []


async def test_nothing_of_a_hold_is_published_or_names_its_owner(store: Store) -> None:
    token = new_browser_token()
    held = await holds_time(store, owner_of_browser(token))
    assert token not in str(held.model_dump())
    assert len(held.owner) == 64
    assert await emitted_events(store) == []
    with pytest.raises(Refused):
        await holds_time(store, BRUNO)
