from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from tempfile import TemporaryDirectory
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from services.chassis.storage.store import Store
from services.chassis.testing import consumer_for, record_of, store_of
from services.contracts import Event
from services.contracts.directory import (
    ReferralProgressed,
    ReferralRequested,
    ReferralStatus,
)
from services.contracts.intake import SubjectErased
from services.contracts.interviews import InterviewResumed
from services.contracts.plans import PlanOpened, PlansPurged
from services.contracts.scheduling import InterviewHeld, InterviewKind, Method
from services.plans import actions
from services.plans.app import SERVICE
from services.plans.reactions import reactions
from services.plans.store import Centre, HeldInterview, Plan, ProviderService, Referral, standings
from services.plans.store import Path as PathRow
from tests.givens.events import emitted_events, emitted_types
from tests.givens.plans import COUNSELLOR, MARCH, MONS, Adult, mons, provider, react
from tests.givens.rows import domain_rows

SEED = UUID("00000000-0000-4000-8000-000000000017")


@asynccontextmanager
async def fresh_store() -> AsyncGenerator[Store]:
    with TemporaryDirectory() as folder:
        async with store_of(SERVICE, f"sqlite+aiosqlite:///{folder}/plans.db", lambda: MARCH) as store:
            yield store


async def plan_of(store: Store, adult: Adult) -> Plan | None:
    async with store.read() as session:
        return await session.get(Plan, adult.plan_id)


async def test_the_first_held_interview_opens_an_individual_plan(store: Store) -> None:
    adult = Adult(Method.INDIVIDUAL)
    await react(store, [adult.path_opened()])
    assert await plan_of(store, adult) is None
    await react(store, [adult.interview(1)])
    plan = await plan_of(store, adult)
    assert plan is not None
    assert (plan.subject_ref, plan.centre, plan.method) == (adult.subject_ref, MONS, "individual")
    assert plan.opened_at == adult.interview(1).starts_at
    opened = (await emitted_events(store))[0]
    assert opened == PlanOpened(
        plan_id=plan.id,
        path_id=adult.path_id,
        subject_ref=adult.subject_ref,
        centre=MONS,
        method=Method.INDIVIDUAL,
        at=plan.opened_at,
    )


async def test_the_first_session_attended_opens_a_collective_plan(store: Store) -> None:
    adult = Adult(Method.COLLECTIVE)
    await react(store, [adult.path_opened(), adult.announced(), adult.seat(), adult.attendance(1, attended=False)])
    assert await plan_of(store, adult) is None
    await react(store, [adult.attendance(2)])
    assert await emitted_types(store) == ["PlanOpened"]


async def test_an_interview_whose_end_was_undone_does_not_count_and_leaves_the_plan(store: Store) -> None:
    adult = Adult(Method.INDIVIDUAL)
    held, undone = adult.interview(1), undone_of(adult.interview(1))
    numbers: list[int] = []
    for event in (held, undone, held):
        await react(store, [adult.path_opened(), event])
        numbers.append(await held_on(store, adult))
    assert numbers == [1, 0, 1]
    assert await emitted_types(store) == ["PlanOpened"], "what may have been written in it stays"


def undone_of(held: InterviewHeld) -> InterviewResumed:
    """The end of this interview was undone."""
    facts = held.model_dump(include={"interview_id", "kind", "centre", "area", "counsellor", "starts_at", "visit_id"})
    return InterviewResumed(**facts, at=held.starts_at, path_id=held.path_id)


async def held_on(store: Store, adult: Adult) -> int:
    """How many interviews count on the path."""
    async with store.read() as session:
        plan = await session.get_one(Plan, adult.plan_id)
        return (await standings(session, [plan]))[plan.id].interviews_held


async def test_an_end_that_is_undone_in_the_same_batch_does_not_count(store: Store) -> None:
    adult = Adult(Method.INDIVIDUAL)
    held, undone = adult.interview(1), undone_of(adult.interview(1))
    numbers: list[int] = []
    for batch in ([adult.path_opened(), held, undone], [held, undone, held], [undone, held, undone]):
        await react(store, batch, in_one_batch=True)
        numbers.append(await held_on(store, adult))
    assert numbers == [0, 1, 0]
    assert await emitted_types(store) == ["PlanOpened"]


async def test_an_end_that_arrives_after_its_undoing_does_not_count(store: Store) -> None:
    adult = Adult(Method.INDIVIDUAL)
    held = adult.interview(1)
    await react(store, [adult.path_opened()])
    consumer = consumer_for(store, reactions, attempts=2, retry_seconds=0.01)
    await consumer.process([record_of(undone_of(held), 2)])
    await consumer.process([record_of(held, 1)])
    async with store.read() as session:
        assert (await session.execute(sa.select(store.table("dead_letters")))).all() == []
    assert await held_on(store, adult) == 0


async def test_the_final_interview_is_due_until_the_attendance_is_corrected(store: Store) -> None:
    adult = Adult(Method.COLLECTIVE)
    due: list[object] = []
    for event in (adult.finalising_due(), adult.finalising_withdrawn(), adult.finalising_due()):
        await react(store, [adult.path_opened(), adult.attendance(1), event])
        async with store.read() as session:
            due.append((await session.get_one(PathRow, adult.path_id)).finalising_due_at)
    assert due == [adult.finalising_due().at, None, adult.finalising_due().at]


async def test_a_path_has_one_plan_however_many_interviews_are_held(store: Store) -> None:
    adult = Adult(Method.INDIVIDUAL)
    await react(store, [adult.path_opened(), *(adult.interview(n) for n in (1, 2, 2, 3))], in_one_batch=True)
    assert await emitted_types(store) == ["PlanOpened"]
    async with store.read() as session:
        assert len((await session.scalars(select(HeldInterview))).all()) == 3


async def test_an_information_interview_leaves_no_trace(store: Store) -> None:
    heard = Adult(Method.INDIVIDUAL).interview(1)
    await react(store, [heard.model_copy(update={"kind": InterviewKind.INFORMATION, "path_id": None})])
    assert all(rows == [] for rows in (await domain_rows(store)).values())


async def test_the_plan_carries_on_the_chain_of_its_path(store: Store) -> None:
    adult = Adult(Method.INDIVIDUAL)
    await react(store, [adult.interview(1), adult.path_opened()])
    plan = await plan_of(store, adult)
    async with store.read() as session:
        path = await session.get(PathRow, adult.path_id)
    assert plan is not None
    assert path is not None
    assert plan.correlation_id == path.correlation_id


def individual_story(adult: Adult) -> list[Event]:
    return [adult.path_opened(), *(adult.interview(n, known=n != 2) for n in (1, 2, 3))]


def collective_story(adult: Adult) -> list[list[Event]]:
    """Scheduling says what concerns one workshop in one order; the rest comes whenever it comes."""
    workshop: list[Event] = [
        adult.announced(),
        adult.seat(),
        adult.attendance(1),
        adult.attendance(2, attended=False),
        adult.attendance(1, attended=False),
        adult.attendance(3, final=True),
        adult.finalising_due(),
        adult.attendance(3, attended=False, final=True),
        adult.finalising_withdrawn(),
    ]
    return [workshop, [adult.path_opened()], [adult.interview(1)]]


Outcome = tuple[object, object]
_in_order: dict[Method, Outcome] = {}


async def outcome(events: list[Event], *, in_one_batch: bool) -> Outcome:
    async with fresh_store() as store:
        await react(store, events, in_one_batch=in_one_batch)
        return await domain_rows(store), sorted(map(repr, await emitted_events(store)))


async def outcome_in_order(method: Method, events: list[Event]) -> Outcome:
    if method not in _in_order:
        _in_order[method] = await outcome(events, in_one_batch=False)
    return _in_order[method]


@settings(max_examples=15, deadline=None)
@given(st.permutations(individual_story(Adult(Method.INDIVIDUAL, SEED))), st.booleans())
async def test_an_individual_path_ends_the_same_in_every_order(events: list[Event], in_one_batch: bool) -> None:
    given = individual_story(Adult(Method.INDIVIDUAL, SEED))
    assert await outcome(events, in_one_batch=in_one_batch) == await outcome_in_order(Method.INDIVIDUAL, given)


@st.composite
def interleaved(draw: st.DrawFn, streams: list[list[Event]]) -> list[Event]:
    """All streams in one, each keeping its own order."""
    left = [list(stream) for stream in streams]
    merged: list[Event] = []
    while any(left):
        merged.append(draw(st.sampled_from([stream for stream in left if stream])).pop(0))
    return merged


@settings(max_examples=15, deadline=None)
@given(interleaved(collective_story(Adult(Method.COLLECTIVE, SEED))), st.booleans())
async def test_a_collective_path_ends_the_same_in_every_order(events: list[Event], in_one_batch: bool) -> None:
    given = [event for stream in collective_story(Adult(Method.COLLECTIVE, SEED)) for event in stream]
    assert await outcome(events, in_one_batch=in_one_batch) == await outcome_in_order(Method.COLLECTIVE, given)


def forgotten_story(adult: Adult) -> list[list[Event]]:
    erased = SubjectErased(subject_ref=adult.subject_ref, at=MARCH)
    referral_id = uuid4()
    referral = ReferralRequested(
        referral_id=referral_id,
        subject_ref=adult.subject_ref,
        centre=MONS,
        area=None,
        organization_id=uuid4(),
        service_id=uuid4(),
        reason="training",
        plan_id=adult.plan_id,
        action_id=uuid4(),
        at=MARCH,
    )
    moved = ReferralProgressed(
        referral_id=referral_id,
        centre=MONS,
        organization_id=referral.organization_id,
        service_id=referral.service_id,
        status=ReferralStatus.ACCEPTED,
        plan_id=referral.plan_id,
        action_id=referral.action_id,
        at=MARCH,
    )
    individual: list[list[Event]] = [[event] for event in individual_story(adult)]
    return [*individual, [adult.seat(), adult.attendance(1)], [referral, moved], [erased]]


@settings(max_examples=20, deadline=None)
@given(interleaved(forgotten_story(Adult(Method.INDIVIDUAL, SEED))), st.booleans())
async def test_nobody_comes_back_after_erasure_in_any_order(events: list[Event], in_one_batch: bool) -> None:
    adult = Adult(Method.INDIVIDUAL, SEED)
    async with fresh_store() as store:
        await react(store, events, in_one_batch=in_one_batch)
        held = await domain_rows(store, without=["subjects"])
        assert [name for name, rows in held.items() if rows] == ["paths"]
        assert str(adult.subject_ref) not in repr(held)
        assert len(held["paths"]) == 1
        assert (await emitted_types(store)).count("PlansPurged") == 1


async def test_erasure_takes_every_word_and_says_so_once(store: Store, adult: Adult) -> None:
    async with store.work() as work:
        goal = await actions.set_goal(work, adult.plan_id, COUNSELLOR, "Menuisière")
        await work.session.flush()
        track = await actions.open_track(work, adult.plan_id, COUNSELLOR, goal_id=goal.id, title="Essai", area=None)
        await work.session.flush()
        intention = actions.NewAction(title="Visiter l'atelier")
        await actions.plan_action(work, adult.plan_id, COUNSELLOR, track_id=track.id, new=intention)
    await react(store, [SubjectErased(subject_ref=adult.subject_ref, at=MARCH)])
    held = await domain_rows(store)
    assert {name for name, rows in held.items() if rows} == {"subjects", "paths", "centres"}
    purged = (await emitted_events(store))[-1]
    assert purged == PlansPurged(subject_ref=adult.subject_ref, at=MARCH, found=True)


async def test_somebody_never_heard_of_is_purged_too(store: Store) -> None:
    await react(store, [SubjectErased(subject_ref=uuid4(), at=MARCH)])
    assert await emitted_types(store) == ["PlansPurged"]


async def test_only_sessions_of_the_present_workshop_count(store: Store) -> None:
    adult = Adult(Method.COLLECTIVE)
    moved = adult.seat().model_copy(update={"workshop_id": uuid4(), "at": MARCH + timedelta(days=9)})
    await react(store, [adult.path_opened(), adult.announced(), adult.seat(), adult.attendance(1)])
    await react(store, [adult.attendance(3, attended=False, final=True), moved])
    plan = await plan_of(store, adult)
    assert plan is not None
    async with store.read() as session:
        standing = (await standings(session, [plan]))[plan.id]
    assert (standing.sessions_recorded, standing.workshop_finished) == (0, False)


async def test_the_action_shows_where_its_referral_stands(store: Store, adult: Adult) -> None:
    asked = forgotten_story(adult)[-2]
    await react(store, asked[:1])
    async with store.read() as session:
        assert [one.status for one in await session.scalars(select(Referral))] == ["requested"]
    await react(store, asked[1:])
    async with store.read() as session:
        assert [one.status for one in await session.scalars(select(Referral))] == ["accepted"]


async def test_a_referral_by_hand_belongs_to_no_plan(store: Store, adult: Adult) -> None:
    asked, moved = forgotten_story(adult)[-2]
    nobody = {"plan_id": None, "action_id": None}
    await react(store, [asked.model_copy(update=nobody), moved.model_copy(update=nobody)])
    async with store.read() as session:
        assert (await session.scalars(select(Referral))).all() == []


@pytest.mark.parametrize("in_one_batch", [True, False])
async def test_the_newest_word_of_a_provider_and_a_centre_is_the_whole_truth(store: Store, in_one_batch: bool) -> None:
    organization, old, new = uuid4(), uuid4(), uuid4()
    smaller = mons().model_copy(update={"areas": ("find-job",)})
    given: list[Event] = [provider(old, organization), mons(), provider(new, organization), smaller]
    await react(store, given, in_one_batch=in_one_batch)
    renamed = provider(new, organization).model_copy(update={"name": "Promotion sociale de Mons (demo)"})
    await react(store, [renamed])
    async with store.read() as session:
        services = (await session.scalars(select(ProviderService))).all()
        centre = await session.scalar(select(Centre).where(col(Centre.code) == MONS))
    assert [(one.id, one.organization_name) for one in services] == [(new, "Promotion sociale de Mons (demo)")]
    assert centre is not None
    assert centre.areas == ["find-job"]
