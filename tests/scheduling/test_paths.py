"""A path ends: with its confirmed plan, or by being given up. Then the person may take another one."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from services.chassis.refusals import Stale
from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.contracts.plans import PlanConfirmed
from services.contracts.scheduling import (
    InterviewCancelled,
    InterviewHeld,
    Method,
    PathClosed,
    PathOpened,
    PathOutcome,
    Side,
)
from services.scheduling.actions import attendance, guidance, paths, seats, stopping, workshops
from services.scheduling.actions.end_of_day import free_closed_paths
from services.scheduling.domain import refusals
from services.scheduling.store import GuidancePath, Interview, Workshop
from tests.givens.events import emitted_events, numbered_events
from tests.givens.rows import count
from tests.givens.scheduling import LIEGE, MONDAY, NADIA, Visitor, react

TUESDAY = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
"""10:00 in Liège."""


def plan_confirmed(path_id: UUID, adult: Visitor, method: Method = Method.INDIVIDUAL) -> PlanConfirmed:
    return PlanConfirmed(
        plan_id=uuid4(),
        path_id=path_id,
        subject_ref=adult.subject_ref,
        centre=LIEGE,
        method=method,
        goals=1,
        action_tracks=1,
        at=MONDAY,
    )


async def take_path(store: Store, adult: Visitor) -> UUID:
    async with store.work() as work:
        return (await paths.open_path(work, adult.subject_ref, LIEGE)).id


async def book(store: Store, path_id: UUID, day: int = 0) -> Interview:
    async with store.work() as work:
        starts_at = TUESDAY + timedelta(days=day)
        return await guidance.book(work, path_id, counsellor=NADIA, room=None, starts_at=starts_at, minutes=60)


async def give_up(store: Store, path_id: UUID, version: int | None = None, freed: Collection[UUID] | None = ()) -> None:
    async with store.work() as work:
        await stopping.give_up(work, path_id, version, freed=freed)


async def closed(store: Store) -> list[tuple[UUID, PathOutcome]]:
    return [(one.path_id, one.outcome) for one in await emitted_events(store, PathClosed)]


async def seat_in_workshop(store: Store, adult: Visitor) -> tuple[UUID, UUID, UUID]:
    """(workshop, seat, path)"""
    async with store.work() as work:
        workshop = await workshops.announce(
            work,
            centre=LIEGE,
            area=None,
            title="Changer de voie",
            counsellor=NADIA,
            room=None,
            seats=5,
            sessions=[(TUESDAY, 120)],
        )
    async with store.work() as work:
        seat = await seats.take_seat(work, workshop.id, adult.subject_ref)
    assert seat.path_id is not None
    return workshop.id, seat.id, seat.path_id


async def test_a_confirmed_plan_closes_its_path_and_another_may_be_taken(
    store: Store, adult: Visitor, clock: FixedClock
) -> None:
    path = await take_path(store, adult)
    await react(store, [plan_confirmed(path, adult)])
    assert await closed(store) == [(path, PathOutcome.PLAN_CONFIRMED)]
    clock.forward(days=1)
    with pytest.raises(refusals.PathIsClosed) as refused:
        await book(store, path, 1)
    assert refused.value.values["day"] == MONDAY.date()
    assert await count(store, "interviews") == await count(store, "quarter_hours") == 0
    another = await take_path(store, adult)
    assert another != path
    await book(store, another, 1)


async def test_the_same_confirmation_again_says_nothing_more(store: Store, adult: Visitor) -> None:
    path = await take_path(store, adult)
    await react(store, [plan_confirmed(path, adult), plan_confirmed(path, adult)], in_one_batch=True)
    assert await closed(store) == [(path, PathOutcome.PLAN_CONFIRMED)]
    assert [number for event, number in await numbered_events(store) if isinstance(event, PathClosed)] == [2]


async def test_a_plan_of_no_path_known_here_changes_nothing(store: Store, adult: Visitor) -> None:
    await react(store, [plan_confirmed(uuid4(), adult)])
    assert await closed(store) == []


async def test_what_an_older_version_left_booked_on_a_closed_path_is_freed(store: Store, adult: Visitor) -> None:
    path = await take_path(store, adult)
    later = await book(store, path, 1)
    async with store.work() as work:
        row = await work.load(GuidancePath, path)
        paths.close(work, row, PathOutcome.PLAN_CONFIRMED, work.now)
    for _ in range(2):
        assert not await free_closed_paths(store)
    (cancelled,) = await emitted_events(store, InterviewCancelled)
    assert (cancelled.interview_id, cancelled.reason) == (later.id, "no-longer-needed")
    assert await count(store, "quarter_hours") == 0


async def test_a_confirmed_plan_frees_what_is_booked_for_later_but_not_the_interview_it_was_confirmed_in(
    store: Store, adult: Visitor, clock: FixedClock
) -> None:
    path = await take_path(store, adult)
    now, *later = [await book(store, path, day) for day in (0, 1, 2)]
    clock.now = TUESDAY + timedelta(minutes=30)
    await react(store, [plan_confirmed(path, adult)])
    cancelled = await emitted_events(store, InterviewCancelled)
    assert {(one.interview_id, one.cancelled_by, one.reason) for one in cancelled} == {
        (one.id, Side.CENTRE, "no-longer-needed") for one in later
    }
    assert await count(store, "quarter_hours") == len([NADIA, path]) * 4
    async with store.work() as work:
        await guidance.hold(work, await guidance.interview_of(work, now.id))
    assert [one.path_id for one in await emitted_events(store, InterviewHeld)] == [path]


async def test_the_end_of_a_path_frees_what_is_booked_once_the_team_agrees(store: Store, adult: Visitor) -> None:
    path = await take_path(store, adult)
    first, second = await book(store, path), await book(store, path, 1)
    with pytest.raises(refusals.StillBooked) as refused:
        await give_up(store, path, freed=[first.id])
    assert refused.value.values["booked"] == [{"interview_id": second.id, "starts_at": TUESDAY + timedelta(days=1)}]
    assert await closed(store) == []
    with pytest.raises(Stale):
        await give_up(store, path, version=7)
    await give_up(store, path, version=1, freed=[first.id, second.id])
    assert await closed(store) == [(path, PathOutcome.GIVEN_UP)]
    cancelled = await emitted_events(store, InterviewCancelled)
    assert {(one.interview_id, one.cancelled_by, one.reason) for one in cancelled} == {
        (one.id, Side.VISITOR, "no-longer-needed") for one in (first, second)
    }
    assert await count(store, "quarter_hours") == 0
    with pytest.raises(refusals.PathIsClosed):
        await give_up(store, path)
    await take_path(store, adult)


async def test_what_has_begun_is_recorded_after_the_end_of_its_path_and_not_moved(
    store: Store, adult: Visitor, clock: FixedClock
) -> None:
    path = await take_path(store, adult)
    begun = await book(store, path)
    clock.now = TUESDAY + timedelta(minutes=15)
    await give_up(store, path)
    tomorrow = TUESDAY + timedelta(days=1)

    async def move() -> None:
        async with store.work() as work:
            found = await guidance.interview_of(work, begun.id)
            await guidance.move(work, found, counsellor=NADIA, room=None, starts_at=tomorrow, minutes=60)

    with pytest.raises(refusals.PathIsClosed):
        await move()
    async with store.work() as work:
        await guidance.hold(work, await guidance.interview_of(work, begun.id))
    assert [one.path_id for one in await emitted_events(store, InterviewHeld)] == [path]


async def test_a_plan_that_is_confirmed_after_all_has_the_last_word(store: Store, adult: Visitor) -> None:
    path = await take_path(store, adult)
    await give_up(store, path)
    await react(store, [plan_confirmed(path, adult)])
    assert [outcome for _, outcome in await closed(store)] == [PathOutcome.GIVEN_UP, PathOutcome.PLAN_CONFIRMED]


async def test_four_interviews_do_not_open_another_path(store: Store, adult: Visitor) -> None:
    """The fifth is refused on the way of the form too, which looks for the person's path itself."""
    path = await take_path(store, adult)
    for day in (0, 1, 2, 6):
        await book(store, path, day)
    with pytest.raises(refusals.PathStillOpen) as refused:
        await take_path(store, adult)
    assert refused.value.values == {"held": 0, "booked": 4, "limit": 4}
    async with store.work() as work:
        assert await paths.individual_path(work, adult.subject_ref, LIEGE) == path
    with pytest.raises(refusals.FifthInterview):
        await book(store, path, 7)


async def test_a_seat_given_back_closes_its_path(store: Store, adult: Visitor) -> None:
    workshop_id, seat_id, path = await seat_in_workshop(store, adult)
    async with store.work() as work:
        await seats.release_seat(work, await work.load(Workshop, workshop_id), seat_id, by=Side.VISITOR)
    assert await closed(store) == [(path, PathOutcome.SEAT_RELEASED)]


async def test_a_cancelled_workshop_closes_the_paths_it_opened(store: Store, adult: Visitor) -> None:
    workshop_id, _seat, path = await seat_in_workshop(store, adult)
    async with store.work() as work:
        await workshops.cancel_workshop(work, await work.load(Workshop, workshop_id), reason="centre-closed")
    assert await closed(store) == [(path, PathOutcome.WORKSHOP_CANCELLED)]


async def test_a_collective_path_closes_with_its_plan_and_takes_no_second_session(
    store: Store, adult: Visitor, clock: FixedClock
) -> None:
    workshop_id, seat_id, path = await seat_in_workshop(store, adult)
    clock.now = TUESDAY + timedelta(hours=3)
    async with store.work() as work:
        workshop = await work.load(Workshop, workshop_id)
        [meeting] = await workshops.sessions_of(work.session, workshop_id)
        await attendance.record_attendance(work, workshop, meeting.id, [seat_id])
    await react(store, [plan_confirmed(path, adult, Method.COLLECTIVE)])
    assert await closed(store) == [(path, PathOutcome.PLAN_CONFIRMED)]
    with pytest.raises(refusals.PathIsClosed):
        await book(store, path, 1)


async def test_whoever_is_forgotten_leaves_no_path_that_leads_to_them(store: Store, adult: Visitor) -> None:
    await seat_in_workshop(store, adult)
    await take_path(store, adult)
    await react(store, [adult.erased()])
    async with store.read() as session:
        for opened in await emitted_events(store, PathOpened):
            assert (await session.get_one(GuidancePath, opened.path_id)).subject_ref is None


async def test_a_counsellor_gives_a_path_up_over_the_api_and_on_the_page(desk: Client, known: Visitor) -> None:
    api = "/scheduling/api/v1"
    opened = await desk.post(f"{api}/paths", json={"subject_ref": str(known.subject_ref), "centre": LIEGE})
    path = opened.json()["id"]
    assert (opened.json()["closed_at"], opened.json()["closed_because"]) == (None, None)
    booking = {"path_id": path, "starts_at": TUESDAY.isoformat(), "minutes": 60}
    interview = (await desk.post(f"{api}/interviews", json=booking)).json()["id"]
    html = {"accept": "text/html"}
    page = f"/scheduling/paths/{path}"
    assert f'href="{page}"' in (await desk.get(f"/scheduling/interviews/{interview}", headers=html)).text
    shown = (await desk.get(page, headers=html)).text
    assert f'name="freed" value="{interview}"' in shown
    refused = await desk.post(f"{api}/paths/{path}/give-up", json={})
    (fault,) = refused.json()["errors"]
    assert (refused.status_code, fault["rule"], fault["field"]) == (409, "still-booked", "free_booked")
    assert [one["interview_id"] for one in fault["booked"]] == [interview]
    unseen = await desk.post(f"{page}/give-up", headers=html, data={"version": "1"})
    assert unseen.status_code == 422
    assert "Rendez-vous encore fixés" in unseen.text
    form = {"version": "1", "freed": [interview]}
    assert (await desk.post(f"{page}/give-up", headers=html, data=form)).status_code == 303
    shown = (await desk.get(page, headers=html)).text
    assert "arrêt avant la fin" in shown
    assert "Fixer le rendez-vous suivant" not in shown
    assert (await desk.get(f"{api}/interviews/{interview}")).json()["status"] == "cancelled"
    again = await desk.post(f"{api}/interviews", json=booking, headers={"accept-language": "de"})
    assert again.json()["errors"] == [
        {
            "field": "path_id",
            "rule": "path-is-closed",
            "message": "Diese Begleitung ist seit dem 02.03.2026 beendet: vorzeitiges Ende. Beginnen Sie eine neue.",
        }
    ]
    assert (await desk.get(f"{api}/paths/{path}")).json()["closed_because"] == "given-up"


async def test_a_program_gives_up_a_path_with_what_is_booked_on_it(desk: Client, known: Visitor) -> None:
    api = "/scheduling/api/v1"
    opened = await desk.post(f"{api}/paths", json={"subject_ref": str(known.subject_ref), "centre": LIEGE})
    path = opened.json()["id"]
    booking = {"path_id": path, "starts_at": TUESDAY.isoformat(), "minutes": 60}
    assert (await desk.post(f"{api}/interviews", json=booking)).status_code == 201
    done = await desk.post(f"{api}/paths/{path}/give-up", json={"free_booked": True})
    assert (done.status_code, done.json()["closed_because"]) == (200, "given-up")
    assert await count(desk.store, "quarter_hours") == 0
