"""Working hours, day by day from 2017 to 2035, against dateutil's expansion and the rule of the law."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil import tz
from dateutil.rrule import rrule, rruleset, rrulestr
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.refusals import Invalid
from services.scheduling.domain import refusals
from services.scheduling.domain.availability import (
    LONGEST_ABSENCE,
    WeeklyRule,
    WorkingHours,
    check_absence,
    check_within,
    weekly_rule,
)

BRUSSELS = ZoneInfo("Europe/Brussels")
FIRST, LAST = date(2017, 1, 1), date(2035, 12, 31)
EVERY_DAY = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU"
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)


def working(
    rrule: str, begins: str = "09:00", ends: str = "12:30", on: date = FIRST, but: frozenset[date] = frozenset()
) -> WorkingHours:
    return WorkingHours(on, rrule, begins, ends, but, BRUSSELS)


def by_dateutil(hours: WorkingHours, first: date, last: date) -> Iterator[tuple[datetime, datetime]]:
    """The same hours, expanded and placed in time by dateutil alone."""
    zone = tz.gettz("Europe/Brussels")
    rule = rrulestr(hours.rrule, dtstart=datetime.combine(hours.starts_on, time()))
    assert isinstance(rule, rrule)
    found = rruleset()
    found.rrule(rule)
    for day in hours.except_on:
        found.exdate(datetime.combine(day, time()))
    for midnight in found.between(datetime.combine(first, time()), datetime.combine(last, time()), inc=True):
        pair: list[datetime] = []
        for at in (hours.begins, hours.ends):
            spent = timedelta(hours=int(at[:2]), minutes=int(at[3:]))
            pair.append(tz.resolve_imaginary((midnight + spent).replace(tzinfo=zone)).astimezone(UTC))
        if pair[0] < pair[1]:
            yield pair[0], pair[1]


def by_law(day: date, at: int) -> timedelta:
    """The offset in force `at` hours after the midnight (UTC) of a day: summer time by Directive 2000/84/EC.

    It lasts from 01:00 UTC of the last Sunday in March to 01:00 UTC of the last Sunday in October.
    """
    begins, ends = (
        max(date(day.year, month, number) for number in range(25, 32) if date(day.year, month, number).weekday() == 6)
        for month in (3, 10)
    )
    moment = datetime.combine(day, time(), UTC) + timedelta(hours=at)
    summer = datetime.combine(begins, time(1), UTC) <= moment < datetime.combine(ends, time(1), UTC)
    return timedelta(hours=2 if summer else 1)


RULES = [
    working(EVERY_DAY),
    working(EVERY_DAY, "00:00", "24:00"),
    working(EVERY_DAY, "01:00", "04:00"),
    working(EVERY_DAY, "02:15", "02:45"),
    working(EVERY_DAY, "02:30", "03:15"),
    working(EVERY_DAY, "01:30", "02:30"),
    working("FREQ=WEEKLY", on=date(2017, 3, 29)),
    working("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH", on=date(2017, 3, 30)),
    working("FREQ=WEEKLY;INTERVAL=3;BYDAY=SU,MO;UNTIL=20300415", on=date(2018, 2, 7)),
    working("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE,FR;COUNT=1000", on=date(2020, 1, 1)),
    working(EVERY_DAY, "00:00", "01:00", but=frozenset({SPRING, AUTUMN, date(2024, 2, 29)})),
]


@pytest.mark.parametrize("hours", RULES, ids=lambda one: f"{one.rrule} {one.begins}")
def test_every_day_from_2017_to_2035_is_right_to_the_minute(hours: WorkingHours) -> None:
    expected = list(by_dateutil(hours, FIRST, LAST))
    assert list(hours.intervals(FIRST, LAST)) == expected
    found = {day for day in _days() if hours.of(day)}
    assert found >= {begins.astimezone(BRUSSELS).date() for begins, _ends in expected}
    one_by_one = [interval for day in _days() for interval in hours.intervals(day, day)]
    assert one_by_one == expected, "a day alone says what it says among others"


def _days() -> Iterator[date]:
    day = FIRST
    while day <= LAST:
        yield day
        day += timedelta(days=1)


def test_the_length_of_a_night_is_what_the_law_makes_it() -> None:
    hours = working(EVERY_DAY, "01:00", "04:00")
    lengths = {day: ends - begins for day in _days() for begins, ends in hours.intervals(day, day)}
    for day, length in lengths.items():
        assert length == timedelta(hours=3) + by_law(day, 0) - by_law(day, 4), day
    assert sorted(set(lengths.values())) == [timedelta(hours=2), timedelta(hours=3), timedelta(hours=4)]
    assert sum(length != timedelta(hours=3) for length in lengths.values()) == 2 * 19


@pytest.mark.parametrize(
    ("day", "begins", "ends", "expected"),
    [
        (SPRING, "01:00", "04:00", ("00:00", "02:00")),
        (SPRING, "02:30", "04:00", ("01:30", "02:00")),  # from 03:30 of summer time
        (SPRING, "01:00", "02:30", ("00:00", "01:30")),  # until 03:30 of summer time
        (SPRING, "02:30", "03:15", None),
        (AUTUMN, "01:00", "04:00", ("23:00", "03:00")),
        (AUTUMN, "02:30", "04:00", ("00:30", "03:00")),  # from the first 02:30
        (AUTUMN, "01:00", "02:30", ("23:00", "00:30")),  # until the first 02:30
    ],
)
def test_hours_on_the_nights_of_a_change(day: date, begins: str, ends: str, expected: tuple[str, str] | None) -> None:
    found = [(f"{one:%H:%M}", f"{other:%H:%M}") for one, other in working(EVERY_DAY, begins, ends).intervals(day, day)]
    assert found == ([expected] if expected else [])


weekdays = st.lists(st.sampled_from(range(7)), unique=True).map(lambda some: tuple(sorted(some)))
starts = st.dates(date(2017, 1, 1), date(2030, 12, 31))


@given(
    starts,
    st.integers(1, 8),
    weekdays,
    st.one_of(st.none(), st.integers(1, 80), st.timedeltas(timedelta(), timedelta(days=900))),
    st.integers(-30, 900),
    st.integers(0, 60),
)
def test_any_weekly_rule_is_expanded_as_dateutil_does(
    on: date, interval: int, chosen: tuple[int, ...], end: int | timedelta | None, ahead: int, length: int
) -> None:
    rule = WeeklyRule(
        interval,
        chosen,
        until=on + timedelta(days=end.days) if isinstance(end, timedelta) else None,
        count=end if isinstance(end, int) else None,
    )
    assert weekly_rule(rule.text) == rule
    hours = working(rule.text, on=on)
    first = on + timedelta(days=ahead)
    last = first + timedelta(days=length)
    assert list(hours.intervals(first, last)) == list(by_dateutil(hours, first, last))


@pytest.mark.parametrize(
    ("rule", "part"),
    [
        ("FREQ=DAILY", "FREQ=DAILY"),
        ("BYDAY=MO", "FREQ=–"),
        ("", "–"),
        ("FREQ=WEEKLY;", "–"),
        ("FREQ=WEEKLY;BYDAY=1MO", "BYDAY=1MO"),
        ("FREQ=WEEKLY;BYDAY=MO,", "BYDAY=MO,"),
        ("FREQ=WEEKLY;BYMONTH=3", "BYMONTH=3"),
        ("FREQ=WEEKLY;WKST=SU", "WKST=SU"),
        ("FREQ=WEEKLY;INTERVAL=0", "INTERVAL=0"),
        ("FREQ=WEEKLY;INTERVAL=53", "INTERVAL=53"),
        ("FREQ=WEEKLY;INTERVAL=-1", "INTERVAL=-1"),
        ("FREQ=WEEKLY;COUNT=1001", "COUNT=1001"),
        ("FREQ=WEEKLY;COUNT=٣", "COUNT=٣"),
        ("FREQ=WEEKLY;UNTIL=20260230", "UNTIL=20260230"),
        ("FREQ=WEEKLY;UNTIL=20261231T100000Z", "UNTIL=20261231T100000Z"),
        ("FREQ=WEEKLY;UNTIL=20261231;COUNT=3", "UNTIL=20261231; COUNT=3"),
        ("FREQ=WEEKLY;FREQ=WEEKLY", "FREQ=WEEKLY"),
    ],
)
def test_another_rule_is_refused_by_the_part_that_cannot_be_used(rule: str, part: str) -> None:
    with pytest.raises(refusals.RuleNotWeekly) as refused:
        weekly_rule(rule)
    assert refused.value.values == {"part": part}


def test_a_rule_is_read_in_small_letters_too() -> None:
    assert weekly_rule("freq=weekly;byday=tu,mo").text == "FREQ=WEEKLY;BYDAY=MO,TU"


@pytest.mark.parametrize(
    ("begins", "ends", "until", "kind", "field"),
    [
        ("12:00", "09:00", "", refusals.HoursBackwards, "ends"),
        ("12:00", "12:00", "", refusals.HoursBackwards, "ends"),
        ("22:00", "02:00", "", refusals.HoursBackwards, "ends"),
        ("09:10", "12:00", "", refusals.NotOnQuarterHour, "begins"),
        ("09:00", "12:05", "", refusals.NotOnQuarterHour, "ends"),
        ("09:00", "12:00", ";UNTIL=20161231", refusals.EndsBeforeStart, "until"),
    ],
)
def test_wrong_hours_are_refused(begins: str, ends: str, until: str, kind: type[Invalid], field: str) -> None:
    with pytest.raises(kind) as refused:
        working(f"FREQ=WEEKLY{until}", begins, ends)
    assert refused.value.about == field


def test_an_absence_ends_after_it_begins() -> None:
    at = datetime(2026, 3, 2, 8, tzinfo=UTC)
    with pytest.raises(refusals.AbsenceBackwards):
        check_absence(at, at, at, BRUSSELS)


def test_an_appointment_lies_within_hours_that_touch_or_is_refused() -> None:
    rows = [
        working("FREQ=WEEKLY;BYDAY=MO", "09:00", "10:00"),
        working("FREQ=WEEKLY;BYDAY=MO", "10:00", "11:00"),
    ]
    monday = datetime(2026, 3, 2, 8, tzinfo=UTC)
    check_within(rows, monday, 120)
    check_within([], monday, 600)
    with pytest.raises(refusals.OutsideWorkingHours) as refused:
        check_within(rows, monday + timedelta(minutes=15), 120)
    assert refused.value.values == {"hours": ["09:00–10:00", "10:00–11:00"]}
    with pytest.raises(refusals.NotWorkingThatDay) as refused:
        check_within(rows, monday + timedelta(days=1), 60)
    assert refused.value.slug == "outside-working-hours"


@pytest.mark.parametrize(
    ("begins", "length", "kind"),
    [
        (timedelta(days=-2), timedelta(days=1), refusals.NotInFuture),
        (timedelta(minutes=5), timedelta(days=1), refusals.NotOnQuarterHour),
        (timedelta(), timedelta(minutes=20), refusals.NotOnQuarterHour),
        (timedelta(days=9), timedelta(days=401), refusals.AbsenceTooLong),
    ],
)
def test_an_absence_is_to_come_and_on_quarter_hours(begins: timedelta, length: timedelta, kind: type[Invalid]) -> None:
    now = datetime(2026, 3, 2, 8, tzinfo=UTC)
    check_absence(now - timedelta(days=90), now + LONGEST_ABSENCE, now, BRUSSELS)
    with pytest.raises(kind):
        check_absence(now + begins, now + begins + length, now, BRUSSELS)
