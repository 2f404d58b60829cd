"""How long a visitor waits, estimated from the centre's own recent days: a median, and a range that holds for 8 of 10.

What is learned is the pace: how long a visitor waited, divided by their place in the queue. So the estimate follows the
queue, and a day with twice as many visitors does not mislead it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil
from statistics import quantiles
from zoneinfo import ZoneInfo

from services.contracts.opening import Hours

DAYS_NEEDED = 5
"""Nothing is estimated from fewer days."""
SAME_WEEKDAY_NEEDED = 4
"""From so many equal weekdays on, only these are taken."""
LOOK_BACK = timedelta(days=56)
KEPT = timedelta(days=400)
"""How long the days stay, for the page on which estimates are compared with what happened."""
MOST_SAMPLES = 200
"""Of one day and area."""
STEP = 5
"""Minutes to which an estimate is rounded."""

LONGEST = 180
"""Minutes. A longer wait is not estimated: the range would say nothing."""

EVERY_AREA = ""


@dataclass(frozen=True, slots=True)
class Waited:
    """A visit of a day that is over. `out_at`: when it was called, received without a call, or left."""

    area: str | None
    checked_in_at: datetime
    out_at: datetime
    counts: bool
    """Whether its wait says something about the pace: it was called in its turn."""
    estimate: Sequence[int] | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """Minutes: the wait is expected between `low` and `high`, and half of the waits are below `typical`."""

    low: int
    typical: int
    high: int


def paces_of(day: Sequence[Waited]) -> dict[str, list[int]]:
    """The seconds for each place in the queue, by area and in all: those of this day's visits."""
    arrivals = sorted(one.checked_in_at for one in day)
    departures = sorted(one.out_at for one in day)
    found: dict[str, list[int]] = {}
    for one in day:
        if one.counts:
            before = bisect_left(arrivals, one.checked_in_at) - bisect_right(departures, one.checked_in_at)
            waited = max(0.0, (one.out_at - one.checked_in_at).total_seconds())  # a desk's clock may run ahead
            pace = round(waited / (max(before, 0) + 1))
            for area in {EVERY_AREA, one.area or EVERY_AREA}:
                found.setdefault(area, []).append(pace)
    return {area: _fewer(sorted(paces)) for area, paces in found.items()}


def _fewer(paces: list[int]) -> list[int]:
    step = ceil(len(paces) / MOST_SAMPLES)
    return paces[step // 2 :: step]


def pace_for(day: date, days: Mapping[date, Sequence[int]]) -> list[int] | None:
    """The pace to expect on a day: its 10 %, 50 % and 90 % quantile, in seconds. None: too few days are known."""
    if len(days) < DAYS_NEEDED:
        return None
    same = {one: paces for one, paces in days.items() if one.weekday() == day.weekday()}
    chosen = same if len(same) >= SAME_WEEKDAY_NEEDED else days
    paces = [pace for one in chosen.values() for pace in one]
    tenths = quantiles(paces, n=10, method="inclusive")
    return [round(tenths[0]), round(tenths[4]), round(tenths[8])]


def estimate(paces: Mapping[str, Sequence[int]], area: str | None, before: int) -> Estimate | None:
    """The wait of a visitor who has so many before them. None: too little is known of the centre, or it is too long."""
    pace = paces.get(area or EVERY_AREA) or paces.get(EVERY_AREA)
    if not pace:
        return None
    low, typical, high = (seconds * (before + 1) / 60 for seconds in pace)
    if high > LONGEST:
        return None
    return Estimate(int(low // STEP * STEP), round(typical), max(STEP, ceil(high / STEP) * STEP))


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a visitor who waits may expect, in the light of the opening hours.

    `estimate`: None where minutes would say nothing. `closed`: the centre is closed at `now`. `closes`: the closing
    that the wait may pass; without an estimate it probably does. `opens`: the opening after that, or after `now`.
    """

    now: datetime
    zone: ZoneInfo
    estimate: Estimate | None = None
    closed: bool = False
    closes: datetime | None = None
    opens: datetime | None = None

    @property
    def opens_today(self) -> bool:
        """Whether that opening is on the same local day."""
        return (
            self.opens is not None and self.opens.astimezone(self.zone).date() == self.now.astimezone(self.zone).date()
        )


def outlook(found: Estimate | None, hours: Hours | None, now: datetime, zone: ZoneInfo) -> Outlook:
    """Puts an estimate and the opening hours together. Hours that are not known change nothing.

    A wait of which half of the visitors pass the closing gets no minutes: nobody is called then. One that only its
    highest value passes keeps them, with the closing beside them.
    """
    if hours is None:
        return Outlook(now, zone, found)
    closes = hours.closes(now)
    if closes is None:
        return Outlook(now, zone, closed=True, opens=hours.opens(now))
    if found is None or now + timedelta(minutes=found.high) <= closes:
        return Outlook(now, zone, found)
    passes = now + timedelta(minutes=found.typical) >= closes
    return Outlook(now, zone, None if passes else found, closes=closes, opens=hours.opens(closes))


def was_right(given: Sequence[int], waited: timedelta) -> bool:
    """Whether the wait lay within the estimate's range, in whole minutes."""
    return given[0] <= int(waited.total_seconds() // 60) <= given[2]


def error_of(given: Sequence[int], waited: timedelta) -> int:
    """By how many minutes the wait differed from the estimate's median."""
    return abs(round(waited.total_seconds() / 60) - given[1])
