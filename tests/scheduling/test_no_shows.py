"""No-shows that were recorded by mistake, or of visitors who came late, are undone; on both stores."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.chassis.refusals import Stale
from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.contracts.appointments import AppointmentMode
from services.contracts.scheduling import InterviewHeld, InterviewRestated
from services.scheduling.actions import guidance, no_shows, paths
from services.scheduling.domain import refusals
from services.scheduling.domain.arrangement import Arrangement
from services.scheduling.domain.rules import NO_SHOW_UNDONE_WITHIN
from services.scheduling.store import Interview
from tests.givens.events import emitted_events
from tests.givens.rows import rows_of
from tests.givens.scheduling import NADIA, TOM, Visitor, react
from tests.scheduling.test_guidance import TUESDAY, book, change, take_path
from tests.scheduling.test_modes import book as book_by
from tests.scheduling.test_pages import press, see

PHONE = Arrangement(AppointmentMode.TELEPHONE, "ar")
DAY = timedelta(days=1)


async def missed(store: Store, clock: FixedClock, path: UUID) -> Interview:
    booked = await book_by(store, path, PHONE)
    clock.now = TUESDAY
    await change(store, booked.id, no_shows.miss)
    return booked


async def test_a_no_show_is_undone_once_and_the_interview_can_be_held(
    store: Store, adult: Visitor, clock: FixedClock
) -> None:
    booked = await missed(store, clock, await take_path(store, adult))
    clock.now = TUESDAY + NO_SHOW_UNDONE_WITHIN
    for _ in range(2):
        await change(store, booked.id, no_shows.undo_miss)
    (row,) = await rows_of(store, Interview)
    assert (row.status, row.counted_as, row.arrangement) == ("booked", 1, PHONE)
    (restated,) = await emitted_events(store, InterviewRestated)
    assert (restated.interview_id, restated.subject_ref, restated.mode) == (row.id, adult.subject_ref, PHONE.mode)
    await change(store, booked.id, guidance.hold)
    assert [one.number for one in await emitted_events(store, InterviewHeld)] == [1]


async def test_its_time_stays_reserved_meanwhile(store: Store, adult: Visitor, clock: FixedClock) -> None:
    path = await take_path(store, adult)
    await missed(store, clock, path)
    clock.now = TUESDAY - timedelta(minutes=30)
    with pytest.raises(refusals.Overlap):
        await book(store, path, counsellor=NADIA, room=None)


async def test_after_seven_days_a_no_show_stays(store: Store, adult: Visitor, clock: FixedClock) -> None:
    booked = await missed(store, clock, await take_path(store, adult))
    clock.now = TUESDAY + NO_SHOW_UNDONE_WITHIN + timedelta(minutes=1)
    with pytest.raises(refusals.NoShowStays):
        await change(store, booked.id, no_shows.undo_miss)


@pytest.mark.parametrize("recorded", [True, False])
async def test_the_interpreter_is_forgotten_seven_days_after_what_did_not_take_place(
    store: Store, adult: Visitor, clock: FixedClock, recorded: bool
) -> None:
    booked = await missed(store, clock, await take_path(store, adult))
    if not recorded:
        await change(store, booked.id, no_shows.undo_miss)
    for after, language in ((NO_SHOW_UNDONE_WITHIN, "ar"), (NO_SHOW_UNDONE_WITHIN + timedelta(minutes=1), None)):
        clock.now = TUESDAY + after
        await no_shows.delete_interpreters(store)
        assert [one.interpreter_language for one in await rows_of(store, Interview)] == [language]


async def test_only_a_no_show_of_this_version_is_undone(store: Store, adult: Visitor, clock: FixedClock) -> None:
    booked = await missed(store, clock, await take_path(store, adult))
    with pytest.raises(Stale):
        await change(store, booked.id, no_shows.undo_miss, version=1)
    await change(store, booked.id, no_shows.undo_miss)
    await change(store, booked.id, guidance.hold)
    with pytest.raises(refusals.NotBooked):
        await change(store, booked.id, no_shows.undo_miss)


async def test_a_path_that_is_full_meanwhile_takes_it_no_more(desk: Client, known: Visitor, clock: FixedClock) -> None:
    path = await take_path(desk.store, known)
    booked = await missed(desk.store, clock, path)
    for day in (1, 2, 3, 6):
        await book(desk.store, path, TUESDAY + day * DAY, counsellor=TOM, room=None)
    with pytest.raises(refusals.FifthInterview):
        await change(desk.store, booked.id, no_shows.undo_miss)
    assert "undo-missed" not in await see(desk, f"/interviews/{booked.id}")
    assert await emitted_events(desk.store, InterviewRestated) == []


async def test_what_took_place_is_recorded_after_the_plan_is_confirmed_and_the_consent_withdrawn(
    desk: Client, known: Visitor, clock: FixedClock
) -> None:
    path = await take_path(desk.store, known)
    booked = await missed(desk.store, clock, path)
    async with desk.store.work() as work:
        await paths.plan_confirmed(work, path, clock.now)
    await react(desk.store, [known.withdraws("guidance")])
    page = f"/interviews/{booked.id}"
    assert f"{page}/undo-missed" in await see(desk, page)
    await press(desk, f"{page}/undo-missed", version="2")
    await change(desk.store, booked.id, guidance.hold)
    assert [one.interview_id for one in await emitted_events(desk.store, InterviewHeld)] == [booked.id]


async def test_the_page_offers_to_undo_it_and_so_does_the_api(desk: Client, known: Visitor, clock: FixedClock) -> None:
    booked = await missed(desk.store, clock, await take_path(desk.store, known))
    page = f"/interviews/{booked.id}"
    assert f"{page}/undo-missed" in await see(desk, page)
    done = await press(desk, f"{page}/undo-missed", version="2")
    assert "de nouveau fixé" in done
    assert f"{page}/undo-missed" not in await see(desk, page)
    await press(desk, f"{page}/missed", version="3")
    again = await desk.post(f"/scheduling/api/v1{page}/undo-missed", json={})
    assert again.json()["status"] == "booked"
    await press(desk, f"{page}/missed", version=str(again.json()["version"]))
    clock.now = TUESDAY + NO_SHOW_UNDONE_WITHIN + DAY
    assert f"{page}/undo-missed" not in await see(desk, page)


@pytest.mark.parametrize(
    ("came", "ended", "counts"),
    [(-120, -60, False), (-120, 5, True), (-120, None, True), (-20, -5, True), (15, 40, True), (180, 200, False)],
)
async def test_only_a_visit_around_the_appointment_is_an_arrival_for_it(
    store: Store, adult: Visitor, clock: FixedClock, came: int, ended: int | None, counts: bool
) -> None:
    """Minutes from the start of the appointment: who came as a walk-in in the morning may miss it in the afternoon."""
    booked = await book(store, await take_path(store, adult))
    at = TUESDAY + timedelta(minutes=came)
    await react(store, [adult.checks_in(at), adult.is_identified(at)])
    if ended is not None:
        await react(store, [adult.is_served(TUESDAY + timedelta(minutes=ended))])
    clock.now = TUESDAY + timedelta(hours=5)
    if counts:
        with pytest.raises(refusals.VisitorIsHere):
            await change(store, booked.id, no_shows.miss)
    else:
        await change(store, booked.id, no_shows.miss)
    assert (await rows_of(store, Interview))[0].status == ("booked" if counts else "noshow")
