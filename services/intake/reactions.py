"""Reactions of intake to incoming events."""

from datetime import timedelta

from services.chassis.copies.accounts import copy_account
from services.chassis.copies.centres import copy_centre
from services.chassis.events.dead_letters import retry_refused
from services.chassis.events.reactions import Reactions, RowKey
from services.chassis.refusals import UnknownCentre
from services.chassis.storage.store import Work
from services.contracts.accounts import AccountPublished
from services.contracts.directory import CentrePublished
from services.contracts.erasure import CONFIRMATIONS, Purged
from services.contracts.intake import DeskCheckIn
from services.contracts.scheduling import InterviewHeld, InterviewStarted, InterviewUndone
from services.intake.actions import erasure, interviews, visits
from services.intake.store import Account, Centre, Visit

reactions = Reactions()


@reactions.on(DeskCheckIn, loads=Visit)
async def on_desk_check_in(work: Work, event: DeskCheckIn) -> None:
    """Checks in a visitor whom a front desk's own software reported."""
    await visits.check_in(
        work,
        visits.Arrival(event.visit_id, event.centre, event.area, event.channel, event.at, event.queue),
    )


@reactions.on(CentrePublished)
async def on_centre_published(work: Work, event: CentrePublished) -> None:
    """Copies a centre that the directory published. Check-ins that desks sent before it was known are retried."""
    await copy_centre(work, Centre, event)
    await retry_refused(work, UnknownCentre.slug, "centre-published")


def of_visit(event: InterviewStarted | InterviewHeld | InterviewUndone) -> list[RowKey]:
    """The visit of the interview's visitor."""
    return [(Visit, event.visit_id)] if event.visit_id else []


@reactions.on(InterviewStarted, loads=of_visit)
async def on_interview_started(work: Work, event: InterviewStarted) -> None:
    """Marks a visitor as being served when their interview starts, so that the desk need not."""
    if event.visit_id is not None:
        await interviews.begin(work, event.visit_id, event.interview_id, event.at)


@reactions.on(InterviewHeld, loads=of_visit)
async def on_interview_held(work: Work, event: InterviewHeld) -> None:
    """Ends the visit with the interview."""
    if event.visit_id is not None:
        ended_at = event.starts_at + timedelta(minutes=event.minutes)
        await interviews.end(work, event.visit_id, event.interview_id, ended_at)


@reactions.on(InterviewUndone, loads=of_visit)
async def on_interview_undone(work: Work, event: InterviewUndone) -> None:
    """Brings the visitor back to where they were before the interview."""
    if event.visit_id is not None:
        await interviews.undo(work, event.visit_id, event.interview_id)


@reactions.on(AccountPublished)
async def on_account_published(work: Work, event: AccountPublished) -> None:
    """Copies an account that the directory published."""
    await copy_account(work, Account, event)


async def on_purged(work: Work, event: Purged) -> None:
    """Notes that a service has erased a person."""
    await erasure.confirm_erasure(work, event.subject_ref, event.topic.owner)


for confirmation in CONFIRMATIONS.values():
    reactions.on(confirmation)(on_purged)
