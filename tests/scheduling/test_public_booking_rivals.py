"""First interviews that visitors book themselves, while others take the time, and who has the hold chooses again."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from services.chassis.storage.store import Store, Work
from services.chassis.testing import FixedClock
from services.contracts.accounts import AccountStatus
from services.contracts.public_booking import BookingRequested, ConfirmedPerson
from services.scheduling.actions import availability, guidance
from services.scheduling.actions import public_booking as booking
from services.scheduling.domain.holds import HOLD, owner_of_browser
from services.scheduling.domain.public_booking import TimeTaken
from services.scheduling.store import Interview, SlotHold
from tests.givens.rows import rows_of
from tests.givens.scheduling import LIEGE, NADIA, TOM, Visitor, account_of, react
from tests.scheduling.test_guidance import TUESDAY, take_path
from tests.scheduling.test_public_booking import ADA, BRUNO, USUAL, books, holds, opened, token_for

LATER = TUESDAY + timedelta(hours=1)


def holding(owner: str, at: datetime = TUESDAY, language: str | None = None) -> Callable[[Work, int], Awaitable[str]]:
    """Hold a time, as the page does. The answer is the counsellor."""

    async def act(work: Work, _number: int) -> str:
        return (await booking.hold_time(work, owner, LIEGE, "find-job", language, at, USUAL)).counsellor

    return act


async def test_a_time_is_free_for_the_browser_that_holds_it(store: Store, clock: FixedClock) -> None:
    await opened(store)
    first = await holds(store)
    await holds(store, BRUNO)  # nobody else is free then
    clock.now += timedelta(minutes=1)
    again = await holds(store)
    assert (again.id, again.counsellor, again.expires_at) == (first.id, first.counsellor, first.expires_at)
    half_an_hour_later = await holds(store, at=TUESDAY + timedelta(minutes=30))
    assert half_an_hour_later.counsellor == first.counsellor
    assert len(await rows_of(store, SlotHold)) == 2


async def test_who_presses_twice_at_once_holds_one_time(store: Store) -> None:
    await opened(store)
    await asyncio.gather(*(booking.first_free(store, None, holding(ADA)) for _ in range(2)))
    assert len(await rows_of(store, SlotHold)) == 1


async def test_two_at_once_have_two_counsellors(store: Store) -> None:
    await opened(store)
    owners = [owner_of_browser(name) for name in ("ada", "bruno")]
    found = await asyncio.gather(*(booking.first_free(store, None, holding(one)) for one in owners))
    assert set(found) == {NADIA, TOM}


async def test_of_six_who_confirm_one_time_at_once_each_free_counsellor_has_one(
    store: Store, clock: FixedClock
) -> None:
    """Two counsellors; the holds of four are over, and the last two hold the time."""
    await opened(store)
    tokens: list[ConfirmedPerson] = []
    for number in range(6):
        held = await holds(store, owner_of_browser(f"browser {number}"))
        tokens.append(token_for(held, uuid4(), clock.now))
        if number in (1, 3):
            clock.now += HOLD

    async def confirm(token: ConfirmedPerson) -> Interview:
        async def act(work: Work, number: int) -> Interview:
            return await booking.book_confirmed(work, token, None, USUAL, of_any=number > 0)

        return await booking.first_free(store, None, act)

    answers = await asyncio.gather(*(confirm(one) for one in tokens), return_exceptions=True)
    booked = [one for one in answers if isinstance(one, Interview)]
    assert {one.id for one in booked} == {one.held.hold_id for one in tokens[4:]}, "who holds the time has it"
    assert {one.counsellor for one in booked} == {NADIA, TOM}
    assert {type(one) for one in answers if not isinstance(one, Interview)} == {TimeTaken}
    assert len(await rows_of(store, Interview)) == 2


async def test_the_counsellor_with_most_free_times_is_taken(store: Store, adult: Visitor) -> None:
    await opened(store)
    path = await take_path(store, adult)
    async with store.work() as work:
        await guidance.book(work, path, counsellor=NADIA, room=None, starts_at=LATER, minutes=60)
    assert (await holds(store)).counsellor == TOM


async def test_an_inactive_counsellor_is_replaced_at_the_confirmation(store: Store) -> None:
    await opened(store)
    held, person = await holds(store), uuid4()
    await react(store, [account_of(held.counsellor, AccountStatus.INACTIVE, version=9)])

    async def act(work: Work, number: int) -> Interview:
        return await booking.book_confirmed(work, token_for(held, person), None, USUAL, of_any=number > 0)

    booked = await booking.first_free(store, None, act)
    assert {held.counsellor, booked.counsellor} == {NADIA, TOM}
    assert (booked.id, booked.starts_at) == (held.id, TUESDAY)


async def test_the_language_that_was_asked_for_counts_after_the_hold(store: Store, clock: FixedClock) -> None:
    await opened(store)
    async with store.work() as work:
        await availability.set_profile(work, NADIA, ["fr"], [])
        await availability.set_profile(work, TOM, ["de"], [])
    assert await booking.first_free(store, None, holding(ADA, language="de")) == TOM
    (held,) = await rows_of(store, SlotHold)
    clock.now += HOLD
    token = token_for(held, uuid4(), clock.now)
    token = token.model_copy(update={"held": token.held.model_copy(update={"language": "de"})})
    assert (await books(store, token, LATER)).counsellor == TOM


async def test_an_interview_under_way_is_the_one_that_a_person_has(
    store: Store, adult: Visitor, clock: FixedClock
) -> None:
    await opened(store)
    path = await take_path(store, adult)
    async with store.work() as work:
        before = await guidance.book(work, path, counsellor=NADIA, room=None, starts_at=TUESDAY, minutes=60)
    clock.now = TUESDAY + timedelta(minutes=30)
    held = await holds(store, at=TUESDAY + timedelta(days=1))
    assert (await books(store, token_for(held, adult.subject_ref, clock.now))).id == before.id


async def test_a_request_that_arrives_late_revives_the_hold_unless_the_time_is_gone(
    store: Store, clock: FixedClock
) -> None:
    await opened(store)
    first, second = await holds(store), await holds(store, BRUNO, LATER)
    asked, until = clock.now + timedelta(minutes=4), clock.now + timedelta(minutes=30)
    clock.now += timedelta(minutes=6)
    path = await take_path_of_another(store)
    async with store.work() as work:
        await guidance.book(work, path, counsellor=second.counsellor, room=None, starts_at=LATER, minutes=60)
    await react(
        store, [BookingRequested(hold_id=one.id, centre=LIEGE, at=asked, until=until) for one in (first, second)]
    )
    assert [(one.id, one.expires_at) for one in await rows_of(store, SlotHold)] == [(first.id, until)]


async def take_path_of_another(store: Store) -> UUID:
    """The path of a person who books at the desk."""
    person = Visitor()
    await react(store, [person.registered()])
    return await take_path(store, person)
