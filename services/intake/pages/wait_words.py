"""What people read about waiting and opening hours: on the desk, the wall, the ticket and the kiosk."""

from datetime import datetime

from services.chassis.i18n import coming_day, moment_text, time_text
from services.chassis.i18n import translate as _
from services.intake.domain.estimates import Outlook
from services.intake.store import Centre


def wait_text(found: Outlook | None) -> str | None:
    """What a visitor may expect, in the reader's language. None: nothing is known."""
    if found is None:
        return None
    if found.closed:
        return _closed(found)
    if found.closes is None:
        return _minutes(found)
    closes = time_text(found.closes.astimezone(found.zone))
    if found.estimate is not None:
        ends = _("The centre closes at {time}.").format(time=closes)
        return f"{_minutes(found)}. {ends}"
    if found.opens is not None and found.opens_today:
        opens = time_text(found.opens.astimezone(found.zone))
        return _("Probably not before {opens}: the centre is closed from {closes} to {opens}.").format(
            opens=opens, closes=closes
        )
    return _("Probably not today: the centre closes at {time}.").format(time=closes)


def closed_at(centre: Centre, at: datetime) -> str | None:
    """For the desk, that the centre was closed when a visitor came whose arrival is entered. None: it was open."""
    if centre.hours is None or centre.hours.closes(at) is not None:
        return None
    when = moment_text(at.astimezone(centre.zone))
    return _("The centre was closed at this time: {at}. Is the time right? The arrival is recorded.").format(at=when)


def _minutes(found: Outlook) -> str | None:
    wait = found.estimate
    if wait is None:
        return None
    if wait.low == 0:
        return _("Estimated wait: less than {high} min").format(high=wait.high)
    return _("Estimated wait: {low} to {high} min").format(low=wait.low, high=wait.high)


def _closed(found: Outlook) -> str:
    if found.opens is None:
        return _("The centre is closed now.")
    day, time = coming_day(found.opens, found.now, found.zone), time_text(found.opens.astimezone(found.zone))
    return _("The centre is closed now. It opens {day} at {time}.").format(day=day, time=time)
