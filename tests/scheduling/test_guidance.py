import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlmodel import col

from services.chassis.refusals import AreaNotServed, Refused, Stale, UnknownCentre
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock
from services.contracts.scheduling import (
    InterviewBooked,
    InterviewCancelled,
    InterviewHeld,
    InterviewMissed,
    InterviewMoved,
    Method,
    PathOpened,
    Side,
)
from services.scheduling.actions import guidance, no_shows, paths
from services.scheduling.domain import refusals
from services.scheduling.domain.outcomes import UNDONE_WITHIN
from services.scheduling.store import GuidancePath, Interview, QuarterHour
from tests.givens.events import emitted_events, numbered_events
from tests.givens.patience import patiently
from tests.givens.rows import count, rows_of
from tests.givens.scheduling import LIEGE, NADIA, TOM, Visitor, account_of, add_rooms, liege, react

TUESDAY = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
"""10:00 in Liège."""


async def take_path(store: Store, adult: Visitor) -> UUID:
    async with store.work() as work:
        return (await paths.open_path(work, adult.subject_ref, LIEGE, "choose-path")).id


async def book(
    store: Store,
    path_id: UUID,
    starts_at: datetime = TUESDAY,
    minutes: int = 60,
    *,
    counsellor: str = NADIA,
    room: str | None = "salle-1",
) -> Interview:
    async with store.work() as work:
        return await guidance.book(
            work, path_id, counsellor=counsellor, room=room, starts_at=starts_at, minutes=minutes
        )


async def change(store: Store, id: UUID, act: Callable[..., Awaitable[None]], **wanted: object) -> None:
    async with store.work() as work:
        await act(work, await guidance.interview_of(work, id), **wanted)


@pytest.fixture
async def path(store: Store, adult: Visitor) -> UUID:
    return await take_path(store, adult)


async def other_path(store: Store) -> UUID:
    visitor = Visitor()
    await react(store, [visitor.registered()])
    return await take_path(store, visitor)


async def test_a_path_opens_for_somebody_who_agreed(store: Store, adult: Visitor, path: UUID) -> None:
    (opened,) = await emitted_events(store, PathOpened)
    assert (opened.path_id, opened.subject_ref, opened.method) == (path, adult.subject_ref, Method.INDIVIDUAL)


async def test_what_is_booked_stays_on_a_day_that_the_centre_closes_afterwards(store: Store, path: UUID) -> None:
    interview = await book(store, path)
    await react(store, [liege(closed_on=("2026-03-03",))])
    same = {"starts_at": TUESDAY, "minutes": 60, "counsellor": TOM, "room": None}
    await change(store, interview.id, guidance.move, **same)
    (row,) = await rows_of(store, Interview)
    assert (row.counsellor, row.starts_at) == (TOM, TUESDAY)
    for other in ({"minutes": 120}, {"starts_at": TUESDAY + timedelta(hours=1)}):
        with pytest.raises(refusals.OutsideHours):
            await change(store, interview.id, guidance.move, **same | other)


async def test_no_path_for_a_stranger_or_without_agreement(store: Store) -> None:
    stranger, reminded = Visitor(), Visitor()
    await react(store, [reminded.registered(("reminders",))])
    with pytest.raises(refusals.PersonUnknown):
        await take_path(store, stranger)
    with pytest.raises(refusals.ConsentMissing):
        await take_path(store, reminded)
    assert await emitted_events(store) == []


async def test_one_individual_path_at_a_time(store: Store, adult: Visitor, path: UUID) -> None:
    with pytest.raises(refusals.PathStillOpen):
        await take_path(store, adult)


async def test_unknown_area_and_centre_are_named(store: Store, adult: Visitor) -> None:
    async with store.work() as work:
        with pytest.raises(AreaNotServed):
            await paths.open_path(work, adult.subject_ref, LIEGE, "gardening")
        with pytest.raises(UnknownCentre):
            await paths.open_path(work, adult.subject_ref, "atlantis", None)


async def test_a_booking_takes_counsellor_room_and_person(store: Store, adult: Visitor, path: UUID) -> None:
    interview = await book(store, path)
    (booked,) = await emitted_events(store, InterviewBooked)
    assert (booked.interview_id, booked.subject_ref, booked.path_id) == (interview.id, adult.subject_ref, path)
    assert await count(store, "quarter_hours") == 3 * 4


@pytest.mark.parametrize("shift", [-45, -15, 0, 15, 45])
async def test_counsellor_room_and_person_are_in_one_place_at_a_time(store: Store, path: UUID, shift: int) -> None:
    await book(store, path, TUESDAY)
    other, at = await other_path(store), TUESDAY + timedelta(minutes=shift)
    for field, path_id, counsellor, room in (
        ("counsellor", other, NADIA, "salle-2"),
        ("room", other, TOM, "salle-1"),
        ("starts_at", path, TOM, "salle-2"),
    ):
        with pytest.raises(refusals.Overlap) as refused:
            await book(store, path_id, at, counsellor=counsellor, room=room)
        assert refused.value.about == field
    assert len(await emitted_events(store, InterviewBooked)) == 1


async def test_one_after_the_other_is_no_overlap(store: Store, path: UUID) -> None:
    await book(store, path, TUESDAY)
    await book(store, await other_path(store), TUESDAY + timedelta(minutes=60))
    await book(store, await other_path(store), TUESDAY - timedelta(minutes=60))
    assert len(await emitted_events(store, InterviewBooked)) == 3


async def test_rooms_of_two_centres_may_have_the_same_name(store: Store, path: UUID) -> None:
    await react(store, [liege(code="mons"), account_of("mons-c01", centres=("mons",))])
    await add_rooms(store, "mons")
    visitor = Visitor("mons")
    await react(store, [visitor.registered()])
    async with store.work() as work:
        mons_path = (await paths.open_path(work, visitor.subject_ref, "mons")).id
    await book(store, path, counsellor=NADIA)
    await book(store, mons_path, counsellor="mons-c01")


async def test_fifty_bookings_of_one_hour_at_once_give_one(store: Store) -> None:
    paths = [await other_path(store) for _ in range(50)]
    answers = await asyncio.gather(
        *(
            patiently(partial(book, store, path, TUESDAY + timedelta(minutes=15 * (n % 4))))
            for n, path in enumerate(paths)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, Interview) for answer in answers) == 1
    assert sum(isinstance(answer, refusals.Overlap) for answer in answers) == 49, answers
    assert await count(store, "quarter_hours") == 3 * 4
    assert len(await emitted_events(store, InterviewBooked)) == 1


async def test_a_storm_of_moves_onto_one_hour_leaves_one_there(store: Store) -> None:
    await react(store, [account_of(f"c{n}") for n in range(4)])
    hours = [TUESDAY + timedelta(days=1, hours=hour, minutes=0) for hour in (-1, 0, 3, 4)]
    ids = [
        (await book(store, await other_path(store), at, counsellor=f"c{n}", room=None)).id for n, at in enumerate(hours)
    ]
    move = {"counsellor": NADIA, "room": "salle-1", "starts_at": TUESDAY, "minutes": 60}
    answers = await asyncio.gather(*(change(store, id, guidance.move, **move) for id in ids), return_exceptions=True)
    assert sum(answer is None for answer in answers) == 1
    assert sum(isinstance(answer, refusals.Overlap) for answer in answers) == 3, answers
    assert await count(store, "quarter_hours") == 3 * 4 + 3 * 2 * 4


async def test_a_fifth_interview_is_refused_and_a_cancelled_one_does_not_count(store: Store, path: UUID) -> None:
    booked = [await book(store, path, TUESDAY + timedelta(days=day)) for day in (0, 1, 2, 6)]
    with pytest.raises(refusals.FifthInterview) as refused:
        await book(store, path, TUESDAY + timedelta(days=7))
    assert refused.value.values == {"limit": 4, "held": 0, "booked": 4}
    await change(store, booked[0].id, guidance.cancel, by=Side.VISITOR, reason="unable-to-come")
    await book(store, path, TUESDAY + timedelta(days=7))


async def test_ten_bookings_of_one_path_at_once_give_four(store: Store, path: UUID) -> None:
    days = [day for day in range(21) if (TUESDAY + timedelta(days=day)).weekday() < 5][:10]
    answers = await asyncio.gather(
        *(book(store, path, TUESDAY + timedelta(days=day)) for day in days), return_exceptions=True
    )
    assert sum(isinstance(answer, Interview) for answer in answers) == 4
    assert sum(isinstance(answer, refusals.FifthInterview) for answer in answers) == 6, answers


@pytest.mark.parametrize(
    ("starts_at", "minutes", "refusal"),
    [
        (TUESDAY, 90, refusals.WrongLength),
        (TUESDAY + timedelta(minutes=5), 60, refusals.NotOnQuarterHour),
        (TUESDAY - timedelta(days=4), 60, refusals.NotInFuture),
        (TUESDAY + timedelta(hours=8), 60, refusals.OutsideHours),
        (TUESDAY + timedelta(days=4), 60, refusals.OutsideHours),
    ],
)
async def test_what_breaks_a_rule_changes_nothing(
    store: Store, path: UUID, starts_at: datetime, minutes: int, refusal: type[Refused]
) -> None:
    with pytest.raises(refusal):
        await book(store, path, starts_at, minutes)
    assert await count(store, "interviews") == await count(store, "quarter_hours") == 0


async def test_a_moved_interview_frees_its_hour_and_takes_the_other(store: Store, path: UUID) -> None:
    interview = await book(store, path)
    later = TUESDAY + timedelta(hours=3)
    await change(store, interview.id, guidance.move, counsellor=TOM, room=None, starts_at=later, minutes=120, version=1)
    (moved,) = await emitted_events(store, InterviewMoved)
    assert (moved.starts_at, moved.minutes, moved.counsellor, moved.room) == (later, 120, TOM, None)
    await book(store, await other_path(store), TUESDAY)
    with pytest.raises(refusals.Overlap):
        await book(store, await other_path(store), TUESDAY + timedelta(hours=4), counsellor=TOM)


async def test_a_move_that_is_refused_leaves_the_booking_as_it_was(store: Store, path: UUID) -> None:
    interview = await book(store, path)
    await book(store, await other_path(store), TUESDAY + timedelta(hours=1))
    onto = {"counsellor": NADIA, "room": "salle-1", "starts_at": TUESDAY + timedelta(minutes=30), "minutes": 60}
    with pytest.raises(refusals.Overlap):
        await change(store, interview.id, guidance.move, **onto)
    with pytest.raises(Stale):
        await change(store, interview.id, guidance.move, **onto, version=9)
    with pytest.raises(refusals.Overlap):
        await book(store, await other_path(store), TUESDAY)
    assert await emitted_events(store, InterviewMoved) == []


async def test_a_cancelled_interview_frees_its_hour_with_reason_and_side(store: Store, path: UUID) -> None:
    interview = await book(store, path)
    await change(store, interview.id, guidance.cancel, by=Side.CENTRE, reason="counsellor-away")
    (cancelled,) = await emitted_events(store, InterviewCancelled)
    assert (cancelled.cancelled_by, cancelled.reason) == (Side.CENTRE, "counsellor-away")
    await book(store, await other_path(store))
    with pytest.raises(refusals.NotBooked):
        await change(store, interview.id, guidance.hold)


async def test_held_interviews_are_numbered_and_keep_the_persons_chain(
    store: Store, path: UUID, clock: FixedClock
) -> None:
    first, second = await book(store, path), await book(store, path, TUESDAY + timedelta(days=1), 120)
    clock.now = TUESDAY + timedelta(days=1, hours=3)
    await change(store, second.id, guidance.hold)
    await change(store, first.id, guidance.hold)
    held = await emitted_events(store, InterviewHeld)
    assert [(one.interview_id, one.number, one.minutes, one.starts_at) for one in held] == [
        (second.id, 1, 120, TUESDAY + timedelta(days=1)),
        (first.id, 2, 60, TUESDAY),
    ]
    async with store.read() as session:
        opened = await session.get_one(GuidancePath, path)
    assert {first.correlation_id, second.correlation_id} == {opened.correlation_id}
    assert [number for event, number in await numbered_events(store) if isinstance(event, InterviewHeld)] == [2, 2]


async def test_an_interview_held_earlier_took_place_earlier_and_frees_its_hour_once_it_stays_held(
    store: Store, path: UUID, clock: FixedClock
) -> None:
    interview = await book(store, path)
    await change(store, interview.id, guidance.hold)
    (held,) = await emitted_events(store, InterviewHeld)
    assert held.starts_at == datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
    another = await other_path(store)
    with pytest.raises(refusals.Overlap):
        await book(store, another)
    clock.now += UNDONE_WITHIN
    await book(store, another)


async def test_what_took_place_earlier_is_recorded_beside_what_else_was_then(store: Store, path: UUID) -> None:
    first, second = await book(store, path), await book(store, path, TUESDAY + timedelta(days=1))
    await change(store, first.id, guidance.hold)
    await change(store, second.id, guidance.hold)
    assert [held.interview_id for held in await emitted_events(store, InterviewHeld)] == [first.id, second.id]
    async with store.read() as session:
        holders = set(await session.scalars(sa.select(col(QuarterHour.holder))))
    assert holders & {first.id, second.id} == {first.id}, "the second one has no quarter-hour: the first has them all"


async def test_nobody_misses_what_has_not_begun(store: Store, path: UUID, clock: FixedClock) -> None:
    interview = await book(store, path)
    with pytest.raises(refusals.NotYet):
        await change(store, interview.id, no_shows.miss)
    clock.now = TUESDAY + timedelta(minutes=20)
    await change(store, interview.id, no_shows.miss)
    assert [missed.interview_id for missed in await emitted_events(store, InterviewMissed)] == [interview.id]


async def test_whoever_checked_in_is_not_marked_absent(
    store: Store, adult: Visitor, path: UUID, clock: FixedClock
) -> None:
    interview = await book(store, path)
    clock.now = TUESDAY + timedelta(minutes=20)
    await react(store, [adult.checks_in(TUESDAY - timedelta(minutes=5)), adult.is_identified(TUESDAY)])
    with pytest.raises(refusals.VisitorIsHere) as refused:
        await change(store, interview.id, no_shows.miss)
    assert refused.value.values == {"ticket": "E-007"}
    await change(store, interview.id, guidance.hold)


async def test_holding_twice_at_once_holds_once(store: Store, path: UUID, clock: FixedClock) -> None:
    interview = await book(store, path)
    clock.now = TUESDAY + timedelta(hours=2)
    answers = await asyncio.gather(
        *(change(store, interview.id, guidance.hold, version=1) for _ in range(5)), return_exceptions=True
    )
    assert sum(answer is None for answer in answers) == 1
    assert sum(isinstance(answer, Stale) for answer in answers) == 4
    assert len(await emitted_events(store, InterviewHeld)) == 1


async def test_an_unknown_path_is_not_found(store: Store) -> None:
    with pytest.raises(Refused, match="not-found"):
        await book(store, uuid4())
