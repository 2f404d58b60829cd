"""Composes messages to registered persons when they are sent, so that no address and no text is stored.

A letter holds a time, a centre and the personal link: no name, no text of a plan, no provider.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.i18n import date_text, translate
from services.chassis.identity.tokens import Signer, signer
from services.chassis.mail.messages import CalendarPart, Letter
from services.chassis.mail.transports import NothingToSend, NotYet
from services.chassis.refusals import msg
from services.chassis.runtime.settings import Settings
from services.chassis.storage.store import Store
from services.intake.actions.links import mailed_address
from services.intake.actions.messages import agrees
from services.intake.domain.contacts import contact_key
from services.intake.domain.messages import MailPurpose, Meeting, send_at
from services.intake.store import Centre, Visitor, current_link
from services.intake.store.messages import Message

_STOP = "stop-messages"
_DOMAIN = "cefo"
"""After the id of an appointment in calendars: an id is worldwide its own already."""


class Words(NamedTuple):
    """The subject of a message, and what it says above the time (msgids)."""

    subject: str
    text: str


WORDS = {
    MailPurpose.APPOINTMENT_BOOKED: Words(
        msg("Your appointment on {date} at {time}"), msg("Your appointment is booked. We look forward to seeing you.")
    ),
    MailPurpose.APPOINTMENT_MOVED: Words(
        msg("New time: your appointment on {date} at {time}"), msg("Your appointment has a new time.")
    ),
    MailPurpose.APPOINTMENT_CANCELLED: Words(
        msg("Cancelled: your appointment on {date} at {time}"),
        msg("This appointment is cancelled. Ask the centre for a new one if you want one."),
    ),
    MailPurpose.APPOINTMENT_REMINDER: Words(
        msg("Reminder: your appointment on {date} at {time}"), msg("This is a reminder of your appointment.")
    ),
    MailPurpose.WORKSHOP_PLACE: Words(
        msg("You have a place in the workshop from {date}"), msg("You have a place in a workshop.")
    ),
    MailPurpose.WORKSHOP_CANCELLED: Words(
        msg("Cancelled: your workshop on {date} at {time}"),
        msg("You no longer have a place in this workshop. Ask the centre about other dates."),
    ),
    MailPurpose.WORKSHOP_REMINDER: Words(
        msg("Reminder: your workshop on {date} at {time}"), msg("This is a reminder of your workshop.")
    ),
    MailPurpose.FINALISING_DUE: Words(
        msg("Your workshop is over: book your final interview"),
        msg("Your workshop is over. Only the final interview is left. Ask your centre for a date."),
    ),
    MailPurpose.PLAN_TASKS: Words(
        msg("There are new actions in your plan"), msg("There are new actions in your plan.")
    ),
    MailPurpose.REFERRAL_ANSWERED: Words(
        msg("There is an answer to your referral"), msg("A provider has answered your referral.")
    ),
}


class Letters:
    """The letters of intake's messages, in each person's language."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    @cached_property
    def _signer(self) -> Signer:
        return signer(self._settings)  # not before the data folder is there

    async def compose(self, row: Message) -> Letter:
        """The letter of a message. Raises `NothingToSend`: the person is erased, agrees no more or has no e-mail.

        Raises `NotYet` at night, if it can wait: the mail server may have been away since the evening.
        """
        async with self._store.read() as session:
            visitor = await session.get(Visitor, row.subject_ref)
            if visitor is None or not await agrees(session, row.subject_ref):
                raise NothingToSend("no-consent")
            return await self._letter(session, row, visitor, email_of(visitor.contact))

    async def _letter(self, session: AsyncSession, row: Message, visitor: Visitor, address: str) -> Letter:
        centre = await session.get(Centre, row.centre)
        if centre is None:
            raise NothingToSend("no-centre")
        now = self._store.clock()
        if (at := send_at(now, row.useful_until, centre.zone)) > now:
            raise NotYet(at)
        purpose, lang = MailPurpose(row.purpose), visitor.language
        meetings = [Meeting.of(one) for one in row.meetings]
        link = await current_link(session, visitor.id)
        url = self._settings.public_url
        page = mailed_address(self._signer, url, link, now)
        stop = stop_address(self._signer, url, visitor.id)
        sentences = [translate(WORDS[purpose].text, lang), *([_where(centre, meetings, lang)] if meetings else [])]
        return Letter(
            recipient=address,
            subject=_filled(WORDS[purpose].subject, centre, meetings, lang),
            body=_text(*_paragraphs(sentences, purpose, page, stop, lang), centre.name),
            lang=lang,
            calendar=calendar_of(row, purpose, meetings, centre.name, lang) if purpose.in_calendar else None,
            unsubscribe=stop,
        )


def email_of(contact: str | None) -> str:
    """The e-mail address that a person left. Raises `NothingToSend` where they left none."""
    key = contact_key(contact) if contact else None
    if key is None or "@" not in key:
        raise NothingToSend("no-address")
    return key


def stop_address(signer: Signer, public_url: str, subject_ref: UUID) -> str:
    """The URL at which the person stops such messages. It does nothing else, and who has it can do nothing else."""
    return f"{public_url.rstrip('/')}/intake/stop/{signer.disguise(_STOP, subject_ref)}"


def persons_at(signer: Signer, secret: str) -> Sequence[UUID]:
    """The persons whose messages may be stopped at this address."""
    return signer.undisguise(_STOP, secret)


def _paragraphs(sentences: Sequence[str], purpose: MailPurpose, page: str | None, stop: str, lang: str) -> list[str]:
    found = [translate("Hello,", lang), *sentences]
    if purpose in (MailPurpose.APPOINTMENT_BOOKED, MailPurpose.APPOINTMENT_MOVED, MailPurpose.APPOINTMENT_REMINDER):
        found.append(translate("Can you not come? Please tell your centre as early as you can.", lang))
    if page is not None:
        found.append(_lines(translate("Your page, which opens with your PIN:", lang), page))
    return [
        *found,
        _lines(
            translate("You gave your consent to messages from your centre. To stop them, open this page:", lang), stop
        ),
    ]


def _where(centre: Centre, meetings: Sequence[Meeting], lang: str) -> str:
    """Each time on a line of its own, then the centre."""
    times = [f"{_day(one, centre.zone, lang)}, {_clock(one.starts_at, centre.zone)}" for one in meetings]
    return _lines(*(one[:1].upper() + one[1:] for one in times), centre.name)


def _filled(text: str, centre: Centre, meetings: Sequence[Meeting], lang: str) -> str:
    first = next(iter(meetings), None)
    if first is None:
        return translate(text, lang)
    day, clock = date_text(first.starts_at.astimezone(centre.zone), lang=lang), _clock(first.starts_at, centre.zone)
    return translate(text, lang).format(date=day, time=clock)


def _day(one: Meeting, zone: ZoneInfo, lang: str) -> str:
    return date_text(one.starts_at.astimezone(zone), "full", lang)


def _clock(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%H:%M}"


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
            f"LOCATION:{_escaped(place)}",
            f"STATUS:{status}",
            "END:VEVENT",
        )
    return CalendarPart("\r\n".join([*lines, "END:VCALENDAR", ""]), method)


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _escaped(text: str) -> str:
    """As RFC 5545 writes a text. A centre's name is short enough for one line."""
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _lines(*lines: str) -> str:
    return "\n".join(lines)


def _text(*paragraphs: str) -> str:
    return "\n\n".join(paragraphs) + "\n"
