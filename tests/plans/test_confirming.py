import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlmodel import select

from services.chassis.refusals import Refused, Stale
from services.chassis.storage.store import Store, Work
from services.contracts.plans import (
    ActionStatus,
    Dimension,
    PlanConfirmed,
)
from services.contracts.scheduling import Method
from services.plans import actions
from services.plans.domain import (
    Moment,
    PlanIsConfirmed,
    SecondInterviewNotHeld,
)
from services.plans.store import Assessment, Plan, Revision, sheet
from tests.givens.events import emitted_events
from tests.givens.plans import COUNSELLOR, Adult, complete, react, visitor
from tests.givens.rows import domain_rows


async def test_confirming_before_the_second_interview_is_refused_and_changes_nothing(
    store: Store, adult: Adult
) -> None:
    await complete(store, adult)
    before = await domain_rows(store)
    with pytest.raises(SecondInterviewNotHeld):
        async with store.work() as work:
            await actions.confirm(work, adult.plan_id, COUNSELLOR)
    assert await domain_rows(store) == before


async def test_a_complete_individual_plan_is_confirmed_after_the_second_interview(store: Store, adult: Adult) -> None:
    await complete(store, adult)
    await react(store, [adult.interview(2)])
    async with store.work() as work:
        plan = await actions.confirm(work, adult.plan_id, COUNSELLOR)
    assert plan.confirmed_by == COUNSELLOR.subject
    assert (await emitted_events(store))[-1] == PlanConfirmed(
        plan_id=plan.id,
        path_id=adult.path_id,
        subject_ref=adult.subject_ref,
        centre="mons",
        method=Method.INDIVIDUAL,
        goals=1,
        action_tracks=1,
        at=plan.confirmed_at or plan.opened_at,
    )


async def test_a_collective_plan_waits_for_its_workshop_and_its_finalising_session(store: Store) -> None:
    adult = Adult(Method.COLLECTIVE)
    await react(store, [adult.announced(), adult.seat(), adult.path_opened(), adult.attendance(1)])
    await complete(store, adult)

    async def refused() -> str:
        with pytest.raises(Refused) as raised:
            async with store.work() as work:
                await actions.confirm(work, adult.plan_id, COUNSELLOR)
        return raised.value.slug

    assert await refused() == "workshop-not-finished"
    await react(store, [adult.attendance(2), adult.attendance(3, final=True), adult.finalising_due()])
    assert await refused() == "finalising-session-not-held"
    await react(store, [adult.interview(1)])
    async with store.work() as work:
        plan = await actions.confirm(work, adult.plan_id, COUNSELLOR)
    assert plan.confirmed_at is not None


Change = Callable[[Work, Adult], Awaitable[object]]

CHANGES: dict[str, Change] = {
    "assessment": lambda work, adult: actions.write_assessment(
        work, adult.plan_id, COUNSELLOR, dimension=Dimension.SKILLS, text="encore"
    ),
    "step": lambda work, adult: actions.plan_information_step(work, adult.plan_id, COUNSELLOR, what="encore"),
    "reflection": lambda work, adult: actions.add_reflection(
        work, adult.plan_id, COUNSELLOR, moment=Moment.AFTER, text="encore"
    ),
    "goal": lambda work, adult: actions.set_goal(work, adult.plan_id, COUNSELLOR, "encore"),
    "confirmation": lambda work, adult: actions.confirm(work, adult.plan_id, COUNSELLOR),
}


@pytest.mark.parametrize("what", CHANGES)
async def test_a_confirmed_plan_is_read_only_but_for_the_progress_of_its_actions(
    store: Store, adult: Adult, what: str
) -> None:
    track_id = await complete(store, adult)
    async with store.work() as work:
        action = await actions.plan_action(
            work, adult.plan_id, COUNSELLOR, track_id=track_id, new=actions.NewAction(title="S'inscrire")
        )
    await react(store, [adult.interview(2)])
    async with store.work() as work:
        await actions.confirm(work, adult.plan_id, COUNSELLOR)
    with pytest.raises(PlanIsConfirmed):
        async with store.work() as work:
            await CHANGES[what](work, adult)
    async with store.work() as work:
        moved = await actions.progress_action(
            work, adult.plan_id, visitor(adult.subject_ref), action_id=action.id, status=ActionStatus.DONE
        )
    assert (moved.status, moved.version) == (ActionStatus.DONE, 2)


async def test_two_people_saving_the_same_text_at_once_do_not_overwrite_each_other(store: Store, adult: Adult) -> None:
    async def save(text: str) -> str:
        try:
            async with store.work() as work:
                await actions.write_assessment(
                    work, adult.plan_id, COUNSELLOR, dimension=Dimension.MOTIVATION, text=text, version=0
                )
            return "saved"
        except Stale:
            return "stale"

    outcomes = await asyncio.gather(*(save(f"version {n}") for n in range(8)))
    assert sorted(outcomes) == ["saved"] + ["stale"] * 7
    async with store.read() as session:
        assert [one.version for one in await session.scalars(select(Assessment))] == [1]
        assert len((await session.scalars(select(Revision))).all()) == 1


async def test_of_many_confirmations_at_once_one_counts(store: Store, adult: Adult) -> None:
    await complete(store, adult)
    await react(store, [adult.interview(2)])

    async def confirm() -> str:
        try:
            async with store.work() as work:
                await actions.confirm(work, adult.plan_id, COUNSELLOR)
            return "confirmed"
        except PlanIsConfirmed:
            return "already"

    outcomes = await asyncio.gather(*(confirm() for _ in range(8)))
    assert sorted(outcomes) == ["already"] * 7 + ["confirmed"]
    assert sum(isinstance(event, PlanConfirmed) for event in await emitted_events(store)) == 1


async def test_many_writers_keep_every_goal_and_the_order_of_versions(store: Store, adult: Adult) -> None:
    async def set_goal(n: int) -> None:
        async with store.work() as work:
            await actions.set_goal(work, adult.plan_id, COUNSELLOR, f"But {n}")

    await asyncio.gather(*(set_goal(n) for n in range(12)))
    async with store.read() as session:
        plan = await session.get(Plan, adult.plan_id)
        assert plan is not None
        whole = await sheet(session, plan)
    assert (plan.version, whole.standing.goals) == (13, 12)
