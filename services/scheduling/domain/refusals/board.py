"""Refusals at the counsellor's board."""

from services.chassis.refusals import NotAllowed, Refused, msg


class NoStaffCode(NotAllowed):
    """The account has no counsellor's code."""

    slug = "no-staff-code"
    message = msg("Your account has no code for interviews. Ask the person who manages the accounts to add one.")


class NotInTheRoom(Refused):
    """An information interview needs a visitor in the room."""

    slug = "not-in-the-room"
    message = msg("No interview is possible. Current state of the visit: {status}. Choose a person from the queue.")
    field_name = "visit_id"


class AlreadyInInterview(Refused):
    """Another counsellor is already in an interview with this visitor."""

    slug = "already-in-interview"
    message = msg("Another counsellor is already talking with this person. Choose another person from the queue.")
    field_name = "visit_id"


class HasAppointment(Refused):
    """An information interview is for who has come without an appointment."""

    slug = "has-appointment"
    message = msg("This person has come for an appointment. Start that interview, or choose another person.")
    field_name = "visit_id"


class NotRunning(Refused):
    """Only a running interview can be finished."""

    slug = "not-running"
    message = msg("This interview cannot be finished. Current state: {status}. Reload the page.")
    field_name = "status"


class TooLateToUndo(Refused):
    """An information interview is undone while it runs, or shortly after its end."""

    slug = "too-late-to-undo"
    message = msg(
        "Current state of the interview: {status}. It can be undone until ten minutes after its end. Reload the page."
    )
    field_name = "status"


class VisitorHasArrived(Refused):
    """A visitor whose arrival was recorded is no no-show."""

    slug = "visitor-has-arrived"
    message = msg(
        "This person arrived at {at}. Record that the interview took place, or cancel it. Was the arrival recorded by "
        "mistake? The front desk can undo it."
    )
    field_name = "status"


class NotArrived(Refused):
    """An appointment starts with a visitor who has arrived."""

    slug = "not-arrived"
    message = msg("This person’s arrival is not recorded yet. Ask the front desk to record it.")
    field_name = "status"


class VisitorIsHere(Refused):
    """A visitor who was at the centre at the time of the appointment is no no-show."""

    slug = "visitor-is-here"
    message = msg(
        "This person was at the centre at the time of the appointment (ticket {ticket}). Record that the interview "
        "took place, or cancel it."
    )
    field_name = "status"
