from datetime import date
from uuid import UUID, uuid4

import pytest

from services.chassis.identity.people import Person
from services.chassis.refusals import AreaNotServed, NotFound, Stale
from services.chassis.storage.store import Store
from services.contracts.plans import (
    ActionPlanned,
    ActionStatus,
    AssessmentRecorded,
    Dimension,
    InformationStepConcluded,
)
from services.contracts.roles import Role
from services.contracts.scheduling import Method
from services.plans import actions
from services.plans.domain import (
    DimensionsMissing,
    DueInPast,
    Moment,
    OnlyCounsellorRefers,
    ServiceNotOffered,
)
from services.plans.store import InformationStep, Plan, plans_of_centre, revisions_of, sheet
from tests.givens.events import emitted_events, emitted_types
from tests.givens.plans import (
    ARLON_COUNSELLOR,
    COUNSELLOR,
    Adult,
    complete,
    lead_somewhere,
    provider,
    react,
    visitor,
    write_all_dimensions,
)
from tests.givens.rows import domain_rows


async def test_counsellor_and_visitor_write_along_the_same_dimension_and_the_log_keeps_both(
    store: Store, adult: Adult
) -> None:
    her = visitor(adult.subject_ref)
    async with store.work() as work:
        await actions.write_assessment(
            work, adult.plan_id, COUNSELLOR, dimension=Dimension.SKILLS, text="Organise bien", version=0
        )
    async with store.work() as work:
        entry = await actions.write_assessment(
            work, adult.plan_id, her, dimension=Dimension.SKILLS, text="Organise et répare", version=1
        )
    assert (entry.version, entry.by_role, entry.by_account) == (2, Role.VISITOR, her.subject)
    async with store.read() as session:
        log = await revisions_of(session, adult.plan_id)
    assert [(one.by_role, one.old, one.new) for one in log] == [
        ("visitor", "Organise bien", "Organise et répare"),
        ("counsellor", None, "Organise bien"),
    ]
    assert [type(event) for event in await emitted_events(store)][1:] == [AssessmentRecorded] * 2


async def test_no_word_of_a_plan_travels(store: Store, adult: Adult) -> None:
    canary = "canari-jaune"
    her = visitor(adult.subject_ref)
    async with store.work() as work:
        await actions.write_assessment(work, adult.plan_id, her, dimension=Dimension.VALUES, text=canary)
        await actions.add_reflection(work, adult.plan_id, her, moment=Moment.BETWEEN, text=canary)
        step = await actions.plan_information_step(work, adult.plan_id, her, what=canary, whom=canary)
        goal = await actions.set_goal(work, adult.plan_id, her, canary)
        await work.session.flush()
        await actions.conclude_information_step(work, adult.plan_id, her, step_id=step.id, result=canary)
        track = await actions.open_track(work, adult.plan_id, her, goal_id=goal.id, title=canary, area=None)
        await work.session.flush()
        await actions.plan_action(work, adult.plan_id, her, track_id=track.id, new=actions.NewAction(title=canary))
    assert len(await emitted_types(store)) == 8
    assert canary not in repr(await emitted_events(store))


async def test_the_same_text_again_changes_nothing(store: Store, adult: Adult) -> None:
    await write_all_dimensions(store, adult)
    before = await domain_rows(store)
    await write_all_dimensions(store, adult)
    assert await domain_rows(store) == before
    assert len(await emitted_events(store)) == 1 + 6


async def test_a_text_can_be_taken_out_again(store: Store, adult: Adult) -> None:
    await complete(store, adult)
    async with store.work() as work:
        await actions.write_assessment(work, adult.plan_id, COUNSELLOR, dimension=Dimension.VALUES, text="")
    await react(store, [adult.interview(2)])
    with pytest.raises(DimensionsMissing) as raised:
        async with store.work() as work:
            await actions.confirm(work, adult.plan_id, COUNSELLOR)
    assert tuple(raised.value.values["missing"]) == ("Values",)


async def test_a_result_of_an_information_step_fills_the_information_dimension(store: Store, adult: Adult) -> None:
    async with store.work() as work:
        step = await actions.plan_information_step(
            work, adult.plan_id, COUNSELLOR, what="Visiter un atelier", planned_on=date(2026, 3, 9)
        )
    async with store.read() as session:
        plan = await session.get(Plan, adult.plan_id)
        assert plan is not None
        assert Dimension.INFORMATION not in (await sheet(session, plan)).standing.written
    async with store.work() as work:
        await actions.conclude_information_step(
            work, adult.plan_id, visitor(adult.subject_ref), step_id=step.id, result="J'ai aimé l'odeur", version=1
        )
    async with store.read() as session:
        assert Dimension.INFORMATION in (await sheet(session, plan)).standing.written


async def test_a_corrected_result_is_no_second_fact(store: Store, adult: Adult) -> None:
    async with store.work() as work:
        step = await actions.plan_information_step(work, adult.plan_id, COUNSELLOR, what="Appeler l'école")
    for result in ("Rentrée en septembre", "Rentrée en octobre"):
        async with store.work() as work:
            await actions.conclude_information_step(work, adult.plan_id, COUNSELLOR, step_id=step.id, result=result)
    assert sum(isinstance(event, InformationStepConcluded) for event in await emitted_events(store)) == 1
    async with store.read() as session:
        kept = await session.get(InformationStep, step.id)
        log = await revisions_of(session, adult.plan_id)
    assert kept is not None
    assert kept.result == "Rentrée en octobre"
    assert (log[0].old, log[0].new) == ("Rentrée en septembre", "Rentrée en octobre")


@pytest.mark.parametrize("person", [ARLON_COUNSELLOR, visitor(uuid4())], ids=["another centre", "another visitor"])
async def test_a_plan_is_for_its_person_and_their_centre(store: Store, adult: Adult, person: Person) -> None:
    with pytest.raises(NotFound):
        async with store.work() as work:
            await actions.set_goal(work, adult.plan_id, person, "Voir le plan d'une autre")
    assert await emitted_types(store) == ["PlanOpened"]


async def test_a_stale_version_is_refused_with_both_values(store: Store, adult: Adult) -> None:
    async with store.work() as work:
        await actions.set_goal(work, adult.plan_id, COUNSELLOR, "Premier", version=1)
    with pytest.raises(Stale) as raised:
        async with store.work() as work:
            await actions.set_goal(work, adult.plan_id, COUNSELLOR, "Second", version=1)
    assert raised.value.values == {"now": 2, "seen": 1}


async def test_an_action_that_needs_a_provider_asks_directory_for_a_referral(store: Store, adult: Adult) -> None:
    service_id = uuid4()
    await react(store, [provider(service_id)])
    track_id = await lead_somewhere(store, adult)
    intention = actions.NewAction(
        title="Semaine de découverte", needs_provider=True, service_id=service_id, reason="training"
    )
    async with store.work() as work:
        action = await actions.plan_action(work, adult.plan_id, COUNSELLOR, track_id=track_id, new=intention)
    assert (action.service_name, action.provider_name) == ("Découverte des métiers du bois", "Promotion sociale (demo)")
    planned = (await emitted_events(store))[-1]
    assert isinstance(planned, ActionPlanned)
    assert (planned.needs_provider, planned.service_id, planned.reason) == (True, service_id, "training")
    assert (planned.subject_ref, planned.area) == (adult.subject_ref, "select-training")
    assert planned.planned_by == "counsellor"


async def test_a_visitor_plans_actions_but_is_referred_by_a_counsellor(store: Store, adult: Adult) -> None:
    track_id = await lead_somewhere(store, adult)
    her = visitor(adult.subject_ref)
    async with store.work() as work:
        await actions.plan_action(
            work, adult.plan_id, her, track_id=track_id, new=actions.NewAction(title="Relire mon CV")
        )
    (planned,) = await emitted_events(store, ActionPlanned)
    assert planned.planned_by == "visitor"
    with pytest.raises(OnlyCounsellorRefers):
        async with store.work() as work:
            await actions.plan_action(
                work,
                adult.plan_id,
                her,
                track_id=track_id,
                new=actions.NewAction(title="Une formation", needs_provider=True, reason="training"),
            )


@pytest.mark.parametrize("status", ["inactive", "temporarily closed"])
async def test_a_service_that_is_not_offered_cannot_be_chosen(store: Store, adult: Adult, status: str) -> None:
    closed = uuid4()
    await react(store, [provider(closed, status=status)])
    track_id = await lead_somewhere(store, adult)
    for service_id in (closed, uuid4()):
        intention = actions.NewAction(title="Essai", needs_provider=True, service_id=service_id, reason="training")
        with pytest.raises(ServiceNotOffered):
            async with store.work() as work:
                await actions.plan_action(work, adult.plan_id, COUNSELLOR, track_id=track_id, new=intention)


async def test_an_action_due_yesterday_is_refused(store: Store, adult: Adult) -> None:
    track_id = await lead_somewhere(store, adult)
    intention = actions.NewAction(title="Hier", due_on=date(2026, 3, 1))
    with pytest.raises(DueInPast):
        async with store.work() as work:
            await actions.plan_action(work, adult.plan_id, COUNSELLOR, track_id=track_id, new=intention)


async def test_a_track_in_an_area_of_elsewhere_is_refused(store: Store, adult: Adult) -> None:
    async with store.work() as work:
        goal = await actions.set_goal(work, adult.plan_id, COUNSELLOR, "But")
    with pytest.raises(AreaNotServed):
        async with store.work() as work:
            await actions.open_track(
                work, adult.plan_id, COUNSELLOR, goal_id=goal.id, title="Ailleurs", area="mobility"
            )


async def test_parts_of_another_plan_are_not_found(store: Store, adult: Adult) -> None:
    other = Adult(Method.INDIVIDUAL)
    await react(store, [other.path_opened(), other.interview(1)])
    track_id = await lead_somewhere(store, other)
    with pytest.raises(NotFound):
        async with store.work() as work:
            await actions.plan_action(
                work, adult.plan_id, COUNSELLOR, track_id=track_id, new=actions.NewAction(title="Perdu")
            )


async def test_progress_said_twice_is_one_fact(store: Store, adult: Adult) -> None:
    track_id = await lead_somewhere(store, adult)
    async with store.work() as work:
        action = await actions.plan_action(
            work, adult.plan_id, COUNSELLOR, track_id=track_id, new=actions.NewAction(title="Téléphoner")
        )
    for _ in range(2):
        async with store.work() as work:
            await actions.progress_action(
                work, adult.plan_id, COUNSELLOR, action_id=action.id, status=ActionStatus.IN_PROGRESS
            )
    assert (await emitted_types(store)).count("ActionProgressed") == 1


async def test_a_centres_plans_come_page_by_page_without_loss(store: Store) -> None:
    adults = [Adult(Method.INDIVIDUAL) for _ in range(7)]
    await react(store, [event for adult in adults for event in (adult.path_opened(), adult.interview(1))])
    seen: list[UUID] = []
    async with store.read() as session:
        while page := await plans_of_centre(session, "mons", after=seen[-1] if seen else None, limit=3):
            seen += [plan.id for plan in page]
    assert len(seen) == len(set(seen)) == 7
