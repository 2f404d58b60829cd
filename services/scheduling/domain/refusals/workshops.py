"""Refusals about workshops and seats."""

from services.chassis.refusals import Invalid, Refused, msg


class WorkshopTooOld(Invalid):
    """A workshop can be entered until `WORKSHOP_ENTERED_WITHIN` after its first session."""

    slug = "workshop-too-old"
    message = msg("{at} is more than {days} days ago. Past workshops are imported.")
    field_name = "sessions"


class SessionsOverlap(Invalid):
    """A workshop's sessions must not overlap."""

    slug = "sessions-overlap"
    message = msg("The session of {at} begins before the one before it has ended.")
    field_name = "sessions"


class WorkshopClosed(Refused):
    """A finished or cancelled workshop cannot be changed."""

    slug = "workshop-closed"
    message = msg("This workshop is {status}.")
    field_name = "workshop_id"


class WorkshopFull(Refused):
    """Every seat is taken."""

    slug = "workshop-full"
    message = msg("All {seats} seats are taken. The person can be put on the waiting list.")
    field_name = "workshop_id"


class DoubleSeat(Refused):
    """A visitor has one seat per workshop."""

    slug = "double-seat"
    message = msg("This person already has a seat in this workshop, or is on its waiting list.")
    field_name = "subject_ref"


class SeatNotTaken(Refused):
    """The seat is released, or not of this workshop."""

    slug = "seat-not-taken"
    message = msg("There is no taken seat with this reference in this workshop.")
    field_name = "seat_id"
