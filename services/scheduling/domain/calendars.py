"""Calendars of a day, a week and a month: which days are shown, the rows of a day, and what stands side by side.

A row is a quarter-hour of the local clock, so that the same time of two days is in one line. On the day of a
daylight-saving change, an hour that comes twice has its rows twice. One that is skipped has rows only where another
day beside it has that hour.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Self
from zoneinfo import ZoneInfo

from services.chassis.refusals import msg, with_words
from services.scheduling.domain.times import QUARTER, Interval, local_day

USUAL_HOURS = (8, 18)
"""The local hours of a calendar in which nothing is open or booked."""
SHORTEST_APPOINTMENT = timedelta(minutes=60)
"""The shorter length of a guidance interview: less free time can be seen, and not pressed."""
SHORTEST_PLACE = timedelta(minutes=30)
"""A free place is at least so long, so that a finger meets it."""
MOST_LANES = 12
"""How many entries stand side by side in one column; further ones lie over the last."""

Mark = tuple[int, int, int]
"""The local time of a row: hour, 1 the second time that the hour comes, minute. Within a day in order of time."""


class View(StrEnum):
    """How much a calendar shows."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    def days(self, day: date) -> list[date]:
        """The dates that it shows around this one: weeks from Monday to Sunday, months in whole weeks."""
        first = last = day
        if self is View.MONTH:
            first = day.replace(day=1)
            last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        if self is not View.DAY:
            first -= timedelta(days=first.weekday())
            last += timedelta(days=6 - last.weekday())
        return [first + timedelta(days=number) for number in range((last - first).days + 1)]

    def before(self, day: date) -> date:
        """A date of the day, week or month before."""
        return (day.replace(day=1) if self is View.MONTH else day) - self._step

    def behind(self, day: date) -> date:
        """A date of the next day, week or month: of a month, the first."""
        return (day.replace(day=1) + timedelta(days=31)).replace(day=1) if self is View.MONTH else day + self._step

    @property
    def _step(self) -> timedelta:
        return timedelta(days=7 if self is View.WEEK else 1)


VIEW_LABELS = {View.DAY: msg("Day"), View.WEEK: msg("Week"), View.MONTH: msg("Month")}
with_words(VIEW_LABELS)


def week_number(day: date) -> int:
    """The number of the week. Source: ISO 8601."""
    return day.isocalendar().week


def mark(at: datetime, zone: ZoneInfo) -> Mark:
    """The row in which a moment lies."""
    local = at.astimezone(zone)
    return local.hour, local.fold, local.minute // 15 * 15


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of the days that stand side by side, from one full local hour to another."""

    zone: ZoneInfo
    marks: tuple[Mark, ...]

    @classmethod
    def of(cls, days: Iterable[date], hours: tuple[int, int], zone: ZoneInfo) -> Self:
        """The rows of these days between these local hours, the last one excluded."""
        found: set[Mark] = set()
        for day in days:
            at, end = local_day(day, zone)
            while at < end:
                found.add(mark(at, zone))
                at += QUARTER
        return cls(zone, tuple(sorted(one for one in found if hours[0] <= one[0] < hours[1])))

    def span(self, day: date, interval: Interval) -> tuple[int, int] | None:
        """The first row of this part of a day, from 1, and how many it has. None: it is not among the rows."""
        begins, ends = local_day(day, self.zone)
        begins, ends = max(begins, interval[0]), min(ends, interval[1])
        if begins >= ends:
            return None
        first = bisect_left(self.marks, mark(begins, self.zone))
        count = bisect_right(self.marks, mark(ends - timedelta(microseconds=1), self.zone)) - first
        return (first + 1, count) if count > 0 else None

    def times(self) -> list[str]:
        """The local time of each row; `-` where an hour comes the second time: nothing is booked at it by its time."""
        return ["-" if again else f"{hour:02}:{minute:02}" for hour, again, minute in self.marks]

    def hours(self) -> list[tuple[int, int, str]]:
        """Each hour's first row, how many rows it has, and its local time."""
        begun = [at for at, one in enumerate(self.marks) if one[2] == 0 or at == 0]
        ends = [*begun[1:], len(self.marks)]
        return [(at + 1, end - at, f"{self.marks[at][0]:02}:00") for at, end in zip(begun, ends, strict=False)]


def hours_around(intervals: Iterable[Interval], zone: ZoneInfo) -> tuple[int, int]:
    """The full local hours from the earliest of these times to the latest; without any, `USUAL_HOURS`."""
    begun: list[int] = []
    ended: list[int] = []
    for begins, ends in intervals:
        first, last = begins.astimezone(zone), (ends - timedelta(microseconds=1)).astimezone(zone)
        begun.append(first.hour if first.date() == last.date() else 0)
        ended.append(last.hour + 1 if first.date() == last.date() else 24)
    return (min(begun), max(ended)) if begun else USUAL_HOURS


@dataclass(frozen=True, slots=True)
class Place:
    """A free part of a day. `bookable`: an appointment can begin here, at its beginning. `whole`: the free time."""

    begins: datetime
    ends: datetime
    bookable: bool
    whole: Interval

    @property
    def goes_on(self) -> bool:
        """Whether the free time goes on behind it."""
        return self.ends < self.whole[1]

    @property
    def is_continued(self) -> bool:
        """Whether the free time has begun before it."""
        return self.whole[0] < self.begins


def places(begins: datetime, ends: datetime, zone: ZoneInfo) -> Iterator[Place]:
    """A free time as places to press, cut at full hours. The last ones are long enough for an appointment."""
    whole = begins, ends
    if ends - begins < SHORTEST_APPOINTMENT:
        yield Place(begins, ends, bookable=False, whole=whole)
        return
    at = begins
    hour = begins + QUARTER
    while hour <= ends - SHORTEST_APPOINTMENT:
        if hour.astimezone(zone).minute == 0 and hour - at >= SHORTEST_PLACE:
            yield Place(at, hour, bookable=True, whole=whole)
            at = hour
        hour += QUARTER
    yield Place(at, ends, bookable=True, whole=whole)


def lanes(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """For each of these (first row, count), in order: its lane from 1, and how many lanes stand side by side there.

    What overlaps shares the width, also by way of others.
    """
    found: list[tuple[int, int]] = []
    ends: list[int] = []
    begun = 0
    for at, (first, count) in enumerate(spans):
        if ends and first >= max(ends):
            found[begun:] = [(lane, len(ends)) for lane, _number in found[begun:]]
            ends, begun = [], at
        lane = next((nth for nth, end in enumerate(ends) if end <= first), len(ends))
        if lane == len(ends):
            ends.append(0)
        ends[lane] = first + count
        found.append((lane + 1, 0))
    found[begun:] = [(lane, len(ends)) for lane, _number in found[begun:]]
    return [(min(lane, MOST_LANES), _width(number)) for lane, number in found]


def _width(number: int) -> int:
    """Lanes are halves, thirds, quarters, sixths or twelfths."""
    if number <= 4:
        return number
    return 6 if number <= 6 else MOST_LANES


def runs(bits: int) -> Iterator[tuple[int, int]]:
    """The first bit of each run of bits that are set, and the bit behind it, in order."""
    yield from (found.span() for found in re.finditer("1+", f"{bits:b}"[::-1]))
