"""The rules of arrivals with an appointment: when one may be recorded, what is early and late, and the code.

A code is ten random digits, grouped for people: one guess in fifty million is a code of a centre's day. It only records
an arrival, and is gone with its appointment.
"""

import secrets
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from services.chassis.refusals import NotFound, Refused, msg
from services.contracts.intake import VisitStatus

CODE_DIGITS = 10
EARLY = timedelta(minutes=15)
"""Who arrives longer before the appointment is early."""

_SEPARATORS = str.maketrans("", "", " .-\u00a0\u202f")
_BELGIAN_KEYS = str.maketrans("&é\"'(§è!çà", "1234567890")
"""The digits of a Belgian keyboard without Shift: what a code reader types that is set up for another one."""


class AppointmentKind(StrEnum):
    """What the visitor comes for."""

    INTERVIEW = "interview"
    WORKSHOP = "workshop"


class Timing(StrEnum):
    """When a visitor arrived, or is expected."""

    EXPECTED = "expected"
    LATE = "late"
    ARRIVED = "arrived"
    ARRIVED_EARLY = "arrived-early"
    ARRIVED_LATE = "arrived-late"
    OVER = "over"
    """Nobody arrived, and the appointment is over."""


class NotToday(Refused):
    """The arrival of an appointment is recorded on its day."""

    slug = "appointment-not-today"
    message = msg("This appointment is on {day}. Record the arrival on that day.")
    field_name = "code"


class AppointmentOver(Refused):
    """The appointment is over, and nobody arrived."""

    slug = "appointment-over"
    message = msg("This appointment is over. Give the person an ordinary ticket.")
    field_name = "code"


class AlreadyReceived(Refused):
    """The visit of the arrival has ended at a desk or with an interview."""

    slug = "already-received"
    message = msg("This person has already been received for this appointment. Give them an ordinary ticket.")
    field_name = "code"


class AlreadyArrived(Refused):
    """Another visit is the arrival for this appointment."""

    slug = "already-arrived"
    message = msg("This person has already arrived, with another ticket. Cancel that arrival first.")
    field_name = "visit_id"


class NotAnInterview(Refused):
    """Who comes to a workshop does not wait with a ticket."""

    slug = "not-an-interview"
    message = msg(
        "This appointment is a workshop, which needs no ticket. Record the arrival in the list of appointments."
    )
    field_name = "visit_id"


class UnknownCode(NotFound):
    """No appointment of this centre that is not over has this code."""

    slug = "unknown-code"
    message = msg("No appointment today has this code. Check the digits, or give the person an ordinary ticket.")
    field_name = "code"


class TooLateToUndoArrival(Refused):
    """The visitor was received: the arrival was none by mistake."""

    slug = "arrival-was-received"
    message = msg("This person has already been received. Leave the arrival as it is.")
    field_name = "visit_id"


class IsAnArrival(Refused):
    """The visit is an arrival for an appointment: if it is another person's, the arrival was recorded by mistake."""

    slug = "is-an-arrival"
    message = msg(
        "This visit is an arrival for an appointment. Cancel the arrival in the list of today’s appointments."
    )
    field_name = "visit_id"


def new_code() -> str:
    """A random code."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"


def code_in(typed: str) -> str | None:
    """The code that was typed or read, or None if it is none: then it may be a name."""
    digits = typed.strip().translate(_BELGIAN_KEYS).translate(_SEPARATORS)
    return digits if len(digits) == CODE_DIGITS and digits.isascii() and digits.isdecimal() else None


def in_groups(code: str) -> str:
    """The code as people read it: `123 456 7890`, with spaces that do not break."""
    return f"{code[:3]}\u00a0{code[3:6]}\u00a0{code[6:]}"


def end_of_day(now: datetime, zone: ZoneInfo) -> datetime:
    """The next local midnight."""
    return datetime.combine(now.astimezone(zone).date() + timedelta(days=1), time(), zone)


def check_may_arrive(starts_at: datetime, ends_at: datetime, now: datetime, zone: ZoneInfo) -> None:
    """An arrival is recorded on the appointment's day, until it is over. Raises `NotToday`, `AppointmentOver`."""
    check_not_over(ends_at, now)
    if starts_at.astimezone(zone).date() > now.astimezone(zone).date():
        raise NotToday(day=starts_at.astimezone(zone).date())


def check_not_over(ends_at: datetime, now: datetime) -> None:
    """Raises `AppointmentOver`."""
    if ends_at <= now:
        raise AppointmentOver()


def check_may_undo_arrival(status: VisitStatus, *, in_an_interview: bool) -> None:
    """Nobody has received the visitor. Raises `TooLateToUndoArrival`."""
    match status:
        case VisitStatus.WAITING | VisitStatus.CALLED | VisitStatus.LEFT | VisitStatus.NO_QUEUE:
            if in_an_interview:
                raise TooLateToUndoArrival()
        case VisitStatus.BEING_SERVED | VisitStatus.SERVED:
            raise TooLateToUndoArrival()


def timing(starts_at: datetime, ends_at: datetime, arrived_at: datetime | None, now: datetime) -> Timing:
    """Whether the visitor is expected, late, has arrived and when, or did not come."""
    if arrived_at is None:
        if ends_at <= now:
            return Timing.OVER
        return Timing.LATE if starts_at <= now else Timing.EXPECTED
    if arrived_at > starts_at:
        return Timing.ARRIVED_LATE
    return Timing.ARRIVED_EARLY if arrived_at < starts_at - EARLY else Timing.ARRIVED
