"""Calendars of a day, a week and a month: what stands in them, where, and who sees it."""

import re
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.contracts.scheduling import Side
from services.scheduling.actions import guidance, paths, workshops
from services.scheduling.domain.calendars import MOST_LANES, Rows, View, lanes, places, week_number
from services.scheduling.domain.offers import ANSWER_WITHIN
from services.scheduling.domain.times import HORIZON, local_day
from services.scheduling.pages.calendar_board import calendar_board
from services.scheduling.pages.calendar_shapes import IN_A_MONTH, IN_A_WEEK, Asked, Cell, Column
from tests.givens.scheduling import (
    ELSEWHERE,
    LIEGE,
    NADIA,
    TOM,
    Visitor,
    account_of,
    add_rooms,
    enter_hours,
    liege,
    react,
)
from tests.scheduling.test_guidance import TUESDAY, book, change, other_path, take_path
from tests.scheduling.test_pages import booking, press, see

BRUSSELS = ZoneInfo("Europe/Brussels")
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
"""The Sundays on which summer time begins and ends."""


def asked(clock: FixedClock, view: View = View.WEEK, day: date = TUESDAY.date(), **whose: str | None) -> Asked:
    subject: dict[str, str | None] = {"counsellor": NADIA, "room": None} | whose
    return Asked(LIEGE, view, day, subject["counsellor"], subject["room"], (LIEGE,), HORIZON, ANSWER_WITHIN, clock)


async def columns(store: Store, wanted: Asked) -> list[Column]:
    async with store.read() as session:
        return (await calendar_board(session, wanted))["columns"]


async def cells(store: Store, wanted: Asked) -> list[Cell]:
    async with store.read() as session:
        return (await calendar_board(session, wanted))["cells"]


def placed(column: Column, shape: str) -> list[tuple[int, int]]:
    """The first row of the column's parts of this shape, and how many rows they have."""
    return [(one.first, one.count) for one in column.items if one.shape == shape]


async def a_workshop(store: Store, starts_at: datetime, *more_facilitators: str) -> UUID:
    async with store.work() as work:
        made = await workshops.announce(
            work,
            centre=LIEGE,
            area=None,
            title="Construire son projet",
            counsellor=NADIA,
            room="salle-2",
            seats=8,
            sessions=[(starts_at, 120)],
            horizon=HORIZON,
            more_facilitators=more_facilitators,
        )
        return made.id


def test_a_view_shows_whole_weeks_from_monday() -> None:
    assert View.DAY.days(date(2026, 3, 4)) == [date(2026, 3, 4)]
    week = View.WEEK.days(date(2026, 3, 4))
    assert (week[0], week[-1], len(week)) == (date(2026, 3, 2), date(2026, 3, 8), 7)
    month = View.MONTH.days(date(2026, 5, 31))
    assert (month[0], month[-1], len(month)) == (date(2026, 4, 27), date(2026, 5, 31), 35)
    assert (View.MONTH.before(date(2026, 3, 31)), View.MONTH.behind(date(2026, 1, 31))) == (
        date(2026, 2, 28),
        date(2026, 2, 1),
    )
    assert (week_number(date(2027, 1, 1)), week_number(date(2026, 12, 31))) == (53, 53)


@given(st.dates(date(1901, 1, 1), date(2198, 12, 31)), st.sampled_from(View))
def test_from_view_to_view_no_day_is_left_out(day: date, view: View) -> None:
    days = view.days(day)
    assert day in days
    assert days == sorted(set(days))
    if view is not View.MONTH:
        assert view.days(view.behind(day))[0] == days[-1] + timedelta(days=1)
        assert view.days(view.before(day))[-1] == days[0] - timedelta(days=1)
    else:
        before, behind = view.before(day), view.behind(day)
        assert (before.year * 12 + before.month + 1, behind.year * 12 + behind.month - 1) == (
            day.year * 12 + day.month,
            day.year * 12 + day.month,
        )


@pytest.mark.parametrize(("day", "number"), [(SPRING, 92), (AUTUMN, 100), (date(2026, 3, 28), 96)])
def test_a_day_has_a_row_for_each_of_its_quarter_hours(day: date, number: int) -> None:
    rows = Rows.of([day], (0, 24), BRUSSELS)
    assert len(rows.marks) == number
    assert rows.span(day, local_day(day, BRUSSELS)) == (1, number)


def test_the_hour_that_comes_twice_has_its_rows_twice() -> None:
    rows = Rows.of(View.WEEK.days(AUTUMN), (0, 24), BRUSSELS)
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert rows.span(AUTUMN, (first, first + timedelta(hours=2))) == (11, 8)
    assert [time for _row, _count, time in rows.hours()][1:5] == ["01:00", "02:00", "02:00", "03:00"]
    saturday = datetime(2026, 10, 24, 0, 30, tzinfo=UTC)
    assert rows.span(date(2026, 10, 24), (saturday, saturday + timedelta(hours=1))) == (11, 8)


@pytest.mark.parametrize("changed", [SPRING, AUTUMN])
def test_the_same_local_time_is_in_one_line_across_a_change_of_the_clocks(changed: date) -> None:
    days = View.WEEK.days(changed)
    rows = Rows.of([*days, changed + timedelta(days=1)], (8, 18), BRUSSELS)
    assert len(rows.marks) == 40
    for day in (*days, changed + timedelta(days=1)):
        nine = datetime(day.year, day.month, day.day, 9, tzinfo=BRUSSELS)
        assert rows.span(day, (nine, nine + timedelta(minutes=90))) == (5, 6)


def test_a_free_time_is_cut_at_full_hours_into_places_that_an_appointment_fits_in() -> None:
    def cut(begins: str, ends: str) -> list[tuple[str, str, bool]]:
        """The places, which say that they are parts of one free time."""
        at = [datetime.fromisoformat(f"2026-03-03T{one}").replace(tzinfo=BRUSSELS) for one in (begins, ends)]
        found = list(places(at[0].astimezone(UTC), at[1].astimezone(UTC), BRUSSELS))
        assert {one.whole for one in found} == {(at[0], at[1])}
        assert [one.is_continued for one in found] == [False, *(True for _one in found[1:])]
        assert [one.goes_on for one in found] == [*(True for _one in found[1:]), False]
        return [
            (f"{one.begins.astimezone(BRUSSELS):%H:%M}", f"{one.ends.astimezone(BRUSSELS):%H:%M}", one.bookable)
            for one in found
        ]

    assert cut("09:00", "12:00") == [("09:00", "10:00", True), ("10:00", "11:00", True), ("11:00", "12:00", True)]
    assert cut("09:45", "11:30") == [("09:45", "11:30", True)]
    assert cut("09:15", "11:30") == [("09:15", "10:00", True), ("10:00", "11:30", True)]
    assert cut("09:15", "10:00") == [("09:15", "10:00", False)]


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(1, 20)), max_size=MOST_LANES))
def test_what_overlaps_stands_side_by_side(spans: list[tuple[int, int]]) -> None:
    spans.sort()
    found = lanes(spans)
    for at, (first, count) in enumerate(spans):
        assert 1 <= found[at][0] <= found[at][1] <= MOST_LANES
        for other in range(at):
            if spans[other][0] + spans[other][1] > first and count:
                assert found[other][0] != found[at][0]
                assert found[other][1] == found[at][1]


async def test_a_week_has_interviews_workshops_absences_and_free_time(
    store: Store, adult: Visitor, clock: FixedClock
) -> None:
    await enter_hours(store)
    path = await take_path(store, adult)
    await book(store, path, TUESDAY)
    await a_workshop(store, TUESDAY + timedelta(days=1))
    tuesday, wednesday = (await columns(store, asked(clock)))[1:3]
    assert placed(tuesday, "entry") == [(5, 4)]
    assert placed(wednesday, "entry") == [(5, 8)]
    assert placed(tuesday, "closed") == [(13, 4), (31, 2)]
    assert placed(tuesday, "free")[0] == (1, 4)
    thursday = (await columns(store, asked(clock, counsellor=TOM)))[3]
    assert (placed(thursday, "away"), placed(thursday, "free")) == ([(1, 32)], [])
    friday = (await columns(store, asked(clock, counsellor=TOM)))[4]
    assert placed(friday, "free") == [(1, 4), (5, 4), (9, 4)], "in the mornings, while the centre is open"


async def test_a_cancelled_interview_takes_no_place_beside_the_time_that_is_free_again(
    store: Store, adult: Visitor, clock: FixedClock
) -> None:
    interview = await book(store, await take_path(store, adult), TUESDAY)
    await change(store, interview.id, guidance.cancel, by=Side.VISITOR, reason="other")
    (tuesday,) = await columns(store, asked(clock, View.DAY))
    beside = [(one.shape, one.lane, one.lanes) for one in tuesday.items if one.first == 5]
    assert beside == [("free", 1, 1)]
    async with store.read() as session:
        below = (await calendar_board(session, asked(clock, View.DAY)))["off"]
    assert [one.id for one in below] == [interview.id], "it can still be opened"


async def test_a_room_has_what_is_booked_in_it_and_its_free_time(
    store: Store, adult: Visitor, clock: FixedClock
) -> None:
    await book(store, await take_path(store, adult), TUESDAY)
    await a_workshop(store, TUESDAY + timedelta(hours=4))
    (first,) = await columns(store, asked(clock, View.DAY, counsellor=None, room="salle-1"))
    (second,) = await columns(store, asked(clock, View.DAY, counsellor=None, room="salle-2"))
    assert (placed(first, "entry"), placed(second, "entry")) == ([(5, 4)], [(21, 8)])
    assert (1, 4) in placed(first, "free")
    assert (5, 4) in placed(second, "free")


async def test_the_day_of_a_centre_has_a_column_for_each_counsellor(
    store: Store, adult: Visitor, clock: FixedClock
) -> None:
    await enter_hours(store)
    await book(store, await take_path(store, adult), TUESDAY)
    day = await columns(store, asked(clock, View.DAY, counsellor=None))
    assert [column.counsellor for column in day] == [NADIA, TOM]
    sunday = await columns(store, asked(clock, View.DAY, date(2026, 3, 8), counsellor=None))
    assert sunday == [], "nobody works on it"


async def test_a_workshop_stands_in_the_column_of_each_facilitator(desk: Client, clock: FixedClock) -> None:
    await enter_hours(desk.store)
    await a_workshop(desk.store, TUESDAY, TOM)
    day = await columns(desk.store, asked(clock, View.DAY, counsellor=None))
    entries = {one.counsellor: [item.block.title for item in one.items if item.block is not None] for one in day}
    assert entries == {NADIA: ["Construire son projet"], TOM: ["Construire son projet"]}
    html = await see(desk, "/agenda?view=day&date=2026-03-03&counsellor=*")
    ids = re.findall(r' id="([^"]+)"', html)
    assert sum(one.startswith("entry-") for one in ids) == 2
    assert len(ids) == len(set(ids)), "an id is the address of one element"


async def test_a_full_day_shows_its_first_entries_and_how_many_more(store: Store, clock: FixedClock) -> None:
    for hour in (0, 1, 3, 4, 5):
        for counsellor, room in ((NADIA, "salle-1"), (TOM, "salle-2"), ("liege-c04", "salle-3")):
            if counsellor not in (NADIA, TOM):
                await react(store, [account_of(counsellor)])
            at = TUESDAY + timedelta(hours=hour)
            await book(store, await other_path(store), at, counsellor=counsellor, room=room)
    await a_workshop(store, TUESDAY + timedelta(days=7))
    for view, most in ((View.WEEK, IN_A_WEEK), (View.MONTH, IN_A_MONTH)):
        days = await cells(store, asked(clock, view, counsellor=None))
        tuesday = next(cell for cell in days if cell.day == TUESDAY.date())
        assert (len(tuesday.blocks), tuesday.more) == (most, 15 - most)
        starts = [one.starts_at for one in tuesday.blocks]
        assert starts == sorted(starts)
    mine = await cells(store, asked(clock, View.MONTH))
    assert [(len(cell.blocks), cell.more) for cell in mine if cell.blocks] == [(3, 2), (1, 0)]


async def test_two_centres_of_a_counsellor_are_in_one_calendar(store: Store, clock: FixedClock) -> None:
    await react(store, [liege(code="mons"), account_of(NADIA, version=2, centres=(LIEGE, "mons"))])
    await add_rooms(store, "mons")
    visitor = Visitor("mons")
    await react(store, [visitor.registered()])
    async with store.work() as work:
        path = (await paths.open_path(work, visitor.subject_ref, "mons", None)).id
    await book(store, path, TUESDAY)
    at_liege = asked(clock, View.DAY)
    (seen,) = await columns(store, at_liege)
    assert [one.block.kind for one in seen.items if one.block] == ["elsewhere"]
    both = Asked(LIEGE, View.DAY, TUESDAY.date(), NADIA, None, (LIEGE, "mons"), HORIZON, ANSWER_WITHIN, clock)
    (seen,) = await columns(store, both)
    assert [(one.block.kind, one.block.centre) for one in seen.items if one.block] == [("guidance", "mons")]
    assert {one.centre for one in seen.items if one.shape == "free"} == {LIEGE}


async def test_who_is_of_another_centre_sees_nothing_of_a_counsellor(desk: Client, known: Visitor) -> None:
    await react(desk.store, [liege(code="mons"), account_of("m-c01", centres=("mons",))])
    await press(desk, "/interviews/new", person=str(known.subject_ref), **booking())
    desk.signed_in(ELSEWHERE)
    for view in View:
        html = await see(desk, f"/agenda?view={view}&date=2026-03-03&counsellor={NADIA}&room=")
        assert "entry-guidance" not in html
        assert "entry-elsewhere" not in html
        assert "Nadia Lambert" not in html
    refused = await desk.get("/scheduling/agenda?centre=liege", headers={"accept": "text/html"})
    assert refused.status_code == 403


async def test_the_address_holds_view_date_and_subject(desk: Client, known: Visitor) -> None:
    await press(desk, "/interviews/new", person=str(known.subject_ref), room="salle-1", **booking())
    html = await see(desk, "/agenda?view=week&date=2026-03-03&room=salle-1")
    assert "Semaine 10" in html
    assert "entry-guidance" in html
    assert 'href="/scheduling/agenda?centre=liege&amp;room=salle-1&amp;view=week&amp;date=2026-03-10"' in html
    assert 'href="/scheduling/agenda?centre=liege&amp;room=salle-1&amp;view=month&amp;date=2026-03-03"' in html
    assert "Semaine 10" in await see(desk, "/agenda?view=week"), "without a date it is this week's"
    assert "entry-guidance" in await see(desk, "/agenda?view=nonsense&date=2026-03-03")


async def test_a_free_place_leads_to_the_form_filled_in(desk: Client, known: Visitor) -> None:
    html = await see(desk, "/agenda?date=2026-03-03")
    links = re.findall(r'href="(/scheduling/interviews/new\?[^"]*time=10%3A00[^"]*)"', html)
    assert links, "ten o'clock is free"
    form = await see(desk, links[0].removeprefix("/scheduling").replace("&amp;", "&"))
    assert 'value="2026-03-03"' in form
    assert 'value="10:00"' in form
    assert f'<option value="{NADIA}" selected>' in form
    room = await see(desk, "/agenda?date=2026-03-03&room=salle-1")
    (link,) = set(re.findall(r'href="(/scheduling/interviews/new\?[^"]*time=10%3A00[^"]*)"', room))
    form = await see(desk, link.removeprefix("/scheduling").replace("&amp;", "&"))
    assert '<option value="salle-1" selected>' in form


async def test_nothing_names_a_person(desk: Client, known: Visitor) -> None:
    await press(desk, "/interviews/new", person=str(known.subject_ref), **booking())
    for query in ("", "&counsellor=*", "&view=week", "&view=month", "&view=week&counsellor=*"):
        html = await see(desk, f"/agenda?date=2026-03-03{query}")
        assert "Entretien d’orientation" in html
        assert ("entry-who" in html) == (query in ("", "&view=week")), "the name is the first thing below the kind"
        named = html.count(f"/intake/fragments/visitors/{known.subject_ref}")
        assert named == (1 if query in ("", "&view=week") else 0), (
            "only one counsellor's day and week ask intake who it is"
        )


async def test_a_past_entry_and_a_cancelled_one_are_marked(desk: Client, known: Visitor, clock: FixedClock) -> None:
    await press(desk, "/interviews/new", person=str(known.subject_ref), **booking())
    assert "is-past" not in await see(desk, "/agenda?date=2026-03-03")
    clock.forward(days=2)
    assert "is-past" in await see(desk, "/agenda?date=2026-03-03")
    link = re.findall(r"/scheduling/interviews/([0-9a-f-]{36})", await see(desk, "/agenda?date=2026-03-03"))[0]
    await press(desk, f"/interviews/{link}/cancel", version=1, cancelled_by="visitor", reason="other")
    html = await see(desk, "/agenda?date=2026-03-03")
    assert "is-off" in html
    assert "Annulé" in html
