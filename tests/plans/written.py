"""A plan with something written in it, as far as a test needs it."""

from uuid import UUID, uuid4

from services.chassis.storage.store import Store
from services.contracts.plans import (
    Dimension,
)
from services.plans import actions
from services.plans.store import Action
from tests.plans.told import COUNSELLOR, Adult, provider, tell, visitor


async def write_all_dimensions(store: Store, adult: Adult) -> None:
    async with store.work() as work:
        for dimension in Dimension:
            await actions.write_assessment(
                work, adult.plan_id, COUNSELLOR, dimension=dimension, text=f"Quelques mots sur {dimension}"
            )


async def lead_somewhere(store: Store, adult: Adult) -> UUID:
    """A goal with one track; the track's id."""
    async with store.work() as work:
        goal = await actions.set_goal(work, adult.plan_id, COUNSELLOR, "Travailler le bois")
    async with store.work() as work:
        track = await actions.open_track(
            work, adult.plan_id, COUNSELLOR, goal_id=goal.id, title="Se former", area="select-training"
        )
    return track.id


async def complete(store: Store, adult: Adult) -> UUID:
    await write_all_dimensions(store, adult)
    return await lead_somewhere(store, adult)


async def write_everything(store: Store, her: Adult) -> Action:
    """All the method asks of the text, a track, and an action with a provider."""
    service_id = uuid4()
    await tell(store, [provider(service_id)])
    async with store.work() as work:
        for dimension in Dimension:
            await actions.write_assessment(
                work, her.plan_id, visitor(her.subject_ref), dimension=dimension, text=f"Mes {dimension}"
            )
        step = await actions.plan_information_step(work, her.plan_id, COUNSELLOR, what="Visiter un atelier")
        goal = await actions.set_goal(work, her.plan_id, COUNSELLOR, "Travailler le bois")
        await work.session.flush()
        await actions.conclude_information_step(
            work, her.plan_id, COUNSELLOR, step_id=step.id, result="Une odeur de copeaux"
        )
        track = await actions.open_track(
            work, her.plan_id, COUNSELLOR, goal_id=goal.id, title="Se former", area="select-training"
        )
        await work.session.flush()
        intention = actions.NewAction(
            title="Semaine de découverte", needs_provider=True, service_id=service_id, reason="training"
        )
        return await actions.plan_action(work, her.plan_id, COUNSELLOR, track_id=track.id, new=intention)
