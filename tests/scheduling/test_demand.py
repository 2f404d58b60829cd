"""The figures of a centre's demand and load, against a slow and plain computation of the same over random histories."""

import csv
import re
from datetime import UTC, date, datetime, time, timedelta
from html import unescape
from math import ceil
from random import Random
from statistics import median
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.refusals import Refused
from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.contracts.scheduling import Side
from services.scheduling.actions import guidance, no_shows
from services.scheduling.actions.demand import Demand, demand_of
from services.scheduling.domain import demand as rules
from services.scheduling.domain.demand import Delay, NoShows, Outcomes
from services.scheduling.store import Centre, Interview
from tests.givens.rows import rows_of
from tests.givens.scheduling import COUNSELLOR, ELSEWHERE, LIEGE, NADIA, NAMES, TOM, liege, react
from tests.scheduling.demand_history import BRUSSELS, Expected, History, days_to_first, is_off, outcomes, plain
from tests.scheduling.test_guidance import TUESDAY, book, change, other_path

MOMENTS = (
    "2026-03-25T10:20:00+01:00",  # the clock changes on the Sunday of this week
    "2026-10-26T00:00:00+01:00",  # it changed on the day before
    "2026-12-31T23:59:00+01:00",  # 2026 has a week 53
    "2027-01-01T00:00:00+01:00",
    "2025-12-29T09:00:00+01:00",  # the first week of 2026
    "2026-06-17T12:00:00+02:00",
)
PAGE = "/scheduling/demand/liege"
API = "/scheduling/api/v1/demand"


async def figures(store: Store, now: datetime) -> Demand:
    async with store.read() as session:
        return await demand_of(session, await session.get_one(Centre, LIEGE), now)


@pytest.mark.parametrize("seed", range(12))
async def test_the_figures_are_those_of_a_plain_computation(store: Store, clock: FixedClock, seed: int) -> None:
    clock.now = datetime.fromisoformat(MOMENTS[seed % len(MOMENTS)])
    history = History(Random(seed), plain(clock.now))
    closed = history.first + timedelta(weeks=3)  # a whole week, and a Monday to come
    history.closed = tuple(
        one.isoformat() for one in (*(closed + timedelta(days=n) for n in range(7)), closed + timedelta(weeks=7))
    )
    history.live()
    await history.keep(store)
    found, expected = await figures(store, clock.now), Expected.of(history)
    for number, (week, figure) in enumerate(zip(found.weeks, expected.weeks, strict=True)):
        assert week.monday == history.first + timedelta(weeks=number)
        assert week.coming == (number >= 8)
        assert week.iso == f"{week.monday:%G}-W{week.monday:%V}"
        assert (week.appointments, week.walk_ins, week.waitlisted, week.minutes) == tuple(
            figure[name] for name in ("appointments", "walk-ins", "waitlisted", "minutes")
        )
        assert week.open_minutes == figure["open"], number
        assert week.demand == -(-figure["minutes"] // 60) + figure["waitlisted"]
    past = [one.demand for one in found.weeks[:8] if one.demand or one.open_slots]
    for week in found.weeks:
        wanted = max(week.demand, ceil(median(past))) if week.coming and week.open_minutes else week.demand
        assert (week.expected, week.more) == (wanted, max(0, wanted - week.open_minutes // 60))
    loads = {one.code: one for one in found.counsellors}
    assert set(loads) == {NADIA, TOM} | {who for who, _coming in expected.booked}
    for code, one in loads.items():
        booked = expected.booked[code, False], expected.booked[code, True]
        assert (one.past.booked, one.coming.booked) == booked
        assert one.has_hours == (code == NADIA)
    assert (loads[NADIA].past.worked, loads[NADIA].coming.worked) == (expected.worked[False], expected.worked[True])
    assert loads[NADIA].past.share == expected.booked[NADIA, False] / expected.worked[False]
    assert (loads[TOM].past.worked, loads[TOM].coming.share) == (None, None)
    check_delays(found, days_to_first(history))
    check_no_shows(found, history)


def check_delays(found: Demand, expected: dict[str | None, list[int]]) -> None:
    everyone = sorted(one for some in expected.values() for one in some)
    assert len(everyone) >= 5
    # Nine in ten wait no longer, and fewer than nine in ten as little as a day less.
    cases, middle, ninetieth = found.delay
    assert (cases, middle) == (len(everyone), ceil(median(everyone)))
    assert ninetieth is not None
    assert sum(one <= ninetieth for one in everyone) >= 0.9 * len(everyone) > sum(one < ninetieth for one in everyone)
    assert set(found.delay_by_area) == {area for area, some in expected.items() if some}
    for area, one in found.delay_by_area.items():
        assert one.cases in (None, len(expected[area]))
        assert one == Delay() if len(expected[area]) < 5 else True


def check_no_shows(found: Demand, history: History) -> None:
    total, missed = outcomes(history)
    assert found.missed_interviews[:3] == (total, missed, missed / total)
    for mode, one in found.missed_by_mode.items():
        counted = outcomes(history, mode.value)
        assert one == NoShows() if counted.total < 5 else one[:2] in (counted, (None, None))
    attended = [
        one.attended
        for workshop, sessions, _seats, attendance in history.workshops
        for session in sessions
        for one in attendance
        if one.session_id == session.id and not is_off(workshop.cancelled_at, session.starts_at)
        if session.starts_at >= plain(datetime.combine(history.first, time(), BRUSSELS))
    ]
    expected = Outcomes(len(attended), attended.count(False))
    assert found.missed_sessions[:2] == (expected if expected.total >= 5 else (None, None))


async def test_a_centre_without_anything_has_zeros_and_nothing_is_divided(store: Store, clock: FixedClock) -> None:
    found = await figures(store, clock.now)
    assert [one.demand for one in found.weeks] == [0] * 16
    assert {one.open_minutes for one in found.weeks} == {2 * 5 * 390}, "two without hours, while the centre is open"
    assert not any(one.more for one in found.weeks)
    assert [(one.code, one.past.share, one.coming.worked) for one in found.counsellors] == [
        (NADIA, None, None),
        (TOM, None, None),
    ]
    assert (found.delay, found.missed_interviews, found.missed_sessions) == (Delay(), NoShows(), NoShows())
    assert (found.delay_by_area, found.missed_by_mode) == ({}, {})


async def test_closed_weeks_are_no_usual_ones_and_miss_nothing(store: Store, clock: FixedClock) -> None:
    history = History(Random(1), clock.now)
    days = [history.first + timedelta(days=one) for one in range(16 * 7)]
    history.closed = tuple(one.isoformat() for one in (*days[:42], *days[70:77]))
    for number in range(6):
        at = datetime.combine(days[42], time(9 + number % 3), BRUSSELS)
        counsellor = (NADIA, TOM)[number // 3]
        history.interviews.append(
            Interview(
                id=uuid4(),
                kind="guidance",
                centre=LIEGE,
                counsellor=counsellor,
                starts_at=plain(at),
                minutes=60,
                status="fulfilled",
            )
        )
    await history.keep(store)
    found = await figures(store, clock.now)
    assert [one.closed for one in found.weeks] == [True] * 6 + [False] * 4 + [True] + [False] * 5
    assert [one.expected for one in found.weeks] == [0] * 6 + [6, 0] + [3, 3, 0] + [3] * 5, "half of 6 and 0"


def test_more_slots_are_what_is_asked_for_less_what_is_open() -> None:
    week = rules.WeekFigures(date(2026, 3, 2), coming=False, minutes=125, waitlisted=2, open_minutes=3 * 60 + 59)
    assert (week.demand, week.open_slots, week.more) == (5, 3, 2)


@given(st.integers(1, 400).flatmap(lambda total: st.tuples(st.just(total), st.integers(0, total))))
def test_the_interval_has_the_rates_that_are_no_farther_than_their_own_deviation(case: tuple[int, int]) -> None:
    """Wilson's interval by its definition: the rates p with |missed / total - p| ≤ z · √(p (1 - p) / total)."""
    total, missed = case
    low, high = rules.wilson(Outcomes(total, missed))
    share = missed / total
    assert 0 <= low <= share <= high <= 1
    for edge in (low, high):
        if 0 < edge < 1:
            assert (share - edge) ** 2 == pytest.approx(rules.Z_95**2 * edge * (1 - edge) / total, abs=1e-12)


def test_the_interval_is_that_of_the_published_example() -> None:
    """Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263, and 0 of 20."""
    assert rules.wilson(Outcomes(263, 81)) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert rules.wilson(Outcomes(20, 0)) == pytest.approx((0.0, 0.1611), abs=5e-5)


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 12), min_size=1))
def test_what_is_left_out_cannot_be_computed_from_the_whole(cases: dict[str, int]) -> None:
    hidden = rules.too_few(cases)
    assert {one for one, number in cases.items() if number < 5} <= set(hidden)
    left_out = [cases[one] for one in hidden]
    assert not left_out or sum(left_out) >= 5 or len(hidden) == len(cases)


async def test_a_no_show_that_was_undone_does_not_count(desk: Client, clock: FixedClock) -> None:
    interview = (await book(desk.store, await other_path(desk.store))).id
    clock.now = datetime(2026, 3, 3, 11, tzinfo=UTC)

    async def missed() -> int:
        async with desk.store.work() as work:
            one = await work.session.get_one(Interview, interview)
            await (no_shows.miss if one.status == "booked" else no_shows.undo_miss)(work, one)
        async with desk.store.read() as session:
            row = await session.get_one(Interview, interview)
            return row.status == "noshow"

    async def outcome() -> list[dict[str, Any]]:
        return (await desk.get(API, params={"centre": LIEGE})).json()["missed_by_mode"]

    assert await missed()
    assert [one["mode"] for one in await outcome()] == ["in-person"]
    assert not await missed()
    assert await outcome() == []


async def test_what_the_centre_cancelled_is_no_no_show(desk: Client, clock: FixedClock) -> None:
    """Five did not come; at the sixth interview, the counsellor was away."""
    store = desk.store
    times = [TUESDAY + timedelta(hours=hours) for hours in (0, 1, 3, 4, 5)]
    missed = [(await book(store, await other_path(store), at)).id for at in times]
    away = (await book(store, await other_path(store), counsellor=TOM, room=None)).id
    clock.now = times[-1] + timedelta(minutes=15)
    for id in missed:
        await change(store, id, no_shows.miss)
    await change(store, away, guidance.cancel, by=Side.CENTRE, reason="counsellor-away")
    with pytest.raises(Refused):
        await change(store, away, no_shows.miss)
    assert (await figures(store, clock.now)).missed_interviews[:2] == (5, 5)
    kept = {one.id: (one.status, one.cancelled_by) for one in await rows_of(store, Interview)}
    assert kept == {**dict.fromkeys(missed, ("noshow", None)), away: ("cancelled", "centre")}


async def filled(desk: Client, clock: FixedClock) -> Demand:
    history = History(Random(7), clock.now)
    history.live()
    await history.keep(desk.store)
    return await figures(desk.store, clock.now)


async def see(desk: Client, status: int = 200, language: str = "en") -> str:
    answer = await desk.get(PAGE, headers={"accept": "text/html", "accept-language": language})
    assert answer.status_code == status, answer.text
    return " ".join(unescape(answer.text).split())


async def test_page_api_and_files_have_the_same_figures(desk: Client, clock: FixedClock) -> None:
    found = await filled(desk, clock)
    answer = (await desk.get(API, params={"centre": LIEGE})).json()
    assert [one["demand"] for one in answer["weeks"]] == [one.demand for one in found.weeks]
    assert answer["delay"] == found.delay._asdict()
    assert answer["missed_interviews"] == found.missed_interviews._asdict()
    html = await see(desk)
    this = found.weeks[8]
    assert f'<dt>Missing slots this week</dt> <dd class="figure-value">{this.more}</dd>' in html
    assert "Week 10: from 02/03/2026" in html
    widths = [float(one) for one in re.findall(r'bar-fill" width="([0-9.]+)"', html)]
    asked = [one.expected if one.coming else one.demand for one in found.weeks]
    of_open = zip(asked, (one.open_slots for one in found.weeks), strict=True)
    assert widths == [round(100 * number / max(number, whole, 1), 2) for number, whole in of_open], "of its own week"
    assert "No working hours entered: <bdi>" in html
    for part, count in (("weeks", 16), ("counsellors", 2 * len(found.counsellors)), ("delays", None)):
        answer = await desk.get(f"{API}.csv", params={"centre": LIEGE, "part": part})
        rows = list(csv.DictReader(answer.text.splitlines()))
        assert count in (None, len(rows))
        assert {row["centre"] for row in rows} == {LIEGE}
    assert rows[0] == {
        "centre": LIEGE,
        "area": "all",
        **{name: str(value) for name, value in found.delay._asdict().items()},
    }
    rates = await desk.get(f"{API}.csv", params={"centre": LIEGE, "part": "no-shows"})
    first = next(csv.DictReader(rates.text.splitlines()))
    assert first["rate"] == str(round(100 * (found.missed_interviews.rate or 0), 1))
    excel = await desk.get(
        f"{API}.csv",
        params={"centre": LIEGE, "part": "counsellors", "excel": "true"},
        headers={"accept-language": "fr"},
    )
    assert excel.content.decode("utf-8-sig").startswith("Centre;")
    assert NAMES[NADIA] in excel.text


async def test_the_page_is_for_the_team_of_the_centre_and_names_no_visitor(desk: Client, clock: FixedClock) -> None:
    await filled(desk, clock)
    assert "Demande et charge" in await see(desk, language="fr")
    answer = await desk.get("/scheduling/demand", headers={"accept": "text/html"}, follow_redirects=False)
    assert answer.headers["location"] == PAGE
    for path in (PAGE, f"{API}?centre={LIEGE}", f"{API}.csv?centre={LIEGE}"):
        assert (await desk.signed_in(ELSEWHERE).get(path)).status_code == 403
    assert (await desk.signed_in(COUNSELLOR).get(f"{API}?centre={LIEGE}")).status_code == 200
    await react(desk.store, [liege(code="mons")])
    assert (await desk.signed_in(ELSEWHERE).get("/scheduling/demand/mons")).status_code == 200
