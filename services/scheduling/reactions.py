"""Reactions of scheduling to incoming events."""

from services.chassis.copies.aliases import copy_alias, drop_alias, references_of
from services.chassis.copies.centres import copy_centre
from services.chassis.copies.visitors import copy_visitor
from services.chassis.events.reactions import Reactions
from services.chassis.storage.store import Work
from services.contracts.accounts import AccountPublished
from services.contracts.directory import CentrePublished
from services.contracts.intake import (
    SubjectErased,
    VisitAreaCorrected,
    VisitBeingServed,
    VisitCalled,
    VisitCheckedIn,
    VisitIdentified,
    VisitLeft,
    VisitorConsentGiven,
    VisitorConsentWithdrawn,
    VisitorLinkChanged,
    VisitorRegistered,
    VisitReturned,
    VisitServed,
    VisitStatus,
)
from services.contracts.persons import VisitAnonymised, VisitorMerged, VisitorSeparated
from services.contracts.plans import PlanConfirmed
from services.contracts.public_booking import BookingRequested
from services.contracts.queue import (
    VisitInterpreterChanged,
    VisitorArrivalUndone,
    VisitorArrived,
    VisitPrioritised,
    VisitPutOnHold,
    VisitTransferred,
)
from services.scheduling.actions import (
    arrivals,
    consent,
    erasure,
    former_counsellors,
    holds,
    participants,
    paths,
    people,
    public_booking,
    waiting,
)
from services.scheduling.domain.holds import owner_of_person
from services.scheduling.store import Alias, Centre, KnownPerson, Visitor, Waiting

reactions = Reactions()


@reactions.on(CentrePublished)
async def on_centre_published(work: Work, event: CentrePublished) -> None:
    """Copies a centre that the directory published."""
    await copy_centre(work, Centre, event)


@reactions.on(VisitCheckedIn, loads=Waiting, begins=True)
async def on_visit_checked_in(work: Work, event: VisitCheckedIn) -> None:
    """Copies a visit that queues."""
    await waiting.check_in(
        work,
        event.visit_id,
        centre=event.centre,
        area=event.area,
        ticket=event.ticket,
        status=event.status,
        at=event.at,
        subject_ref=event.subject_ref,
        other_areas=event.other_areas,
        interpreter_language=event.interpreter_language,
    )


@reactions.on(VisitAreaCorrected, loads=Waiting)
async def on_visit_area_corrected(work: Work, event: VisitAreaCorrected) -> None:
    """The areas of a visit were corrected."""
    await waiting.correct_area(work, event.visit_id, event.area, event.other_areas, event.at)


@reactions.on(VisitInterpreterChanged, loads=Waiting)
async def on_visit_interpreter_changed(work: Work, event: VisitInterpreterChanged) -> None:
    """The visitor needs another interpreter, or none."""
    await waiting.change_interpreter(work, event.visit_id, event.interpreter_language, event.at)


@reactions.on(VisitCalled, loads=Waiting)
async def on_visit_called(work: Work, event: VisitCalled) -> None:
    """The visitor was called to a desk."""
    await waiting.change_status(work, event.visit_id, VisitStatus.CALLED, event.at)


@reactions.on(VisitBeingServed, loads=Waiting)
async def on_visit_being_served(work: Work, event: VisitBeingServed) -> None:
    """The visitor is being served."""
    await waiting.change_status(work, event.visit_id, VisitStatus.BEING_SERVED, event.at)


@reactions.on(VisitServed, loads=Waiting)
async def on_visit_served(work: Work, event: VisitServed) -> None:
    """The visitor was served."""
    await waiting.change_status(work, event.visit_id, VisitStatus.SERVED, event.at)


@reactions.on(VisitLeft, loads=Waiting)
async def on_visit_left(work: Work, event: VisitLeft) -> None:
    """The visitor left without being served."""
    await waiting.change_status(work, event.visit_id, VisitStatus.LEFT, event.at)


@reactions.on(VisitPutOnHold, loads=Waiting)
async def on_visit_put_on_hold(work: Work, event: VisitPutOnHold) -> None:
    """The visitor keeps their place and is not called for now."""
    await waiting.change_status(work, event.visit_id, VisitStatus.WAITING, event.at, held=True)


@reactions.on(VisitTransferred, loads=Waiting)
async def on_visit_transferred(work: Work, event: VisitTransferred) -> None:
    """The visitor waits for another area, desk or counsellor."""
    await waiting.transfer(work, event.visit_id, event.area, event.desk, event.counsellor, event.at)


@reactions.on(VisitPrioritised, loads=Waiting)
async def on_visit_prioritised(work: Work, event: VisitPrioritised) -> None:
    """The visitor has priority, or no longer."""
    await waiting.prioritise(work, event.visit_id, event.priority, event.at)


@reactions.on(VisitorArrived)
async def on_visitor_arrived(work: Work, event: VisitorArrived) -> None:
    """The visitor of an appointment has arrived."""
    if event.interview_id is not None:
        await arrivals.arrive_for_interview(work, event.interview_id, event.visit_id, event.counsellor, event.at)
    elif event.session_id is not None and event.seat_id is not None:
        seat = (event.session_id, event.seat_id)
        await arrivals.arrive_for_session(work, event.centre, seat, event.visit_id, event.at)


@reactions.on(VisitorArrivalUndone)
async def on_visitor_arrival_undone(work: Work, event: VisitorArrivalUndone) -> None:
    """The arrival was recorded by mistake."""
    if event.interview_id is not None:
        await arrivals.undo_for_interview(work, event.interview_id, event.visit_id, event.at)
    elif event.session_id is not None and event.seat_id is not None:
        await arrivals.undo_for_session(work, event.centre, (event.session_id, event.seat_id), event.visit_id)


@reactions.on(VisitReturned, loads=Waiting)
async def on_visit_returned(work: Work, event: VisitReturned) -> None:
    """The visitor is back where they were before."""
    await waiting.bring_back(work, event.visit_id, event.status, event.at)


@reactions.on(VisitIdentified, loads=lambda event: [(KnownPerson, event.subject_ref), (Waiting, event.visit_id)])
async def on_visit_identified(work: Work, event: VisitIdentified) -> None:
    """The visit was linked to a registered visitor."""
    await waiting.identify(work, event.visit_id, event.subject_ref, event.at)


@reactions.on(VisitAnonymised, loads=Waiting)
async def on_visit_anonymised(work: Work, event: VisitAnonymised) -> None:
    """The visit had been linked to a registered visitor by mistake."""
    await waiting.anonymise(work, event.visit_id, event.at)


@reactions.on(VisitorRegistered, loads=KnownPerson, begins=True)
async def on_visitor_registered(work: Work, event: VisitorRegistered) -> None:
    """A visitor was registered."""
    await people.register(work, event.subject_ref, event.centre, list(event.purposes), event.at)


@reactions.on(BookingRequested)
async def on_booking_requested(work: Work, event: BookingRequested) -> None:
    """Keeps the held time while the contact is confirmed."""
    await public_booking.keep_until(work, event.hold_id, event.at, event.until)


@reactions.on(VisitorConsentGiven, loads=KnownPerson)
async def on_visitor_consent_given(work: Work, event: VisitorConsentGiven) -> None:
    """A visitor gave consent to more purposes."""
    await consent.give(work, event.subject_ref, event.centre, list(event.in_force), event.at)


@reactions.on(VisitorConsentWithdrawn, loads=KnownPerson)
async def on_visitor_consent_withdrawn(work: Work, event: VisitorConsentWithdrawn) -> None:
    """A visitor withdrew consent."""
    await consent.withdraw(work, event.subject_ref, event.purposes, event.in_force)


@reactions.on(SubjectErased, loads=KnownPerson)
async def on_subject_erased(work: Work, event: SubjectErased) -> None:
    """A visitor is to be erased in every service."""
    await erasure.erase_subject(work, event.subject_ref, event.at)


@reactions.on(VisitorLinkChanged, loads=KnownPerson)
async def on_visitor_link_changed(work: Work, event: VisitorLinkChanged) -> None:
    """Copies which personal link of a visitor is the current one. Ignores one of an erased person."""
    person = await work.find(KnownPerson, event.subject_ref)
    if person is None or person.erased_at is None:
        await copy_visitor(work, Visitor, event)


@reactions.on(VisitorMerged, loads=KnownPerson)
async def on_visitor_merged(work: Work, event: VisitorMerged) -> None:
    """Copies that two registered persons are the same one, with the time that they hold. Ignores an erased person."""
    person = await work.find(KnownPerson, event.subject_ref)
    if person is None or person.erased_at is None:
        await holds.hand_over(work, owner_of_person(event.subject_ref), owner_of_person(event.kept_ref))
        before = await references_of(work.session, Alias, event.subject_ref)
        await copy_alias(work, Alias, event)
        await participants.separate_calendars(work, before)


@reactions.on(VisitorSeparated, loads=KnownPerson)
async def on_visitor_separated(work: Work, event: VisitorSeparated) -> None:
    """Deletes the copy: the two were merged by mistake."""
    before = await references_of(work.session, Alias, event.subject_ref)
    await drop_alias(work, Alias, event.subject_ref)
    await participants.separate_calendars(work, before)


@reactions.on(PlanConfirmed)
async def on_plan_confirmed(work: Work, event: PlanConfirmed) -> None:
    """The plan of a path was confirmed."""
    await paths.plan_confirmed(work, event.path_id, event.at)


@reactions.on(AccountPublished)
async def on_account_published(work: Work, event: AccountPublished) -> None:
    """Copies an account that the directory published."""
    await former_counsellors.copy_published(work, event)
