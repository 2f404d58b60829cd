"""Reactions of plans to incoming events."""

from services.chassis.copies.accounts import copy_account
from services.chassis.copies.aliases import copy_alias, drop_alias
from services.chassis.copies.centres import copy_centre
from services.chassis.copies.visitors import copy_visitor
from services.chassis.events.reactions import Reactions, RowKey
from services.chassis.storage.store import Work
from services.contracts.accounts import AccountPublished
from services.contracts.directory import CentrePublished, ProviderPublished, ReferralProgressed, ReferralRequested
from services.contracts.intake import (
    SubjectErased,
    VisitorConsentGiven,
    VisitorConsentWithdrawn,
    VisitorLinkChanged,
    VisitorRegistered,
)
from services.contracts.interviews import InterviewResumed
from services.contracts.paths import PathReopened
from services.contracts.persons import VisitorMerged, VisitorSeparated
from services.contracts.scheduling import (
    AttendanceRecorded,
    FinalisingSessionDue,
    InterviewHeld,
    InterviewKind,
    PathClosed,
    PathOpened,
    PathOutcome,
    SeatTaken,
    WorkshopAnnounced,
)
from services.contracts.workshops import FinalisingSessionWithdrawn, WorkshopChanged
from services.plans import actions
from services.plans.actions import consent
from services.plans.domain import attendance_id_of, plan_id_of
from services.plans.store import (
    Account,
    Alias,
    Attendance,
    Centre,
    HeldInterview,
    Path,
    Plan,
    Provider,
    Referral,
    Subject,
    Visitor,
    Workshop,
)

reactions = Reactions()


def of_path(
    event: PathOpened | SeatTaken | AttendanceRecorded | FinalisingSessionDue | FinalisingSessionWithdrawn,
) -> list[RowKey]:
    """The rows that an event of a path needs: path, person and plan."""
    return [(Path, event.path_id), (Subject, event.subject_ref), (Plan, plan_id_of(event.path_id))]


def of_closing(event: PathClosed | PathReopened) -> list[RowKey]:
    """The path."""
    return [(Path, event.path_id)]


def of_attendance(event: AttendanceRecorded) -> list[RowKey]:
    """The path's rows, and the attendance recorded for this session before."""
    return [*of_path(event), (Attendance, attendance_id_of(event.path_id, event.session_id))]


def of_interview(event: InterviewHeld) -> list[RowKey]:
    """The path's rows and the interview; none for an interview that belongs to no path."""
    if event.path_id is None:
        return []
    known: list[RowKey] = [
        (Path, event.path_id),
        (HeldInterview, event.interview_id),
        (Plan, plan_id_of(event.path_id)),
    ]
    return known if event.subject_ref is None else [*known, (Subject, event.subject_ref)]


def of_resumed(event: InterviewResumed) -> list[RowKey]:
    """The path and the interview; none for an interview that belongs to no path."""
    return [] if event.path_id is None else [(Path, event.path_id), (HeldInterview, event.interview_id)]


@reactions.on(PathOpened, loads=of_path)
async def on_path_opened(work: Work, event: PathOpened) -> None:
    """Stores the path."""
    await actions.open_path(
        work,
        event.path_id,
        subject_ref=event.subject_ref,
        centre=event.centre,
        method=event.method,
        at=event.at,
        workshop_id=event.workshop_id,
    )


@reactions.on(PathClosed, loads=of_closing)
async def on_path_closed(work: Work, event: PathClosed) -> None:
    """Stops the plan, unless the path was closed because its plan is confirmed."""
    match event.outcome:
        case PathOutcome.PLAN_CONFIRMED:
            pass
        case PathOutcome.GIVEN_UP | PathOutcome.SEAT_RELEASED | PathOutcome.WORKSHOP_CANCELLED:
            await actions.stop_path(work, event.path_id, at=event.at)


@reactions.on(PathReopened, loads=of_closing)
async def on_path_reopened(work: Work, event: PathReopened) -> None:
    """The plan of a path that was given up goes on."""
    await actions.reopen_path(work, event.path_id, at=event.at)


@reactions.on(InterviewHeld, loads=of_interview)
async def on_interview_held(work: Work, event: InterviewHeld) -> None:
    """Counts a guidance interview; information interviews belong to no path."""
    if event.kind is InterviewKind.GUIDANCE and event.path_id is not None:
        await actions.count_interview(
            work,
            event.interview_id,
            path_id=event.path_id,
            subject_ref=event.subject_ref,
            starts_at=event.starts_at,
            number=event.number,
        )


@reactions.on(InterviewResumed, loads=of_resumed)
async def on_interview_resumed(work: Work, event: InterviewResumed) -> None:
    """The end of the interview was recorded by mistake: it does not count until it is held again."""
    if event.path_id is not None:
        await actions.uncount_interview(work, event.interview_id, path_id=event.path_id)


@reactions.on(WorkshopAnnounced, loads=Workshop)
async def on_workshop_announced(work: Work, event: WorkshopAnnounced) -> None:
    """Stores the number of sessions."""
    await actions.announce_workshop(work, event.workshop_id, len(event.sessions))


@reactions.on(WorkshopChanged, loads=Workshop)
async def on_workshop_changed(work: Work, event: WorkshopChanged) -> None:
    """Stores the number of sessions that it has from now on."""
    await actions.announce_workshop(work, event.workshop_id, len(event.sessions))


@reactions.on(SeatTaken, loads=of_path)
async def on_seat_taken(work: Work, event: SeatTaken) -> None:
    """Stores the seat of a collective path."""
    await actions.take_seat(
        work, event.path_id, subject_ref=event.subject_ref, workshop_id=event.workshop_id, at=event.at
    )


@reactions.on(AttendanceRecorded, loads=of_attendance)
async def on_attendance_recorded(work: Work, event: AttendanceRecorded) -> None:
    """Stores the attendance."""
    await actions.record_attendance(
        work,
        event.path_id,
        subject_ref=event.subject_ref,
        workshop_id=event.workshop_id,
        session_id=event.session_id,
        at=event.at,
        attended=event.attended,
        final=event.final,
    )


@reactions.on(FinalisingSessionDue, loads=of_path)
async def on_finalising_session_due(work: Work, event: FinalisingSessionDue) -> None:
    """Marks the finalising session as due."""
    await actions.mark_finalising_due(work, event.path_id, subject_ref=event.subject_ref, at=event.at)


@reactions.on(FinalisingSessionWithdrawn, loads=of_path)
async def on_finalising_session_withdrawn(work: Work, event: FinalisingSessionWithdrawn) -> None:
    """The finalising session is not due: the person did not come to the last session after all."""
    await actions.withdraw_finalising(work, event.path_id, subject_ref=event.subject_ref)


@reactions.on(ReferralRequested, loads=Referral)
async def on_referral_requested(work: Work, event: ReferralRequested) -> None:
    """Stores the referral of an action."""
    await actions.copy_referral(
        work,
        event.referral_id,
        subject_ref=event.subject_ref,
        plan_id=event.plan_id,
        action_id=event.action_id,
        organization_id=event.organization_id,
        service_id=event.service_id,
        at=event.at,
    )


@reactions.on(ReferralProgressed, loads=Referral)
async def on_referral_progressed(work: Work, event: ReferralProgressed) -> None:
    """Updates the referral of an action."""
    await actions.update_referral(work, event.referral_id, status=event.status, reason=event.reason, at=event.at)


@reactions.on(ProviderPublished, loads=Provider)
async def on_provider_published(work: Work, event: ProviderPublished) -> None:
    """Stores a provider's services."""
    await actions.copy_provider(work, event.organization_id, event.name, event.services)


@reactions.on(CentrePublished)
async def on_centre_published(work: Work, event: CentrePublished) -> None:
    """Stores a centre's name and areas."""
    await copy_centre(work, Centre, event)


@reactions.on(VisitorRegistered, loads=Subject)
async def on_visitor_registered(work: Work, event: VisitorRegistered) -> None:
    """Stores to what the person consents."""
    await consent.give(work, event.subject_ref, event.purposes)


@reactions.on(VisitorConsentGiven, loads=Subject)
async def on_visitor_consent_given(work: Work, event: VisitorConsentGiven) -> None:
    """Stores to what the person consents now, and may open their plans to the centre."""
    await consent.give(work, event.subject_ref, event.in_force)


@reactions.on(VisitorConsentWithdrawn, loads=Subject)
async def on_visitor_consent_withdrawn(work: Work, event: VisitorConsentWithdrawn) -> None:
    """Stores to what the person still consents, and may close their plans to the centre."""
    await consent.withdraw(work, event.subject_ref, event.purposes, event.in_force)


@reactions.on(SubjectErased, loads=Subject)
async def on_subject_erased(work: Work, event: SubjectErased) -> None:
    """Erases the person."""
    await actions.erase_subject(work, event.subject_ref, event.at)


@reactions.on(VisitorLinkChanged, loads=Subject)
async def on_visitor_link_changed(work: Work, event: VisitorLinkChanged) -> None:
    """Copies which personal link of a visitor is the current one. Ignores one of an erased person."""
    subject = await work.find(Subject, event.subject_ref)
    if subject is None or subject.erased_at is None:
        await copy_visitor(work, Visitor, event)


@reactions.on(VisitorMerged, loads=Subject)
async def on_visitor_merged(work: Work, event: VisitorMerged) -> None:
    """Copies that two registered persons are the same one. Ignores an erased person."""
    subject = await work.find(Subject, event.subject_ref)
    if subject is None or subject.erased_at is None:
        await copy_alias(work, Alias, event)


@reactions.on(VisitorSeparated, loads=Subject)
async def on_visitor_separated(work: Work, event: VisitorSeparated) -> None:
    """Deletes the copy: the two were merged by mistake."""
    await drop_alias(work, Alias, event.subject_ref)


@reactions.on(AccountPublished)
async def on_account_published(work: Work, event: AccountPublished) -> None:
    """Copies an account that the directory published."""
    await copy_account(work, Account, event)
