"""Quarter-hours, opening hours, and local times across daylight-saving changes.

Times are aware and kept in UTC; intervals are half-open. A zone is an IANA name.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from services.chassis.refusals import msg, with_words
from services.contracts import opening
from services.contracts.intake import NIGHT
from services.scheduling.domain.refusals import (
    ClosedThatDay,
    InTheFuture,
    NoSuchLocalTime,
    NotInFuture,
    NotOfToday,
    NotOnQuarterHour,
    OutsideHours,
    TooFarAhead,
    TooLongAgo,
)

Interval = tuple[datetime, datetime]
QUARTER = timedelta(minutes=15)
EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)
"""The earliest time of an import."""
HORIZON = timedelta(days=365)
"""How far ahead is booked, unless the setting `CEFO_BOOKING_DAYS` is less."""
CLOCK_TOLERANCE = timedelta(minutes=2)
"""How far another machine's clock may run ahead of ours."""


class Hours(opening.Hours):
    """A centre's opening hours, with the rule of appointments."""

    def check_open(self, starts_at: datetime, minutes: int) -> None:
        """The centre is open all the time: openings that touch, also at midnight, are one. Raises `OutsideHours`."""
        day, end = starts_at.astimezone(self.zone).date(), starts_at.astimezone(UTC) + timedelta(minutes=minutes)
        openings = united([*self.intervals(day), *self.intervals(day + timedelta(days=1))])
        if not any(opens <= starts_at and end <= closes for opens, closes in openings):
            if hours := [f"{opens}–{closes}" for opens, closes in self.of(day)]:
                raise OutsideHours(hours=hours)
            raise ClosedThatDay()


def united(intervals: Iterable[Interval]) -> Iterator[Interval]:
    """The same time as fewest intervals, in order: those that overlap or touch are one."""
    begun: Interval | None = None
    for begins, ends in sorted(intervals):
        if begun is not None and begins <= begun[1]:
            begun = begun[0], max(begun[1], ends)
            continue
        if begun is not None:
            yield begun
        begun = begins, ends
    if begun is not None:
        yield begun


def quarters(starts_at: datetime, minutes: int) -> list[datetime]:
    """The quarter-hours (their beginnings, UTC) that an interval touches."""
    return list(_quarters(starts_at.astimezone(UTC), starts_at.astimezone(UTC) + timedelta(minutes=minutes)))


def _quarters(start: datetime, end: datetime) -> Iterator[datetime]:
    quarter = start - timedelta(minutes=start.minute % 15, seconds=start.second, microseconds=start.microsecond)
    while quarter < end:
        yield quarter
        quarter += QUARTER


def check_quarter_hour(at: datetime, field: str = "starts_at") -> None:
    """Appointments begin on a quarter-hour. Raises `NotOnQuarterHour`."""
    if at.minute % 15 or at.second or at.microsecond:
        raise NotOnQuarterHour(about=field)


def check_future(at: datetime, now: datetime, zone: ZoneInfo) -> None:
    """An appointment lies in the future. Raises `NotInFuture`."""
    if at <= now:
        raise NotInFuture(at=at.astimezone(zone))


def check_horizon(at: datetime, now: datetime, horizon: timedelta, zone: ZoneInfo, field: str = "starts_at") -> None:
    """An appointment is no farther ahead than the horizon, by local days. Raises `TooFarAhead`."""
    last = now.astimezone(zone).date() + horizon
    if at.astimezone(zone).date() > last:
        raise TooFarAhead(about=field, at=at.astimezone(zone).date(), until=last)


def check_past(at: datetime, now: datetime, zone: ZoneInfo, field: str = "starts_at") -> None:
    """A past time is from `EARLIEST` to now, plus `CLOCK_TOLERANCE`. Raises `TooLongAgo` or `InTheFuture`."""
    if at < EARLIEST:
        raise TooLongAgo(about=field, at=at.astimezone(zone).date(), earliest=EARLIEST.date())
    if at > now + CLOCK_TOLERANCE:
        raise InTheFuture(about=field, at=at.astimezone(zone), now=now.astimezone(zone))


def check_earlier_today(at: datetime, now: datetime, zone: ZoneInfo, field: str) -> None:
    """A time of the same local day that is over. Raises `InTheFuture` or `NotOfToday`."""
    if at >= now:
        raise InTheFuture(about=field, at=at.astimezone(zone), now=now.astimezone(zone))
    if not same_day(at, now, zone):
        raise NotOfToday(about=field, at=at.astimezone(zone))


def from_local(naive: datetime, zone: ZoneInfo, field: str = "starts_at") -> datetime:
    """A naive local time, in UTC.

    Raises `NoSuchLocalTime` for an hour skipped in spring. Of an hour repeated in autumn, the first is taken.
    """
    moment = naive.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) != naive:
        raise NoSuchLocalTime(about=field)
    return moment


def local_day(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Start and end of a local date, in UTC: 23, 24 or 25 hours."""
    begins = datetime.combine(day, time(), zone)
    ends = datetime.combine(day + timedelta(days=1), time(), zone)
    return begins.astimezone(UTC), ends.astimezone(UTC)


def is_midnight(at: datetime, zone: ZoneInfo) -> bool:
    """Whether a local day begins at this moment."""
    return at == local_day(at.astimezone(zone).date(), zone)[0]


def duration_minutes(started_at: datetime, ended_at: datetime) -> int:
    """Minutes from start to end, rounded up, at least one."""
    return max(1, -((started_at - ended_at) // timedelta(minutes=1)))


def minutes_until_closing(hours: Hours, started_at: datetime, now: datetime) -> int:
    """Minutes from start until the centre closed on that day: the length of an interview that nobody ended then.

    At least one, and no longer than until now. One that began after the closing lasts one minute.
    """
    closings = [closes for _opens, closes in hours.intervals(started_at.astimezone(hours.zone).date())]
    return duration_minutes(started_at, min(now, max(closings, default=started_at)))


def ended_by_night(started_at: datetime, now: datetime, zone: ZoneInfo) -> bool:
    """Whether what began then is closed by itself: it is of an earlier local day, and the night has come."""
    local = now.astimezone(zone)
    return started_at.astimezone(zone).date() < local.date() and local.time() >= NIGHT


def same_day(one: datetime, other: datetime, zone: ZoneInfo) -> bool:
    """Whether two moments are on one local day."""
    return one.astimezone(zone).date() == other.astimezone(zone).date()


class Half(StrEnum):
    """A part of the day."""

    MORNING = "morning"
    AFTERNOON = "afternoon"


HALF_LABELS = {Half.MORNING: msg("in the morning"), Half.AFTERNOON: msg("in the afternoon")}
with_words(HALF_LABELS)
NOON = 12
"""The local hour at which the afternoon begins."""


def is_in_half(at: datetime, half: Half | None, zone: ZoneInfo) -> bool:
    """Whether the local time is in this part of the day. None: in any."""
    return half is None or (at.astimezone(zone).hour < NOON) == (half is Half.MORNING)
