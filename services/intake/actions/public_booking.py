"""Takes name and contact of a visitor who books on the public pages, and registers them once the contact is confirmed.

Before the confirmation nothing looks at who is registered: every request has the same effect, the same answer and one
message. Only who reads what is sent to a contact learns more.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.identity.tokens import Signer
from services.chassis.refusals import msg
from services.chassis.storage.store import Store, Work
from services.contracts.consent import Purpose
from services.contracts.public_booking import BookingRequested, ConfirmedPerson, HeldTime
from services.intake.actions import consent, messages, people
from services.intake.actions.confirmations import page_secret
from services.intake.domain.messages import meeting_at
from services.intake.domain.names import is_same_name
from services.intake.domain.public_booking import (
    SHOWN_AGAIN,
    TOKEN_VALID,
    ConfirmationEnded,
    TimeNoLongerHeld,
    TooManyUnconfirmed,
    channel_of,
    check_held,
    check_reachable,
)
from services.intake.store import Visitor
from services.intake.store.booking_requests import (
    BookingRequest,
    delete_requests,
    ended_requests,
    lock_requests_of,
    unconfirmed_at,
)
from services.intake.store.messages import keep_for
from services.intake.store.names import people_at

DELETED_AT_ONCE = 200
"""Requests that one unit of work deletes."""
_AT_A_CONTACT = 50
"""Persons with one contact who are compared with a name."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a visitor entered."""

    given_name: str
    family_name: str
    contact: str
    language: str
    reminders: bool

    @property
    def purposes(self) -> list[str]:
        """To what they consent: without guidance there is no form."""
        return [Purpose.GUIDANCE.value, *([Purpose.REMINDERS.value] if self.reminders else [])]


class RequestRules(NamedTuple):
    """What this platform's settings say about requests."""

    within: timedelta
    """How long a contact can be confirmed, from the time until which the time is held without it."""
    most: int
    """Requests of one centre that wait for their confirmation."""
    by_text: bool
    """Whether text messages can be sent."""


async def request_booking(work: Work, held: HeldTime, asked: Asked, rules: RequestRules) -> BookingRequest:
    """Keep the request, and send a link to the contact. The same hold again replaces it: its link ends.

    Raises `WrongContact`, `NotReachable`, `NoTextMessages`, `TimeNoLongerHeld`, `TooManyUnconfirmed`.
    """
    key = check_reachable(asked.contact, by_text=rules.by_text)
    check_held(held.held_until, work.now)
    row = await work.find(BookingRequest, held.hold_id)
    if row is not None and row.confirmed_at is not None:
        raise TimeNoLongerHeld()
    if row is None:
        if await unconfirmed_at(work.session, held.centre, work.now) >= rules.most:
            raise TooManyUnconfirmed()
        work.guard("booking_requests_key", TimeNoLongerHeld())
        row = work.add(_new_request(work, held, asked))
    row.code, row.subject_ref = uuid4(), uuid4()
    row.given_name, row.family_name = asked.given_name, asked.family_name
    row.contact, row.contact_key = asked.contact, key
    row.language, row.purposes = asked.language, asked.purposes
    row.requested_at, row.ends_at = work.now, held.held_until + rules.within
    work.emit(row, BookingRequested(hold_id=row.id, centre=row.centre, at=work.now, until=row.ends_at))
    meeting = meeting_at(row.id, held.starts_at, held.minutes)
    await messages.queue_confirmation(work, row.id, row.code, row.subject_ref, row.centre, meeting, row.ends_at)
    return row


def _new_request(work: Work, held: HeldTime, asked: Asked) -> BookingRequest:
    return BookingRequest(
        id=held.hold_id,
        code=uuid4(),
        subject_ref=uuid4(),
        centre=held.centre,
        held=held.model_dump(mode="json"),
        language=asked.language,
        purposes=asked.purposes,
        requested_at=work.now,
        ends_at=work.now,
    )


async def confirm(work: Work, request_id: UUID, code: UUID) -> tuple[BookingRequest, Visitor]:
    """The contact is confirmed: register the person, or recognise them by contact and name. Again: the same answer.

    Raises `ConfirmationEnded`, also if the person was erased since.
    """
    seen = await work.session.get(BookingRequest, request_id)
    if seen is not None:  # persons before requests, as an erasure does
        persons = [seen.subject_ref] if seen.confirmed_at is not None else [one.id for one in await _known(work, seen)]
        await work.prefetch(Visitor, sorted(persons))
    if seen is not None and seen.contact_key is not None:
        await lock_requests_of(work.session, seen.contact_key)
    row = await work.find(BookingRequest, request_id)
    if row is None or row.code != code or row.ends_at <= work.now:
        raise ConfirmationEnded(what=msg("link"))
    if row.confirmed_at is None:
        visitor = await _person_of(work, row)
        row.subject_ref, row.confirmed_at, row.ends_at = visitor.id, work.now, work.now + SHOWN_AGAIN
        await keep_for(work.session, row.id, visitor.id)
        row.given_name = row.family_name = row.contact = row.contact_key = None
        return row, visitor
    known = await work.find(Visitor, row.subject_ref)
    if known is None:
        raise ConfirmationEnded(what=msg("link"))
    return row, known


async def _person_of(work: Work, row: BookingRequest) -> Visitor:
    """Who asked: whom this centre registered with exactly this contact and this name, or a new person.

    Families and institutions share contacts, and only the desk compares similar names: it merges.
    """
    assert row.contact_key is not None
    assert row.given_name is not None
    assert row.family_name is not None
    known = next(iter(await _known(work, row)), None)
    if known is not None:
        known.contact_saved_at, known.contact_refused_at = work.now, None
        known.channel = known.channel or channel_of(row.contact_key)
        await consent.give_consent(work, known.id, row.purposes, f"visitor/{known.id}")
        return known
    row.is_new = True
    return people.add_visitor(
        work,
        people.NewPerson(row.centre, row.given_name, row.family_name, row.contact, row.language),
        row.purposes,
        f"visitor/{row.subject_ref}",
        subject_ref=row.subject_ref,
        correlation_id=row.correlation_id,
        channel=channel_of(row.contact_key),
    )


async def _known(work: Work, row: BookingRequest) -> list[Visitor]:
    """Whom this centre registered with the contact and the name of a request, the last one first."""
    name = row.given_name or "", row.family_name or ""
    there = await people_at(work.session, row.contact_key or "", [row.centre], _AT_A_CONTACT)
    return [one for one in there if is_same_name(name, (one.given_name, one.family_name))]


async def token_of(
    session: AsyncSession, row: BookingRequest, visitor: Visitor, signer: Signer, now: datetime
) -> ConfirmedPerson:
    """What scheduling accepts once: whose time it is. Raises `ConfirmationEnded` if they consent no more."""
    purposes = {one.purpose for one in await consent.consents_in_force(session, visitor.id)}
    if Purpose.GUIDANCE not in purposes:
        raise ConfirmationEnded(what=msg("link"))
    return ConfirmedPerson(
        id=row.code,
        held=HeldTime.model_validate(row.held),
        subject_ref=visitor.id,
        registered_at_centre=visitor.centre,
        registered_at=visitor.registered_at,
        correlation_id=visitor.correlation_id,
        purposes=tuple(sorted(purposes)),
        expires_at=now + TOKEN_VALID,
        continues_at=f"/intake/book/page/{page_secret(signer, row.code)}" if row.is_new else None,
    )


async def delete_ended(store: Store) -> bool:
    """Delete the requests whose time is over, with name and contact. True: there may be more."""
    async with store.work() as work:
        ended = await ended_requests(work.session, work.now, DELETED_AT_ONCE)
        await delete_requests(work.session, ended)
    return len(ended) == DELETED_AT_ONCE
