"""Reactions of impact to incoming events."""

from services.chassis.copies.accounts import copy_account
from services.chassis.copies.centres import copy_centre
from services.chassis.events.reactions import Reactions
from services.chassis.storage.store import Work
from services.contracts.accounts import AccountPublished
from services.contracts.directory import CentrePublished, ReferralProgressed, ReferralRequested, ReferralStatus
from services.contracts.intake import VisitAreaCorrected, VisitCheckedIn, VisitRecorded
from services.contracts.interviews import InterviewOutcomeCorrected, InterviewResumed, InterviewUndone
from services.contracts.outcomes import InterviewOutcome
from services.contracts.plans import PlanConfirmed
from services.contracts.queue import VisitorArrivalUndone
from services.contracts.scheduling import AttendanceRecorded, InterviewHeld, SeatReleased, WorkshopCancelled
from services.impact import actions
from services.impact.domain import Fact, Measure, of_interview, of_presence, of_released
from services.impact.store import Account, Centre

reactions = Reactions()


@reactions.on(VisitCheckedIn)
async def on_visit_checked_in(work: Work, event: VisitCheckedIn) -> None:
    """Counts a visitor, whether they queued or not."""
    actions.count(work, Measure.VISITORS, event.at, event.centre, event.area)


@reactions.on(VisitAreaCorrected)
async def on_visit_area_corrected(work: Work, event: VisitAreaCorrected) -> None:
    """Counts the visitor by the corrected area, on the day of the visit."""
    actions.uncount(work, Measure.VISITORS, event.checked_in_at, event.centre, event.area_before)
    actions.count(work, Measure.VISITORS, event.checked_in_at, event.centre, event.area)


@reactions.on(VisitorArrivalUndone)
async def on_visitor_arrival_undone(work: Work, event: VisitorArrivalUndone) -> None:
    """Takes a visit that was recorded by mistake out of the count, unless it was one before the arrival."""
    if event.visit_stays:
        return
    actions.uncount(work, Measure.VISITORS, event.checked_in_at, event.centre, event.area)


@reactions.on(VisitRecorded)
async def on_visit_recorded(work: Work, event: VisitRecorded) -> None:
    """Counts the visitor of an imported visit."""
    actions.count(work, Measure.VISITORS, event.at, event.centre, event.area)


@reactions.on(InterviewHeld)
async def on_interview_held(work: Work, event: InterviewHeld) -> None:
    """Counts an individual interview, on the day it began."""
    actions.count_interview(work, _held(event, event.area, event.outcome))
    actions.count_facts(work, event.starts_at, event.centre, *of_interview(event.kind, event.first_of_person))


@reactions.on(InterviewResumed)
async def on_interview_resumed(work: Work, event: InterviewResumed) -> None:
    """Takes an interview out of the count that goes on: it counts once it is held again."""
    _take_back(work, event)


@reactions.on(InterviewUndone)
async def on_interview_undone(work: Work, event: InterviewUndone) -> None:
    """Takes an interview out of the count, if it was in it."""
    if event.held:
        _take_back(work, event)


@reactions.on(InterviewOutcomeCorrected)
async def on_interview_outcome_corrected(work: Work, event: InterviewOutcomeCorrected) -> None:
    """Counts an interview by its corrected area and outcome."""
    actions.uncount_interview(work, _held(event, event.area_before, event.outcome_before))
    actions.count_interview(work, _held(event, event.area, event.outcome))


def _take_back(work: Work, event: InterviewResumed | InterviewUndone) -> None:
    actions.uncount_interview(work, _held(event, event.area, event.outcome))
    actions.uncount_facts(work, event.starts_at, event.centre, *of_interview(event.kind, event.last_of_person))


def _held(
    event: InterviewHeld | InterviewResumed | InterviewUndone | InterviewOutcomeCorrected,
    area: str | None,
    outcome: InterviewOutcome | None,
) -> actions.HeldInterview:
    return actions.HeldInterview(event.kind, event.starts_at, event.centre, area, event.mode, outcome)


@reactions.on(AttendanceRecorded)
async def on_attendance_recorded(work: Work, event: AttendanceRecorded) -> None:
    """Counts the attendance of a workshop session, and takes back one that is corrected."""
    if event.present_since is not None:
        actions.uncount(work, Measure.WORKSHOP_SEATS, event.present_since, event.centre)
        actions.uncount_facts(work, event.present_since, event.centre, *of_presence(event.last_of_person))
    if event.absent_since is not None:
        actions.uncount_facts(work, event.absent_since, event.centre, Fact.ABSENT)
    if event.attended:
        actions.count(work, Measure.WORKSHOP_SEATS, event.at, event.centre)
        actions.count_facts(work, event.at, event.centre, *of_presence(event.first_of_person))
    elif not event.repeated:
        actions.count_facts(work, event.at, event.centre, Fact.ABSENT)
    opened = {Fact.SESSIONS: event.opens_session, Fact.WORKSHOPS: event.opens_workshop}
    actions.count_facts(work, event.at, event.centre, *(fact for fact, opens in opened.items() if opens))


@reactions.on(SeatReleased)
async def on_seat_released(work: Work, event: SeatReleased) -> None:
    """Counts a seat that the person or the centre cancelled."""
    actions.count_facts(work, event.at, event.centre, of_released(event.cancelled_by))


@reactions.on(WorkshopCancelled)
async def on_workshop_cancelled(work: Work, event: WorkshopCancelled) -> None:
    """Counts a cancelled workshop, on the day on which it was cancelled."""
    actions.count_facts(work, event.at, event.centre, Fact.WORKSHOPS_CANCELLED)


@reactions.on(PlanConfirmed)
async def on_plan_confirmed(work: Work, event: PlanConfirmed) -> None:
    """Counts a confirmed career plan."""
    actions.count(work, Measure.PLANS, event.at, event.centre)


@reactions.on(ReferralRequested)
async def on_referral_requested(work: Work, event: ReferralRequested) -> None:
    """Counts a referral to a provider."""
    actions.count(work, Measure.REFERRALS, event.at, event.centre, event.area)


@reactions.on(ReferralProgressed)
async def on_referral_progressed(work: Work, event: ReferralProgressed) -> None:
    """Counts a completed referral."""
    match event.status:
        case ReferralStatus.COMPLETED:
            actions.count(work, Measure.REFERRALS_COMPLETED, event.at, event.centre)
        case (
            ReferralStatus.REQUESTED
            | ReferralStatus.RECEIVED
            | ReferralStatus.ACCEPTED
            | ReferralStatus.REJECTED
            | ReferralStatus.IN_PROGRESS
            | ReferralStatus.CANCELLED
            | ReferralStatus.EXPIRED
        ):
            pass


@reactions.on(CentrePublished)
async def on_centre_published(work: Work, event: CentrePublished) -> None:
    """Copies a centre that the directory published."""
    await copy_centre(work, Centre, event)


@reactions.on(AccountPublished)
async def on_account_published(work: Work, event: AccountPublished) -> None:
    """Copies an account that the directory published."""
    await copy_account(work, Account, event)
