"""What a counsellor's to-do leaves out, since it cannot be done; on both stores."""

from datetime import timedelta
from html import unescape

import pytest

from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.contracts.scheduling import Side
from services.scheduling.actions import guidance, seats, workshops
from services.scheduling.domain.refusals import ConsentMissing
from services.scheduling.domain.todo import Task, ToDoPart
from services.scheduling.store import GuidancePath, Workshop
from services.scheduling.store.workshops import sessions_of
from tests.givens.scheduling import MONDAY, NADIA, Visitor, react
from tests.scheduling.test_final_interviews import book, due_paths, ids
from tests.scheduling.test_guidance import change
from tests.scheduling.test_todo import DAY, HOUR, announce, guided, listed


async def test_nothing_is_to_be_booked_for_people_who_withdrew_their_consent(store: Store, clock: FixedClock) -> None:
    (final,) = await due_paths(store, clock, [NADIA], 1)
    visitor, path, interview = await guided(store, 4)
    clock.now = MONDAY + timedelta(hours=5)
    await change(store, interview, guidance.hold)
    next_one, final_one = (Task.BOOK_NEXT, path), (Task.BOOK_FINAL_INTERVIEW, final)
    assert await listed(store, ToDoPart.PATHS) == [next_one]
    assert await listed(store, ToDoPart.FINAL_INTERVIEWS) == [final_one]
    assert await ids(store) == ([final], [])
    async with store.read() as session:
        attended = (await session.get_one(GuidancePath, final)).subject_ref
    assert attended is not None
    participant = Visitor()
    participant.subject_ref = attended
    people = [visitor, participant]
    await react(store, [one.withdraws("guidance") for one in people])
    for one in (path, final):
        with pytest.raises(ConsentMissing):
            await book(store, one)
    assert await listed(store, ToDoPart.PATHS) == await listed(store, ToDoPart.FINAL_INTERVIEWS) == []
    assert await ids(store) == ([], [])
    await react(store, [one.gives("guidance", "plan") for one in people])
    assert await listed(store, ToDoPart.PATHS) == [next_one]
    assert await listed(store, ToDoPart.FINAL_INTERVIEWS) == [final_one]
    assert await ids(store) == ([final], [])


async def test_a_workshop_without_participants_is_one_line_until_it_is_cancelled(
    store: Store, clock: FixedClock
) -> None:
    made = await announce(store, (HOUR, 60), (DAY + HOUR, 60), (2 * DAY + HOUR, 60), also=NADIA)
    async with store.read() as session:
        first, second, third = [one.id for one in await sessions_of(session, made)]
    assert await listed(store, ToDoPart.TODAY) == [(Task.PREPARE, first)]
    clock.now = MONDAY + HOUR
    assert await listed(store, ToDoPart.TODAY) == [(Task.CANCEL_WORKSHOP, first)]
    clock.now += 2 * DAY
    assert await listed(store, ToDoPart.TODAY) == []
    assert await listed(store, ToDoPart.LEFT_OVER) == [(Task.CANCEL_WORKSHOP, first)]
    visitor = Visitor()
    await react(store, [visitor.registered()])
    async with store.work() as work:
        seat = (await seats.take_seat(work, made, visitor.subject_ref)).id
    assert await listed(store, ToDoPart.LEFT_OVER) == [(Task.RECORD_ATTENDANCE, one) for one in (first, second)]
    assert await listed(store, ToDoPart.TODAY) == [(Task.RECORD_ATTENDANCE, third)]
    async with store.work() as work:
        await seats.release_seat(work, await work.load(Workshop, made), seat, by=Side.VISITOR)
    assert await listed(store, ToDoPart.LEFT_OVER) == [(Task.CANCEL_WORKSHOP, first)]
    async with store.work() as work:
        await workshops.cancel_workshop(work, await work.load(Workshop, made), reason="other")
    assert await listed(store, ToDoPart.LEFT_OVER) == []


async def test_its_line_says_that_nobody_signed_up_and_leads_to_where_it_is_cancelled(
    desk: Client, clock: FixedClock
) -> None:
    made = await announce(desk.store, (HOUR, 60), also=NADIA)
    clock.now = MONDAY + DAY
    html = unescape((await desk.get("/scheduling/to-do")).text)
    assert "Aucune inscription pour l’instant" in html
    assert "Noter les présences" not in html
    assert f'href="/scheduling/workshops/{made}#sessions"' in html
    html = (await desk.get(f"/scheduling/workshops/{made}")).text
    assert html.index('id="sessions"') < html.index(f'action="/scheduling/workshops/{made}/cancel"')
