"""What a text of a message looks like with sample values, before anyone gets it."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from services.chassis.mail.gsm import MOST_SEGMENTS, segments
from services.contracts.appointments import AppointmentMode
from services.intake.actions.letters import SHORT_NAME, Addresses, body_of, centre_address, sms_with_room, values_of
from services.intake.domain.message_texts import Placeholder, TextMessageTooLong, Texts, check_texts, filled
from services.intake.domain.messages import MailPurpose, Meeting
from services.intake.store import Centre

_NOBODY = UUID(int=0)
_SECRET = "x" * 22
"""As long as the secrets in the addresses of messages."""


class Preview(NamedTuple):
    """A message with sample values."""

    subject: str
    body: str
    sms: str
    segments: int
    """Of the text message."""
    most: int
    """Its segments if the centre's name is as long as one may be, and the mode the longest one."""


def preview(texts: Texts, purpose: MailPurpose, centre: Centre, public_url: str, now: datetime, lang: str) -> Preview:
    """The message to a person of this centre who has a personal link, about an appointment in a week.

    Raises as `check_texts`, and `TextMessageTooLong`.
    """
    check_texts(texts, purpose)
    url = public_url.rstrip("/")
    own, stop = f"{url}/intake/l/{_SECRET}", f"{url}/intake/stop/{_SECRET}"
    addresses = Addresses(own, stop, centre=centre_address(url, centre.code))
    at = (now.astimezone(centre.zone) + timedelta(days=7)).replace(hour=9, minute=15, second=0, microsecond=0)
    meetings = [Meeting(_NOBODY, at, at + timedelta(hours=1))] if purpose.has_times else []
    values, short = (values_of(centre, meetings, addresses, lang, until=at, short=short) for short in (False, True))
    text = sms_with_room(texts, short)
    modes = [[replace(one, mode=mode) for one in meetings] for mode in AppointmentMode]
    in_modes = (values_of(centre, one, addresses, lang, until=at, short=True) for one in modes)
    longest = max(in_modes, key=lambda one: len(str(one)))
    most = segments(sms_with_room(texts, {**longest, Placeholder.CENTRE: "m" * SHORT_NAME}))
    if most > MOST_SEGMENTS:
        raise TextMessageTooLong(parts=most, most=MOST_SEGMENTS)
    return Preview(filled(texts.subject, values), body_of(texts, values), text, segments(text), most)
