"""The appointments of a message as invitations, which a mail program puts into the person's calendar (RFC 5546)."""

from collections.abc import Sequence
from email.headerregistry import Address
from zoneinfo import ZoneInfo

from services.chassis.calendars.writing import Entry, invitation, method_of
from services.chassis.i18n import translate, word_of
from services.chassis.mail.messages import CalendarPart
from services.contracts.appointments import AppointmentMode
from services.intake.domain.messages import MailPurpose, Meeting
from services.intake.store.messages import Message


def invitations_of(
    row: Message,
    purpose: MailPurpose,
    meetings: Sequence[Meeting],
    *,
    place: str,
    zone: ZoneInfo,
    sender: Address,
    recipient: str,
    lang: str,
) -> list[CalendarPart]:
    """One for each appointment, as RFC 5546 wants it. A new edition replaces the one before; a cancellation ends it.

    None if the message changes nothing in a calendar. The sender of all messages is the organiser, by the name of the
    centre.
    """
    if not purpose.in_calendar:
        return []
    what = translate("Workshop", lang) if purpose.value.startswith("workshop") else translate("Appointment", lang)
    entries = [
        Entry(
            id=one.id,
            sequence=row.edition,
            stamped_at=row.queued_at,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            zone=zone,
            summary=what,
            location=_location(one, place, lang),
            cancelled=purpose.cancels,
        )
        for one in meetings
    ]
    organizer = Address(display_name=place, addr_spec=sender.addr_spec)
    return [CalendarPart(invitation(one, organizer, recipient), method_of(one)) for one in entries]


def _location(one: Meeting, centre: str, lang: str) -> str:
    """Where the person is expected: at the centre, or how they speak with it. Never the address of a video link."""
    return centre if one.mode is AppointmentMode.IN_PERSON else f"{centre} ({word_of(one.mode, lang=lang)})"
