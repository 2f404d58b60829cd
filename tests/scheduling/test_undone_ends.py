"""The end of an interview with an appointment is undone for ten minutes: it goes on, or is booked as it was."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlmodel import col

from services.chassis.runtime.clock import BRUSSELS
from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.contracts.appointments import AppointmentMode
from services.contracts.interviews import InterviewResumed
from services.contracts.outcomes import InterviewOutcome
from services.contracts.scheduling import InterviewHeld, InterviewRestated, Side
from services.scheduling.actions import (
    arrivals,
    availability,
    guidance,
    holds,
    information,
    no_shows,
    resuming,
    stopping,
)
from services.scheduling.actions.erasure import erase_subject
from services.scheduling.domain import refusals
from services.scheduling.domain.arrangement import Arrangement
from services.scheduling.domain.earlier import WishEnd
from services.scheduling.domain.holds import KEPT
from services.scheduling.domain.outcomes import UNDONE_WITHIN, Result
from services.scheduling.domain.times import quarters
from services.scheduling.store import Interview, QuarterHour, SlotHold, Waiting
from services.scheduling.store.interviews import held_and_booked
from tests.givens.events import emitted_events
from tests.givens.rows import all_rows, rows_of
from tests.givens.scheduling import NADIA, TOM, Visitor, react
from tests.scheduling.test_arrivals import ARRIVED_AT, arrives
from tests.scheduling.test_earlier import asks, job_runs, leaves, wednesday, wish_of
from tests.scheduling.test_guidance import TUESDAY, book, change, other_path, take_path
from tests.scheduling.test_modes import book as book_by
from tests.scheduling.test_outcomes import press

GUIDED = Result("find-job", InterviewOutcome(next_step="guidance-path"))
ENDED = TUESDAY + timedelta(hours=1)


@pytest.fixture
async def path(store: Store, adult: Visitor) -> UUID:
    return await take_path(store, adult)


async def row(store: Store, id: UUID) -> Interview:
    async with store.read() as session:
        return await session.get_one(Interview, id)


async def reserved(store: Store, id: UUID) -> set[datetime]:
    async with store.read() as session:
        return set(await session.scalars(sa.select(col(QuarterHour.quarter)).where(col(QuarterHour.holder) == id)))


async def test_what_began_early_ends_although_something_else_was_just_before(
    store: Store, adult: Visitor, path: UUID, clock: FixedClock
) -> None:
    before = (await book(store, await other_path(store), TUESDAY - timedelta(hours=1))).id
    interview = (await book(store, path)).id
    await arrives(store, clock, adult, interview)
    await change(store, interview, arrivals.receive)
    began, clock.now = clock.now, clock.now + timedelta(minutes=2)
    assert began < TUESDAY - timedelta(minutes=2)
    await change(store, interview, guidance.hold)
    now = await row(store, interview)
    assert (now.status, now.booked_for, now.starts_at) == ("fulfilled", TUESDAY, quarters(began, 1)[0])
    assert (await reserved(store, interview), now.starts_at in await reserved(store, before)) == ({now.starts_at}, True)
    await change(store, interview, resuming.resume)
    assert (await row(store, interview)).starts_at == TUESDAY
    assert await reserved(store, interview) == set(quarters(TUESDAY, 60))


async def test_it_goes_on_with_its_visitor_and_is_held_again(
    store: Store, adult: Visitor, path: UUID, clock: FixedClock
) -> None:
    interview = (await book(store, path)).id
    await arrives(store, clock, adult, interview)
    await change(store, interview, arrivals.receive)
    clock.now = ENDED
    await change(store, interview, guidance.hold, result=GUIDED)
    clock.now = ENDED + UNDONE_WITHIN - timedelta(seconds=1)
    await change(store, interview, resuming.resume)
    now = await row(store, interview)
    assert (now.status, now.number, now.counted_as, now.outcome, now.ended_at) == ("booked", None, 1, None, None)
    assert now.started_at is not None
    async with store.read() as session:
        assert await held_and_booked(session, path) == (0, 1)
        assert (await session.get_one(Waiting, adult.visit_id)).interview_id == interview
    (resumed,) = await emitted_events(store, InterviewResumed)
    assert (resumed.path_id, resumed.area, resumed.outcome) == (path, "find-job", GUIDED.outcome)
    (restated,) = await emitted_events(store, InterviewRestated)
    assert (restated.visit_id, restated.arrived_at) == (adult.visit_id, ARRIVED_AT)
    before = await all_rows(store)
    await change(store, interview, resuming.resume)
    assert await all_rows(store) == before, "undone again, nothing changes"
    await change(store, interview, guidance.hold)
    first, again = await emitted_events(store, InterviewHeld)
    assert (first.number, again.number, again.outcome) == (1, 1, None)


async def test_without_its_visitor_it_is_booked_and_what_was_booked_since_stays(
    store: Store, path: UUID, clock: FixedClock
) -> None:
    interview = (await book(store, path)).id
    clock.now = ENDED
    await change(store, interview, guidance.hold)
    following = (await book(store, path, TUESDAY + timedelta(days=14))).id
    await change(store, interview, resuming.resume)
    assert len(await reserved(store, interview)) == 4
    await change(store, interview, no_shows.miss)
    clock.now = TUESDAY + timedelta(days=14, hours=1)
    await change(store, following, guidance.hold)
    assert (await row(store, following)).number == 1
    async with store.read() as session:
        assert await held_and_booked(session, path) == (1, 0)


async def test_held_early_it_is_back_at_its_time_which_nobody_gets_meanwhile(
    store: Store, path: UUID, clock: FixedClock
) -> None:
    interview = (await book(store, path)).id
    times = await reserved(store, interview)
    clock.now = TUESDAY - timedelta(hours=2)
    await change(store, interview, guidance.hold)
    assert await reserved(store, interview) != times
    (held,) = await emitted_events(store, InterviewHeld)
    await change(store, interview, resuming.resume)
    now = await row(store, interview)
    assert (now.starts_at, now.room, await reserved(store, interview)) == (TUESDAY, "salle-1", times)
    (resumed,) = await emitted_events(store, InterviewResumed)
    assert resumed.starts_at == held.starts_at, "it is taken back on the day on which it counted"
    (restated,) = await emitted_events(store, InterviewRestated)
    assert restated.starts_at == TUESDAY
    await change(store, interview, guidance.hold)
    another = await other_path(store)
    clock.now += UNDONE_WITHIN - timedelta(seconds=1)
    for counsellor, room in ((NADIA, None), (TOM, "salle-1")):
        with pytest.raises(refusals.Overlap):
            await book(store, another, counsellor=counsellor, room=room)
    await change(store, interview, resuming.resume)
    assert await reserved(store, interview) == times


async def test_after_ten_minutes_the_time_of_what_was_held_early_is_anybodys(
    store: Store, path: UUID, clock: FixedClock
) -> None:
    interview = (await book(store, path)).id
    clock.now = TUESDAY - timedelta(hours=2)
    await change(store, interview, guidance.hold)
    clock.now += UNDONE_WITHIN
    await book(store, await other_path(store))
    with pytest.raises(refusals.TooLateToUndo):
        await change(store, interview, resuming.resume)
    clock.now += KEPT + timedelta(seconds=1)
    await holds.delete_expired(store)
    assert await rows_of(store, SlotHold) == []


async def test_an_absence_that_was_entered_meanwhile_is_no_reason_against_it(
    store: Store, path: UUID, clock: FixedClock
) -> None:
    interview = (await book(store, path)).id
    times = await reserved(store, interview)
    clock.now = TUESDAY - timedelta(hours=2)
    await change(store, interview, guidance.hold)
    async with store.work() as work:
        await availability.add_absence(work, uuid4(), NADIA, TUESDAY, TUESDAY + timedelta(days=1), BRUSSELS)
    await change(store, interview, resuming.resume)
    assert await reserved(store, interview) == times
    await change(store, interview, guidance.cancel, by=Side.CENTRE, reason="counsellor-away")
    with pytest.raises(refusals.CounsellorAway):
        await book(store, await other_path(store))


async def test_without_consent_it_is_not_booked_for_later_again(
    store: Store, adult: Visitor, path: UUID, clock: FixedClock
) -> None:
    interview = (await book(store, path)).id
    clock.now = TUESDAY - timedelta(minutes=5)
    await change(store, interview, guidance.hold)
    await react(store, [adult.withdraws("guidance")])
    before = await all_rows(store)
    with pytest.raises(refusals.ConsentMissing):
        await change(store, interview, resuming.resume)
    assert await all_rows(store) == before
    clock.now = TUESDAY
    await change(store, interview, resuming.resume)
    assert (await row(store, interview)).status == "booked", "its time has come: it is missed, or held"


@pytest.mark.parametrize("left", [False, True])
async def test_held_early_it_keeps_its_interpreter_and_its_place_on_the_list(
    store: Store, path: UUID, clock: FixedClock, left: bool
) -> None:
    async with store.work() as work:
        arabic = Arrangement(AppointmentMode.IN_PERSON, "ar")
        booked = await guidance.book(
            work, path, counsellor=NADIA, room=None, starts_at=wednesday(2), minutes=60, arrangement=arabic
        )
    asked = (await asks(store, booked.id)).asked_at
    clock.forward(minutes=5)
    if left:
        await leaves(store, booked.id)
    await change(store, booked.id, guidance.hold)
    clock.now += UNDONE_WITHIN - timedelta(seconds=1)
    await job_runs(store)
    await no_shows.delete_interpreters(store)
    assert (await wish_of(store, booked.id)).ended_because == (WishEnd.LEFT if left else WishEnd.OVER)
    await change(store, booked.id, resuming.resume)
    wish, now = await wish_of(store, booked.id), await row(store, booked.id)
    assert (now.status, now.starts_at, now.interpreter_language) == ("booked", wednesday(2), "ar")
    assert (wish.asked_at, wish.ended_because) == (asked, WishEnd.LEFT if left else None)
    await job_runs(store)
    assert (await wish_of(store, booked.id)).ended_because == wish.ended_because


async def test_its_interpreter_is_forgotten_once_it_stays_held(store: Store, path: UUID, clock: FixedClock) -> None:
    interview = (await book_by(store, path, Arrangement(AppointmentMode.TELEPHONE, "ar"))).id
    clock.now = ENDED
    await change(store, interview, guidance.hold)
    for after, language in ((UNDONE_WITHIN - timedelta(seconds=1), "ar"), (UNDONE_WITHIN, None)):
        clock.now = ENDED + after
        await no_shows.delete_interpreters(store)
        assert (await row(store, interview)).interpreter_language == language


async def test_after_ten_minutes_and_on_a_closed_path_it_stays_held(
    store: Store, adult: Visitor, path: UUID, clock: FixedClock
) -> None:
    interview = (await book(store, path)).id
    clock.now = ENDED
    await change(store, interview, guidance.hold)
    clock.now = ENDED + UNDONE_WITHIN
    with pytest.raises(refusals.TooLateToUndo):
        await change(store, interview, resuming.resume)
    clock.now = ENDED
    async with store.work() as work:
        await stopping.give_up(work, path)
    with pytest.raises(refusals.HeldOnClosedPath):
        await change(store, interview, resuming.resume)
    async with store.work() as work:
        await erase_subject(work, adult.subject_ref, clock.now)
    with pytest.raises(refusals.PersonUnknown):
        await change(store, interview, resuming.resume)


async def test_its_visitor_is_not_taken_out_of_another_interview(
    store: Store, adult: Visitor, path: UUID, clock: FixedClock
) -> None:
    interview = (await book(store, path)).id
    await arrives(store, clock, adult, interview)
    clock.now = ENDED
    await change(store, interview, guidance.hold)
    async with store.work() as work:
        await information.start(work, adult.visit_id, TOM)
    with pytest.raises(refusals.AlreadyInInterview):
        await change(store, interview, resuming.resume)


async def test_the_board_and_its_page_undo_with_one_press(desk: Client, clock: FixedClock) -> None:
    await react(desk.store, [(adult := Visitor()).registered()])
    interview = (await book(desk.store, await take_path(desk.store, adult), counsellor=NADIA)).id
    page = f"/scheduling/interviews/{interview}"
    await arrives(desk.store, clock, adult, interview)
    await change(desk.store, interview, arrivals.receive)
    assert f'id="finish-{interview}"' in (await desk.get("/scheduling/")).text, "one press, and no question"
    clock.now = ENDED
    version = (await row(desk.store, interview)).version
    await press(desk, f"/interviews/{interview}/finish", version=version, next_step="none")
    assert f'id="resume-{interview}"' in (await desk.get("/scheduling/")).text
    assert f'action="{page}/undo-hold"' in (await desk.get(page)).text
    version = (await row(desk.store, interview)).version
    answer = await press(desk, f"/interviews/{interview}/undo-hold", version=version)
    assert answer == "done:L’entretien continue. Son résultat est effacé."
    await press(desk, f"/interviews/{interview}/finish", version=version + 1, next_step="none")
    clock.now += UNDONE_WITHIN
    assert f'id="resume-{interview}"' not in (await desk.get("/scheduling/")).text
    assert f'action="{page}/undo-hold"' not in (await desk.get(page)).text
