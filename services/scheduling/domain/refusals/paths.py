"""Refusals about visitors and the rules of their paths."""

from services.chassis.refusals import Invalid, Refused, msg


class PersonUnknown(Refused):
    """No visitor is registered under this reference, or they were erased."""

    slug = "person-unknown"
    message = msg(
        "This person has not given their consent, or has withdrawn it. Ask the person for it at the front desk."
    )
    field_name = "subject_ref"


class ConsentMissing(Refused):
    """The visitor did not consent to this purpose."""

    slug = "consent-missing"
    message = msg("The person’s consent for appointments is missing. Ask the person for it at the front desk.")
    field_name = "subject_ref"


class PathStillOpen(Refused):
    """A visitor has one open individual path at a time."""

    slug = "path-still-open"
    message = msg(
        "This person already has an individual path (held: {held}, booked: {booked}, maximum: "
        "{limit}). Continue it, or stop it first."
    )
    field_name = "subject_ref"


class PathElsewhere(Refused):
    """A visitor has one open individual path at a time, at one centre. Nothing of it is shown to another one."""

    slug = "path-elsewhere"
    message = msg(
        "This person has an individual path at another centre. Ask the person at which one: it goes on there, or is "
        "stopped there first."
    )
    field_name = "subject_ref"


class PathIsClosed(Refused):
    """A closed path takes no more interviews."""

    slug = "path-is-closed"
    message = msg("This path ended on {day}: {because}. Start a new path.")
    field_name = "path_id"


class StillBooked(Refused):
    """The end of a path frees what is booked on it, once the team agrees to that."""

    slug = "still-booked"
    message = msg(
        "Appointments still booked on this path: {times}. "
        "Cancel them first, or confirm that they are cancelled with it."
    )
    field_name = "free_booked"


class PathIsOpen(Refused):
    """A path that is open is not reopened."""

    slug = "path-is-open"
    message = msg("This path is open. Reload the page.")
    field_name = "path_id"


class PathStaysClosed(Refused):
    """A path is reopened only if it was given up."""

    slug = "path-stays-closed"
    message = msg("This path ended on {day}: {because}. It cannot be reopened. Start a new path.")
    field_name = "path_id"


class AnotherPathOpen(Refused):
    """A visitor has one open path of a method at a time."""

    slug = "another-path-open"
    message = msg("This person has another open path of this kind. Continue that one, or stop it first.")
    field_name = "path_id"


class FifthInterview(Refused):
    """Individual service: 2 to 4 interviews (guidance offer, since 2013)."""

    slug = "fifth-interview"
    message = msg(
        "This path already has the maximum of interviews: {limit} (held: {held}, booked: {booked}). "
        "Cancel an appointment, or stop the path."
    )
    field_name = "path_id"


class TimeToReflect(Invalid):
    """Individual service: reflection between interviews. The team may book sooner, once it is asked."""

    slug = "time-to-reflect"
    message = msg(
        "Between two interviews there is time to think: the next one from {day} on. Choose a later time, or "
        "confirm the earlier one."
    )
    field_name = "sooner"


class FinalisingNotDue(Refused):
    """Collective approach: the individual session follows the collective work."""

    slug = "finalising-not-due"
    message = msg("The final interview comes after the workshop. First record the attendance of the last session.")
    field_name = "path_id"


class OneFinalisingSession(Refused):
    """Collective approach: one individual session."""

    slug = "one-finalising-session"
    message = msg("A group path has one final interview. It is already booked or over. Look for it in the calendar.")
    field_name = "path_id"
