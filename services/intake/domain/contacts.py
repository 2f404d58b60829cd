"""A person's contact: an e-mail address or a telephone number, checked, and the form in which it is compared."""

from enum import StrEnum

import phonenumbers

from services.chassis.mail.addresses import WrongEmail, check_address
from services.chassis.refusals import Invalid, msg, with_words
from services.contracts.phones import own_number


class ContactChannel(StrEnum):
    """How a person wants to be reached."""

    EMAIL = "email"
    SMS = "sms"
    CALL = "call"


CHANNEL_LABELS = {
    ContactChannel.EMAIL: msg("by e-mail"),
    ContactChannel.SMS: msg("by text message"),
    ContactChannel.CALL: msg("by a phone call"),
}
with_words(CHANNEL_LABELS)


class WrongChannel(Invalid):
    """The contact cannot be reached in this way."""

    slug = "wrong-channel"
    message = msg("This does not fit the contact. Choose another way, or change the contact.")
    field_name = "channel"


class WrongContact(Invalid):
    """It is neither an e-mail address nor a telephone number that exists."""

    slug = "wrong-contact"
    message = msg(
        "This is no phone number or e-mail address. Check it, for example: 0470 12 34 56. "
        "A number from another country needs its code: +33 6 12 34 56 78."
    )
    field_name = "contact"


def contact_key(contact: str) -> str | None:
    """The address in lower case, or the number with its country's code. None: it is neither."""
    try:
        return check_address(contact) if "@" in contact else own_number(contact)
    except WrongEmail:
        return None


def check_contact(contact: str | None) -> str | None:
    """The key of the contact; None: there is none. Raises `WrongContact`."""
    if contact is None:
        return None
    key = contact_key(contact)
    if key is None:
        raise WrongContact()
    return key


def is_number(contact: str) -> bool:
    """Whether the contact is a telephone number."""
    key = contact_key(contact)
    return key is not None and "@" not in key


def masked(contact: str) -> str:
    """Enough of a contact to tell two people apart, not enough to use it: `z…@example.org`, `…56`."""
    name, at, host = contact.rpartition("@")
    return f"{name[:1]}…@{host}" if at else f"…{contact.strip()[-2:]}"


def takes_text_messages(key: str) -> bool:
    """Whether this is the number of a telephone that may take text messages: not one that is on a line for sure."""
    if "@" in key:
        return False
    kind = phonenumbers.number_type(phonenumbers.parse(key))
    return kind in (
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
        phonenumbers.PhoneNumberType.UNKNOWN,
        phonenumbers.PhoneNumberType.PERSONAL_NUMBER,
    )


def channels_of(key: str | None) -> tuple[ContactChannel, ...]:
    """In which ways a contact, by its key, can be reached."""
    if key is None:
        return ()
    if "@" in key:
        return (ContactChannel.EMAIL,)
    return (ContactChannel.SMS, ContactChannel.CALL) if takes_text_messages(key) else (ContactChannel.CALL,)


def check_channel(key: str | None, channel: ContactChannel | None) -> None:
    """The contact, by its key, can be reached in this way. Raises `WrongChannel`."""
    if channel is not None and channel not in channels_of(key):
        raise WrongChannel()
