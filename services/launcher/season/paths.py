"""The individual service: paths of two to four guidance interviews with the same counsellor."""

from dataclasses import dataclass
from typing import Literal

from services.launcher.season.booking import Site, Slot, Step, book_series, quarter_hours
from services.launcher.season.dice import Dice, WeightedChoice
from services.launcher.season.network import PATH_AREAS

Method = Literal["individual", "collective"]
Missed = Literal["noshow", "visitor", "centre"]
"""Why an appointment did not take place: a no-show, or the side that cancelled."""

INDIVIDUAL: Method = "individual"
COLLECTIVE: Method = "collective"

GAP = (3, 16)
"""Opening days between two appointments of a path, before any slip: never under three days."""

AREAS = WeightedChoice(PATH_AREAS)
LENGTHS = WeightedChoice({2: 50, 3: 35, 4: 15})
REASONS = WeightedChoice[Missed]({"noshow": 55, "visitor": 35, "centre": 10})


@dataclass(frozen=True, slots=True)
class Path:
    """One person's guidance path."""

    path_id: str
    subject_ref: str
    area: str
    method: Method


@dataclass(frozen=True, slots=True)
class GuidanceInterview:
    """One appointment of a path. `number` counts held ones from 1; None if missed."""

    path: Path
    slot: Slot
    counsellor: int
    number: int | None
    missed: Missed | None = None


def path_lengths(dice: Dice, interviews: int) -> list[int]:
    """Lengths of 2 to 4 that add up to exactly `interviews`; raises ValueError below 2."""
    if interviews < 2:
        raise ValueError(f"{interviews} interviews make no path: a path holds 2 to 4")
    lengths: list[int] = []
    remaining = interviews
    while remaining > 4:
        length = dice.draw(LENGTHS)
        if remaining - length == 1:
            # One interview alone is no path.
            length = 3 if length == 4 else length - 1 if length == 3 else 3
        lengths.append(length)
        remaining -= length
    return [*lengths, remaining] if remaining else lengths


def plan_individual(site: Site, interviews: int, missed: int) -> list[GuidanceInterview]:
    """Paths with exactly `interviews` held interviews, and exactly `missed` missed appointments besides.

    At most one appointment of a path is missed.
    """
    # Drawn per centre and not per copy, so that every copy holds the same number of everything.
    lengths = path_lengths(Dice("path-lengths", site.centre.code), interviews)
    if missed > len(lengths):
        raise ValueError(f"{missed} missed appointments do not fit on {len(lengths)} paths: one each at most")
    return [
        interview
        for number, length in enumerate(lengths)
        for interview in _plan_path(
            site, number, length, misses=(number + 1) * missed // len(lengths) > number * missed // len(lengths)
        )
    ]


def _plan_path(site: Site, number: int, length: int, *, misses: bool) -> list[GuidanceInterview]:
    dice = site.dice("path", number)
    appointments = length + misses
    steps = [_step(dice, first=index == 0) for index in range(appointments)]
    last = len(site.days) - 1
    first = site.starting_day(dice, last - sum(step.gap for step in steps))
    counsellor, slots = book_series(site, first, steps, dice.rotate(range(site.diary.counsellors)), last)
    path = Path(site.identity("path", number), site.identity("person", number), dice.draw(AREAS), INDIVIDUAL)
    missing = dice.below(appointments) if misses else None
    interviews: list[GuidanceInterview] = []
    held = 0
    for index, slot in enumerate(slots):
        if index == missing:
            interviews.append(GuidanceInterview(path, slot, counsellor, None, dice.draw(REASONS)))
        else:
            held += 1
            interviews.append(GuidanceInterview(path, slot, counsellor, held))
    return interviews


def _step(dice: Dice, *, first: bool) -> Step:
    minutes = 120 if dice.percent(45 if first else 30) else 60
    return Step(0 if first else dice.between(*GAP), minutes, dice.rotate(quarter_hours(minutes)))
