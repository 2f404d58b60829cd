"""A centre's opening hours, as every service reads them: local times in, moments in UTC out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from services.contracts.directory import WEEKDAYS

LOOK_AHEAD = timedelta(days=60)
"""How far ahead the next opening is looked for."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Open on these weekdays (RFC 5545), local time `HH:MM`, end excluded; `24:00` is the end of the day."""

    weekdays: tuple[str, ...]
    opens_at: str
    closes_at: str


@dataclass(frozen=True, slots=True)
class Hours:
    """A centre's opening hours."""

    zone: ZoneInfo
    openings: tuple[Opening, ...]
    closed_on: frozenset[str]
    """Local dates, ISO."""
    special: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict[str, Sequence[tuple[str, str]]])
    """The opening intervals of days with other hours than usual, by ISO date; they may be in `closed_on` too."""

    @classmethod
    def of_fields(
        cls,
        timezone: str,
        opening_hours: Sequence[Mapping[str, Any]],
        closed_on: Sequence[str],
        special_days: Sequence[Mapping[str, Any]] = (),
    ) -> Self:
        """The hours from the fields of `CentrePublished`, as JSON has them."""
        openings = (Opening(tuple(one["weekdays"]), one["opens_at"], one["closes_at"]) for one in opening_hours)
        special = {
            day["day"]: sorted((one["opens_at"], one["closes_at"]) for one in day["openings"]) for day in special_days
        }
        return cls(ZoneInfo(timezone), tuple(openings), frozenset(closed_on), special)

    def of(self, day: date) -> list[tuple[str, str]]:
        """The opening intervals of a local date, in order."""
        if (special := self.special.get(day.isoformat())) is not None:
            return list(special)
        return [] if day.isoformat() in self.closed_on else self.usual(WEEKDAYS[day.weekday()])

    def usual(self, weekday: str) -> list[tuple[str, str]]:
        """The opening intervals of a weekday (RFC 5545) that is no closing day, in order."""
        return sorted((one.opens_at, one.closes_at) for one in self.openings if weekday in one.weekdays)

    def intervals(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        """The opening intervals of a local date in UTC, in order."""
        for opens_at, closes_at in self.of(day):
            yield moment(day, opens_at, self.zone), moment(day, closes_at, self.zone)

    def closes(self, now: datetime) -> datetime | None:
        """When the centre closes that is open now, in UTC: an opening may go on after midnight. None: it is closed."""
        today = now.astimezone(self.zone).date()
        until = None
        for opens, closes in self._from(today, timedelta(days=7)):
            if opens <= now < closes or opens == until:
                until = closes
            elif opens > now:
                break
        return until

    def opens(self, now: datetime) -> datetime | None:
        """The next opening after now, in UTC. None: there is none within `LOOK_AHEAD`."""
        coming = self._from(now.astimezone(self.zone).date(), LOOK_AHEAD)
        return next((opens for opens, _closes in coming if opens > now), None)

    def coming(self, now: datetime, ahead: timedelta) -> list[tuple[datetime, datetime]]:
        """The openings, in UTC, that end after now, of today and of so many days after it."""
        return [one for one in self._from(now.astimezone(self.zone).date(), ahead) if one[1] > now]

    def _from(self, first: date, ahead: timedelta) -> Iterator[tuple[datetime, datetime]]:
        for days in range(ahead.days + 1):
            yield from self.intervals(first + timedelta(days=days))


def moment(day: date, at: str, zone: ZoneInfo) -> datetime:
    """A local time `HH:MM` of a day, in UTC. `24:00` is the midnight after it.

    A time that the clocks skip is counted on from before the gap; of one that comes twice, the first (RFC 5545, 3.3.5).
    """
    if at == "24:00":
        day, at = day + timedelta(days=1), "00:00"
    return datetime.combine(day, time.fromisoformat(at), zone).astimezone(UTC)
