"""The booking rules of a centre: how far ahead, and until how long before, interviews are booked."""

import asyncio
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.chassis.refusals import Stale, UnknownCentre
from services.chassis.runtime.clock import BRUSSELS
from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.contracts.scheduling import InterviewHeld
from services.scheduling.actions import availability, guidance, holds, own
from services.scheduling.actions.booking_rules import RuleFacts, set_rules
from services.scheduling.domain import refusals
from services.scheduling.store import Centre, CentreRules
from services.scheduling.store.slots import Search, free_times
from tests.doors.doors import MANAGER
from tests.givens.events import emitted_events
from tests.givens.rows import rows_of
from tests.givens.scheduling import COUNSELLOR, LIEGE, NADIA, TOM, Visitor, liege, react
from tests.scheduling.test_guidance import TUESDAY, book, change, other_path, take_path
from tests.scheduling.test_pages import press, see

API = "/scheduling/api/v1/booking-rules/liege"
PAGE = "/rules/liege"
OF_LIEGE = MANAGER.model_copy(update={"centres": frozenset({LIEGE})})
MONS = "mons"
DAY = timedelta(days=1)
YEAR = timedelta(days=365)


async def rule(
    store: Store,
    days: int = 365,
    notice: int = 0,
    visitors: int = 24,
    centre: str = LIEGE,
    version: int | None = None,
    pause: int = 0,
) -> CentreRules:
    facts = RuleFacts(horizon_days=days, notice_hours=notice, visitor_notice_hours=visitors, pause_minutes=pause)
    async with store.work() as work:
        return await set_rules(work, centre, facts, version)


async def free_days(store: Store, clock: FixedClock, centre: str = LIEGE, horizon: timedelta = YEAR) -> set[date]:
    today = clock.now.date()
    search = Search(today, today + 20 * DAY, 60, clock.now, horizon)
    async with store.read() as session:
        found = await free_times(
            session, [await session.get_one(Centre, one) for one in {LIEGE, centre}], [(NADIA, centre)], search
        )
    return {at.date() for at in found.starts()}


async def test_free_times_lie_between_the_notice_and_the_horizon_of_their_centre(
    store: Store, clock: FixedClock
) -> None:
    await react(store, [liege(code=MONS)])
    today = clock.now.date()
    assert {today, today + 18 * DAY} <= await free_days(store, clock)
    await rule(store, days=3, notice=24)
    assert await free_days(store, clock) == {today + DAY, today + 2 * DAY, today + 3 * DAY}
    assert max(await free_days(store, clock, horizon=2 * DAY)) == today + 2 * DAY, "the setting is the most"
    assert {today, today + 18 * DAY} <= await free_days(store, clock, MONS)


async def test_what_the_rules_do_not_allow_is_refused(store: Store, adult: Visitor, clock: FixedClock) -> None:
    path = await take_path(store, adult)
    late = (TUESDAY - clock.now) // timedelta(hours=1) + 1
    await rule(store, notice=late)
    with pytest.raises(refusals.TooSoon) as soon:
        await book(store, path)
    assert soon.value.values["at"] == clock.now + timedelta(hours=late)
    await rule(store, notice=late - 1, days=1)
    booked = await book(store, path)
    with pytest.raises(refusals.TooFarAhead):
        await book(store, path, TUESDAY + DAY)
    with pytest.raises(refusals.TooFarAhead):
        await change(store, booked.id, guidance.move, **(_there(booked) | {"starts_at": TUESDAY + DAY}))


def _there(booked: Any) -> dict[str, Any]:
    return {"counsellor": NADIA, "room": "salle-1", "starts_at": booked.starts_at, "minutes": 60}


async def test_what_is_booked_stays_and_can_change_its_room(store: Store, adult: Visitor) -> None:
    booked = await book(store, await take_path(store, adult), TUESDAY + 7 * DAY)
    await rule(store, days=1, notice=336)
    await change(store, booked.id, guidance.move, **(_there(booked) | {"room": "salle-2"}))
    with pytest.raises(refusals.TooSoon):
        await change(store, booked.id, guidance.move, **(_there(booked) | {"starts_at": TUESDAY}))


async def test_a_colleague_takes_over_what_has_begun_until_the_end_of_its_day(
    store: Store, adult: Visitor, clock: FixedClock
) -> None:
    """At the same time, also in another room; at another time that is over, nobody can."""
    booked = await book(store, await take_path(store, adult))
    there = {**_there(booked), "counsellor": TOM, "room": "salle-2"}
    clock.now = TUESDAY + timedelta(minutes=5)
    with pytest.raises(refusals.NotInFuture):
        await change(store, booked.id, guidance.move, **there | {"starts_at": TUESDAY - timedelta(hours=1)})
    with pytest.raises(refusals.NotInFuture):
        await change(store, booked.id, guidance.move, **there | {"minutes": 120})
    await change(store, booked.id, guidance.move, **there)
    await change(store, booked.id, guidance.hold)
    (held,) = await emitted_events(store, InterviewHeld)
    assert (held.counsellor, held.starts_at, held.minutes) == (TOM, TUESDAY, 60)
    late = await book(store, await other_path(store), TUESDAY + DAY)
    clock.now = TUESDAY + 2 * DAY
    with pytest.raises(refusals.NotInFuture):
        await change(store, late.id, guidance.move, **_there(late) | {"counsellor": TOM})


async def test_visitors_keep_the_notice_of_the_centre(store: Store, adult: Visitor) -> None:
    refs = {adult.subject_ref}
    booked = await book(store, await take_path(store, adult), TUESDAY + 7 * DAY)

    async def moves() -> None:
        at = booked.starts_at + timedelta(hours=1)
        async with store.work() as work:
            await own.move(work, booked.id, refs, starts_at=at, notice=DAY, horizon=YEAR, seen=booked.starts_at)

    async def cancels() -> None:
        async with store.work() as work:
            await own.cancel(work, booked.id, refs, reason=None, notice=DAY, seen=booked.starts_at)

    await rule(store, visitors=336)
    for act in (moves, cancels):
        with pytest.raises(refusals.TooLateOnline):
            await act()
    await rule(store, notice=336)
    with pytest.raises(refusals.TooSoon):
        await moves()
    await cancels()


async def test_two_who_change_the_rules_do_not_overwrite_each_other(store: Store) -> None:
    answers = await asyncio.gather(*(rule(store, days=n, version=0) for n in (10, 20)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in answers) == ["CentreRules", "Stale"]
    (row,) = await rows_of(store, CentreRules)
    assert row.version == 1
    await rule(store, days=30, version=1)
    await rule(store, days=30, version=2)  # the same again
    (row,) = await rows_of(store, CentreRules)
    assert (row.horizon_days, row.version) == (30, 2)
    with pytest.raises(Stale):
        await rule(store, version=1)
    with pytest.raises(UnknownCentre):
        await rule(store, centre="nowhere")


async def test_the_api_answers_the_settings_until_rules_are_set(desk: Client) -> None:
    usual: dict[str, Any] = {"horizon_days": 365, "notice_hours": 0, "visitor_notice_hours": 24, "video_address": None}
    usual |= {"centre": LIEGE, "version": 0, "public": False, "pause_minutes": 0}
    assert (await desk.get(API)).json() == usual
    desk.signed_in(OF_LIEGE)
    body: dict[str, Any] = {"horizon_days": 60, "notice_hours": 2, "visitor_notice_hours": 48, "video_address": None}
    body["pause_minutes"] = 15
    answer = await desk.put(API, json=body | {"version": 0})
    assert answer.json() == body | {"centre": LIEGE, "version": 1, "public": False}
    assert (await desk.put(API, json=body | {"version": 0})).status_code == 409
    assert (await desk.put(API, json=body | {"horizon_days": 0})).status_code == 422
    assert (await desk.get(API)).json()["horizon_days"] == 60


async def test_a_manager_sets_the_rules_and_the_desk_books_by_them(desk: Client, known: Visitor) -> None:
    desk.signed_in(OF_LIEGE)
    assert 'name="visitor_notice_hours" type="number" value="24"' in await see(desk, PAGE)
    form: dict[str, Any] = {"horizon_days": "1", "notice_hours": "2", "visitor_notice_hours": "48", "version": "0"}
    wrong = await press(desk, PAGE, 422, **(form | {"horizon_days": "0"}))
    assert 'id="horizon_days-error"' in wrong
    assert "Les règles des rendez-vous sont enregistrées." in await press(desk, PAGE, **form)
    assert 'name="version" value="1"' in await press(desk, PAGE, 422, **form), "an older page"
    desk.signed_in(COUNSELLOR)
    wanted: dict[str, Any] = {"person": str(known.subject_ref), "time": "10:00", "minutes": "60", "counsellor": NADIA}
    refused = await press(desk, "/interviews/new", 422, date="2026-03-04", **wanted)
    assert 'id="date-error"' in refused
    assert (await press(desk, "/interviews/new", date="2026-03-03", **wanted)).startswith("/scheduling/interviews/")


BOOKED: tuple[list[tuple[datetime, int]], ...] = (
    [],
    [(TUESDAY, 60)],
    [(TUESDAY, 60), (TUESDAY + timedelta(hours=4), 60)],
    [(TUESDAY - timedelta(hours=1), 60), (TUESDAY + timedelta(hours=4, minutes=30), 120)],
)


@pytest.mark.parametrize("pause", [0, 15, 20, 60])
@pytest.mark.parametrize("booked", BOOKED, ids=len)
async def test_the_times_that_are_proposed_leave_the_pause(
    store: Store, adult: Visitor, clock: FixedClock, booked: list[tuple[datetime, int]], pause: int
) -> None:
    """On both sides of each appointment, and neither of an absence nor of the opening hours."""
    path = await take_path(store, adult)
    for at, minutes in booked:
        await book(store, path, at, minutes)
    absent = TUESDAY + timedelta(hours=2), TUESDAY + timedelta(hours=3)
    async with store.work() as work:
        await availability.add_absence(work, uuid4(), NADIA, *absent, BRUSSELS)
    await rule(store, pause=pause)
    hour, opens = timedelta(hours=1), TUESDAY - timedelta(hours=1)
    least = timedelta(minutes=-(-pause // 15) * 15)
    free = [
        at
        for at in (opens + timedelta(minutes=15) * number for number in range(27))
        if at + hour <= opens + 3 * hour or (opens + 4 * hour <= at and at + hour <= opens + timedelta(hours=7.5))
        if at + hour <= absent[0] or at >= absent[1]
        if all(at + hour + least <= one or at >= one + timedelta(minutes=long) + least for one, long in booked)
    ]
    search = Search(TUESDAY.date(), TUESDAY.date(), 60, clock.now, YEAR)
    async with store.read() as session:
        found = await free_times(session, [await session.get_one(Centre, LIEGE)], [(NADIA, LIEGE)], search)
    assert found.starts() == free


async def test_who_chooses_leaves_the_pause_and_the_team_may_book_without(
    store: Store, adult: Visitor, clock: FixedClock
) -> None:
    await rule(store, pause=30)
    path, one = await take_path(store, adult), TUESDAY + timedelta(hours=3)
    booked = await book(store, path, one)

    def after(minutes: int) -> datetime:
        return one + timedelta(minutes=minutes)

    async def holds_at(at: datetime, owner: str = "one") -> None:
        async with store.work() as work:
            await holds.hold_slot(work, owner, centre=LIEGE, counsellor=NADIA, starts_at=at, minutes=60)

    async def moves(at: datetime) -> None:
        rules: dict[str, Any] = {"notice": timedelta(), "horizon": YEAR}
        async with store.work() as work:
            await own.move(work, booked.id, {adult.subject_ref}, starts_at=at, seen=one, **rules)

    for refused in (after(60), after(75)):
        with pytest.raises(refusals.Overlap):
            await holds_at(refused)
    await holds_at(after(90))
    await holds_at(after(135))  # what the owner held before gives up its time
    with pytest.raises(refusals.Overlap):
        await holds_at(after(90), "another")
    with pytest.raises(refusals.Overlap):
        await moves(after(60))
    await moves(after(15))  # beside its own time
    await book(store, await other_path(store), after(75))
