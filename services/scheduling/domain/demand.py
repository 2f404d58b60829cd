"""How a centre's time and what is asked of it fit together: demand and open slots by week, the load of counsellors, the
delay to a first interview, and the rate of no-shows. Numbers alone: nobody is named but the team.

A week is that of ISO 8601, by the centre's clock, also over New Year and with a change of the clock in it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from math import ceil, sqrt
from statistics import median
from typing import NamedTuple, TypeVar

from services.scheduling.domain.rules import GUIDANCE_MINUTES

Key = TypeVar("Key")
WEEK = timedelta(weeks=1)
WEEKS = 8
"""How many weeks before this one are shown, and how many from it on."""
SLOT = min(GUIDANCE_MINUTES)
"""Minutes of a slot: the shorter of the two lengths of a guidance interview."""
FEWEST = 5
"""Of fewer cases no delay and no rate is shown."""
Z_95 = 1.959964
"""The quantile of the standard normal distribution for an interval of 95 %."""


def mondays(today: date) -> list[date]:
    """The first days of the weeks: `WEEKS` before that of today, and `WEEKS` from it on."""
    this = today - timedelta(days=today.weekday())
    return [this + number * WEEK for number in range(-WEEKS, WEEKS)]


def iso_week(monday: date) -> str:
    """The name of a week as in ISO 8601: 2026-W01 begins on 29 December 2025."""
    year, week, _ = monday.isocalendar()
    return f"{year}-W{week:02}"


@dataclass(slots=True)
class WeekFigures:
    """What was asked of a centre in a week, and the time in which its counsellors could be booked."""

    monday: date
    coming: bool
    """This week, or a later one."""
    appointments: int = 0
    """Guidance interviews of the week: booked, held, or without the visitor. Cancelled ones do not count."""
    walk_ins: int = 0
    """Information interviews: begun with a visitor who came without an appointment."""
    waitlisted: int = 0
    """People on the waitlists of the workshops that begin in the week: one slot each."""
    minutes: int = 0
    """Of the appointments and walk-ins."""
    open_minutes: int = 0
    """Working time of the counsellors while the centre is open and nothing else has it: free or taken."""
    typical: int | None = None
    """Of a coming week: the slots that a usual week of the past ones asked for."""

    @property
    def iso(self) -> str:
        """Its name, as `iso_week` has it."""
        return iso_week(self.monday)

    @property
    def demand(self) -> int:
        """Slots that were asked for, as far as is known: the time of appointments and walk-ins, rounded up, and one for
        each person on a waitlist, as if they took the first interview of an individual path instead."""
        return ceil(self.minutes / SLOT) + self.waitlisted

    @property
    def open_slots(self) -> int:
        """Slots in the open time, rounded down. A slot need not be one piece of time."""
        return self.open_minutes // SLOT

    @property
    def closed(self) -> bool:
        """Nobody could be booked, and nobody asked."""
        return not (self.open_minutes or self.demand)

    @property
    def expected(self) -> int:
        """Slots that the week will ask for: what is known, or a usual week's demand where that is more."""
        return max(self.demand, self.typical or 0) if self.open_minutes else self.demand

    @property
    def more(self) -> int:
        """How many more slots would serve it: what is expected, less the open slots; no fewer than none.

        Assumption: a coming week asks for what the median of the past weeks asked for, unless more is booked already.
        Who found no time and did not book is not known, so that it is the least that is missing.
        """
        return max(0, self.expected - self.open_slots)


def fill_typical(weeks: Sequence[WeekFigures]) -> None:
    """Give the coming weeks the usual demand: the median of the past weeks that were not closed, rounded up."""
    past = [one.demand for one in weeks if not one.coming and not one.closed]
    for one in weeks:
        one.typical = ceil(median(past)) if one.coming and past else None


@dataclass(slots=True)
class Load:
    """The time of a counsellor at a centre, in minutes. `worked` None: they have entered no working hours there."""

    worked: int | None = None
    booked: int = 0

    @property
    def share(self) -> float | None:
        """What is booked of the time worked, from 0, also beyond 1. None: there is no working time to compare."""
        return self.booked / self.worked if self.worked else None


@dataclass(slots=True)
class CounsellorLoad:
    """The load of a counsellor in the past weeks, and in the coming ones."""

    code: str
    past: Load = field(default_factory=Load)
    coming: Load = field(default_factory=Load)

    @property
    def has_hours(self) -> bool:
        """Whether they have entered working hours at the centre."""
        return self.past.worked is not None


class Delay(NamedTuple):
    """Days to the first interview. The number of cases is None with the rest where there are too few."""

    cases: int | None = None
    median: int | None = None
    ninetieth: int | None = None


def delay(days: Sequence[int]) -> Delay:
    """The median, rounded up, and the 90th percentile: the least of them that nine in ten do not exceed."""
    if len(days) < FEWEST:
        return Delay()
    return Delay(len(days), ceil(median(days)), sorted(days)[ceil(0.9 * len(days)) - 1])


def delays(days: Mapping[Key, Sequence[int]]) -> dict[Key, Delay]:
    """The delay of each key; of those with `too_few` cases nothing."""
    hidden = too_few({key: len(some) for key, some in days.items()})
    return {key: Delay() if key in hidden else delay(some) for key, some in days.items()}


class Outcomes(NamedTuple):
    """Appointments that are over: how many there were, and to how many of them nobody came."""

    total: int
    missed: int


class NoShows(NamedTuple):
    """The rate of no-shows with its interval, from 0 to 1, of `total` appointments. All None: there are too few."""

    total: int | None = None
    missed: int | None = None
    rate: float | None = None
    low: float | None = None
    high: float | None = None


def no_shows(outcomes: Outcomes) -> NoShows:
    """The rate, if there are `FEWEST` at least."""
    if outcomes.total < FEWEST:
        return NoShows()
    return NoShows(*outcomes, outcomes.missed / outcomes.total, *wilson(outcomes))


def rates(outcomes: Mapping[Key, Outcomes]) -> dict[Key, NoShows]:
    """The rate of each key; of those with `too_few` appointments nothing."""
    hidden = too_few({key: one.total for key, one in outcomes.items()})
    return {key: NoShows() if key in hidden else no_shows(one) for key, one in outcomes.items()}


def wilson(outcomes: Outcomes) -> tuple[float, float]:
    """The interval of 95 % for the rate, by Wilson's score, from 0 to 1.

    Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference, Journal of the American
    Statistical Association 22 (1927). Unlike the normal approximation it holds for few cases and for rates near 0.
    """
    total, missed = outcomes
    share, square = missed / total, Z_95**2
    middle = (share + square / (2 * total)) / (1 + square / total)
    half = Z_95 * sqrt(share * (1 - share) / total + square / (4 * total**2)) / (1 + square / total)
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


def too_few(cases: Mapping[Key, int]) -> Collection[Key]:
    """The parts of a whole that are not shown: those with fewer cases than `FEWEST`, and the smallest of the others,
    if what is left out could else be computed from the whole."""
    hidden = {key for key, number in cases.items() if number < FEWEST}
    shown = sorted((key for key in cases if key not in hidden), key=lambda key: cases[key], reverse=True)
    while shown and 0 < sum(cases[key] for key in hidden) < FEWEST:
        hidden.add(shown.pop())
    return hidden
