"""A counsellor's to-do: each part from the first moment of its lines to the last, on both stores; page and API."""

import re
from datetime import timedelta
from html import unescape
from uuid import UUID

import pytest

from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.contracts.queue import VisitorArrived
from services.contracts.scheduling import Side
from services.scheduling.actions import (
    arrivals,
    attendance,
    guidance,
    information,
    no_shows,
    paths,
    seats,
    stopping,
    workshops,
)
from services.scheduling.actions.todo import Desk, ToDo, lines_of, to_do
from services.scheduling.domain.todo import Task, ToDoPart
from services.scheduling.pages import todo
from services.scheduling.store import Centre, Workshop
from services.scheduling.store.workshops import sessions_of
from tests.givens.scheduling import COLLEAGUE, COUNSELLOR, ELSEWHERE, LIEGE, MONDAY, NADIA, TOM, Visitor, liege, react
from tests.scheduling.test_final_interviews import book, due_paths
from tests.scheduling.test_guidance import change
from tests.scheduling.test_taking import come, profile

API = f"/scheduling/api/v1/counsellors/{NADIA}/to-do"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def read(store: Store, counsellor: str = NADIA, limit: int = 5) -> ToDo:
    async with store.read() as session:
        return await to_do(session, Desk(await session.get_one(Centre, LIEGE), counsellor, store.clock()), limit)


async def listed(store: Store, part: ToDoPart, counsellor: str = NADIA) -> list[tuple[Task, UUID]]:
    """Tasks and ids; the same, however many lines a page has."""
    async with store.read() as session:
        desk = Desk(await session.get_one(Centre, LIEGE), counsellor, store.clock())
        whole = await lines_of(session, part, desk)
        assert whole.total == len(whole.rows)
        one_by_one, after = list[UUID](), None
        for left in range(whole.total, 0, -1):
            found = await lines_of(session, part, desk, after, 1)
            assert (found.total, len(found.rows)) == (left, 1)
            after = found.rows[0].id
            one_by_one.append(after)
    assert one_by_one == [one.id for one in whole.rows]
    return [(one.task, one.id) for one in whole.rows]


async def guided(store: Store, hours: int = 1, counsellor: str = NADIA) -> tuple[Visitor, UUID, UUID]:
    """A person with an appointment so many hours from nine o'clock: their path, and the interview."""
    visitor = Visitor()
    await react(store, [visitor.registered()])
    async with store.work() as work:
        path = await paths.open_path(work, visitor.subject_ref, LIEGE, "choose-path")
        at = MONDAY + timedelta(hours=hours)
        made = await guidance.book(work, path.id, counsellor=counsellor, room=None, starts_at=at, minutes=60)
        return visitor, path.id, made.id


async def announce(store: Store, *sessions: tuple[timedelta, int], places: int = 8, also: str | None = None) -> UUID:
    """A workshop of Tom's, or of this counsellor's too, with sessions so long after nine o'clock."""
    async with store.work() as work:
        made = await workshops.announce(
            work,
            centre=LIEGE,
            area=None,
            title="Oser <changer>",
            counsellor=TOM,
            more_facilitators=[also] if also else [],
            room=None,
            seats=places,
            outside_usual_hours=True,
            sessions=[(MONDAY + after, minutes) for after, minutes in sessions],
        )
        return made.id


async def test_who_waits_is_listed_for_those_who_can_take_them(store: Store) -> None:
    await profile(store, NADIA, [], ["find-job"])
    await profile(store, TOM, [], ["select-training"])
    job, training, other = await come(store, "find-job", "select-training", "find-job")
    assert await listed(store, ToDoPart.WAITING) == [(Task.TAKE, job.visit_id), (Task.TAKE, other.visit_id)]
    assert await listed(store, ToDoPart.WAITING, TOM) == [(Task.TAKE, training.visit_id)]
    async with store.work() as work:
        started = await information.start(work, job.visit_id, NADIA)
    found = await read(store)
    assert (found.under_way, found.parts[ToDoPart.WAITING].total) == (started.id, 1)
    assert await listed(store, ToDoPart.TODAY) == [(Task.FINISH, started.id)]
    assert (await read(store, TOM)).under_way is None


async def test_an_appointment_is_listed_until_it_is_held(store: Store, clock: FixedClock) -> None:
    visitor, _path, first = await guided(store, 1)
    _other, _path, late = await guided(store, 4)
    assert await listed(store, ToDoPart.TODAY) == [(Task.PREPARE, first), (Task.PREPARE, late)]
    assert await listed(store, ToDoPart.TODAY, TOM) == []
    clock.now = MONDAY + HOUR
    await react(store, [visitor.checks_in(clock.now, ticket="R-001"), visitor.is_identified(clock.now)])
    came = VisitorArrived(visit_id=visitor.visit_id, centre=LIEGE, at=clock.now, counsellor=NADIA, interview_id=first)
    await react(store, [came])
    (line, _late) = (await read(store)).parts[ToDoPart.TODAY].rows
    assert (line.task, line.ticket, line.subject_ref) == (Task.START, "R-001", visitor.subject_ref)
    await change(store, first, arrivals.receive)
    assert (await listed(store, ToDoPart.TODAY))[0] == (Task.FINISH, first)
    await change(store, first, guidance.hold)
    clock.now = MONDAY + 5 * HOUR
    assert await listed(store, ToDoPart.TODAY) == [(Task.RECORD_INTERVIEW, late)]
    clock.now = MONDAY + DAY
    assert await listed(store, ToDoPart.TODAY) == []
    assert await listed(store, ToDoPart.LEFT_OVER) == [(Task.RECORD_INTERVIEW, late)]
    await change(store, late, no_shows.miss)
    assert await listed(store, ToDoPart.LEFT_OVER) == []


async def test_a_session_is_listed_until_its_attendance_is_recorded(store: Store, clock: FixedClock) -> None:
    made = await announce(store, (HOUR, 60), (DAY + HOUR, 60), also=NADIA)
    visitor = Visitor()
    await react(store, [visitor.registered()])
    async with store.work() as work:
        await seats.take_seat(work, made, visitor.subject_ref)
    async with store.read() as session:
        first, second = [one.id for one in await sessions_of(session, made)]
    assert await listed(store, ToDoPart.TODAY) == [(Task.PREPARE, first)]
    clock.now = MONDAY + HOUR
    for facilitator in (NADIA, TOM):
        assert await listed(store, ToDoPart.TODAY, facilitator) == [(Task.RECORD_ATTENDANCE, first)]
    assert await listed(store, ToDoPart.TODAY, "liege-c0") == [], "a code that begins another one"
    clock.now += DAY
    assert await listed(store, ToDoPart.LEFT_OVER) == [(Task.RECORD_ATTENDANCE, first)]
    assert await listed(store, ToDoPart.TODAY) == [(Task.RECORD_ATTENDANCE, second)]
    _visitor, _path, interview = await guided(store, 30)
    assert await listed(store, ToDoPart.TODAY) == [(Task.RECORD_ATTENDANCE, second), (Task.PREPARE, interview)]
    for meeting in (first, second):
        async with store.work() as work:
            await attendance.record_attendance(work, await work.load(Workshop, made), meeting, [])
        assert await listed(store, ToDoPart.LEFT_OVER) == []
    assert await listed(store, ToDoPart.TODAY) == [(Task.PREPARE, interview)]


async def test_a_final_interview_is_listed_until_it_is_held(store: Store, clock: FixedClock) -> None:
    first, second, third = await due_paths(store, clock, [TOM, NADIA], 3)
    to_book = [(Task.BOOK_FINAL_INTERVIEW, one) for one in (first, second, third)]
    assert (
        await listed(store, ToDoPart.FINAL_INTERVIEWS) == to_book == await listed(store, ToDoPart.FINAL_INTERVIEWS, TOM)
    )
    interview = await book(store, first)
    theirs = [*to_book[1:], (Task.HOLD_FINAL_INTERVIEW, first)]
    assert await listed(store, ToDoPart.FINAL_INTERVIEWS) == theirs
    assert await listed(store, ToDoPart.FINAL_INTERVIEWS, TOM) == to_book[1:]
    line = (await read(store)).parts[ToDoPart.FINAL_INTERVIEWS].rows[-1]
    assert (line.interview_id, line.path_id) == (interview, first)
    clock.now += 3 * DAY
    await change(store, interview, guidance.hold)
    assert await listed(store, ToDoPart.FINAL_INTERVIEWS) == to_book[1:]


async def test_a_path_is_listed_while_nothing_is_booked_on_it(store: Store, clock: FixedClock) -> None:
    _visitor, path, first = await guided(store)
    assert await listed(store, ToDoPart.PATHS) == []
    clock.now = MONDAY + 2 * HOUR
    await change(store, first, guidance.hold)
    assert await listed(store, ToDoPart.PATHS) == [(Task.BOOK_NEXT, path)]
    assert await listed(store, ToDoPart.PATHS, TOM) == []
    second = await book(store, path, TOM)
    assert await listed(store, ToDoPart.PATHS) == []
    await change(store, second, guidance.cancel, by=Side.VISITOR, reason="other")
    assert await listed(store, ToDoPart.PATHS, TOM) == [(Task.BOOK_NEXT, path)], "with whom the last one was booked"
    (line,) = (await read(store, TOM)).parts[ToDoPart.PATHS].rows
    assert (line.at, line.none_yet) == (MONDAY + HOUR, False), "the last appointment is not the cancelled one to come"
    assert await listed(store, ToDoPart.PATHS) == []
    async with store.work() as work:
        await stopping.give_up(work, path)
    assert await listed(store, ToDoPart.PATHS, TOM) == []


async def test_a_path_is_not_listed_with_all_its_interviews_or_after_a_year(store: Store, clock: FixedClock) -> None:
    _visitor, full, held = await guided(store)
    _other, waits, missed = await guided(store, 2)
    clock.now = MONDAY + 4 * HOUR
    await change(store, held, guidance.hold)
    await change(store, missed, no_shows.miss)
    assert await listed(store, ToDoPart.PATHS) == [(Task.BOOK_NEXT, waits), (Task.BOOK_NEXT, full)], "the latest first"
    for days in (8, 15, 22):
        at = MONDAY + timedelta(days=days)
        async with store.work() as work:
            one = await guidance.book(work, full, counsellor=NADIA, room=None, starts_at=at, minutes=60)
        clock.now = at + HOUR
        await change(store, one.id, guidance.hold)
    assert await listed(store, ToDoPart.PATHS) == [(Task.BOOK_NEXT, waits)]
    clock.now = MONDAY + 2 * HOUR + timedelta(days=365)
    assert await listed(store, ToDoPart.PATHS) == []


async def test_an_offer_is_listed_until_it_is_answered_or_over(store: Store, clock: FixedClock) -> None:
    made = await announce(store, (8 * DAY, 60), places=1, also=NADIA)
    people = [Visitor() for _ in range(3)]
    await react(store, [one.registered() for one in people], in_one_batch=True)
    entries: list[UUID] = []
    for one in people:
        async with store.work() as work:
            entries.append((await seats.take_seat(work, made, one.subject_ref, waitlist=True)).id)
    assert await listed(store, ToDoPart.OFFERS) == []
    two_days = 2 * DAY
    async with store.work() as work:
        row = await work.load(Workshop, made)
        await seats.release_seat(work, row, entries[0], by=Side.VISITOR, answer=two_days)
    assert await listed(store, ToDoPart.OFFERS) == [(Task.ANSWER_OFFER, entries[1])]
    assert await listed(store, ToDoPart.OFFERS) == await listed(store, ToDoPart.OFFERS, TOM)
    assert await listed(store, ToDoPart.OFFERS, "liege-c0") == []
    async with store.work() as work:
        await seats.decline(work, entries[1], by=Side.VISITOR, answer=two_days)
    assert await listed(store, ToDoPart.OFFERS) == [(Task.ANSWER_OFFER, entries[2])]
    clock.now += two_days
    assert await listed(store, ToDoPart.OFFERS) == [], "the time to answer is over"


async def test_the_page_shows_the_first_lines_and_leads_to_all(
    desk: Client, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    html = unescape((await desk.get("/scheduling/to-do")).text)
    assert "Tout est fait" in html
    await profile(desk.store, NADIA, ["nl"], ["find-job"])
    _first, second, third = await come(desk.store, "find-job", "find-job", "find-job")
    visitor, path, interview = await guided(desk.store, 1)
    monkeypatch.setattr(todo, "SHOWN", 1)
    html = unescape((await desk.get("/scheduling/to-do")).text)
    assert html.index('id="waiting-title"') < html.index('id="today-title"')
    assert "Tout afficher : 3".replace(" :", "\u00a0:") in html
    assert f"/scheduling/visits/{second.visit_id}/start" not in html
    assert f'href="/scheduling/interviews/{interview}"' in html
    assert f"/intake/fragments/visitors/{visitor.subject_ref}" in html
    assert "Rien à faire\u00a0: Jours précédents · " in html
    monkeypatch.setattr(todo, "LISTED", 2)
    (all_of_them,) = re.findall(r'id="all-waiting" href="([^"]+)"', html)
    html = unescape((await desk.get(all_of_them)).text)
    assert f"/scheduling/visits/{second.visit_id}/start" in html
    (on,) = re.findall(r'href="(\?[^"]*after=[^"]*)"', html)
    html = (await desk.get("/scheduling/to-do/waiting" + on)).text
    assert f"/scheduling/visits/{third.visit_id}/start" in html
    assert re.findall(r'href="\?[^"]*after=', html) == []
    form = {"centre": LIEGE, "own": "true"}
    answer = await desk.post("/scheduling/next", data=form, headers={"accept": "text/html"})
    assert answer.headers["location"] == "/scheduling/?centre=liege"
    html = (await desk.get("/scheduling/to-do")).text
    assert 'id="take-next"' not in html
    assert 'id="under-way"' in html
    clock.now = MONDAY + 2 * HOUR
    await change(desk.store, interview, guidance.hold)
    assert f'href="/scheduling/paths/{path}"' in (await desk.get("/scheduling/to-do")).text


async def test_the_next_person_is_taken_by_ones_own_needs(desk: Client, known: Visitor) -> None:
    await profile(desk.store, NADIA, [], ["select-training"])
    await profile(desk.store, TOM, [], ["find-job"])
    form = {"centre": LIEGE, "own": "true"}
    answer = await desk.post("/scheduling/next", data=form, headers={"accept": "text/html"})
    assert "error:Personne ne vous attend" in desk.flash(answer)


async def test_each_sees_their_own_at_their_own_centres(desk: Client) -> None:
    await react(desk.store, [liege(code="mons")])
    _visitor, _path, interview = await guided(desk.store, 1)
    both = COUNSELLOR.model_copy(update={"centres": frozenset({LIEGE, "mons"})})
    desk.signed_in(both)
    assert str(interview) in (await desk.get("/scheduling/to-do", params={"centre": LIEGE})).text
    assert str(interview) not in (await desk.get("/scheduling/to-do", params={"centre": "mons"})).text
    desk.signed_in(COLLEAGUE)
    assert str(interview) not in (await desk.get("/scheduling/to-do")).text
    assert (await desk.get(API, params={"centre": LIEGE})).status_code == 404
    desk.signed_in(ELSEWHERE)
    assert (await desk.get("/scheduling/to-do", params={"centre": LIEGE})).status_code == 403


async def test_the_api_has_the_same(desk: Client) -> None:
    people = await come(desk.store, *["find-job"] * 7)
    visitor, path, interview = await guided(desk.store, 1)
    answer = (await desk.get(API, params={"centre": LIEGE})).json()
    parts = {one["part"]: one for one in answer["parts"]}
    assert [*parts] == [one.value for one in ToDoPart]
    assert (parts["waiting"]["total"], len(parts["waiting"]["lines"])) == (7, 5)
    (line,) = parts["today"]["lines"]
    assert (line["task"], line["interview_id"], line["path_id"]) == ("prepare", str(interview), str(path))
    assert line["subject_ref"] == str(visitor.subject_ref)
    asked = {"centre": LIEGE, "after": str(people[4].visit_id), "limit": 1}
    rest = (await desk.get(f"{API}/waiting", params=asked)).json()
    assert (rest["total"], [one["visit_id"] for one in rest["lines"]]) == (2, [str(people[5].visit_id)])
    assert (await desk.get(f"{API}/nothing", params={"centre": LIEGE})).status_code == 422
