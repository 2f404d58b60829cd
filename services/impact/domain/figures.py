"""The figures, as the brochure "Recent Developments in Guidance – Belgium" (p. 28) prints them, and how they add up."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from enum import StrEnum


class Measure(StrEnum):
    """The measures that are counted."""

    VISITORS = "visitors"
    INFORMATION = "information_interviews"
    GUIDANCE = "guidance_interviews"
    WORKSHOP_SEATS = "workshop_attendances"
    PLANS = "plans_confirmed"
    REFERRALS = "referrals"
    REFERRALS_COMPLETED = "referrals_completed"


WITHOUT_AREA = frozenset({Measure.WORKSHOP_SEATS, Measure.PLANS, Measure.REFERRALS_COMPLETED})
"""Measures whose events have no area. Reports filtered by area omit them: a zero would be wrong."""


@dataclass(frozen=True, slots=True)
class Count:
    """The number of one measure, at one centre in one month (`2017-03`). None: it is not published."""

    measure: Measure
    centre: str
    month: str
    number: int | None


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
    withheld: set[str] = field(default_factory=set[str])
    """The names of figures of which a part is not published. Their numbers are the sums of the published parts."""

    def add(self, measure: Measure, number: int | None) -> None:
        """Add `number` of a measure; None: not published. A guidance interview also counts as an individual one."""
        names = [] if measure is Measure.INFORMATION else [measure.value]
        if measure in (Measure.INFORMATION, Measure.GUIDANCE):
            names.append("individual_interviews")
        for name in names:
            if number is None:
                self.withheld.add(name)
            else:
                setattr(self, name, getattr(self, name) + number)

    def number(self, name: str) -> int | None:
        """The figure of this name; None: no part of it is published."""
        value: int = getattr(self, name)
        return None if name in self.withheld and not value else value

    @property
    def interviews_per_100_visitors(self) -> int | None:
        """Rounded to a whole number; None without visitors, or if a part is not published."""
        return self._percent("individual_interviews", "visitors")

    @property
    def guidance_percent(self) -> int | None:
        """How many of 100 interviews are guidance, rounded; None without interviews, or if a part is not published."""
        return self._percent("guidance_interviews", "individual_interviews")

    def _percent(self, part: str, whole: str) -> int | None:
        if self.withheld & {part, whole} or not getattr(self, whole):
            return None
        return round(100 * getattr(self, part) / getattr(self, whole))


NAMES = tuple(one.name for one in fields(Figures) if one.name != "withheld")
"""The figures, in the order of reports."""


@dataclass(slots=True)
class Report:
    """The figures of a period: in total, per centre, per month, and per centre and month."""

    total: Figures = field(default_factory=Figures)
    by_centre: dict[str, Figures] = field(default_factory=dict[str, Figures])
    by_month: dict[str, Figures] = field(default_factory=dict[str, Figures])
    by_centre_and_month: dict[str, dict[str, Figures]] = field(default_factory=dict[str, dict[str, Figures]])


def names_of(*, filtered_by_area: bool) -> list[str]:
    """The figures that a report has. `filtered_by_area`: without those of `WITHOUT_AREA`."""
    return [name for name in NAMES if not (filtered_by_area and name in WITHOUT_AREA)]


def report(counts: Iterable[Count], network: Iterable[Count] | None = None) -> Report:
    """The report that these counts add up to.

    `network`: the published counts of all centres together, more than the sum of each centre's published ones.
    """
    made = Report()
    for count in counts:
        months = made.by_centre_and_month.setdefault(count.centre, {})
        for figures in (
            made.by_centre.setdefault(count.centre, Figures()),
            months.setdefault(count.month, Figures()),
            *(_sums(made, count) if network is None else ()),
        ):
            figures.add(count.measure, count.number)
    for count in network or ():
        for figures in _sums(made, count):
            figures.add(count.measure, count.number)
    return made


def _sums(made: Report, count: Count) -> tuple[Figures, Figures]:
    return made.total, made.by_month.setdefault(count.month, Figures())
