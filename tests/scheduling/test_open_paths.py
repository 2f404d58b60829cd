"""No path is forgotten: the centre's list of open paths with nothing to come; on both stores, page and API."""

from datetime import timedelta
from html import unescape

from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.contracts.accounts import AccountStatus
from services.contracts.scheduling import Side
from services.scheduling.actions import attendance, guidance, no_shows, paths, seats, stopping
from services.scheduling.domain.todo import NothingToCome, Task, ToDoPart
from services.scheduling.store import Seat, Workshop
from services.scheduling.store.workshops import sessions_of
from tests.givens.scheduling import LIEGE, MONDAY, NADIA, TOM, Visitor, account_of, react
from tests.scheduling.test_final_interviews import book
from tests.scheduling.test_guidance import change
from tests.scheduling.test_todo import API, DAY, HOUR, announce, guided, listed, read

PART = ToDoPart.OPEN_PATHS


async def leaves(store: Store, counsellor: str = TOM) -> None:
    """The account of this counsellor ends."""
    gone = account_of(counsellor, AccountStatus.INACTIVE, version=2)
    await react(store, [gone])


async def test_who_missed_the_last_session_of_a_workshop_is_listed_until_that_is_decided(
    store: Store, clock: FixedClock
) -> None:
    made = await announce(store, (HOUR, 60), (DAY + HOUR, 60))
    came, missed, stopped = (Visitor() for _ in range(3))
    await react(store, [one.registered() for one in (came, missed, stopped)], in_one_batch=True)
    taken: list[Seat] = []
    for one in (came, missed, stopped):
        async with store.work() as work:
            taken.append(await seats.take_seat(work, made, one.subject_ref))
    by_seat = {seat.id: seat.path_id for seat in taken}
    async with store.read() as session:
        first, last = [one.id for one in await sessions_of(session, made)]
    clock.now = MONDAY + DAY + 2 * HOUR
    present = [one.id for one in taken]
    for meeting, there in ((first, present), (last, present[:1])):
        assert await listed(store, PART) == [], "the workshop is not finished"
        async with store.work() as work:
            await attendance.record_attendance(work, await work.load(Workshop, made), meeting, there)
    theirs = {by_seat[one] for one in present[1:]}
    for counsellor in (TOM, NADIA):  # the whole centre: those of the facilitators too, if they have left
        lines = await listed(store, PART, counsellor)
        assert {id for _task, id in lines} == theirs
        assert {task for task, _id in lines} == {Task.DECIDE_ON_PATH}
    line = (await read(store)).parts[PART].rows[0]
    assert (line.why, line.at, line.workshop_id) == (NothingToCome.MISSED_LAST, MONDAY + DAY + 2 * HOUR, made)
    async with store.work() as work:
        path = by_seat[present[2]]
        assert path is not None
        await stopping.give_up(work, path)
    assert [id for _task, id in await listed(store, PART)] == [by_seat[present[1]]]
    async with store.work() as work:
        await attendance.record_attendance(work, await work.load(Workshop, made), last, present[:2])
    assert await listed(store, PART) == [], "the final interview is due after all"
    assert len(await listed(store, ToDoPart.FINAL_INTERVIEWS, TOM)) == 2


async def test_a_path_whose_counsellor_left_is_listed_until_it_goes_on(store: Store, clock: FixedClock) -> None:
    _visitor, path, first = await guided(store, counsellor=TOM)
    clock.now = MONDAY + 2 * HOUR
    await change(store, first, guidance.hold)
    assert await listed(store, PART) == [], "it is in the list of its counsellor"
    await leaves(store)
    assert await listed(store, PART) == [(Task.DECIDE_ON_PATH, path)]
    line = (await read(store)).parts[PART].rows[0]
    assert (line.why, line.at) == (NothingToCome.COUNSELLOR_LEFT, MONDAY + HOUR)
    interview = await book(store, path, NADIA)
    assert await listed(store, PART) == []
    await change(store, interview, guidance.cancel, by=Side.VISITOR, reason="other")
    assert await listed(store, PART) == [], "it is in the list of the other one"
    assert await listed(store, ToDoPart.PATHS) == [(Task.BOOK_NEXT, path)]


async def test_a_path_is_not_listed_a_year_after_the_last_appointment(store: Store, clock: FixedClock) -> None:
    _visitor, path, first = await guided(store, counsellor=TOM)
    clock.now = MONDAY + 2 * HOUR
    await change(store, first, no_shows.miss)
    await leaves(store)
    assert await listed(store, PART) == [(Task.DECIDE_ON_PATH, path)]
    clock.now = MONDAY + HOUR + timedelta(days=365)
    assert await listed(store, PART) == []


async def test_a_path_that_was_opened_without_an_interview_is_listed(store: Store, clock: FixedClock) -> None:
    visitor = Visitor()
    await react(store, [visitor.registered()])
    async with store.work() as work:
        path = await paths.open_path(work, visitor.subject_ref, LIEGE, "choose-path")
    assert await listed(store, PART) == [(Task.DECIDE_ON_PATH, path.id)]
    assert (await read(store)).parts[PART].rows[0].why is NothingToCome.NO_INTERVIEW
    await react(store, [visitor.withdraws("guidance")])
    assert await listed(store, PART) == [], "nothing can be booked for the person"
    await react(store, [visitor.gives("guidance", "plan")])
    assert len(await listed(store, PART)) == 1
    clock.now = MONDAY + timedelta(days=365)
    assert await listed(store, PART) == []


async def test_the_page_and_the_api_say_why_and_what_can_be_done(desk: Client, clock: FixedClock) -> None:
    _visitor, path, first = await guided(desk.store, counsellor=TOM)
    clock.now = MONDAY + 2 * HOUR
    await change(desk.store, first, guidance.hold)
    await leaves(desk.store)
    for page in ("/scheduling/to-do", "/scheduling/to-do/open-paths"):
        html = unescape((await desk.get(page)).text)
        assert "prenez rendez-vous avec un collègue, ou arrêtez le parcours" in html
        assert f'href="/scheduling/paths/{path}"' in html
    found = (await desk.get(f"{API}/open-paths", params={"centre": LIEGE})).json()
    (line,) = found["lines"]
    assert (line["task"], line["why"], line["path_id"]) == ("decide-on-path", "counsellor-left", str(path))
