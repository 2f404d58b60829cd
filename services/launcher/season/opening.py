"""When the centres are open: Monday to Friday, two half-days, closed on Belgian public holidays.

The hours are placeholders: no centre's real ones were found.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays

from services.launcher.season.network import ZONE


@dataclass(frozen=True, slots=True)
class HalfDay:
    """A morning or an afternoon, in minutes since midnight, end excluded."""

    opens: int
    closes: int


MORNING = HalfDay(9 * 60, 12 * 60)
AFTERNOON = HalfDay(13 * 60, 16 * 60 + 30)
HALF_DAYS = (MORNING, AFTERNOON)


@dataclass(frozen=True, slots=True)
class OpenDay:
    """A day on which every centre is open."""

    index: int
    """Counts the season's opening days from 0."""
    date: date
    offset: str
    """The zone's UTC offset during opening hours, for example `+02:00`."""

    def moment(self, second: int) -> str:
        """ISO 8601 with offset, `second` seconds after this day's midnight."""
        minute, seconds = divmod(second, 60)
        hour, minutes = divmod(minute, 60)
        return f"{self.date}T{hour:02d}:{minutes:02d}:{seconds:02d}{self.offset}"


def season_bounds(year: int) -> tuple[date, date]:
    """First and last day of the season, both included."""
    return date(year, 1, 1), date(year, 9, 30)


def open_days(year: int) -> tuple[OpenDay, ...]:
    """The season's opening days, in order."""
    first, last = season_bounds(year)
    closed = holidays.country_holidays("BE", years=year)
    every = (first + timedelta(days=distance) for distance in range((last - first).days + 1))
    opened = (day for day in every if day.weekday() < 5 and day not in closed)
    return tuple(OpenDay(index, day, _offset(day)) for index, day in enumerate(opened))


def _offset(day: date) -> str:
    noon = datetime.combine(day, time(12), tzinfo=ZoneInfo(ZONE))
    return noon.isoformat()[-6:]
