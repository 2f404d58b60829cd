"""What intake holds about a person: who they are, their consents, visits and personal links."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.copies.centres import centre_names
from services.chassis.copies.purposes import PURPOSE_TITLES
from services.chassis.i18n import LANGUAGE_NAMES
from services.chassis.refusals import msg
from services.chassis.service.personal_data import Held, PersonalData, Shown, rows_where
from services.contracts.intake import END_OF_DAY
from services.contracts.queue import BY_MISTAKE
from services.intake.actions.references import references_of
from services.intake.domain.accesses import KIND_LABELS, REASON_LABELS
from services.intake.domain.contacts import CHANNEL_LABELS
from services.intake.domain.queue import PRIORITIES
from services.intake.pages.consents import recorders
from services.intake.pages.views import APPOINTMENT_WORDS, NEED_LABELS
from services.intake.store import (
    Alias,
    Centre,
    Consent,
    Export,
    LinkOpening,
    PersonAccess,
    PersonalLink,
    Visit,
    Visitor,
)
from services.intake.store.appointments import Appointment
from services.intake.store.messages import Message, ReferredPerson
from services.intake.store.reminders import Reminder

_CHANNELS = {
    "desk": msg("at the front desk"),
    "kiosk": msg("at a kiosk"),
    "phone": msg("by phone"),
    "online": msg("online"),
}


_CLOSED_BY = {
    END_OF_DAY: msg("the end of the day, not by a person"),
    BY_MISTAKE: msg("nobody: it was recorded by mistake"),
}


class HeldConsent(Held):
    """A consent to one purpose, and its withdrawal."""

    of = (Consent,)

    purpose: Annotated[str, Shown(msg("Purpose"), PURPOSE_TITLES)]
    lawful_basis: Annotated[str, Shown(msg("Legal basis"), {"consent": msg("Consent")})]
    given_at: Annotated[datetime, Shown(msg("Given on"))]
    recorded_by: Annotated[str, Shown(msg("Recorded by"), {})]
    by_representative: Annotated[bool, Shown(msg("By a parent or representative"))]
    withdrawn_at: Annotated[datetime | None, Shown(msg("Withdrawn on"))]
    withdrawn_by: Annotated[str | None, Shown(msg("Withdrawal recorded by"), {})]


class HeldVisit(Held):
    """A visit of which the person is known."""

    of = (Visit,)

    centre: Annotated[str, Shown(msg("Centre"))]
    area: Annotated[str | None, Shown(msg("Need"), "Area")]
    other_areas: Annotated[list[str], Shown(msg("Other needs"), "Area")]
    channel: Annotated[str, Shown(msg("How they came"), _CHANNELS)]
    activity: Annotated[str | None, Shown(msg("Without a ticket, for"), "Activity")]
    recorded_later: Annotated[bool, Shown(msg("Entered later"))]
    interpreter_language: Annotated[str | None, Shown(msg("Interpreter"), "Language")]
    needs: Annotated[list[str], Shown(msg("To prepare"), NEED_LABELS)]
    status: Annotated[str, Shown(msg("Status"), "VisitStatus")]
    ticket: Annotated[str | None, Shown(msg("Ticket"))]
    desk: Annotated[str | None, Shown(msg("Desk"))]
    checked_in_at: Annotated[datetime, Shown(msg("Arrival"))]
    ticket_in_hand: Annotated[str | None, Shown(msg("Ticket in hand"))]
    device_at: Annotated[datetime | None, Shown(msg("Arrival by the clock of the device"))]
    clock_uncertain: Annotated[bool, Shown(msg("This clock was wrong"))]
    called_at: Annotated[datetime | None, Shown(msg("Called on"))]
    served_at: Annotated[datetime | None, Shown(msg("Received on"))]
    ended_at: Annotated[datetime | None, Shown(msg("Ended on"))]
    closed_by: Annotated[str | None, Shown(msg("Ended by"), _CLOSED_BY)]
    held_at: Annotated[datetime | None, Shown(msg("On hold since"))]
    priority: Annotated[str | None, Shown(msg("Priority"), PRIORITIES)]
    priority_before_link: Annotated[str | None, Shown(msg("Priority before the appointment"), PRIORITIES)]
    rank: Annotated[int, Shown(msg("Rank in the queue"))]
    for_area: Annotated[str | None, Shown(msg("Transferred: need"), "Area")]
    for_desk: Annotated[str | None, Shown(msg("Transferred: desk"))]
    transferred_by: Annotated[str | None, Shown(msg("Transferred by desk"))]
    for_counsellor: Annotated[str | None, Shown(msg("Transferred: counsellor"))]
    estimate: Annotated[list[int] | None, Shown(msg("Estimated wait, in minutes"))]
    interview_since: Annotated[datetime | None, Shown(msg("In an interview since"))]
    before_interview: Annotated[str | None, Shown(msg("Status before the interview"), "VisitStatus")]
    held_before_interview: Annotated[bool, Shown(msg("On hold before the interview"))]


class HeldCode(Held):
    """An appointment that is still to come, with its code."""

    of = (Appointment,)

    kind: Annotated[str, Shown(msg("What"), APPOINTMENT_WORDS)]
    centre: Annotated[str, Shown(msg("Centre"))]
    area: Annotated[str | None, Shown(msg("Need"), "Area")]
    room: Annotated[str | None, Shown(msg("Room"))]
    mode: Annotated[str, Shown(msg("How"), "AppointmentMode")]
    starts_at: Annotated[datetime, Shown(msg("When"))]
    ends_at: Annotated[datetime, Shown(msg("Ends at"))]
    code: Annotated[str, Shown(msg("Code"))]
    arrived_at: Annotated[datetime | None, Shown(msg("Arrival"))]


class HeldLink(Held):
    """A personal link. Its secret and its PIN are stored in a form from which nobody can read them."""

    of = (PersonalLink,)

    created_at: Annotated[datetime, Shown(msg("Created on"))]
    created_by: Annotated[str, Shown(msg("Created by"), {})]
    expires_at: Annotated[datetime, Shown(msg("Valid until"))]
    has_pin: Annotated[bool, Shown(msg("PIN chosen"))]
    tries: Annotated[int, Shown(msg("Wrong PINs in a row"))]
    locked_at: Annotated[datetime | None, Shown(msg("Locked on"))]
    ended_at: Annotated[datetime | None, Shown(msg("Ended on"))]


class HeldOpening(Held):
    """An opening of a personal link."""

    of = (LinkOpening,)

    kind: Annotated[str, Shown(msg("What"), "OpeningKind")]
    at: Annotated[datetime, Shown(msg("When"))]
    centre: Annotated[str | None, Shown(msg("Where"))]
    ends_at: Annotated[datetime, Shown(msg("Open until, at most"))]
    closed_at: Annotated[datetime | None, Shown(msg("Closed on"))]


class HeldAccess(Held):
    """Staff opened the person's data."""

    of = (PersonAccess,)

    at: Annotated[datetime, Shown(msg("When"))]
    person: Annotated[str, Shown(msg("By"), {})]
    how: Annotated[str, Shown(msg("What"), KIND_LABELS)]
    reason: Annotated[str | None, Shown(msg("Why"), REASON_LABELS)]


class HeldMerge(Held):
    """The person was registered twice, and staff merged the two."""

    of = (Alias,)

    at: Annotated[datetime, Shown(msg("When"))]
    by: Annotated[str, Shown(msg("By"), {})]


class HeldReminder(Held):
    """When the person is reminded of an appointment."""

    of = (Reminder,)

    centre: Annotated[str, Shown(msg("Centre"))]
    starts_at: Annotated[datetime, Shown(msg("Start"))]
    ends_at: Annotated[datetime, Shown(msg("End"))]
    mode: Annotated[str, Shown(msg("How"), "AppointmentMode")]
    moves: Annotated[int, Shown(msg("Changes"))]
    remind_at: Annotated[datetime | None, Shown(msg("Next reminder"))]


class HeldReferral(Held):
    """A referral of which the person gets the answer."""

    of = (ReferredPerson,)

    centre: Annotated[str, Shown(msg("Centre"))]


class HeldMessage(Held):
    """A message to the person. Its text is stored nowhere."""

    of = (Message,)

    purpose: Annotated[str, Shown(msg("What"), "MailPurpose")]
    centre: Annotated[str, Shown(msg("Centre"))]
    state: Annotated[str, Shown(msg("Status"), "MailState")]
    queued_at: Annotated[datetime, Shown(msg("Written on"))]
    done_at: Annotated[datetime | None, Shown(msg("Sent or ended on"))]
    useful_until: Annotated[datetime, Shown(msg("To be sent until"))]
    attempts: Annotated[int, Shown(msg("Attempts"))]
    error: Annotated[str | None, Shown(msg("Answer of the mail server"))]


class HeldPerson(Held):
    """A registered person."""

    of = (Visitor,)

    given_name: Annotated[str, Shown(msg("First name"))]
    family_name: Annotated[str, Shown(msg("Surname"))]
    contact: Annotated[str | None, Shown(msg("Phone or e-mail"))]
    channel: Annotated[str | None, Shown(msg("How to reach the person"), CHANNEL_LABELS)]
    contact_saved_at: Annotated[datetime | None, Shown(msg("Contact saved on"))]
    contact_refused_at: Annotated[datetime | None, Shown(msg("Contact refused since"))]
    language: Annotated[str, Shown(msg("Language"), LANGUAGE_NAMES)]
    centre: Annotated[str, Shown(msg("Centre"))]
    registered_at: Annotated[datetime, Shown(msg("Registered on"))]
    retain_until: Annotated[datetime, Shown(msg("Kept until"))]
    consents: Annotated[list[HeldConsent], Shown(msg("Consents"))]
    visits: Annotated[list[HeldVisit], Shown(msg("Visits"))]
    codes: Annotated[list[HeldCode], Shown(msg("Appointments and their codes"))]
    links: Annotated[list[HeldLink], Shown(msg("Personal links"))]
    openings: Annotated[list[HeldOpening], Shown(msg("Openings of the links"))]
    accesses: Annotated[list[HeldAccess], Shown(msg("Openings by staff"))]
    merges: Annotated[list[HeldMerge], Shown(msg("Merged registrations"))]
    reminders: Annotated[list[HeldReminder], Shown(msg("Reminders of appointments"))]
    referrals: Annotated[list[HeldReferral], Shown(msg("Referrals"))]
    messages: Annotated[list[HeldMessage], Shown(msg("Messages"))]


async def read_personal_data(session: AsyncSession, subject_ref: UUID) -> HeldPerson | None:
    """All that intake holds about this person."""
    visitor = await session.get(Visitor, subject_ref)
    if visitor is None:
        return None
    centres = await centre_names(session, Centre)
    consents = await rows_where(session, Consent, col(Consent.subject_ref) == subject_ref, Consent.given_at, Consent.id)
    links = await rows_where(
        session, PersonalLink, col(PersonalLink.subject_ref) == subject_ref, PersonalLink.created_at, PersonalLink.id
    )
    visits = await rows_where(session, Visit, col(Visit.subject_ref) == subject_ref, Visit.checked_in_at, Visit.id)
    codes = await rows_where(
        session, Appointment, col(Appointment.subject_ref) == subject_ref, Appointment.starts_at, Appointment.id
    )
    openings = await rows_where(
        session, LinkOpening, col(LinkOpening.subject_ref) == subject_ref, LinkOpening.at, LinkOpening.id
    )
    accesses = await rows_where(
        session, PersonAccess, col(PersonAccess.subject_ref) == subject_ref, PersonAccess.at, PersonAccess.id
    )
    merges = await rows_where(
        session, Alias, (col(Alias.id) == subject_ref) | (col(Alias.into_ref) == subject_ref), Alias.at, Alias.id
    )
    reminders = await rows_where(
        session, Reminder, col(Reminder.subject_ref) == subject_ref, Reminder.starts_at, Reminder.id
    )
    referrals = await rows_where(
        session, ReferredPerson, col(ReferredPerson.subject_ref) == subject_ref, ReferredPerson.id
    )
    messages = await rows_where(
        session, Message, col(Message.subject_ref) == subject_ref, Message.queued_at, Message.id
    )
    recorded = {who for one in consents for who in (one.recorded_by, one.withdrawn_by) if who}
    by = await recorders(
        session,
        await references_of(session, subject_ref),
        recorded | {one.created_by for one in links} | {one.person for one in accesses} | {one.by for one in merges},
        mine=False,
    )
    return HeldPerson.of_row(
        visitor,
        centre=centres.get(visitor.centre, visitor.centre),
        consents=[
            HeldConsent.of_row(
                one, recorded_by=by(one.recorded_by), withdrawn_by=by(one.withdrawn_by) if one.withdrawn_by else None
            )
            for one in consents
        ],
        visits=[HeldVisit.of_row(one, centre=centres.get(one.centre, one.centre)) for one in visits],
        codes=[HeldCode.of_row(one, centre=centres.get(one.centre, one.centre)) for one in codes],
        links=[HeldLink.of_row(one, created_by=by(one.created_by), has_pin=one.pin is not None) for one in links],
        openings=[
            HeldOpening.of_row(one, centre=centres.get(one.centre, one.centre) if one.centre else None)
            for one in openings
        ],
        accesses=[HeldAccess.of_row(one, person=by(one.person)) for one in accesses],
        merges=[HeldMerge.of_row(one, by=by(one.by)) for one in merges],
        reminders=[HeldReminder.of_row(one, centre=centres.get(one.centre, one.centre)) for one in reminders],
        referrals=[HeldReferral.of_row(one, centre=centres.get(one.centre, one.centre)) for one in referrals],
        messages=[HeldMessage.of_row(one, centre=centres.get(one.centre, one.centre)) for one in messages],
    )


PERSONAL_DATA = PersonalData(HeldPerson, read_personal_data, Export, Alias)
