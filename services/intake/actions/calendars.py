"""The appointments of a message as a file for the person's calendar (RFC 5545)."""

from collections.abc import Sequence
from datetime import UTC, datetime

from services.chassis.i18n import translate, word_of
from services.chassis.mail.messages import CalendarPart
from services.contracts.appointments import AppointmentMode
from services.intake.domain.messages import MailPurpose, Meeting
from services.intake.store.messages import Message

_DOMAIN = "cefo"
"""After the id of an appointment in calendars: an id is worldwide its own already."""


def calendar_of(row: Message, purpose: MailPurpose, meetings: Sequence[Meeting], place: str, lang: str) -> CalendarPart:
    """The appointments for the person's calendar, where a new edition replaces the one before."""
    method, status = ("CANCEL", "CANCELLED") if purpose.cancels else ("PUBLISH", "CONFIRMED")
    what = translate("Workshop", lang) if purpose.value.startswith("workshop") else translate("Appointment", lang)
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//cefo//intake//EN", f"METHOD:{method}"]
    for one in meetings:
        lines += (
            "BEGIN:VEVENT",
            f"UID:{one.id}@{_DOMAIN}",
            f"SEQUENCE:{row.edition}",
            f"DTSTAMP:{_utc(row.queued_at)}",
            f"DTSTART:{_utc(one.starts_at)}",
            f"DTEND:{_utc(one.ends_at)}",
            f"SUMMARY:{_escaped(what)}",
            f"LOCATION:{_escaped(_location(one, place, lang))}",
            f"STATUS:{status}",
            "END:VEVENT",
        )
    return CalendarPart("\r\n".join([*lines, "END:VCALENDAR", ""]), method)


def _location(one: Meeting, centre: str, lang: str) -> str:
    """Where the person is expected: at the centre, or how they speak with it. Never the address of a video link."""
    return centre if one.mode is AppointmentMode.IN_PERSON else f"{centre} ({word_of(one.mode, lang=lang)})"


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _escaped(text: str) -> str:
    """As RFC 5545 writes a text. A centre's name is short enough for one line."""
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")
