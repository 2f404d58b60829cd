"""The rules of a check-in: several needs, what the team prepares, groups, and arrivals that are recorded later."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from services.chassis.refusals import Invalid, Refused, msg
from services.contracts.arrivals import Activity

GROUP_MIN, GROUP_MAX = 2, 60
"""How many people one check-in of a group may have."""

CORRECTED_WITHIN = timedelta(days=30)
"""How long after the check-in its areas may be corrected. Figures that are published by then stay as they are."""


class Need(StrEnum):
    """What the team prepares for a visitor. Health data: in no event and no log, and deleted when the visit ends."""

    WHEELCHAIR = "wheelchair"
    QUIET_ROOM = "quiet-room"


class ActivityWithTicket(Invalid):
    """An activity is of visits without a ticket."""

    slug = "activity-with-ticket"
    message = msg("Documentation and computers need no ticket. Record the visit without a ticket.")
    field_name = "activity"


class TimeMissing(Invalid):
    """An arrival is recorded later, and the time is missing."""

    slug = "time-missing"
    message = msg("Enter the time of arrival.")
    field_name = "at"


class NoSuchTime(Invalid):
    """The clocks were put forward, and this local time did not exist."""

    slug = "no-such-time"
    message = msg("This time did not exist, because the clocks changed that night. Enter another time.")
    field_name = "time"


class TooLateToCorrect(Refused):
    """The visit is too old: its figures may be published."""

    slug = "too-late-to-correct"
    message = msg("A visit can be corrected for 30 days, and this one is of {day}. Leave it as it is.")
    field_name = "area"


def main_and_others(area: str | None, others: Sequence[str]) -> tuple[str | None, tuple[str, ...]]:
    """The main area, and the other ones, each once. Without a main one, the first of the others is it."""
    named = tuple(dict.fromkeys(one for one in (area, *others) if one))
    return (named[0], named[1:]) if named else (None, ())


def check_activity(activity: Activity | None, *, queue: bool) -> None:
    """Who does something alone does not queue. Raises `ActivityWithTicket`."""
    if activity is not None and queue:
        raise ActivityWithTicket()


def check_recorded_later(at: datetime | None, *, later: bool) -> None:
    """An arrival that is recorded later has a time. Raises `TimeMissing`."""
    if later and at is None:
        raise TimeMissing()


def queues(at: datetime, now: datetime, zone: ZoneInfo, *, queue: bool, later: bool) -> bool:
    """Whether the visitor gets a ticket: not who came on an earlier day and is recorded today."""
    earlier_day = at.astimezone(zone).date() < now.astimezone(zone).date()
    return queue and not (later and earlier_day)


def arrival_time(day: date | None, clock: str, now: datetime, zone: ZoneInfo) -> datetime:
    """The moment of a typed local time; `day` None: today. Raises `NoSuchTime`."""
    naive = datetime.combine(day or now.astimezone(zone).date(), time.fromisoformat(clock))
    moment = naive.replace(tzinfo=zone, fold=0).astimezone(now.tzinfo)
    if moment.astimezone(zone).replace(tzinfo=None) != naive:
        raise NoSuchTime()
    return moment


def check_correctable(checked_in_at: datetime, now: datetime, zone: ZoneInfo) -> None:
    """The visit is recent enough for its areas to be corrected. Raises `TooLateToCorrect`."""
    if now - checked_in_at > CORRECTED_WITHIN:
        raise TooLateToCorrect(day=checked_in_at.astimezone(zone).date())
