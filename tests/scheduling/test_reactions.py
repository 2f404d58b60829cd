import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlmodel import col

from services.chassis.copies.visits import Day, in_turn, is_here
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock, publish, record_of
from services.contracts import Event
from services.contracts.erasure import SchedulingPurged
from services.contracts.intake import VisitBeingServed, VisitStatus
from services.contracts.offers import SeatOffered
from services.contracts.queue import VisitInterpreterChanged
from services.contracts.scheduling import (
    InterviewCancelled,
    InterviewHeld,
    PathClosed,
    SeatReleased,
    Side,
)
from services.scheduling.actions import guidance, information, paths, seats, workshops
from services.scheduling.actions.offers import offers_go_on
from services.scheduling.domain import refusals
from services.scheduling.domain.offers import ANSWER_WITHIN
from services.scheduling.reactions import reactions
from services.scheduling.store import Centre, GuidancePath, Interview, KnownPerson, Seat, Waiting
from services.scheduling.store.copies import changes_after, recently_registered
from tests.givens.events import emitted_events, numbered_events
from tests.givens.rows import count
from tests.givens.scheduling import LIEGE, MONDAY, NADIA, Visitor, liege, react

EVER = Day(LIEGE, datetime(1900, 1, 1, tzinfo=UTC), MONDAY)


async def row_of(store: Store, visitor: Visitor) -> Waiting | None:
    async with store.read() as session:
        return await session.get(Waiting, visitor.visit_id)


async def changes(store: Store, after: int = 0) -> list[tuple[int, UUID, str]]:
    async with store.read() as session:
        return [(row.seq, row.id, row.status) for row in await changes_after(session, EVER, after)]


async def test_a_centre_is_known_as_it_was_last_published(store: Store) -> None:
    await react(store, [liege(), liege(closed_on=("2026-05-01",))])
    async with store.read() as session:
        centre = await session.get_one(Centre, LIEGE)
    assert centre.closed_on == ["2026-05-01"]
    assert [one.opens_at for one in centre.hours.openings] == ["09:00", "13:00"]


async def test_a_copy_follows_the_corrected_need_and_loses_the_interpreter_with_the_visit(store: Store) -> None:
    visitor = Visitor()
    arrival = visitor.checks_in().model_copy(update={"interpreter_language": "ti", "other_areas": ("choose-path",)})
    await react(store, [arrival, visitor.is_corrected("choose-path", before="find-job")])
    row = await row_of(store, visitor)
    assert row is not None
    assert (row.area, row.other_areas, row.interpreter_language, row.ticket) == ("choose-path", [], "ti", "E-007")
    other = VisitInterpreterChanged(visit_id=visitor.visit_id, centre=LIEGE, at=MONDAY, interpreter_language="ar")
    await react(store, [other])
    row = await row_of(store, visitor)
    assert row is not None
    assert row.interpreter_language == "ar"
    await react(store, [visitor.leaves(), other])
    row = await row_of(store, visitor)
    assert row is not None
    assert row.interpreter_language is None


async def test_who_queues_is_on_the_board_until_the_visit_ends(store: Store) -> None:
    first, second, passing = Visitor(), Visitor(), Visitor()
    await react(
        store,
        [
            first.checks_in(),
            second.checks_in(MONDAY + timedelta(minutes=1)),
            passing.checks_in(status=VisitStatus.NO_QUEUE, ticket=None),
            second.is_called(),
            passing.is_identified(),
        ],
    )
    day = Day(LIEGE, MONDAY - timedelta(hours=9), MONDAY)
    async with store.read() as session:
        here = await in_turn(session, Waiting, is_here(Waiting, day), 10)
    assert [(row.id, row.status) for row in here] == [(first.visit_id, "waiting"), (second.visit_id, "called")]
    await react(store, [first.leaves(), second.is_served()])
    async with store.read() as session:
        assert await in_turn(session, Waiting, is_here(Waiting, day), 10) == []
    assert await row_of(store, passing) is None


async def test_events_of_a_visit_in_one_batch_do_as_one_by_one(store: Store) -> None:
    visitor = Visitor()
    served = VisitBeingServed(visit_id=visitor.visit_id, centre=LIEGE, at=MONDAY)
    given: list[Event] = [visitor.checks_in(), visitor.is_called(), served, visitor.is_identified()]
    await react(store, given, in_one_batch=True)
    row = await row_of(store, visitor)
    assert row is not None
    assert (row.status, row.subject_ref) == ("being_served", visitor.subject_ref)
    assert await changes(store) == [(1, visitor.visit_id, "being_served")]


async def test_changes_are_numbered_in_order_and_only_the_new_ones_are_read(store: Store) -> None:
    first, second = Visitor(), Visitor()
    await react(store, [first.checks_in(), second.checks_in()], in_one_batch=True)
    seen = await changes(store)
    assert [seq for seq, _, _ in seen] == [1, 2]
    await react(store, [first.leaves()])
    assert await changes(store, 2) == [(3, first.visit_id, "left")]
    assert await changes(store, 3) == []


async def test_numbers_become_visible_in_their_order_while_many_write(store: Store) -> None:
    """A reader that has read everything up to a number never finds a lower one later."""
    people = [Visitor() for _ in range(40)]
    seen: list[int] = []
    done = asyncio.Event()

    async def watch() -> None:
        while not done.is_set() or await changes(store, max(seen, default=0)):
            seen.extend(seq for seq, _, _ in await changes(store, max(seen, default=0)))
            await asyncio.sleep(0)

    watching = asyncio.create_task(watch())
    await asyncio.gather(*(react(store, [one.checks_in()]) for one in people))
    done.set()
    await watching
    assert seen == list(range(1, 41))


async def test_a_check_in_whose_place_in_the_inbox_was_forgotten_changes_nothing(store: Store) -> None:
    await react(store, [liege()])
    people = [Visitor() for _ in range(30)]
    incoming = [record_of(one.checks_in(), 1) for one in people]
    await publish(store, reactions, *incoming)
    await react(store, [people[0].is_called()])
    before = await changes(store)
    async with store.work() as work:
        await work.session.execute(sa.delete(store.table("inbox")))
    for again in (incoming[:1], incoming[1:]):
        await publish(store, reactions, *again)
    assert await changes(store) == before
    assert (await count(store, "inbox"), await count(store, "dead_letters")) == (30, 0)


async def test_a_batch_of_two_thousand_check_ins_over_two_centres_is_one_transaction(store: Store) -> None:
    await react(store, [liege(code="mons")])
    people = [Visitor(LIEGE if number % 2 else "mons") for number in range(2000)]
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(store.writer.sync_engine, "before_cursor_execute", note)
    await react(store, [one.checks_in() for one in people], in_one_batch=True)
    assert len(statements) < 40, "the same for any number of them"
    assert await count(store, "waiting") == 2000
    async with store.read() as session:
        numbers = (await session.scalars(sa.select(store.table("waiting").c.seq).where(sa.text("centre='mons'")))).all()
    assert sorted(numbers) == list(range(1, 1001))


async def test_visits_of_long_ago_are_forgotten_once_a_day(store: Store, clock: FixedClock) -> None:
    old, new = Visitor(), Visitor()
    await react(store, [old.checks_in()])
    clock.forward(days=3)
    await react(store, [new.checks_in(clock.now)])
    assert await row_of(store, old) is None
    assert await row_of(store, new) is not None


async def test_a_visit_of_long_ago_may_be_the_first_to_change_on_a_day(store: Store, clock: FixedClock) -> None:
    old = Visitor()
    await react(store, [old.checks_in()])
    clock.forward(days=3)
    await react(store, [old.is_served(clock.now)])
    assert await row_of(store, old) is None


async def test_withdrawing_what_is_not_needed_here_changes_nothing(store: Store, adult: Visitor) -> None:
    await react(store, [adult.withdraws("plan")])
    assert await emitted_events(store) == []
    async with store.read() as session:
        assert (await session.get_one(KnownPerson, adult.subject_ref)).purposes == ["guidance"]


async def test_without_consent_to_guidance_nothing_stays_booked_until_it_is_given_again(
    store: Store, adult: Visitor, clock: FixedClock
) -> None:
    workshop_id = await eventful(store, adult, clock)
    before = len(await emitted_events(store))
    await react(store, [adult.withdraws("guidance")])
    new = (await emitted_events(store))[before:]
    assert [type(event) for event in new] == [SeatReleased, PathClosed, InterviewCancelled]
    async with store.read() as session:
        assert await recently_registered(session, LIEGE) == ([], None)
        held = (await session.scalars(sa.select(Interview).where(col(Interview.status) == "fulfilled"))).all()
        (path,) = (await session.scalars(sa.select(GuidancePath).where(col(GuidancePath.closed_at).is_(None)))).all()
    assert {interview.subject_ref for interview in held if interview.path_id} == {adult.subject_ref}
    tomorrow = clock.now + timedelta(days=1)

    async def book() -> None:
        async with store.work() as work:
            at = tomorrow.replace(hour=9, minute=0)
            await guidance.book(work, path.id, counsellor=NADIA, room=None, starts_at=at, minutes=60)
        async with store.work() as work:
            await seats.take_seat(work, workshop_id, adult.subject_ref)

    with pytest.raises(refusals.ConsentMissing):
        await book()
    await react(store, [adult.gives("guidance")])
    await book()
    async with store.read() as session:
        assert [one.id for one in (await recently_registered(session, LIEGE))[0]] == [adult.subject_ref]


async def test_a_withdrawal_and_a_later_consent_end_the_same_in_any_order_of_arrival(store: Store) -> None:
    for arrival in itertools.permutations(range(3)):
        visitor = Visitor()
        events = [visitor.registered(), visitor.withdraws("guidance"), visitor.gives("guidance")]
        records = [record_of(event, number + 1) for number, event in enumerate(events)]
        await publish(store, reactions, *(records[number] for number in arrival))
        async with store.read() as session:
            assert (await session.get_one(KnownPerson, visitor.subject_ref)).purposes == ["guidance"]


async def eventful(store: Store, adult: Visitor, clock: FixedClock) -> UUID:
    """An adult with a visit, an information interview, a held and a booked one, a seat. Returns the workshop's id."""
    await react(store, [adult.checks_in(), adult.is_identified()])
    async with store.work() as work:
        interview = await information.start(work, adult.visit_id, NADIA)
    async with store.work() as work:
        await information.finish(work, await guidance.interview_of(work, interview.id))
    tomorrow = MONDAY + timedelta(days=1, hours=1)
    ids: list[UUID] = []
    async with store.work() as work:
        path = await paths.open_path(work, adult.subject_ref, LIEGE)
    for days in (0, 1):
        async with store.work() as work:
            booked = await guidance.book(
                work, path.id, counsellor=NADIA, room=None, starts_at=tomorrow + timedelta(days=days), minutes=60
            )
            ids.append(booked.id)
    async with store.work() as work:
        workshop = await workshops.announce(
            work,
            centre=LIEGE,
            area=None,
            title="Changer de voie",
            counsellor=NADIA,
            room=None,
            seats=1,
            sessions=[(tomorrow + timedelta(days=7), 120)],
        )
    async with store.work() as work:
        await seats.take_seat(work, workshop.id, adult.subject_ref)
    clock.now = tomorrow + timedelta(hours=2)
    async with store.work() as work:
        await guidance.hold(work, await guidance.interview_of(work, ids[0]))
    return workshop.id


async def test_a_forgotten_person_leaves_counts_and_nothing_else(
    store: Store, adult: Visitor, clock: FixedClock
) -> None:
    workshop_id = await eventful(store, adult, clock)
    other = Visitor()
    await react(store, [other.registered()])
    async with store.work() as work:
        await seats.take_seat(work, workshop_id, other.subject_ref, waitlist=True)
    before = len(await emitted_events(store))
    await react(store, [adult.erased()])
    new = (await emitted_events(store))[before:]
    assert {type(event) for event in new} >= {InterviewCancelled, SeatReleased, SchedulingPurged}
    (cancelled,) = [event for event in new if isinstance(event, InterviewCancelled)]
    assert (cancelled.cancelled_by, cancelled.reason) == (Side.VISITOR, "consent-ended")
    await offers_go_on(store, ANSWER_WITHIN)
    (offered,) = await emitted_events(store, SeatOffered)
    assert offered.subject_ref == other.subject_ref
    assert len(await emitted_events(store, InterviewHeld)) == 2
    async with store.read() as session:
        for table in (Interview, GuidancePath, Seat, Waiting):
            held = (await session.scalars(sa.select(table.subject_ref))).all()  # pyright: ignore
            assert adult.subject_ref not in held
        statuses = (await session.scalars(sa.select(store.table("interviews").c.status))).all()
        left = (await session.scalars(sa.select(store.table("quarter_hours").c.resource))).all()
    assert sorted(statuses) == ["cancelled", "fulfilled", "fulfilled"]
    assert not any(str(adult.subject_ref) in resource for resource in left)


async def test_forgetting_is_said_each_time_it_is_asked_in_order(store: Store, adult: Visitor) -> None:
    await react(store, [adult.withdraws("guidance"), adult.erased(), adult.gives("guidance"), adult.erased()])
    assert [number for _, number in await numbered_events(store)] == [1, 2]
    async with store.read() as session:
        assert (await session.get_one(KnownPerson, adult.subject_ref)).purposes == []


async def test_nothing_brings_a_forgotten_person_back(store: Store, adult: Visitor) -> None:
    """Also where it is read as the first event of a person, because the inbox was emptied meanwhile."""
    await react(store, [adult.erased(), adult.registered()])
    for others in (0, 29):
        again = [adult, *(Visitor() for _ in range(others))]
        await publish(store, reactions, *[record_of(one.registered(), 1) for one in again])
        async with store.work() as work:
            await work.session.execute(sa.delete(store.table("inbox")))
        async with store.read() as session:
            person = await session.get_one(KnownPerson, adult.subject_ref)
        assert (person.erased_at is not None, person.purposes) == (True, [])
    assert (await count(store, "known_people"), await count(store, "dead_letters")) == (30, 0)


async def test_somebody_never_heard_of_is_forgotten_too(store: Store) -> None:
    stranger = Visitor()
    await react(store, [stranger.erased()])
    assert [event.subject_ref for event in await emitted_events(store, SchedulingPurged)] == [stranger.subject_ref]


async def test_registering_visiting_and_erasing_in_one_batch(store: Store) -> None:
    visitor = Visitor()
    given = [visitor.checks_in(), visitor.registered(), visitor.is_identified(), visitor.erased()]
    await react(store, given, in_one_batch=True)
    row = await row_of(store, visitor)
    assert row is not None
    assert row.subject_ref is None
