"""Reactions of intake to incoming events."""

from datetime import timedelta
from uuid import UUID

from services.chassis.copies.accounts import copy_account
from services.chassis.copies.centres import copy_centre
from services.chassis.events.dead_letters import retry_refused
from services.chassis.events.reactions import Reactions
from services.chassis.refusals import UnknownCentre
from services.chassis.storage.store import Work
from services.contracts.accounts import AccountPublished
from services.contracts.consent import CONSENT_ENDED
from services.contracts.directory import CentrePublished, ReferralProgressed, ReferralRequested
from services.contracts.earlier import EarlierOfferEnded, EarlierTimeOffered
from services.contracts.erasure import CONFIRMATIONS, Purged
from services.contracts.intake import DeskCheckIn
from services.contracts.interviews import InterviewResumed, InterviewUndone
from services.contracts.offers import SeatOffered, SeatOfferEnded
from services.contracts.plans import ActionPlanned
from services.contracts.roles import Role
from services.contracts.rooms import RoomPublished
from services.contracts.scheduling import (
    AttendanceRecorded,
    FinalisingSessionDue,
    InterviewBooked,
    InterviewCancelled,
    InterviewHeld,
    InterviewKind,
    InterviewMissed,
    InterviewMoved,
    InterviewRestated,
    InterviewStarted,
    SeatReleased,
    SeatTaken,
    Side,
    WorkshopAnnounced,
    WorkshopCancelled,
)
from services.contracts.workshops import FinalisingSessionWithdrawn, SeatRescheduled, WaitlistEnded, WorkshopChanged
from services.intake.actions import appointments, erasure, interviews, messages, reminders, visits, workshop_sessions
from services.intake.domain.messages import MailPurpose, meeting_at
from services.intake.reactions.rows import of_appointment, of_attendance, of_held, of_person, of_visit
from services.intake.store import Account, Centre, Visit, Visitor, reread_centres

reactions = Reactions(locked_first=Visitor)


@reactions.on(DeskCheckIn, loads=Visit)
async def on_desk_check_in(work: Work, event: DeskCheckIn) -> None:
    """Checks in a visitor whom a front desk's own software reported."""
    await visits.check_in(
        work,
        visits.Arrival(
            event.visit_id,
            event.centre,
            event.area,
            event.channel,
            event.at,
            event.queue,
            other_areas=event.other_areas,
            activity=event.activity,
            recorded_later=event.recorded_later,
            interpreter_language=event.interpreter_language,
        ),
    )


@reactions.on(CentrePublished)
async def on_centre_published(work: Work, event: CentrePublished) -> None:
    """Copies a centre that the directory published. Check-ins that desks sent before it was known are retried."""
    await copy_centre(work, Centre, event)
    await work.session.flush()  # later events of a batch find it by a query
    reread_centres(work.session)
    await retry_refused(work, UnknownCentre.slug, "centre-published")


@reactions.on(InterviewStarted, loads=of_visit)
async def on_interview_started(work: Work, event: InterviewStarted) -> None:
    """Marks a visitor as being served when their interview starts, so that the desk need not."""
    if event.visit_id is not None:
        await interviews.begin(work, event.visit_id, event.interview_id, event.at)


@reactions.on(InterviewHeld, loads=of_held)
async def on_interview_held(work: Work, event: InterviewHeld) -> None:
    """Ends the visit with the interview, and the appointment with its reminders: it may be held early."""
    if event.kind is InterviewKind.GUIDANCE:
        await appointments.expect_no_more(work, event.interview_id, held=True)
        await reminders.end(work, event.interview_id)
    if event.visit_id is not None:
        ended_at = event.starts_at + timedelta(minutes=event.minutes)
        await interviews.end(work, event.visit_id, event.interview_id, ended_at, event.closed_by)


@reactions.on(InterviewResumed, loads=of_visit)
async def on_interview_resumed(work: Work, event: InterviewResumed) -> None:
    """The visit goes on with the interview."""
    if event.visit_id is not None:
        await interviews.resume(work, event.visit_id, event.interview_id)


@reactions.on(InterviewUndone, loads=of_visit)
async def on_interview_undone(work: Work, event: InterviewUndone) -> None:
    """Brings the visitor back to where they were before the interview."""
    if event.visit_id is not None:
        await interviews.undo(work, event.visit_id, event.interview_id)


@reactions.on(InterviewBooked, loads=of_person)
async def on_interview_booked(work: Work, event: InterviewBooked) -> None:
    """The person is expected, gets a confirmation, and is reminded."""
    await _expect(work, event)
    if event.subject_ref is not None:
        meeting = meeting_at(event.interview_id, event.starts_at, event.minutes, event.mode)
        await reminders.book(work, event.subject_ref, event.centre, meeting)


@reactions.on(InterviewMoved, loads=lambda event: [*of_appointment(event), *of_person(event)])
async def on_interview_moved(work: Work, event: InterviewMoved) -> None:
    """The person gets the new time, is reminded at that, and is expected then."""
    meeting = meeting_at(event.interview_id, event.starts_at, event.minutes, event.mode)
    await reminders.move(work, event.subject_ref, event.centre, meeting)  # first: it compares with the time before
    await _expect(work, event)


@reactions.on(InterviewRestated, loads=lambda event: [*of_appointment(event), *of_person(event)])
async def on_interview_restated(work: Work, event: InterviewRestated) -> None:
    """The person of an interview that was booked before there were copies is expected, and reminded."""
    await _expect(work, event)
    meeting = meeting_at(event.interview_id, event.starts_at, event.minutes, event.mode)
    await reminders.resume(work, event.subject_ref, event.centre, meeting)


async def _expect(work: Work, event: InterviewBooked | InterviewMoved | InterviewRestated) -> None:
    if event.subject_ref is not None:
        ends_at = event.starts_at + timedelta(minutes=event.minutes)
        booking = appointments.Booking(event.centre, event.area, event.counsellor, event.room, event.starts_at, ends_at)
        await appointments.expect_interview(work, event.interview_id, event.subject_ref, booking, event.mode)
        if isinstance(event, InterviewRestated) and event.visit_id is not None and event.arrived_at is not None:
            await appointments.restore_arrival(work, event.interview_id, event.visit_id, event.arrived_at)


@reactions.on(InterviewCancelled, loads=of_appointment)
async def on_interview_cancelled(work: Work, event: InterviewCancelled) -> None:
    """The person is expected and reminded no more, and learns it. Who was in the interview is back in the queue."""
    await appointments.expect_no_more(work, event.interview_id)
    await reminders.cancel(work, event.interview_id)
    if event.visit_id is not None:
        await interviews.undo(work, event.visit_id, event.interview_id)


@reactions.on(InterviewMissed, loads=of_appointment)
async def on_interview_missed(work: Work, event: InterviewMissed) -> None:
    """The person is expected and reminded no more."""
    await appointments.expect_no_more(work, event.interview_id)
    await reminders.end(work, event.interview_id)


@reactions.on(RoomPublished)
async def on_room_published(work: Work, event: RoomPublished) -> None:
    """Keeps what people call the room."""
    await appointments.name_room(work, event.centre, event.code, event.name)


def _bookings(event: WorkshopAnnounced | WorkshopChanged) -> dict[UUID, appointments.Booking]:
    """The sessions of a workshop by their ids."""
    where = (event.centre, event.area, event.counsellor, event.room)
    meetings = [meeting_at(one.session_id, one.starts_at, one.minutes) for one in event.sessions]
    return {one.id: appointments.Booking(*where, one.starts_at, one.ends_at) for one in meetings}


@reactions.on(WorkshopAnnounced)
async def on_workshop_announced(work: Work, event: WorkshopAnnounced) -> None:
    """Keeps when the sessions are, and with whom."""
    await appointments.announce_workshop(work, event.workshop_id, _bookings(event))


@reactions.on(WorkshopChanged)
async def on_workshop_changed(work: Work, event: WorkshopChanged) -> None:
    """Keeps when the sessions are from now on, with whom and where."""
    await workshop_sessions.change_workshop(work, event.workshop_id, event.centre, _bookings(event), event.at)


@reactions.on(SeatRescheduled, loads=of_person)
async def on_seat_rescheduled(work: Work, event: SeatRescheduled) -> None:
    """The person is expected at other times, or waits for them, and learns it."""
    await workshop_sessions.reschedule_seat(
        work, event.workshop_id, event.seat_id, event.subject_ref, event.centre, event.at, waits=event.waits
    )


@reactions.on(WaitlistEnded, loads=of_person)
async def on_waitlist_ended(work: Work, event: WaitlistEnded) -> None:
    """The person learns that they wait for nothing any more."""
    await workshop_sessions.end_waitlist(
        work, event.workshop_id, event.seat_id, event.subject_ref, event.centre, event.at
    )


@reactions.on(WorkshopCancelled)
async def on_workshop_cancelled(work: Work, event: WorkshopCancelled) -> None:
    """Nobody is expected or reminded any more, and everyone with a seat learns it."""
    await appointments.cancel_workshop(work, event.workshop_id, event.centre)
    await reminders.cancel_workshop(work, event.workshop_id)


@reactions.on(SeatTaken, loads=of_person)
async def on_seat_taken(work: Work, event: SeatTaken) -> None:
    """The person is expected at each session, and learns of the place, for which others may have waited."""
    await appointments.expect_in_workshop(work, event.workshop_id, event.seat_id, event.subject_ref)
    await reminders.take_seat(work, event.seat_id, event.workshop_id, event.subject_ref, event.centre)


@reactions.on(SeatOffered, loads=of_person)
async def on_seat_offered(work: Work, event: SeatOffered) -> None:
    """The person learns that a seat is kept for them, and until when."""
    await reminders.offer_seat(work, event.seat_id, event.workshop_id, event.subject_ref, event.centre, event.until)


@reactions.on(SeatOfferEnded, loads=of_person)
async def on_seat_offer_ended(work: Work, event: SeatOfferEnded) -> None:
    """The person learns that the seat is not kept any more, unless they declined it themselves."""
    await reminders.end_offer(work, event, by_themselves=event.ended_by is Side.VISITOR)


@reactions.on(SeatReleased)
async def on_seat_released(work: Work, event: SeatReleased) -> None:
    """The person is expected and reminded no more, and learns it."""
    await appointments.release_seat(work, event.seat_id, event.centre)
    left = event.cancelled_by is Side.VISITOR and event.reason != CONSENT_ENDED
    await reminders.release_seat(work, event.seat_id, by_themselves=left)


@reactions.on(AttendanceRecorded, loads=of_attendance)
async def on_attendance_recorded(work: Work, event: AttendanceRecorded) -> None:
    """Who was recorded as present is not awaited at the desk any more."""
    await workshop_sessions.record_presence(work, event.session_id, event.seat_id, event.at, attended=event.attended)


@reactions.on(EarlierTimeOffered, loads=of_person)
async def on_earlier_time_offered(work: Work, event: EarlierTimeOffered) -> None:
    """The person learns of an earlier time, and until when they can answer."""
    meeting = meeting_at(event.offer_id, event.starts_at, event.minutes, event.mode)
    await reminders.offer_earlier(work, event.subject_ref, event.centre, meeting, event.until)


@reactions.on(EarlierOfferEnded, loads=of_person)
async def on_earlier_offer_ended(work: Work, event: EarlierOfferEnded) -> None:
    """The person learns that the time is gone and that their appointment stays, unless it was their own doing."""
    stays = meeting_at(event.offer_id, event.starts_at, event.minutes, event.mode)
    await reminders.end_earlier(work, event, stays)


@reactions.on(FinalisingSessionDue, loads=of_person)
async def on_finalising_session_due(work: Work, event: FinalisingSessionDue) -> None:
    """Asks the person to book the session that ends their path."""
    who, path = event.subject_ref, event.path_id
    await messages.queue_notice(work, MailPurpose.FINALISING_DUE, who, path, path, event.at)


@reactions.on(FinalisingSessionWithdrawn, loads=of_person)
async def on_finalising_session_withdrawn(work: Work, event: FinalisingSessionWithdrawn) -> None:
    """Drops that message if it waits to be sent."""
    await messages.drop_notice(work, MailPurpose.FINALISING_DUE, event.path_id, event.path_id)


@reactions.on(ActionPlanned, loads=of_person)
async def on_action_planned(work: Work, event: ActionPlanned) -> None:
    """Tells the person of a new task in their plan, unless they wrote it themselves."""
    if event.planned_by != Role.VISITOR:
        await messages.tasks_planned(work, event.subject_ref, event.at)


@reactions.on(ReferralRequested)
async def on_referral_requested(work: Work, event: ReferralRequested) -> None:
    """Keeps whose referral it is."""
    await messages.remember_referral(work, event.referral_id, event.subject_ref, event.centre)


@reactions.on(ReferralProgressed)
async def on_referral_progressed(work: Work, event: ReferralProgressed) -> None:
    """Tells the person that there is an answer. Which, and whose, is on their own page."""
    await messages.referral_progressed(work, event.referral_id, event.status, event.at)


@reactions.on(AccountPublished)
async def on_account_published(work: Work, event: AccountPublished) -> None:
    """Copies an account that the directory published."""
    await copy_account(work, Account, event)


async def on_purged(work: Work, event: Purged) -> None:
    """Notes that a service has erased a person."""
    await erasure.confirm_erasure(work, event.subject_ref, event.topic.owner, event.found)


for confirmation in CONFIRMATIONS.values():
    reactions.on(confirmation)(on_purged)
