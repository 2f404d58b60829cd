"""Composes messages to registered persons when they are sent, so that no address and no text is stored.

A letter holds a time, a centre and the personal link: no name, no text of a plan, no provider.
"""

from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from functools import cached_property
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.i18n import date_text, translate, word_of
from services.chassis.identity.tokens import Signer, signer
from services.chassis.mail.errors import NothingToSend, NotYet
from services.chassis.mail.gsm import fits, in_alphabet
from services.chassis.mail.messages import Letter, Outgoing, TextMessage, one_line
from services.chassis.mail.transports import DEMO_SENDER, sender_of
from services.chassis.refusals import msg
from services.chassis.runtime.settings import Settings
from services.chassis.storage.store import Store
from services.contracts.appointments import AppointmentMode
from services.intake.actions.calendars import invitations_of
from services.intake.actions.confirmations import confirmation_secret
from services.intake.actions.links import link_of_person, mailed_address
from services.intake.actions.message_texts import texts_for
from services.intake.actions.messages import agrees
from services.intake.domain.contacts import ContactChannel, contact_key, takes_text_messages
from services.intake.domain.message_texts import Placeholder, Texts, Values, filled, filled_parts
from services.intake.domain.messages import MailPurpose, Meeting, send_at
from services.intake.store import Centre, Visitor
from services.intake.store.booking_requests import BookingRequest
from services.intake.store.messages import Message

SHORT_NAME = 40
"""How much of a centre's name a text message has."""
_STOP = "stop-messages"
_TO_JOIN = msg("Your page says how to join.")
"""Of an interview by video. The page has the centre's address for it; no message has that."""


class Letters:
    """The letters of intake's messages, in each person's language."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    @cached_property
    def _signer(self) -> Signer:
        return signer(self._settings)  # not before the data folder is there

    async def compose(self, row: Message) -> Outgoing:
        """The letter or the text message. Raises `NothingToSend`: the person is erased, agrees no more, has no address.

        Raises `NotYet` at night, if it can wait: the mail server may have been away since the evening.
        """
        async with self._store.read() as session:
            if MailPurpose(row.purpose).confirms:
                return await self._to_confirm(session, row)
            visitor = await session.get(Visitor, row.subject_ref)
            if visitor is None or not await agrees(session, row.subject_ref):
                raise NothingToSend("no-consent")
            return await self._message(session, row, visitor)

    async def _to_confirm(self, session: AsyncSession, row: Message) -> Outgoing:
        """The message with the link that confirms a contact. Raises `NothingToSend`: it was replaced, or confirmed."""
        asked = await session.get(BookingRequest, row.about)
        centre = await session.get(Centre, row.centre)
        if asked is None or asked.contact_key is None or asked.subject_ref != row.subject_ref:
            raise NothingToSend("replaced")
        if centre is None:
            raise NothingToSend("no-centre")
        texts = await texts_for(session, centre.code, MailPurpose(row.purpose), asked.language)
        secret = confirmation_secret(self._signer, asked.code)
        page = f"{self._settings.public_url.rstrip('/')}/intake/confirm/{secret}"
        send = letter if "@" in asked.contact_key else text_message
        return send(
            row,
            texts,
            centre,
            Addresses(page, None, centre=centre_address(self._settings.public_url, centre.code)),
            asked.contact_key,
            asked.language,
        )

    async def _message(self, session: AsyncSession, row: Message, visitor: Visitor) -> Outgoing:
        number, address = number_of(visitor), email_of(visitor)
        if number is None and address is None:
            raise NothingToSend("no-address")
        if visitor.contact_refused_at is not None:
            raise NothingToSend("contact-refused")
        centre = await session.get(Centre, row.centre)
        if centre is None:
            raise NothingToSend("no-centre")
        now = self._store.clock()
        if (at := send_at(now, row.useful_until, centre.zone)) > now:
            raise NotYet(at)
        url, lang = self._settings.public_url, visitor.language
        stop = stop_address(self._signer, url, visitor.id)
        page = mailed_address(self._signer, url, await link_of_person(session, visitor.id, now), now)
        afar = any(Meeting.of(one).mode is not AppointmentMode.IN_PERSON for one in row.meetings)
        texts, without = [
            await texts_for(
                session, centre.code, MailPurpose(row.purpose), lang, afar=afar, several=len(row.meetings) > 1, page=has
            )
            for has in (page is not None, False)
        ]
        addresses = Addresses(page, stop, sender_of(self._settings), centre_address(url, centre.code))
        if number is not None:
            return text_message(row, texts, centre, addresses, number, lang, without)
        assert address is not None
        return letter(row, texts, centre, addresses, address, lang)


def email_of(visitor: Visitor) -> str | None:
    """The e-mail address that a person left; None: they left none."""
    key = contact_key(visitor.contact) if visitor.contact else None
    return key if key is not None and "@" in key else None


def number_of(visitor: Visitor) -> str | None:
    """The number to which a person wants text messages; None: they want none, or it is no mobile telephone's."""
    key = contact_key(visitor.contact) if visitor.contact and visitor.channel == ContactChannel.SMS else None
    return key if key is not None and takes_text_messages(key) else None


def stop_address(signer: Signer, public_url: str, subject_ref: UUID) -> str:
    """The URL at which the person stops such messages. It does nothing else, and who has it can do nothing else."""
    return f"{public_url.rstrip('/')}/intake/stop/{signer.disguise(_STOP, subject_ref)}"


def centre_address(public_url: str, code: str) -> str:
    """The URL of the page of a centre, which is open to everyone: how it is reached, and when it is open."""
    return f"{public_url.rstrip('/')}/directory/centres/{code}"


def persons_at(signer: Signer, secret: str) -> Sequence[UUID]:
    """The persons whose messages may be stopped at this address."""
    return signer.undisguise(_STOP, secret)


class Addresses(NamedTuple):
    """The addresses in a message. `page`: None, if the personal link opens nothing, or has no PIN."""

    page: str | None
    stop: str | None
    """None: the contact is not confirmed yet, and there are no messages to stop."""
    sender: Address = DEMO_SENDER
    """Who invites, in calendars."""
    centre: str | None = None
    """The public page of the centre in the directory, with its telephone number and opening hours."""


def letter(row: Message, texts: Texts, centre: Centre, addresses: Addresses, recipient: str, lang: str) -> Letter:
    """The e-mail of a message."""
    purpose, meetings = MailPurpose(row.purpose), [Meeting.of(one) for one in row.meetings]
    values = values_of(centre, meetings, addresses, lang, until=row.useful_until)
    return Letter(
        recipient=recipient,
        subject=one_line(filled(texts.subject, values)),
        body=body_of(texts, values) + "\n",
        lang=lang,
        calendars=invitations_of(
            row,
            purpose,
            meetings,
            place=centre.name,
            zone=centre.zone,
            sender=addresses.sender,
            recipient=recipient,
            lang=lang,
        ),
        unsubscribe=addresses.stop,
    )


def text_message(
    row: Message,
    texts: Texts,
    centre: Centre,
    addresses: Addresses,
    recipient: str,
    lang: str,
    without: Texts | None = None,
) -> TextMessage:
    """The text message: of two segments at most. Without room it has no address of the centre, or no personal link.

    `without`: what it says where there is no such link.
    """
    meetings = [Meeting.of(one) for one in row.meetings]
    values = values_of(centre, meetings, addresses, lang, until=row.useful_until, short=True)
    text = in_alphabet(sms_of(texts, values))
    if not fits(text) and MailPurpose(row.purpose).confirms:
        return TextMessage(recipient, in_alphabet(values[Placeholder.LINK]), lang)
    return TextMessage(recipient, sms_with_room(texts, values, without), lang)


def sms_with_room(texts: Texts, values: Values, without: Texts | None = None) -> str:
    """The text of a text message, in its alphabet, with as many of its addresses as two segments have room for.

    `without`: what it says where there is no personal link.
    """
    text = in_alphabet(sms_of(texts, values))
    for left_out in ((Placeholder.CONTACT,), (Placeholder.LINK,), (Placeholder.LINK, Placeholder.CONTACT)):
        if fits(text):
            break
        chosen = texts if Placeholder.LINK not in left_out else without or texts
        text = in_alphabet(sms_of(chosen, {name: value for name, value in values.items() if name not in left_out}))
    return text


def body_of(texts: Texts, values: Values) -> str:
    """The text of an e-mail, without the paragraph of the personal link where there is none."""
    return filled_parts(texts.body, values, "\n\n")


def sms_of(texts: Texts, values: Values) -> str:
    """The text of a text message, without the line of the personal link where there is none."""
    return filled_parts(texts.sms, values, "\n")


def values_of(
    centre: Centre,
    meetings: Sequence[Meeting],
    addresses: Addresses,
    lang: str,
    *,
    until: datetime,
    short: bool = False,
) -> Values:
    """What stands at the placeholders. The first of `meetings` is the one that is named alone.

    `until`: the end of what is offered. `short`: as a text message has it.
    """
    ends = until.astimezone(centre.zone)
    values = {
        Placeholder.CENTRE: centre.name[:SHORT_NAME] if short else centre.name,
        Placeholder.STOP: addresses.stop or "",
        Placeholder.UNTIL: f"{date_text(ends, 'short' if short else 'long', lang)}, {ends:%H:%M}",
    }
    if addresses.page is not None:
        values[Placeholder.LINK] = addresses.page
    if addresses.centre is not None:
        values[Placeholder.CONTACT] = addresses.centre
    if meetings:
        first = meetings[0].starts_at.astimezone(centre.zone)
        values[Placeholder.DATE] = date_text(first, "short" if short else "long", lang)
        values[Placeholder.TIME] = f"{first:%H:%M}{_mode(meetings[0], lang)}"
        in_order = sorted(meetings, key=lambda one: one.starts_at)
        values[Placeholder.TIMES] = "\n".join(_day_and_time(one, centre.zone, lang) for one in in_order)
        by_video = any(one.mode is AppointmentMode.VIDEOCONFERENCE for one in meetings)
        if by_video and addresses.page is not None and not short:
            values[Placeholder.TIMES] += f"\n{translate(_TO_JOIN, lang)}"
    return values


def _day_and_time(one: Meeting, zone: ZoneInfo, lang: str) -> str:
    at = one.starts_at.astimezone(zone)
    day = date_text(at, "full", lang)
    return f"{day[:1].upper()}{day[1:]}, {at:%H:%M}{_mode(one, lang)}"


def _mode(one: Meeting, lang: str) -> str:
    """How it takes place, behind its time. An appointment at the centre says nothing: its place follows."""
    return "" if one.mode is AppointmentMode.IN_PERSON else f" ({word_of(one.mode, lang=lang)})"
