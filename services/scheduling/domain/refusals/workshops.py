"""Refusals about workshops and seats."""

from services.chassis.refusals import Invalid, Refused, msg


class WorkshopTooOld(Invalid):
    """A workshop can be entered until `WORKSHOP_ENTERED_WITHIN` after its first session."""

    slug = "workshop-too-old"
    message = msg("Too long ago: {at} (limit in days: {days}). Ask the operations team to import this workshop.")
    field_name = "sessions"


class SessionsOverlap(Invalid):
    """A workshop's sessions must not overlap."""

    slug = "sessions-overlap"
    message = msg("The session of {at} starts before the previous one ends. Choose a later time.")
    field_name = "sessions"


class NoFacilitator(Invalid):
    """A workshop has at least one facilitator."""

    slug = "no-facilitator"
    message = msg("Choose at least one counsellor who leads the workshop.")
    field_name = "facilitators"


class OutsideUsualHours(Invalid):
    """Sessions lie outside the opening hours, or outside working hours of a facilitator: the team is asked once."""

    slug = "outside-usual-hours"
    message = msg(
        "Outside the opening hours: {closed}. Outside the working hours: {off}. Change these sessions, or confirm "
        "that they are meant."
    )
    field_name = "outside_usual_hours"


class ParticipantsBusy(Invalid):
    """Participants have another appointment at the time of a session that is moved or added: the team is asked once."""

    slug = "participants-busy"
    message = msg(
        "Participants who have another appointment at the new times: {people}. Change the sessions, or confirm that "
        "they are meant."
    )
    field_name = "participants_busy"


class FacilitatorsBusy(Invalid):
    """Sessions lie in busy times of a facilitator's calendar in another program: the team is asked once."""

    slug = "facilitators-busy"
    message = msg(
        "Busy at these times in another calendar: {busy}. Change these sessions, or confirm that they are meant."
    )
    field_name = "while_busy"


class SessionHasBegun(Refused):
    """Nothing of a session that has begun can change, and it cannot be removed."""

    slug = "session-has-begun"
    message = msg("The session of {at} has begun. It stays as it is. Reload the page.")
    field_name = "sessions"


class SessionTwice(Invalid):
    """A session that is there has one time."""

    slug = "session-twice"
    message = msg("The session of {at} is there twice. Remove one of the two.")
    field_name = "sessions"


class FewerThanTaken(Invalid):
    """A workshop keeps a seat for each participant."""

    slug = "fewer-than-taken"
    message = msg("Places taken: {taken}. Enter at least this number.")
    field_name = "seats"


class WorkshopClosed(Refused):
    """A finished or cancelled workshop cannot be changed."""

    slug = "workshop-closed"
    message = msg("Current state of the workshop: {status}. This change is no longer possible. Reload the page.")
    field_name = "workshop_id"


class WorkshopFull(Refused):
    """Every seat is taken."""

    slug = "workshop-full"
    message = msg("The workshop is full. Put the person on the waiting list.")
    field_name = "workshop_id"


class DoubleSeat(Refused):
    """A visitor has one seat per workshop."""

    slug = "double-seat"
    message = msg("This person is already signed up or on the waiting list. Choose another person.")
    field_name = "subject_ref"


class NothingOffered(Refused):
    """No seat is offered to this person: none is free, or others wait for longer."""

    slug = "nothing-offered"
    message = msg("No place is offered to this person at the moment. Reload the page.")
    field_name = "seat_id"


class OfferOver(Refused):
    """The offer was declined, or not answered in time."""

    slug = "offer-over"
    message = msg("This offer ended on {at}, and the place went to the next person. Wait for another one on the list.")
    field_name = "seat_id"


class SeatHasArrived(Refused):
    """A participant whose arrival was recorded is recorded as absent."""

    slug = "seat-has-arrived"
    message = msg(
        "A participant arrived at {at} and is not ticked. Tick this person. Was the arrival recorded by mistake? The "
        "front desk can undo it."
    )
    field_name = "came"


class AttendanceStays(Refused):
    """The attendance of a finished workshop is corrected for some days."""

    slug = "attendance-stays"
    message = msg("The attendance of this workshop could be corrected until {until}. Leave it as it is.")
    field_name = "came"


class FinalInterviewBooked(Refused):
    """Who is recorded as absent from the last session has no final interview."""

    slug = "final-interview-booked"
    message = msg(
        "The final interview of a person who is not ticked is booked for {at}. Cancel this interview first, then "
        "correct the attendance."
    )
    field_name = "came"


class FinalInterviewHeld(Refused):
    """Who had the final interview attended the last session."""

    slug = "final-interview-held"
    message = msg("The final interview of a person who is not ticked took place on {at}. Tick this person.")
    field_name = "came"


class SeatNotTaken(Refused):
    """The seat is released, or not of this workshop."""

    slug = "seat-not-taken"
    message = msg("This place no longer exists in this workshop. Reload the page.")
    field_name = "seat_id"
