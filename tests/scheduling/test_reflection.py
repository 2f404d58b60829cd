"""Between two interviews of a path there is time for reflection; the team may book sooner, once it is asked."""

import re
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services.chassis.storage.store import Store
from services.chassis.testing import Client
from services.contracts.scheduling import Method
from services.scheduling.actions import availability, guidance
from services.scheduling.domain import refusals
from services.scheduling.domain.availability import WorkingHours
from services.scheduling.domain.paths import check_reflection
from services.scheduling.store import Interview, SlotHold
from tests.givens.rows import rows_of
from tests.givens.scheduling import LIEGE, NADIA, Visitor, react
from tests.scheduling.test_paths import book, take_path

TUESDAY = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
WEEK = timedelta(days=7)
ZONE = ZoneInfo("Europe/Brussels")
HTML = {"accept": "text/html"}
BOOK = "/scheduling/interviews/new"


async def book_after(store: Store, path: UUID, days: int, reflection: timedelta = WEEK) -> Interview:
    async with store.work() as work:
        at = TUESDAY + timedelta(days=days)
        return await guidance.book(
            work, path, counsellor=NADIA, room=None, starts_at=at, minutes=60, reflection=reflection
        )


async def test_the_next_interview_leaves_time_for_reflection(store: Store, adult: Visitor) -> None:
    path = await take_path(store, adult)
    await book_after(store, path, 7)
    for days in (6, 8, 13):
        with pytest.raises(refusals.TimeToReflect) as refused:
            await book_after(store, path, days)
        assert refused.value.values == {"day": (TUESDAY + 2 * WEEK).date()}
    await book_after(store, path, 14)
    await book_after(store, path, 15, reflection=timedelta())
    assert len(await rows_of(store, Interview)) == 3


async def test_a_time_that_cannot_be_booked_is_refused_before_it_is_asked(store: Store, adult: Visitor) -> None:
    path = await take_path(store, adult)
    await book_after(store, path, 0)
    with pytest.raises(refusals.NotInFuture):
        await book_after(store, path, -2)
    with pytest.raises(refusals.Overlap):
        await book_after(store, path, 0)


@pytest.mark.parametrize("days", range(-6, 7))
def test_the_days_are_local_and_count_on_both_sides(days: int) -> None:
    late = datetime(2026, 3, 3, 22, 30, tzinfo=UTC)  # the day has ended in UTC, not in Brussels
    with pytest.raises(refusals.TimeToReflect):
        check_reflection(late + timedelta(days=days), [late], WEEK, ZONE)


@pytest.mark.parametrize("days", [-8, -7, 7, 8])
def test_after_it_any_time_is_free(days: int) -> None:
    check_reflection(TUESDAY + timedelta(days=days), [TUESDAY], WEEK, ZONE)
    check_reflection(TUESDAY, [], WEEK, ZONE)
    check_reflection(TUESDAY, [TUESDAY], timedelta(), ZONE)


async def test_a_program_says_that_it_books_sooner(desk: Client, known: Visitor) -> None:
    path = await take_path(desk.store, known)
    await book(desk.store, path)
    wanted = {"path_id": str(path), "starts_at": (TUESDAY + timedelta(days=1)).isoformat(), "minutes": 60}
    refused = await desk.post("/scheduling/api/v1/interviews", json=wanted)
    (fault,) = refused.json()["errors"]
    assert (refused.status_code, fault["rule"], fault["field"]) == (422, "time-to-reflect", "sooner")
    assert (await desk.post("/scheduling/api/v1/interviews", json=wanted | {"sooner": True})).status_code == 201


async def test_the_form_asks_before_it_books_sooner(desk: Client, known: Visitor) -> None:
    path = await take_path(desk.store, known)
    await book(desk.store, path)
    form = {"path": str(path), "date": "2026-03-04", "time": "10:00", "minutes": "60", "counsellor": NADIA}
    asked = await desk.post("/scheduling/interviews/new", headers=HTML, data=form)
    assert asked.status_code == 422
    assert "Fixer quand même plus tôt" in asked.text
    assert (
        await desk.post("/scheduling/interviews/new", headers=HTML, data=form | {"sooner": "true"})
    ).status_code == 303


async def test_a_time_that_a_colleague_takes_while_the_form_asks_is_refused_with_the_next_ones(
    desk: Client, known: Visitor
) -> None:
    path = await take_path(desk.store, known)
    await book(desk.store, path)
    form = {"path": str(path), "date": "2026-03-04", "time": "10:00", "minutes": "60", "counsellor": NADIA}
    assert "Fixer quand même plus tôt" in (await desk.post(BOOK, headers=HTML, data=form)).text
    other = Visitor()
    await react(desk.store, [other.registered()])
    await book(desk.store, await take_path(desk.store, other), day=1)
    refused = await desk.post(BOOK, headers=HTML, data=form | {"sooner": "true"})
    assert refused.status_code == 422
    assert "À ce moment (04/03/2026, 10:00), la personne qui conseille n’est pas libre." in refused.text
    shown = re.findall(r'href="/scheduling/interviews/new\?[^"]+">([^<]+)</a> · <bdi>([^<]+)</bdi>', refused.text)
    assert [when for when, _who in shown] == [f"Mercredi 4 mars 2026, {time}" for time in ("11:00", "13:00", "13:15")]
    assert 'name="time" type="time" value="10:00"' in refused.text, "what was typed stays"
    assert len(await rows_of(desk.store, Interview)) == 2


async def test_what_was_answered_stays_while_something_else_is_asked(desk: Client, known: Visitor) -> None:
    path = await take_path(desk.store, known)
    await book(desk.store, path)
    async with desk.store.work() as work:
        hours = WorkingHours(date(2026, 1, 1), "FREQ=WEEKLY;BYDAY=TU", "08:00", "18:00", frozenset(), ZONE)
        await availability.set_hours(work, NADIA, LIEGE, [hours])
    form = {"path": str(path), "date": "2026-03-04", "time": "10:00", "minutes": "60", "counsellor": NADIA}
    answers = ("sooner", "outside_working_hours")
    for answered, asked in (answers, reversed(answers)):
        page = await desk.post("/scheduling/interviews/new", headers=HTML, data=form | {answered: "true"})
        assert page.status_code == 422
        assert f'name="{answered}" value="true" checked' in page.text
        assert f'name="{asked}" value="true">' in page.text
    both = form | dict.fromkeys(answers, "true")
    assert (await desk.post("/scheduling/interviews/new", headers=HTML, data=both)).status_code == 303


async def test_a_held_free_time_is_booked_once_it_is_asked(desk: Client, known: Visitor) -> None:
    path = await take_path(desk.store, known)
    await book(desk.store, path)
    soon = TUESDAY + timedelta(days=1)
    chosen = {"centre": LIEGE, "path": str(path), "starts_at": soon.isoformat(), "minutes": "60", "counsellor": NADIA}
    page = (await desk.post("/scheduling/free-times", headers=HTML, data=chosen)).headers["location"]
    assert "/scheduling/interviews/new?" in page
    form = dict(parse_qsl(urlsplit(page).query))
    assert form["path"] == str(path)
    asked = await desk.post("/scheduling/interviews/new", headers=HTML, data=form)
    assert asked.status_code == 422
    assert 'name="sooner"' in asked.text
    assert "Cette heure est gardée pour vous" in asked.text
    booked = await desk.post("/scheduling/interviews/new", headers=HTML, data=form | {"sooner": "true"})
    assert booked.status_code == 303
    assert await rows_of(desk.store, SlotHold) == []


async def test_the_page_of_a_path_proposes_the_next_interview(desk: Client, known: Visitor) -> None:
    path = await take_path(desk.store, known)
    page = f"/scheduling/paths/{path}"
    assert f'action="{page}/book"' not in (await desk.get(page, headers=HTML)).text
    await book(desk.store, path)
    shown = (await desk.get(page, headers=HTML)).text
    offered = [datetime.fromisoformat(at) for at in re.findall(r'name="starts_at" value="([^"]+)"', shown)]
    assert (offered[0].date(), len(offered)) == ((TUESDAY + WEEK).date(), 9)
    assert all(later - before >= timedelta(hours=1) for before, later in pairwise(offered))
    form = {"starts_at": offered[0].isoformat(), "counsellor": NADIA, "minutes": "60"}
    assert (await desk.post(f"{page}/book", headers=HTML, data=form)).status_code == 303
    again = await desk.post(f"{page}/book", headers=HTML, data=form)
    assert again.status_code == 422
    soon = form | {"starts_at": (TUESDAY + timedelta(days=1)).isoformat()}
    assert (await desk.post(f"{page}/book", headers=HTML, data=soon)).status_code == 422
    found = await rows_of(desk.store, Interview)
    assert sorted(one.starts_at for one in found) == [TUESDAY, offered[0]]
    assert {one.method for one in found} == {Method.INDIVIDUAL}


def proposed(html: str) -> list[date]:
    """The days of the free times that the booking form proposes."""
    return [date.fromisoformat(day) for day in re.findall(r"interviews/new\?[^\"]*date=([0-9-]{10})", html)]


async def test_a_refusal_for_reflection_proposes_only_times_that_keep_it(desk: Client, known: Visitor) -> None:
    path = await take_path(desk.store, known)
    await book(desk.store, path)
    for whom in ({"path": str(path)}, {"person": str(known.subject_ref)}):
        form = whom | {"date": "2026-03-04", "time": "10:00", "minutes": "60", "counsellor": NADIA}
        asked = await desk.post(BOOK, headers=HTML, data=form)
        assert (asked.status_code, 'name="sooner"' in asked.text) == (422, True)
        assert proposed(asked.text) == [(TUESDAY + WEEK).date()] * 3
        assert "le suivant est possible à partir du 10 mars 2026." in asked.text


async def test_the_form_of_a_path_begins_after_the_time_for_reflection(desk: Client, known: Visitor) -> None:
    path = await take_path(desk.store, known)
    first = (await desk.get(f"{BOOK}?path={path}", headers=HTML)).text
    assert proposed(first)[0] < TUESDAY.date(), "before the first interview any time is free"
    await book(desk.store, path)
    after = (TUESDAY + WEEK).date()
    for whom in (f"path={path}", f"person={known.subject_ref}"):
        shown = (await desk.get(f"{BOOK}?{whom}", headers=HTML)).text
        assert set(proposed(shown)) == {after}
        assert f'name="date" type="date" value="{after}"' in shown
        sooner = (await desk.get(f"{BOOK}?{whom}&date=2026-03-04&counsellor={NADIA}", headers=HTML)).text
        assert 'name="free"' not in sooner
        asked = (await desk.get(f"{BOOK}?{whom}&date=2026-03-04&counsellor={NADIA}&sooner=true", headers=HTML)).text
        assert 'name="free"' in asked
        assert 'name="sooner" value="true" checked' in asked


async def test_the_free_times_of_the_team_keep_the_reflection_of_a_path(desk: Client, known: Visitor) -> None:
    path = await take_path(desk.store, known)
    await book(desk.store, path)
    for whom in (f"path={path}", f"person={known.subject_ref}"):
        for day in ("", "&day=2026-03-02"):
            html = (await desk.get(f"/scheduling/free-times?{whom}{day}", headers=HTML)).text
            days = [datetime.fromisoformat(at).date() for at in re.findall(r'name="starts_at" value="([^"]+)"', html)]
            assert min(days) == (TUESDAY + WEEK).date()
    nobody = (await desk.get("/scheduling/free-times", headers=HTML)).text
    assert 'value="2026-03-02T' in nobody


async def test_a_program_is_offered_only_times_that_keep_it(desk: Client, known: Visitor) -> None:
    path = await take_path(desk.store, known)
    await book(desk.store, path)
    other = Visitor()
    await react(desk.store, [other.registered()])
    await book(desk.store, await take_path(desk.store, other), day=1)
    wanted = {"path_id": str(path), "starts_at": (TUESDAY + timedelta(days=1)).isoformat(), "minutes": 60}
    for sooner, first in ((False, WEEK), (True, timedelta(days=1))):
        refused = await desk.post("/scheduling/api/v1/interviews", json=wanted | {"sooner": sooner})
        (fault,) = refused.json()["errors"]
        offered = [datetime.fromisoformat(one["starts_at"]).date() for one in fault["next_free"]]
        assert (fault["rule"], offered) == ("overlap", [(TUESDAY + first).date()] * 3)


async def test_what_was_booked_sooner_is_moved_near_it(desk: Client, known: Visitor) -> None:
    path = await take_path(desk.store, known)
    first = await book_after(desk.store, path, 0)
    await book_after(desk.store, path, 14)

    async def choices(interview: Interview, day: str) -> list[date]:
        """Where it may go instead of a day on which its person has another interview."""
        form = {"version": str(interview.version), "date": day, "time": "10:00", "minutes": "60", "counsellor": NADIA}
        refused = await desk.post(f"/scheduling/interviews/{interview.id}/move", headers=HTML, data=form)
        assert refused.status_code == 422
        return [date.fromisoformat(one) for one in re.findall(r"\?date=([0-9-]+)&amp;time", refused.text)]

    assert min(await choices(first, "2026-03-17")) == TUESDAY.date() + 3 * WEEK
    sooner = await book_after(desk.store, path, 16, reflection=timedelta())
    assert min(await choices(sooner, "2026-03-17")) == TUESDAY.date() + 2 * WEEK
