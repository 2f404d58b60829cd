"""The figures, as the brochure "Recent Developments in Guidance – Belgium" (p. 28) prints them, and how they add up."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import StrEnum

from services.chassis.refusals import Invalid, msg


class Measure(StrEnum):
    """The measures that are counted."""

    VISITORS = "visitors"
    INFORMATION = "information_interviews"
    GUIDANCE = "guidance_interviews"
    WORKSHOP_SEATS = "workshop_attendances"
    PLANS = "plans_confirmed"
    REFERRALS = "referrals"
    REFERRALS_COMPLETED = "referrals_completed"


class PeriodBackwards(Invalid):
    """The period ends before it begins."""

    slug = "period-backwards"
    message = msg("The end date ({until}) is before the start date ({since}). Change one of the two dates.")
    field_name = "to"


class PeriodTooLong(Invalid):
    """The period is longer than a page can show."""

    slug = "period-too-long"
    message = msg("The period is too long: choose a shorter one. Maximum number of days: {limit}. Days chosen: {days}.")
    field_name = "to"


MAX_DAYS = 366 * 10


@dataclass(frozen=True, slots=True)
class Period:
    """From the first day to the last, both included, in the centres' local days."""

    since: date
    until: date

    def __post_init__(self) -> None:
        days = (self.until - self.since).days + 1
        if days < 1:
            raise PeriodBackwards(since=self.since, until=self.until)
        if days > MAX_DAYS:
            raise PeriodTooLong(limit=MAX_DAYS, days=days)


@dataclass(frozen=True, slots=True)
class Count:
    """The number of one measure, at one centre in one month (`2017-03`)."""

    measure: Measure
    centre: str
    month: str
    number: int


@dataclass(slots=True)
class Figures:
    """The brochure's three figures, and further ones."""

    visitors: int = 0
    individual_interviews: int = 0
    guidance_interviews: int = 0
    workshop_attendances: int = 0
    plans_confirmed: int = 0
    referrals: int = 0
    referrals_completed: int = 0

    def add(self, measure: Measure, number: int) -> None:
        """Add `number` of a measure. A guidance interview also counts as an individual interview."""
        if measure in (Measure.INFORMATION, Measure.GUIDANCE):
            self.individual_interviews += number
        if measure is not Measure.INFORMATION:
            setattr(self, measure.value, getattr(self, measure.value) + number)

    @property
    def interviews_per_100_visitors(self) -> int | None:
        """Rounded to a whole number; None without visitors."""
        return round(100 * self.individual_interviews / self.visitors) if self.visitors else None

    @property
    def guidance_percent(self) -> int | None:
        """How many of 100 interviews are guidance, rounded; None without interviews."""
        interviews = self.individual_interviews
        return round(100 * self.guidance_interviews / interviews) if interviews else None


@dataclass(slots=True)
class Report:
    """The figures of a period: in total, per centre, per month, and per centre and month."""

    total: Figures = field(default_factory=Figures)
    by_centre: dict[str, Figures] = field(default_factory=dict[str, Figures])
    by_month: dict[str, Figures] = field(default_factory=dict[str, Figures])
    by_centre_and_month: dict[str, dict[str, Figures]] = field(default_factory=dict[str, dict[str, Figures]])


WITHOUT_AREA = frozenset({"workshop_attendances", "plans_confirmed", "referrals_completed"})
"""Figures whose events have no area. Reports filtered by area omit them: a zero would be wrong."""


def by_name(figures: Figures, *, filtered_by_area: bool) -> dict[str, int]:
    """The figures by name. `filtered_by_area`: without those in `WITHOUT_AREA`."""
    return {name: number for name, number in asdict(figures).items() if not (filtered_by_area and name in WITHOUT_AREA)}


def report(counts: Iterable[Count]) -> Report:
    """The report that these counts add up to."""
    made = Report()
    for count in counts:
        cells = made.by_centre_and_month.setdefault(count.centre, {})
        for figures in (
            made.total,
            made.by_centre.setdefault(count.centre, Figures()),
            made.by_month.setdefault(count.month, Figures()),
            cells.setdefault(count.month, Figures()),
        ):
            figures.add(count.measure, count.number)
    return made
