"""One centre in one copy of the season, and series of appointments there with one counsellor."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from uuid import UUID, uuid5

from services.launcher.season.diary import Diary
from services.launcher.season.dice import Dice
from services.launcher.season.network import Centre
from services.launcher.season.opening import HALF_DAYS, OpenDay
from services.launcher.season.shape import day_weight

LEEWAY = 4
"""Opening days by which an appointment may slip before another counsellor is tried."""

ARRIVAL_MARGIN = 15
"""Minutes between a half-day's opening and its first booked interview: people check in before it."""

NAMESPACE = UUID("6f1c1f0e-0f3b-5d0a-9a55-2f6f3a1f2017")


class Site:
    """A centre in one copy of the season: its diary, its draws, its ids. Copies share nothing."""

    def __init__(self, centre: Centre, copy: int, days: Sequence[OpenDay]) -> None:
        self.centre = centre
        self.copy = copy
        self.days = days
        self.diary = Diary(centre.counsellors)
        self._path = f"{days[0].date.year}/{copy}/{centre.code}"
        self._starts = list(accumulate(day_weight(day.date) for day in days))

    def dice(self, *topic: str | int) -> Dice:
        """Draws of this centre's own."""
        return Dice(self._path, *topic)

    def identity(self, *topic: str | int) -> str:
        """A deterministic id of this centre and copy."""
        return str(uuid5(NAMESPACE, f"{self._path}/{'/'.join(map(str, topic))}"))

    def counsellor_code(self, counsellor: int) -> str:
        """For example `liege-c01`; further copies of the season have staff of their own: `liege-c01-2`."""
        code = f"{self.centre.code}-c{counsellor + 1:02d}"
        return code if self.copy == 0 else f"{code}-{self.copy + 1}"

    def starting_day(self, dice: Dice, latest: int) -> int:
        """A day on which to begin something, up to `latest`; busy days begin more."""
        return bisect_right(self._starts, dice.below(self._starts[latest]))


@dataclass(frozen=True, slots=True)
class Step:
    """One appointment to book: at least `gap` opening days after the previous one, at one of `starts` (minutes)."""

    gap: int
    minutes: int
    starts: Sequence[int]


@dataclass(frozen=True, slots=True)
class Slot:
    """One booked appointment: opening day, start (minutes since midnight) and length in minutes."""

    day: int
    start: int
    minutes: int


def quarter_hours(minutes: int) -> list[int]:
    """Every quarter of an hour at which a booked interview of this length can start."""
    return [start for half in HALF_DAYS for start in range(half.opens + ARRIVAL_MARGIN, half.closes - minutes + 1, 15)]


def book_series(
    site: Site, first: int, steps: Sequence[Step], counsellors: Iterable[int], last: int
) -> tuple[int, list[Slot]]:
    """Book all steps with the first available counsellor, from day `first` on and not after day `last`.

    If none is available, one is hired: an empty diary takes every step at its first choice, so that the series
    always fits if `first` plus all gaps is not after `last`.
    """
    for counsellor in counsellors:
        slots = _find_series(site.diary, counsellor, first, steps, last)
        if slots is not None:
            break
    else:
        counsellor = site.diary.hire()
        slots = _find_series(site.diary, counsellor, first, steps, last)
        if slots is None:
            raise ValueError(f"a series of {len(steps)} from day {first} does not fit before day {last}: begin earlier")
    for slot in slots:
        site.diary.book(slot.day, counsellor, slot.start, slot.minutes)
    return counsellor, slots


def _find_series(diary: Diary, counsellor: int, first: int, steps: Sequence[Step], last: int) -> list[Slot] | None:
    slots: list[Slot] = []
    for step in steps:
        day = slots[-1].day + step.gap if slots else first
        slot = _find_slot(diary, counsellor, range(day, min(day + LEEWAY, last) + 1), step)
        if slot is None:
            return None
        slots.append(slot)
    return slots


def _find_slot(diary: Diary, counsellor: int, days: Iterable[int], step: Step) -> Slot | None:
    for day in days:
        for start in step.starts:
            if diary.free(day, counsellor, start, step.minutes):
                return Slot(day, start, step.minutes)
    return None
