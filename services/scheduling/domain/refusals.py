"""What scheduling refuses, by name.

::

    Refused
    ├── NotInTheRoom, AlreadyInInterview, NotRunning, VisitorIsHere      the counsellor's board
    ├── PersonUnknown, ConsentMissing, PathStillOpen                     people and paths
    ├── FifthInterview, FinalisingNotDue, OneFinalisingSession           the method's rules
    ├── NoStaffCode                                                      (403) an account that is no counsellor's
    ├── Overlap, NotBooked, NotYet                                       the calendar
    ├── WorkshopClosed, WorkshopFull, DoubleSeat, SeatNotTaken           workshops
    └── Invalid: UnknownCentre, UnknownArea, WrongLength, NotOnQuarterHour, NotInFuture, InTheFuture, OutsideHours,
        NoSuchLocalTime, WorkshopTooOld, SessionsOverlap; and of imports: AlreadyDifferent, FieldMissing,
        FieldOutOfPlace, PathDiffers, NumberTaken, TooManyParticipants, AttendanceIncomplete
"""

from services.chassis.errors import Invalid, NotAllowed, Refused, msg


class UnknownCentre(Invalid):
    """The centre does not exist, or is not known here yet."""

    slug = "unknown-centre"
    message = msg("There is no centre {centre}. Known: {known}.")
    field_name = "centre"


class UnknownArea(Invalid):
    """The centre does not work in this area."""

    slug = "unknown-area"
    message = msg("{centre} has no area {area}. It works in: {known}.")
    field_name = "area"


class NoStaffCode(NotAllowed):
    """Whoever holds interviews is known by a code."""

    slug = "no-staff-code"
    message = msg("Your account has no counsellor's code. Ask whoever manages the accounts to add one.")


class NotInTheRoom(Refused):
    """An information interview is held with somebody who is here."""

    slug = "not-in-the-room"
    message = msg("This visit is {status}; an interview starts with somebody who waits, is called or is being served.")
    field_name = "visit_id"


class AlreadyInInterview(Refused):
    """Somebody else was faster."""

    slug = "already-in-interview"
    message = msg("{counsellor} has already started an interview with this visitor. Choose somebody else who waits.")
    field_name = "visit_id"


class NotRunning(Refused):
    """Only what was started can be finished."""

    slug = "not-running"
    message = msg("This interview is {status}; only one that is running can be finished.")
    field_name = "status"


class PersonUnknown(Refused):
    """A visit becomes a person only when that person agrees."""

    slug = "person-unknown"
    message = msg(
        "Nobody is known under this reference, or no longer. Ask first whether the person agrees to be known."
    )
    field_name = "subject_ref"


class ConsentMissing(Refused):
    """The person agreed to be known, but not for this."""

    slug = "consent-missing"
    message = msg("This person agreed to: {purposes}; booking needs their agreement to {needed}.")
    field_name = "subject_ref"


class PathStillOpen(Refused):
    """One individual path at a time."""

    slug = "path-still-open"
    message = msg("This person's individual path holds {held} of {limit} interviews. Book the next one on it.")
    field_name = "subject_ref"


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


class WrongLength(Invalid):
    """Interviews of the individual service take one or two hours."""

    slug = "wrong-length"
    message = msg("A guidance interview takes 60 or 120 minutes, not {minutes}.")
    field_name = "minutes"


class NotOnQuarterHour(Invalid):
    """The calendar knows quarter-hours."""

    slug = "not-on-quarter-hour"
    message = msg("{at} is not on a quarter of an hour. Choose :00, :15, :30 or :45.")
    field_name = "starts_at"


class NotInFuture(Invalid):
    """An appointment is made for later."""

    slug = "not-in-future"
    message = msg("{at} is over; it is now {now}. Choose a later time.")
    field_name = "starts_at"


class InTheFuture(Invalid):
    """Something is said to have happened later than now."""

    slug = "in-the-future"
    message = msg("{at} lies in the future; it is now {now}.")
    field_name = "starts_at"


class OutsideHours(Invalid):
    """The centre is closed then."""

    slug = "outside-opening-hours"
    message = msg("{centre} is not open from {start} to {end}. Open on this day: {hours}.")
    field_name = "starts_at"


class NoSuchLocalTime(Invalid):
    """Clocks are put forward: an hour of that night does not exist."""

    slug = "no-such-local-time"
    message = msg("{at} does not exist: the clocks are put forward that night.")
    field_name = "starts_at"


class Overlap(Refused):
    """Somebody or something is taken at that time."""

    slug = "overlap"
    message = msg("{what} is already taken at {at}. Choose another time.")
    field_name = "starts_at"


class NotBooked(Refused):
    """What was held, missed or cancelled stays so."""

    slug = "not-booked"
    message = msg("This interview is {status}; only one that is booked can be changed.")
    field_name = "status"


class NotYet(Refused):
    """It has not begun."""

    slug = "not-yet"
    message = msg("This begins at {at}; it is now {now}. Record it afterwards.")
    field_name = "starts_at"


class VisitorIsHere(Refused):
    """Whoever checked in did come."""

    slug = "visitor-is-here"
    message = msg("This person checked in today (ticket {ticket}). Hold the interview, or cancel it with a reason.")
    field_name = "status"


class WorkshopTooOld(Invalid):
    """A workshop may be entered afterwards, not years later."""

    slug = "workshop-too-old"
    message = msg("{at} is more than {days} days ago. Past workshops are imported.")
    field_name = "sessions"


class SessionsOverlap(Invalid):
    """A workshop's sessions follow each other."""

    slug = "sessions-overlap"
    message = msg("The session of {at} begins before the one before it has ended.")
    field_name = "sessions"


class WorkshopClosed(Refused):
    """Nothing changes after the end."""

    slug = "workshop-closed"
    message = msg("This workshop is {status}.")
    field_name = "workshop_id"


class WorkshopFull(Refused):
    """Every seat is taken."""

    slug = "workshop-full"
    message = msg("All {seats} seats are taken. The person can be put on the waiting list.")
    field_name = "workshop_id"


class DoubleSeat(Refused):
    """One person, one seat."""

    slug = "double-seat"
    message = msg("This person already has a seat in this workshop, or is on its waiting list.")
    field_name = "subject_ref"


class SeatNotTaken(Refused):
    """The seat is nobody's."""

    slug = "seat-not-taken"
    message = msg("There is no taken seat with this reference in this workshop.")
    field_name = "seat_id"


class AlreadyDifferent(Refused):
    """The id was used before, for something else."""

    slug = "already-different"
    message = msg("{id} is already known with other content. Use a new id for something else.")
    field_name = "interview_id"


class FieldMissing(Invalid):
    """A line needs this field because of another."""

    slug = "field-missing"
    message = msg("{field} is needed when {because}.")


class FieldOutOfPlace(Invalid):
    """A line has a field that contradicts another."""

    slug = "field-out-of-place"
    message = msg("{field} is not possible when {because}.")


class PathDiffers(Invalid):
    """Two lines disagree about a path."""

    slug = "path-differs"
    message = msg("This path already belongs to another person, or to another method.")
    field_name = "path_id"


class NumberTaken(Invalid):
    """Two interviews of a path have the same number."""

    slug = "number-taken"
    message = msg("The path already holds an interview number {number}.")
    field_name = "number"


class TooManyParticipants(Invalid):
    """More people than seats."""

    slug = "too-many-participants"
    message = msg("{people} participants do not fit on {seats} seats.")
    field_name = "participants"


class AttendanceIncomplete(Invalid):
    """Attendance says yes or no for each session."""

    slug = "attendance-incomplete"
    message = msg("Attendance has {given} entries for {sessions} sessions.")
    field_name = "participants"
