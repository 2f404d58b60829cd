import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest

from services.chassis.refusals import NotFound, Stale
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock
from services.contracts.offers import SeatOffered
from services.contracts.scheduling import (
    AttendanceRecorded,
    FinalisingSessionDue,
    Method,
    PathOpened,
    SeatReleased,
    SeatTaken,
    Side,
    WorkshopAnnounced,
    WorkshopCancelled,
)
from services.scheduling.actions import attendance, guidance, paths, seats, workshops
from services.scheduling.domain import refusals
from services.scheduling.domain.offers import ANSWER_WITHIN
from services.scheduling.domain.states import SeatStatus
from services.scheduling.store import Seat, Workshop
from services.scheduling.store.workshops import seats_of, sessions_of
from tests.givens.events import emitted_events, numbered_events
from tests.givens.patience import patiently
from tests.givens.rows import count
from tests.givens.scheduling import LIEGE, NADIA, TOM, Visitor, react

TUESDAY = datetime(2026, 3, 3, 8, 0, tzinfo=UTC)
SESSIONS = [(TUESDAY + timedelta(days=7 * week), 180) for week in range(3)]


async def announce(
    store: Store, places: int = 3, sessions: Sequence[tuple[datetime, int]] = SESSIONS, counsellor: str = NADIA
) -> Workshop:
    async with store.work() as work:
        return await workshops.announce(
            work,
            centre=LIEGE,
            area="choose-path",
            title="Changer de voie",
            counsellor=counsellor,
            room="salle-2",
            seats=places,
            sessions=sessions,
        )


async def people(store: Store, how_many: int) -> list[UUID]:
    known = [Visitor() for _ in range(how_many)]
    await react(store, [one.registered() for one in known], in_one_batch=True)
    return [one.subject_ref for one in known]


async def take(store: Store, workshop: Workshop, subject_ref: UUID, *, waitlist: bool = False) -> Seat:
    async with store.work() as work:
        return await seats.take_seat(work, workshop.id, subject_ref, waitlist=waitlist, answer=ANSWER_WITHIN)


async def give_back(store: Store, workshop: Workshop, seat: Seat, by: Side = Side.VISITOR) -> Seat | None:
    async with store.work() as work:
        row = await work.load(Workshop, workshop.id)
        return await seats.release_seat(work, row, seat.id, by=by, answer=ANSWER_WITHIN)


async def record(store: Store, workshop: Workshop, ordinal: int, came: Sequence[Seat]) -> None:
    async with store.read() as session:
        meeting = (await sessions_of(session, workshop.id))[ordinal - 1]
    async with store.work() as work:
        row = await work.load(Workshop, workshop.id)
        await attendance.record_attendance(work, row, meeting.id, [seat.id for seat in came])


async def taken(store: Store, workshop: Workshop) -> list[UUID | None]:
    async with store.read() as session:
        return [seat.subject_ref for seat in await seats_of(session, workshop.id, SeatStatus.TAKEN)]


async def test_a_workshop_is_announced_with_its_sessions_in_order(store: Store) -> None:
    workshop = await announce(store, sessions=list(reversed(SESSIONS)))
    (announced,) = await emitted_events(store, WorkshopAnnounced)
    assert [session.starts_at for session in announced.sessions] == [at for at, _ in SESSIONS]
    assert (workshop.first_at, workshop.last_at) == (TUESDAY, TUESDAY + timedelta(days=14, hours=3))
    assert await count(store, "quarter_hours") == 2 * 3 * 12


async def test_counsellor_and_room_give_one_workshop_at_a_time(store: Store) -> None:
    await announce(store)
    with pytest.raises(refusals.Overlap) as refused:
        await announce(store, sessions=SESSIONS[2:], counsellor=TOM)
    assert refused.value.about == "room"
    assert await count(store, "workshops") == 1


async def test_a_guidance_interview_does_not_fit_into_a_workshop(store: Store, adult: Visitor) -> None:
    await announce(store)
    async with store.work() as work:
        path = await paths.open_path(work, adult.subject_ref, LIEGE)
    async with store.work() as work:
        with pytest.raises(refusals.Overlap):
            await guidance.book(
                work, path.id, counsellor=NADIA, room=None, starts_at=TUESDAY + timedelta(hours=1), minutes=60
            )


async def test_a_seat_opens_the_persons_collective_path(store: Store, adult: Visitor) -> None:
    workshop = await announce(store)
    seat = await take(store, workshop, adult.subject_ref)
    (opened,) = await emitted_events(store, PathOpened)
    (seated,) = await emitted_events(store, SeatTaken)
    assert (opened.method, opened.workshop_id) == (Method.COLLECTIVE, workshop.id)
    assert seated.path_id == opened.path_id == seat.path_id


async def test_a_double_seat_is_refused_also_behind_the_waiting_list(store: Store) -> None:
    first, second = await people(store, 2)
    workshop = await announce(store, places=1)
    await take(store, workshop, first)
    await take(store, workshop, second, waitlist=True)
    for visitor in (first, second):
        with pytest.raises(refusals.DoubleSeat):
            await take(store, workshop, visitor, waitlist=True)


async def test_a_person_who_asks_ten_times_at_once_has_one_seat(store: Store, adult: Visitor) -> None:
    workshop = await announce(store)
    answers = await asyncio.gather(
        *(take(store, workshop, adult.subject_ref, waitlist=True) for _ in range(10)), return_exceptions=True
    )
    assert sum(isinstance(answer, Seat) for answer in answers) == 1
    assert sum(isinstance(answer, refusals.DoubleSeat) for answer in answers) == 9, answers


async def test_fifty_people_at_once_take_the_seats_there_are(store: Store) -> None:
    workshop = await announce(store, places=7)
    answers = await asyncio.gather(
        *(patiently(partial(take, store, workshop, visitor)) for visitor in await people(store, 50)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, Seat) for answer in answers) == 7
    assert sum(isinstance(answer, refusals.WorkshopFull) for answer in answers) == 43, answers
    assert len(await taken(store, workshop)) == len(await emitted_events(store, SeatTaken)) == 7
    assert len(await emitted_events(store, WorkshopAnnounced)) == await count(store, "workshops") == 1
    assert await count(store, "workshop_sessions") == len(SESSIONS), "all are in the same sessions"
    async with store.read() as session:
        there = {seat.workshop_id for seat in await seats_of(session, workshop.id, SeatStatus.TAKEN)}
    assert there == {workshop.id}


async def test_a_seat_given_back_is_offered_to_the_one_who_waits_longest(store: Store) -> None:
    one, two, three, four = await people(store, 4)
    workshop = await announce(store, places=1)
    seat = await take(store, workshop, one)
    waiting = [await take(store, workshop, visitor, waitlist=True) for visitor in (two, three, four)]
    assert await give_back(store, workshop, waiting[0]) is None
    offered = await give_back(store, workshop, seat)
    assert offered is not None
    assert offered.subject_ref == three
    assert await taken(store, workshop) == []
    async with store.work() as work:
        await seats.accept(work, offered.id, answer=ANSWER_WITHIN)
    assert await taken(store, workshop) == [three]
    assert [event.subject_ref for event in await emitted_events(store, SeatTaken)] == [one, three]
    assert len(await emitted_events(store, SeatReleased)) == 1


async def test_a_storm_of_giving_back_and_asking_never_overbooks(store: Store) -> None:
    workshop = await announce(store, places=5)
    seated = [await take(store, workshop, visitor) for visitor in await people(store, 5)]
    asking = await people(store, 20)
    await asyncio.gather(
        *(give_back(store, workshop, seat) for seat in seated),
        *(take(store, workshop, visitor, waitlist=True) for visitor in asking),
    )
    now = await taken(store, workshop)
    offered = await emitted_events(store, SeatOffered)
    assert len(now) + len(offered) == 5
    assert {*now, *(event.subject_ref for event in offered)} <= set(asking)
    assert len(await emitted_events(store, SeatTaken)) - len(await emitted_events(store, SeatReleased)) == len(now)


async def test_giving_back_one_seat_leaves_everyone_elses(store: Store) -> None:
    one, two = await people(store, 2)
    workshop, other = await announce(store), await announce(store, sessions=[(TUESDAY + timedelta(days=1), 60)])
    seat = await take(store, workshop, one)
    await take(store, workshop, two)
    with pytest.raises(refusals.SeatNotTaken):
        await give_back(store, other, seat)
    await give_back(store, workshop, seat, Side.CENTRE)
    with pytest.raises(refusals.SeatNotTaken):
        await give_back(store, workshop, seat)
    assert await taken(store, workshop) == [two]
    assert [event.cancelled_by for event in await emitted_events(store, SeatReleased)] == [Side.CENTRE]
    await take(store, workshop, one)


async def test_a_cancelled_workshop_takes_nobody_and_frees_its_hours(store: Store, adult: Visitor) -> None:
    workshop = await announce(store)
    async with store.work() as work:
        row = await work.load(Workshop, workshop.id)
        with pytest.raises(Stale):
            await workshops.cancel_workshop(work, row, reason="counsellor-away", version=9)
        await workshops.cancel_workshop(work, row, reason="counsellor-away", version=1)
    (cancelled,) = await emitted_events(store, WorkshopCancelled)
    assert cancelled.reason == "counsellor-away"
    with pytest.raises(refusals.WorkshopClosed):
        await take(store, workshop, adult.subject_ref)
    await announce(store)


async def test_the_last_sessions_attendance_makes_the_finalising_session_due_once(
    store: Store, clock: FixedClock
) -> None:
    workshop = await announce(store)
    stays, goes, misses = [await take(store, workshop, visitor) for visitor in await people(store, 3)]
    with pytest.raises(refusals.NotYet):
        await record(store, workshop, 1, [stays])
    clock.now = TUESDAY + timedelta(days=15)
    await record(store, workshop, 1, [stays, goes, misses])
    await record(store, workshop, 1, [stays, goes])
    await record(store, workshop, 2, [stays, goes])
    assert await emitted_events(store, FinalisingSessionDue) == []
    await record(store, workshop, 3, [stays])
    (due,) = await emitted_events(store, FinalisingSessionDue)
    assert due.path_id == stays.path_id
    recorded = await emitted_events(store, AttendanceRecorded)
    assert len(recorded) == 3 + 1 + 3 + 3
    assert [event.final for event in recorded] == [False] * 7 + [True] * 3
    assert sum(event.attended for event in recorded) == 3 + 0 + 2 + 1
    numbers = [number for event, number in await numbered_events(store) if event.key == str(workshop.id)]
    assert numbers == list(range(1, len(numbers) + 1))


async def test_attendance_is_of_the_seats_and_sessions_of_this_workshop(store: Store, clock: FixedClock) -> None:
    workshop = await announce(store)
    (seat,) = [await take(store, workshop, visitor) for visitor in await people(store, 1)]
    clock.now = TUESDAY + timedelta(days=1)
    with pytest.raises(refusals.SeatNotTaken):
        await record(
            store, workshop, 1, [seat, Seat(workshop_id=workshop.id, status="taken", place=9, asked_at=TUESDAY)]
        )
    async with store.work() as work:
        with pytest.raises(NotFound):
            await attendance.record_attendance(work, await work.load(Workshop, workshop.id), uuid4(), [])
    assert await count(store, "attendance") == 0


async def test_the_collective_path_has_exactly_one_finalising_interview(store: Store, clock: FixedClock) -> None:
    workshop = await announce(store)
    (seat,) = [await take(store, workshop, visitor) for visitor in await people(store, 1)]
    assert seat.path_id is not None
    at = TUESDAY + timedelta(days=21)

    async def book(starts_at: datetime) -> None:
        async with store.work() as work:
            assert seat.path_id is not None
            await guidance.book(work, seat.path_id, counsellor=NADIA, room=None, starts_at=starts_at, minutes=60)

    with pytest.raises(refusals.FinalisingNotDue):
        await book(at)
    clock.now = TUESDAY + timedelta(days=15)
    await record(store, workshop, 3, [seat])
    await book(at)
    with pytest.raises(refusals.OneFinalisingSession):
        await book(at + timedelta(days=1))
