"""How a guidance interview takes place: its mode and its interpreter, on both stores and on the pages."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from services.chassis.identity.people import visitor
from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.contracts.appointments import AppointmentMode
from services.contracts.scheduling import InterviewBooked, InterviewHeld, InterviewMoved, Side
from services.scheduling.actions import guidance, no_shows, own
from services.scheduling.actions.erasure import erase_subject
from services.scheduling.domain import refusals
from services.scheduling.domain.arrangement import IN_PERSON, Arrangement
from services.scheduling.domain.outcomes import UNDONE_WITHIN
from services.scheduling.pages.personal_data import read_personal_data
from services.scheduling.store import GuidancePath, Interview
from tests.givens.events import emitted_events
from tests.givens.rows import rows_of
from tests.givens.scheduling import LIEGE, NADIA, Visitor
from tests.scheduling.test_guidance import TUESDAY, change, take_path
from tests.scheduling.test_imports import guided, take_in
from tests.scheduling.test_own_appointments import HORIZON, NOTICE, shown
from tests.scheduling.test_pages import BOOKING, Form, press, see

API = "/scheduling/api/v1"
PHONE, VIDEO, HOME = AppointmentMode.TELEPHONE, AppointmentMode.VIDEOCONFERENCE, AppointmentMode.HOME_VISIT
HERE = AppointmentMode.IN_PERSON


async def book(store: Store, path: UUID, arrangement: Arrangement, room: str | None = None) -> Interview:
    async with store.work() as work:
        return await guidance.book(
            work, path, counsellor=NADIA, room=room, starts_at=TUESDAY, minutes=60, arrangement=arrangement
        )


async def move(store: Store, id: UUID, arrangement: Arrangement | None, **changed: Any) -> Interview:
    wanted = {"counsellor": NADIA, "room": None, "starts_at": TUESDAY, "minutes": 60} | changed
    await change(store, id, guidance.move, arrangement=arrangement, **wanted)
    (row,) = await rows_of(store, Interview)
    return row


async def test_an_interview_by_telephone_needs_no_room_and_its_events_say_so(
    store: Store, adult: Visitor, clock: FixedClock
) -> None:
    booked = await book(store, await take_path(store, adult), Arrangement(PHONE, "ar"))
    row = await move(store, booked.id, None, starts_at=TUESDAY.replace(hour=10))
    assert (row.room, row.arrangement) == (None, Arrangement(PHONE, "ar"))
    clock.now = TUESDAY.replace(hour=11)
    await change(store, booked.id, guidance.hold)
    for event in (InterviewBooked, InterviewMoved, InterviewHeld):
        (emitted,) = await emitted_events(store, event)
        assert emitted.mode is PHONE
        assert "interpreter" not in emitted.model_dump_json()
    clock.now += UNDONE_WITHIN
    await no_shows.delete_interpreters(store)
    (row,) = await rows_of(store, Interview)
    assert row.arrangement == Arrangement(PHONE), "nobody interprets any more"


async def test_another_mode_at_the_same_time_is_a_move_another_interpreter_is_none(
    store: Store, adult: Visitor
) -> None:
    booked = await book(store, await take_path(store, adult), IN_PERSON)
    assert (await move(store, booked.id, Arrangement(HERE, "ti"))).interpreter_language == "ti"
    assert await emitted_events(store, InterviewMoved) == []
    assert (await move(store, booked.id, Arrangement(VIDEO))).arrangement == Arrangement(VIDEO)
    (moved,) = await emitted_events(store, InterviewMoved)
    assert (moved.mode, moved.starts_at) == (VIDEO, TUESDAY)


async def test_a_visitor_who_moves_their_interview_keeps_its_mode(store: Store, adult: Visitor) -> None:
    booked = await book(store, await take_path(store, adult), Arrangement(PHONE, "uk"))
    async with store.work() as work:
        await own.move(
            work,
            booked.id,
            {adult.subject_ref},
            starts_at=TUESDAY.replace(hour=10),
            notice=NOTICE,
            horizon=HORIZON,
            seen=TUESDAY,
        )
    (row,) = await rows_of(store, Interview)
    assert (row.starts_at.hour, row.arrangement) == (10, Arrangement(PHONE, "uk"))


async def test_a_home_visit_has_no_room_and_a_cancelled_interview_no_interpreter(store: Store, adult: Visitor) -> None:
    with pytest.raises(refusals.RoomAtHome):
        await book(store, await take_path(store, adult), Arrangement(HOME), "salle-1")
    booked = await book(store, (await rows_of(store, GuidancePath))[0].id, Arrangement(HERE, "ar"), "salle-1")
    with pytest.raises(refusals.RoomAtHome):
        await move(store, booked.id, Arrangement(HOME), room="salle-1")
    await change(store, booked.id, guidance.cancel, by=Side.VISITOR, reason="other")
    (row,) = await rows_of(store, Interview)
    assert row.arrangement == IN_PERSON


async def test_an_erasure_deletes_the_interpreter_of_a_missed_interview(
    store: Store, adult: Visitor, clock: FixedClock
) -> None:
    booked = await book(store, await take_path(store, adult), Arrangement(PHONE, "ar"))
    clock.now = TUESDAY
    await change(store, booked.id, no_shows.miss)
    async with store.work() as work:
        await erase_subject(work, adult.subject_ref, work.now)
    (row,) = await rows_of(store, Interview)
    assert (row.status, row.arrangement) == ("noshow", Arrangement(PHONE))


async def test_an_import_takes_a_mode_and_a_line_without_one_has_its_old_fingerprint(store: Store) -> None:
    by_phone, plain = guided(uuid4(), uuid4(), mode="telephone"), guided(uuid4(), uuid4())
    assert "mode" not in plain.model_dump_json()
    for accepted in (2, 0):
        assert (await take_in(store, by_phone, plain)).accepted == accepted
    assert {row.id: row.mode for row in await rows_of(store, Interview)} == {
        by_phone.interview_id: "telephone",
        plain.interview_id: "in-person",
    }
    assert {one.interview_id: one.mode for one in await emitted_events(store, InterviewHeld)} == {
        by_phone.interview_id: PHONE,
        plain.interview_id: HERE,
    }
    (other,) = (await take_in(store, plain.model_copy(update={"mode": VIDEO}))).bad
    assert other.rule == "already-different"


async def test_the_team_books_a_mode_and_an_interpreter_and_reads_them_everywhere(desk: Client, known: Visitor) -> None:
    form: Form = BOOKING | {"person": str(known.subject_ref), "mode": "videoconference", "interpreter_language": "ti"}
    place = (await press(desk, "/interviews/new", **form)).split(" ")[0].removeprefix("/scheduling")
    agenda = f"/agenda?centre={LIEGE}&date=2026-03-03"
    for path in (place, agenda, f"/fragments/people/{known.subject_ref}"):
        html = await see(desk, path)
        assert "n visioconférence" in html, path
        assert "tigrigna" in html, path
    moving: Form = {"version": "1", "date": "2026-03-03", "time": "10:00", "minutes": "60", "counsellor": NADIA}
    assert 'id="room-error"' in await press(desk, f"{place}/move", 422, **moving, mode="home-visit", room="salle-1")
    await press(desk, f"{place}/move", **moving, mode="telephone")
    html = await see(desk, agenda)
    assert "Par téléphone" in html
    assert "tigrigna" not in html


async def test_free_times_keep_the_mode_that_was_chosen(desk: Client, known: Visitor) -> None:
    query = f"person={known.subject_ref}&date=2026-03-03&counsellor={NADIA}&mode=telephone&interpreter_language=ar"
    html = await see(desk, f"/interviews/new?{query}")
    assert '<option value="telephone" selected>' in html
    assert '<option value="ar" selected>' in html
    assert "mode=telephone&amp;interpreter_language=ar" in html


async def test_a_visitor_reads_how_their_interview_takes_place(desk: Client, known: Visitor) -> None:
    booked = await book(desk.store, await take_path(desk.store, known), Arrangement(PHONE, "uk"))
    desk.signed_in(visitor(known.subject_ref))
    for path in ("", "/part", f"/interviews/{booked.id}"):
        html = await shown(desk, path)
        assert "Par téléphone, avec <bdi>" in html, path
        assert "Sur place" not in html
    async with desk.store.read() as session:
        held = await read_personal_data(session, known.subject_ref)
    assert held is not None
    assert [(one.mode, one.interpreter_language) for one in held.interviews] == [("telephone", "uk")]


async def test_the_api_keeps_the_mode_and_the_interpreter_that_a_move_omits(desk: Client, known: Visitor) -> None:
    path = str(await take_path(desk.store, known))
    wanted = {"path_id": path, "starts_at": TUESDAY.isoformat(), "minutes": 60}
    made = await desk.post(f"{API}/interviews", json=wanted | {"mode": "telephone", "interpreter_language": "ar"})
    assert made.status_code == 201, made.text
    at = f"{API}/interviews/{made.json()['id']}/move"
    kept = (await desk.post(at, json={"starts_at": TUESDAY.replace(hour=10).isoformat()})).json()
    assert (kept["mode"], kept["interpreter_language"]) == ("telephone", "ar")
    changed = (await desk.post(at, json={"mode": "in-person", "interpreter_language": None})).json()
    assert (changed["mode"], changed["interpreter_language"]) == ("in-person", None)
    assert (await desk.post(at, json={"mode": "fax"})).status_code == 422
