"""Without the person's consent a plan is closed to the centre, and stays theirs; given again, it opens."""

import itertools

import pytest

from services.chassis.storage.store import Store
from services.chassis.testing import publish, record_of
from services.contracts import Event
from services.contracts.intake import SubjectErased
from services.contracts.scheduling import Method
from services.plans import actions
from services.plans.domain import PlanClosed, ReadOnly
from services.plans.reactions import reactions
from services.plans.store import Plan, Subject, count_of_centre, plans_of_centre
from tests.givens.plans import ARLON_COUNSELLOR, COUNSELLOR, MARCH, MONS, Adult, mons, react, visitor
from tests.plans.conftest import Site


async def closed(store: Store, adult: Adult) -> bool:
    async with store.read() as session:
        return (await session.get_one(Plan, adult.plan_id)).closed_to_centre


async def test_a_plan_without_consent_is_closed_to_the_centre_and_still_the_person_s(
    store: Store, adult: Adult
) -> None:
    await react(store, [adult.registered("guidance", "plan"), adult.withdraws("plan", left=("guidance",))])
    async with store.read() as session:
        plan = await session.get_one(Plan, adult.plan_id)
        assert await plans_of_centre(session, MONS) == []
        assert set((await count_of_centre(session, MONS)).values()) == {0}
    assert actions.accessible(plan, visitor(adult.subject_ref)) is plan
    for person, refusal in ((COUNSELLOR, PlanClosed), (visitor(adult.subject_ref), ReadOnly)):
        with pytest.raises(refusal):
            async with store.work() as work:
                await actions.set_goal(work, adult.plan_id, person, "Travailler dehors")
    await react(store, [adult.gives("guidance", "plan")])
    async with store.work() as work:
        await actions.set_goal(work, adult.plan_id, COUNSELLOR, "Travailler dehors")
    async with store.read() as session:
        assert [one.id for one in await plans_of_centre(session, MONS)] == [adult.plan_id]


@pytest.mark.parametrize(("purposes", "expected"), [(("guidance",), True), (("plan",), False)])
async def test_registration_and_path_arrive_in_any_order(
    store: Store, purposes: tuple[str, ...], expected: bool
) -> None:
    for arrival in itertools.permutations(range(3)):
        adult = Adult(Method.INDIVIDUAL)
        events: list[Event] = [adult.registered(*purposes), adult.path_opened(), adult.interview(1)]
        await react(store, [mons(), *(events[number] for number in arrival)])
        assert await closed(store, adult) is expected


async def test_a_withdrawal_and_a_later_consent_end_the_same_in_any_order_of_arrival(store: Store) -> None:
    for arrival in itertools.permutations(range(3)):
        adult = Adult(Method.INDIVIDUAL)
        await react(store, [mons(), adult.path_opened(), adult.interview(1)])
        events = [adult.registered("plan"), adult.withdraws("plan", left=()), adult.gives("plan")]
        records = [record_of(event, number + 1) for number, event in enumerate(events)]
        await publish(store, reactions, *(records[number] for number in arrival))
        assert not await closed(store, adult)


async def test_the_plan_of_a_person_whom_intake_never_registered_stays_open(store: Store, adult: Adult) -> None:
    old = adult.withdraws("reminders", left=()).model_copy(update={"in_force": None})
    await react(store, [old])
    assert not await closed(store, adult)


async def test_an_erased_person_consents_to_nothing(store: Store, adult: Adult) -> None:
    await react(store, [SubjectErased(subject_ref=adult.subject_ref, at=MARCH), adult.gives("plan")])
    async with store.read() as session:
        assert (await session.get_one(Subject, adult.subject_ref)).purposes is None


async def test_the_pages_of_a_closed_plan_say_why_and_what_is_possible(site: Site, her: Adult) -> None:
    await react(site.store, [her.registered("plan"), her.withdraws("plan", left=())])
    async with site.as_(COUNSELLOR, page=True) as client:
        refused = await client.get(f"/plans/{her.plan_id}")
        assert (refused.status_code, "withdrawn their consent" in refused.text) == (403, True)
        assert str(her.plan_id) not in (await client.get("/plans/?centre=mons")).text
    async with site.as_(ARLON_COUNSELLOR, page=True) as client:
        assert (await client.get(f"/plans/{her.plan_id}")).status_code == 404
    async with site.as_(visitor(her.subject_ref), page=True) as client:
        shown = (await client.get(f"/plans/{her.plan_id}")).text
        assert "The centre no longer sees it." in shown
        assert f'action="/plans/{her.plan_id}/goals"' not in shown
        for taken in (f"/plans/{her.plan_id}/print", f"/plans/api/v1/plans/{her.plan_id}/export"):
            assert (await client.get(taken)).status_code == 200
        refused = await client.post(f"/plans/{her.plan_id}/goals", data={"goal": "Travailler dehors"})
        assert (refused.status_code, "You have withdrawn your consent" in refused.text) == (422, True)
