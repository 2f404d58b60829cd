"""Refusals at the counsellor's board."""

from services.chassis.refusals import NotAllowed, Refused, msg


class NoStaffCode(NotAllowed):
    """The account has no counsellor's code."""

    slug = "no-staff-code"
    message = msg("Your account has no counsellor's code. Ask whoever manages the accounts to add one.")


class NotInTheRoom(Refused):
    """An information interview needs a visitor in the room."""

    slug = "not-in-the-room"
    message = msg("This visit is {status}; an interview starts with somebody who waits, is called or is being served.")
    field_name = "visit_id"


class AlreadyInInterview(Refused):
    """Another counsellor is already in an interview with this visitor."""

    slug = "already-in-interview"
    message = msg("{counsellor} has already started an interview with this visitor. Choose somebody else who waits.")
    field_name = "visit_id"


class NotRunning(Refused):
    """Only a running interview can be finished."""

    slug = "not-running"
    message = msg("This interview is {status}; only one that is running can be finished.")
    field_name = "status"


class VisitorIsHere(Refused):
    """A visitor who checked in that day is no no-show."""

    slug = "visitor-is-here"
    message = msg("This person checked in today (ticket {ticket}). Hold the interview, or cancel it with a reason.")
    field_name = "status"
