"""The time at which an interview began that took place before its time, as it is typed."""

from datetime import datetime, time, timedelta

from services.chassis.refusals import Invalid, msg
from services.scheduling.domain import times
from services.scheduling.store import Centre


class NotATime(Invalid):
    """The time of a day cannot be parsed."""

    slug = "not-a-time"
    message = msg("Enter the time at which the interview began, for example 09:15.")
    field_name = "began_at"


def began_today(centre: Centre, typed: str, now: datetime) -> datetime:
    """A typed local time of today at a centre, in UTC. Raises `NotATime`, `NoSuchLocalTime`."""
    try:
        clock = time.fromisoformat(typed)
    except ValueError:
        raise NotATime() from None
    if clock.tzinfo is not None:
        raise NotATime()
    return times.from_local(datetime.combine(now.astimezone(centre.zone).date(), clock), centre.zone, "began_at")


def began_by_default(centre: Centre, minutes: int, now: datetime) -> str:
    """The local time at which it began if it ended at the last full quarter-hour; not before today."""
    began = times.quarters(now, 1)[0] - timedelta(minutes=minutes)
    first = times.local_day(now.astimezone(centre.zone).date(), centre.zone)[0]
    return f"{max(began, first).astimezone(centre.zone):%H:%M}"
