"""A path that was given up goes on, for a reason, unless something stands against it."""

import asyncio
from html import unescape
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from services.chassis.refusals import Stale
from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.contracts.paths import PathReopened
from services.contracts.scheduling import Method, PathClosed, PathOutcome, Side
from services.scheduling.actions import seats, stopping
from services.scheduling.actions.reopening import reopen
from services.scheduling.domain import refusals
from services.scheduling.domain.paths import ReopenReason
from services.scheduling.store import GuidancePath, PathChange, Workshop
from services.scheduling.store.paths import path_history
from tests.givens.events import emitted_events, numbered_events
from tests.givens.rows import count, rows_of
from tests.givens.scheduling import LIEGE, NADIA, Visitor, liege, react
from tests.scheduling.test_paths import TUESDAY, book, give_up, plan_confirmed, seat_in_workshop, take_path

BACK = ReopenReason.VISITOR_BACK


async def go_on(store: Store, path: UUID, version: int | None = None) -> None:
    async with store.work() as work:
        await reopen(work, path, BACK, version, NADIA)


async def test_a_path_that_was_given_up_goes_on(store: Store, adult: Visitor) -> None:
    path = await take_path(store, adult)
    booked = await book(store, path)
    await give_up(store, path, freed=None)
    await go_on(store, path)
    (event,) = await emitted_events(store, PathReopened)
    assert (event.path_id, event.subject_ref, event.centre) == (path, adult.subject_ref, LIEGE)
    assert (event.method, event.reason) == (Method.INDIVIDUAL, "visitor-back")
    of_path = [one for one in await numbered_events(store) if getattr(one[0], "path_id", None) == path]
    assert [number for one, number in of_path if isinstance(one, PathClosed | PathReopened)] == [2, 3]
    async with store.read() as session:
        row = await session.get_one(GuidancePath, path)
        assert (row.closed_at, row.closed_because) == (None, None)
    assert await count(store, "quarter_hours") == 0
    again = await book(store, path)
    assert (again.starts_at, again.id != booked.id) == (booked.starts_at, True)
    with pytest.raises(refusals.PathStillOpen):
        await take_path(store, adult)


async def test_it_ends_again_and_its_history_says_who_did_what(store: Store, adult: Visitor, clock: FixedClock) -> None:
    path = await take_path(store, adult)
    async with store.work() as work:
        await stopping.give_up(work, path, by=NADIA)
    clock.forward(days=1)
    await go_on(store, path)
    clock.forward(days=1)
    await react(store, [plan_confirmed(path, adult)])
    found = sorted(await rows_of(store, PathChange), key=lambda one: one.at != clock.now)
    assert {(one.change, one.reason, one.by) for one in found} == {
        ("given-up", None, NADIA),
        ("reopened", "visitor-back", NADIA),
        ("plan-confirmed", None, None),
    }
    outcomes = [one.outcome for one in await emitted_events(store, PathClosed)]
    assert outcomes == [PathOutcome.GIVEN_UP, PathOutcome.PLAN_CONFIRMED]


async def test_its_changes_are_in_order_whichever_replica_recorded_them(
    store: Store, adult: Visitor, clock: FixedClock
) -> None:
    path = await take_path(store, adult)
    await give_up(store, path)
    clock.forward(seconds=-2)
    await go_on(store, path)
    clock.forward(seconds=-2)
    await give_up(store, path)
    (first, second), (reopened,) = await emitted_events(store, PathClosed), await emitted_events(store, PathReopened)
    assert first.at < reopened.at < second.at
    async with store.read() as session:
        assert [one.change for one in await path_history(session, [path])] == ["given-up", "reopened", "given-up"]


async def test_an_open_path_is_not_reopened_and_an_old_page_changes_nothing(store: Store, adult: Visitor) -> None:
    path = await take_path(store, adult)
    with pytest.raises(refusals.PathIsOpen):
        await go_on(store, path)
    await give_up(store, path)
    with pytest.raises(Stale):
        await go_on(store, path, version=1)
    await go_on(store, path, version=2)
    with pytest.raises(refusals.PathIsOpen):
        await go_on(store, path)
    assert len(await emitted_events(store, PathReopened)) == 1


async def test_a_confirmed_plan_and_a_released_seat_keep_their_path_closed(store: Store, adult: Visitor) -> None:
    path = await take_path(store, adult)
    await react(store, [plan_confirmed(path, adult)])
    workshop, seat, seated = await seat_in_workshop(store, adult)
    async with store.work() as work:
        await seats.release_seat(work, await work.load(Workshop, workshop), seat, by=Side.VISITOR)
    for one in (path, seated):
        with pytest.raises(refusals.PathStaysClosed):
            await go_on(store, one)
    assert await emitted_events(store, PathReopened) == []


async def test_not_beside_another_open_path_of_the_same_kind(store: Store, adult: Visitor) -> None:
    path = await take_path(store, adult)
    await give_up(store, path)
    other = await take_path(store, adult)
    with pytest.raises(refusals.AnotherPathOpen):
        await go_on(store, path)
    await give_up(store, other)
    await go_on(store, path)


async def test_a_path_by_workshop_goes_on_beside_one_of_another_centre(
    store: Store, adult: Visitor, clock: FixedClock
) -> None:
    await react(store, [liege(code="namur")])
    _workshop, _seat, path = await seat_in_workshop(store, adult)
    clock.now = TUESDAY  # it has begun: its seat stays
    await give_up(store, path)

    def another(centre: str) -> GuidancePath:
        return GuidancePath(
            id=uuid4(),
            correlation_id=uuid4(),
            subject_ref=adult.subject_ref,
            centre=centre,
            method=Method.COLLECTIVE.value,
            opened_at=store.clock(),
        )

    async with store.work() as work:
        work.add(another("namur"))
    await go_on(store, path)
    await give_up(store, path)
    async with store.work() as work:
        work.add(another(LIEGE))
    with pytest.raises(refusals.AnotherPathOpen):
        await go_on(store, path)


async def test_not_after_an_erasure_nor_without_consent(store: Store, adult: Visitor) -> None:
    path = await take_path(store, adult)
    await give_up(store, path)
    await react(store, [adult.withdraws("guidance")])
    with pytest.raises(refusals.ConsentMissing):
        await go_on(store, path)
    await react(store, [adult.erased()])
    with pytest.raises(refusals.PersonUnknown):
        await go_on(store, path)


async def test_of_a_new_path_and_the_old_one_at_once_one_is_open(store: Store, adult: Visitor) -> None:
    path = await take_path(store, adult)
    await give_up(store, path)
    attempts = [one for _ in range(3) for one in (take_path(store, adult), go_on(store, path))]
    found = await asyncio.gather(*attempts, return_exceptions=True)
    refused = [one for one in found if isinstance(one, BaseException)]
    allowed = (refusals.AnotherPathOpen, refusals.PathStillOpen, refusals.PathIsOpen)
    assert [one for one in refused if not isinstance(one, allowed)] == []
    assert len(refused) == 5
    open_paths = [one for one in await rows_of(store, GuidancePath) if one.closed_at is None]
    assert len(open_paths) == 1


async def test_a_confirmation_that_comes_late_closes_a_reopened_path(
    store: Store, adult: Visitor, clock: FixedClock
) -> None:
    path = await take_path(store, adult)
    await give_up(store, path)
    clock.forward(hours=1)
    await go_on(store, path)
    await book(store, path, 1)
    await react(store, [plan_confirmed(path, adult)])
    async with store.read() as session:
        assert (await session.get_one(GuidancePath, path)).closed_because == "plan-confirmed"
    assert await count(store, "quarter_hours") == 0


async def test_a_counsellor_reopens_it_on_the_page_and_over_the_api(desk: Client, known: Visitor) -> None:
    path = await take_path(desk.store, known)
    await give_up(desk.store, path)
    page, html = f"/scheduling/paths/{path}", {"accept": "text/html"}
    shown = (await desk.get(page, headers=html)).text
    assert "Rouvrir le parcours" in shown
    assert "Arrêter le parcours" not in shown
    form = {"version": "2", "reason": "visitor-continues"}
    assert (await desk.post(f"{page}/reopen", headers=html, data=form)).status_code == 303
    shown = (await desk.get(page, headers=html)).text
    assert "La personne souhaite continuer" in shown
    assert "Arrêter le parcours" in shown
    old = await desk.post(f"{page}/reopen", headers=html, data=form)
    assert old.status_code == 422
    api = f"/scheduling/api/v1/paths/{path}"
    assert (await desk.post(f"{api}/reopen", json={"reason": "boredom"})).status_code == 422
    assert (await desk.post(f"{api}/give-up", json={})).status_code == 200
    reopened = await desk.post(f"{api}/reopen", json={"reason": "closed-in-error"})
    assert (reopened.status_code, reopened.json()["closed_at"]) == (200, None)


async def test_the_page_says_when_and_why_a_path_ended_of_which_there_is_no_history(
    desk: Client, known: Visitor
) -> None:
    path = await take_path(desk.store, known)
    await give_up(desk.store, path)
    async with desk.store.work() as work:
        await work.session.execute(sa.delete(PathChange))
    shown = (await desk.get(f"/scheduling/paths/{path}", headers={"accept": "text/html"})).text
    assert "Terminé le 2 mars 2026 : arrêt avant la fin" in unescape(shown)
