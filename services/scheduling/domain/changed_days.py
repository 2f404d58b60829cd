"""Days on which a counsellor has other hours than usual, and hours of one person that would lie over each other."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from math import lcm
from zoneinfo import ZoneInfo

from services.contracts.directory import WEEKDAYS
from services.scheduling.domain import refusals
from services.scheduling.domain.availability import MOST_ROWS, WeeklyRule, WorkingHours

LONGEST_CHANGE = timedelta(days=371)
"""From the first of these days to the last: 53 weeks."""
CHANGES_KEPT = timedelta(days=30)
"""How long changed days are kept after the last of them, as absences are."""
EVERY_DAY = tuple(range(len(WEEKDAYS)))


@dataclass(frozen=True, slots=True)
class ChangedDays:
    """Days on which other hours count than a counsellor's usual ones at a centre, or none: a holiday week, a Saturday.

    `first`, `last`: both included. `weekdays`: from 0, Monday: only these of them; none: all of them. `spans`: local
    beginnings and ends on quarter-hours; none: no hours. Raises `SpanBackwards`, `SpanTooLong`, `SpansOverlap`, and
    what `WorkingHours` raises for times.
    """

    first: date
    last: date
    weekdays: tuple[int, ...]
    spans: tuple[tuple[str, str], ...]
    zone: ZoneInfo

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise refusals.SpanBackwards(about="last")
        if self.last - self.first > LONGEST_CHANGE:
            raise refusals.SpanTooLong(about="last", until=self.first + LONGEST_CHANGE)
        self.hours()
        for one, other in pairwise(sorted(self.spans)):
            if other[0] < one[1]:
                raise refusals.SpansOverlap(begins=other[0], ends=one[1])

    @property
    def rule(self) -> WeeklyRule:
        """The weekly rule of these days, from the first one on."""
        return WeeklyRule(1, self.weekdays or EVERY_DAY, until=self.last)

    def days(self) -> Iterator[date]:
        """These days, in order."""
        for number in range((self.last - self.first).days + 1):
            day = self.first + timedelta(days=number)
            if day.weekday() in (self.weekdays or EVERY_DAY):
                yield day

    def hours(self) -> list[WorkingHours]:
        """The hours on these days."""
        rule = self.rule.text
        return [WorkingHours(self.first, rule, *span, frozenset(), self.zone) for span in self.spans]


def hours_that_count(rows: Sequence[WorkingHours], changes: Sequence[ChangedDays]) -> list[WorkingHours]:
    """The usual hours without the changed days, then those of these days. Without usual ones, none at all."""
    if not rows or not changes:
        return list(rows)
    changed = frozenset(day for change in changes for day in change.days())
    usual = [replace(row, except_on=row.except_on | changed) for row in rows]
    return [*usual, *(one for change in changes for one in change.hours())]


def check_excluded(rows: Iterable[WorkingHours], before: Iterable[WorkingHours]) -> None:
    """A day that is newly left out of hours is one of theirs. `before`: as they are stored. Raises `NoSuchHours`."""
    known = {day for row in before for day in row.except_on}
    for row in rows:
        whole = replace(row, except_on=frozenset())
        for day in sorted(row.except_on - known):
            if not whole.of(day):
                raise refusals.NoSuchHours(day=day, begins=row.begins, ends=row.ends)


def check_changes(changes: Sequence[ChangedDays], rows: Sequence[WorkingHours], before: Sequence[ChangedDays]) -> None:
    """Each day is changed once, and a change says something. `before`: as they are stored.

    Raises `NoUsualHours`, `TooManyRows`, `DaysChangedAlready`, `NothingToLeaveOut`.
    """
    if changes and not rows:
        raise refusals.NoUsualHours()
    if len(changes) > MOST_ROWS:
        raise refusals.TooManyRows(most=MOST_ROWS)
    taken: set[date] = set()
    for change in sorted(changes, key=lambda one: one not in before):
        days = set(change.days())
        if twice := days & taken:
            raise refusals.DaysChangedAlready(day=min(twice))
        taken |= days
        says = days if change.spans else {day for day in days for row in rows if row.of(day)}
        if change not in before and not says:
            raise refusals.NothingToLeaveOut(first=change.first, until=change.last)


def check_overlaps(
    hours: Sequence[WorkingHours],
    centre: str,
    before: Sequence[WorkingHours],
    elsewhere: Sequence[tuple[str, WorkingHours]],
    today: date,
) -> None:
    """No two hours of a counsellor lie over each other from today on: nobody is in two places. Raises `HoursOverlap`.

    `centre`: its name. `before`: the hours that counted there until now; those that only lose days are not looked at.
    `elsewhere`: those at other centres, with the names of these. Local times are compared, as if in one zone.
    """
    for nth, one in enumerate(hours):
        if any(_loses_days(one, kept) for kept in before):
            continue
        others = [(centre, other) for other in (*hours[:nth], *hours[nth + 1 :])] + [*elsewhere]
        for name, other in others:
            if (day := first_shared_day(one, other, today)) is not None:
                times = f"{other.begins}–{other.ends}"
                raise refusals.HoursOverlap(hours=times, centre=name, day=day)


def _loses_days(hours: WorkingHours, before: WorkingHours) -> bool:
    return replace(hours, except_on=before.except_on) == before and hours.except_on >= before.except_on


def first_shared_day(one: WorkingHours, other: WorkingHours, today: date) -> date | None:
    """The first day from today on of which both have hours that overlap, or None.

    The weeks that two rules share are found by arithmetic: rules without an end are compared for ever.
    """
    if one.ends <= other.begins or other.ends <= one.begins:
        return None
    weeks, step = (other.monday - one.monday).days // 7, lcm(one.rule.interval, other.rule.interval)
    shared = (turn * one.rule.interval for turn in range(other.rule.interval))
    offset = next((week for week in shared if (week - weeks) % other.rule.interval == 0), None)
    weekdays = sorted(set(one.weekdays) & set(other.weekdays))
    if offset is None or not weekdays:
        return None
    first = max(one.starts_on, other.starts_on, today)
    last = min((end for end in (one.last, other.last) if end is not None), default=date.max)
    left_out = one.except_on | other.except_on
    week = one.monday + timedelta(weeks=offset)
    week += timedelta(weeks=max(0, (first - week).days // (7 * step)) * step)
    for _turn in range(len(left_out) + 2):
        for day in (week + timedelta(days=number) for number in weekdays):
            if first <= day <= last and day not in left_out:
                return day
        week += timedelta(weeks=step)
    return None
