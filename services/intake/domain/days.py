"""The figures of a centre's day, for its own team: who came, who waits, who was served, and how long it took.

One visit is one person: a group has a visit for everyone. An hour, and an area, has the visits that began in it. Visits
that nobody ended on their day are neither in the served nor in the left: docs/decisions/0028.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
from typing import TypeVar
from zoneinfo import ZoneInfo

from services.chassis.refusals import Invalid, msg
from services.contracts.intake import VisitStatus
from services.contracts.queue import BY_MISTAKE

Key = TypeVar("Key")
WEEK = timedelta(weeks=1)
HOUR = timedelta(hours=1)
COUNTED = ("arrived", "waiting", "with_team", "served", "left", "no_queue", "unobserved", "later", "waits")
"""The figures that are numbers of people."""
MEASURED = ("median_wait", "longest_wait")
"""The figures in whole minutes; None: nobody's wait is known."""


class NoFiguresYet(Invalid):
    """The day cannot be read, or it has not begun."""

    slug = "no-figures-yet"
    message = msg("There are no figures for this day. Choose today or an earlier day.")
    field_name = "day"


@dataclass(frozen=True, slots=True)
class DayVisit:
    """A visit that began on the day. `wait`: until the call; None if it says nothing, as for the estimate."""

    area: str | None
    status: VisitStatus
    checked_in_at: datetime
    closed_by: str | None = None
    wait: timedelta | None = None
    later: bool = False
    """Recorded afterwards, or imported: `checked_in_at` is not when it was recorded."""
    certain: bool = True
    """Whether `checked_in_at` is from a clock, and no other time contradicted it."""


@dataclass(slots=True)
class Figures:
    """The figures of some visits. `arrived` is the sum of the others, without `later` and `waits`."""

    arrived: int = 0
    waiting: int = 0
    with_team: int = 0
    """Called or being served."""
    served: int = 0
    left: int = 0
    no_queue: int = 0
    unobserved: int = 0
    """Closed at the end of the day: nobody recorded whether they left, or when."""
    later: int = 0
    measured: list[float] = field(default_factory=list[float])
    """The waits that are known, in seconds."""
    waiting_since: datetime | None = None
    """The arrival of who has been waiting longest."""

    def count(self, visit: DayVisit) -> None:
        """Add a visit."""
        self.arrived += 1
        self.later += visit.later
        if visit.wait is not None:
            self.measured.append(visit.wait.total_seconds())
        match visit.status:
            case _ if visit.closed_by is not None:
                self.unobserved += 1
            case VisitStatus.WAITING:
                self.waiting += 1
                if visit.certain:
                    self.waiting_since = min(self.waiting_since or visit.checked_in_at, visit.checked_in_at)
            case VisitStatus.CALLED | VisitStatus.BEING_SERVED:
                self.with_team += 1
            case VisitStatus.SERVED:
                self.served += 1
            case VisitStatus.LEFT:
                self.left += 1
            case VisitStatus.NO_QUEUE:
                self.no_queue += 1

    @property
    def waits(self) -> int:
        """Of how many people the wait is known."""
        return len(self.measured)

    @property
    def median_wait(self) -> int | None:
        """Minutes, as people count them: 4 from four minutes to a second before five."""
        return minutes(median(self.measured)) if self.measured else None

    @property
    def longest_wait(self) -> int | None:
        """Minutes, as above."""
        return minutes(max(self.measured)) if self.measured else None

    @property
    def left_share(self) -> int | None:
        """Of those who were served or left, how many left, in per cent. None: nobody did either."""
        ended = self.served + self.left
        return round(100 * self.left / ended) if ended else None

    def waiting_for(self, now: datetime) -> int | None:
        """How long the first of those who wait has been waiting, in minutes. None: nobody waits."""
        if self.waiting_since is None:
            return None
        return minutes(max(0, (now - self.waiting_since).total_seconds()))


@dataclass(frozen=True, slots=True)
class DayFigures:
    """The figures of a day: in total, by area (None: not stated), and by the hour of arrival that `hours_of` names."""

    day: date
    hours: Sequence[str]
    total: Figures
    by_area: dict[str | None, Figures]
    by_hour: dict[str, Figures]
    until_now: int | None = None
    """Of another day: who had arrived by the same time of that day."""

    def area(self, code: str | None) -> Figures:
        """The figures of an area; zeros if nobody came for it."""
        return self.by_area.get(code) or Figures()

    def hour(self, label: str) -> Figures:
        """The figures of an hour; zeros if nobody came in it."""
        return self.by_hour.get(label) or Figures()


def minutes(seconds: float) -> int:
    """Whole minutes."""
    return int(seconds // 60)


def bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When a local day begins, and when the next one does: 23, 24 or 25 hours later."""
    began, ended = (datetime.combine(one, time(), zone) for one in (day, day + timedelta(days=1)))
    return began, ended


def hours_of(day: date, zone: ZoneInfo) -> list[str]:
    """The hours of a local day, in order: 23, 24 or 25. One that comes twice has the name of its time behind it."""
    began, ended = (one.astimezone(UTC) for one in bounds(day, zone))
    return [_label(began + n * HOUR, zone) for n in range(-((began - ended) // HOUR))]


def _label(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return f"{local:%H:00 %Z}" if twice else f"{local:%H:00}"


def day_figures(day: date, zone: ZoneInfo, visits: Iterable[DayVisit], now: datetime) -> DayFigures:
    """The figures of a day. A visit that was recorded by mistake was none."""
    counted = [one for one in visits if one.closed_by != BY_MISTAKE]
    total = Figures()
    for one in counted:
        total.count(one)
    by_area = _counted(counted, lambda one: one.area)
    by_hour = _counted(counted, lambda one: _label(one.checked_in_at, zone))
    local = now.astimezone(zone)
    same_time = datetime.combine(day, local.time(), zone)
    until_now = sum(one.checked_in_at < same_time for one in counted) if day != local.date() else None
    return DayFigures(day, hours_of(day, zone), total, by_area, by_hour, until_now)


def _counted(visits: Iterable[DayVisit], key: Callable[[DayVisit], Key]) -> dict[Key, Figures]:
    found: dict[Key, Figures] = {}
    for one in visits:
        found.setdefault(key(one), Figures()).count(one)
    return found


def hours_shown(*days: DayFigures) -> list[str]:
    """The hours of these days from the first to the last one in which anyone came, in order."""
    busy = {hour for one in days for hour in one.by_hour}
    order = {hour: (hour[:5], nth) for one in days for nth, hour in enumerate(one.hours)}
    hours = sorted(order, key=lambda hour: order[hour])
    places = [nth for nth, hour in enumerate(hours) if hour in busy]
    return hours[places[0] : places[-1] + 1] if places else []
