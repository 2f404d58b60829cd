"""Free times as bits, against a slow and plain computation of the same."""

import calendar
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.opening import Opening
from services.scheduling.domain import slots, times
from services.scheduling.domain.refusals import OutsideHours
from services.scheduling.domain.slots import Timeline
from services.scheduling.domain.times import QUARTER, Interval

BRUSSELS = ZoneInfo("Europe/Brussels")
ANY_DAY = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
FIRST, LAST = date(2017, 1, 1), date(2035, 12, 31)
DAY = date(2026, 3, 3)
MINUTE = timedelta(minutes=1)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
FAR = timedelta(days=20_000)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BRUSSELS)


def bits_of(timeline: Timeline, hours: times.Hours) -> int:
    days = ((timeline.last - timeline.first).days + 2) + 1
    return timeline.within(
        one for number in range(days) for one in hours.intervals(timeline.first + timedelta(days=number - 1))
    )


# A clock of Brussels of its own: summer time is from the last Sunday in March to the last in October, at 01:00 UTC.


def last_sunday(year: int, month: int) -> datetime:
    last = date(year, month, calendar.monthrange(year, month)[1])
    return datetime.combine(last - timedelta(days=(last.weekday() + 1) % 7), time(1), UTC)


def offset(at: datetime) -> timedelta:
    summer = last_sunday(at.year, 3) <= at < last_sunday(at.year, 10)
    return timedelta(hours=2 if summer else 1)


def utc(day: date, clock: str) -> datetime:
    """A local time in UTC: of an hour that is there twice the first, of one that is skipped as long after midnight."""
    hour, minute = (int(part) for part in clock.split(":"))
    typed = datetime.combine(day, time(), UTC) + timedelta(hours=hour, minutes=minute)
    summer, winter = typed - timedelta(hours=2), typed - timedelta(hours=1)
    return summer if offset(summer) == timedelta(hours=2) else winter


def slow_starts(free: Iterable[Interval], taken: Iterable[Interval], first: datetime, end: datetime, minutes: int):
    """Every quarter-hour in [first, end) of which each minute is free and none is taken. Minute by minute."""
    free_minutes = minutes_of(free) - minutes_of(taken)
    found: list[datetime] = []
    at = first
    while at < end:
        if all(at + number * MINUTE in free_minutes for number in range(minutes)):
            found.append(at)
        at += QUARTER
    return found


def minutes_of(intervals: Iterable[Interval]) -> set[datetime]:
    return {
        begins + number * MINUTE for begins, ends in intervals for number in range(max(0, (ends - begins) // MINUTE))
    }


def test_on_every_day_from_2017_to_2035_the_free_times_are_those_of_a_plain_computation() -> None:
    """Open at night too, over both changes of the clock, and until midnight."""
    openings = (("00:00", "03:30"), ("09:00", "12:00"), ("13:00", "16:30"), ("22:45", "24:00"))
    hours = times.Hours(BRUSSELS, tuple(Opening(ANY_DAY, *one) for one in openings), frozenset())
    timeline = Timeline.of(FIRST, LAST)
    opened, days = bits_of(timeline, hours), timeline.days(FIRST, LAST, BRUSSELS)
    free: dict[int, bool] = {}
    day = FIRST - timedelta(days=1)
    while day <= LAST + timedelta(days=1):
        following = number_of(utc(day + timedelta(days=1), "00:00"))
        for opens, closes in openings:
            until = following if closes == "24:00" else number_of(utc(day, closes))
            free |= dict.fromkeys(range(number_of(utc(day, opens)), until), FIRST <= day <= LAST)
        day += timedelta(days=1)
    for needed in (range(4), range(8)):
        expected = [at for at, in_span in free.items() if in_span and all(at + one in free for one in needed)]
        found = slots.free_starts(opened, -1, 0, 15 * len(needed), days)
        assert [timeline.origin + bit for bit in slots.positions(found)] == expected


def number_of(at: datetime) -> int:
    """Quarter-hours since 1970."""
    return int(at.timestamp()) // 900


def test_every_local_day_is_as_long_as_it_is_in_brussels() -> None:
    day, days = FIRST, 0
    timeline = Timeline.of(FIRST, LAST)
    together = 0
    while day <= LAST:
        bits = timeline.days(day, day, BRUSSELS)
        assert bits.bit_count() == (utc(day + timedelta(days=1), "00:00") - utc(day, "00:00")) // QUARTER
        assert not together & bits
        together |= bits
        day, days = day + timedelta(days=1), days + 1
    assert days == 6939
    assert together == timeline.days(FIRST, LAST, BRUSSELS)


@pytest.mark.parametrize(
    ("day", "opening", "minutes", "starts"),
    [
        (date(2026, 3, 29), ("01:00", "04:00"), 120, ["01:00"]),  # 23 hours: two of them
        (
            date(2026, 10, 25),  # 25 hours: four of them, and 02:00 is there twice
            ("01:00", "04:00"),
            120,
            ["01:00", "01:15", "01:30", "01:45", "02:00", "02:15", "02:30", "02:45", "02:00"],
        ),
        (date(2026, 3, 29), ("22:00", "24:00"), 60, ["22:00", "22:15", "22:30", "22:45", "23:00"]),
    ],
)
def test_on_the_days_of_23_and_25_hours_an_interview_is_as_long_as_on_others(
    day: date, opening: tuple[str, str], minutes: int, starts: list[str]
) -> None:
    hours = times.Hours(BRUSSELS, (Opening(ANY_DAY, *opening),), frozenset())
    timeline = Timeline.of(day, day)
    found = slots.free_starts(bits_of(timeline, hours), -1, 0, minutes, timeline.days(day, day, BRUSSELS))
    shown = [f"{at.astimezone(BRUSSELS):%H:%M}" for at in slots.moments(timeline, found)]
    assert shown == starts
    for at in slots.moments(timeline, found):
        hours.check_open(at, minutes)


spans = st.tuples(st.integers(-300, 1800), st.integers(1, 700)).map(
    lambda one: (
        times.local_day(DAY, BRUSSELS)[0] + one[0] * MINUTE,
        times.local_day(DAY, BRUSSELS)[0] + sum(one) * MINUTE,
    )
)


@given(
    st.lists(spans, max_size=4),
    st.lists(spans, max_size=3),
    st.lists(spans, max_size=3),
    st.lists(spans, max_size=3),
    st.sampled_from([30, 60, 120]),
)
def test_free_is_what_is_open_and_worked_and_neither_absent_nor_taken(
    opened: list[Interval],
    worked: list[Interval],
    away: list[Interval],
    taken: list[Interval],
    minutes: int,
) -> None:
    timeline = Timeline.of(DAY, DAY)
    found = slots.free_starts(
        timeline.within(opened),
        timeline.within(worked) if worked else -1,
        timeline.touched(away) | timeline.touched(taken),
        minutes,
        timeline.days(DAY, DAY, BRUSSELS),
    )
    free = minutes_of(opened) & minutes_of(worked) if worked else minutes_of(opened)
    expected = slow_starts(
        [(at, at + MINUTE) for at in free],
        [*map(outward, away), *map(outward, taken)],
        *times.local_day(DAY, BRUSSELS),
        minutes,
    )
    assert slots.moments(timeline, found) == expected


def outward(interval: Interval) -> Interval:
    """Rounded to whole quarter-hours: of one that is taken in part, nothing is left to book."""
    quarters = times.quarters(interval[0], (interval[1] - interval[0]) // MINUTE)
    return quarters[0], quarters[-1] + QUARTER


@given(st.lists(spans, max_size=6))
def test_intervals_that_overlap_or_touch_are_one(given_intervals: list[Interval]) -> None:
    found = list(times.united(given_intervals))
    assert minutes_of(found) == minutes_of(given_intervals)
    assert all(one[1] < other[0] for one, other in pairwise(found))


@given(st.integers(0, 3 * 24 * 60 * 60), st.integers(0, 72), st.integers(0, 3))
def test_a_start_is_after_now_keeps_the_notice_and_lies_within_the_horizon(now: int, notice: int, days: int) -> None:
    at_now = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(seconds=now)
    timeline = Timeline.of(DAY, DAY + timedelta(days=2))
    found = timeline.bookable(at_now, timedelta(hours=notice), timedelta(days=days), BRUSSELS)
    first, end = times.local_day(DAY, BRUSSELS)[0], times.local_day(DAY + timedelta(days=2), BRUSSELS)[1]
    last = at_now.astimezone(BRUSSELS).date() + timedelta(days=days)
    expected = [
        at
        for at in (first + number * QUARTER for number in range((end - first) // QUARTER))
        if at > at_now and at - at_now >= timedelta(hours=notice) and at.astimezone(BRUSSELS).date() <= last
    ]
    assert slots.moments(timeline, found) == expected


@pytest.mark.parametrize("night", ["2026-03-28", "2026-10-24", "2026-06-06"])
def test_times_that_go_on_after_midnight_are_free_on_nights_of_any_length(night: str) -> None:
    openings = (Opening(("SA",), "18:00", "24:00"), Opening(("SU",), "00:00", "01:00"))
    hours = times.Hours(BRUSSELS, openings, frozenset())
    saturday = date.fromisoformat(night)
    timeline = Timeline.of(saturday, saturday)
    found = slots.free_starts(bits_of(timeline, hours), -1, 0, 60, timeline.days(saturday, saturday, BRUSSELS))
    starts = slots.moments(timeline, found)
    assert (len(starts), starts[0], starts[-1]) == (24, local(f"{night}T18:00"), local(f"{night}T23:45"))
    for at in starts:
        hours.check_open(at, 60)


def test_openings_of_one_day_that_touch_are_one() -> None:
    openings = (Opening(ANY_DAY, "09:00", "10:20"), Opening(ANY_DAY, "10:20", "12:00"))
    hours = times.Hours(BRUSSELS, openings, frozenset())
    timeline = Timeline.of(DAY, DAY)
    found = slots.free_starts(bits_of(timeline, hours), -1, 0, 120, timeline.days(DAY, DAY, BRUSSELS))
    assert slots.moments(timeline, found) == [
        local(f"2026-03-03T{at}") for at in ("09:00", "09:15", "09:30", "09:45", "10:00")
    ]
    hours.check_open(local("2026-03-03T10:00"), 120)
    with pytest.raises(OutsideHours):
        hours.check_open(local("2026-03-03T10:15"), 120)


def test_an_opening_that_begins_and_ends_between_quarter_hours_offers_only_whole_ones() -> None:
    hours = times.Hours(BRUSSELS, (Opening(ANY_DAY, "08:50", "11:10"),), frozenset())
    timeline = Timeline.of(DAY, DAY)
    found = slots.free_starts(bits_of(timeline, hours), -1, 0, 120, timeline.days(DAY, DAY, BRUSSELS))
    assert slots.moments(timeline, found) == [local("2026-03-03T09:00")]


def test_free_starts_leave_out_what_is_taken_past_or_closed() -> None:
    week = (Opening(ANY_DAY[:5], "09:00", "12:00"), Opening(ANY_DAY[:5], "13:00", "16:30"))
    hours = times.Hours(BRUSSELS, week, frozenset({"2026-05-01"}))
    monday, holiday = date(2026, 3, 2), date(2026, 5, 1)
    timeline = Timeline.of(monday, monday)
    taken = timeline.touched([(local("2026-03-02T13:00"), local("2026-03-02T15:00"))])
    bookable = timeline.bookable(local("2026-03-02T10:20"), timedelta(), timedelta(days=9), BRUSSELS)
    found = slots.free_starts(bits_of(timeline, hours), -1, taken, 60, bookable)
    shown = [f"{at.astimezone(BRUSSELS):%H:%M}" for at in slots.moments(timeline, found)]
    assert shown == ["10:30", "10:45", "11:00", "15:00", "15:15", "15:30"]
    closed = Timeline.of(holiday, holiday)
    assert (
        slots.free_starts(bits_of(closed, hours), -1, 0, 60, closed.bookable(LONG_AGO, timedelta(), FAR, BRUSSELS)) == 0
    )


calendars = st.dictionaries(
    st.tuples(st.sampled_from(["c1", "c2", "c3"]), st.sampled_from(["liege", "mons"])),
    st.integers(0, 2**40),
    max_size=6,
)


@given(calendars, st.integers(0, 30))
def test_free_times_of_several_calendars_come_by_time_and_go_on_behind_the_last_one(
    free: dict[tuple[str, str], int], number: int
) -> None:
    expected = sorted((at, key) for key, bits in free.items() for at in range(bits.bit_length()) if bits >> at & 1)
    assert list(slots.in_order(free)) == expected
    if number < len(expected):
        assert list(slots.in_order(free, expected[number])) == expected[number + 1 :]
    assert list(slots.in_order(free, (7, ("c2", "zzz")))) == [one for one in expected if one > (7, ("c2", "zzz"))]
