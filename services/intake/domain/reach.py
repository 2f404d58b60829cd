"""Why no message reaches a person, so that the team telephones them."""

from enum import StrEnum

from services.chassis.refusals import msg, with_words
from services.intake.domain.contacts import ContactChannel, contact_key, takes_text_messages


class NotReached(StrEnum):
    """Why no message goes out to a person."""

    NO_CONSENT = "no-consent"
    NO_CONTACT = "no-contact"
    REFUSED = "contact-refused"
    NO_MAIL = "no-mail-server"
    NO_TEXTS = "no-sms-gateway"
    CALLS = "calls"
    NOT_CHOSEN = "not-chosen"
    NO_MOBILE = "no-mobile"


NOT_REACHED_WORDS = {
    NotReached.NO_CONSENT: msg("The person does not consent to messages."),
    NotReached.NO_CONTACT: msg("The person left no e-mail address and no phone number."),
    NotReached.REFUSED: msg("The contact was refused."),
    NotReached.NO_MAIL: msg("E-mails are not set up here."),
    NotReached.NO_TEXTS: msg("Text messages are not set up here."),
    NotReached.CALLS: msg("The person wants to be telephoned."),
    NotReached.NOT_CHOSEN: msg("The person left a mobile number, and did not choose text messages."),
    NotReached.NO_MOBILE: msg("The person left a phone number that takes no text messages."),
}
with_words(NOT_REACHED_WORDS)


def not_reached(
    contact: str | None, channel: str | None, *, agrees: bool, refused: bool, mails: bool, texts: bool
) -> NotReached | None:
    """Why nothing is sent to this contact; None: messages go out.

    `refused`: by the mail server or the gateway. `mails`, `texts`: whether the platform sends e-mails, text messages.
    """
    key = contact_key(contact) if contact else None
    if key is None:
        return NotReached.NO_CONTACT
    if not agrees:
        return NotReached.NO_CONSENT
    if "@" in key and not mails:
        return NotReached.NO_MAIL
    why = None if "@" in key else _not_texted(key, channel, texts=texts)
    return why or (NotReached.REFUSED if refused else None)


def _not_texted(key: str, channel: str | None, *, texts: bool) -> NotReached | None:
    """Why no text message is sent to this number."""
    if channel == ContactChannel.CALL:
        return NotReached.CALLS
    if not takes_text_messages(key):
        return NotReached.NO_MOBILE
    if not texts:
        return NotReached.NO_TEXTS
    return None if channel == ContactChannel.SMS else NotReached.NOT_CHOSEN
