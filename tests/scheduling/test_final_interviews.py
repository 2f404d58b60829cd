"""The list of final interviews: due, booked, held, cancelled, of stopped paths and erased people; on both stores."""

import re
from collections.abc import Sequence
from datetime import timedelta
from html import unescape
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import col

from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.contracts.persons import VisitorMerged
from services.contracts.scheduling import Side
from services.scheduling.actions import attendance, guidance, no_shows, seats, stopping, workshops
from services.scheduling.actions.erasure import erase_subject
from services.scheduling.pages import finalising
from services.scheduling.store import GuidancePath, Seat, Session, Workshop
from services.scheduling.store.finalising import FinalInterview, count_to_book, finals_booked, finals_to_book
from tests.givens.scheduling import COLLEAGUE, ELSEWHERE, LIEGE, MONDAY, NADIA, TOM, Visitor, react
from tests.scheduling.test_guidance import change

HELD = MONDAY + timedelta(days=1, hours=1)
LATER = HELD + timedelta(days=2)
"""Thursday, 10:00 in Liège."""
TITLE = "Oser <changer>"


async def due_paths(store: Store, clock: FixedClock, facilitators: Sequence[str], people: int) -> list[UUID]:
    """A workshop that these people attended, one after the other on the path list."""
    visitors = [Visitor() for _ in range(people)]
    await react(store, [one.registered() for one in visitors], in_one_batch=True)
    first, *others = facilitators
    async with store.work() as work:
        made = await workshops.announce(
            work,
            centre=LIEGE,
            area=None,
            title=TITLE,
            counsellor=first,
            more_facilitators=others,
            room=None,
            seats=people,
            outside_usual_hours=True,
            sessions=[(clock.now + timedelta(hours=1), 60)],
        )
    for one in visitors:
        async with store.work() as work:
            await seats.take_seat(work, made.id, one.subject_ref)
    clock.now += timedelta(hours=2)
    async with store.work() as work:
        meeting = await work.session.scalar(sa.select(Session).where(col(Session.workshop_id) == made.id))
        taken = list(await work.session.scalars(sa.select(col(Seat.id)).where(col(Seat.workshop_id) == made.id)))
        assert meeting is not None
        await attendance.record_attendance(work, await work.load(Workshop, made.id), meeting.id, taken)
    async with store.read() as session:
        query = sa.select(GuidancePath).where(col(GuidancePath.workshop_id) == made.id).order_by(col(GuidancePath.id))
        return [one.id for one in await session.scalars(query)]


async def lists(store: Store, counsellor: str | None = None) -> tuple[list[FinalInterview], list[FinalInterview]]:
    """Those to book, and those that are booked. The number is that of the first ones."""
    async with store.read() as session:
        to_book = await finals_to_book(session, LIEGE, counsellor)
        assert await count_to_book(session, LIEGE, counsellor) == len(to_book)
        return to_book, await finals_booked(session, LIEGE, counsellor)


async def ids(store: Store, counsellor: str | None = None) -> tuple[list[UUID], list[UUID]]:
    to_book, booked = await lists(store, counsellor)
    return [one.id for one in to_book], [one.id for one in booked]


async def book(store: Store, path: UUID, counsellor: str = NADIA, hours: int = 0) -> UUID:
    async with store.work() as work:
        at = LATER + timedelta(hours=hours)
        made = await guidance.book(work, path, counsellor=counsellor, room=None, starts_at=at, minutes=60)
        return made.id


async def test_it_is_listed_from_the_last_attendance_until_it_is_held(store: Store, clock: FixedClock) -> None:
    assert await ids(store) == ([], [])
    (path,) = await due_paths(store, clock, [NADIA], 1)
    since = clock.now
    ((row,), none) = await lists(store)
    assert (row.id, row.due_since, row.title, row.counsellors, none) == (path, since, TITLE, [NADIA], [])
    first = await book(store, path)
    (none, (row,)) = await lists(store)
    assert (none, row.interview_id, row.starts_at, row.minutes) == ([], first, LATER, 60)
    await change(store, first, guidance.cancel, by=Side.VISITOR, reason="other")
    assert await ids(store) == ([path], []), "cancelled: due again"
    second = await book(store, path)
    clock.now = LATER
    await change(store, second, no_shows.miss)
    assert await ids(store) == ([path], []), "nobody came: due again"
    await change(store, second, no_shows.undo_miss)
    assert await ids(store) == ([], [path])
    await change(store, second, guidance.hold)
    assert await ids(store) == ([], [])


async def test_it_is_due_for_each_facilitator_until_one_books(store: Store, clock: FixedClock) -> None:
    both = await due_paths(store, clock, [NADIA, TOM], 2)
    (alone,) = await due_paths(store, clock, [TOM], 1)
    assert (await ids(store))[0] == [*both, alone], "the longest due first"
    assert await ids(store, NADIA) == (both, [])
    assert await ids(store, TOM) == ([*both, alone], [])
    assert await ids(store, "liege-c0") == ([], []), "a code that begins another one"
    await book(store, both[0], TOM)
    assert await ids(store, NADIA) == ([both[1]], [])
    assert await ids(store, TOM) == ([both[1], alone], [both[0]])
    ((row, _alone), (booked,)) = await lists(store, TOM)
    assert (row.counsellors, booked.counsellors) == ([NADIA, TOM], [TOM])


async def test_a_stopped_path_and_an_erased_person_are_gone_and_a_merged_one_stays(
    store: Store, clock: FixedClock
) -> None:
    stopped, erased, merged, booked = await due_paths(store, clock, [NADIA], 4)
    await book(store, booked)
    refs = {one.id: one.subject_ref for one in (await lists(store))[0]}
    kept = Visitor()
    await react(store, [kept.registered()])
    await react(store, [VisitorMerged(subject_ref=refs[merged], kept_ref=kept.subject_ref, at=MONDAY)])
    async with store.work() as work:
        await erase_subject(work, refs[erased], work.now)
    for path in (stopped, booked):
        async with store.work() as work:
            await stopping.give_up(work, path, freed=None)
    assert await ids(store) == ([merged], [])


async def test_pages_of_a_list_go_on_behind_the_last_one(store: Store, clock: FixedClock) -> None:
    everybody = [*await due_paths(store, clock, [NADIA], 3), *await due_paths(store, clock, [NADIA], 1)]
    async with store.read() as session:
        first = await finals_to_book(session, LIEGE, limit=2)
        second = await finals_to_book(session, LIEGE, after=first[-1].id, limit=2)
    assert [one.id for one in (*first, *second)] == everybody


async def test_the_page_shows_ones_own_then_all_and_the_calendar_counts(
    desk: Client, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = "/scheduling/final-interviews"
    assert "Aucun entretien final" in (await desk.get(page)).text
    mine = await due_paths(desk.store, clock, [NADIA, TOM], 3)
    (toms,) = await due_paths(desk.store, clock, [TOM], 1)
    interview = await book(desk.store, mine[0])
    html = unescape((await desk.get(page)).text)
    assert re.findall(r'href="/scheduling/paths/([^"]+)"', html) == [str(one) for one in mine[1:]]
    assert "À fixer\u00a0: 2" in html
    assert html.index(f"/scheduling/interviews/{interview}") > html.index(f"/scheduling/paths/{mine[2]}")
    assert "Oser &lt;changer&gt;" in (await desk.get(page)).text
    assert str(toms) in (await desk.get(page, params={"counsellor": "*"})).text
    assert "Entretiens finaux à fixer\u00a0: 2" in (await desk.get("/scheduling/agenda")).text
    monkeypatch.setattr(finalising, "SHOWN", 1)
    first = unescape((await desk.get(page)).text)
    assert f"/scheduling/interviews/{interview}" not in first, "below the last of those to book"
    (on,) = re.findall(r'href="(\?[^"]*after=[^"]*)"', first)
    second = (await desk.get(page + on)).text
    shown = re.findall(r'href="/scheduling/(?:paths|interviews)/([^"]+)"', second)
    assert shown == [str(mine[2]), str(interview)]
    desk.signed_in(COLLEAGUE)
    assert "Entretiens finaux à fixer\u00a0: 3" in (await desk.get("/scheduling/agenda")).text


async def test_the_api_lists_both_and_only_of_ones_centre(desk: Client, clock: FixedClock) -> None:
    one, other = await due_paths(desk.store, clock, [NADIA], 2)
    interview = await book(desk.store, other)
    url = "/scheduling/api/v1/paths/due"
    (row,) = (await desk.get(url, params={"centre": LIEGE})).json()
    assert (row["id"], row["counsellors"], row["interview_id"]) == (str(one), [NADIA], None)
    (row,) = (await desk.get(url, params={"centre": LIEGE, "booked": "true", "counsellor": NADIA})).json()
    assert (row["id"], row["interview_id"]) == (str(other), str(interview))
    assert (await desk.get(url, params={"centre": LIEGE, "after": str(one)})).json() == []
    desk.signed_in(ELSEWHERE)
    assert (await desk.get(url, params={"centre": LIEGE})).status_code == 403
