"""Refusals about visitors and the rules of their paths."""

from services.chassis.refusals import Refused, msg


class PersonUnknown(Refused):
    """No visitor is registered under this reference, or they were erased."""

    slug = "person-unknown"
    message = msg(
        "Nobody is known under this reference, or no longer. Ask first whether the person agrees to be known."
    )
    field_name = "subject_ref"


class ConsentMissing(Refused):
    """The visitor did not consent to this purpose."""

    slug = "consent-missing"
    message = msg("This person agreed to: {purposes}; booking needs their agreement to {needed}.")
    field_name = "subject_ref"


class PathStillOpen(Refused):
    """A visitor has one open individual path at a time."""

    slug = "path-still-open"
    message = msg(
        "This person's individual path is still open: {held} interviews held and {booked} booked, of {limit}. "
        "Go on with it; it closes when its plan is confirmed or when it is given up."
    )
    field_name = "subject_ref"


class PathIsClosed(Refused):
    """A closed path takes no more interviews."""

    slug = "path-is-closed"
    message = msg("This path was closed on {day}: {because}. Nothing more is booked on it; open a new path instead.")
    field_name = "path_id"


class StillBooked(Refused):
    """A path with a booked interview cannot be given up."""

    slug = "still-booked"
    message = msg("Interviews still booked on this path: {booked}. Cancel them first, with a reason.")
    field_name = "path_id"


class FifthInterview(Refused):
    """Individual service: 2 to 4 interviews (guidance offer, since 2013)."""

    slug = "fifth-interview"
    message = msg("An individual path holds {limit} interviews at most; {held} are held and {booked} booked.")
    field_name = "path_id"


class FinalisingNotDue(Refused):
    """Collective approach: the individual session follows the collective work."""

    slug = "finalising-not-due"
    message = msg("The finalising session follows the workshop: record the attendance of its last session first.")
    field_name = "path_id"


class OneFinalisingSession(Refused):
    """Collective approach: one individual session."""

    slug = "one-finalising-session"
    message = msg("A collective path has exactly one finalising session; {held} held and {booked} booked already.")
    field_name = "path_id"
