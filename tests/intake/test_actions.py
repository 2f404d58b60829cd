import asyncio
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlmodel import col

from services.chassis.refusals import AlreadyDifferent, Refused, Stale
from services.chassis.storage.group_commit import GroupCommit
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock, emitted
from services.contracts.intake import (
    Channel,
    SubjectErased,
    VisitBeingServed,
    VisitCalled,
    VisitCheckedIn,
    VisitIdentified,
    VisitLeft,
    VisitorRegistered,
    VisitServed,
    VisitStatus,
)
from services.intake import domain
from services.intake.actions import erasure, people, visits
from services.intake.domain.queue import CalledMeanwhile
from services.intake.store import Consent, ErasedSubject, Visit, Visitor
from services.intake.store.queue import Caller
from tests.givens.intake import MONDAY, walks_in


async def kept(store: Store) -> list[Visit]:
    async with store.read() as session:
        return list((await session.scalars(sa.select(Visit).order_by(col(Visit.checked_in_at)))).all())


async def enter(store: Store, **how: object) -> UUID:
    visit_id = uuid4()
    async with store.work() as work:
        await walks_in(work, visit_id, **how)  # type: ignore[arg-type]
    return visit_id


async def registered(store: Store, visit_id: UUID) -> UUID:
    async with store.work() as work:
        visitor = await people.register_visitor(
            work,
            visit_id,
            given_name="Prénom",
            family_name="Démonstration",
            contact=None,
            language="fr",
            purposes=["guidance", "plan"],
            recorded_by="test/desk-liege",
        )
    return visitor.id


async def test_a_check_in_gives_a_ticket_and_says_so(store: Store) -> None:
    visit_id = await enter(store, area="find-job")
    (visit,) = await kept(store)
    assert (visit.id, visit.status, visit.ticket, visit.version) == (visit_id, "waiting", "E-001", 1)
    (event,) = await emitted(store)
    assert event.event == VisitCheckedIn(
        visit_id=visit_id,
        centre="liege",
        area="find-job",
        channel=Channel.DESK,
        at=MONDAY,
        status=VisitStatus.WAITING,
        ticket="E-001",
    )


async def test_saying_it_again_changes_nothing(store: Store) -> None:
    visit_id = uuid4()
    for _ in range(3):
        async with store.work() as work:
            await walks_in(work, visit_id, area="find-job")
    assert [visit.ticket for visit in await kept(store)] == ["E-001"]
    assert len(await emitted(store)) == 1


async def test_saying_otherwise_under_the_same_id_is_refused(store: Store) -> None:
    visit_id = await enter(store, area="find-job")
    with pytest.raises(AlreadyDifferent):
        async with store.work() as work:
            await walks_in(work, visit_id, area="select-training")
    assert [visit.area for visit in await kept(store)] == ["find-job"]


async def test_passing_through_takes_no_ticket(store: Store) -> None:
    await enter(store, queue=False)
    await enter(store)
    assert sorted((visit.status, visit.ticket) for visit in await kept(store)) == [
        ("no_queue", None),
        ("waiting", "A-001"),
    ]


async def test_a_check_in_asks_once_for_its_centre_and_for_itself(store: Store) -> None:
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.extend([statement] if statement.startswith("SELECT") else [])

    event.listen(store.writer.sync_engine, "before_cursor_execute", note)
    known = await enter(store)
    assert len(asked) == 1
    async with store.work() as work:
        await walks_in(work, known)
    assert len(asked) == 3, "known, it is looked for"


async def test_the_same_check_in_at_once_is_one_visit(store: Store) -> None:
    visit_id = uuid4()

    replicas = [GroupCommit(store, visits.check_in_all) for _ in range(10)]
    answers = await asyncio.gather(*(one.request(visits.Arrival(visit_id, "liege")) for one in replicas))
    assert {(visit.id, visit.ticket) for visit in answers} == {(visit_id, "A-001")}
    assert len(await kept(store)) == 1
    assert len(await emitted(store)) == 1


async def test_fifty_people_at_once_get_fifty_tickets(store: Store) -> None:
    await asyncio.gather(*(enter(store, area="find-job") for _ in range(50)))
    assert sorted(visit.ticket or "" for visit in await kept(store)) == [f"E-{n:03d}" for n in range(1, 51)]


async def test_numbers_start_anew_on_the_centres_own_day(store: Store, clock: FixedClock) -> None:
    clock.now = datetime.fromisoformat("2026-03-02T23:30:00+01:00")
    await enter(store)
    clock.forward(hours=1)
    await enter(store)
    assert [visit.ticket for visit in await kept(store)] == ["A-001", "A-001"]


async def test_twenty_desks_that_call_at_once_get_twenty_visitors(store: Store) -> None:
    for _ in range(20):
        await enter(store)

    async def call(desk: int) -> UUID:
        async with store.work() as work:
            return (await visits.call_next(work, "liege", Caller(f"desk-{desk}"))).id

    called = await asyncio.gather(*(call(desk) for desk in range(1, 21)))
    assert len(set(called)) == 20
    assert {visit.status for visit in await kept(store)} == {"called"}
    assert len(await emitted(store, VisitCalled)) == 20


async def test_where_desks_outnumber_visitors_the_others_are_told(store: Store) -> None:
    for _ in range(3):
        await enter(store)

    async def call(desk: int) -> object:
        try:
            async with store.work() as work:
                return (await visits.call_next(work, "liege", Caller(f"desk-{desk}"))).id
        except domain.NobodyWaiting as refused:
            return refused.slug

    answers = await asyncio.gather(*(call(desk) for desk in range(1, 9)))
    assert answers.count("nobody-waiting") == 5
    assert len({answer for answer in answers if isinstance(answer, UUID)}) == 3


async def test_whoever_waits_longest_is_called_first_and_only_at_their_centre(store: Store, clock: FixedClock) -> None:
    first = await enter(store, area="find-job")
    clock.forward(minutes=1)
    second = await enter(store, area="select-training")
    clock.forward(minutes=1)
    await enter(store, centre="namur")
    async with store.work() as work:
        chosen = await visits.call_next(work, "liege", Caller("desk-1", ("select-training",)))
        assert chosen.id == second
    async with store.work() as work:
        assert (await visits.call_next(work, "liege", Caller("desk-2"))).id == first
    with pytest.raises(domain.NobodyWaiting):
        async with store.work() as work:
            await visits.call_next(work, "liege", Caller("desk-3"))


async def test_a_visit_from_ticket_to_goodbye(store: Store, clock: FixedClock) -> None:
    visit_id = await enter(store)
    async with store.work() as work:
        await visits.call(work, visit_id, "desk-2")
    clock.forward(minutes=2)
    async with store.work() as work:
        await visits.serve(work, visit_id)
    clock.forward(minutes=20)
    async with store.work() as work:
        await visits.finish(work, visit_id)
    (visit,) = await kept(store)
    assert (visit.status, visit.desk, visit.version) == ("served", "desk-2", 4)
    assert (visit.called_at, visit.served_at, visit.ended_at) == (
        MONDAY,
        MONDAY + timedelta(minutes=2),
        MONDAY + timedelta(minutes=22),
    )
    kinds = [type(event.event) for event in await emitted(store)]
    assert kinds == [VisitCheckedIn, VisitCalled, VisitBeingServed, VisitServed]
    assert [event.sequence for event in await emitted(store)] == [1, 2, 3, 4]


async def test_who_left_is_not_served_afterwards(store: Store) -> None:
    visit_id = await enter(store)
    async with store.work() as work:
        await visits.leave(work, visit_id)
    with pytest.raises(domain.WrongStep):
        async with store.work() as work:
            await visits.serve(work, visit_id)
    assert len(await emitted(store, VisitLeft)) == 1
    assert (await kept(store))[0].status == "left"


@pytest.mark.parametrize(("other", "refusal"), [("desk-1", Stale), ("desk-2", CalledMeanwhile)])
async def test_of_two_who_press_at_once_one_is_told_that_it_changed(
    store: Store, other: str, refusal: type[Refused]
) -> None:
    visit_id = await enter(store)

    async def press(desk: str) -> str:
        try:
            async with store.work() as work:
                await visits.call(work, visit_id, desk, version=1)
        except refusal as refused:
            return refused.slug
        return "called"

    assert sorted(await asyncio.gather(press("desk-1"), press(other))) == ["called", refusal.slug]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"centre": "bruges"}, "centre"),
        ({"area": "mobility"}, "area"),
        ({"at": MONDAY + timedelta(hours=1)}, "at"),
        ({"at": MONDAY - timedelta(days=31)}, "at"),
    ],
)
async def test_what_cannot_be_is_refused_and_changes_nothing(
    store: Store, wrong: dict[str, object], field: str
) -> None:
    fields: dict[str, object] = {"centre": "liege", "area": None, "at": None, **wrong}
    with pytest.raises(Refused) as refused:
        async with store.work() as work:
            await visits.check_in(work, visits.Arrival(uuid4(), channel=Channel.KIOSK, **fields))  # type: ignore[arg-type]
    assert refused.value.about == field
    assert await kept(store) == []
    assert await emitted(store) == []


async def test_who_agrees_is_known_here_and_only_as_a_reference_elsewhere(store: Store) -> None:
    visit_id = await enter(store)
    subject_ref = await registered(store, visit_id)
    assert (await kept(store))[0].subject_ref == subject_ref
    known, identified = await emitted(store, VisitorRegistered, VisitIdentified)
    assert isinstance(known.event, VisitorRegistered)
    assert known.event.purposes == ("guidance", "plan")
    assert isinstance(identified.event, VisitIdentified)
    assert identified.event.subject_ref == subject_ref
    assert b"monstration" not in known.record.value + identified.record.value
    assert known.correlation_id == identified.correlation_id
    with pytest.raises(domain.AlreadyKnown):
        await registered(store, visit_id)


async def test_who_is_forgotten_leaves_a_reference_that_never_comes_back(store: Store) -> None:
    visit_id = await enter(store)
    subject_ref = await registered(store, visit_id)
    async with store.work() as work:
        await erasure.erase_subject(work, subject_ref)
    assert (await kept(store))[0].subject_ref is None
    async with store.read() as session:
        assert await session.get(Visitor, subject_ref) is None
        assert (await session.scalars(sa.select(Consent))).all() == []
        assert await session.get(ErasedSubject, subject_ref) is not None
    (erased,) = await emitted(store, SubjectErased)
    assert erased.event == SubjectErased(subject_ref=subject_ref, at=MONDAY)
    assert erased.sequence == 2
