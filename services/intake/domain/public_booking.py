"""The rules of bookings on the public pages: a contact counts once it is confirmed, and nothing shows who is known."""

from datetime import datetime, timedelta

from services.chassis.refusals import Invalid, NotFound, Refused, msg
from services.intake.domain.contacts import ContactChannel, channels_of, check_contact

SHOWN_AGAIN = timedelta(days=1)
"""How long after its confirmation the link in the message still leads to the appointment."""
TOKEN_VALID = timedelta(minutes=15)
"""How long scheduling accepts that a contact was confirmed: long enough to choose another time."""


class ContactNeeded(Invalid):
    """No contact was given."""

    slug = "contact-needed"
    message = msg("Enter an e-mail address or a mobile number. We send you a link there.")
    field_name = "contact"


class NotReachable(Invalid):
    """The number takes no text messages."""

    slug = "not-reachable"
    message = msg("This number cannot receive text messages. Enter a mobile number or an e-mail address.")
    field_name = "contact"


class NoTextMessages(Invalid):
    """Only a mobile number was given, where no SMS gateway is set up."""

    slug = "no-text-messages"
    message = msg("We cannot send text messages here. Enter an e-mail address.")
    field_name = "contact"


class ConsentNeeded(Invalid):
    """Without consent to guidance nothing is stored about a person, so nothing is booked."""

    slug = "consent-needed"
    message = msg("Tick this box to book. Without an appointment you can come to the centre and give no name.")
    field_name = "agreed"


class TimeNoLongerHeld(Refused):
    """The time was chosen too long ago."""

    slug = "time-no-longer-held"
    message = msg("This time is no longer kept for you. Choose a time again.")


class TooManyUnconfirmed(Refused):
    """Many bookings wait for a confirmation at this centre."""

    slug = "too-many-unconfirmed"
    message = msg(
        "Many people are booking at this centre at the moment. Try again in half an hour, or come without an "
        "appointment."
    )


class ConfirmationEnded(NotFound):
    """The link was not opened in time, or another one replaced it."""

    slug = "confirmation-ended"
    message = msg("This link is no longer valid: the appointment was not confirmed in time. Choose a time again.")


def check_reachable(contact: str | None, *, by_text: bool) -> str:
    """The key of a contact to which a link can be sent. `by_text`: text messages can be sent.

    Raises `ContactNeeded`, `WrongContact`, `NotReachable`, `NoTextMessages`.
    """
    key = check_contact(contact)
    if key is None:
        raise ContactNeeded()
    channels = channels_of(key)
    if ContactChannel.EMAIL not in channels and not by_text:
        raise NoTextMessages()
    if not {ContactChannel.EMAIL, ContactChannel.SMS} & set(channels):
        raise NotReachable()
    return key


def channel_of(key: str) -> ContactChannel:
    """How a confirmed contact is reached."""
    return ContactChannel.EMAIL if "@" in key else ContactChannel.SMS


def check_held(held_until: datetime, now: datetime) -> None:
    """The request comes while the time is held. Raises `TimeNoLongerHeld`."""
    if now >= held_until:
        raise TimeNoLongerHeld()
