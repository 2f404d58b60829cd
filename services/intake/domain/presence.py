"""When participants record their arrival for a workshop's session with the code on the screen, and why they cannot."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from services.chassis.refusals import Refused, msg

BEFORE = timedelta(minutes=45)
"""How long before a session its code is shown."""
VALID = 300
"""How long an address is valid, in seconds: long enough to type a code, too short to be passed on to who is absent."""


class CodeExpired(Refused):
    """The address is too old, was changed, or its session is cancelled."""

    slug = "presence-code-expired"
    message = msg("This code is no longer valid. Use the code that is on the screen now.")


class NotYetHere(Refused):
    """Arrivals are recorded shortly before the session."""

    slug = "presence-not-yet"
    message = msg("The arrival can be recorded from {at} on. Use the code on the screen then.")


class SessionOver(Refused):
    """The session is over: the attendance is the facilitator's list."""

    slug = "presence-over"
    message = msg("This session is over. Talk to the counsellor who leads the workshop.")


class NoPlaceHere(Refused):
    """The person has no seat in this session: another workshop, a cancelled seat, or the waiting list."""

    slug = "no-place-here"
    message = msg("You have no place in this workshop. Talk to the counsellor who leads it.")


class WrongCode(Refused):
    """The code is none of this session. The answer does not name whose it is."""

    slug = "no-code-of-this-session"
    message = msg("This code is not of this workshop. Check the digits, or talk to the counsellor who leads it.")
    field_name = "code"


def opens_at(starts_at: datetime) -> datetime:
    """From when on arrivals for a session are recorded by its code."""
    return starts_at - BEFORE


def check_session_open(starts_at: datetime, ends_at: datetime, now: datetime, zone: ZoneInfo) -> None:
    """Raises `NotYetHere`, `SessionOver`."""
    if now < opens_at(starts_at):
        raise NotYetHere(at=opens_at(starts_at).astimezone(zone))
    if now >= ends_at:
        raise SessionOver()
