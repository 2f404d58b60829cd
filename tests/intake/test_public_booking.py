"""A visitor who books on the public pages: registered once the contact is confirmed, recognised by it, or deleted."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from services.chassis.identity.tokens import Signer
from services.chassis.mail.errors import NothingToSend
from services.chassis.mail.messages import Letter, TextMessage
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock, quiet_settings
from services.contracts.intake import VisitorConsentGiven, VisitorRegistered
from services.contracts.public_booking import BookingRequested, HeldTime
from services.intake.actions import erasure
from services.intake.actions import public_booking as booking
from services.intake.actions.confirmations import confirmation_secret, request_at
from services.intake.actions.consent import withdraw_consent
from services.intake.actions.letters import Letters
from services.intake.domain.contacts import WrongContact
from services.intake.domain.public_booking import (
    ConfirmationEnded,
    NoTextMessages,
    NotReachable,
    TimeNoLongerHeld,
    TooManyUnconfirmed,
)
from services.intake.store import Visitor
from services.intake.store.booking_requests import BookingRequest
from services.intake.store.messages import Message
from tests.givens.events import emitted_events
from tests.givens.intake import MONDAY
from tests.givens.rows import rows_of
from tests.intake.test_persons import registered

WITHIN = timedelta(minutes=25)
ADA = ("Ada", "Lemaire", "ada@example.org")
SIGNER = Signer("a-key-for-tests-that-is-long-enough", 8)


def a_held_time(hold_id: UUID | None = None, centre: str = "liege") -> HeldTime:
    return HeldTime(
        hold_id=hold_id or uuid4(),
        centre=centre,
        area="choose-path",
        starts_at=MONDAY + timedelta(days=2),
        minutes=60,
        held_until=MONDAY + timedelta(minutes=5),
    )


def asked(given_name: str, family_name: str, contact: str, *, reminders: bool = True) -> booking.Asked:
    return booking.Asked(given_name, family_name, contact, "fr", reminders)


async def requested(
    store: Store, who: booking.Asked, held: HeldTime | None = None, most: int = 50, *, by_text: bool = True
) -> tuple[UUID, UUID]:
    """The id and the code of a request."""
    async with store.work() as work:
        row = await booking.request_booking(
            work, held or a_held_time(), who, booking.RequestRules(WITHIN, most, by_text)
        )
        return row.id, row.code


async def confirmed(store: Store, request: tuple[UUID, UUID]) -> UUID:
    """Whose request it is, once it is confirmed."""
    async with store.work() as work:
        return (await booking.confirm(work, *request))[1].id


async def request_of(store: Store, id: UUID) -> BookingRequest:
    async with store.read() as session:
        return await session.get_one(BookingRequest, id)


async def test_a_confirmed_contact_registers_the_person_and_empties_the_request(store: Store) -> None:
    request = await requested(store, asked(*ADA))
    assert await rows_of(store, Visitor) == []
    assert [type(one) for one in await emitted_events(store)] == [BookingRequested]
    person = await confirmed(store, request)
    row = await request_of(store, request[0])
    assert (row.given_name, row.family_name, row.contact, row.contact_key) == (None, None, None, None)
    assert (row.subject_ref, row.is_new) == (person, True)
    (visitor,) = await rows_of(store, Visitor)
    assert (visitor.given_name, visitor.contact, visitor.centre) == ("Ada", "ada@example.org", "liege")
    (event,) = [one for one in await emitted_events(store) if isinstance(one, VisitorRegistered)]
    assert (event.subject_ref, set(event.purposes)) == (person, {"guidance", "reminders"})
    assert await confirmed(store, request) == person
    assert len(await rows_of(store, Visitor)) == 1


async def test_the_exact_contact_and_name_recognise_a_person_and_give_their_consent(store: Store) -> None:
    known = await registered(store, "Adà", "Lemaire", contact="0470 12 34 56")
    person = await confirmed(store, await requested(store, asked("ada", "Le Maire", "+32 470 123456")))
    assert person == known
    assert not [one for one in await rows_of(store, BookingRequest) if one.is_new]
    given = [one for one in await emitted_events(store) if isinstance(one, VisitorConsentGiven)]
    assert [(one.subject_ref, set(one.in_force)) for one in given] == [(known, {"guidance", "plan", "reminders"})]


@pytest.mark.parametrize(
    ("known", "new"),
    [
        (("Ada", "Lemaire"), ("Hugo", "Lemaire")),
        (("Mohamed", "Amrani"), ("Mohamed", "Benali")),
        (("Marie", "Dupont"), ("Marie", "Lambert")),
        (("Jean", "Dupont"), ("Jeanne", "Dupont")),
        (("Ada", "Lemaire"), ("Lemaire", "Ada")),
        (("-", "Lemaire"), ("'", "Lemaire")),
    ],
)
async def test_another_name_with_the_same_contact_is_another_person(
    store: Store, known: tuple[str, str], new: tuple[str, str]
) -> None:
    """Families, and those whom one social worker helps, share a contact."""
    before = await registered(store, *known, contact="desk@example.org")
    assert await confirmed(store, await requested(store, asked(*new, "desk@example.org"))) != before
    assert not [one for one in await emitted_events(store) if isinstance(one, VisitorConsentGiven)]


async def test_who_proved_their_contact_gets_messages_there(store: Store, clock: FixedClock) -> None:
    known = await registered(store, "Ada", "Lemaire", contact="ada@example.org")
    async with store.work() as work:
        visitor = await work.load(Visitor, known)
        visitor.contact_refused_at, visitor.channel = clock.now, None
    clock.now += timedelta(minutes=1)
    assert await confirmed(store, await requested(store, asked(*ADA))) == known
    (visitor,) = await rows_of(store, Visitor)
    assert (visitor.contact_refused_at, visitor.contact_saved_at, visitor.channel) == (None, clock.now, "email")


async def test_only_a_person_of_this_centre_is_recognised(store: Store) -> None:
    there = await registered(store, "Ada", "Lemaire", contact="ada@example.org", centre="namur")
    here = await confirmed(store, await requested(store, asked(*ADA)))
    assert here != there
    assert await confirmed(store, await requested(store, asked(*ADA))) == here


async def test_two_requests_with_a_new_contact_confirmed_at_once_are_one_person(store: Store) -> None:
    requests = [await requested(store, asked(*ADA)) for _ in range(4)]
    found = await asyncio.gather(*(confirmed(store, one) for one in requests))
    assert len(set(found)) == 1
    assert len(await rows_of(store, Visitor)) == 1


async def test_the_message_has_the_link_and_goes_to_the_contact(
    store: Store, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = quiet_settings(tmp_path_factory.mktemp("letters"))
    for contact, kind in (("ada@example.org", Letter), ("0470 12 34 56", TextMessage)):
        request = await requested(store, asked("Ada", "Lemaire", contact))
        (row,) = [one for one in await rows_of(store, Message) if one.about == request[0]]
        letters = Letters(store, settings)
        sent = await letters.compose(row)
        assert isinstance(sent, kind)
        text = sent.body if isinstance(sent, Letter) else sent.text
        assert "/intake/stop/" not in text
        (secret,) = [word.rpartition("/")[2] for word in text.split() if "/intake/confirm/" in word]
        async with store.read() as session:
            found = await request_at(session, letters._signer, secret)  # pyright: ignore[reportPrivateUsage]
        assert found is not None
        assert found.id == request[0]
        await confirmed(store, request)
        with pytest.raises(NothingToSend, match="replaced"):
            await letters.compose(row)


async def test_every_contact_has_the_same_effect_before_it_is_confirmed(store: Store) -> None:
    await registered(store, "Ada", "Lemaire", contact="ada@example.org")
    before = len(await emitted_events(store))
    known = await requested(store, asked(*ADA))
    new = await requested(store, asked("Zoé", "Nihil", "zoe@example.org"))
    assert [type(one) for one in (await emitted_events(store))[before:]] == [BookingRequested] * 2
    async with store.read() as session:
        messages = (await session.scalars(sa.select(Message))).all()
    assert {one.about for one in messages} == {known[0], new[0]}
    assert len({(one.purpose, one.queued_at, one.useful_until, one.centre) for one in messages}) == 1


async def test_a_corrected_contact_ends_the_first_link_and_sends_one_message(store: Store) -> None:
    held = a_held_time()
    wrong = await requested(store, asked("Ada", "Lemaire", "adda@example.org"), held)
    right = await requested(store, asked(*ADA), held)
    with pytest.raises(ConfirmationEnded):
        await confirmed(store, wrong)
    assert len(await rows_of(store, Message)) == 1
    await confirmed(store, right)
    with pytest.raises(TimeNoLongerHeld):
        await requested(store, asked(*ADA), held)


async def test_what_cannot_be_asked_is_refused(store: Store, clock: FixedClock) -> None:
    with pytest.raises(WrongContact):
        await requested(store, asked("Ada", "Lemaire", "nothing"))
    with pytest.raises(NotReachable):
        await requested(store, asked("Ada", "Lemaire", "04 222 33 44"))
    with pytest.raises(NoTextMessages):
        await requested(store, asked("Ada", "Lemaire", "0470 12 34 56"), by_text=False)
    assert await rows_of(store, BookingRequest) == []
    await requested(store, asked(*ADA), most=1, by_text=False)
    with pytest.raises(TooManyUnconfirmed):
        await requested(store, asked(*ADA), most=1)
    await requested(store, asked(*ADA), a_held_time(centre="namur"), most=1)
    held = a_held_time()
    clock.now += timedelta(minutes=5)
    with pytest.raises(TimeNoLongerHeld):
        await requested(store, asked(*ADA), held)


async def test_nothing_is_left_of_a_request_that_nobody_confirmed(store: Store, clock: FixedClock) -> None:
    request = await requested(store, asked(*ADA))
    clock.now += timedelta(minutes=30, seconds=-1)
    await booking.delete_ended(store)
    assert len(await rows_of(store, BookingRequest)) == 1
    clock.now += timedelta(seconds=1)
    with pytest.raises(ConfirmationEnded):
        await confirmed(store, request)
    await booking.delete_ended(store)
    assert await rows_of(store, BookingRequest) == await rows_of(store, Message) == await rows_of(store, Visitor) == []


async def test_a_confirmed_request_is_kept_for_a_day_without_name_and_its_message_is_the_persons(
    store: Store, clock: FixedClock
) -> None:
    person = await confirmed(store, await requested(store, asked(*ADA)))
    clock.now += timedelta(days=1)
    await booking.delete_ended(store)
    assert await rows_of(store, BookingRequest) == []
    assert [one.subject_ref for one in await rows_of(store, Message)] == [person]


async def test_an_erasure_takes_the_requests_of_the_person_and_those_with_their_contact(store: Store) -> None:
    person = await confirmed(store, await requested(store, asked(*ADA)))
    open_one = await requested(store, asked(*ADA))
    async with store.work() as work:
        await erasure.erase_subject(work, person)
    assert await rows_of(store, BookingRequest) == await rows_of(store, Message) == await rows_of(store, Visitor) == []
    with pytest.raises(ConfirmationEnded):
        await confirmed(store, open_one)


async def test_a_token_carries_what_scheduling_needs_and_none_is_made_without_consent(
    store: Store, clock: FixedClock
) -> None:
    held = a_held_time()
    request = await requested(store, asked(*ADA, reminders=False), held)
    async with store.work() as work:
        row, visitor = await booking.confirm(work, *request)
        await work.session.flush()
        token = await booking.token_of(work.session, row, visitor, SIGNER, work.now)
    assert (token.held, token.subject_ref, token.purposes) == (held, visitor.id, ("guidance",))
    assert token.expires_at == clock.now + timedelta(minutes=15)
    assert token.continues_at is not None
    assert confirmation_secret(SIGNER, request[1]) not in token.continues_at
    async with store.work() as work:
        await withdraw_consent(work, visitor.id, ["guidance"], "test")
    async with store.work() as work:
        row, visitor = await booking.confirm(work, *request)
        with pytest.raises(ConfirmationEnded):
            await booking.token_of(work.session, row, visitor, SIGNER, work.now)
