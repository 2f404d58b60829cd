"""Consent is withdrawn, or the person erased, when an appointment has begun: what took place is still recorded."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.contracts.interviews import InterviewResumed, InterviewUndone
from services.contracts.scheduling import (
    AttendanceRecorded,
    InterviewCancelled,
    InterviewHeld,
    InterviewMissed,
    SeatReleased,
)
from services.scheduling.actions import arrivals, attendance, guidance, information, no_shows, resuming
from services.scheduling.domain import refusals
from services.scheduling.domain.outcomes import UNDONE_WITHIN
from services.scheduling.store import Interview, Seat, Waiting, Workshop
from services.scheduling.store.workshops import sessions_of
from tests.givens.events import emitted_events
from tests.givens.rows import rows_of
from tests.givens.scheduling import NADIA, Visitor, react
from tests.scheduling.test_arrivals import arrives, change, row
from tests.scheduling.test_paths import TUESDAY, book, seat_in_workshop, take_path

HOW = pytest.mark.parametrize("how", ["withdraws", "erased"])


async def ends(store: Store, adult: Visitor, how: str) -> None:
    await react(store, [adult.withdraws("guidance") if how == "withdraws" else adult.erased()])


async def start(store: Store, adult: Visitor) -> UUID:
    """An interview with who is in the room."""
    await react(store, [adult.checks_in(), adult.is_identified()])
    async with store.work() as work:
        return (await information.start(work, adult.visit_id, NADIA)).id


async def waiting(store: Store) -> Waiting:
    (found,) = await rows_of(store, Waiting)
    return found


@HOW
@pytest.mark.parametrize("minutes", [0, 30, 180])
async def test_what_has_begun_is_held_and_what_is_to_come_is_cancelled(
    store: Store, adult: Visitor, clock: FixedClock, how: str, minutes: int
) -> None:
    path = await take_path(store, adult)
    begun, later = await book(store, path), await book(store, path, 1)
    clock.now = TUESDAY + timedelta(minutes=minutes)
    await ends(store, adult, how)
    assert [one.interview_id for one in await emitted_events(store, InterviewCancelled)] == [later.id]
    moved = {"counsellor": NADIA, "room": None, "starts_at": TUESDAY + timedelta(days=2), "minutes": 60}
    with pytest.raises(refusals.ConsentMissing if how == "withdraws" else refusals.PersonUnknown):
        await change(store, begun.id, guidance.move, **moved)
    await change(store, begun.id, guidance.hold)
    (held,) = await emitted_events(store, InterviewHeld)
    assert (held.interview_id, held.path_id, held.number) == (begun.id, path, 1)
    assert held.subject_ref == (adult.subject_ref if how == "withdraws" else None)


@HOW
async def test_an_absence_is_recorded_too(store: Store, adult: Visitor, clock: FixedClock, how: str) -> None:
    missed = await book(store, await take_path(store, adult))
    clock.now = TUESDAY + timedelta(minutes=90)
    await ends(store, adult, how)
    await change(store, missed.id, no_shows.miss)
    assert [one.interview_id for one in await emitted_events(store, InterviewMissed)] == [missed.id]


@HOW
async def test_an_appointment_that_was_started_early_ends_with_its_visit(
    store: Store, adult: Visitor, clock: FixedClock, how: str
) -> None:
    interview = await book(store, await take_path(store, adult))
    await arrives(store, clock, adult, interview.id)
    assert clock.now < interview.starts_at
    await change(store, interview.id, arrivals.receive)
    await ends(store, adult, how)
    assert (await waiting(store)).interview_id == interview.id
    clock.forward(minutes=40)
    await change(store, interview.id, guidance.hold)
    (held,) = await emitted_events(store, InterviewHeld)
    assert held.visit_id == adult.visit_id
    seen = await waiting(store)
    assert (seen.counsellor, seen.interview_id) == (None, None)
    assert seen.subject_ref == (adult.subject_ref if how == "withdraws" else None)
    assert await emitted_events(store, InterviewCancelled) == []


async def test_the_visit_of_an_erased_person_ends_with_the_interview_in_the_room(
    store: Store, adult: Visitor, clock: FixedClock
) -> None:
    interview = await start(store, adult)
    await react(store, [adult.erased()])
    assert (await waiting(store)).interview_id == interview
    clock.forward(minutes=20)
    await change(store, interview, information.finish)
    (held,) = await emitted_events(store, InterviewHeld)
    assert (held.visit_id, held.subject_ref) == (adult.visit_id, None)
    seen = await waiting(store)
    assert (seen.status, seen.counsellor, seen.interview_id, seen.ended_at) == ("served", None, None, clock.now)
    await change(store, interview, resuming.resume)
    assert (await waiting(store)).interview_id == interview
    await change(store, interview, information.undo)
    (undone,) = await emitted_events(store, InterviewUndone)
    assert undone.visit_id == adult.visit_id
    assert (await waiting(store)).interview_id is None


async def test_an_end_is_undone_after_an_erasure_as_long_as_others_are(
    store: Store, adult: Visitor, clock: FixedClock
) -> None:
    interview = await start(store, adult)
    clock.forward(minutes=20)
    await change(store, interview, information.finish)
    await react(store, [adult.erased()])
    await change(store, interview, resuming.resume)
    assert [one.visit_id for one in await emitted_events(store, InterviewResumed)] == [adult.visit_id]
    assert (await waiting(store)).interview_id == interview


async def test_an_interview_of_before_leads_to_no_visit(store: Store, adult: Visitor, clock: FixedClock) -> None:
    interview = await start(store, adult)
    await change(store, interview, information.finish)
    clock.forward(seconds=UNDONE_WITHIN.total_seconds())
    await react(store, [adult.erased()])
    kept = await row(store, Interview, interview)
    assert (kept.subject_ref, kept.visit_id) == (None, None)


@HOW
async def test_a_workshop_that_has_begun_is_recorded_with_who_had_a_seat(
    store: Store, adult: Visitor, clock: FixedClock, how: str
) -> None:
    workshop, seat, _path = await seat_in_workshop(store, adult)
    clock.now = TUESDAY + timedelta(minutes=10)
    await ends(store, adult, how)
    assert await emitted_events(store, SeatReleased) == []
    async with store.work() as work:
        (meeting,) = await sessions_of(work.session, workshop)
        await attendance.record_attendance(work, await work.load(Workshop, workshop), meeting.id, [seat])
    recorded = await emitted_events(store, AttendanceRecorded)
    assert [one.subject_ref for one in recorded] == ([adult.subject_ref] if how == "withdraws" else [])
    assert (await row(store, Seat, seat)).status == "taken"


async def test_the_pages_show_what_is_to_be_recorded_of_an_erased_person(
    desk: Client, known: Visitor, clock: FixedClock
) -> None:
    interview = (await book(desk.store, await take_path(desk.store, known))).id
    clock.now = TUESDAY + timedelta(minutes=90)
    await react(desk.store, [known.erased()])
    html = {"accept": "text/html"}
    for page in (f"/scheduling/interviews/{interview}", "/scheduling/to-do", "/scheduling/", "/scheduling/agenda"):
        answer = await desk.get(page, headers=html)
        assert answer.status_code == 200, page
    shown = (await desk.get(f"/scheduling/interviews/{interview}", headers=html)).text
    assert "Données effacées à sa demande" in shown
    held = await desk.post(f"/scheduling/api/v1/interviews/{interview}/hold", json={})
    assert (held.status_code, held.json()["status"]) == (200, "fulfilled")
