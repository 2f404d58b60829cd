"""Refusals of appointment times."""

from services.chassis.refusals import Invalid, Refused, msg


class WrongLength(Invalid):
    """Interviews of the individual service take one or two hours."""

    slug = "wrong-length"
    message = msg("A guidance interview takes one or two hours. Choose another length.")
    field_name = "minutes"


class NotOnQuarterHour(Invalid):
    """An appointment starts on a quarter-hour."""

    slug = "not-on-quarter-hour"
    message = msg("This time is not possible. Choose a time that ends in 00, 15, 30 or 45.")
    field_name = "starts_at"


class NotInFuture(Invalid):
    """An appointment lies in the future."""

    slug = "not-in-future"
    message = msg("This time is already over: {at}. Choose a later time.")
    field_name = "starts_at"


class TooFarAhead(Invalid):
    """Nothing is booked beyond the horizon, where public holidays are not known yet."""

    slug = "too-far-ahead"
    message = msg("This date is too far ahead: {at}. The last day that can be booked: {until}. Choose an earlier date.")
    field_name = "starts_at"


class TooLongAgo(Invalid):
    """No centre has older interviews and workshops, so that an older time is an error."""

    slug = "too-long-ago"
    message = msg("This date is too long ago: {at}. The first possible day: {earliest}. Enter a later date.")
    field_name = "starts_at"


class InTheFuture(Invalid):
    """A past time lies in the future."""

    slug = "in-the-future"
    message = msg("This time is in the future: {at}. It is now {now}. Enter a time in the past.")
    field_name = "starts_at"


class NotOfToday(Invalid):
    """A time earlier today lies on another day."""

    slug = "not-of-today"
    message = msg("This time is not today: {at}. Enter a time earlier today.")
    field_name = "began_at"


class OutsideHours(Invalid):
    """The centre is closed then."""

    slug = "outside-opening-hours"
    message = msg("The centre is closed at this time. Opening hours that day: {hours}. Choose another time.")
    field_name = "starts_at"


class ClosedThatDay(OutsideHours):
    """The centre is closed all that day."""

    message = msg("The centre is closed that day. Choose another day.")


class NoSuchLocalTime(Invalid):
    """The local time does not exist: the clocks are put forward."""

    slug = "no-such-local-time"
    message = msg("This time does not exist: summer time begins that night. Choose another time.")
    field_name = "starts_at"


class Overlap(Refused):
    """The counsellor, room or visitor is already booked at that time."""

    slug = "overlap"
    message = msg("At this time ({at}) {what}. Choose another time.")
    field_name = "starts_at"


class AlreadyBooked(Overlap):
    """This very appointment is booked: of this person, at this time, with this counsellor. A form was sent again."""

    slug = "already-booked"
    message = msg("This appointment is already booked: this person, this counsellor, {at}. Open it.")


class OtherAppointment(Overlap):
    """The person has another appointment at the time of a session: an interview, or a seat in another workshop."""

    slug = "other-appointment"
    message = msg(
        "There is already another appointment at the time of this workshop: {what}, {at}. Cancel or move one of the "
        "two."
    )
    field_name = "subject_ref"


class HoldOver(Refused):
    """The browser holds no such time: it chose another one, the hold is long over, or it is another browser's."""

    slug = "hold-over"
    message = msg("This time is no longer kept for you. Choose a time again.")
    field_name = "hold"


class OneOpenBooking(Refused):
    """A visitor has one open interview of those that they book themselves."""

    slug = "one-open-booking"
    message = msg("You already have an appointment: {at}. You can move or cancel it.")
    field_name = "starts_at"


class NothingToBook(Refused):
    """The visitor has no open path with room for one more interview, and no final interview that is due."""

    slug = "nothing-to-book"
    message = msg("You cannot book an appointment here at the moment. Ask your centre.")
    field_name = "starts_at"


class NotBooked(Refused):
    """A held, missed or cancelled interview cannot be changed."""

    slug = "not-booked"
    message = msg("This interview can no longer be changed. Current state: {status}. Reload the page.")
    field_name = "status"


class NoShowStays(Refused):
    """A no-show that was recorded by mistake is undone within some days."""

    slug = "no-show-stays"
    message = msg("Too late: this absence could be undone until {until}. Reload the page.")
    field_name = "status"


class MovedMeanwhile(Refused):
    """A visitor changes an appointment whose time is another one than the page showed them."""

    slug = "moved-meanwhile"
    message = msg("This appointment has another time in the meantime: {at}. Check it before you change it.")
    field_name = "starts_at"


class TooLateOnline(Refused):
    """A visitor cancels or moves an appointment later than the centres' notice allows, or when it has begun."""

    slug = "too-late-online"
    message = msg("You could change this appointment here until {at}. Ask your centre by telephone.")
    field_name = "starts_at"


class TooSoonOnline(Refused):
    """A visitor moves an appointment to a time that comes sooner than the notice."""

    slug = "too-soon-online"
    message = msg("This time is too soon. Choose a later one.")
    field_name = "starts_at"


class ReflectFirst(Refused):
    """A visitor books the next interview of a path; the team may book it within the time for reflection."""

    slug = "reflect-first"
    message = msg(
        "Between two interviews there is time to think. Choose a time from {day} on, or telephone your centre."
    )
    field_name = "starts_at"


class KeepsOrder(Refused):
    """A visitor moves an interview of a path between its others, with the time for reflection; the team freely."""

    slug = "keeps-order"
    message = msg(
        "Your next appointment comes after this one, with time to think between them. Choose a time until {day}, or "
        "telephone your centre."
    )
    field_name = "starts_at"


class NotYet(Refused):
    """It has not begun."""

    slug = "not-yet"
    message = msg("This has not started yet: {at}. You can record it after that time.")
    field_name = "starts_at"


class SpanBackwards(Invalid):
    """The last day is before the first."""

    slug = "span-backwards"
    message = msg("The last day is before the first. Change one of the two.")
    field_name = "until"


class SpanTooLong(Invalid):
    """Free times are looked for in so many days at once."""

    slug = "span-too-long"
    message = msg("Too many days at once. The last possible day: {until}. Ask for the others separately.")
    field_name = "until"


class UnknownSlot(Invalid):
    """A list cannot go on behind something that is no slot's id."""

    slug = "unknown-slot"
    message = msg("This is not the reference of a free time. Ask again from the beginning.")
    field_name = "after"
