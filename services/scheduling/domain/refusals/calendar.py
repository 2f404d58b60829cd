"""Refusals of appointment times."""

from services.chassis.refusals import Invalid, Refused, msg


class WrongLength(Invalid):
    """Interviews of the individual service take one or two hours."""

    slug = "wrong-length"
    message = msg("A guidance interview takes 60 or 120 minutes, not {minutes}.")
    field_name = "minutes"


class NotOnQuarterHour(Invalid):
    """An appointment starts on a quarter-hour."""

    slug = "not-on-quarter-hour"
    message = msg("{at} is not on a quarter of an hour. Choose :00, :15, :30 or :45.")
    field_name = "starts_at"


class NotInFuture(Invalid):
    """An appointment lies in the future."""

    slug = "not-in-future"
    message = msg("{at} is over; it is now {now}. Choose a later time.")
    field_name = "starts_at"


class InTheFuture(Invalid):
    """A past time lies in the future."""

    slug = "in-the-future"
    message = msg("{at} lies in the future; it is now {now}.")
    field_name = "starts_at"


class OutsideHours(Invalid):
    """The centre is closed then."""

    slug = "outside-opening-hours"
    message = msg("{centre} is not open from {start} to {end}. Open on this day: {hours}.")
    field_name = "starts_at"


class NoSuchLocalTime(Invalid):
    """The local time does not exist: the clocks are put forward."""

    slug = "no-such-local-time"
    message = msg("{at} does not exist: the clocks are put forward that night.")
    field_name = "starts_at"


class Overlap(Refused):
    """The counsellor, room or visitor is already booked at that time."""

    slug = "overlap"
    message = msg("{what} is already taken at {at}. Choose another time.")
    field_name = "starts_at"


class NotBooked(Refused):
    """A held, missed or cancelled interview cannot be changed."""

    slug = "not-booked"
    message = msg("This interview is {status}; only one that is booked can be changed.")
    field_name = "status"


class NotYet(Refused):
    """It has not begun."""

    slug = "not-yet"
    message = msg("This begins at {at}; it is now {now}. Record it afterwards.")
    field_name = "starts_at"
