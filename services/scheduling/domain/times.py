"""When: quarter-hours, opening hours, local times and the two nights a year that play tricks.

Times are aware and kept in UTC; intervals are half-open. A zone is an IANA name.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.contracts.directory import WEEKDAYS
from services.scheduling.domain.refusals import (
    InTheFuture,
    NoSuchLocalTime,
    NotInFuture,
    NotOnQuarterHour,
    OutsideHours,
)

QUARTER = timedelta(minutes=15)
CLOCK_TOLERANCE = timedelta(minutes=2)
"""How far another machine's clock may run ahead of ours."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Open on these weekdays (RFC 5545), local time `HH:MM`, end excluded."""

    weekdays: tuple[str, ...]
    opens_at: str
    closes_at: str


@dataclass(frozen=True, slots=True)
class Hours:
    """A centre's opening hours."""

    centre: str
    zone: ZoneInfo
    openings: tuple[Opening, ...]
    closed_on: frozenset[str]
    """Local dates, ISO."""

    def of(self, day: date) -> list[tuple[time, time]]:
        """When the centre is open on a local date, in order."""
        if day.isoformat() in self.closed_on:
            return []
        weekday = WEEKDAYS[day.weekday()]
        return sorted(
            (time.fromisoformat(one.opens_at), time.fromisoformat(one.closes_at))
            for one in self.openings
            if weekday in one.weekdays
        )

    def check_open(self, starts_at: datetime, minutes: int) -> None:
        """The whole interval lies within one opening. Raises `OutsideHours`."""
        start = starts_at.astimezone(self.zone)
        end = (starts_at + timedelta(minutes=minutes)).astimezone(self.zone)
        openings = self.of(start.date())
        fits = any(opens <= start.time() and end.time() <= closes for opens, closes in openings)
        if start.date() != end.date() or not fits:
            raise OutsideHours(
                centre=self.centre,
                start=format_local(start, self.zone),
                end=f"{end:%H:%M}",
                hours=", ".join(f"{opens:%H:%M}–{closes:%H:%M}" for opens, closes in openings) or "–",
            )


def format_local(at: datetime, zone: ZoneInfo) -> str:
    """A moment as people of that zone read it."""
    return f"{at.astimezone(zone):%d/%m/%Y %H:%M}"


def quarters(starts_at: datetime, minutes: int) -> list[datetime]:
    """The quarter-hours (their beginnings, UTC) that an interval touches."""
    return list(_quarters(starts_at.astimezone(UTC), starts_at.astimezone(UTC) + timedelta(minutes=minutes)))


def _quarters(start: datetime, end: datetime) -> Iterator[datetime]:
    quarter = start - timedelta(minutes=start.minute % 15, seconds=start.second, microseconds=start.microsecond)
    while quarter < end:
        yield quarter
        quarter += QUARTER


def check_quarter_hour(at: datetime, zone: ZoneInfo, field: str = "starts_at") -> None:
    """Appointments begin on a quarter-hour. Raises `NotOnQuarterHour`."""
    if at.minute % 15 or at.second or at.microsecond:
        raise NotOnQuarterHour(about=field, at=format_local(at, zone))


def check_future(at: datetime, now: datetime, zone: ZoneInfo) -> None:
    """Appointments are made for later. Raises `NotInFuture`."""
    if at <= now:
        raise NotInFuture(at=format_local(at, zone), now=format_local(now, zone))


def check_past(at: datetime, now: datetime, zone: ZoneInfo, field: str = "starts_at") -> None:
    """What is told as past does not lie ahead. Raises `InTheFuture`."""
    if at > now + CLOCK_TOLERANCE:
        raise InTheFuture(about=field, at=format_local(at, zone), now=format_local(now, zone))


def from_local(naive: datetime, zone: ZoneInfo, field: str = "starts_at") -> datetime:
    """A local time that somebody typed, as a moment in UTC.

    An hour that is skipped in spring is refused (`NoSuchLocalTime`); of one that comes twice in autumn, the first is
    meant.
    """
    moment = naive.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) != naive:
        raise NoSuchLocalTime(about=field, at=f"{naive:%d/%m/%Y %H:%M}")
    return moment


def local_day(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From when to when a local date lasts, in UTC; 23, 24 or 25 hours."""
    begins = datetime.combine(day, time(), zone)
    ends = datetime.combine(day + timedelta(days=1), time(), zone)
    return begins.astimezone(UTC), ends.astimezone(UTC)


def duration_minutes(started_at: datetime, ended_at: datetime) -> int:
    """Minutes that something took, begun minutes counted, at least one."""
    return max(1, -((started_at - ended_at) // timedelta(minutes=1)))


def free_starts(hours: Hours, day: date, minutes: int, taken: Sequence[datetime], now: datetime) -> list[datetime]:
    """Every quarter-hour (UTC) at which an appointment of this length fits: open, in the future, and nothing taken."""
    busy = set(taken)
    starts: list[datetime] = []
    for opens, closes in hours.of(day):
        start = datetime.combine(day, opens, hours.zone).astimezone(UTC)
        last = datetime.combine(day, closes, hours.zone).astimezone(UTC) - timedelta(minutes=minutes)
        while start <= last:
            if start > now and not busy.intersection(quarters(start, minutes)):
                starts.append(start)
            start += QUARTER
    return starts
