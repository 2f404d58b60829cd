"""When counsellors can be booked: weekly working hours with exceptions, and absences.

Working hours are local times of an IANA zone, so that they keep their clock time across daylight-saving changes. On the
night of a change, RFC 5545 (3.3.5) decides: a time that is skipped is counted on from before the gap (02:30 is 03:30 of
summer time), and of a time that comes twice the first one is meant. What has no minute left is no interval.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from services.contracts.directory import WEEKDAYS
from services.contracts.opening import moment
from services.scheduling.domain.refusals import (
    AbsenceBackwards,
    AbsencesOverlap,
    AbsenceTooLong,
    EndsBeforeStart,
    HoursBackwards,
    NotInFuture,
    NotOnQuarterHour,
    NotWorkingThatDay,
    OutsideWorkingHours,
    RuleNotWeekly,
    TooSoon,
)
from services.scheduling.domain.times import HORIZON, Interval, check_quarter_hour, is_midnight, united

LONGEST_INTERVAL = 52
"""Weeks between two weeks of a rule are no more."""
MOST_TIMES = 1000
"""How often a rule with COUNT comes at most."""
LONGEST_ABSENCE = timedelta(days=400)
"""Of an absence, what is still to come is no longer: each of its quarter-hours is kept free of bookings."""
MOST_ROWS = 40
"""The rows of working hours that a counsellor has at a centre are no more."""
_PARTS = {"FREQ", "INTERVAL", "BYDAY", "UNTIL", "COUNT"}
_QUARTERS = (":00", ":15", ":30", ":45")


@dataclass(frozen=True, slots=True)
class WeeklyRule:
    """A weekly recurrence. Source: RFC 5545, RECUR with FREQ=WEEKLY; weeks begin on Monday, as WKST has it by default.

    `weekdays`: numbers from 0, Monday, in order; none: that of the first day. `until`: the last day, included.
    """

    interval: int = 1
    weekdays: tuple[int, ...] = ()
    until: date | None = None
    count: int | None = None

    @property
    def text(self) -> str:
        """The RRULE value."""
        parts = ["FREQ=WEEKLY"]
        if self.interval > 1:
            parts.append(f"INTERVAL={self.interval}")
        if self.weekdays:
            parts.append("BYDAY=" + ",".join(WEEKDAYS[one] for one in self.weekdays))
        if self.until is not None:
            parts.append(f"UNTIL={self.until:%Y%m%d}")
        if self.count is not None:
            parts.append(f"COUNT={self.count}")
        return ";".join(parts)


@lru_cache(maxsize=1024)
def weekly_rule(text: str) -> WeeklyRule:
    """The rule of an RRULE value. Raises `RuleNotWeekly`, naming the part that cannot be used."""
    parts: dict[str, str] = {}
    for part in text.upper().split(";"):
        name, _, value = part.partition("=")
        if name not in _PARTS or not value or name in parts:
            raise RuleNotWeekly(part=part or "–")
        parts[name] = value
    if parts.get("FREQ") != "WEEKLY":
        raise RuleNotWeekly(part=f"FREQ={parts.get('FREQ', '–')}")
    if "UNTIL" in parts and "COUNT" in parts:
        raise RuleNotWeekly(part=f"UNTIL={parts['UNTIL']}; COUNT={parts['COUNT']}")
    return WeeklyRule(
        interval=_number("INTERVAL", parts.get("INTERVAL", "1"), LONGEST_INTERVAL),
        weekdays=_weekdays(parts["BYDAY"]) if "BYDAY" in parts else (),
        until=_last_day(parts["UNTIL"]) if "UNTIL" in parts else None,
        count=_number("COUNT", parts["COUNT"], MOST_TIMES) if "COUNT" in parts else None,
    )


def _number(name: str, value: str, most: int) -> int:
    if not (value.isascii() and value.isdecimal() and len(value) <= 4 and 1 <= int(value) <= most):
        raise RuleNotWeekly(part=f"{name}={value}")
    return int(value)


def _weekdays(value: str) -> tuple[int, ...]:
    names = value.split(",")
    if not set(names).issubset(WEEKDAYS):  # also 1MO, the first Monday of a month
        raise RuleNotWeekly(part=f"BYDAY={value}")
    return tuple(number for number, name in enumerate(WEEKDAYS) if name in names)


def _last_day(value: str) -> date:
    """`20261231`: a date, because a rule begins on a date and has its times beside it."""
    if not (value.isascii() and value.isdecimal() and len(value) == 8):
        raise RuleNotWeekly(part=f"UNTIL={value}")
    try:
        return date.fromisoformat(f"{value[:4]}-{value[4:6]}-{value[6:]}")
    except ValueError:
        raise RuleNotWeekly(part=f"UNTIL={value}") from None


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """Hours in which a counsellor works at a centre, on the days of a weekly rule.

    `rrule`: an RRULE value, read by `weekly_rule`. `begins`, `ends`: local times `HH:MM` on quarter-hours, end
    excluded; `24:00` is the end of the day. `except_on`: days on which they do not count (EXDATE).
    Raises `RuleNotWeekly`, `EndsBeforeStart`, `NotOnQuarterHour`, `HoursBackwards`.
    """

    starts_on: date
    rrule: str
    begins: str
    ends: str
    except_on: frozenset[date]
    zone: ZoneInfo

    def __post_init__(self) -> None:
        until = self.rule.until
        if until is not None and until < self.starts_on:
            raise EndsBeforeStart(until=until)
        for field, at in (("begins", self.begins), ("ends", self.ends)):
            if not at.endswith(_QUARTERS):
                raise NotOnQuarterHour(about=field)
        if self.ends <= self.begins:
            raise HoursBackwards(begins=self.begins, ends=self.ends)

    @property
    def rule(self) -> WeeklyRule:
        """The weekly rule."""
        return weekly_rule(self.rrule)

    @property
    def monday(self) -> date:
        """The Monday of the week in which the rule begins."""
        return self.starts_on - timedelta(days=self.starts_on.weekday())

    @property
    def weekdays(self) -> tuple[int, ...]:
        """The weekdays of the rule, from 0, Monday."""
        return self.rule.weekdays or (self.starts_on.weekday(),)

    @property
    def last(self) -> date | None:
        """The last day of the rule; None: it has no end."""
        rule, weekdays = self.rule, self.weekdays
        if rule.count is None:
            return rule.until
        turn, place = divmod(rule.count - 1 + sum(one < self.starts_on.weekday() for one in weekdays), len(weekdays))
        return self.monday + timedelta(weeks=turn * rule.interval, days=weekdays[place])

    def of(self, day: date) -> bool:
        """Whether they count on this local date."""
        return any(self.days(day, day))

    def days(self, first: date, last: date) -> Iterator[date]:
        """The local dates from `first` to `last`, both included, on which they count, in order."""
        rule, monday, weekdays = self.rule, self.monday, self.weekdays
        first, last = max(first, self.starts_on), min(last, rule.until or last)
        left_out = sum(one < self.starts_on.weekday() for one in weekdays)
        turn = (first - monday).days // (7 * rule.interval)
        while (week := monday + timedelta(weeks=turn * rule.interval)) <= last:
            for place, weekday in enumerate(weekdays, 1 - left_out):
                day = week + timedelta(days=weekday)
                over = rule.count is not None and turn * len(weekdays) + place > rule.count
                if first <= day <= last and not over and day not in self.except_on:
                    yield day
            turn += 1

    def intervals(self, first: date, last: date) -> Iterator[Interval]:
        """The hours on the local dates from `first` to `last`, both included, in UTC and in order."""
        for day in self.days(first, last):
            begins, ends = moment(day, self.begins, self.zone), moment(day, self.ends, self.zone)
            if begins < ends:
                yield begins, ends


@dataclass(frozen=True, slots=True)
class BookingRules:
    """How a centre books interviews. `horizon`: how far ahead; `notice`: how long before their beginning they can still
    be booked; `visitor_notice`: how long before an appointment visitors can still move or cancel it themselves;
    `pause`: how long a counsellor is left without an appointment before and after one, in the times that are proposed;
    `video_address`: where interviews by video take place. None: the centre says it otherwise.
    """

    horizon: timedelta = HORIZON
    notice: timedelta = timedelta()
    visitor_notice: timedelta = timedelta()
    pause: timedelta = timedelta()
    public: bool = False
    """Whether visitors book a first interview on the public pages."""
    video_address: str | None = None


def check_notice(starts_at: datetime, now: datetime, notice: timedelta, zone: ZoneInfo) -> None:
    """An interview is booked no later than the centre's notice before it. Raises `TooSoon`."""
    if starts_at - now < notice:
        raise TooSoon(at=(now + notice).astimezone(zone))


def worked_times(rows: Iterable[WorkingHours], first: date, last: date) -> list[Interval]:
    """The times of these working hours on local dates, both included, in order; hours that touch are one."""
    return list(united(interval for row in rows for interval in row.intervals(first, last)))


def lies_within(rows: Sequence[WorkingHours], starts_at: datetime, minutes: int) -> bool:
    """Whether the whole appointment lies within these working hours; without any, every one does."""
    if not rows:
        return True
    day, end = starts_at.astimezone(rows[0].zone).date(), starts_at + timedelta(minutes=minutes)
    worked = worked_times(rows, day, day + timedelta(days=1))
    return any(begins <= starts_at and end <= ends for begins, ends in worked)


def check_within(rows: Sequence[WorkingHours], starts_at: datetime, minutes: int) -> None:
    """Raises `OutsideWorkingHours` unless the appointment `lies_within` them."""
    if not lies_within(rows, starts_at, minutes):
        day = starts_at.astimezone(rows[0].zone).date()
        if spans := sorted(f"{row.begins}–{row.ends}" for row in rows if row.of(day)):
            raise OutsideWorkingHours(hours=spans)
        raise NotWorkingThatDay()


def check_absence(starts_at: datetime, ends_at: datetime, now: datetime, zone: ZoneInfo) -> None:
    """An absence is on quarter-hours, is not over, and lasts `LONGEST_ABSENCE` at most.

    Raises `AbsenceBackwards`, `NotOnQuarterHour`, `NotInFuture`, `AbsenceTooLong`.
    """
    if ends_at <= starts_at:
        raise AbsenceBackwards()
    check_quarter_hour(starts_at)
    check_quarter_hour(ends_at, "ends_at")
    if ends_at <= now:
        raise NotInFuture(about="ends_at", at=ends_at.astimezone(zone))
    if ends_at - max(starts_at, now) > LONGEST_ABSENCE:
        last = max(starts_at, now) + LONGEST_ABSENCE
        raise AbsenceTooLong(until=last.astimezone(zone).date())


def absences_overlap(begins: datetime, ends: datetime, zone: ZoneInfo) -> AbsencesOverlap:
    """The refusal that names the absence which is there already: its days, with times unless it has whole ones."""
    first, last = begins.astimezone(zone), ends.astimezone(zone)
    return AbsencesOverlap(
        begins=first.date() if is_midnight(begins, zone) else first,
        ends=last.date() - timedelta(days=1) if is_midnight(ends, zone) else last,
    )
