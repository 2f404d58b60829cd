"""A ticket that was taken before becomes the arrival for an appointment, and is given back."""

from datetime import timedelta
from html import unescape
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from services.chassis.refusals import Refused
from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.contracts.intake import Channel, VisitIdentified, VisitLeft
from services.contracts.queue import VisitorArrivalUndone, VisitorArrived, VisitTransferred
from services.intake.actions import appointments, linking, merging, people, visits
from services.intake.actions import queue as turns
from services.intake.domain import queue
from services.intake.pages.linkable import appointments_of
from services.intake.store import Centre, PersonAccess, Visit
from services.intake.store.appointments import Appointment
from tests.givens.appointments import NADIA, TEN, booked, expects, moved, registered, workshop_with
from tests.givens.events import emitted_events
from tests.givens.intake import LIEGE_DESK, MONDAY, walks_in
from tests.givens.rows import count


async def ticket(store: Store, area: str = "find-job", centre: str = "liege") -> UUID:
    """A visitor without a name takes a ticket."""
    async with store.work() as work:
        return (await walks_in(work, uuid4(), area=area, centre=centre)).id


async def linked(store: Store, id: UUID, visit_id: UUID) -> Visit:
    async with store.work() as work:
        return await linking.link(work, id, visit_id, LIEGE_DESK)


async def refused(store: Store, id: UUID, visit_id: UUID) -> str:
    with pytest.raises(Refused) as refusal:
        await linked(store, id, visit_id)
    return refusal.value.slug


async def visit(store: Store, id: UUID) -> Visit:
    async with store.read() as session:
        return await session.get_one(Visit, id)


async def copy(store: Store, id: UUID) -> Appointment:
    async with store.read() as session:
        return await session.get_one(Appointment, id)


async def test_the_ticket_becomes_the_arrival_with_its_place_and_no_second_visit(store: Store) -> None:
    person = await registered(store)
    booking = booked(person)
    await expects(store, booking)
    taken, before = await ticket(store), await count(store, "visits")
    await linked(store, booking.interview_id, taken)
    row = await linked(store, booking.interview_id, taken)
    assert (row.ticket, row.status, row.subject_ref) == ("E-001", "waiting", person)
    assert (row.priority, row.for_counsellor, row.checked_in_at) == ("appointment", NADIA, MONDAY)
    assert await count(store, "visits") == before
    appointment = await copy(store, booking.interview_id)
    assert (appointment.visit_id, appointment.arrived_at) == (taken, MONDAY)
    for kind in (VisitIdentified, VisitTransferred, VisitorArrived):
        mine = [one for one in await emitted_events(store, kind) if one.visit_id == taken]
        assert len(mine) == 1, kind
    async with store.read() as session:
        assert [one.how for one in await session.scalars(sa.select(PersonAccess))] == ["visit"]


@pytest.mark.parametrize("received", [False, True])
async def test_who_was_called_or_received_first_waits_for_the_counsellor(store: Store, received: bool) -> None:
    booking = booked(await registered(store))
    await expects(store, booking)
    taken = await ticket(store)
    async with store.work() as work:
        await visits.call(work, taken, "desk-1")
        if received:
            await visits.serve(work, taken)
    row = await linked(store, booking.interview_id, taken)
    assert (row.status, row.desk, row.for_counsellor) == ("waiting", None, NADIA)


async def test_taken_back_the_ticket_is_nobodys_and_goes_on(store: Store) -> None:
    booking = booked(await registered(store))
    await expects(store, booking)
    taken = await ticket(store)
    await linked(store, booking.interview_id, taken)
    for _ in range(2):
        async with store.work() as work:
            await appointments.undo_arrival(work, booking.interview_id, taken)
    row = await visit(store, taken)
    assert (row.status, row.ticket, row.subject_ref) == ("waiting", "E-001", None)
    assert (row.priority, row.for_counsellor, row.closed_by) == (None, None, None)
    (undone,) = await emitted_events(store, VisitorArrivalUndone)
    assert (undone.visit_stays, undone.interview_id) == (True, booking.interview_id)
    assert [one for one in await emitted_events(store, VisitLeft) if one.visit_id == taken] == []
    again = await linked(store, booking.interview_id, taken)
    assert again.for_counsellor == NADIA


async def test_taken_back_a_known_visit_is_still_theirs_and_where_it_was(store: Store) -> None:
    person = await registered(store)
    booking, desk = booked(person), turns.Destination(desk="desk-2")
    await expects(store, booking)
    taken = await ticket(store)
    async with store.work() as work:
        await people.identify_visitor(work, taken, person, LIEGE_DESK)
        await turns.prioritise(work, taken, queue.Priority.PREGNANCY)
        await turns.transfer(work, taken, desk)
        await turns.hold(work, taken)
    before = await visit(store, taken)
    await linked(store, booking.interview_id, taken)
    async with store.work() as work:
        await appointments.undo_arrival(work, booking.interview_id, taken)
    row = await visit(store, taken)
    for name in ("subject_ref", "priority", "rank", "for_desk", "for_counsellor", "estimate", "held_at", "status"):
        assert getattr(row, name) == getattr(before, name), name
    assert (row.before_link, row.priority_before_link) == (None, None), "health data"
    kinds = [type(one).__name__ for one in await emitted_events(store) if getattr(one, "visit_id", None) == taken]
    assert kinds[kinds.index("VisitorArrivalUndone") + 1 :] == [
        "VisitIdentified",
        "VisitTransferred",
        "VisitPrioritised",
        "VisitPutOnHold",
    ], "each service has it as it was"


async def test_taken_back_who_was_called_is_called_and_what_was_changed_since_stays(store: Store) -> None:
    booking = booked(await registered(store))
    await expects(store, booking)
    called, transferred = await ticket(store), await ticket(store)
    async with store.work() as work:
        before = await visits.call(work, called, "desk-1")
    for one, later in ((called, None), (transferred, turns.Destination(desk="desk-2"))):
        await linked(store, booking.interview_id, one)
        async with store.work() as work:
            if later is not None:
                await turns.transfer(work, one, later)
                await turns.prioritise(work, one, queue.Priority.SMALL_CHILD)
        async with store.work() as work:
            await appointments.undo_arrival(work, booking.interview_id, one)
    row = await visit(store, called)
    assert (row.status, row.desk, row.called_at) == ("called", "desk-1", before.called_at)
    row = await visit(store, transferred)
    assert (row.status, row.for_desk, row.priority) == ("waiting", "desk-2", "small-child")


async def test_taken_back_who_was_put_on_hold_since_is_on_hold_for_every_service(store: Store) -> None:
    booking = booked(await registered(store))
    await expects(store, booking)
    taken = await ticket(store)
    async with store.work() as work:
        await turns.transfer(work, taken, turns.Destination(desk="desk-2"))
    await linked(store, booking.interview_id, taken)
    async with store.work() as work:
        await turns.hold(work, taken)
    async with store.work() as work:
        await appointments.undo_arrival(work, booking.interview_id, taken)
    row = await visit(store, taken)
    assert (row.for_desk, row.for_counsellor, row.held_at) == ("desk-2", None, MONDAY)
    kinds = [type(one).__name__ for one in await emitted_events(store) if getattr(one, "visit_id", None) == taken]
    assert kinds[kinds.index("VisitorArrivalUndone") + 1 :] == ["VisitTransferred", "VisitPutOnHold"]


async def test_an_ordinary_arrival_after_a_link_was_undone_ends_when_it_is_undone(store: Store) -> None:
    booking = booked(await registered(store))
    await expects(store, booking)
    taken = await ticket(store)
    await linked(store, booking.interview_id, taken)
    async with store.work() as work:
        await appointments.undo_arrival(work, booking.interview_id, taken)
    async with store.work() as work:
        arrived = await appointments.arrive(work, booking.interview_id, Channel.DESK)
    async with store.work() as work:
        await appointments.undo_arrival(work, booking.interview_id, arrived.id)
    assert (await visit(store, arrived.id)).closed_by == "by-mistake"
    assert [one.visit_stays for one in await emitted_events(store, VisitorArrivalUndone)] == [True, False]


async def test_what_cannot_be_that_appointment_is_refused_and_changes_nothing(store: Store, clock: FixedClock) -> None:
    person, other = await registered(store), await registered(store, "Zoé Petit")
    booking, another = booked(person), booked(other, TEN + timedelta(hours=2))
    later, elsewhere = booked(person, TEN + timedelta(days=1)), booked(other, centre="namur")
    await expects(store, booking, another, later, elsewhere)
    _, (seat,) = await workshop_with(store, other)
    taken, second = await ticket(store), await ticket(store)
    emitted = len(await emitted_events(store, VisitorArrived))
    assert await refused(store, seat, taken) == "not-an-interview"
    assert await refused(store, later.interview_id, taken) == "appointment-not-today"
    assert await refused(store, elsewhere.interview_id, taken) == "not-found"
    assert (await visit(store, taken)).subject_ref is None
    await linked(store, booking.interview_id, taken)
    assert await refused(store, booking.interview_id, second) == "already-arrived"
    assert await refused(store, another.interview_id, taken) == "is-an-arrival"
    async with store.work() as work:
        await visits.leave(work, second)
    assert await refused(store, another.interview_id, second) == "wrong-step"
    clock.now = TEN + timedelta(hours=3)
    third = await ticket(store)
    assert await refused(store, another.interview_id, third) == "appointment-over"
    assert len(await emitted_events(store, VisitorArrived)) == emitted + 1


async def test_the_ticket_of_who_was_registered_twice_is_linked_to_an_appointment_of_either(store: Store) -> None:
    alias, kept, other = [await registered(store, name) for name in ("Amélie Dupré", "Sofie Claes", "Zoé Petit")]
    booking = booked(alias)
    await expects(store, booking, booked(other, TEN + timedelta(hours=2)))
    taken = await ticket(store)
    async with store.work() as work:
        await people.identify_visitor(work, taken, kept, LIEGE_DESK)
    assert await refused(store, booking.interview_id, taken) == "already-identified"
    async with store.work() as work:
        await merging.merge(work, alias, kept, LIEGE_DESK)
    async with store.read() as session:
        row, centre = await session.get_one(Visit, taken), await session.get_one(Centre, "liege")
        shown = await appointments_of(session, row, centre, MONDAY)
    assert [one.appointment.id for one in shown["awaited"]] == [booking.interview_id]
    row = await linked(store, booking.interview_id, taken)
    assert (row.subject_ref, row.for_counsellor) == (kept, NADIA)


@pytest.mark.parametrize("step", [None, "call", "leave"])
async def test_taken_back_after_a_move_to_another_counsellor_the_ticket_waits_for_neither(
    store: Store, step: str | None
) -> None:
    booking = booked(await registered(store))
    await expects(store, booking)
    taken = await ticket(store)
    await linked(store, booking.interview_id, taken)
    async with store.work() as work:
        if step == "call":
            await visits.call(work, taken, "desk-1")
        elif step == "leave":
            await visits.leave(work, taken)
    await expects(store, moved(booking, TEN, "marc"))
    row = await visit(store, taken)
    assert (row.for_counsellor, row.status) == ("marc", {"call": "called", "leave": "left"}.get(step or "", "waiting"))
    kinds = [type(one).__name__ for one in await emitted_events(store) if getattr(one, "visit_id", None) == taken]
    assert kinds[-1] == {"call": "VisitReturned", "leave": "VisitLeft"}.get(step or "", "VisitTransferred")
    async with store.work() as work:
        await appointments.undo_arrival(work, booking.interview_id, taken)
    assert (await visit(store, taken)).for_counsellor is None


async def test_whom_the_desk_sent_elsewhere_a_move_to_another_counsellor_does_not_call_back(store: Store) -> None:
    booking = booked(await registered(store))
    await expects(store, booking)
    taken = await ticket(store)
    await linked(store, booking.interview_id, taken)
    async with store.work() as work:
        await turns.transfer(work, taken, turns.Destination(desk="desk-2"))
        await visits.call(work, taken, "desk-2")
    await expects(store, moved(booking, TEN, "marc"))
    row = await visit(store, taken)
    assert (row.status, row.for_desk, row.for_counsellor) == ("called", "desk-2", None)


async def test_moved_to_another_day_the_ticket_is_no_link_any_more(store: Store) -> None:
    booking = booked(await registered(store))
    await expects(store, booking)
    await linked(store, booking.interview_id, await ticket(store))
    await expects(store, moved(booking, TEN + timedelta(days=1)))
    appointment = await copy(store, booking.interview_id)
    assert (appointment.visit_id, appointment.linked_at) == (None, None)


async def test_the_desk_links_and_undoes_on_the_page_of_the_visit(client: Client) -> None:
    store = client.store
    booking = booked(await registered(store))
    await expects(store, booking)
    taken = await ticket(store)
    client.headers.update({"accept": "text/html", "accept-language": "fr"})
    page, form = f"/intake/visits/{taken}", {"visit_id": str(taken)}
    shown = unescape((await client.get(page)).text)
    assert "La personne a un rendez-vous aujourd’hui" in shown
    assert "<bdi>Amélie Dupré</bdi>" in shown
    answer = await client.post(f"/intake/appointments/{booking.interview_id}/link", data=form)
    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, page)
    shown = unescape((await client.get(page)).text)
    assert "garde sa place dans la file d’attente" in shown
    assert "La personne a un rendez-vous aujourd’hui" not in shown
    answer = await client.post(f"/intake/appointments/{booking.interview_id}/undo", data=form)
    assert "de nouveau anonyme" in client.flash(answer)
    client.headers["accept"] = "application/json"
    path = f"/intake/api/v1/appointments/{booking.interview_id}/arrival"
    assert (await client.put(path, json=form)).json()["ticket"] == "E-001"
    assert (await client.delete(path, params=form)).status_code == 204
    async with store.read() as session:
        assert (await session.get_one(Visit, taken)).status == "waiting"
