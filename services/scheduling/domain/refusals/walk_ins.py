"""Refusals of taking the next person, and of outcomes."""

from services.chassis.refusals import Invalid, Refused, msg


class StillInInterview(Refused):
    """A counsellor takes the next person after the interview before has ended: a button pressed twice takes one."""

    slug = "still-in-interview"
    message = msg("You are still in an interview. Complete it or undo it, then take the next person.")
    field_name = "centre"


class NobodyInLine(Refused):
    """Nobody waits whom this counsellor takes next."""

    slug = "nobody-in-line"
    message = msg(
        "Nobody is waiting for you with these needs and languages. Choose others, take a person from the list, or wait."
    )
    field_name = "centre"


class GuidanceNotOffered(Invalid):
    """Guidance is taken by who was offered it."""

    slug = "guidance-not-offered"
    message = msg("Guidance cannot be accepted if it was not offered. Correct one of the two.")
    field_name = "guidance_taken"


class NotHeld(Refused):
    """Only an interview that took place has an outcome."""

    slug = "not-held"
    message = msg("This interview has no outcome. Current state: {status}. Reload the page.")
    field_name = "status"


class HeldOnClosedPath(Refused):
    """What was held on a path that has ended since stays held: a confirmed plan follows from it."""

    slug = "held-on-closed-path"
    message = msg(
        "The path ended on {day}: {because}. The interview stays recorded as held. Correct its outcome instead."
    )
    field_name = "path_id"


class OutcomeStays(Refused):
    """The outcome is corrected on the day of the interview."""

    slug = "outcome-stays"
    message = msg("The last day to correct this outcome was {day}. Leave it as it is.")
    field_name = "status"
