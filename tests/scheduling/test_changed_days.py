"""A different week against dateutil's expansion, and hours of one person that overlap against a look at every day."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta

import pytest
from dateutil.rrule import DAILY, rrule
from dateutil.rrule import weekday as weekday_of
from hypothesis import assume, given
from hypothesis import strategies as st

from services.chassis.refusals import Invalid
from services.scheduling.domain import refusals
from services.scheduling.domain.availability import WeeklyRule, WorkingHours, worked_times
from services.scheduling.domain.changed_days import (
    LONGEST_CHANGE,
    ChangedDays,
    check_changes,
    check_excluded,
    check_overlaps,
    first_shared_day,
    hours_that_count,
)
from services.scheduling.domain.times import Interval, united
from tests.scheduling.test_availability import BRUSSELS, EVERY_DAY, by_dateutil

NEW_YEAR = date(2026, 1, 1)
WORKDAYS = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"
SPANS = [("09:00", "12:00"), ("13:00", "16:30"), ("02:15", "03:00"), ("18:00", "24:00")]

weekdays = st.lists(st.sampled_from(range(7)), unique=True, max_size=4).map(lambda some: tuple(sorted(some)))
starts = st.dates(NEW_YEAR, date(2027, 6, 30))
spans = st.sampled_from(SPANS)


def working(rule: str, begins: str = "09:00", ends: str = "12:00", *, but: tuple[date, ...] = ()) -> WorkingHours:
    return WorkingHours(NEW_YEAR, rule, begins, ends, frozenset(but), BRUSSELS)


def changed(first: date, days: int = 1, only: tuple[int, ...] = (), *hours: tuple[str, str]) -> ChangedDays:
    return ChangedDays(first, first + timedelta(days=days - 1), only, hours, BRUSSELS)


@st.composite
def rows(draw: st.DrawFn) -> WorkingHours:
    on, span = draw(starts), draw(spans)
    end = draw(st.one_of(st.none(), st.integers(1, 40), st.timedeltas(timedelta(), timedelta(days=300))))
    rule = WeeklyRule(
        draw(st.integers(1, 5)),
        draw(weekdays),
        until=on + timedelta(days=end.days) if isinstance(end, timedelta) else None,
        count=end if isinstance(end, int) else None,
    )
    left_out = draw(st.sets(st.dates(on, on + timedelta(days=60)), max_size=5))
    return WorkingHours(on, rule.text, *span, frozenset(left_out), BRUSSELS)


@st.composite
def weeks(draw: st.DrawFn) -> ChangedDays:
    hours = draw(st.lists(spans, unique=True, max_size=3))
    return changed(draw(starts), draw(st.integers(1, 60)), draw(weekdays), *hours)


def days_by_dateutil(change: ChangedDays) -> set[date]:
    """The changed days, expanded by dateutil from a daily rule."""
    chosen = [weekday_of(one) for one in change.weekdays] or None
    first, last = (datetime.combine(day, time()) for day in (change.first, change.last))
    return {at.date() for at in rrule(DAILY, dtstart=first, until=last, byweekday=chosen)}


def counted_by_dateutil(
    usual: Sequence[WorkingHours], changes: Sequence[ChangedDays], first: date, last: date
) -> Iterator[Interval]:
    """The hours of these days: of the usual rows outside all changed days, and of the changes on theirs."""
    other = set[date]().union(*(days_by_dateutil(one) for one in changes))
    for row in usual:
        for interval in by_dateutil(row, first, last):
            if interval[0].astimezone(BRUSSELS).date() not in other:
                yield interval
    for change in changes:
        for begins, ends in change.spans:
            every_day = WorkingHours(change.first, EVERY_DAY, begins, ends, frozenset(), BRUSSELS)
            for interval in by_dateutil(every_day, max(first, change.first), min(last, change.last)):
                if interval[0].astimezone(BRUSSELS).date() in days_by_dateutil(change):
                    yield interval


@given(st.lists(rows(), min_size=1, max_size=3), st.lists(weeks(), max_size=3), starts, st.integers(0, 120))
def test_a_different_week_counts_as_dateutil_expands_it(
    usual: list[WorkingHours], changes: list[ChangedDays], first: date, length: int
) -> None:
    last = first + timedelta(days=length)
    expected = list(united(counted_by_dateutil(usual, changes, first, last)))
    assert worked_times(hours_that_count(usual, changes), first, last) == expected


@given(rows(), rows(), starts)
def test_hours_overlap_on_the_first_day_that_both_have(one: WorkingHours, other: WorkingHours, today: date) -> None:
    found = first_shared_day(one, other, today)
    assert found == first_shared_day(other, one, today)
    apart = one.ends <= other.begins or other.ends <= one.begins
    seen = set[date]() if apart else set(one.days(today, today + timedelta(days=1500)))
    assert found == min(seen & set(other.days(today, today + timedelta(days=1500))), default=None)


@given(rows())
def test_the_last_day_of_a_rule_is_its_last_one(row: WorkingHours) -> None:
    assume(row.rule.count is not None)
    whole = WorkingHours(row.starts_on, row.rrule, row.begins, row.ends, frozenset(), BRUSSELS)
    assert row.last == max(whole.days(row.starts_on, row.starts_on + timedelta(days=3000)))


def test_rules_that_share_a_week_only_after_many_years_overlap_then() -> None:
    """Weeks of an interval of 51 and of one of 52 meet once in 2652 weeks; two of the same interval perhaps never."""
    one, other = working("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"), working("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO")
    later = WorkingHours(NEW_YEAR + timedelta(weeks=1), other.rrule, "09:00", "12:00", frozenset(), BRUSSELS)
    assert first_shared_day(one, later, NEW_YEAR) is None
    rare = WorkingHours(date(2026, 1, 8), "FREQ=WEEKLY;INTERVAL=52;BYDAY=MO", "09:00", "12:00", frozenset(), BRUSSELS)
    rarer = working("FREQ=WEEKLY;INTERVAL=51;BYDAY=MO")
    assert first_shared_day(rare, rarer, NEW_YEAR) == date(2025, 12, 29) + timedelta(weeks=2601)


@pytest.mark.parametrize(
    ("make", "refusal", "field"),
    [
        (lambda: changed(NEW_YEAR, 0), refusals.SpanBackwards, "last"),
        (lambda: changed(NEW_YEAR, LONGEST_CHANGE.days + 2), refusals.SpanTooLong, "last"),
        (lambda: changed(NEW_YEAR, 7, (), ("12:00", "09:00")), refusals.HoursBackwards, "ends"),
        (lambda: changed(NEW_YEAR, 7, (), ("09:10", "10:00")), refusals.NotOnQuarterHour, "begins"),
        (lambda: changed(NEW_YEAR, 7, (), ("13:00", "15:00"), ("09:00", "13:15")), refusals.SpansOverlap, "spans"),
    ],
)
def test_days_that_cannot_be_changed_so_are_refused(make: object, refusal: type[Invalid], field: str) -> None:
    assert callable(make)
    with pytest.raises(refusal) as refused:
        make()
    assert refused.value.about == field


def test_a_day_is_left_out_only_of_hours_that_it_has() -> None:
    saturday, monday = date(2026, 3, 7), date(2026, 3, 9)
    check_excluded([working(WORKDAYS, but=(monday,))], [])
    with pytest.raises(refusals.NoSuchHours) as refused:
        check_excluded([working(WORKDAYS, but=(saturday,))], [])
    assert refused.value.about == "except_on"
    check_excluded([working(WORKDAYS, but=(saturday, monday))], [working(WORKDAYS, but=(saturday,))])


def test_a_change_says_something_and_each_day_is_changed_once() -> None:
    usual, saturday = [working(WORKDAYS)], date(2026, 3, 7)
    check_changes([changed(saturday, 1, (), ("09:00", "12:00"))], usual, [])
    with pytest.raises(refusals.NothingToLeaveOut):
        check_changes([changed(saturday, 2)], usual, [])
    with pytest.raises(refusals.NothingToLeaveOut):  # no Monday among them
        check_changes([changed(saturday, 2, (0,), ("09:00", "12:00"))], usual, [])
    check_changes([changed(saturday, 2)], usual, [changed(saturday, 2)])
    with pytest.raises(refusals.NoUsualHours):
        check_changes([changed(saturday, 3)], [], [])
    with pytest.raises(refusals.DaysChangedAlready) as refused:
        check_changes([changed(saturday, 7), changed(date(2026, 3, 13), 7)], usual, [changed(saturday, 7)])
    assert refused.value.values == {"day": date(2026, 3, 13)}
    mondays_and_tuesdays = [changed(saturday, 7, (0,)), changed(saturday, 7, (1,), ("09:00", "10:00"))]
    check_changes(mondays_and_tuesdays, usual, [])


def test_what_overlapped_before_does_not_stop_other_changes() -> None:
    twice = [working(WORKDAYS), working(WORKDAYS, "11:00", "13:00")]
    check_overlaps([*twice, working("FREQ=WEEKLY;BYDAY=SA")], "Liège", twice, [], NEW_YEAR)
    fewer = [working(WORKDAYS, but=(date(2026, 3, 9),)), twice[1]]
    check_overlaps(fewer, "Liège", twice, [], NEW_YEAR)
    with pytest.raises(refusals.HoursOverlap) as refused:
        check_overlaps([*twice, working("FREQ=WEEKLY;BYDAY=WE", "12:00", "14:00")], "Liège", twice, [], NEW_YEAR)
    assert refused.value.values == {"hours": "11:00–13:00", "centre": "Liège", "day": date(2026, 1, 7)}
    elsewhere = [("Mons", working("FREQ=WEEKLY;BYDAY=SU", "08:00", "18:00"))]
    with pytest.raises(refusals.HoursOverlap) as refused:
        check_overlaps([working("FREQ=WEEKLY;BYDAY=SA,SU")], "Liège", [], elsewhere, NEW_YEAR)
    assert refused.value.values["centre"] == "Mons"
