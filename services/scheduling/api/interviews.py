"""Interviews and paths."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from pydantic import BaseModel, Field

from services.chassis.copies.centres import known_centre
from services.chassis.identity.ownership import own
from services.chassis.refusals import msg
from services.chassis.web import Body, Reading, Router, Running, Working, cause_of
from services.contracts.appointments import AppointmentMode
from services.contracts.arrivals import Language
from services.contracts.envelope import StaffCode
from services.contracts.outcomes import InterviewOutcome
from services.contracts.scheduling import AppointmentStatus, InterviewKind, Method, Side
from services.contracts.text import Key
from services.contracts.values import Day, Moment, Whole, YesNo
from services.scheduling.actions import arrivals, guidance, information, no_shows
from services.scheduling.actions.availability import Meant
from services.scheduling.actions.next_times import Wanted, booking
from services.scheduling.api.roles import PREFIX, CentreCode, Change, Counsellor
from services.scheduling.claims import required_staff_code
from services.scheduling.domain import times
from services.scheduling.domain.arrangement import Arrangement
from services.scheduling.domain.rules import CancelReason
from services.scheduling.settings import horizon_of, reflection_of
from services.scheduling.store import Centre, GuidancePath, Interview, Waiting
from services.scheduling.store.interviews import agenda

router = Router(PREFIX, tags=["interviews"])
_INTERPRETER = "The language of an interpreter, by its code of ISO 639. Kept until the interview is held or cancelled."


class Start(Body):
    """The visitor of an information interview; its counsellor is the caller."""

    visit_id: UUID


class Booking(Body):
    """A guidance interview of 60 or 120 minutes on a path."""

    path_id: UUID
    counsellor: StaffCode | None = None
    room: StaffCode | None = Field(None, description="The code of a room from the list of the centre.")
    mode: AppointmentMode = AppointmentMode.IN_PERSON
    interpreter_language: Language | None = Field(None, description=_INTERPRETER)
    starts_at: Moment
    minutes: Annotated[int, Whole()]
    outside_working_hours: YesNo = Field(False, description="Also outside the working hours of the counsellor.")
    while_busy: YesNo = Field(False, description="Also while another calendar of the counsellor is busy.")
    sooner: YesNo = Field(False, description="Also within the time for reflection after another interview of the path.")


class Move(Change):
    """Another time, counsellor, room or mode. Omitted fields stay unchanged."""

    counsellor: StaffCode | None = None
    room: StaffCode | None = Field(None, description="The code of a room from the list of the centre.")
    mode: AppointmentMode | None = None
    interpreter_language: Language | None = Field(None, description=_INTERPRETER)
    starts_at: Moment | None = None
    minutes: Annotated[int, Whole()] | None = None
    outside_working_hours: YesNo = Field(False, description="Also outside the working hours of the counsellor.")
    while_busy: YesNo = Field(False, description="Also while another calendar of the counsellor is busy.")


class Cancellation(Change):
    """Which side cancels, and why."""

    cancelled_by: Side
    reason: CancelReason


class InterviewOut(BaseModel):
    """An interview."""

    id: UUID
    version: int
    kind: InterviewKind
    centre: str
    area: str | None
    counsellor: str
    room: str | None
    mode: AppointmentMode
    interpreter_language: str | None
    starts_at: datetime
    minutes: int
    status: AppointmentStatus
    arrived_at: datetime | None = Field(description="When the visitor of the appointment arrived at the centre.")
    started_at: datetime | None
    ended_at: datetime | None
    cancelled_by: Side | None
    closed_by: str | None
    reason: str | None
    visit_id: UUID | None
    path_id: UUID | None
    method: Method | None
    number: int | None
    subject_ref: UUID | None
    outcome: InterviewOutcome | None = Field(description="Null: not stated, or not held.")

    @classmethod
    def of(cls, interview: Interview) -> "InterviewOut":
        """The response for an interview."""
        return cls.model_validate(interview, from_attributes=True)


@router.post("/interviews/information", status_code=201)
async def start_information(body: Start, work: Working, person: Counsellor) -> InterviewOut:
    """Start an information interview with a visitor in the room. Repeating it returns the same interview."""
    own(await work.find(Waiting, body.visit_id), person, msg("visit of a person who is here"))
    return InterviewOut.of(await information.start(work, body.visit_id, required_staff_code(person)))


@router.post("/interviews", status_code=201)
async def book_interview(body: Booking, request: Request, running: Running, person: Counsellor) -> InterviewOut:
    """Book a guidance interview. Without `counsellor`: with the caller.

    If the time is taken, `next_free` names the next three free times: first of the same counsellor, then of others.
    """
    async with booking(running, cause_of(request), horizon_of(running)) as made:
        path = own(await made.work.find(GuidancePath, body.path_id), person, msg("path"))
        counsellor = body.counsellor or required_staff_code(person)
        reflection = timedelta() if body.sooner else reflection_of(running)
        made.wanted = Wanted(
            path.centre,
            counsellor,
            body.room,
            body.starts_at,
            body.minutes,
            path.subject_ref,
            path.id,
            reflection,
        )
        interview = await guidance.book(
            made.work,
            body.path_id,
            counsellor=counsellor,
            room=body.room,
            starts_at=body.starts_at,
            minutes=body.minutes,
            arrangement=Arrangement(body.mode, body.interpreter_language),
            horizon=horizon_of(running),
            meant=Meant(body.outside_working_hours, body.while_busy),
            reflection=reflection,
        )
        return InterviewOut.of(interview)


@router.get("/interviews")
async def list_interviews(
    read: Reading,
    person: Counsellor,
    centre: CentreCode,
    date: Day,
    counsellor: Key | None = None,
    after: Annotated[UUID | None, Query(description="The last interview of the previous page.")] = None,
    limit: Annotated[int, Whole(1, 200)] = 200,
) -> list[InterviewOut]:
    """A centre's interviews of a local day, in order."""
    centre_copy = await known_centre(read, Centre, person.at(centre))
    start, end = times.local_day(date, centre_copy.zone)
    rows = await agenda(read, centre, start, end, counsellor=counsellor, after=after, limit=limit)
    return [InterviewOut.of(row) for row in rows]


@router.get("/interviews/{id}")
async def get_interview(id: UUID, read: Reading, person: Counsellor) -> InterviewOut:
    """One interview."""
    return InterviewOut.of(own(await read.get(Interview, id), person, msg("interview")))


@router.post("/interviews/{id}/move")
async def move_interview(id: UUID, body: Move, request: Request, running: Running, person: Counsellor) -> InterviewOut:
    """Move a booked interview. If the time is taken, `next_free` names free times, as of a booking."""
    async with booking(running, cause_of(request), horizon_of(running)) as made:
        interview = own(await guidance.interview_of(made.work, id), person, msg("interview"))
        counsellor = body.counsellor or interview.counsellor
        room = body.room if "room" in body.model_fields_set else interview.room
        starts_at = body.starts_at or interview.starts_at
        minutes = interview.minutes if body.minutes is None else body.minutes
        made.wanted = Wanted(
            interview.centre,
            counsellor,
            room,
            starts_at,
            minutes,
            interview.subject_ref,
            interview.path_id,
            reflection_of(running),
            id,
        )
        await guidance.move(
            made.work,
            interview,
            counsellor=counsellor,
            room=room,
            starts_at=starts_at,
            minutes=minutes,
            arrangement=_arrangement(body, interview.arrangement),
            version=body.version,
            horizon=horizon_of(running),
            meant=Meant(body.outside_working_hours, body.while_busy),
        )
        return InterviewOut.of(interview)


def _arrangement(body: Move, before: Arrangement) -> Arrangement:
    given = body.model_fields_set
    language = body.interpreter_language if "interpreter_language" in given else before.interpreter_language
    return Arrangement(body.mode or before.mode, language)


@router.post("/interviews/{id}/cancel")
async def cancel_interview(id: UUID, body: Cancellation, work: Working, person: Counsellor) -> InterviewOut:
    """Cancel an interview. An information interview is undone: while it runs, or until 10 minutes after its end."""
    interview = own(await guidance.interview_of(work, id), person, msg("interview"))
    if interview.kind == InterviewKind.INFORMATION:
        await information.undo(work, interview, body.version)
    else:
        await guidance.cancel(work, interview, by=body.cancelled_by, reason=body.reason.value, version=body.version)
    return InterviewOut.of(interview)


@router.post("/interviews/{id}/start")
async def start_interview(id: UUID, body: Change, work: Working, person: Counsellor) -> InterviewOut:
    """Start a booked interview with its visitor, who has arrived. Repeating it changes nothing."""
    interview = own(await guidance.interview_of(work, id), person, msg("interview"))
    await arrivals.receive(work, interview, body.version)
    return InterviewOut.of(interview)


@router.post("/interviews/{id}/undo-start")
async def undo_start(id: UUID, body: Change, work: Working, person: Counsellor) -> InterviewOut:
    """The booked interview was started by mistake: it stays booked, and its visitor is back in the queue."""
    interview = own(await guidance.interview_of(work, id), person, msg("interview"))
    await arrivals.undo_start(work, interview, body.version)
    return InterviewOut.of(interview)


@router.post("/interviews/{id}/missed")
async def miss_interview(id: UUID, body: Change, work: Working, person: Counsellor) -> InterviewOut:
    """Record a no-show."""
    interview = own(await guidance.interview_of(work, id), person, msg("interview"))
    await no_shows.miss(work, interview, body.version)
    return InterviewOut.of(interview)


@router.post("/interviews/{id}/undo-missed")
async def undo_missed_interview(id: UUID, body: Change, work: Working, person: Counsellor) -> InterviewOut:
    """A no-show was recorded by mistake: the interview is booked again. Until 7 days after its start."""
    interview = own(await guidance.interview_of(work, id), person, msg("interview"))
    await no_shows.undo_miss(work, interview, body.version)
    return InterviewOut.of(interview)
