"""What scheduling holds about a person: consent, visits in the queue, paths, interviews and places in workshops."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.chassis.copies.centres import centre_names
from services.chassis.copies.purposes import PURPOSE_TITLES
from services.chassis.refusals import msg
from services.chassis.service.personal_data import Held, PersonalData, Shown, rows_where
from services.contracts.intake import END_OF_DAY
from services.scheduling.domain.paths import CHANGE_LABELS, REOPEN_LABELS
from services.scheduling.domain.rules import OUTCOME_LABELS, REASON_LABELS, UNCHOSEN_LABELS
from services.scheduling.pages.desk import SIDES
from services.scheduling.pages.personal_earlier import HeldEarlierWish, earlier_of
from services.scheduling.store import (
    Alias,
    Attendance,
    Centre,
    Export,
    GuidancePath,
    Interview,
    KnownPerson,
    PathChange,
    Seat,
    Session,
    SessionArrival,
    VisitorFeed,
    Waiting,
    Workshop,
)
from services.scheduling.store.paths import path_history
from services.scheduling.store.rooms import room_names

KINDS = {"information": msg("Information interview"), "guidance": msg("Guidance interview")}
_METHODS = {"individual": msg("Individual path"), "collective": msg("Group path")}
SEATS = {
    "taken": msg("place reserved"),
    "waitlisted": msg("on the waiting list"),
    "offered": msg("a place is offered"),
    "declined": msg("offer declined"),
    "expired": msg("offer not answered in time"),
    "released": msg("place cancelled"),
}
_REASONS = {str(code): label for code, label in (*REASON_LABELS.items(), *UNCHOSEN_LABELS.items())}


class HeldVisit(Held):
    """A visit that was in the queue."""

    of = (Waiting,)

    centre: Annotated[str, Shown(msg("Centre"))]
    area: Annotated[str | None, Shown(msg("Need"), "Area")]
    other_areas: Annotated[list[str], Shown(msg("Other needs"), "Area")]
    interpreter_language: Annotated[str | None, Shown(msg("Interpreter"), "Language")]
    ticket: Annotated[str | None, Shown(msg("Ticket"))]
    status: Annotated[str, Shown(msg("Status"), "VisitStatus")]
    checked_in_at: Annotated[datetime, Shown(msg("Arrival"))]
    rank: Annotated[int, Shown(msg("Rank in the queue"))]
    held_at: Annotated[datetime | None, Shown(msg("On hold since"))]
    for_area: Annotated[str | None, Shown(msg("Transferred: need"), "Area")]
    for_desk: Annotated[str | None, Shown(msg("Transferred: desk"))]
    for_counsellor: Annotated[str | None, Shown(msg("Transferred: counsellor"))]
    changed_at: Annotated[datetime, Shown(msg("Last change"))]
    ended_at: Annotated[datetime | None, Shown(msg("Ended on"))]


class HeldPathChange(Held):
    """That a path ended, or was reopened."""

    of = (PathChange,)

    at: Annotated[datetime, Shown(msg("When"))]
    change: Annotated[str, Shown(msg("What"), CHANGE_LABELS)]
    reason: Annotated[str | None, Shown(msg("Reason"), REOPEN_LABELS)]


class HeldPath(Held):
    """A guidance path."""

    of = (GuidancePath,)

    centre: Annotated[str, Shown(msg("Centre"))]
    area: Annotated[str | None, Shown(msg("Need"), "Area")]
    method: Annotated[str, Shown(msg("Kind"), _METHODS)]
    opened_at: Annotated[datetime, Shown(msg("Begun on"))]
    finalising_due_at: Annotated[datetime | None, Shown(msg("Final interview possible since"))]
    closed_at: Annotated[datetime | None, Shown(msg("Ended on"))]
    closed_because: Annotated[str | None, Shown(msg("Why it ended"), OUTCOME_LABELS)]
    changes: Annotated[list[HeldPathChange], Shown(msg("History of the path"))]


class HeldOutcome(Held):
    """What came of an interview."""

    topics: Annotated[list[str], Shown(msg("Information given"), "InformationTopic")]
    next_step: Annotated[str, Shown(msg("Next step"), "NextStep")]
    guidance_stated: Annotated[bool, Shown(msg("Guidance offer stated"))]
    guidance_offered: Annotated[bool, Shown(msg("Guidance offered"))]
    guidance_taken: Annotated[bool, Shown(msg("Guidance accepted"))]
    referral_wanted: Annotated[bool, Shown(msg("Referral to a provider"))]


class HeldInterview(Held):
    """An interview: booked, held, missed or cancelled."""

    of = (Interview,)

    kind: Annotated[str, Shown(msg("Kind"), KINDS)]
    method: Annotated[str | None, Shown(msg("Path"), _METHODS)]
    number: Annotated[int | None, Shown(msg("Number in the path"))]
    centre: Annotated[str, Shown(msg("Centre"))]
    area: Annotated[str | None, Shown(msg("Need"), "Area")]
    room: Annotated[str | None, Shown(msg("Room"))]
    mode: Annotated[str, Shown(msg("How"), "AppointmentMode")]
    interpreter_language: Annotated[str | None, Shown(msg("Interpreter"), "Language")]
    starts_at: Annotated[datetime, Shown(msg("When"))]
    minutes: Annotated[int, Shown(msg("Length in minutes"))]
    booked_for: Annotated[datetime | None, Shown(msg("Held earlier than booked for"))]
    status: Annotated[str, Shown(msg("Status"), "AppointmentStatus")]
    arrived_at: Annotated[datetime | None, Shown(msg("Arrived on"))]
    started_at: Annotated[datetime | None, Shown(msg("Begun on"))]
    ended_at: Annotated[datetime | None, Shown(msg("Ended on"))]
    closed_by: Annotated[str | None, Shown(msg("Ended by"), {END_OF_DAY: msg("the end of the day, not by a person")})]
    cancelled_at: Annotated[datetime | None, Shown(msg("Cancelled on"))]
    cancelled_by: Annotated[str | None, Shown(msg("Cancelled by"), dict(SIDES))]
    reason: Annotated[str | None, Shown(msg("Reason"), _REASONS)]
    moved_by: Annotated[str | None, Shown(msg("Moved by"), dict(SIDES))]
    outcome: Annotated[list[HeldOutcome], Shown(msg("Outcome"))]
    earlier: Annotated[list[HeldEarlierWish], Shown(msg("Earlier time wished for"))]


class HeldAttendance(Held):
    """Whether the person attended one session of a workshop."""

    of = (Attendance,)

    starts_at: Annotated[datetime, Shown(msg("When"))]
    attended: Annotated[bool, Shown(msg("Present"))]
    recorded_at: Annotated[datetime, Shown(msg("Noted on"))]


class HeldArrival(Held):
    """That the person arrived at the centre for a session of a workshop."""

    of = (SessionArrival,)

    arrived_at: Annotated[datetime, Shown(msg("Arrived on"))]


class HeldSeat(Held):
    """A place in a workshop, or on its waiting list."""

    of = (Seat,)

    workshop: Annotated[str, Shown(msg("Workshop"))]
    centre: Annotated[str, Shown(msg("Centre"))]
    first_at: Annotated[datetime, Shown(msg("Beginning of the workshop"))]
    last_at: Annotated[datetime, Shown(msg("End of the workshop"))]
    status: Annotated[str, Shown(msg("Status"), SEATS)]
    place: Annotated[int, Shown(msg("Order of the sign-ups"))]
    asked_at: Annotated[datetime, Shown(msg("Signed up on"))]
    offered_at: Annotated[datetime | None, Shown(msg("Place offered on"))]
    offer_until: Annotated[datetime | None, Shown(msg("To answer until"))]
    taken_at: Annotated[datetime | None, Shown(msg("Place received on"))]
    released_at: Annotated[datetime | None, Shown(msg("Cancelled on"))]
    cancelled_by: Annotated[str | None, Shown(msg("Cancelled by"), dict(SIDES))]
    reason: Annotated[str | None, Shown(msg("Reason"), _REASONS)]
    arrivals: Annotated[list[HeldArrival], Shown(msg("Arrivals"))]
    attendance: Annotated[list[HeldAttendance], Shown(msg("Attendance"))]


class HeldCalendar(Held):
    """That a calendar program of the person may read their appointments."""

    of = (VisitorFeed,)

    made_at: Annotated[datetime, Shown(msg("Since"))]
    language: Annotated[str, Shown(msg("Language"))]


class HeldBookings(Held):
    """All that scheduling holds about a person. `centre` null: it knows them from imported paths alone."""

    of = (KnownPerson,)

    centre: Annotated[str | None, Shown(msg("Centre"))] = None
    purposes: Annotated[list[str] | None, Shown(msg("Consent to"), PURPOSE_TITLES)] = None
    registered_at: Annotated[datetime | None, Shown(msg("Registered on"))] = None
    paths: Annotated[list[HeldPath], Shown(msg("Guidance paths"))]
    interviews: Annotated[list[HeldInterview], Shown(msg("Interviews"))]
    seats: Annotated[list[HeldSeat], Shown(msg("Workshops"))]
    visits: Annotated[list[HeldVisit], Shown(msg("Visits in the queue"))]
    calendars: Annotated[list[HeldCalendar], Shown(msg("Calendar links"))]


async def read_personal_data(session: AsyncSession, subject_ref: UUID) -> HeldBookings | None:
    """All that scheduling holds about this person."""
    person = await session.get(KnownPerson, subject_ref)
    person = person if person is not None and person.erased_at is None else None
    names = await centre_names(session, Centre)
    paths = await rows_where(
        session, GuidancePath, col(GuidancePath.subject_ref) == subject_ref, GuidancePath.opened_at, GuidancePath.id
    )
    interviews = await rows_where(
        session, Interview, col(Interview.subject_ref) == subject_ref, Interview.starts_at, Interview.id
    )
    seats = await rows_where(session, Seat, col(Seat.subject_ref) == subject_ref, Seat.asked_at, Seat.id)
    visits = await rows_where(
        session, Waiting, col(Waiting.subject_ref) == subject_ref, Waiting.checked_in_at, Waiting.id
    )
    calendars = await rows_where(session, VisitorFeed, col(VisitorFeed.subject_ref) == subject_ref)
    if person is None and not (paths or interviews or seats or visits):
        return None
    return HeldBookings.of_row(
        person,
        **({"centre": names.get(person.centre, person.centre)} if person is not None else {}),
        paths=await _paths(session, paths, names),
        interviews=await _interviews(session, interviews, names),
        seats=await _seats(session, seats, names),
        visits=[HeldVisit.of_row(one, centre=names.get(one.centre, one.centre)) for one in visits],
        calendars=[HeldCalendar.of_row(one) for one in calendars],
    )


async def _paths(session: AsyncSession, paths: Sequence[GuidancePath], names: dict[str, str]) -> list[HeldPath]:
    changes = await path_history(session, [path.id for path in paths])
    return [
        HeldPath.of_row(
            path,
            centre=names.get(path.centre, path.centre),
            changes=[HeldPathChange.of_row(one) for one in changes if one.path_id == path.id],
        )
        for path in paths
    ]


async def _interviews(
    session: AsyncSession, interviews: Sequence[Interview], names: dict[str, str]
) -> list[HeldInterview]:
    rooms = {centre: await room_names(session, centre) for centre in {one.centre for one in interviews if one.room}}
    earlier = await earlier_of(session, [one.id for one in interviews])
    return [
        HeldInterview.of_row(
            one,
            centre=names.get(one.centre, one.centre),
            room=rooms[one.centre][one.room] if one.room else None,
            outcome=[HeldOutcome.model_validate(one.result.model_dump())] if one.result else [],
            earlier=earlier[one.id],
        )
        for one in interviews
    ]


async def _seats(session: AsyncSession, seats: Sequence[Seat], names: dict[str, str]) -> list[HeldSeat]:
    wanted = {seat.workshop_id for seat in seats}
    workshops = {one.id: one for one in await rows_where(session, Workshop, col(Workshop.id).in_(wanted))}
    attended = sa.select(Attendance, Session).join(Session, col(Session.id) == col(Attendance.session_id))
    rows = await session.execute(
        attended.where(col(Attendance.seat_id).in_([seat.id for seat in seats])).order_by(col(Session.starts_at))
    )
    arrivals = await rows_where(
        session,
        SessionArrival,
        col(SessionArrival.seat_id).in_([seat.id for seat in seats]),
        SessionArrival.arrived_at,
        SessionArrival.session_id,
    )
    by_seat: dict[UUID, list[HeldAttendance]] = {seat.id: [] for seat in seats}
    for attendance, meeting in rows:
        by_seat[attendance.seat_id].append(HeldAttendance.of_row(attendance, starts_at=meeting.starts_at))
    return [
        HeldSeat.of_row(
            seat,
            workshop=workshops[seat.workshop_id].title,
            centre=names.get(workshops[seat.workshop_id].centre, workshops[seat.workshop_id].centre),
            first_at=workshops[seat.workshop_id].first_at,
            last_at=workshops[seat.workshop_id].last_at,
            arrivals=[HeldArrival.of_row(one) for one in arrivals if one.seat_id == seat.id],
            attendance=by_seat[seat.id],
        )
        for seat in seats
    ]


PERSONAL_DATA = PersonalData(HeldBookings, read_personal_data, Export, Alias)
