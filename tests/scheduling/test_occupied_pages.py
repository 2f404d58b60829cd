"""What people see where a seat occupies its person: refusals, times that are offered, and the question of the form."""

from datetime import timedelta
from importlib import import_module
from uuid import uuid4

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from services.chassis.identity.people import visitor
from services.chassis.storage.store import Store
from services.chassis.testing import Client
from services.scheduling.actions import workshops
from services.scheduling.store import QuarterHour, Seat, Workshop
from tests.givens.rows import rows_of
from tests.givens.scheduling import NADIA, TOM, Visitor, react
from tests.scheduling.test_api import API
from tests.scheduling.test_earlier import asks, booked_in, cancels, job_runs, live, wednesday, works
from tests.scheduling.test_guidance import book, take_path
from tests.scheduling.test_occupied_participants import HOUR, ONE, hours, occupied, other_workshop
from tests.scheduling.test_own_appointments import NEXT_MONDAY, booked, sends, shown
from tests.scheduling.test_pages import Form, press, see
from tests.scheduling.test_workshop_pages import SERIES, made, rows
from tests.scheduling.test_workshops import SESSIONS, TUESDAY, announce, give_back, take


async def test_the_api_refuses_both_with_other_times_to_book(desk: Client, known: Visitor) -> None:
    path = await take_path(desk.store, known)
    workshop = await announce(desk.store, sessions=ONE)
    answer = await desk.post(f"{API}/workshops/{workshop.id}/seats", json={"subject_ref": str(known.subject_ref)})
    assert answer.status_code == 201, answer.text
    body = {"path_id": str(path), "counsellor": TOM, "starts_at": (TUESDAY + HOUR).isoformat(), "minutes": 60}
    answer = await desk.post(f"{API}/interviews", json=body)
    assert answer.status_code == 409, answer.text
    (fault,) = answer.json()["errors"]
    assert fault["rule"] == "overlap"
    assert fault["next_free"][0]["starts_at"] >= (TUESDAY + 2 * HOUR).isoformat(), "none during the session"
    other = await other_workshop(desk.store)
    answer = await desk.post(f"{API}/workshops/{other.id}/seats", json={"subject_ref": str(known.subject_ref)})
    (fault,) = answer.json()["errors"]
    assert (answer.status_code, fault["rule"], fault["field"]) == (409, "other-appointment", "subject_ref")


async def test_who_has_a_workshop_then_moves_no_interview_there(desk: Client, known: Visitor) -> None:
    page = f"/interviews/{await booked(desk.store, known)}?day=2026-03-09"
    at = NEXT_MONDAY + HOUR
    offered = f'value="{at.isoformat()}"'
    desk.signed_in(visitor(known.subject_ref))
    assert offered in await shown(desk, page)
    seat = await take(desk.store, workshop := await other_workshop(desk.store, [(at, 60)]), known.subject_ref)
    assert offered not in await shown(desk, page)
    async with desk.store.work() as work:
        await workshops.cancel_workshop(work, await work.load(Workshop, workshop.id), reason="other")
    assert offered in await shown(desk, page)
    assert (await rows_of(desk.store, Seat))[0].id == seat.id


async def test_a_visitor_reads_what_they_have_then_and_keeps_the_offer(desk: Client, known: Visitor) -> None:
    workshop = await other_workshop(desk.store, [(NEXT_MONDAY, 60)], places=1)
    other = Visitor()
    await react(desk.store, [other.registered()])
    seat = await take(desk.store, workshop, other.subject_ref)
    waiting = await take(desk.store, workshop, known.subject_ref, waitlist=True)
    await booked(desk.store, known)
    await give_back(desk.store, workshop, seat)
    desk.signed_in(visitor(known.subject_ref))
    flash = await sends(desk, f"/seats/{waiting.id}/accept")
    assert "Il y a déjà un autre rendez-vous à l’heure de cet atelier\u00a0: entretien" in flash, flash
    assert "offered" in {one.status for one in await rows_of(desk.store, Seat)}


async def test_the_sign_up_form_names_what_the_person_has_then(desk: Client, known: Visitor) -> None:
    workshop = await other_workshop(desk.store, [(NEXT_MONDAY, 60)])
    await booked(desk.store, known)
    html = await press(desk, f"/workshops/{workshop.id}/seats", 422, person=str(known.subject_ref))
    assert "autre rendez-vous" in html


async def test_the_form_asks_once_about_busy_participants(desk: Client, known: Visitor) -> None:
    workshop = await made(desk, sessions="1", date="2026-03-24")
    await take(desk.store, workshop, known.subject_ref)
    at = TUESDAY.replace(month=3, day=25, hour=9)
    await book(desk.store, await take_path(desk.store, known), at, counsellor=TOM, room=None)
    edit = f"/workshops/{workshop.id}/edit"
    typed = rows(await see(desk, edit)) | {"session_date": ["2026-03-25"], "title": "Cap", "version": "2"}
    form: Form = {name: value for name, value in SERIES.items() if name not in ("date", "time", "facilitators")}
    html = await press(desk, edit, 422, **(form | typed))
    assert 'name="participants_busy"' in html
    assert "autre rendez-vous à ces nouvelles heures\u00a0: 1." in html
    answered: Form = {**form, **typed, "participants_busy": "true"}
    await press(desk, edit, **answered)
    assert await occupied(desk.store, known.subject_ref) == hours(at, length=2)


async def test_no_earlier_time_is_offered_during_a_workshop_of_the_person(store: Store) -> None:
    await works(store, NADIA, "WE")
    (person, *_others), interviews = await booked_in(store, [2, 1, 0])
    workshop = await other_workshop(store, [(wednesday(1), 60)])
    seat = await take(store, workshop, person.subject_ref)
    await asks(store, interviews[0])
    await cancels(store, interviews[1])
    await job_runs(store)
    assert (await live(store)) == {}
    await give_back(store, workshop, seat)
    await job_runs(store)
    assert [(id, one.starts_at) for id, one in (await live(store)).items()] == [(interviews[0], wednesday(1))]


async def test_an_update_reserves_the_sessions_of_those_who_have_a_seat(store: Store, adult: Visitor) -> None:
    workshop, second, waiting = await announce(store, places=2), Visitor(), Visitor()
    await react(store, [second.registered(), waiting.registered()])
    for one in (adult, second, waiting):
        await take(store, workshop, one.subject_ref, waitlist=True)
    cancelled = await other_workshop(store, [(TUESDAY + timedelta(days=1), 60)])
    await take(store, cancelled, adult.subject_ref)
    async with store.work() as work:
        await workshops.cancel_workshop(work, await work.load(Workshop, cancelled.id), reason="other")
    busy = uuid4()

    def as_before(connection: sa.Connection) -> None:
        quarters = QuarterHour.metadata.tables["quarter_hours"]
        connection.execute(sa.delete(quarters).where(quarters.c.resource.startswith("person:")))
        interview = {"resource": f"person:{adult.subject_ref}", "quarter": TUESDAY + HOUR, "holder": busy}
        connection.execute(sa.insert(quarters), [interview])
        with Operations.context(MigrationContext.configure(connection)):
            name = "services.scheduling.migrations.versions.0051_a_seat_occupies_its_person"
            for _ in range(2):
                import_module(name).upgrade()

    async with store.writer.begin() as connection:
        await connection.run_sync(as_before)
    expected = hours(*(at for at, _minutes in SESSIONS))
    assert await occupied(store, adult.subject_ref) == await occupied(store, second.subject_ref) == expected
    assert await occupied(store, waiting.subject_ref) == []
    kept = [one.quarter for one in await rows_of(store, QuarterHour) if one.holder == busy]
    assert kept == [TUESDAY + HOUR], "what was there before"
