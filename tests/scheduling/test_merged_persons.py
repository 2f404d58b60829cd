"""A person with two references has one open path, one place in a workshop, and one appointment at a time."""

from datetime import timedelta
from typing import Any

import pytest

from services.chassis.identity.people import visitor
from services.chassis.storage.store import Store
from services.chassis.testing import Client, FixedClock
from services.contracts.persons import VisitorMerged, VisitorSeparated
from services.scheduling.actions import guidance, no_shows, own_booking, paths, people
from services.scheduling.domain import refusals
from services.scheduling.domain.holds import owner_of_person
from services.scheduling.store import Interview, QuarterHour, Seat, SlotHold
from tests.givens.rows import count, rows_of
from tests.givens.scheduling import LIEGE, MONDAY, NADIA, TOM, Visitor, react
from tests.scheduling.test_guidance import TUESDAY, book, change, take_path
from tests.scheduling.test_own_appointments import NEXT_MONDAY, booked, shown, signed_up
from tests.scheduling.test_own_booking import USUAL, WEEK, chooses


@pytest.fixture
async def second(store: Store, adult: Visitor) -> Visitor:
    """The same adult, registered once more."""
    visitor = Visitor()
    await react(store, [visitor.registered()])
    return visitor


async def merged(store: Store, alias: Visitor, kept: Visitor) -> None:
    refs = {"subject_ref": alias.subject_ref, "kept_ref": kept.subject_ref}
    await react(store, [VisitorMerged(**refs, at=MONDAY)])


async def separated(store: Store, alias: Visitor) -> None:
    await react(store, [VisitorSeparated(subject_ref=alias.subject_ref, at=MONDAY)])


async def test_an_open_path_under_either_reference_is_the_persons(
    store: Store, adult: Visitor, second: Visitor
) -> None:
    path = await take_path(store, adult)
    await merged(store, second, adult)
    with pytest.raises(refusals.PathStillOpen):
        await take_path(store, second)
    async with store.work() as work:
        assert await paths.individual_path(work, second.subject_ref, LIEGE) == path
    await separated(store, second)
    assert await take_path(store, second) != path


async def test_no_two_appointments_at_a_time_also_with_another_counsellor(
    store: Store, adult: Visitor, second: Visitor
) -> None:
    first, other = await take_path(store, adult), await take_path(store, second)
    await book(store, first)
    await merged(store, second, adult)
    with pytest.raises(refusals.Overlap) as refused:
        await book(store, other, counsellor=TOM, room=None)
    assert refused.value.about == "starts_at"
    later = await book(store, other, TUESDAY + timedelta(hours=1), counsellor=TOM, room=None)
    with pytest.raises(refusals.Overlap):
        await change(store, later.id, guidance.move, counsellor=TOM, room=None, starts_at=TUESDAY, minutes=60)
    await separated(store, second)
    await change(store, later.id, guidance.move, counsellor=TOM, room=None, starts_at=TUESDAY, minutes=60)


async def test_who_was_seen_earlier_than_booked_may_have_been_so_beside_another_interview(
    store: Store, clock: FixedClock, adult: Visitor, second: Visitor
) -> None:
    first, other = await take_path(store, adult), await take_path(store, second)
    booked = await book(store, first)
    later = await book(store, other, TUESDAY + timedelta(hours=3), counsellor=TOM, room=None)
    await merged(store, second, adult)
    clock.now = TUESDAY + timedelta(minutes=70)
    await change(store, later.id, guidance.hold)
    assert {(one.id, one.status, one.starts_at) for one in await rows_of(store, Interview)} == {
        (booked.id, "booked", TUESDAY),
        (later.id, "fulfilled", TUESDAY),
    }


async def test_a_time_that_is_held_stays_so_when_its_holder_is_merged(
    store: Store, adult: Visitor, second: Visitor
) -> None:
    await take_path(store, adult)
    refs, again = (second.subject_ref, adult.subject_ref), owner_of_person(second.subject_ref)
    asked: dict[str, Any] = {"usual": USUAL, "reflection": WEEK}
    hold = await chooses(store, adult)
    await merged(store, adult, second)
    async with store.work() as work:
        chosen = await own_booking.choose(work, again, refs, counsellor=NADIA, starts_at=NEXT_MONDAY, **asked)
        assert chosen.id == hold
    async with store.work() as work:
        made = await own_booking.confirm(work, again, refs, hold, **asked)
    assert (made.id, made.subject_ref, await rows_of(store, SlotHold)) == (hold, adult.subject_ref, [])


async def test_who_holds_a_time_under_both_references_keeps_that_of_the_kept_one(
    store: Store, adult: Visitor, second: Visitor
) -> None:
    await take_path(store, adult)
    await take_path(store, second)
    await chooses(store, adult)
    kept = await chooses(store, second, NEXT_MONDAY + WEEK)
    await merged(store, adult, second)
    assert [(one.owner, one.id) for one in await rows_of(store, SlotHold)] == [
        (owner_of_person(second.subject_ref), kept)
    ]
    assert {one.holder for one in await rows_of(store, QuarterHour)} == {kept}


async def test_who_checked_in_under_the_other_reference_is_not_missed(
    store: Store, clock: FixedClock, adult: Visitor, second: Visitor
) -> None:
    interview = await book(store, await take_path(store, adult), counsellor=NADIA)
    clock.now = TUESDAY + timedelta(minutes=10)
    await react(store, [second.checks_in(at=TUESDAY), second.is_identified(TUESDAY)])
    await merged(store, second, adult)
    with pytest.raises(refusals.VisitorIsHere):
        await change(store, interview.id, no_shows.miss)


async def test_a_consent_counts_for_its_own_reference(store: Store, adult: Visitor, second: Visitor) -> None:
    await merged(store, second, adult)
    await react(store, [second.withdraws("guidance")])
    async with store.work() as work:
        _, refs = await people.known_person(work, adult.subject_ref)
        assert refs == (adult.subject_ref, second.subject_ref)
        with pytest.raises(refusals.ConsentMissing):
            await people.known_person(work, second.subject_ref)


async def test_an_erasure_forgets_the_alias_and_a_late_merge_is_ignored(
    store: Store, adult: Visitor, second: Visitor
) -> None:
    await merged(store, second, adult)
    await react(store, [adult.erased()])
    assert await count(store, "aliases") == 0
    await merged(store, second, adult)
    await react(store, [second.erased()])
    assert await count(store, "aliases") == 0
    await merged(store, second, adult)
    assert await count(store, "aliases") == 0


async def test_a_visitor_is_offered_no_time_of_their_other_references_appointment(desk: Client, known: Visitor) -> None:
    other = Visitor()
    await react(desk.store, [other.registered()])
    at = NEXT_MONDAY + timedelta(hours=1)
    async with desk.store.work() as work:
        path = await paths.individual_path(work, other.subject_ref, LIEGE, "find-job")
        await guidance.book(work, path, counsellor=TOM, room=None, starts_at=at, minutes=60)
    page = f"/interviews/{await booked(desk.store, known)}?day=2026-03-09"
    offered = f'value="{at.isoformat()}"'
    desk.signed_in(visitor(known.subject_ref))
    assert offered in await shown(desk, page)
    await merged(desk.store, other, known)
    desk.signed_in(visitor(known.subject_ref, frozenset({other.subject_ref})))
    assert offered not in await shown(desk, page)
    assert f'value="{(at + timedelta(hours=2)).isoformat()}"' in await shown(desk, page)


async def test_who_has_a_place_is_not_offered_for_it_under_the_other_reference(desk: Client, known: Visitor) -> None:
    other = Visitor()
    await react(desk.store, [other.registered()])
    (seat,) = await signed_up(desk.store, known)
    async with desk.store.read() as session:
        page = f"/scheduling/workshops/{(await session.get_one(Seat, seat)).workshop_id}"
    assert str(other.subject_ref) in (await desk.get(page)).text
    await merged(desk.store, other, known)
    assert str(other.subject_ref) not in (await desk.get(page)).text
