"""The free times of calendars, as integers: a bit for each quarter-hour of a span of days.

A start is free if the quarter-hours from it, as many as the appointment takes, are open, worked and not taken. Times
are aware, and kept in UTC: a local day has 92, 96 or 100 quarter-hours. Intervals are half-open.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Self, TypeVar
from zoneinfo import ZoneInfo

from services.scheduling.domain.times import QUARTER, Interval, local_day, united

T = TypeVar("T")
CalendarKey = tuple[str, str]
"""A counsellor's code, and the centre at which they receive."""
Start = tuple[int, CalendarKey]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_QUARTERS_OF_A_DAY = _DAY // QUARTER
_AROUND = 2 * _DAY
"""What lies beside the span counts too: an appointment that begins on the last day, another zone's day."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Days as quarter-hours. `origin`: the quarter-hour of bit 0, from 1970; `size`: how many bits there are."""

    first: date
    last: date
    origin: int
    size: int

    @classmethod
    def of(cls, first: date, last: date) -> Self:
        """The timeline of these local days, both included, in any zone."""
        begins = datetime(first.year, first.month, first.day, tzinfo=UTC) - _AROUND
        days = (last - first + _DAY + 2 * _AROUND).days
        return cls(first, last, (begins - _EPOCH) // QUARTER, days * _QUARTERS_OF_A_DAY)

    @property
    def begins(self) -> datetime:
        """The moment of bit 0."""
        return self.moment(0)

    @property
    def ends(self) -> datetime:
        """The moment behind the last bit."""
        return self.moment(self.size)

    def moment(self, bit: int) -> datetime:
        """The beginning of this bit's quarter-hour, in UTC."""
        return _EPOCH + (self.origin + bit) * QUARTER

    def bit(self, at: datetime) -> int:
        """The bit of the quarter-hour in which a moment lies; negative before the timeline."""
        return number_of(at) - self.origin

    def within(self, intervals: Iterable[Interval]) -> int:
        """The quarter-hours that lie wholly in these intervals. Intervals that touch are one."""
        return self.bits((self._ceil(begins), self.bit(ends)) for begins, ends in united(intervals))

    def touched(self, intervals: Iterable[Interval]) -> int:
        """The quarter-hours that any of these intervals touches."""
        return self.bits((self.bit(begins), self._ceil(ends)) for begins, ends in intervals if begins < ends)

    def days(self, first: date, last: date, zone: ZoneInfo) -> int:
        """The quarter-hours of these local days, both included."""
        return self.within([(local_day(first, zone)[0], local_day(last, zone)[1])])

    def bookable(self, now: datetime, notice: timedelta, horizon: timedelta, zone: ZoneInfo) -> int:
        """The quarter-hours at which an appointment may begin: after now, with the notice kept, up to the horizon.

        As `check_future` and `check_horizon`: the horizon is a local day.
        """
        today = now.astimezone(zone).date()
        begins = max(self.bit(now) + 1, self._ceil(now + notice))
        last = min(self.last, today + horizon)
        if last < self.first:
            return 0
        return self.days(self.first, last, zone) & self.bits([(begins, self.size)])

    def _ceil(self, at: datetime) -> int:
        return -((_EPOCH - at) // QUARTER) - self.origin

    def bits(self, ranges: Iterable[tuple[int, int]]) -> int:
        """All bits of these ranges that lie on the timeline; the end of a range is not in it."""
        found = 0
        for begins, ends in ranges:
            at, length = max(begins, 0), min(ends, self.size) - max(begins, 0)
            if length > 0:
                found |= ((1 << length) - 1) << at
        return found


def number_of(at: datetime) -> int:
    """The number of the quarter-hour in which a moment lies, counted from 1970."""
    return (at - _EPOCH) // QUARTER


def starts_in(free: int, minutes: int) -> int:
    """Where an appointment of so many minutes, rounded up to quarter-hours, fits into what is free."""
    left = -(-timedelta(minutes=minutes) // QUARTER) - 1
    step = 1
    while left > 0:
        step = min(step, left)
        free &= free >> step
        left -= step
        step *= 2
    return free


def widened(bits: int, pause: timedelta) -> int:
    """These quarter-hours and those less than a pause before and after them, rounded up to quarter-hours."""
    left = -(-pause // QUARTER)
    while left > 0:
        bits |= bits << 1 | bits >> 1
        left -= 1
    return bits


def moments(timeline: Timeline, bits: int) -> list[datetime]:
    """The moments of these bits, in order."""
    return [timeline.moment(bit) for bit in positions(bits)]


def positions(bits: int) -> Iterator[int]:
    """The positions of the bits that are set, in order."""
    digits = f"{bits:b}"[::-1]
    at = digits.find("1")
    while at >= 0:
        yield at
        at = digits.find("1", at + 1)


def free_starts(open_hours: int, working: int, busy: int, minutes: int, bookable: int) -> int:
    """Where an appointment fits that begins at a bookable time. `busy`: absences, and what is taken."""
    return starts_in(open_hours & working & ~busy, minutes) & bookable


def apart(found: Iterable[T], minutes: int, starts_at: Callable[[T], datetime]) -> Iterator[T]:
    """Of these times, in order, the earliest that do not overlap each other. `minutes`: of an appointment."""
    free_from: datetime | None = None
    for one in found:
        if free_from is None or starts_at(one) >= free_from:
            yield one
            free_from = starts_at(one) + timedelta(minutes=minutes)


def in_order(free: Mapping[CalendarKey, int], after: Start | None = None) -> Iterator[Start]:
    """The free starts of several calendars by time, at one time in the order of the calendars' keys.

    `after`: only those behind this one, which need not be free any more.
    """
    order = sorted(free)
    together = 0
    for bits in free.values():
        together |= bits
    if after is not None:
        together = together >> max(after[0], 0) << max(after[0], 0)
    for at in positions(together):
        for calendar in order:
            if free[calendar] >> at & 1 and (after is None or (at, calendar) > after):
                yield at, calendar
