"""First interviews that visitors book themselves, on both stores: held, confirmed, booked once, one at a time."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from services.chassis.refusals import AreaNotServed
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock
from services.contracts.intake import SubjectErased
from services.contracts.public_booking import BookingRequested, ConfirmedPerson, HeldTime
from services.contracts.scheduling import AppointmentStatus, InterviewBooked, PathOpened, Side
from services.scheduling.actions import guidance, paths
from services.scheduling.actions import public_booking as booking
from services.scheduling.actions.booking_rules import RuleFacts, set_rules
from services.scheduling.domain.availability import BookingRules
from services.scheduling.domain.holds import HOLD, owner_of_browser
from services.scheduling.domain.public_booking import (
    ConfirmationUsedUp,
    GuidedElsewhere,
    NotPublic,
    PersonErased,
    TimeTaken,
)
from services.scheduling.domain.times import HORIZON, Half, is_in_half
from services.scheduling.store import Centre, GuidancePath, Interview, KnownPerson, QuarterHour, SlotHold
from tests.givens.events import emitted_events
from tests.givens.rows import rows_of
from tests.givens.scheduling import LIEGE, MONDAY, NADIA, TOM, Visitor, react
from tests.scheduling.test_guidance import TUESDAY

USUAL = BookingRules(horizon=HORIZON)
ADA, BRUNO = owner_of_browser("ada"), owner_of_browser("bruno")
ON = RuleFacts(horizon_days=60, notice_hours=2, visitor_notice_hours=24, public=True)


async def opened(store: Store, facts: RuleFacts = ON) -> None:
    async with store.work() as work:
        await set_rules(work, LIEGE, facts)


async def holds(store: Store, owner: str = ADA, at: datetime = TUESDAY, area: str = "find-job") -> SlotHold:
    async with store.work() as work:
        return await booking.hold_time(work, owner, LIEGE, area, None, at, USUAL)


def token_for(held: SlotHold, person: UUID, now: datetime = MONDAY, *, centre: str = LIEGE) -> ConfirmedPerson:
    return ConfirmedPerson(
        id=uuid4(),
        held=HeldTime(
            hold_id=held.id,
            centre=held.centre,
            area=held.area or "",
            starts_at=held.starts_at,
            minutes=held.minutes,
            held_until=held.expires_at,
        ),
        subject_ref=person,
        registered_at_centre=centre,
        registered_at=now,
        correlation_id=uuid4(),
        purposes=("guidance",),
        expires_at=now + timedelta(minutes=15),
    )


async def books(store: Store, token: ConfirmedPerson, starts_at: datetime | None = None) -> Interview:
    async with store.work() as work:
        return await booking.book_confirmed(work, token, starts_at, USUAL)


async def test_a_confirmed_person_is_booked_at_the_held_time_before_any_event_of_them_arrives(store: Store) -> None:
    await opened(store)
    held, person = await holds(store), Visitor()
    token = token_for(held, person.subject_ref)
    booked = await books(store, token)
    assert (booked.id, booked.starts_at, booked.subject_ref) == (held.id, TUESDAY, person.subject_ref)
    assert await rows_of(store, SlotHold) == []
    (path,) = await rows_of(store, GuidancePath)
    assert (path.centre, path.area, path.subject_ref) == (LIEGE, "find-job", person.subject_ref)
    assert path.correlation_id == token.correlation_id
    assert [type(one) for one in await emitted_events(store)] == [PathOpened, InterviewBooked]
    await react(store, [person.registered()])  # the event comes after the token
    (known,) = await rows_of(store, KnownPerson)
    assert known.purposes == ["guidance"]


async def test_a_token_counts_once_and_leads_to_the_same_booking_afterwards(store: Store) -> None:
    await opened(store)
    token = token_for(await holds(store), uuid4())
    first = await books(store, token)
    again = await books(store, token, TUESDAY + timedelta(hours=1))
    assert (again.id, again.starts_at) == (first.id, TUESDAY)
    async with store.work() as work:
        interview = await guidance.interview_of(work, first.id)
        await guidance.cancel(work, interview, by=Side.CENTRE, reason="ill")
    assert (await books(store, token)).status == AppointmentStatus.CANCELLED.value
    assert len(await rows_of(store, Interview)) == 1


async def test_a_token_used_many_times_at_once_books_once(store: Store) -> None:
    await opened(store)
    token = token_for(await holds(store), uuid4())
    found = await asyncio.gather(*(books(store, token) for _ in range(6)))
    assert len({one.id for one in found}) == 1
    assert len(await rows_of(store, Interview)) == 1
    assert len([one for one in await emitted_events(store) if isinstance(one, InterviewBooked)]) == 1


async def test_two_confirmations_of_one_person_at_once_are_one_booking_and_free_the_other_time(store: Store) -> None:
    await opened(store)
    person = uuid4()
    tokens = [
        token_for(await holds(store, ADA), person),
        token_for(await holds(store, BRUNO, TUESDAY + timedelta(hours=1)), person),
    ]
    found = await asyncio.gather(*(books(store, one) for one in tokens))
    assert len({one.id for one in found}) == 1
    assert await rows_of(store, SlotHold) == []
    counsellors = [one for one in await rows_of(store, QuarterHour) if one.resource.startswith("counsellor:")]
    assert {one.holder for one in counsellors} == {found[0].id}


async def test_who_has_an_appointment_keeps_that_one(store: Store, adult: Visitor) -> None:
    await opened(store)
    async with store.work() as work:
        path = await paths.individual_path(work, adult.subject_ref, LIEGE, "find-job")
        before = await guidance.book(
            work, path, counsellor=NADIA, room=None, starts_at=TUESDAY + timedelta(days=1), minutes=60
        )
    found = await books(store, token_for(await holds(store), adult.subject_ref))
    assert found.id == before.id
    assert await rows_of(store, SlotHold) == []


async def test_a_lost_time_is_refused_and_another_one_can_be_booked_with_the_same_token(
    store: Store, clock: FixedClock
) -> None:
    await opened(store)
    held = await holds(store)
    clock.now += HOLD
    for owner in (BRUNO, owner_of_browser("chloe")):  # Nadia and Tom
        await holds(store, owner)
    token = token_for(held, uuid4(), clock.now)
    with pytest.raises(TimeTaken):
        await books(store, token)
    async with store.read() as session:
        offered = await booking.times_instead(session, token, clock.now, USUAL)
    assert len(offered) == 3
    assert offered[0] == TUESDAY + timedelta(hours=1)
    assert await rows_of(store, GuidancePath) == [], "a refusal changes nothing"
    booked = await books(store, token, offered[0])
    assert (booked.id, booked.starts_at) == (held.id, offered[0])


async def test_an_expired_hold_is_booked_with_another_counsellor_who_is_free(store: Store, clock: FixedClock) -> None:
    await opened(store)
    held = await holds(store)
    clock.now += HOLD
    other = await holds(store, BRUNO)
    assert other.counsellor == held.counsellor == NADIA
    booked = await books(store, token_for(held, uuid4(), clock.now))
    assert (booked.counsellor, booked.starts_at) == (TOM, TUESDAY)


async def test_a_hold_lasts_while_the_contact_is_confirmed_and_not_longer(store: Store, clock: FixedClock) -> None:
    await opened(store)
    held = await holds(store)
    until = clock.now + timedelta(minutes=30)
    asked = BookingRequested(hold_id=held.id, centre=LIEGE, at=clock.now, until=until)
    await react(store, [asked])
    (kept,) = await rows_of(store, SlotHold)
    assert kept.expires_at == until
    clock.now = until
    late = BookingRequested(hold_id=held.id, centre=LIEGE, at=clock.now, until=until + timedelta(minutes=30))
    await react(store, [late, BookingRequested(hold_id=uuid4(), centre=LIEGE, at=clock.now, until=until)])
    (kept,) = await rows_of(store, SlotHold)
    assert kept.expires_at == until


async def test_a_person_erased_meanwhile_is_not_booked(store: Store) -> None:
    await opened(store)
    person = Visitor()
    token = token_for(await holds(store), person.subject_ref)
    await react(store, [person.registered(), SubjectErased(subject_ref=person.subject_ref, at=MONDAY)])
    with pytest.raises(PersonErased):
        await books(store, token)
    assert await rows_of(store, Interview) == []


async def test_an_erasure_after_the_booking_takes_the_reference(store: Store) -> None:
    await opened(store)
    token = token_for(await holds(store), uuid4())
    await books(store, token)
    await react(store, [SubjectErased(subject_ref=token.subject_ref, at=MONDAY)])
    (interview,) = await rows_of(store, Interview)
    assert interview.subject_ref is None
    with pytest.raises(PersonErased):
        await books(store, token)
    async with store.read() as session:
        assert await booking.booked_by(session, token, MONDAY) is None


async def test_a_token_of_another_person_does_not_open_a_booking(store: Store) -> None:
    await opened(store)
    held = await holds(store)
    await books(store, token_for(held, uuid4()))
    stranger = token_for(held, uuid4())
    with pytest.raises(ConfirmationUsedUp):
        await books(store, stranger)
    async with store.read() as session:
        assert await booking.booked_by(session, stranger, MONDAY) is None


async def test_an_old_token_is_refused(store: Store, clock: FixedClock) -> None:
    await opened(store)
    token = token_for(await holds(store), uuid4())
    clock.now += timedelta(minutes=15)
    with pytest.raises(ConfirmationUsedUp):
        await books(store, token)


async def test_who_is_guided_at_another_centre_is_sent_there(store: Store, adult: Visitor) -> None:
    await opened(store)
    async with store.work() as work:
        work.add(
            GuidancePath(
                id=uuid4(), subject_ref=adult.subject_ref, centre="namur", method="individual", opened_at=MONDAY
            )
        )
    with pytest.raises(GuidedElsewhere, match="namur"):
        await books(store, token_for(await holds(store), adult.subject_ref))


async def test_only_a_centre_that_opened_its_times_is_booked_and_keeps_its_rules(
    store: Store, clock: FixedClock
) -> None:
    with pytest.raises(NotPublic):
        await holds(store)
    await opened(store, ON.model_copy(update={"notice_hours": 1}))
    with pytest.raises(AreaNotServed):
        await holds(store, area="no-such-area")
    for at in (TUESDAY + timedelta(days=61), TUESDAY + timedelta(minutes=5), MONDAY + timedelta(hours=1)):
        with pytest.raises(TimeTaken):
            await holds(store, at=at)
    held = await holds(store, at=MONDAY + timedelta(hours=1, minutes=30))
    clock.now += timedelta(minutes=29)
    await react(
        store, [BookingRequested(hold_id=held.id, centre=LIEGE, at=MONDAY, until=MONDAY + timedelta(minutes=30))]
    )
    await books(store, token_for(held, uuid4(), clock.now))  # still as long before as the centre wants


async def test_one_browser_holds_one_time(store: Store) -> None:
    await opened(store)
    first = await holds(store)
    second = await holds(store, at=TUESDAY + timedelta(hours=1))
    assert [one.id for one in await rows_of(store, SlotHold)] == [second.id]
    booked = await books(store, token_for(first, uuid4()))  # confirmed on another device meanwhile
    assert (booked.id, booked.starts_at) == (first.id, TUESDAY)
    assert [one.id for one in await rows_of(store, SlotHold)] == [second.id]


async def test_an_event_of_the_person_that_comes_first_changes_nothing(store: Store) -> None:
    await opened(store)
    person = Visitor()
    await react(store, [person.registered()])
    await books(store, token_for(await holds(store), person.subject_ref))
    assert [one.id for one in await rows_of(store, KnownPerson)] == [person.subject_ref]


async def test_halves_of_a_day_are_local(store: Store) -> None:
    async with store.read() as session:
        centre = await session.get_one(Centre, LIEGE)
    noon = datetime.combine(TUESDAY.date(), datetime.min.time(), centre.zone) + timedelta(hours=12)
    assert not is_in_half(noon, Half.MORNING, centre.zone)
    assert is_in_half(noon - timedelta(minutes=15), Half.MORNING, centre.zone)
    assert is_in_half(noon, None, centre.zone)
