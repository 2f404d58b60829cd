"""Who accepted the guidance offer stays on the to-do until they have a path; the queue asks until they are booked."""

from html import unescape
from uuid import UUID

import pytest

from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.contracts.queue import VisitorArrived
from services.contracts.scheduling import Side
from services.scheduling.actions import arrivals, guidance, paths
from services.scheduling.domain.todo import ACCEPTED_WAITS, Task, ToDoPart
from tests.givens.scheduling import LIEGE, MONDAY, NADIA, TOM, Visitor, react
from tests.scheduling.test_guidance import change
from tests.scheduling.test_merged_persons import merged
from tests.scheduling.test_outcomes import PLAIN, held
from tests.scheduling.test_todo import HOUR, guided, listed, read

ASKS = "L’offre d’orientation est acceptée"


@pytest.fixture
async def visitor(store: Store) -> Visitor:
    visitor = Visitor()
    await react(store, [visitor.registered(), visitor.checks_in(), visitor.is_identified()])
    return visitor


async def opened(store: Store, visitor: Visitor) -> UUID:
    async with store.work() as work:
        return (await paths.open_path(work, visitor.subject_ref, LIEGE, "choose-path")).id


async def test_it_is_listed_until_a_path_is_open(store: Store, visitor: Visitor) -> None:
    plain = Visitor()
    await react(store, [plain.registered(), plain.checks_in(), plain.is_identified()])
    await held(store, plain, PLAIN)
    assert await listed(store, ToDoPart.ACCEPTED) == [], "nothing was accepted"
    id = await held(store, visitor)
    assert await listed(store, ToDoPart.ACCEPTED) == [(Task.BOOK_FIRST, id)]
    assert await listed(store, ToDoPart.ACCEPTED, TOM) == []
    await react(store, [visitor.withdraws("guidance")])
    assert await listed(store, ToDoPart.ACCEPTED) == [], "nothing can be booked"
    await react(store, [visitor.gives("guidance", "plan")])
    await opened(store, visitor)
    assert await listed(store, ToDoPart.ACCEPTED) == []


async def test_a_path_of_another_reference_of_the_person_counts(store: Store, visitor: Visitor) -> None:
    twice = Visitor()
    await react(store, [twice.registered()])
    id = await held(store, visitor)
    await opened(store, twice)
    assert await listed(store, ToDoPart.ACCEPTED) == [(Task.BOOK_FIRST, id)]
    await merged(store, visitor, twice)
    assert await listed(store, ToDoPart.ACCEPTED) == []


async def test_of_who_is_not_registered_it_asks_for_that_first(store: Store, clock: FixedClock) -> None:
    stranger = Visitor()
    await react(store, [stranger.checks_in()])
    id = await held(store, stranger)
    assert await listed(store, ToDoPart.ACCEPTED) == [(Task.REGISTER, id)]
    await react(store, [stranger.registered(), stranger.is_identified()])
    assert await listed(store, ToDoPart.ACCEPTED) == [(Task.BOOK_FIRST, id)]
    clock.now = MONDAY + ACCEPTED_WAITS
    assert await listed(store, ToDoPart.ACCEPTED) == []


async def test_the_page_leads_to_the_booking_and_the_queue_asks_until_it_is_booked(
    desk: Client, clock: FixedClock
) -> None:
    visitor = Visitor()
    await react(desk.store, [visitor.registered(), visitor.checks_in(), visitor.is_identified()])
    await held(desk.store, visitor)
    clock.forward(minutes=1)
    await react(desk.store, [visitor.is_served(clock.now)])
    html = unescape((await desk.get("/scheduling/to-do")).text)
    assert "Orientation acceptée, pas encore de rendez-vous" in html
    assert f"/scheduling/interviews/new?centre=liege&person={visitor.subject_ref}" in html
    assert ASKS in (await desk.get("/scheduling/")).text
    path = await opened(desk.store, visitor)
    assert ASKS in (await desk.get("/scheduling/")).text, "a path without an appointment"
    async with desk.store.work() as work:
        booked = await guidance.book(work, path, counsellor=NADIA, room=None, starts_at=MONDAY + HOUR, minutes=60)
    assert ASKS not in (await desk.get("/scheduling/")).text
    await change(desk.store, booked.id, guidance.cancel, by=Side.VISITOR, reason="other")
    assert ASKS in (await desk.get("/scheduling/")).text


async def test_an_appointment_whose_person_has_arrived_starts_with_that_press(desk: Client, clock: FixedClock) -> None:
    visitor, _path, id = await guided(desk.store)
    await react(desk.store, [visitor.checks_in(), visitor.is_identified()])
    assert f"/scheduling/interviews/{id}/start" not in (await desk.get("/scheduling/to-do")).text
    came = VisitorArrived(visit_id=visitor.visit_id, centre=LIEGE, at=MONDAY, counsellor=NADIA, interview_id=id)
    await react(desk.store, [came])
    (line,) = (await read(desk.store)).parts[ToDoPart.TODAY].rows
    html = (await desk.get("/scheduling/to-do")).text
    assert f'<form method="post" action="/scheduling/interviews/{id}/start">' in html
    assert f'name="version" value="{line.version}"' in html
    answer = await desk.post(
        f"/scheduling/interviews/{id}/start", data={"version": line.version}, headers={"accept": "text/html"}
    )
    assert desk.flash(answer) == "done:Entretien commencé."
    assert await listed(desk.store, ToDoPart.TODAY) == [(Task.FINISH, id)]
    with_it = (await desk.get("/scheduling/")).text
    assert "La personne de votre rendez-vous de" not in with_it
    await change(desk.store, id, arrivals.undo_start)
    assert "La personne de votre rendez-vous de 10:00 est arrivée." in (await desk.get("/scheduling/")).text


async def test_a_path_whose_appointments_were_all_cancelled_says_so(desk: Client) -> None:
    _visitor, path, id = await guided(desk.store, 24)
    await change(desk.store, id, guidance.cancel, by=Side.VISITOR, reason="other")
    assert await listed(desk.store, ToDoPart.PATHS) == [(Task.BOOK_NEXT, path)]
    html = unescape((await desk.get("/scheduling/to-do")).text)
    assert "le rendez-vous du 3 mars 2026 est annulé" in html
    assert "dernier rendez-vous" not in html
