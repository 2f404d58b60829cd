"""A path by workshop is stopped: its seat is freed, its final interview not due, and it goes on only with its seat."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from html import unescape
from uuid import UUID

import pytest

from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.contracts.offers import SeatOffered
from services.contracts.persons import VisitorMerged
from services.contracts.scheduling import FinalisingSessionDue, PathClosed, PathOpened, SeatReleased, Side
from services.scheduling.actions import attendance, seats, stopping, workshops
from services.scheduling.actions.reopening import reopen
from services.scheduling.domain import refusals
from services.scheduling.domain.paths import ReopenReason
from services.scheduling.store import GuidancePath, Seat, Workshop
from services.scheduling.store.workshops import sessions_of
from tests.givens.events import emitted_events
from tests.givens.rows import rows_of
from tests.givens.scheduling import MONDAY, Visitor, react
from tests.scheduling.test_offers import IN_A_WEEK, TWO_DAYS, full_workshop
from tests.scheduling.test_paths import give_up, seat_in_workshop

BOTH = [IN_A_WEEK, IN_A_WEEK + timedelta(days=7)]


async def path_of(store: Store, seat: UUID) -> UUID:
    async with store.read() as session:
        path = (await session.get_one(Seat, seat)).path_id
    assert path is not None
    return path


async def statuses(store: Store, ids: Sequence[UUID]) -> list[str]:
    found = {one.id: one.status for one in await rows_of(store, Seat)}
    return [found[id] for id in ids]


async def stop(store: Store, path: UUID) -> None:
    async with store.work() as work:
        await stopping.give_up(work, path, freed=None, answer=TWO_DAYS)


async def go_on(store: Store, path: UUID) -> None:
    async with store.work() as work:
        await reopen(work, path, ReopenReason.VISITOR_BACK)


async def record(store: Store, workshop: UUID, number: int, came: Sequence[UUID]) -> None:
    async with store.work() as work:
        row = await work.load(Workshop, workshop)
        sessions = await sessions_of(work.session, workshop)
        await attendance.record_attendance(work, row, sessions[number].id, came)


async def test_its_seat_is_freed_once_the_team_agrees_and_goes_to_the_next_person(store: Store) -> None:
    workshop, people, entries = await full_workshop(store, 1)
    path = await path_of(store, entries[0])
    with pytest.raises(refusals.StillBooked) as refused:
        await give_up(store, path)
    assert refused.value.values["booked"] == [
        {"seat_id": entries[0], "workshop_id": workshop, "starts_at": IN_A_WEEK},
    ]
    assert refused.value.values["times"] == BOTH
    assert await statuses(store, entries) == ["taken", "waitlisted"]
    async with store.work() as work:
        await stopping.give_up(work, path, freed=[entries[0]], answer=TWO_DAYS)
    assert await statuses(store, entries) == ["released", "offered"]
    (released,) = await emitted_events(store, SeatReleased)
    assert (released.seat_id, released.cancelled_by, released.reason) == (entries[0], Side.VISITOR, "no-longer-needed")
    assert [one.subject_ref for one in await emitted_events(store, SeatOffered)] == [people[1].subject_ref]
    assert [one.outcome for one in await emitted_events(store, PathClosed)] == ["given-up"]


async def test_where_the_person_waits_under_another_reference_is_freed_too(store: Store) -> None:
    """Otherwise their own seat would be offered to them."""
    _workshop, people, entries = await full_workshop(store, 2)
    refs = {"subject_ref": people[1].subject_ref, "kept_ref": people[0].subject_ref}
    await react(store, [VisitorMerged(**refs, at=MONDAY)])
    path = await path_of(store, entries[0])
    with pytest.raises(refusals.StillBooked) as refused:
        await give_up(store, path, freed=[entries[0]])
    assert [one["seat_id"] for one in refused.value.values["booked"]] == [entries[1]]
    await stop(store, path)
    assert await statuses(store, entries) == ["released", "released", "offered"]


async def test_what_has_begun_is_still_recorded_and_the_final_interview_is_not_due(
    store: Store, clock: FixedClock
) -> None:
    workshop, _people, entries = await full_workshop(store, 0, places=2)
    stopped, other = [await path_of(store, one) for one in entries]
    clock.now = BOTH[1] + timedelta(minutes=5)
    await give_up(store, stopped)
    assert await statuses(store, entries) == ["taken", "taken"]
    await record(store, workshop, 1, entries)
    assert [one.path_id for one in await emitted_events(store, FinalisingSessionDue)] == [other]
    await go_on(store, stopped)
    assert [one.path_id for one in await emitted_events(store, FinalisingSessionDue)] == [other, stopped]
    await give_up(store, stopped)
    await go_on(store, stopped)
    assert len(await emitted_events(store, FinalisingSessionDue)) == 2, "it is due already"


async def test_who_missed_the_last_session_has_no_final_interview_after_a_reopening(
    store: Store, clock: FixedClock
) -> None:
    workshop, _people, entries = await full_workshop(store, 0)
    path = await path_of(store, entries[0])
    clock.now = BOTH[1] + timedelta(minutes=5)
    await give_up(store, path)
    await record(store, workshop, 1, [])
    await go_on(store, path)
    assert await emitted_events(store, FinalisingSessionDue) == []


@pytest.mark.parametrize("end", ["with-the-path", "released", "workshop-cancelled"])
async def test_without_its_seat_it_stays_closed(store: Store, clock: FixedClock, end: str) -> None:
    workshop, people, entries = await full_workshop(store, 0)
    path = await path_of(store, entries[0])
    if end != "with-the-path":
        clock.now = BOTH[1] + timedelta(minutes=5)
    await stop(store, path)
    if end == "released":
        async with store.work() as work:
            await seats.release_seat(work, await work.load(Workshop, workshop), entries[0], by=Side.VISITOR)
    elif end == "workshop-cancelled":
        async with store.work() as work:
            await workshops.cancel_workshop(work, await work.load(Workshop, workshop), reason="illness")
    with pytest.raises(refusals.PathStaysClosed):
        await go_on(store, path)
    if end != "workshop-cancelled":
        async with store.work() as work:
            again = await seats.take_seat(work, workshop, people[0].subject_ref)
        assert again.path_id not in (None, path)
    still_open = [one.id for one in await rows_of(store, GuidancePath) if one.closed_at is None]
    assert len(still_open) == (0 if end == "workshop-cancelled" else 1)


async def test_a_seat_taken_again_goes_on_with_the_path_that_an_older_version_left_open(
    store: Store, adult: Visitor
) -> None:
    workshop, _seat, path = await seat_in_workshop(store, adult)
    await stop(store, path)
    async with store.work() as work:
        row = await work.load(GuidancePath, path)
        row.closed_at = row.closed_because = None
    async with store.work() as work:
        again = await seats.take_seat(work, workshop, adult.subject_ref)
    assert again.path_id == path
    assert [one.path_id for one in await emitted_events(store, PathOpened)] == [path]


async def test_paths_are_stopped_while_their_seats_are_released_and_the_workshop_is_cancelled(store: Store) -> None:
    """All of them lock the workshop first: none waits for another one for ever."""
    workshop, _people, entries = await full_workshop(store, 0, places=4)
    paths = [await path_of(store, one) for one in entries]

    async def release(seat: UUID) -> None:
        async with store.work() as work:
            await seats.release_seat(work, await work.load(Workshop, workshop), seat, by=Side.VISITOR)

    async def cancel() -> None:
        async with store.work() as work:
            await workshops.cancel_workshop(work, await work.load(Workshop, workshop), reason="illness")

    acts = [act for path, seat in zip(paths, entries, strict=True) for act in (stop(store, path), release(seat))]
    found = await asyncio.gather(*acts, cancel(), return_exceptions=True)
    allowed = (refusals.PathIsClosed, refusals.SeatNotTaken, refusals.WorkshopClosed)
    assert [one for one in found if one is not None and not isinstance(one, allowed)] == []
    assert [one for one in await rows_of(store, GuidancePath) if one.closed_at is None] == []
    assert len(await emitted_events(store, PathClosed)) == len(paths)


async def test_the_page_and_the_api_name_the_seat(desk: Client) -> None:
    workshop, _people, entries = await full_workshop(desk.store, 1)
    path = await path_of(desk.store, entries[0])
    page, api, html = f"/scheduling/paths/{path}", f"/scheduling/api/v1/paths/{path}", {"accept": "text/html"}
    shown = unescape((await desk.get(page, headers=html)).text)
    assert "Atelier «\u00a0<bdi>Oser changer de métier</bdi>\u00a0» · " in shown
    assert "La place va à la personne suivante de la liste d’attente." in shown
    assert f'name="freed" value="{entries[0]}"' in shown
    refused = await desk.post(f"{api}/give-up", json={})
    (fault,) = refused.json()["errors"]
    assert (refused.status_code, fault["rule"]) == (409, "still-booked")
    assert [(one["seat_id"], one["workshop_id"]) for one in fault["booked"]] == [(str(entries[0]), str(workshop))]
    unseen = await desk.post(f"{page}/give-up", headers=html, data={"version": "1"})
    assert unseen.status_code == 422
    form = {"version": "1", "freed": [str(entries[0])]}
    assert (await desk.post(f"{page}/give-up", headers=html, data=form)).status_code == 303
    assert await statuses(desk.store, entries) == ["released", "offered"]
    shown = (await desk.get(page, headers=html)).text
    assert "Rouvrir le parcours" not in shown
    assert "Ce parcours ne peut pas être rouvert." in shown
    again = await desk.post(f"{api}/reopen", json={"reason": "visitor-back"})
    assert again.json()["errors"][0]["rule"] == "path-stays-closed"
