"""The rules of first interviews that visitors book on the public pages."""

from datetime import timedelta

from services.chassis.refusals import NotFound, Refused, msg
from services.scheduling.domain.refusals import (
    BusyElsewhere,
    CounsellorAway,
    CounsellorInactive,
    OutsideHours,
    OutsideWorkingHours,
    Overlap,
    TooSoon,
    UnknownCounsellor,
)

MINUTES = 60
"""How long a first interview is booked for."""
SPARE = timedelta(minutes=30)
"""How much later than its choice a time may be confirmed: so much earlier than the centre's notice it is offered."""
SEARCHED = timedelta(days=56)
"""How many days one page of free times looks through at most."""


class NotPublic(Refused):
    """The centre does not book on the public pages."""

    slug = "not-public"
    message = msg("This centre gives no appointments online. Choose another centre, or come without an appointment.")


class TimeTaken(Refused):
    """Nobody is free then any more."""

    slug = "time-taken"
    message = msg("This time is no longer free. Choose another one.")
    field_name = "starts_at"


LOST = (
    *(TimeTaken, Overlap, CounsellorAway, OutsideWorkingHours, TooSoon),
    BusyElsewhere,
    *(OutsideHours, CounsellorInactive, UnknownCounsellor),
)
"""The time is no longer free, for whichever reason: those are written for the team."""


class ConfirmationUsedUp(NotFound):
    """What intake signed is too old, or was signed for something else."""

    slug = "confirmation-used-up"
    message = msg("This page is no longer valid. Open the link in our message again.")


class PersonErased(Refused):
    """The person asked for the erasure of their data in the meantime."""

    slug = "person-erased"
    message = msg("Your data was erased in the meantime. Nothing is booked. To book, choose a time again.")


class NotBookedOnline(Refused):
    """The path of the person takes no interview at the moment. Why, the team sees."""

    slug = "not-booked-online"
    message = msg("This appointment cannot be booked online. Ask your centre by telephone.")


class GuidedElsewhere(Refused):
    """The person has an open path at another centre; there is one at a time."""

    slug = "guided-elsewhere"
    message = msg("Your guidance goes on at another centre: {centre}. Ask there for an appointment.")
