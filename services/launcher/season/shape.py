"""The published totals of a season, and their invented distribution over centres and days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from services.launcher.errors import Refusal
from services.launcher.season.dice import Dice
from services.launcher.season.network import CENTRES, Centre
from services.launcher.season.opening import OpenDay


class SeasonUnknown(Refusal, ValueError):
    """No figures were published for this year."""

    slug = "season-unknown"

    def __init__(self, year: int) -> None:
        known = ", ".join(str(known) for known in PUBLISHED)
        super().__init__(f"Pas de chiffres publiés pour {year}. Années possibles : {known}.")


class ScaleImpossible(ValueError):
    """A season is written once or a whole number of times."""

    slug = "scale-impossible"

    def __init__(self, scale: int) -> None:
        super().__init__(f"Valeur de --scale impossible : {scale}. Donnez 1 ou plus, par exemple 3.")


@dataclass(frozen=True, slots=True)
class Published:
    """January to September of one year, whole network."""

    visitors: int
    individual_interviews: int
    guidance_interviews: int


PUBLISHED = {2017: Published(visitors=181_689, individual_interviews=87_532, guidance_interviews=5_296)}
"""By year. 2017: brochure "Recent Developments in Guidance - Belgium", page 28."""

SOURCE = "Recent Developments in Guidance – Belgium, p. 28"

# Invented: the brochure does not give them.
NO_QUEUE_PERCENT = 40
LEFT_PERCENT = 3
COLLECTIVE_PERCENT = 20
"""Of the guidance interviews, those that finalise a collective path."""
MISSED_GUIDANCE = 300
MISSED_INFORMATION = 60

WEEKDAYS = (122, 106, 96, 98, 78)
"""Monday is the busiest day, Friday the quietest; invented."""

YEAR_CURVE = (
    ((1, 1), 92),
    ((1, 16), 108),
    ((3, 15), 105),
    ((5, 15), 98),
    ((6, 20), 88),
    ((7, 20), 62),
    ((8, 16), 76),
    ((9, 6), 132),
    ((9, 30), 120),
)
"""How busy a day is, by (month, day), linear in between: July quiet, September busiest; invented."""


@dataclass(frozen=True, slots=True)
class Totals:
    """The number of visits and interviews of each kind in a season. Each guidance interview has its own visit."""

    no_queue: int
    left: int
    brief: int
    """Served at the desk without an interview."""
    information: int
    individual: int
    finalising: int
    missed_guidance: int
    missed_information: int


@dataclass(frozen=True, slots=True)
class Workload:
    """One centre's visits and interviews of one day, without guidance."""

    no_queue: int
    left: int
    brief: int
    information: int
    missed_information: int


def published(year: int) -> Published:
    """The published totals of `year`; raises SeasonUnknown."""
    try:
        return PUBLISHED[year]
    except KeyError:
        raise SeasonUnknown(year) from None


def totals(figures: Published) -> Totals:
    """Split the published figures into kinds that add up to exactly them."""
    no_queue = figures.visitors * NO_QUEUE_PERCENT // 100
    left = figures.visitors * LEFT_PERCENT // 100
    finalising = figures.guidance_interviews * COLLECTIVE_PERCENT // 100
    return Totals(
        no_queue=no_queue,
        left=left,
        brief=figures.visitors - figures.individual_interviews - no_queue - left,
        information=figures.individual_interviews - figures.guidance_interviews,
        individual=figures.guidance_interviews - finalising,
        finalising=finalising,
        missed_guidance=MISSED_GUIDANCE,
        missed_information=MISSED_INFORMATION,
    )


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """Spread `total` in proportion to `weights`, by largest remainder; ties go to the earlier index."""
    whole = sum(weights)
    shares = [total * weight // whole for weight in weights]
    remainders = [total * weight % whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda index: (-remainders[index], index))
    for index in by_remainder[: total - sum(shares)]:
        shares[index] += 1
    return shares


def day_weight(day: date) -> int:
    """How busy an opening day is: the year's curve times the weekday."""
    points = [(date(day.year, *month_day), weight) for month_day, weight in YEAR_CURVE]
    for (start, low), (end, high) in pairwise(points):
        if start <= day <= end:
            curve = 100 * low + 100 * (high - low) * (day - start).days // (end - start).days
            return curve * WEEKDAYS[day.weekday()]
    raise ValueError(f"{day} is outside the season, which runs from {points[0][0]} to {points[-1][0]}")


def workloads(whole: Totals, days: Sequence[OpenDay], copy: int) -> dict[Centre, list[Workload]]:
    """Each centre's workload per day: exact totals, with random variation per copy."""
    dice = Dice("workloads", copy)
    weights = [centre.visits * day_weight(day.date) * dice.between(88, 112) for centre in CENTRES for day in days]
    kinds = (whole.no_queue, whole.left, whole.brief, whole.information, whole.missed_information)
    cells = [Workload(*counts) for counts in zip(*(apportion(kind, weights) for kind in kinds), strict=True)]
    return {centre: cells[index * len(days) : (index + 1) * len(days)] for index, centre in enumerate(CENTRES)}
