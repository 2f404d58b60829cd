"""Reactions of the directory to incoming events."""

from services.chassis.events.reactions import Reactions
from services.chassis.storage.store import Work
from services.contracts.intake import SubjectErased
from services.contracts.plans import ActionPlanned
from services.directory import actions

reactions = Reactions()


@reactions.on(ActionPlanned)
async def on_action_planned(work: Work, event: ActionPlanned) -> None:
    """Opens a referral if the action needs a provider; without a usable service, a counsellor chooses one."""
    if event.needs_provider:
        await actions.refer_from_plan(
            work,
            event.action_id,
            subject_ref=event.subject_ref,
            centre=event.centre,
            area=event.area,
            service_id=event.service_id,
            reason=event.reason,
            plan_id=event.plan_id,
        )


@reactions.on(SubjectErased)
async def on_subject_erased(work: Work, event: SubjectErased) -> None:
    """Erases the person."""
    await actions.erase_subject(work, event.subject_ref)
